// The Brokers that Druid announces in ZooKeeper, read anew on each change and each new session.
import { type Clock } from '../clock.ts'
import { type AnnouncedBroker, parseBrokerNode } from './broker-node.ts'
import { type Coordination } from './coordination.ts'

export interface BrokerDiscoveryOptions {
  readonly coordination: Coordination
  /** Druid's `druid.zk.paths.base`. */
  readonly basePath: string
  readonly clock: Clock
  /** The whole list, sorted by id, whenever it is another than before. */
  readonly onBrokers: (brokers: readonly AnnouncedBroker[]) => void
  /** What could not be read; it is tried again, or belongs to one znode and hides no other. */
  readonly onError: (error: Error) => void
  /** Before a failed read is tried again, in ms. */
  readonly retryMs?: number | undefined
  /** How long the last Brokers are kept when the list becomes empty, in ms. */
  readonly emptyGraceMs?: number | undefined
}

const RETRY_MS = 1_000
/** After an outage of ZooKeeper all announcements expire at once, and come back as each Broker finds it again. */
const EMPTY_GRACE_MS = 60_000
const READS_AT_ONCE = 16

export class BrokerDiscovery {
  readonly #options: BrokerDiscoveryOptions
  readonly #path: string
  readonly #stop = new AbortController()
  readonly #reading: Promise<void>
  readonly #offState: () => void
  #dirty = true
  #wake: (() => void) | undefined
  #last: string | undefined
  #known = 0
  /** What can't be read, by name, at which version: it is told once. */
  #garbage = new Map<string, bigint>()
  #emptySinceMs: number | undefined

  /** Begins at once. */
  constructor(options: BrokerDiscoveryOptions) {
    this.#options = options
    this.#path = `${options.basePath.replace(/\/+$/, '')}/internal-discovery/BROKER`
    this.#offState = options.coordination.onState((state) => {
      if (state === 'connected') this.#changed()
    })
    this.#reading = this.#run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#offState()
    this.#stop.abort(new Error('stopped'))
    this.#wake?.()
    await this.#reading
  }

  // One function for all watches, so that they don't add up.
  readonly #changed = (): void => {
    this.#dirty = true
    this.#wake?.()
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#dirty && this.#options.coordination.state === 'connected') await this.#refresh(signal)
      else await this.#change()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.#dirty = false
    try {
      const brokers = await this.#read(signal)
      if (brokers.length === 0 && this.#known > 0) await this.#keepForNow(signal)
      else this.#tell(brokers)
    } catch (error) {
      if (signal.aborted) return
      this.#dirty = true
      this.#options.onError(error as Error)
      await this.#pause(this.#options.retryMs ?? RETRY_MS, signal)
    }
  }

  async #read(signal: AbortSignal): Promise<readonly AnnouncedBroker[]> {
    const { coordination } = this.#options
    const names = (await coordination.children(this.#path, this.#changed, signal)) ?? []
    this.#garbage = new Map([...this.#garbage].filter(([name]) => names.includes(name)))
    const brokers: AnnouncedBroker[] = []
    for (let at = 0; at < names.length; at += READS_AT_ONCE) {
      const some = names.slice(at, at + READS_AT_ONCE)
      const read = await Promise.all(some.map((name) => this.#readOne(name, signal)))
      brokers.push(...read.filter((broker) => broker !== undefined))
    }
    return brokers.toSorted((one, two) => (one.id < two.id ? -1 : 1))
  }

  async #readOne(name: string, signal: AbortSignal): Promise<AnnouncedBroker | undefined> {
    const znode = await this.#options.coordination.read(`${this.#path}/${name}`, this.#changed, signal)
    if (znode === undefined) return undefined
    try {
      return parseBrokerNode(znode.data)
    } catch (error) {
      if (this.#garbage.get(name) !== znode.mzxid) {
        this.#options.onError(new Error(`znode ${name}: ${(error as Error).message}`, { cause: error }))
      }
      this.#garbage.set(name, znode.mzxid)
      return undefined
    }
  }

  async #keepForNow(signal: AbortSignal): Promise<void> {
    const { clock, emptyGraceMs = EMPTY_GRACE_MS } = this.#options
    const now = clock.monotonic()
    this.#emptySinceMs ??= now
    const left = this.#emptySinceMs + emptyGraceMs - now
    if (left <= 0) this.#tell([])
    else {
      this.#dirty = true
      await this.#pause(Math.min(left, this.#options.retryMs ?? RETRY_MS), signal)
    }
  }

  #tell(brokers: readonly AnnouncedBroker[]): void {
    this.#emptySinceMs = undefined
    this.#known = brokers.length
    const text = JSON.stringify(brokers)
    if (text === this.#last) return
    this.#last = text
    this.#options.onBrokers(brokers)
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(ms, signal).catch(() => undefined)
  }
}
