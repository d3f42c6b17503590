// What `plan` wants to be told about a statement. `sql` finds it out; nothing else reads SQL.
import { type Grouped, type NotGrouped, type TimeBounds } from './grouped.ts'

/** `[startMs, endMs)` in milliseconds since 1970-01-01T00:00:00Z. */
export interface Interval {
  readonly startMs: number
  readonly endMs: number
}

/** A leading `SET name = literal;` (Druid 34 and newer); `literal` is its JSON text. SET beats the context. */
export interface SetOption {
  readonly name: string
  readonly literal: string
}

/**
 * Where a statement depends on the moment it runs (CURRENT_TIMESTAMP, CURRENT_DATE, LOCALTIMESTAMP …).
 * `distancesMs`: how far from now its relative bounds lie, as absolute values; `null` when some use of now is not
 * understood well enough to say, and then nothing relative is shared.
 */
export type NowUse =
  | { readonly kind: 'none' }
  | { readonly kind: 'used'; readonly distancesMs: readonly number[] | null }

export interface Facts {
  readonly kind: 'select' | 'explain' | 'dml' | 'other'
  readonly options: readonly SetOption[]
  /** Datasources that are read, unquoted, sorted, each once. */
  readonly tables: readonly string[]
  /** Names of lookups, by LOOKUP() or `lookup.x`, sorted, each once; '*' for a name that is not a literal. */
  readonly lookups: readonly string[]
  /** Reads `sys` or `INFORMATION_SCHEMA`. */
  readonly systemTables: boolean
  /** EXTERN, inline external data or anything else whose source is neither a datasource nor a lookup. */
  readonly external: boolean
  /** Functions whose value changes from call to call within one moment (RAND, UUID …), upper case, sorted. */
  readonly volatile: readonly string[]
  readonly now: NowUse
  /** How many `?` the text holds. */
  readonly parameters: number
  /** The statement's tokens (without leading SETs): equal for texts that differ in white space, comments and case of keywords only. */
  readonly canonical: string
  /** `canonical` with every literal taken out: the EXPLAIN check runs once for each of these. */
  readonly form: string
  /** Bounds on `__time` where the statement is a chain of SELECTs over one table: it reads no other rows of it. */
  readonly bounds: TimeBounds | undefined
  /** What can be taken apart by time, or why it can't. */
  readonly grouped: Grouped | NotGrouped
}

export type Unknown = 'sql-too-long' | 'sql-too-deep' | 'sql-not-understood'

export type Analysis =
  | { readonly kind: 'facts'; readonly facts: Facts }
  | { readonly kind: 'unknown'; readonly reason: Unknown }
