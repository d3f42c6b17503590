// What is kept of expressions beside their texts.

/** What was found on the way. */
export interface Found {
  aggregate: boolean
  /** Every aggregate, by its text. */
  readonly aggregates: Map<string, AggregateCall>
  /** The last CASE. */
  case: Case | undefined
}

/** An aggregate, with what EXPLAIN PLAN FOR tells of it. */
export interface AggregateCall {
  readonly name: string
  readonly distinct: boolean
  /** Undefined for `COUNT(*)`. */
  readonly argument: string | undefined
  readonly filter: string | undefined
  /** What it is instead unless its argument is an integer. */
  readonly unlessInteger?: AggregateCall
}

export interface Case {
  readonly text: string
  /** What it gives, ELSE last. */
  readonly results: readonly string[]
  /** Its condition, when it has one only, and no subject. */
  readonly condition: string | undefined
}

/** An aggregate with its FILTER. */
export function filtered(text: string, filter: string | undefined): string {
  return filter === undefined ? text : `${text} FILTER (WHERE ${filter})`
}

/** Both; a TRUE beside another condition says nothing, to Druid neither. */
export function conjunction(left: string, right: string): string {
  if (left === 'TRUE') return right
  return right === 'TRUE' ? left : `(${left} AND ${right})`
}
