// Znodes that nobody wants any more, deleted beside the road: tried until it is sure, or until the session is lost and
// they go with it.
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { untilConnected } from './connected.ts'
import { type Coordination } from './coordination.ts'

export interface Litter {
  readonly folder: string
  /** What the name begins with; no other znode's does. */
  readonly id: string
  /** The whole name; undefined where the answer of `create` is not known. */
  readonly name: string | undefined
}

export interface SweeperOptions {
  readonly coordination: Coordination
  readonly clock: Clock
}

const RETRY_MS = 200

export class Sweeper {
  readonly #options: SweeperOptions
  readonly #litter = new Set<Litter>()
  #sweeping: Promise<void> = Promise.resolve()
  #busy = false
  #lost = new AbortController()

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** What is still there, or may be. */
  get size(): number {
    return this.#litter.size
  }

  add(litter: Litter): void {
    this.#litter.add(litter)
    if (this.#busy) return
    this.#busy = true
    this.#sweeping = this.#sweep(this.#lost.signal)
  }

  /** The session is lost: nothing is left to do. */
  lost(): void {
    this.#litter.clear()
    this.#lost.abort(new Error('the session is lost'))
    this.#lost = new AbortController()
    this.#busy = false
  }

  /** Resolves when all is gone, or when the signal fires: then the rest is left to the end of the session. */
  async done(signal: AbortSignal): Promise<void> {
    await orAborted(this.#sweeping, signal).catch(() => undefined)
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { coordination, clock } = this.#options
    while (!signal.aborted) {
      const [next] = this.#litter
      if (next === undefined) {
        this.#busy = false
        return
      }
      try {
        await untilConnected(coordination, signal)
        await this.#remove(next, signal)
        this.#litter.delete(next)
      } catch {
        await clock.sleep(RETRY_MS, signal).catch(() => undefined)
      }
    }
  }

  /**
   * Where the name isn't known it is looked for. A request that went out by another connection can't come true after
   * that: `sync` has been to the leader, which refuses what comes for a session by the server that it has left.
   */
  async #remove({ folder, id, name }: Litter, signal: AbortSignal): Promise<void> {
    const { coordination } = this.#options
    const names = name === undefined ? await madeBy(coordination, { folder, id }, signal) : [name]
    for (const one of names) await coordination.delete(`${folder}/${one}`, undefined, signal)
  }
}

/** The children of a folder whose names begin with an id, as the leader knows them. @throws OvateError OVATE_ZOOKEEPER. */
export async function madeBy(
  coordination: Coordination,
  { folder, id }: { readonly folder: string; readonly id: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  await coordination.sync(folder, signal)
  signal.throwIfAborted()
  const names = (await coordination.children(folder, undefined, signal)) ?? []
  return names.filter((name) => name.startsWith(id))
}
