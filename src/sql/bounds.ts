// Bounds on `__time` that are literals alone.
import { type Interval, type LiteralBounds } from '../plan/facts.ts'
import { instantMs, isoInterval, OPEN_END_MS, OPEN_START_MS } from './instants.ts'
import { type Token } from './lexer.ts'
import { pathAt } from './names.ts'
import { type Expression, type QueryTree, restOf, type SelectTree, visit } from './tree.ts'

const TIME = '__time'
const REVERSED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' }
const ANY_SEPARATOR = { separators: 'T ', zulu: true }
const BLANK = { separators: ' ', zulu: false }
const DATE_ONLY = { separators: '', zulu: false }

/** An interval that one condition sets, and how it is written. */
interface Bound extends Interval {
  readonly form: string
}

/** A literal instant and the form of its text. */
interface Instant {
  readonly ms: number
  readonly form: string
}

/**
 * The interval that the WHERE of a query over one table sets by top-level conditions on `__time`, ms-exact as Druid folds
 * them (druid-observed §3: `>` and `<=` add 1 ms). `undefined` when there is none, when `__time` is used in any other way,
 * or when the query isn't that simple. Literals are read as UTC.
 */
export function literalBounds(tree: QueryTree, tokens: readonly Token[]): LiteralBounds | undefined {
  const chain = chainOf(tree, tokens)
  const conditions =
    chain === undefined || countSelects(tree) !== chain.length ? [] : chain.flatMap(conditionsOf)
  const about = conditions.filter((condition) => mentionsTime(condition, tokens))
  const bounds: Bound[] = []
  for (const condition of about) {
    const bound = boundOf(condition, tokens)
    if (bound === undefined) return undefined
    bounds.push(bound)
  }
  const startMs = Math.max(...bounds.map((bound) => bound.startMs))
  const endMs = Math.min(...bounds.map((bound) => bound.endMs))
  if (bounds.length === 0 || startMs >= endMs) return undefined
  return { intervals: [{ startMs, endMs }], form: bounds.map(({ form }) => form).join(' & ') }
}

/** A query over one table, and the plain selections it is written over: outermost first. */
function chainOf(tree: QueryTree, tokens: readonly Token[]): readonly SelectTree[] | undefined {
  const [select] = tree.selects
  const [source] = select?.sources ?? []
  if (tree.withs.length > 0 || tree.selects.length !== 1 || select?.sources.length !== 1) return undefined
  if (source?.kind === 'table') return [select]
  if (source?.kind !== 'query') return undefined
  const [inner] = source.query.selects
  if (inner === undefined || !isPlainSelection(inner, tokens)) return undefined
  const below = chainOf(source.query, tokens)
  return below === undefined ? undefined : [select, ...below]
}

// A query anywhere else (in the select list, in HAVING) may read the table without these bounds.
function countSelects(tree: QueryTree): number {
  let count = 0
  visit(tree, { select: () => (count += 1) })
  return count
}

function conditionsOf({ where }: SelectTree): readonly Expression[] {
  return where === undefined ? [] : conjuncts(where)
}

/** `SELECT *` or columns under their own names, of every row: `__time` outside is `__time` inside. */
function isPlainSelection(select: SelectTree, tokens: readonly Token[]): boolean {
  const { columns, distinct, limited } = select
  const own = columns.every(({ value, alias }) => {
    if (value.kind === 'star') return true
    if (value.kind !== 'name') return false
    return alias === undefined || tokens[alias]?.value === pathAt(tokens, value.at).at(-1)
  })
  return own && restOf(select).length === 0 && !distinct && !limited
}

function conjuncts(it: Expression): readonly Expression[] {
  return it.kind === 'operator' && it.operator === 'AND' ? it.parts.flatMap(conjuncts) : [it]
}

function mentionsTime(it: Expression, tokens: readonly Token[]): boolean {
  if (it.kind === 'name') return pathAt(tokens, it.at).includes(TIME)
  return 'parts' in it && it.parts.some((part) => mentionsTime(part, tokens))
}

function isTime(it: Expression | undefined, tokens: readonly Token[]): boolean {
  if (it?.kind === 'name') return pathAt(tokens, it.at).at(-1) === TIME
  return it?.kind === 'call' && isCastTo('TIMESTAMP', it, tokens) && isTime(it.parts[0], tokens)
}

function isCastTo(type: string, it: Call, tokens: readonly Token[]): boolean {
  const [, marker] = it.parts
  if (nameOf(it, tokens) !== 'CAST' || marker?.kind !== 'marker' || !marker.text.startsWith('#type'))
    return false
  const at = Number(marker.text.slice('#type'.length))
  return tokens[at]?.text.toUpperCase() === type && tokens[at + 1]?.text === ')'
}

