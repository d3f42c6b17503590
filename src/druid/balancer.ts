// Which Broker gets a request, and who waits for a place: least outstanding of two, in order of arrival.
import { OvateError } from '../errors.ts'
import { type Broker } from './broker.ts'

export interface Wanted {
  readonly service: string
  /** Only this Broker, by id. */
  readonly broker: string | undefined
  /** Taken only when no other is ready: a request failed there already. */
  readonly avoid: Broker | undefined
  /** Brokers that took no connection, by how often each had been admitted then: not taken before it is again. */
  readonly lost: ReadonlyMap<Broker, number>
}

export interface BalancerOptions {
  readonly queueLength: number
  readonly noBrokerWaitMs: number
  readonly onQueued: (service: string) => void
}

interface Waiter {
  readonly wanted: Wanted
  readonly place: (broker: Broker) => void
  readonly refuse: (error: unknown) => void
  noBrokerTimer: NodeJS.Timeout | undefined
}

export class Balancer {
  readonly #options: BalancerOptions
  readonly #brokers = new Map<string, Set<Broker>>()
  // A service that no Broker has gets a queue for as long as its requests wait, which is noBrokerWaitMs at most.
  readonly #queues = new Map<string, Waiter[]>()

  constructor(options: BalancerOptions) {
    this.#options = options
  }

  add(broker: Broker): void {
    const { service } = broker.address
    const group = this.#brokers.get(service) ?? new Set()
    this.#brokers.set(service, group.add(broker))
  }

  remove(broker: Broker): void {
    const { service } = broker.address
    const group = this.#brokers.get(service)
    group?.delete(broker)
    if (group?.size === 0) this.#brokers.delete(service)
    this.changed(service)
  }

  /**
   * Gives `use` a Broker with a free place, which it takes before it returns; what it returns is returned.
   * @throws OvateError OVATE_QUEUE_FULL, OVATE_NO_BROKER; the signal's reason.
   */
  async withPlace<Value>(
    wanted: Wanted,
    use: (broker: Broker) => Value,
    signal: AbortSignal,
  ): Promise<Value> {
    signal.throwIfAborted()
    // Those who came before go first; whoever can't have any of the free places is no reason to wait.
    this.freed(wanted.service)
    const broker = this.#choose(wanted)
    return broker === undefined ? this.#wait(wanted, use, signal) : use(broker)
  }

  /** Whether any Broker of a group may get requests. */
  anyReady(service: string): boolean {
    return [...(this.#brokers.get(service) ?? [])].some(({ state }) => state === 'ready')
  }

  /** The state of a Broker changed: for each who waits, all is to be seen anew. */
  changed(service: string): void {
    for (const waiter of this.#queues.get(service)?.slice() ?? []) this.#serve(waiter)
  }

  /** A place came free, or may have. */
  freed(service: string): void {
    for (const waiter of this.#queues.get(service)?.slice() ?? []) {
      if (!this.#anyFree(service)) return
      this.#serve(waiter)
    }
  }

  #serve(waiter: Waiter): void {
    const broker = this.#choose(waiter.wanted)
    if (broker !== undefined) waiter.place(broker)
    else if (this.#ready(waiter.wanted).length === 0) this.#armNoBroker(waiter)
  }

  #anyFree(service: string): boolean {
    return [...(this.#brokers.get(service) ?? [])].some(({ free }) => free > 0)
  }

  #wait<Value>(wanted: Wanted, use: (broker: Broker) => Value, signal: AbortSignal): Promise<Value> {
    const { service } = wanted
    const queue = this.#queues.get(service) ?? []
    if (queue.length >= this.#options.queueLength) {
      const error =
        this.#ready(wanted).length === 0
          ? noBroker(wanted)
          : new OvateError(
              'OVATE_QUEUE_FULL',
              `${queue.length} requests wait for a Broker of ${service} already`,
            )
      return Promise.reject(error)
    }
    this.#queues.set(service, queue)
    this.#options.onQueued(service)
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(waiter.noBrokerTimer)
        signal.removeEventListener('abort', onAbort)
        this.#leave(service, waiter)
      }
      const onAbort = (): void => waiter.refuse(signal.reason)
      const waiter: Waiter = {
        wanted,
        place: (broker) => {
          leave()
          try {
            resolve(use(broker))
          } catch (error) {
            reject(error as Error)
          }
        },
        refuse: (error) => {
          leave()
          reject(error as Error)
        },
        noBrokerTimer: undefined,
      }
      signal.addEventListener('abort', onAbort)
      queue.push(waiter)
      if (this.#ready(wanted).length === 0) this.#armNoBroker(waiter)
    })
  }

  #leave(service: string, waiter: Waiter): void {
    const queue = this.#queues.get(service)
    const at = queue?.indexOf(waiter) ?? -1
    if (at >= 0) queue?.splice(at, 1)
    if (queue?.length === 0) this.#queues.delete(service)
  }

  #armNoBroker(waiter: Waiter): void {
    if (waiter.noBrokerTimer !== undefined) return
    waiter.noBrokerTimer = setTimeout(() => {
      waiter.noBrokerTimer = undefined
      if (this.#ready(waiter.wanted).length > 0) return
      waiter.refuse(noBroker(waiter.wanted))
    }, this.#options.noBrokerWaitMs)
  }

  #ready({ service, broker: id, lost }: Wanted): Broker[] {
    const group = [...(this.#brokers.get(service) ?? [])].filter(({ state }) => state === 'ready')
    return group.filter(
      (broker) => (id === undefined || broker.address.id === id) && lost.get(broker) !== broker.admissions,
    )
  }

  #choose(wanted: Wanted): Broker | undefined {
    const ready = this.#ready(wanted)
    const others = ready.filter((broker) => broker !== wanted.avoid)
    const free = (others.length > 0 ? others : ready).filter((broker) => broker.free > 0)
    const first = takeRandom(free)
    const second = takeRandom(free)
    return first === undefined || second === undefined ? first : better(first, second)
  }
}

function noBroker({ service, broker }: Wanted): OvateError {
  const text = broker === undefined ? `no Broker of ${service} is ready` : `Broker ${broker} is not ready`
  return new OvateError('OVATE_NO_BROKER', text)
}

/** Power of two choices (Mitzenmacher 1996): the less busy of two drawn at random; on a tie the faster one. */
function better(one: Broker, two: Broker): Broker {
  if (one.outstanding !== two.outstanding) return one.outstanding < two.outstanding ? one : two
  return one.latencyMs <= two.latencyMs ? one : two
}

function takeRandom(brokers: Broker[]): Broker | undefined {
  const [taken] = brokers.splice(Math.floor(Math.random() * brokers.length), 1)
  return taken
}
