// The contract between the rest of Ovate and Druid: requests to Brokers, answers, cancel, what is known of each Broker.
import { type Readable } from 'node:stream'
import { type ClockOffset } from './clock-offset.ts'

/** A Broker as discovery knows it. `startTime` and `version` tell one run of it from the next, where known. */
export interface BrokerAddress {
  /** `host:port` that requests go to (TLS port wins). */
  readonly id: string
  readonly url: string
  /** `druid.service`, e.g. `druid/broker`. */
  readonly service: string
  readonly startTime: string | undefined
  readonly version: string | undefined
  /** The path that answers 200 when it may get requests; left out: that of a Broker, or of a Router. */
  readonly readiness?: string | undefined
}

export type BrokerState = 'probing' | 'ready' | 'ejected' | 'draining'

export interface BrokerStatus extends BrokerAddress {
  readonly state: BrokerState
  /** Why the last probe says that it isn't well; undefined: it is, or none has come to its end. */
  readonly probeFailure: string | undefined
  /** Nobody listened there when last seen: the process that was there has gone, with all that it held. */
  readonly refuses: boolean
  /** For how long it has said nothing at all. */
  readonly silentMs: number
  readonly outstanding: number
  readonly latencyMs: number
  /** Undefined when not known. */
  readonly clock: ClockOffset | undefined
}

export interface DruidRequest {
  readonly method: string
  /** Path with query string, as it goes on the request line. */
  readonly path: string
  /** Names and values in turn, as on the wire, hop-by-hop headers and Host left out. */
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | undefined
  /** The service group; undefined: the default one. */
  readonly service: string | undefined
  /** A Broker that must answer (by id): timelines are looked at where an answer came from. */
  readonly broker?: string | undefined
  /** A read that may be sent again elsewhere as long as no byte of its answer was handed over. */
  readonly repeatable: boolean
  /** The id by which the query can be cancelled while it runs. */
  readonly cancel: { readonly kind: 'sql' | 'native'; readonly id: string } | undefined
  /** A short question of Ovate's own to `broker`: takes no place from queries, waits for none, and is sent once. */
  readonly isOwn?: boolean | undefined
  /** Called with each Broker that it is given to, before its answer; it is sent when what is returned has resolved. */
  readonly givenTo?: ((broker: BrokerAddress) => Promise<void> | undefined) | undefined
}

export interface DruidAnswer {
  readonly broker: BrokerAddress
  /** Counts up when a Broker of the group runs with another startTime or version than any before. */
  readonly generation: number
  readonly status: number
  /** The words beside the status: Druid's servers have others than Node, and urllib shows them to people. */
  readonly reason: string
  /** Names and values in turn, hop-by-hop headers left out. */
  readonly headers: readonly string[]
  /** Ends when the answer ended on the wire; errors when the connection broke. Back-pressure reaches the socket. */
  readonly body: Readable
  /** After the body's end: its trailers, lower-case names. */
  trailers(): Readonly<Record<string, string>>
  /** When the request was written, by our clock, in ms. */
  readonly sentAtMs: number
}

export interface Druid {
  /**
   * Sends to a Broker of the group; resolves with the head once the first bytes of the body (or its end) are there, so
   * that a Broker lost before is replaced by another where `repeatable`. `signal` ends the wait and the body; when it
   * fires after sending and `cancel` is set, the query is cancelled by DELETE at the Broker that runs it.
   * @throws OvateError OVATE_NO_BROKER, OVATE_QUEUE_FULL, OVATE_BROKER_FAILED; the signal's reason when it fired.
   */
  send(request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer>
  /**
   * DELETE of a running query at the Broker that runs it, at all of the group when that isn't known.
   * Resolves with the status to give the caller: 202 if any Broker accepted, else 401/403 if any said so, else 404.
   */
  cancel(
    query: { readonly kind: 'sql' | 'native'; readonly id: string },
    headers: readonly string[],
    signal: AbortSignal,
  ): Promise<number>
  /** Whether a query of this name is at a Broker, or was given up and its cancel is on the way still. */
  isRunning(query: { readonly kind: 'sql' | 'native'; readonly id: string }): boolean
  brokers(): readonly BrokerStatus[]
  /** The group that requests without one go to. */
  readonly defaultService: string
  generation(service: string): number
}
