// How far a Broker's clock is from ours, from the Date headers of its answers (whole seconds, RFC 9110 §6.6.1).

/**
 * Both are whole: a moment by the Broker's clock becomes the edge of an interval, and instants, in Druid's segments as in
 * its SQL, are whole ms.
 */
export interface ClockOffset {
  /** The Broker's clock minus ours. */
  readonly offsetMs: number
  readonly errorMs: number
}

/** Clocks that drift apart faster than this are corrected by steps, which a contradiction reveals. */
const DRIFT = 0.000_1
const DATE_STEP_MS = 1_000

/** An interval that holds the offset: narrowed by each answer, widened by time, begun anew when an answer contradicts. */
export class ClockEstimate {
  #low = Number.NEGATIVE_INFINITY
  #high = Number.POSITIVE_INFINITY
  #atMs = 0

  /**
   * An answer to a request of `sentAtMs` whose head came at `headAtMs`: its Date was true at some moment between.
   * A Date that can't be read says nothing.
   */
  observe(date: string | undefined, sentAtMs: number, headAtMs: number): void {
    const shown = date === undefined ? Number.NaN : Date.parse(date)
    if (Number.isNaN(shown) || headAtMs < sentAtMs) return
    const low = shown - headAtMs
    const high = shown + DATE_STEP_MS - sentAtMs
    const slack = this.#slack(headAtMs)
    const narrowedLow = Math.max(low, this.#low - slack)
    const narrowedHigh = Math.min(high, this.#high + slack)
    const fits = narrowedLow <= narrowedHigh
    this.#low = fits ? narrowedLow : low
    this.#high = fits ? narrowedHigh : high
    this.#atMs = headAtMs
  }

  at(nowMs: number): ClockOffset | undefined {
    if (!Number.isFinite(this.#low)) return undefined
    const slack = this.#slack(nowMs)
    return offsetWithin(this.#low - slack, this.#high + slack)
  }

  #slack(nowMs: number): number {
    return Math.max(0, nowMs - this.#atMs) * DRIFT
  }
}

/** What is known of an offset that lies between the two: they are widened to whole ms, so that it still does. */
export function offsetWithin(lowMs: number, highMs: number): ClockOffset {
  const [low, high] = [Math.floor(lowMs), Math.ceil(highMs)]
  const offsetMs = Math.floor((low + high) / 2)
  return { offsetMs, errorMs: high - offsetMs }
}
