// Whoever wants the same thing in one process stands in one line, so that only the first of them stands in ZooKeeper's.
import { orAborted } from '../abort.ts'

type Take<Thing> = (thing: Thing | undefined) => void

export class LocalQueue<Thing> {
  readonly #drop: (thing: Thing) => void
  /** There is a line where somebody has the turn; in it are those who wait for it. */
  readonly #lines = new Map<string, Set<Take<Thing>>>()

  /** `drop` is told what was handed over and nobody has taken. */
  constructor(drop: (thing: Thing) => void) {
    this.#drop = drop
  }

  get size(): number {
    return this.#lines.size
  }

  /** Whether somebody waits for the turn that the caller has. */
  isWaitedFor(name: string): boolean {
    return (this.#lines.get(name)?.size ?? 0) > 0
  }

  /**
   * Resolves when it is the caller's turn, with what the one before handed over. `onWait` is called where somebody is before.
   * @throws the signal's reason.
   */
  async enter(
    name: string,
    signal: AbortSignal,
    onWait: () => void = () => undefined,
  ): Promise<Thing | undefined> {
    const line = this.#lines.get(name)
    if (line === undefined) {
      this.#lines.set(name, new Set())
      return undefined
    }
    onWait()
    let take: Take<Thing> = () => undefined
    const turn = new Promise<Thing | undefined>((resolve) => {
      take = resolve
      line.add(take)
    })
    try {
      return await orAborted(turn, signal)
    } catch (error) {
      // The turn has come together with the signal: it goes on to the next.
      if (!line.delete(take)) this.leave(name, await turn)
      throw error
    }
  }

  /** Gives the turn to who waits longest, and with it what is handed over. */
  leave(name: string, handed?: Thing): void {
    const line = this.#lines.get(name)
    const [next] = line ?? []
    if (line !== undefined && next !== undefined) {
      line.delete(next)
      next(handed)
      return
    }
    this.#lines.delete(name)
    if (handed !== undefined) this.#drop(handed)
  }
}
