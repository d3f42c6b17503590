// A breaker for each server: one of a cluster's that hangs doesn't take the others away.
import { type Clock } from '../../clock.ts'
import { Breaker, type BreakerState } from './breaker.ts'

/** Servers come and go; those of long ago are forgotten with all others. */
const SERVERS_MAX = 1_000

export class Breakers {
  readonly #clock: Clock
  readonly #onState: (state: BreakerState) => void
  readonly #byServer = new Map<string, Breaker>()

  constructor(clock: Clock, onState: (state: BreakerState) => void) {
    this.#clock = clock
    this.#onState = onState
  }

  of(server: string): Breaker {
    const known = this.#byServer.get(server)
    if (known !== undefined) return known
    if (this.#byServer.size >= SERVERS_MAX) this.#byServer.clear()
    const made = new Breaker(this.#clock, this.#onState)
    this.#byServer.set(server, made)
    return made
  }

  /** Whether some server is left alone that failed lately. */
  get someFailing(): boolean {
    return [...this.#byServer.values()].some(({ isFailing }) => isFailing)
  }
}
