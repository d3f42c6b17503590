// All Brokers that the source knows: they come, are watched, and go; how many runs of them there were.
import { setMaxListeners } from 'node:events'
import { type Clock } from '../clock.ts'
import { type Balancer } from './balancer.ts'
import { Broker } from './broker.ts'
import { type BrokerAddress } from './druid.ts'
import { Monitor } from './monitor.ts'
import { type DruidEvents, type DruidLimits, type DruidTls } from './options.ts'

export interface FleetOptions {
  readonly limits: DruidLimits
  readonly clock: Clock
  readonly events: Partial<DruidEvents>
  readonly balancer: Balancer
  readonly tls: (() => DruidTls) | undefined
  readonly authorization: string | undefined
}

interface Member {
  readonly broker: Broker
  readonly monitor: Monitor
}

/** Runs that are remembered; one forgotten counts as new again, which costs a cache and no truth. */
const RUNS_MAX = 1_000

export class Fleet {
  readonly #options: FleetOptions
  readonly #members = new Map<string, Member>()
  readonly #leaving = new Map<Broker, Promise<void>>()
  readonly #runs = new Set<string>()
  readonly #generations = new Map<string, number>()
  readonly #close = new AbortController()

  constructor(options: FleetOptions) {
    this.#options = options
    // Every DELETE under way listens to it: as many as there are requests.
    setMaxListeners(0, this.#close.signal)
  }

  /** Fires when `close` is called. */
  get closing(): AbortSignal {
    return this.#close.signal
  }

  /** Takes in new Brokers and lets go of those that are gone. One that runs anew at the same address is both. */
  update(addresses: readonly BrokerAddress[]): void {
    if (this.closing.aborted) return
    const wanted = new Map(addresses.map((address) => [JSON.stringify(address), address]))
    for (const [key, member] of this.#members) {
      if (!wanted.has(key)) this.#leave(key, member)
    }
    for (const [key, address] of wanted) {
      if (!this.#members.has(key)) this.#members.set(key, this.#join(address))
    }
  }

  /** All Brokers, those that drain too. */
  brokers(): readonly Broker[] {
    return [...[...this.#members.values()].map(({ broker }) => broker), ...this.#leaving.keys()]
  }

  generation(service: string): number {
    return this.#generations.get(service) ?? 0
  }

  async close(): Promise<void> {
    this.#close.abort(new Error('closing'))
    const members = [...this.#members.values()]
    this.#members.clear()
    const leaving = [...this.#leaving]
    await Promise.all(leaving.map(([broker]) => broker.destroy()))
    await Promise.all(leaving.map(([, left]) => left))
    await Promise.all(
      members.map(async ({ broker, monitor }) => {
        await monitor.stop()
        await broker.destroy()
        this.#options.balancer.remove(broker)
      }),
    )
  }

  #join(address: BrokerAddress): Member {
    const { limits, clock, events, balancer, tls, authorization } = this.#options
    const broker = new Broker(address, {
      limits,
      tls,
      clock,
      listener: {
        freed: () => balancer.freed(address.service),
        ready: () => this.#ready(broker),
        ejected: (reason) => {
          events.ejected?.(address, reason)
          balancer.changed(address.service)
        },
        probeFailed: (cause) => events.probeFailed?.(address, cause),
        isElsewhere: () => balancer.anyReady(address.service),
      },
    })
    balancer.add(broker)
    return { broker, monitor: new Monitor(broker, { limits, clock, authorization }) }
  }

  #leave(key: string, { broker, monitor }: Member): void {
    this.#members.delete(key)
    this.#options.events.draining?.(broker.address)
    const left = this.#drain(broker, monitor)
    this.#leaving.set(broker, left)
  }

  // Probes go on while it drains: one that freezes then must not hold requests that another could answer.
  async #drain(broker: Broker, monitor: Monitor): Promise<void> {
    const drained = broker.drain()
    this.#options.balancer.remove(broker)
    await drained
    await monitor.stop()
    await broker.destroy()
    this.#leaving.delete(broker)
  }

  #ready(broker: Broker): void {
    const { service } = broker.address
    const run = `${service}\n${broker.run}`
    if (!this.#runs.has(run)) this.#generations.set(service, this.generation(service) + 1)
    this.#runs.delete(run)
    this.#runs.add(run)
    const [oldest] = this.#runs
    if (this.#runs.size > RUNS_MAX && oldest !== undefined) this.#runs.delete(oldest)
    this.#options.events.ready?.(broker.address)
    this.#options.balancer.changed(service)
  }
}
