// Shapes that are answered whole for a while, and why.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'

const REMEMBERED_MAX = 20_000
const FALL_BACK_MS = 600_000

export class FallBacks {
  readonly #clock: Clock
  readonly #known = new LRUCache<string, { readonly why: string; readonly untilMs: number }>({
    max: REMEMBERED_MAX,
  })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why a shape, or a form of one, is answered whole for now, for people; undefined: it isn't. */
  why(key: string): string | undefined {
    const found = this.#known.get(key)
    return found !== undefined && found.untilMs > this.#clock.monotonic() ? found.why : undefined
  }

  /** `forMs`: after this it is tried again. */
  set(key: string, why: string, forMs = FALL_BACK_MS): void {
    this.#known.set(key, { why, untilMs: this.#clock.monotonic() + forMs })
  }
}
