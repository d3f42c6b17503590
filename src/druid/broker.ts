// One Broker: its connections, its state, how busy and how fast it is.
import { Client, Pool, type Dispatcher } from 'undici'
import { type Clock } from '../clock.ts'
import { ClockEstimate } from './clock-offset.ts'
import { connectorOf } from './connector.ts'
import { type BrokerAddress, type BrokerState, type BrokerStatus } from './druid.ts'
import { dispatch, Exchange, type ExchangeRequest, type Head } from './exchange.ts'
import { isRefusal } from './refusal.ts'
import { type DruidLimits, type DruidTls } from './options.ts'
import { firstHeader } from './wire-headers.ts'

/** What the Broker tells its owner: a place came free, or its state changed. */
interface BrokerListener {
  readonly freed: () => void
  readonly ready: () => void
  readonly ejected: (reason: string) => void
  /** Why it isn't ready, where that is new. */
  readonly probeFailed: (cause: string) => void
  /** Whether another Broker of the group is ready. */
  readonly isElsewhere: () => boolean
}

export interface BrokerOptions {
  readonly limits: DruidLimits
  readonly tls: (() => DruidTls) | undefined
  readonly clock: Clock
  readonly listener: BrokerListener
}

/** The weight of a new answer in the average of latencies. */
const LATENCY_WEIGHT = 0.2
/** So many causes are told until it is well again: some come by turns, and some are new each time. */
const TOLD_MAX = 10
const CONTROL_CONNECTIONS = 8
const OWN_CONNECTIONS = 8

/** A Broker that stopped answering; its requests may be begun anew elsewhere. */
class BrokerFrozen extends Error {
  constructor(id: string) {
    super(`Broker ${id} does not answer its health probes`)
  }
}

export class Broker {
  readonly address: BrokerAddress
  /** For health probes only. */
  readonly probes: Dispatcher
  /** For cancels and status, so that they never wait for queries. */
  readonly control: Dispatcher
  readonly #pool: Dispatcher
  /** For questions of Ovate's own, which queries may wait for. */
  readonly #own: Dispatcher
  readonly #options: BrokerOptions
  readonly #clockEstimate = new ClockEstimate()
  readonly #restartable = new Set<Exchange>()
  #state: BrokerState = 'probing'
  #outstanding = 0
  #latencyMs = 0
  #failures = 0
  #readyAtMs = Number.NEGATIVE_INFINITY
  #wasEjected = false
  #comebacks = 0
  #admissions = 0
  #unreachable = false
  #refuses = false
  #heardAtMs: number
  #version: string | undefined
  #probeFailure: string | undefined
  readonly #told = new Set<string>()
  #idle: (() => void) | undefined

  constructor(address: BrokerAddress, options: BrokerOptions) {
    const { limits, tls } = options
    this.address = address
    this.#options = options
    this.#heardAtMs = options.clock.monotonic()
    const common = {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.maxHeaderBytes,
      connect: connectorOf(tls, limits.connectTimeoutMs),
    }
    this.#pool = new Pool(address.url, { ...common, connections: limits.brokerConcurrency })
    this.#own = new Pool(address.url, { ...common, connections: OWN_CONNECTIONS })
    this.control = new Pool(address.url, { ...common, connections: CONTROL_CONNECTIONS })
    this.probes = new Client(address.url, common)
  }

  get state(): BrokerState {
    return this.#state
  }

  get outstanding(): number {
    return this.#outstanding
  }

  get latencyMs(): number {
    return this.#latencyMs
  }

  /** How often it was taken into use. */
  get admissions(): number {
    return this.#admissions
  }

  /** Whether a good probe changes anything. */
  get needsAdmission(): boolean {
    return (
      this.#state === 'probing' || this.#state === 'ejected' || (this.#state === 'ready' && this.#unreachable)
    )
  }

