// Where a statement depends on the moment it runs, and how far from that moment its bounds lie.
import { type NowUse } from '../plan/facts.ts'
import { intervalMs, periodMs, unitMs } from './instants.ts'
import { type Token, upperCase } from './lexer.ts'
import { INTEGERS } from './reader.ts'
import { type Expression, type QueryTree, restOf, type Source } from './tree.ts'
import { NOW_FUNCTIONS, NOW_WORDS } from './words.ts'

const COMPARISONS = new Set(['=', '<>', '<', '>', '<=', '>=', 'BETWEEN', 'NOT BETWEEN', 'IN', 'NOT IN'])
const FLOORS = new Set(['FLOOR', 'TIME_FLOOR', 'DATE_TRUNC', 'CAST'])
const INSTANT_TYPES = new Set(['TIMESTAMP', 'DATE'])

/**
 * How the query in tokens `start` to `end` uses now. A use counts as understood as one side of a comparison whose other
 * side is a column, or as a column of the result: elsewhere arithmetic round it could hide a distance.
 */
export function nowUse(
  tree: QueryTree,
  tokens: readonly Token[],
  range: { start: number; end: number },
): NowUse {
  const uses = countNow(tokens, range)
  if (uses === 0) return { kind: 'none' }
  const finder = new Finder(tokens)
  finder.query(tree, true)
  const understood = finder.understood && finder.seen === uses
  return {
    kind: 'used',
    distancesMs: understood ? [...new Set(finder.distancesMs)].toSorted((a, b) => a - b) : null,
  }
}

/** How often tokens `start` to `end` use now. */
export function countNow(tokens: readonly Token[], { start, end }: { start: number; end: number }): number {
  let uses = 0
  for (let at = start; at < end; at += 1) {
    const token = tokens[at]
    if (token === undefined || (token.kind !== 'identifier' && token.kind !== 'quoted')) continue
    const word = upperCase(token.value)
    const isCall = tokens[at + 1]?.text === '('
    if (
      (token.kind === 'identifier' && NOW_WORDS.has(word)) ||
      (isCall && (NOW_WORDS.has(word) || NOW_FUNCTIONS.has(word)))
    ) {
      uses += 1
    }
  }
  return uses
}

/** How far from now, and in which unit that is written. */
interface Offset {
  readonly ms: number
  readonly unit: string
}

const NOW: Offset = { ms: 0, unit: '' }

class Finder {
  readonly distancesMs: number[] = []
  seen = 0
  understood = true
  readonly #tokens: readonly Token[]

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** `outermost`: a column that is now itself is only shown, and no other query can do sums with it. */
  query(tree: QueryTree, outermost: boolean): void {
    for (const { query } of tree.withs) this.query(query, false)
    for (const select of tree.selects) {
      for (const { value } of select.columns) this.#look(value, outermost)
      for (const source of select.sources) this.#source(source)
      if (select.where !== undefined) this.#look(select.where, false)
      for (const expression of restOf(select)) this.#look(expression, false)
    }
  }

