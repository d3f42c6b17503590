// The replicas of one Ovate: each has an ephemeral znode of its own, and sees those of the others.
import { type Clock } from '../clock.ts'
import { type Coordination, type Znode } from './coordination.ts'
import { type OwnZnodes } from './own-znodes.ts'
import { WatchedFolder } from './watched-folder.ts'

export interface Replica {
  readonly id: string
  readonly version: string
  /** Where others find it. */
  readonly address: string
  /** ISO 8601. */
  readonly startedAt: string
}

export interface MembershipOptions {
  readonly coordination: Coordination
  readonly znodes: OwnZnodes
  readonly clock: Clock
  /** This process; its id is its own among all that ever were. */
  readonly self: Replica
  /** What failed; it is tried again. */
  readonly onError: (error: Error) => void
  /** Before what failed is tried again, in ms. */
  readonly retryMs?: number | undefined
}

const REPLICAS_MAX = 1_000
const DATA_MAX_BYTES = 4_096
const RETRY_MS = 500
const LEAVE_MS = 1_000

export class Membership {
  readonly #options: MembershipOptions
  readonly #folderPath: string
  readonly #folder: WatchedFolder
  readonly #stop = new AbortController()
  #replicas: readonly Replica[] = []
  #registering: Promise<void> | undefined

  /** Registers as soon as there is a session, and in each session after that. */
  constructor(options: MembershipOptions) {
    this.#options = options
    this.#folderPath = `${options.znodes.root}/replicas`
    this.#folder = new WatchedFolder({
      coordination: options.coordination,
      path: this.#folderPath,
      clock: options.clock,
      namesMax: REPLICAS_MAX,
      onNodes: (nodes) => this.#seen(nodes),
      onError: options.onError,
      retryMs: options.retryMs,
    })
  }

  /** Those that were registered when they were last looked at, by id. */
  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  /** How many work together at this moment: 1 while ZooKeeper can't be reached, since then each is on its own. */
  liveReplicas(): number {
    return this.#options.coordination.state === 'connected' ? Math.max(1, this.#replicas.length) : 1
  }

  /** Takes its znode away where it can; it goes with the session, at the latest. */
  async stop(): Promise<void> {
    const { coordination, self } = this.#options
    this.#stop.abort(new Error('stopped'))
    await this.#folder.stop()
    await this.#registering
    if (coordination.state !== 'connected') return
    const leaving = AbortSignal.timeout(LEAVE_MS)
    await coordination.delete(`${this.#folderPath}/${self.id}`, undefined, leaving).catch(() => undefined)
  }

  // A znode of this name may be one of the session before, which goes later than the session that made it: so it is looked
  // for again whenever the folder has changed, and made when it isn't there. It is found by its name where the answer of
  // its creation was lost, so there are never two.
  #seen(nodes: ReadonlyMap<string, Znode>): void {
    this.#replicas = [...nodes.values()]
      .map(({ data }) => replicaOf(data))
      .filter((replica) => replica !== undefined)
      .toSorted((one, two) => (one.id < two.id ? -1 : 1))
    const own = nodes.get(this.#options.self.id)
    if (own !== undefined && own.data.length > 0) return
    this.#registering ??= this.#register(this.#stop.signal).finally(() => {
      this.#registering = undefined
      // What changed meanwhile was not acted on.
      if (!this.#stop.signal.aborted) this.#folder.refresh()
    })
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { coordination, znodes, self, clock, onError, retryMs } = this.#options
    const path = `${this.#folderPath}/${self.id}`
    try {
      await znodes.prepare(signal)
      await znodes.make(path, 'ephemeral', signal)
      await coordination.write(path, Buffer.from(JSON.stringify(self)), undefined, signal)
    } catch (error) {
      if (signal.aborted) return
      onError(error as Error)
      await clock.sleep(retryMs ?? RETRY_MS, signal).catch(() => undefined)
    }
  }
}

/** Undefined for what isn't written to its end, or by nobody that we know. */
function replicaOf(data: Buffer): Replica | undefined {
  if (data.length > DATA_MAX_BYTES) return undefined
  try {
    const { id, version, address, startedAt } = JSON.parse(data.toString()) as Record<string, unknown>
    if (typeof id !== 'string' || typeof address !== 'string') return undefined
    return { id, version: String(version), address, startedAt: String(startedAt) }
  } catch {
    return undefined
  }
}
