// A clock that moves when the test says so.
import { orAborted } from '../../src/abort.ts'
import { type Clock } from '../../src/clock.ts'

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

export class ManualClock implements Clock {
  #nowMs: number
  #sleepers: Sleeper[] = []

  constructor(nowMs = Date.UTC(2026, 10, 20, 12)) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.length
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sleeping = new Promise<void>((wake) => this.#sleepers.push({ atMs: this.#nowMs + ms, wake }))
    await orAborted(sleeping, signal)
  }

  /** Moves time on, wakes who slept so long, and lets what they began settle. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { wake } of due) wake()
    await settle()
  }
}

/** Lets everything that waits for nothing but the event loop run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
