// A statement's text without what means nothing: white space, comments, the case of keywords and of functions' names.
import { type Token, upperCase } from './lexer.ts'
import { type View } from './view.ts'
import { CASELESS, NOW_WORDS, RESERVED } from './words.ts'

export interface Spelling {
  readonly canonical: string
  readonly form: string
}

/** Functions whose literals say what is read; they stay in the form. */
const READS = new Set(['LOOKUP', 'APPEND', 'EXTERN', 'TABLE'])

/**
 * The tokens `start` to `end` with a blank between any two. That gives no two lists of tokens the same text, because the
 * text reads back as that list. In `form`, `#s` and `#n` stand for literals: no token can begin with `#`.
 */
export function spell(view: View, range: { start: number; end: number }, folded: Folded): Spelling {
  const canonical: string[] = []
  const form: string[] = []
  const kept = literalsToKeep(view)
  for (let at = range.start; at < range.end; at += 1) {
    const token = view.tokens[at]
    if (token === undefined) break
    const text = isFolded(token, at, folded) ? upperCase(token.text) : token.text
    canonical.push(text)
    form.push(formOf(token, kept.has(at)) ?? text)
  }
  return { canonical: canonical.join(' '), form: form.join(' ') }
}

/**
 * The tokens of `range` but for those in `cut`, each of which leaves one mark: what the statement asks whatever its
 * window. Names are written in quotes, so that those of the client make no difference.
 */
export function spellShape(
  view: View,
  given: { readonly range: Range; readonly normalised: Folded; readonly cut: readonly Range[] },
): string {
  const parts: string[] = []
  for (let at = given.range.start; at < given.range.end; at += 1) {
    const cut = given.cut.find(({ start, end }) => at >= start && at < end)
    if (cut !== undefined) {
      parts.push('#')
      at = cut.end - 1
      continue
    }
    const token = view.tokens[at]
    if (token === undefined) break
    parts.push(spelled(token, at, given.normalised))
  }
  return parts.join(' ')
}

function spelled(token: Token, at: number, folded: Folded): string {
  if (isFolded(token, at, folded)) return upperCase(token.text)
  // What is refused without quotes must not find the shape of what is taken with them.
  const isBare = token.kind === 'identifier' && !RESERVED.has(upperCase(token.text))
  return isBare || token.kind === 'quoted' ? `"${token.value.replaceAll('"', '""')}"` : token.text
}

interface Range {
  readonly start: number
  readonly end: number
}

/** Numbers of the tokens whose case means nothing, as far as normalising found out. */
export interface Folded {
  readonly functions: ReadonlySet<number>
  readonly keywords: ReadonlySet<number>
}

function isFolded(token: Token, at: number, { functions, keywords }: Folded): boolean {
  if (token.kind !== 'identifier') return false
  const word = upperCase(token.text)
  // `SELECT current_date` names its column as it is written (33.0.0), though Calcite reserves the word.
  if (NOW_WORDS.has(word)) return false
  return functions.has(at) || keywords.has(at) || CASELESS.has(word)
}

function formOf(token: Token, kept: boolean): string | undefined {
  if (kept) return undefined
  if (token.kind === 'string') return '#s'
  return token.kind === 'number' ? '#n' : undefined
}

function literalsToKeep(view: View): ReadonlySet<number> {
  const kept = new Set<number>()
  for (const [at, { value }] of view.tokens.entries()) {
    if (!view.isName(at) || !view.opens(at + 1) || !READS.has(upperCase(value))) continue
    const close = view.close(at + 1)
    for (let inner = at + 2; inner < close; inner += 1) kept.add(inner)
  }
  return kept
}
