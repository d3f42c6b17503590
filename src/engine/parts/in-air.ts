// Fetches of parts that are under way: whoever needs buckets that another has asked for waits for those.
import { type Clock } from '../../clock.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, without } from '../../plan/intervals.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { type Method } from './method.ts'

/** Rows of full buckets that came for another asker, or nothing when its fetch failed. */
interface Landed<Rows extends Bucketed, Head> {
  readonly rows: Rows
  readonly head: Head
  /** Resolves, and never rejects, once they are held, or it is known that they aren't. */
  readonly judged: Promise<void>
}

interface UnderWay {
  readonly method: unknown
  /** Of full buckets. */
  readonly ranges: readonly Interval[]
  readonly beganAtMs: number
  readonly landing: Promise<Landed<Bucketed, unknown> | undefined>
}

/** What of one's own is on its way already. */
export interface Joined<Rows extends Bucketed, Head> {
  readonly ranges: readonly Interval[]
  readonly beganAtMs: number
  /** Never rejects. */
  readonly landing: Promise<Landed<Rows, Head> | undefined>
}

export class InAir {
  readonly #clock: Clock
  readonly #byKey = new Map<string, UnderWay[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What of `missing` others have asked for at most `ageMaxMs` ago, each range once. */
  joinable<Rows extends Bucketed, Head>(
    key: string,
    method: Method<Rows, Head>,
    missing: readonly Interval[],
    ageMaxMs: number,
  ): readonly Joined<Rows, Head>[] {
    const joined: Joined<Rows, Head>[] = []
    let left = missing
    for (const one of this.#byKey.get(key)?.toReversed() ?? []) {
      const ranges = intersected(left, one.ranges)
      if (ranges.length === 0 || one.method !== method) continue
      if (this.#clock.now() - one.beganAtMs > ageMaxMs) continue
      // The method is the same one: so are its rows.
      const landing = one.landing as Promise<Landed<Rows, Head> | undefined>
      joined.push({ ranges, beganAtMs: one.beganAtMs, landing })
      left = without(left, ranges)
    }
    return joined
  }

  /** Tells others of a fetch of these full buckets, until what it brought is held. */
  tell<Rows extends Bucketed, Head>(
    key: string,
    method: Method<Rows, Head>,
    ranges: readonly Interval[],
    fetched: Promise<Landed<Rows, Head> | undefined>,
  ): void {
    // Also where nobody may join it: whoever began it hears of its failure by a promise of its own.
    const landing = fetched.catch(() => undefined)
    if (ranges.length === 0) return
    const one: UnderWay = { method, ranges, beganAtMs: this.#clock.now(), landing }
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), one])
    landing
      .then(async (landed) => {
        // Whoever saw these rows must not be given older ones of the same buckets.
        if (landed !== undefined) this.#leave(key, ({ beganAtMs }) => beganAtMs >= one.beganAtMs)
        await landed?.judged
      })
      .finally(() => this.#leave(key, (other) => other !== one))
      .catch(() => undefined)
  }

  #leave(key: string, stays: (one: UnderWay) => boolean): void {
    const left = (this.#byKey.get(key) ?? []).filter(stays)
    if (left.length === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, left)
  }
}
