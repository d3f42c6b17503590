// What the clients of a soak saw.
import { type Answered } from '../dashboard/viewers.ts'

export class Tally {
  /** Of dashboards, to be compared with Druid's. */
  readonly kept: Answered[] = []
  readonly #wrongs: string[] = []
  readonly #good = new Map<string, number>()
  readonly #failed = new Map<string, number>()
  readonly #slowestMs = new Map<string, number>()
  #wrongCount = 0

  /** A status of 0 is an answer that did not come, or not to its end. */
  answered(kind: string, status: number): void {
    const counts = status === 200 ? this.#good : this.#failed
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }

  took(kind: string, ms: number): void {
    this.#slowestMs.set(kind, Math.max(ms, this.#slowestMs.get(kind) ?? 0))
  }

  wrong(what: string): void {
    this.#wrongCount += 1
    if (this.#wrongs.length < 40) this.#wrongs.push(what.slice(0, 600))
  }

  get wrongs(): readonly string[] {
    return this.#wrongs
  }

  get wrongCount(): number {
    return this.#wrongCount
  }

  /** `dashboardGood`, `dashboardFailed`, `dashboardSlowestMs` … */
  figures(): Readonly<Record<string, number>> {
    const named = (counts: ReadonlyMap<string, number>, end: string): [string, number][] =>
      [...counts].map(([kind, count]) => [`${kind}${end}`, count])
    return Object.fromEntries([
      ...named(this.#good, 'Good'),
      ...named(this.#failed, 'Failed'),
      ...named(this.#slowestMs, 'SlowestMs'),
    ])
  }
}
