// What will be done for a query. Made once, never changed.
import { type Interval, type NowUse } from './facts.ts'
import { type Reason } from './reasons.ts'
import { type WholeKey } from './query.ts'

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
}

export type Plan = PassPlan | WholePlan
