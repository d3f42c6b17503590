// How many rows a datasource has in an interval: the times of all of them, sorted.
import { type Span } from './statement.ts'

export class RowTimes {
  readonly #sorted: Float64Array

  constructor(timesMs: Iterable<number>) {
    this.#sorted = Float64Array.from(timesMs).sort()
  }

  get total(): number {
    return this.#sorted.length
  }

  count({ startMs, endMs }: Span): number {
    return endMs <= startMs ? 0 : this.#before(endMs) - this.#before(startMs)
  }

  /** The times within an interval. */
  within({ startMs, endMs }: Span): readonly number[] {
    return [
      ...this.#sorted.subarray(this.#before(startMs), Math.max(this.#before(startMs), this.#before(endMs))),
    ]
  }

  /** How many are earlier. */
  #before(ms: number): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle] ?? 0) < ms) low = middle + 1
      else high = middle
    }
    return low
  }
}
