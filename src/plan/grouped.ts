// What `plan` wants to be told about a grouped aggregate over one datasource. `sql` finds it out.
//
// Conventions: instants are ms since 1970-01-01T00:00:00Z; a stretch is `[from, to)` in characters of the client's text.
// `isFaithful`: if the type is INTEGER or DATE, Druid surely prints the value as it computes with it. It computes with 64 bits,
// and prints 32 of an INTEGER, and the day of a DATE (33.0.0: `SqlResults.coerce`).

/** The largest number that an INTEGER shows, and that a LIMIT or OFFSET is read as: Java's largest int. */
export const INTEGER_MAX = 2_147_483_647

/** A part of the client's text. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Calendar buckets: an ISO period counted from an origin (undefined: Druid's own) in a zone. */
export interface Grid {
  readonly period: string
  readonly originMs: number | undefined
  readonly zone: string
}

/** A moment that bounds name. `after` is the start of the bucket behind the one that `of` lies in. */
export type Instant =
  | { readonly kind: 'literal'; readonly ms: number }
  /** The n-th `?` of the text, from 0, and what stands round it. */
  | {
      readonly kind: 'parameter'
      readonly index: number
      readonly as: 'instant' | 'day' | 'parsed' | 'millis'
      readonly zone: string
    }
  | { readonly kind: 'now' }
  | { readonly kind: 'plus'; readonly of: Instant; readonly ms: number }
  | {
      readonly kind: 'shift'
      readonly of: Instant
      readonly period: string
      readonly step: number
      readonly zone: string
    }
  | { readonly kind: 'floor' | 'ceil' | 'after'; readonly of: Instant; readonly grid: Grid }

/** A condition on `__time` alone, which is never null. `all` of nothing is true. */
export type TimeCondition =
  | { readonly kind: 'from'; readonly start: Instant }
  | { readonly kind: 'before'; readonly end: Instant }
  /** Lies in the bucket that begins at `at`; nothing does when no bucket begins there. */
  | { readonly kind: 'bucket'; readonly at: Instant; readonly grid: Grid }
  | { readonly kind: 'all' | 'any'; readonly of: readonly TimeCondition[] }
  | { readonly kind: 'not'; readonly of: TimeCondition }

/** What a statement says of `__time`, whatever else it asks. */
export interface TimeBounds {
  readonly time: TimeCondition
  /** `sqlTimeZone` in force. */
  readonly zone: string
  /** How each bound is written, literals taken out; '' where there is none. */
  readonly form: string
}

/** How the label that a bucket shows follows from its start. */
export type Label =
  /** The start itself, later by this many ms. */
  | { readonly kind: 'moved'; readonly ms: number }
  /** The local time of the start in a zone, shown as if it were UTC. */
  | { readonly kind: 'local'; readonly zone: string }

export interface Bucket {
  readonly grid: Grid
  /** Each bucket is the grid's, moved by this many ms: weeks from Sunday are weeks moved back by a day. */
  readonly movedMs: number
  readonly label: Label
  /** Where the expression stands that gives the label; its value is an instant. */
  readonly text: Stretch
}

/** One of the aggregates that can be put together from parts. */
export interface Aggregate {
  readonly kind: 'count' | 'sum' | 'min' | 'max' | 'avg'
  /** The whole call, with its FILTER. */
  readonly text: Stretch
  /** Undefined for `COUNT(*)`. */
  readonly argument: Stretch | undefined
  /** `FILTER (WHERE …)` as it stands. */
  readonly filter: Stretch | undefined
  /** Of what it is computed from. */
  readonly isFaithful: boolean
}

/** What a column, a HAVING or an order is computed from, once the aggregates are put together. */
export type Formula =
  | { readonly kind: 'aggregate'; readonly index: number }
  | { readonly kind: 'dimension'; readonly index: number }
  /** A number or text as it stands in SQL, or null. */
  | { readonly kind: 'literal'; readonly text: string }
  /** `?` by its index from 0. */
  | { readonly kind: 'parameter'; readonly index: number }
  /** `+`, `=`, `AND`, `NOT`, `CASE`, `NULLIF`, `CAST DOUBLE` … with operands in order. */
  | { readonly kind: 'operation'; readonly name: string; readonly of: readonly Formula[] }

