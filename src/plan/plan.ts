// What will be done for a query. Made once, never changed.
import { type Interval, type NowUse } from './facts.ts'
import { type Grouped } from './grouped.ts'
import { type Reason } from './reasons.ts'
import { type ShapeKey, type WholeKey } from './query.ts'

interface PassPlan {
  readonly kind: 'pass'
  readonly reason: Reason
}

export interface WholePlan {
  readonly kind: 'whole'
  readonly key: WholeKey
  /** The service group whose Brokers answer. */
  readonly service: string | undefined
  readonly tables: readonly string[]
  readonly lookups: readonly string[]
  readonly now: NowUse
  /** Statements of one form have the same tables, whatever their literals: the EXPLAIN check runs once for each. */
  readonly form: string
  /** What the text says of `__time`, to be used only once Druid's plan agreed for this form and form of bounds. */
  readonly bounds: { readonly intervals: readonly Interval[]; readonly form: string } | undefined
  /** All tables are declared shared: the entry is the same for every identity, and only rights are checked apart. */
  readonly shared: boolean
  /** How the answer can be put together from parts; undefined where it can't, for these reasons. */
  readonly parts: Parts | undefined
  readonly reasons: readonly Reason[]
}

/** An answer put together from buckets: of the statement's own bucket, or of hidden ones whose aggregates are merged. */
export interface Parts {
  readonly kind: 'series' | 'merge'
  /** Equal for statements that can share parts, whatever their windows, orders and limits. */
  readonly shape: ShapeKey
  /** Equal for statements that one identity asks under one context, whatever they ask. */
  readonly family: string
  readonly grouped: Grouped
  /** `parameters` without those that stand in bounds, as JSON text. */
  readonly parameters: string
  /** How each bound is written, values taken out; those of parameters may be read in another way in another type or form. */
  readonly timeForm: string
  /** The moment that the query's own context gives as now, ms. */
  readonly pinnedNowMs: number | undefined
  /** `sqlOuterLimit`: a limit beside the statement's own. What fetches parts is asked without it. */
  readonly outerLimit: number
}

export type Plan = PassPlan | WholePlan
