// What a lease costs here, and whether it is worth that.
import { type Clock } from '../clock.ts'

export interface LeaseCostOptions {
  readonly clock: Clock
  /** How many replicas live, this one among them; one alone has nobody to share work with. */
  readonly liveReplicas: () => number
}

/** Until something is learnt, ms: an ensemble on one machine took 1.5 in the middle and 14 at the worst. */
const UNLEARNT_MS = 5
const SAMPLES = 64
/** What is older says nothing any more. So a bad minute is forgotten, and leases are tried again after it. */
const SAMPLE_AGE_MS = 60_000

export class LeaseCost {
  readonly #options: LeaseCostOptions
  readonly #samples: { readonly atMs: number; readonly ms: number }[] = []

  constructor(options: LeaseCostOptions) {
    this.#options = options
  }

  /** What it took to acquire and release one that nobody else wanted, or how long that was tried in vain, ms. */
  learn(ms: number): void {
    this.#samples.push({ atMs: this.#options.clock.monotonic(), ms })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  get p50Ms(): number {
    const oldest = this.#options.clock.monotonic() - SAMPLE_AGE_MS
    const recent = this.#samples.filter(({ atMs }) => atMs >= oldest).map(({ ms }) => ms)
    const sorted = recent.toSorted((one, two) => one - two)
    return sorted[Math.floor(sorted.length / 2)] ?? UNLEARNT_MS
  }

  /**
   * Whether a lease is worth its cost for what Druid is expected to take `expectedMs` for; undefined, not learnt yet,
   * counts as much. Against what most of them cost: where one replica takes a lease and another finds them too dear just now,
   * the work is done twice.
   */
  worth(expectedMs: number | undefined): boolean {
    if (this.#options.liveReplicas() < 2) return false
    return expectedMs === undefined || expectedMs > this.p50Ms
  }
}