type Role = 'bucket' | 'dimension' | 'measure' | 'constant' | 'other'

export interface OutputColumn {
  readonly role: Role
  /** Undefined where it can't be computed from parts of aggregates. */
  readonly formula: Formula | undefined
}

export interface OrderKey {
  readonly descending: boolean
  /** The column that it orders by; undefined for an expression that isn't selected. */
  readonly column: number | undefined
  readonly text: Stretch
  /** Its tokens, as in a shape. */
  readonly spelling: string
  readonly formula: Formula | undefined
}

/** A grouping expression that isn't the bucket. */
export interface Dimension {
  readonly text: Stretch
  readonly isFaithful: boolean
}

export interface Grouped {
  readonly table: string
  /** `sqlTimeZone` in force. */
  readonly zone: string
  readonly time: TimeCondition
  /** How each bound is written, literals taken out. */
  readonly timeForm: string
  /** Conditions with the time in them that are no bounds here, as written; '' where there are none. Druid may read some in them. */
  readonly unreadTime: string
  /** Where the bounds stand, each a condition of its own between ANDs; empty: there is none. */
  readonly timeTexts: readonly Stretch[]
  /** Indexes of the `?` that stand in bounds: they are no part of the question's shape. */
  readonly timeParameters: readonly number[]
  readonly bucket: Bucket | undefined
  readonly timeColumn: TimeColumn
  /** A grouping set lacks the bucket or a dimension. */
  readonly groupingSets: boolean
  readonly dimensions: readonly Dimension[]
  readonly aggregates: readonly Aggregate[]
  readonly columns: readonly OutputColumn[]
  /** Undefined: there is none. */
  readonly having: { readonly formula: Formula | undefined } | undefined
  readonly order: readonly OrderKey[]
  /** The text that fetches parts would have the `?` in another order than the client's. */
  readonly movesParameters: boolean
  readonly limit: Count | undefined
  readonly offset: Count | undefined
  readonly texts: Texts
  /** Tokens of the statement without its bounds and its tail: equal for all windows, orders and limits of one question. */
  readonly shape: string
}

/** How `__time` is named where it is grouped, and what has to be added so that it is: not every SELECT inside passes it on. */
export interface TimeColumn {
  /** In quotes. */
  readonly name: string
  readonly added: readonly { readonly at: number; readonly text: string }[]
}

/** Parts of the SELECT that groups, to be replaced or added to; one that isn't there is empty where it would stand. */
interface Texts {
  /** With DISTINCT, where it is one. */
  readonly select: Stretch
  /** The word DISTINCT that groups; undefined where GROUP BY does. */
  readonly distinct: Stretch | undefined
  /** The condition of WHERE alone, of the SELECT that reads the table. */
  readonly where: Stretch
  /** With its words. */
  readonly groupBy: Stretch
  /** With its word. */
  readonly having: Stretch
  /** SELECTs round the one that groups, the outermost first. */
  readonly outer: readonly OuterTexts[]
  /** ORDER BY, LIMIT, OFFSET, FETCH of the whole statement. */
  readonly tail: Stretch
  /** An ORDER BY without a limit inside of another SELECT, which orders nothing. */
  readonly idle: readonly Stretch[]
}

interface OuterTexts {
  readonly select: Stretch
  /** It is `*`. */
  readonly isStar: boolean
  /** With its word. */
  readonly where: Stretch
}

/** Whether Druid surely prints what a formula gives as it computes with it, if the type is INTEGER or DATE. */
export function isFaithful(
  formula: Formula | undefined,
  { dimensions, aggregates }: Pick<Grouped, 'dimensions' | 'aggregates'>,
): boolean {
  if (formula?.kind === 'dimension') return dimensions[formula.index]?.isFaithful ?? false
  return formula?.kind === 'aggregate' && (aggregates[formula.index]?.isFaithful ?? false)
}

/** A number as it stands, or `?` by its index from 0. */
export type Count =
  | { readonly kind: 'literal'; readonly value: number }
  | { readonly kind: 'parameter'; readonly index: number }

/** Why a statement is no grouped aggregate that can be taken apart. */
export type NotGrouped =
  | 'not-grouped'
  | 'several-tables'
  | 'subquery'
  | 'distinct'
  | 'window-function'
  | 'now-outside-bounds'
