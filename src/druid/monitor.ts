// Watches one Broker: readiness before it is used, health while it is.
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock } from '../clock.ts'
import { type Broker } from './broker.ts'
import { type DruidLimits } from './options.ts'
import { ask, NoAnswer, type Reply } from './probe.ts'

export interface MonitorOptions {
  readonly limits: DruidLimits
  readonly clock: Clock
  readonly authorization: string | undefined
}

/** 200 when a Broker can answer queries, 503 before (`BrokerResource`, 33.0.0); needs no rights. */
const READINESS = '/druid/broker/v1/readiness'
/** A Router has no readiness (observed on 33.0.0: 404); this needs no rights either. */
const HEALTH = '/status/health'
const STATUS = '/status'
const PROBE_MAX_BYTES = 65_536
/** `/status` lists all modules. */
const STATUS_MAX_BYTES = 1_048_576

export class Monitor {
  readonly #broker: Broker
  readonly #options: MonitorOptions
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #path: string
  #silent = 0

  constructor(broker: Broker, options: MonitorOptions) {
    this.#broker = broker
    this.#options = options
    this.#path = broker.address.readiness ?? READINESS
    this.#running = this.#run(this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#probe(signal)
      await delay(this.#pauseMs(), undefined, { signal, ref: false })
    }
  }

  #pauseMs(): number {
    const { probeIntervalMs, readinessIntervalMs } = this.#options.limits
    return this.#broker.state === 'ready' ? probeIntervalMs : readinessIntervalMs
  }

  async #probe(signal: AbortSignal): Promise<void> {
    try {
      const reply = await this.#ask(this.#path, this.#broker.probes, PROBE_MAX_BYTES, signal)
      this.#silent = 0
      this.#broker.answered(reply)
      if (reply.status === 404 && this.#path === READINESS) this.#path = HEALTH
      else if (reply.status === 200) await this.#well(signal)
      else this.#unwell(`${this.#path} says ${reply.status}`)
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      this.#unanswered(error)
      this.#broker.probed(error.message)
    }
  }

  async #well(signal: AbortSignal): Promise<void> {
    this.#broker.probed(undefined)
    await this.#admit(signal)
  }

  #unwell(why: string): void {
    this.#broker.eject(why)
    this.#broker.probed(why)
  }

  #unanswered(error: NoAnswer): void {
    const { kind, message } = error
    if (kind === 'refused') {
      this.#broker.failed(`health probe: ${message}`, { error, begun: false })
      return
    }
    this.#silent += 1
    if (this.#silent >= this.#options.limits.probeFailures) this.#broker.froze()
  }

  async #admit(signal: AbortSignal): Promise<void> {
    if (!this.#broker.needsAdmission) return
    this.#broker.admit(this.#broker.address.version ?? (await this.#version(signal)))
  }

  // It needs rights that Ovate may not have; what isn't known doesn't tell runs apart.
  async #version(signal: AbortSignal): Promise<string | undefined> {
    try {
      const { status, body } = await this.#ask(STATUS, this.#broker.control, STATUS_MAX_BYTES, signal)
      return status === 200 ? versionIn(body) : undefined
    } catch (error) {
      if (signal.aborted) throw error
      return undefined
    }
  }

  #ask(path: string, by: Broker['probes'], maxBytes: number, signal: AbortSignal): Promise<Reply> {
    const { authorization, clock, limits } = this.#options
    const headers = authorization === undefined ? [] : ['Authorization', authorization]
    const bounds = { clock, timeoutMs: limits.probeTimeoutMs, maxBytes }
    return ask(by, { method: 'GET', path, headers, body: undefined }, bounds, signal)
  }
}

function versionIn(body: Buffer): string | undefined {
  const status = JSON.parse(body.toString()) as unknown
  if (typeof status !== 'object' || status === null || !('version' in status)) return undefined
  return typeof status.version === 'string' ? status.version : undefined
}
