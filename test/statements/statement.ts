// What the list of statements is made of.

type Tool =
  | 'superset'
  | 'grafana'
  | 'tableau'
  | 'looker'
  | 'metabase'
  | 'cube'
  | 'plywood'
  | 'ibis'
  | 'dbt'
  | 'console'

export interface Parameter {
  readonly type: string
  readonly value: unknown
}

/** One statement in the manner of a tool, and what it sends beside the text. */
export type Statement = {
  /** `superset-017`: never given to another statement. */
  readonly id: string
  readonly tool: Tool
  readonly what: string
  readonly sql: string
  readonly parameters?: readonly Parameter[]
  readonly context?: Readonly<Record<string, unknown>>
  /** Further fields of the request's body. */
  readonly body?: Readonly<Record<string, unknown>>
  readonly needs?: Need
} & Refusal

/**
 * What not every cluster has. `stream`: the live table, there once it was started. `heap`: Druid 33 sorts after a join
 * or a window function in a buffer of 200 MB on the Broker's heap; where it finds no room, it answers 500.
 */
type Need = 'stream' | 'heap'

/** Tools also send what Druid refuses; `why` says what it is that Druid 33 lacks. */
type Refusal =
  | { readonly expect: 'error'; readonly why: string }
  | { readonly expect?: undefined; readonly why?: undefined }

/** A statement without what its file says for all of them. */
export type Listed = Pick<Statement, 'id' | 'what' | 'sql' | 'parameters' | 'context' | 'body' | 'needs'> &
  Refusal

/** Adds to each statement of a tool's file what the tool sends with every one. */
export function sentBy(
  tool: Tool,
  all: Pick<Statement, 'context' | 'body'>,
  list: readonly Listed[],
): readonly Statement[] {
  return list.map((one) => ({ tool, ...all, ...one }))
}

/** Moments before the midnight (UTC) at which the data of `events` ends. */
export interface Days {
  /** `2026-11-20T03:00:00` */
  readonly at: (days: number, hours?: number) => string
  /** `2026-11-20 03:00:00` */
  readonly blank: (days: number, hours?: number) => string
  /** `2026-11-20` */
  readonly date: (days: number) => string
  /** Milliseconds since 1970. */
  readonly ms: (days: number, hours?: number) => number
}

const HOUR_MS = 3_600_000

export function daysBefore(endMs: number): Days {
  const ms = (days: number, hours = 0): number => endMs + (hours - 24 * days) * HOUR_MS
  const at = (days: number, hours = 0): string => new Date(ms(days, hours)).toISOString().slice(0, 19)
  return {
    at,
    blank: (days, hours) => at(days, hours).replace('T', ' '),
    date: (days) => at(days).slice(0, 10),
    ms,
  }
}
