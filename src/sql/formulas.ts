// What a column, a HAVING or an order is computed from once its aggregates are known: arithmetic over them, or unknown.
import { type Aggregate, type Formula, type Stretch } from '../plan/grouped.ts'
import { type TokenRange } from './clauses.ts'
import { type Call, callName, castOf, parameterIndex, type Reader } from './reader.ts'
import { type Expression } from './tree.ts'

const KINDS: Readonly<Record<string, Aggregate['kind']>> = {
  COUNT: 'count',
  SUM: 'sum',
  MIN: 'min',
  MAX: 'max',
  AVG: 'avg',
}
const OPERATORS = new Set([
  '+',
  '-',
  '*',
  '/',
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'AND',
  'OR',
  'NOT',
  'IS',
  'IS NOT',
  'CASE',
])
const CALLS = new Set(['NULLIF', 'COALESCE'])
const CAST_TYPES = new Set(['DOUBLE', 'BIGINT'])

/** Functions that make a value of many rows, beside those that can be put together from parts. */
const OTHER_AGGREGATES =
  /^(ANY_VALUE|EARLIEST|EARLIEST_BY|LATEST|LATEST_BY|STDDEV.*|VAR.*|.*_AGG|LISTAGG|BLOOM_FILTER|GROUPING|BIT_(AND|OR|XOR)|APPROX_.*|DS_(?!.*(GET|RANK|CDF|PMF)).*|TDIGEST_.*|EVERY|SOME)$/

/** Which dimension an expression is, which stands in these tokens as far as they are known. */
type DimensionOf = (it: Expression, range: TokenRange | undefined) => number | undefined

/** What formulas are read against: the dimensions, and the aggregates found so far. */
export class Formulas {
  readonly aggregates: Aggregate[] = []
  readonly #seen = new Map<string, number>()
  readonly #reader: Reader
  readonly #dimensionOf: DimensionOf
  readonly #spell: (range: TokenRange) => string
  readonly #isFaithful: (it: Expression) => boolean

  constructor(
    reader: Reader,
    read: {
      readonly dimensionOf: DimensionOf
      readonly spell: (range: TokenRange) => string
      readonly isFaithful: (it: Expression) => boolean
    },
  ) {
    this.#reader = reader
    this.#dimensionOf = read.dimensionOf
    this.#spell = read.spell
    this.#isFaithful = read.isFaithful
  }

  /** The formula of an expression; undefined where it isn't understood. Its aggregates join the list. */
  of(it: Expression): Formula | undefined {
    const dimension = this.#dimensionOf(it, rangeOf(it, this.#reader))
    if (dimension !== undefined) return { kind: 'dimension', index: dimension }
    if (it.kind === 'literal') return this.#literal(it.at)
    if (it.kind === 'constant') return it.value === 'NULL' ? { kind: 'literal', text: 'NULL' } : undefined
    if (it.kind === 'operator')
      return OPERATORS.has(it.operator) ? this.#operation(it.operator, it.parts) : undefined
    return it.kind === 'call' ? this.#call(it) : undefined
  }

  #literal(at: number): Formula {
    const { view } = this.#reader
    return view.kind(at) === 'parameter'
      ? { kind: 'parameter', index: parameterIndex(view, at) }
      : { kind: 'literal', text: view.tokens[at]?.text ?? '' }
  }

  #operation(name: string, parts: readonly Expression[]): Formula | undefined {
    const of: Formula[] = []
    for (const part of parts) {
      const formula = this.of(part)
      if (formula === undefined) return undefined
      of.push(formula)
    }
    return { kind: 'operation', name, of }
  }

  #call(it: Call): Formula | undefined {
    const aggregate = this.#aggregate(it)
    if (aggregate !== undefined) return { kind: 'aggregate', index: aggregate }
    const cast = castOf(it, this.#reader)
    if (cast !== undefined)
      return CAST_TYPES.has(cast.type) ? this.#operation(`CAST ${cast.type}`, [cast.of]) : undefined
    const name = callName(it, this.#reader)
    return CALLS.has(name) ? this.#operation(name, it.parts) : undefined
  }

  #aggregate(it: Call): number | undefined {
    const filtered = it.name === '__filter' ? it.parts[0] : it
    if (filtered?.kind !== 'call' || filtered.at < 0) return undefined
    const kind = KINDS[callName(filtered, this.#reader)]
    const [argument, ...more] = filtered.parts
    if (kind === undefined || argument === undefined || more.length > 0) return undefined
    const isStar = argument.kind === 'marker' && argument.text === '#star'
    if (isStar && kind !== 'count') return undefined
    if (holdsAggregate(argument, this.#reader)) return undefined
    const range = rangeOf(it, this.#reader)
    const call = rangeOf(filtered, this.#reader)
    if (range === undefined || call === undefined) return undefined
    return this.#add(
      {
        kind,
        text: this.#stretch(range),
        argument: isStar ? undefined : this.#stretch({ start: filtered.at + 2, end: call.end - 1 }),
        filter: call.end === range.end ? undefined : this.#stretch({ start: call.end, end: range.end }),
        isFaithful: this.#isFaithful(argument),
      },
      this.#spell(range),
    )
  }

  #add(aggregate: Aggregate, spelling: string): number {
    const seen = this.#seen.get(spelling)
    if (seen !== undefined) return seen
    this.#seen.set(spelling, this.aggregates.length)
    return this.aggregates.push(aggregate) - 1
  }

  #stretch(range: TokenRange): Stretch {
    return stretchOf(range, this.#reader)
  }
}

/** Whether a value of many rows is made in an expression. */
export function holdsAggregate(it: Expression, reader: Reader): boolean {
  if (it.kind === 'call') {
    const name = callName(it, reader)
    if (it.name === '__filter' || it.name === '__within') return true
    if (it.at >= 0 && (Object.hasOwn(KINDS, name) || OTHER_AGGREGATES.test(name))) return true
  }
  return 'parts' in it && it.parts.some((part) => holdsAggregate(part, reader))
}

/** The tokens of a name, a literal or a call; undefined for what has operators outside of brackets. */
function rangeOf(it: Expression, { view }: Reader): TokenRange | undefined {
  if (it.kind === 'literal') return { start: it.at, end: it.at + 1 }
  if (it.kind === 'name') {
    let end = it.at + 1
    while (view.word(end) === '.' && view.isName(end + 1)) end += 2
    return { start: it.at, end }
  }
  if (it.kind !== 'call') return undefined
  if (it.at >= 0) return { start: it.at, end: view.close(it.at + 1) + 1 }
  const [inner] = it.parts
  const call = it.name === '__filter' && inner !== undefined ? rangeOf(inner, { view, zone: '' }) : undefined
  if (call === undefined || view.word(call.end) !== 'FILTER') return undefined
  return { start: call.start, end: view.close(call.end + 1) + 1 }
}

/** Characters of a range of tokens; of an empty range the place where it would stand. */
export function stretchOf({ start, end }: TokenRange, { view }: Reader): Stretch {
  const before = view.tokens[start - 1]?.end ?? 0
  if (start >= end) return { from: before, to: before }
  const from = view.tokens[start]?.start ?? before
  return { from, to: view.tokens[end - 1]?.end ?? from }
}
