// What the readers of expressions share: names of calls, literals behind markers, whether something is `__time`.
import { type TokenRange } from './clauses.ts'
import { upperCase } from './lexer.ts'
import { pathAt } from './names.ts'
import { type Expression } from './tree.ts'
import { type View } from './view.ts'

export type Call = Extract<Expression, { kind: 'call' }>

/** The column that every datasource has. */
export const TIME = '__time'

export interface Reader {
  readonly view: View
  /** `sqlTimeZone` in force. */
  readonly zone: string
}

/** The upper-case name of a call; of what only normalising made a call, the name that it gave. */
export function callName(it: Call, reader: Reader): string {
  return it.at < 0 ? it.name : upperCase(reader.view.tokens[it.at]?.value ?? '')
}

/** The text of a string literal; undefined for anything else. */
export function stringOf(it: Expression | undefined, reader: Reader): string | undefined {
  const token = it?.kind === 'literal' ? reader.view.tokens[it.at] : undefined
  return token?.kind === 'string' ? token.value : undefined
}

/** Types to which a whole number can be cast and stays what it is. */
export const INTEGERS: ReadonlySet<string> = new Set(['INTEGER', 'BIGINT'])

/** A whole number that can be held exactly: a literal, behind a minus, cast to what it is, or a product of such. */
export function integerOf(it: Expression | undefined, reader: Reader): number | undefined {
  if (it?.kind === 'operator' && it.operator === '-' && it.parts.length === 1) {
    const positive = integerOf(it.parts[0], reader)
    return positive === undefined ? undefined : -positive
  }
  if (it?.kind === 'operator' && it.operator === '*' && it.parts.length === 2) {
    const product = it.parts.reduce((sum, part) => sum * (integerOf(part, reader) ?? Number.NaN), 1)
    return Number.isSafeInteger(product) ? product : undefined
  }
  const cast = it === undefined ? undefined : castOf(it, reader)
  if (cast !== undefined) return INTEGERS.has(cast.type) ? integerOf(cast.of, reader) : undefined
  const token = it?.kind === 'literal' ? reader.view.tokens[it.at] : undefined
  if (token?.kind !== 'number' || !/^\d{1,15}$/.test(token.text)) return undefined
  return Number(token.text)
}

/** The index among all `?` of the text; undefined for what isn't one. */
export function parameterOf(it: Expression | undefined, reader: Reader): number | undefined {
  if (it?.kind !== 'literal' || reader.view.kind(it.at) !== 'parameter') return undefined
  return parameterIndex(reader.view, it.at)
}

/** The index among all `?` of the text of the one at a token. */
export function parameterIndex(view: View, at: number): number {
  let index = 0
  for (let before = 0; before < at; before += 1) if (view.kind(before) === 'parameter') index += 1
  return index
}

/** The indexes of the `?` in ranges of tokens. */
export function parametersIn(ranges: readonly TokenRange[], view: View): readonly number[] {
  return ranges.flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, index) => start + index)
      .filter((at) => view.kind(at) === 'parameter')
      .map((at) => parameterIndex(view, at)),
  )
}

/** The type of `CAST(x AS type)` where it is one word, and what is cast. */
export function castOf(
  it: Expression,
  reader: Reader,
): { readonly type: string; readonly of: Expression } | undefined {
  if (it.kind !== 'call' || callName(it, reader) !== 'CAST' || it.parts.length !== 2) return undefined
  const [of, marker] = it.parts
  if (of === undefined || marker?.kind !== 'marker' || !marker.text.startsWith('#type')) return undefined
  const at = Number(marker.text.slice('#type'.length))
  return reader.view.word(at + 1) === ')' ? { type: reader.view.word(at), of } : undefined
}

/** The unit behind TO: `FLOOR(x TO DAY)`. */
export function unitBehind(it: Expression | undefined, reader: Reader): string | undefined {
  if (it?.kind !== 'marker' || !it.text.startsWith('#unit')) return undefined
  return reader.view.word(Number(it.text.slice('#unit'.length)))
}

/** `__time` itself, under whatever table's name, or cast to what it is. */
export function isTime(it: Expression | undefined, reader: Reader): boolean {
  if (it?.kind === 'name') return pathAt(reader.view.tokens, it.at).at(-1) === TIME
  const cast = it === undefined ? undefined : castOf(it, reader)
  return cast?.type === 'TIMESTAMP' && isTime(cast.of, reader)
}

/** Whether `__time` occurs anywhere in an expression, a query inside it included. */
export function mentionsTime(it: Expression, reader: Reader): boolean {
  if (it.kind === 'name') return pathAt(reader.view.tokens, it.at).includes(TIME)
  if (it.kind === 'query') return true
  return 'parts' in it && it.parts.some((part) => mentionsTime(part, reader))
}
