// Tokens with what is asked of them again and again: upper-case words and pairs of brackets.
import { type Token, upperCase } from './lexer.ts'

/** Thrown inside this folder where a text holds what isn't understood; `analyse` turns it into an unknown. */
export class NotUnderstood extends Error {}

const PAIR: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

export class View {
  readonly tokens: readonly Token[]
  /** Upper-case bare words and operators by token number; quoted names and literals have none. */
  readonly words: readonly (string | undefined)[]
  readonly #closing: Int32Array

  /** Throws NotUnderstood where brackets don't pair. */
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
    this.words = tokens.map(({ kind, text }) => {
      if (kind === 'identifier') return upperCase(text)
      return kind === 'operator' ? text : undefined
    })
    this.#closing = bracketsOf(this.words)
  }

  /** The bare word or operator at a token, '' for anything else and beyond the end. */
  word(at: number): string {
    return this.words[at] ?? ''
  }

  kind(at: number): Token['kind'] | undefined {
    return this.tokens[at]?.kind
  }

  isName(at: number): boolean {
    const kind = this.kind(at)
    return kind === 'quoted' || kind === 'identifier'
  }

  isCount(at: number): boolean {
    const kind = this.kind(at)
    return kind === 'number' || kind === 'parameter'
  }

  opens(at: number): boolean {
    return (this.#closing[at] ?? -1) >= 0
  }

  /** The number of the bracket that closes the one at a token. Throws NotUnderstood where there is none. */
  close(at: number): number {
    const close = this.#closing[at] ?? -1
    if (close < 0) throw new NotUnderstood('bracket')
    return close
  }

  /** The first token from `from` on, outside of brackets that open there, which is one of the words; else `to`. */
  find(words: ReadonlySet<string>, from: number, to: number): number {
    let at = from
    while (at < to && !words.has(this.word(at))) at = this.opens(at) ? this.close(at) + 1 : at + 1
    return Math.min(at, to)
  }
}

/** The number of the closing bracket for each opening one, else -1. */
function bracketsOf(words: readonly (string | undefined)[]): Int32Array {
  const closing = new Int32Array(words.length).fill(-1)
  const open: number[] = []
  for (const [at, word] of words.entries()) {
    if (word === '(' || word === '[' || word === '{') open.push(at)
    if (word !== ')' && word !== ']' && word !== '}') continue
    const start = open.pop()
    if (start === undefined || PAIR[words[start] ?? ''] !== word) throw new NotUnderstood('brackets')
    closing[start] = at
  }
  if (open.length > 0) throw new NotUnderstood('brackets')
  return closing
}