type Call = Extract<Expression, { kind: 'call' }>

function nameOf(it: Call, tokens: readonly Token[]): string {
  return it.at < 0 ? it.name : (tokens[it.at]?.value.toUpperCase() ?? '')
}

function boundOf(it: Expression, tokens: readonly Token[]): Bound | undefined {
  const bound = readBound(it, tokens)
  const isCast = 'parts' in it && it.parts.some((part) => part.kind === 'call' && isTime(part, tokens))
  return bound === undefined || !isCast ? bound : { ...bound, form: `cast of time ${bound.form}` }
}

function readBound(it: Expression, tokens: readonly Token[]): Bound | undefined {
  if (it.kind === 'call')
    return nameOf(it, tokens) === 'TIME_IN_INTERVAL' ? inInterval(it, tokens) : undefined
  if (it.kind !== 'operator') return undefined
  const [left, right, third] = it.parts
  if (it.operator === 'BETWEEN') {
    const start = isTime(left, tokens) ? instantOf(right, tokens) : undefined
    const end = instantOf(third, tokens)
    if (start === undefined || end === undefined) return undefined
    return { startMs: start.ms, endMs: end.ms + 1, form: `BETWEEN ${start.form} AND ${end.form}` }
  }
  const reversed = REVERSED[it.operator]
  if (reversed === undefined || it.parts.length !== 2) return undefined
  if (isTime(left, tokens)) return compared(it.operator, instantOf(right, tokens), it.operator)
  return isTime(right, tokens)
    ? compared(reversed, instantOf(left, tokens), `reversed ${reversed}`)
    : undefined
}

function compared(operator: string, instant: Instant | undefined, label: string): Bound | undefined {
  if (instant === undefined) return undefined
  const { ms } = instant
  const form = `${label} ${instant.form}`
  switch (operator) {
    case '>=':
      return { startMs: ms, endMs: OPEN_END_MS, form }
    case '>':
      return { startMs: ms + 1, endMs: OPEN_END_MS, form }
    case '<':
      return { startMs: OPEN_START_MS, endMs: ms, form }
    case '<=':
      return { startMs: OPEN_START_MS, endMs: ms + 1, form }
    default:
      return { startMs: ms, endMs: ms + 1, form }
  }
}

function inInterval(it: Call, tokens: readonly Token[]): Bound | undefined {
  const [column, literal] = it.parts
  const token = literal?.kind === 'literal' ? tokens[literal.at] : undefined
  if (!isTime(column, tokens) || token?.kind !== 'string' || it.parts.length !== 2) return undefined
  const interval = isoInterval(token.value)
  return interval === undefined ? undefined : { ...interval, form: `IN ${formOf(token.value)}` }
}

function instantOf(it: Expression | undefined, tokens: readonly Token[]): Instant | undefined {
  if (it?.kind === 'literal') return textInstant('string', tokens[it.at], ANY_SEPARATOR)
  if (it?.kind !== 'call') return undefined
  const [first, ...more] = it.parts
  const name = nameOf(it, tokens)
  if (name === 'MILLIS_TO_TIMESTAMP') return more.length === 0 ? millis(first, tokens) : undefined
  const token = first?.kind === 'literal' ? tokens[first.at] : undefined
  if (name === '__TIMESTAMP') return textInstant('timestamp', token, BLANK)
  if (name === '__DATE') return textInstant('date', token, DATE_ONLY)
  if (name === 'TIME_PARSE' && more.length === 0) return textInstant('parse', token, ANY_SEPARATOR)
  return isCastTo('TIMESTAMP', it, tokens) ? textInstant('cast', token, ANY_SEPARATOR) : undefined
}

function textInstant(kind: string, token: Token | undefined, syntax: typeof BLANK): Instant | undefined {
  const ms = token?.kind === 'string' ? instantMs(token.value, syntax) : undefined
  return ms === undefined || token === undefined ? undefined : { ms, form: `${kind} ${formOf(token.value)}` }
}

function millis(it: Expression | undefined, tokens: readonly Token[]): Instant | undefined {
  const token = it?.kind === 'literal' ? tokens[it.at] : undefined
  if (token?.kind !== 'number' || !/^\d{1,15}$/.test(token.text)) return undefined
  return { ms: Number(token.text), form: 'millis' }
}

function formOf(text: string): string {
  return text.replaceAll(/\d/g, '0')
}