  /** What tells this run of the Broker from others; one that was gone for a while may be another. */
  get run(): string {
    const { id, startTime, version } = this.address
    return [id, startTime ?? `comeback ${this.#comebacks}`, version ?? this.#version ?? ''].join('\n')
  }

  /** Places that are free now; a Broker that came back gets its full number by and by. */
  get free(): number {
    if (this.#state !== 'ready') return 0
    return this.#allowed() - this.#outstanding
  }

  status(nowMs: number): BrokerStatus {
    return {
      ...this.address,
      version: this.address.version ?? this.#version,
      state: this.#state,
      probeFailure: this.#probeFailure,
      refuses: this.#refuses,
      silentMs: this.#options.clock.monotonic() - this.#heardAtMs,
      outstanding: this.#outstanding,
      latencyMs: this.#latencyMs,
      clock: this.#clockEstimate.at(nowMs),
    }
  }

  /**
   * Takes a place; it is given back when the exchange is done. `restartable`: it may be begun anew elsewhere. `after`: it
   * is written when this has resolved.
   */
  send(
    request: ExchangeRequest,
    {
      restartable,
      after,
      onDone,
    }: {
      readonly restartable: boolean
      readonly after: Promise<void> | undefined
      readonly onDone: () => void
    },
  ): Exchange {
    this.#outstanding += 1
    const exchange: Exchange = new Exchange(this.#options.clock, () => {
      onDone()
      this.#done(exchange)
    })
    if (restartable) this.#restartable.add(exchange)
    const write = (): void => {
      if (!exchange.done) dispatch(this.#pool, request, exchange)
    }
    if (after === undefined) write()
    else after.then(write, write)
    return exchange
  }

  /** Beside all queries. */
  sendBeside(request: ExchangeRequest): Exchange {
    const exchange = new Exchange(this.#options.clock, () => undefined)
    dispatch(this.#own, request, exchange)
    return exchange
  }

  /** A head came: it lives. */
  answered({ headers, sentAtMs, headAtMs }: Pick<Head, 'headers' | 'sentAtMs' | 'headAtMs'>): void {
    this.#failures = 0
    this.#refuses = false
    this.#heardAtMs = this.#options.clock.monotonic()
    this.#clockEstimate.observe(firstHeader(headers, 'date'), sentAtMs, headAtMs)
  }

  took(ms: number): void {
    this.#latencyMs += (ms - this.#latencyMs) * (this.#latencyMs === 0 ? 1 : LATENCY_WEIGHT)
  }

  /** A connection failed. `begun`: there was one; else another run may follow. */
  failed(reason: string, { error, begun }: { readonly error: unknown; readonly begun: boolean }): void {
    this.#failures += 1
    if (!begun) {
      this.#unreachable = true
      this.#refuses = isRefusal(error)
    }
    if (this.#failures >= this.#options.limits.connectFailures) this.eject(reason)
  }

  /** What the last probe failed by; undefined: it was answered well. */
  probed(failure: string | undefined): void {
    this.#probeFailure = failure
    if (failure === undefined) this.#told.clear()
    else if (this.#state === 'probing' || this.#state === 'ejected') this.#tell(failure)
  }

  /** Ready for queries; `version` where it told one. */
  admit(version: string | undefined): void {
    if (this.#state === 'draining') return
    const comeback = this.#unreachable
    if (this.#state === 'ready' && !comeback) return
    if (comeback) this.#comebacks += 1
    this.#admissions += 1
    this.#unreachable = false
    this.#failures = 0
    // A look that failed says nothing of another run.
    this.#version = version ?? this.#version
    if (this.#state !== 'ready') {
      this.#readyAtMs = this.#wasEjected ? this.#options.clock.monotonic() : Number.NEGATIVE_INFINITY
    }
    this.#state = 'ready'
    this.#options.listener.ready()
  }

  eject(reason: string): void {
    if (this.#state !== 'ready') return
    this.#state = 'ejected'
    this.#wasEjected = true
    this.#options.listener.ejected(reason)
  }

  /**
   * It answers no probe: out of use, and what may be begun anew elsewhere is given free at once. Where there is no
   * elsewhere that waits, since it may wake up; the next probe without an answer asks again.
   */
  froze(): void {
    this.#unreachable = true
    const frozen = new BrokerFrozen(this.address.id)
    this.eject(frozen.message)
    if (!this.#options.listener.isElsewhere()) return
    const waiting = [...this.#restartable].filter(({ handedOver }) => !handedOver)
    for (const exchange of waiting) exchange.abort(frozen)
  }

  /** No new requests; resolves when the running ones ended. */
  async drain(): Promise<void> {
    this.#state = 'draining'
    if (this.#outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
  }

  async destroy(): Promise<void> {
    this.#state = 'draining'
    await Promise.all([
      this.#pool.destroy(),
      this.#own.destroy(),
      this.control.destroy(),
      this.probes.destroy(),
    ])
  }

  #tell(failure: string): void {
    if (this.#told.has(failure) || this.#told.size >= TOLD_MAX) return
    this.#told.add(failure)
    this.#options.listener.probeFailed(failure)
  }

  #allowed(): number {
    const { brokerConcurrency, rampMs } = this.#options.limits
    const since = this.#options.clock.monotonic() - this.#readyAtMs
    return Math.max(1, Math.floor(brokerConcurrency * Math.min(1, since / rampMs)))
  }

  #done(exchange: Exchange): void {
    this.#outstanding -= 1
    this.#restartable.delete(exchange)
    if (this.#outstanding === 0) this.#idle?.()
    this.#options.listener.freed()
  }
}