  #source(source: Source): void {
    if (source.kind === 'query') this.query(source.query, false)
    if (source.kind === 'call') this.#look(source.call, false)
    if (source.kind === 'join') for (const inner of source.sources) this.#source(inner)
  }

  /** `direct`: whether the value may be an instant relative to now as it stands. */
  #look(it: Expression, direct: boolean): void {
    const offset = this.#offset(it)
    if (offset !== undefined) {
      this.seen += 1
      if (!direct) this.understood = false
      if (offset.ms !== 0) this.distancesMs.push(Math.abs(offset.ms))
    } else if (it.kind === 'query') this.query(it.query, false)
    else if (it.kind === 'operator' && COMPARISONS.has(it.operator)) this.#compare(it.parts)
    else if (it.kind === 'operator')
      for (const part of it.parts) this.#look(part, direct && it.operator.startsWith('CASE'))
    else if ('parts' in it) for (const part of it.parts) this.#look(part, false)
  }

  #compare(parts: readonly Expression[]): void {
    const sides = parts.flatMap((part) => (part.kind === 'list' ? part.parts : [part]))
    const relative = new Set(sides.filter((side) => this.#offset(side) !== undefined))
    for (const side of sides) this.#look(side, relative.has(side))
    const plain = sides.every((side) => relative.has(side) || this.#isPlain(side))
    if (relative.size > 0 && !plain) this.understood = false
  }

  #isPlain(it: Expression): boolean {
    if (it.kind === 'name' || it.kind === 'literal' || it.kind === 'marker' || it.kind === 'constant')
      return true
    if (it.kind !== 'call') return false
    const typed = it.name === '__TIMESTAMP' || it.name === '__DATE'
    return (typed || FLOORS.has(this.#nameOf(it))) && it.parts.every((part) => this.#isPlain(part))
  }

  /** How far an expression lies from now; undefined for one that isn't now shifted by literals. */
  #offset(it: Expression): Offset | undefined {
    if (it.kind === 'now') return NOW
    if (it.kind === 'operator' && (it.operator === '+' || it.operator === '-'))
      return this.#sum(it.operator, it.parts)
    if (it.kind !== 'call') return undefined
    const name = this.#nameOf(it)
    const [first, second, third] = it.parts
    if (name === 'TIMESTAMPADD') return plus(this.#times(this.#unit(first), second), this.#offsetOf(third))
    if (name === 'TIME_SHIFT') return plus(this.#times(this.#period(second), third), this.#offsetOf(first))
    return FLOORS.has(name) ? this.#floored(name, it.parts) : undefined
  }

  #floored(name: string, parts: readonly Expression[]): Offset | undefined {
    const at = name === 'DATE_TRUNC' ? 1 : 0
    const literals = parts.every((part, index) => index === at || this.#isPlain(part))
    const type = parts[1]?.kind === 'marker' ? this.#marked(parts[1].text) : undefined
    if (!literals || (name === 'CAST' && !INSTANT_TYPES.has(type ?? ''))) return undefined
    return this.#offsetOf(parts[at])
  }

  #sum(operator: string, [left, right]: readonly Expression[]): Offset | undefined {
    if (right?.kind === 'interval') {
      const span = this.#interval(right.at)
      return plus(operator === '-' && span !== undefined ? negated(span) : span, this.#offsetOf(left))
    }
    return operator === '+' && left?.kind === 'interval'
      ? plus(this.#interval(left.at), this.#offsetOf(right))
      : undefined
  }

  #offsetOf(it: Expression | undefined): Offset | undefined {
    return it === undefined ? undefined : this.#offset(it)
  }

  #interval(at: number): Offset | undefined {
    const sign = this.#tokens[at + 1]?.kind === 'string' ? 0 : 1
    const unit = at + 2 + sign
    const behind = this.#tokens[unit + 1]?.text === '(' ? unit + 4 : unit + 1
    const to = this.#word(behind) === 'TO' ? this.#word(behind + 1) : undefined
    const ms = intervalMs(this.#tokens[at + 1 + sign]?.value ?? '', this.#word(unit), to)
    if (ms === undefined) return undefined
    const span = { ms, unit: `${this.#word(unit)} ${to ?? ''}` }
    return this.#tokens[at + 1]?.text === '-' ? negated(span) : span
  }

  #unit(it: Expression | undefined): Offset | undefined {
    const unit = it?.kind === 'name' ? this.#word(it.at) : ''
    const ms = unitMs(unit)
    return ms === undefined ? undefined : { ms, unit }
  }

  #period(it: Expression | undefined): Offset | undefined {
    const token = it?.kind === 'literal' ? this.#tokens[it.at] : undefined
    const ms = token?.kind === 'string' ? periodMs(token.value) : undefined
    return ms === undefined ? undefined : { ms, unit: token?.value ?? '' }
  }

  #times(span: Offset | undefined, count: Expression | undefined): Offset | undefined {
    const times = this.#count(count)
    return span === undefined || times === undefined ? undefined : { ms: span.ms * times, unit: span.unit }
  }

  /** A whole number: a literal, behind a minus, cast to what it is. */
  #count(it: Expression | undefined): number | undefined {
    if (it?.kind === 'operator' && it.operator === '-' && it.parts.length === 1) {
      const positive = this.#count(it.parts[0])
      return positive === undefined ? undefined : -positive
    }
    if (it?.kind === 'call') return this.#isWhole(it) ? this.#count(it.parts[0]) : undefined
    const token = it?.kind === 'literal' ? this.#tokens[it.at] : undefined
    return token?.kind === 'number' && /^\d{1,9}$/.test(token.text) ? Number(token.text) : undefined
  }

  /** `CAST(… AS INTEGER)`: the type is one word. */
  #isWhole(it: Extract<Expression, { kind: 'call' }>): boolean {
    const type = it.parts[1]
    if (this.#nameOf(it) !== 'CAST' || type?.kind !== 'marker' || !type.text.startsWith('#type')) return false
    const at = Number(type.text.slice('#type'.length))
    return INTEGERS.has(this.#word(at)) && this.#word(at + 1) === ')'
  }

  #marked(marker: string): string {
    return this.#word(Number(/\d+$/.exec(marker)?.[0] ?? -1))
  }

  #nameOf(it: Extract<Expression, { kind: 'call' }>): string {
    return it.at < 0 ? it.name : this.#word(it.at)
  }

  #word(at: number): string {
    return upperCase(this.#tokens[at]?.value ?? '')
  }
}

function negated({ ms, unit }: Offset): Offset {
  return { ms: -ms, unit }
}

// Shortest lengths may be added to each other. Subtracted, only those of one unit: `+ 29 days - 1 month` can be anything
// near now, `+ 24 hours - 23 hours` (as Looker writes) is an hour.
function plus(a: Offset | undefined, b: Offset | undefined): Offset | undefined {
  if (a === undefined || b === undefined || (a.ms * b.ms < 0 && a.unit !== b.unit)) return undefined
  if (b.ms === 0) return a
  return { ms: a.ms + b.ms, unit: a.unit === b.unit ? a.unit : 'several' }
}
