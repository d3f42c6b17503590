// Druid as the rest of Ovate sees it: Brokers from a source, one of them for each request, another when it fails.
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock } from '../clock.ts'
import { orAborted, withFirstOf } from '../abort.ts'
import { OvateError } from '../errors.ts'
import { Balancer, type Wanted } from './balancer.ts'
import { type Broker } from './broker.ts'
import { cancelAt, statusOfAll } from './cancel.ts'
import { type BrokerStatus, type Druid, type DruidAnswer, type DruidRequest } from './druid.ts'
import { type Exchange, type Head } from './exchange.ts'
import { type BrokerSource } from './broker-source.ts'
import { Fleet } from './fleet.ts'
import { DRUID_LIMITS, type DruidEvents, type DruidLimits, type DruidOptions } from './options.ts'
import { type QueryName, Running } from './running.ts'

/** A client that is looking for its Brokers already. @throws TypeError for options that make no sense. */
export function createDruid(options: DruidOptions): DruidClient {
  return new DruidClient(options)
}

/** Why an attempt failed, and what that allows. */
interface Failure {
  readonly error: Error
  readonly broker: Broker
  readonly started: boolean
}

interface Attempt {
  readonly broker: Broker
  readonly exchange: Exchange
}

/** How often a request is written: more would carry one that kills Brokers through all of them. */
const WRITTEN_MAX = 2
/** Before a DELETE that came too early is sent again; doubled each time. */
const CANCEL_PAUSE_MS = 50

export class DruidClient implements Druid {
  readonly defaultService: string
  readonly #limits: DruidLimits
  readonly #clock: Clock
  readonly #events: Partial<DruidEvents>
  readonly #source: BrokerSource
  readonly #fleet: Fleet
  readonly #balancer: Balancer
  readonly #running = new Running()
  readonly #background = new Set<Promise<void>>()

