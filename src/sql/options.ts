// Leading `SET name = literal;` statements, which Druid 34 and newer take as context.
import { type SetOption } from '../plan/facts.ts'
import { type Token, upperCase } from './lexer.ts'
import { NotUnderstood } from './view.ts'

const JSON_NUMBER = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const WORDS: Readonly<Record<string, string>> = { TRUE: 'true', FALSE: 'false', NULL: 'null' }

/** The options of leading SETs, each with its `;`, in order. Throws NotUnderstood for anything but a plain literal. */
export function setOptions(tokens: readonly Token[]): readonly SetOption[] {
  const options: SetOption[] = []
  let at = 0
  while (at < tokens.length) {
    const name = tokens[at + 1]
    const named = name?.kind === 'identifier' || name?.kind === 'quoted'
    const minus = tokens[at + 3]?.text === '-' ? 1 : 0
    const literal = literalOf(tokens[at + 3 + minus], minus === 1)
    const ends = tokens[at + 4 + minus]?.text === ';' && tokens[at + 2]?.text === '='
    if (!named || !ends || literal === undefined) throw new NotUnderstood('set')
    options.push({ name: name.value, literal })
    at += 5 + minus
  }
  return options
}

function literalOf(token: Token | undefined, negative: boolean): string | undefined {
  if (token?.kind === 'number' && JSON_NUMBER.test(token.text)) return `${negative ? '-' : ''}${token.text}`
  if (negative) return undefined
  if (token?.kind === 'string') return JSON.stringify(token.value)
  return token?.kind === 'identifier' ? WORDS[upperCase(token.text)] : undefined
}
