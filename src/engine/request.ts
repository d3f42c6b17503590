// What `http` hands to the engine, and what it gets back.
import { randomUUID } from 'node:crypto'
import { type IdentityScope, type Query, type WholeKey } from '../plan/query.ts'
import { type WireFormat } from '../result/format.ts'
import { type Entry } from './entry.ts'
import { type Outcome } from './outcome.ts'

/** The client's `Cache-Control` (RFC 9111), as far as it asks something of a cache. */
export interface CacheWish {
  readonly noCache: boolean
  readonly noStore: boolean
  readonly onlyIfCached: boolean
  readonly maxAgeMs: number | undefined
}

/** Bodies to send to Druid, each made from the client's own bytes by token edits. */
export interface RequestBodies {
  /** What passes: under its id, without `If-None-Match`. */
  pass(): Buffer
  /** The same, asking for the form that is kept. */
  kept(): Buffer
  /** Another statement in its place, with parameters of its own and without an outer limit, asking for the form that is kept. */
  parts(sql: string, parameters: string): Buffer
  /** The same bodies under another id. */
  under(id: string): RequestBodies
  /** EXPLAIN PLAN FOR the same statement, under the same context; with parameters, one for the other statement. */
  explain(sql: string, parameters?: string): Buffer
}

export interface SqlRequest {
  readonly query: Query
  /** The group of Brokers that the query names, if there is one. */
  readonly service: string | undefined
  readonly wire: WireFormat
  readonly identity: IdentityScope
  /** The query's id: the client's own, or the one that Ovate gave it in Druid's place. */
  readonly id: string
  /** The id under which it goes to Druid: another one while a query of this id runs there already. */
  readonly upstreamId: string
  /** End-to-end headers for Druid, names and values in turn, without those that describe the body or its encoding. */
  readonly headers: readonly string[]
  /** `Accept-Encoding` as the client sent it: Druid's own encoding passes. */
  readonly acceptEncoding: string | undefined
  readonly bodies: RequestBodies
  readonly cacheWish: CacheWish
  readonly arrivedAtMs: number
  /** How long it may take, by its own context or Druid's default, ms. */
  readonly timeoutMs: number
}

export interface Ending {
  /** Whether Druid's answer came to its proper end. */
  readonly complete: boolean
  /** Druid's trailers, lower-case names. */
  readonly trailers: Readonly<Record<string, string>>
}

export interface HeldAnswer {
  readonly kind: 'held'
  readonly key: WholeKey
  readonly entry: Entry
  readonly outcome: Outcome
  /** Undefined for an answer that was just made. */
  readonly ageMs: number | undefined
}

export interface StreamAnswer {
  readonly kind: 'stream'
  readonly status: number
  /** The words beside the status. */
  readonly reason: string
  /** As Druid sent them, hop-by-hop ones out. */
  readonly headers: readonly string[]
  /** `client`: Druid's bytes as they are, for the client as they stand. `plain`: written by Ovate, not yet encoded. */
  readonly form: 'client' | 'plain'
  readonly body: AsyncIterable<Buffer>
  /** To be asked when the body has ended. */
  ending(): Ending
  readonly outcome: Outcome
  /** The id that stands in Druid's headers, when it isn't the asker's. */
  readonly upstreamId: string | undefined
}

export type Answer = HeldAnswer | StreamAnswer

/** The same under an id of its own: the client's query runs at the same time. */
export function underOwnId(request: SqlRequest): SqlRequest {
  const upstreamId = randomUUID()
  return { ...request, upstreamId, bodies: request.bodies.under(upstreamId) }
}