  constructor(options: DruidOptions) {
    this.defaultService = options.defaultService
    this.#limits = { ...DRUID_LIMITS, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#events = options.events ?? {}
    this.#source = options.source
    const { queueLength, noBrokerWaitMs } = this.#limits
    const onQueued = (service: string): void => this.#events.queued?.(service)
    this.#balancer = new Balancer({ queueLength, noBrokerWaitMs, onQueued })
    this.#fleet = new Fleet({
      limits: this.#limits,
      clock: this.#clock,
      events: this.#events,
      balancer: this.#balancer,
      tls: options.tls,
      authorization: options.authorization,
    })
    this.#source.start(
      (brokers) => this.#fleet.update(brokers),
      (error) => this.#events.sourceFailed?.(error),
    )
  }

  async send(request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer> {
    if (request.isOwn === true) return await this.#sendBeside(request, signal)
    // A DELETE ends all of an id, also what came after it was sent (observed on 33.0.0).
    const left = request.cancel && this.#running.left(request.cancel)
    if (left !== undefined) await orAborted(left, signal)
    const lost = new Map<Broker, number>()
    let avoid: Broker | undefined
    let written = 0
    for (;;) {
      const { service = this.defaultService, broker } = request
      const made = await this.#begin(request, { service, broker, avoid, lost }, signal)
      const outcome = await this.#headOf(made, request, signal)
      if (!('error' in outcome)) return this.#answer(made, outcome, request, signal)
      if (outcome.started) {
        avoid = outcome.broker
        written += 1
      } else lost.set(outcome.broker, outcome.broker.admissions)
      if (written === WRITTEN_MAX || !mayBeginAnew(request, outcome)) throw failedAt(outcome)
      this.#events.retried?.(outcome.broker.address, outcome.error)
    }
  }

  async cancel(query: QueryName, headers: readonly string[], signal: AbortSignal): Promise<number> {
    const all = this.#fleet.brokers().filter(({ state }) => state === 'ready' || state === 'draining')
    if (all.length === 0) throw new OvateError('OVATE_NO_BROKER', 'no Broker is ready')
    const known = this.#running.brokersOf(query)
    const found = await this.#cancelAtAll(known, query, headers, signal)
    if (found !== 404) return found
    const others = all.filter((broker) => !known.includes(broker))
    return this.#cancelAtAll(others, query, headers, signal)
  }

  isRunning(query: QueryName): boolean {
    return this.#running.brokersOf(query).length > 0
  }

  brokers(): readonly BrokerStatus[] {
    const now = this.#clock.now()
    return this.#fleet.brokers().map((broker) => broker.status(now))
  }

  generation(service: string): number {
    return this.#fleet.generation(service)
  }

  /** Ends discovery, probes and connections; requests that still run are cut. */
  async close(): Promise<void> {
    await this.#source.stop()
    // Each DELETE under way has a short deadline of its own.
    await Promise.all(this.#background)
    await this.#fleet.close()
    await Promise.all(this.#background)
  }

  async #sendBeside(request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer> {
    const ready = this.#fleet.brokers().filter(({ state }) => state === 'ready')
    const broker = ready.find(({ address }) => address.id === request.broker)
    if (broker === undefined) throw new OvateError('OVATE_NO_BROKER', `Broker ${request.broker} is not ready`)
    const made = { broker, exchange: broker.sendBeside(request) }
    const outcome = await this.#headOf(made, request, signal)
    if ('error' in outcome) throw failedAt(outcome)
    return this.#answer(made, outcome, request, signal)
  }

  #begin(request: DruidRequest, wanted: Wanted, signal: AbortSignal): Promise<Attempt> {
    return this.#balancer.withPlace(wanted, (broker) => this.#start(broker, request), signal)
  }

  #start(broker: Broker, request: DruidRequest): Attempt {
    const { cancel } = request
    if (cancel !== undefined) this.#running.add(cancel, broker)
    const exchange = broker.send(request, {
      restartable: request.repeatable,
      after: request.givenTo?.(broker.address),
      onDone: () => {
        if (cancel === undefined) return
        const owed = this.#running.remove(cancel, broker)
        if (owed !== undefined) this.#leave(cancel, this.#cancelOwed(broker, cancel, owed))
      },
    })
    return { broker, exchange }
  }

  async #headOf(made: Attempt, request: DruidRequest, signal: AbortSignal): Promise<Head | Failure> {
    const { broker, exchange } = made
    const begun = this.#clock.monotonic()
    try {
      const head = await orAborted(exchange.head, signal)
      broker.took(this.#clock.monotonic() - begun)
      broker.answered(head)
      return head
    } catch (error) {
      if (signal.aborted) {
        this.#abandon(made, request, signal.reason as Error)
        throw signal.reason
      }
      return failureOf(made, request, error as Error)
    }
  }

  #answer(made: Attempt, head: Head, request: DruidRequest, signal: AbortSignal): DruidAnswer {
    const { broker, exchange } = made
    const { body } = head
    const leave = (): void => {
      body.destroy(signal.reason as Error)
    }
    const stay = (): void => signal.removeEventListener('abort', leave)
    exchange.onAbandoned = () => this.#abandon(made, request, new OvateError('OVATE_CANCELLED', 'given up'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    body.once('close', stay)
    const { status, reason, headers, sentAtMs } = head
    const generation = this.generation(broker.address.service)
    return {
      broker: broker.address,
      generation,
      status,
      reason,
      headers,
      body,
      trailers: () => head.trailers(),
      sentAtMs,
    }
  }

  // Closing the connection stops nothing in Druid (observed on 33.0.0): the DELETE goes first, or comes with the last of its id.
  #abandon({ broker, exchange }: Attempt, { cancel, headers }: DruidRequest, reason: Error): void {
    exchange.giveUp()
    if (exchange.done) return
    const letGo = (): void => exchange.abort(reason)
    if (cancel === undefined || !exchange.started) return letGo()
    if (this.#running.runsSeveral(cancel, broker)) {
      this.#running.owes(cancel, broker, headers)
      return letGo()
    }
    // Whatever has come of the DELETE: the place is given back.
    this.#leave(cancel, this.#cancelAbandoned({ broker, exchange }, cancel, headers).then(letGo, letGo))
  }

  #leave(query: QueryName, work: Promise<void>): void {
    this.#running.leaves(query, work)
    this.#background.add(work)
    work.finally(() => this.#background.delete(work)).catch(() => undefined)
  }

  async #cancelOwed(broker: Broker, query: QueryName, headers: readonly string[]): Promise<void> {
    const bounds = { clock: this.#clock, timeoutMs: this.#limits.cancelTimeoutMs }
    const outcome = await cancelAt(broker, { query, headers }, bounds, this.#fleet.closing)
    this.#events.cancelled?.(broker.address, outcome)
  }

  // Druid knows a query by its id once it is planned (observed on 33.0.0): a DELETE that came too early comes again.
  async #cancelAbandoned(
    { broker, exchange }: Attempt,
    query: QueryName,
    headers: readonly string[],
  ): Promise<void> {
    const { closing } = this.#fleet
    await this.#oldEnough(exchange)
    if (exchange.done) return
    const endMs = this.#clock.monotonic() + this.#limits.cancelTimeoutMs
    let outcome: number | Error = 404
    for (let pauseMs = CANCEL_PAUSE_MS; ; pauseMs *= 2) {
      if (this.#running.runsSeveral(query, broker)) return this.#running.owes(query, broker, headers)
      this.#running.settles(query, broker)
      const timeoutMs = Math.max(1, endMs - this.#clock.monotonic())
      outcome = await cancelAt(broker, { query, headers }, { clock: this.#clock, timeoutMs }, closing)
      const tooEarly = outcome === 404 && !exchange.answered && !exchange.done
      if (!tooEarly || this.#clock.monotonic() + pauseMs >= endMs) break
      await pause(pauseMs, closing)
    }
    this.#events.cancelled?.(broker.address, outcome)
  }

  /** Waits until a query may be cancelled, or is answered. */
  async #oldEnough(exchange: Exchange): Promise<void> {
    const waitMs = exchange.sentAtMs + this.#limits.cancelAgeMs - this.#clock.now()
    if (exchange.answered || waitMs <= 0) return
    const enough = new AbortController()
    const aged = withFirstOf([enough.signal, this.#fleet.closing], (over) => pause(waitMs, over))
    await Promise.race([aged, exchange.head.catch(() => undefined)])
    enough.abort()
  }

  async #cancelAtAll(
    brokers: readonly Broker[],
    query: QueryName,
    headers: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const bounds = { clock: this.#clock, timeoutMs: this.#limits.cancelTimeoutMs }
    const outcomes = brokers.map((broker) =>
      cancelAt(broker, { query, headers }, bounds, AbortSignal.any([signal])),
    )
    const settled = await Promise.all(outcomes)
    signal.throwIfAborted()
    return statusOfAll(settled)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

/** What a failed attempt came to; its Broker is told where it may be the one that failed. */
function failureOf({ broker, exchange }: Attempt, request: DruidRequest, error: Error): Failure {
  const { started } = exchange
  // A server that refuses an upload closes while it still comes: the write fails, and the refusal may be lost.
  const mayBeRefused = started && !isWhole(request)
  if (isConnectionError(error) && !mayBeRefused) broker.failed(error.message, { error, begun: started })
  return { error, broker, started }
}

// What was never written may be sent wherever the body still is; a stream may have been read, or destroyed.
function mayBeginAnew(request: DruidRequest, { error, started }: Failure): boolean {
  const { repeatable, broker } = request
  return isWhole(request) && isConnectionError(error) && (started ? repeatable : broker === undefined)
}

/** Whether all of its body is here, rather than a stream that still comes. */
function isWhole({ body }: DruidRequest): boolean {
  return body === undefined || Buffer.isBuffer(body)
}

/** Whether the connection failed, and not the request itself: undici refuses what is no valid HTTP. */
function isConnectionError(error: Error & { code?: string }): boolean {
  return error.code !== 'UND_ERR_INVALID_ARG' && error.code !== 'UND_ERR_NOT_SUPPORTED'
}

function failedAt({ error, broker }: Failure): OvateError {
  if (!isConnectionError(error)) return new OvateError('OVATE_BAD_REQUEST', error.message, { cause: error })
  const text = `Broker ${broker.address.id} failed: ${error.message}`
  return new OvateError('OVATE_BROKER_FAILED', text, { cause: error })
}
