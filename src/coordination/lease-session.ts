// What leases hang on: one session of ZooKeeper, and how long it is sure to live.
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { type Containers } from './containers.ts'
import { type Coordination } from './coordination.ts'

export interface LeaseSessionOptions {
  readonly coordination: Coordination
  readonly containers: Containers
  readonly clock: Clock
  /** `<base>/leases`. */
  readonly root: string
  readonly sessionTimeoutMs: number
}

/**
 * A session that the leader has just confirmed lives on for at least two thirds of its timeout less half a tick, since the
 * client is heard of every third, and the leader learns of it every half tick. A session lasts two ticks or more.
 */
const SURE_SHARE = 0.5
const EMPTY = Buffer.alloc(0)

export class LeaseSession {
  /** Tells this session from all others: it stands in the names of its znodes. */
  readonly id = randomBytes(8).toString('hex')
  readonly #options: LeaseSessionOptions
  readonly #over = new AbortController()
  #marked: Promise<void> | undefined
  #made = 0
  /** When the last request was sent whose answer came by the leader, on the clock's monotonic scale. */
  #provenMs = Number.NEGATIVE_INFINITY

  constructor(options: LeaseSessionOptions) {
    this.#options = options
    // Whatever is done beside the road listens to it.
    setMaxListeners(0, this.#over.signal)
  }

  /** Fires when the session is lost. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Whether the leader can't have given the session up. By a clock: a process that stood still knows when it wakes up. */
  get isSure(): boolean {
    const { coordination, sessionTimeoutMs } = this.#options
    return coordination.state === 'connected' && this.unprovenMs < sessionTimeoutMs * SURE_SHARE
  }

  get unprovenMs(): number {
    return this.#options.clock.monotonic() - this.#provenMs
  }

  end(reason: Error): void {
    this.#over.abort(reason)
  }

  /** What no other znode's name begins with. */
  nextId(key: string): string {
    this.#made += 1
    return `${key}-${this.id}-${this.#made}_`
  }

  /** A request that was sent at this time was answered by way of the leader. */
  provenAt(sentMs: number): void {
    if (sentMs > this.#provenMs) this.#provenMs = sentMs
  }

  /** Asks the leader. @throws OvateError OVATE_ZOOKEEPER, the signal's reason. */
  async prove(signal: AbortSignal): Promise<void> {
    const sentMs = this.#options.clock.monotonic()
    await this.#options.coordination.sync(this.#options.root, signal)
    this.provenAt(sentMs)
  }

  /**
   * An ephemeral znode that ZooKeeper removes in one transaction with the session's others: where it is gone, leases of
   * the session were not released but left behind. @throws OvateError OVATE_ZOOKEEPER, the signal's reason.
   */
  async mark(signal: AbortSignal): Promise<void> {
    this.#marked ??= this.#mark().catch((error: unknown) => {
      this.#marked = undefined
      throw error
    })
    await orAborted(this.#marked, signal)
  }

  /** Whether the session that made a znode is over. @throws OvateError OVATE_ZOOKEEPER, the signal's reason. */
  async hasEnded(name: string, signal: AbortSignal): Promise<boolean> {
    const [, id = ''] = name.split('-')
    if (id === this.id) return false
    return !(await this.#options.coordination.exists(this.#markOf(id), undefined, signal))
  }

  // Many may wait for it: it ends with the session, not with any of them.
  async #mark(): Promise<void> {
    const { coordination, containers, root } = this.#options
    const { signal } = this.#over
    const path = this.#markOf(this.id)
    await containers.make(`${root}/sessions`, signal)
    signal.throwIfAborted()
    const created = await coordination.create(path, EMPTY, 'ephemeral', signal)
    if (created.kind === 'no-parent')
      throw new OvateError('OVATE_ZOOKEEPER', `${path}: its folder is gone again`)
  }

  #markOf(id: string): string {
    return `${this.#options.root}/sessions/${id}`
  }
}
