// What a Druid client is made with: limits with their defaults, and what it tells while it works.
import { type Clock } from '../clock.ts'
import { type BrokerAddress } from './druid.ts'
import { type BrokerSource } from './broker-source.ts'

/** All in milliseconds unless the name says otherwise. */
export interface DruidLimits {
  /** Requests that one Broker works on at once, and so its connections. */
  readonly brokerConcurrency: number
  /** Requests of one service group that may wait for a free place. */
  readonly queueLength: number
  /** How long a request waits while no Broker of its group is ready. */
  readonly noBrokerWaitMs: number
  /** To open a TCP and TLS connection. */
  readonly connectTimeoutMs: number
  /** An idle connection is closed after this; Jetty's own limit is five minutes. */
  readonly keepAliveMs: number
  /** Between two health probes of a ready Broker. */
  readonly probeIntervalMs: number
  readonly probeTimeoutMs: number
  /** So many probes in a row without an answer: frozen. */
  readonly probeFailures: number
  /** So many connections in a row that failed: ejected. */
  readonly connectFailures: number
  /** Between two readiness checks of a Broker that is not in use. */
  readonly readinessIntervalMs: number
  /** A Broker that returns gets its full share of requests after this. */
  readonly rampMs: number
  /**
   * An abandoned query without an answer is cancelled no sooner than this after it was sent. Druid (33.0.0) loses a cancel
   * that comes while it begins a query: it says 202 and runs on (8 of 120, cancelled within 20 ms).
   */
  readonly cancelAgeMs: number
  /** For the DELETE of an abandoned query. */
  readonly cancelTimeoutMs: number
  /** Bytes of an answer's head: `X-Druid-Response-Context` may be long. */
  readonly maxHeaderBytes: number
}

export const DRUID_LIMITS: DruidLimits = {
  brokerConcurrency: 100,
  queueLength: 1_000,
  noBrokerWaitMs: 800,
  connectTimeoutMs: 2_000,
  keepAliveMs: 60_000,
  probeIntervalMs: 1_000,
  probeTimeoutMs: 1_000,
  probeFailures: 3,
  connectFailures: 2,
  readinessIntervalMs: 250,
  rampMs: 10_000,
  cancelAgeMs: 500,
  cancelTimeoutMs: 5_000,
  maxHeaderBytes: 65_536,
}

/** TLS towards Brokers, each as PEM text or bytes. */
export interface DruidTls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  /** False accepts any certificate: for trials only. Default true. */
  readonly rejectUnauthorized?: boolean
}

/** What happens inside, for logs and metrics; a listener that throws is a bug of the listener. */
export interface DruidEvents {
  readonly ready: (broker: BrokerAddress) => void
  readonly ejected: (broker: BrokerAddress, reason: string) => void
  /** Why one that isn't in use isn't ready; each cause once until it is well. */
  readonly probeFailed: (broker: BrokerAddress, cause: string) => void
  readonly draining: (broker: BrokerAddress) => void
  /** A request is begun anew on another Broker. */
  readonly retried: (broker: BrokerAddress, cause: Error) => void
  readonly queued: (service: string) => void
  /** The DELETE of an abandoned query was answered with this status, or failed. */
  readonly cancelled: (broker: BrokerAddress, outcome: number | Error) => void
  readonly sourceFailed: (error: Error) => void
}

export interface DruidOptions {
  /** Where Brokers come from: `fixedSource`, `bootstrapSource`, `discoverySource`; the client starts and stops it. */
  readonly source: BrokerSource
  /** The service group of requests that name none, e.g. `druid/broker`. */
  readonly defaultService: string
  /** Ovate's own `Authorization`, for readiness, status and discovery; never part of a client's request. */
  readonly authorization?: string | undefined
  /** Asked for each connection: what it tells may be new then. */
  readonly tls?: (() => DruidTls) | undefined
  readonly limits?: Partial<DruidLimits> | undefined
  readonly clock?: Clock | undefined
  readonly events?: Partial<DruidEvents> | undefined
}
