// One computation per key at a time: the first caller begins it, callers that may share it wait for the same answer.
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'

interface Flight<Answer> {
  readonly key: string
  readonly answer: Promise<Answer>
  readonly stop: AbortController
  readonly beganAtMs: number
  waiters: number
}

export type Start<Answer> = (signal: AbortSignal) => Promise<Answer>

export interface Landed<Answer> {
  readonly answer: Answer
  /** Whether this caller began the flight, or joined one that was in the air. */
  readonly role: 'began' | 'joined'
}

export interface FlightStatus {
  readonly key: string
  readonly ageMs: number
  readonly waiters: number
}

export class Flights<Answer> {
  readonly #clock: Clock
  /** The newest flight of each key: older ones end by themselves, but nobody joins them any more. */
  readonly #newest = new Map<string, Flight<Answer>>()
  readonly #all = new Set<Flight<Answer>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  list(): readonly FlightStatus[] {
    const now = this.#clock.now()
    return [...this.#all].map(({ key, beganAtMs, waiters }) => ({ key, ageMs: now - beganAtMs, waiters }))
  }

  /**
   * Waits for the flight on `key` that began at most `ageMaxMs` ago, and begins one when there is none. `signal` ends
   * this wait, not the flight; when the last waiter has gone the flight's own signal fires.
   * @throws what the flight failed with; the signal's reason.
   */
  async join(
    key: string,
    ageMaxMs: number,
    start: Start<Answer>,
    signal: AbortSignal,
  ): Promise<Landed<Answer>> {
    signal.throwIfAborted()
    const joinable = this.#joinable(key, ageMaxMs)
    const flight = joinable ?? this.#takeOff(key, start)
    flight.waiters += 1
    try {
      const answer = await orAborted(flight.answer, signal)
      return { answer, role: joinable === undefined ? 'began' : 'joined' }
    } finally {
      flight.waiters -= 1
      if (flight.waiters === 0) this.#end(flight)
    }
  }

  #joinable(key: string, ageMaxMs: number): Flight<Answer> | undefined {
    const flight = this.#newest.get(key)
    if (flight === undefined) return undefined
    return this.#clock.now() - flight.beganAtMs <= ageMaxMs ? flight : undefined
  }

  #takeOff(key: string, start: Start<Answer>): Flight<Answer> {
    const stop = new AbortController()
    const beganAtMs = this.#clock.now()
    const flight = { key, answer: start(stop.signal), stop, beganAtMs, waiters: 0 }
    this.#newest.set(key, flight)
    this.#all.add(flight)
    // Before any waiter runs: one that begins anew after a failure must not join what has just failed.
    const land = (): void => this.#offTheBoard(flight)
    flight.answer.then(land, land)
    return flight
  }

  #offTheBoard(flight: Flight<Answer>): void {
    if (this.#newest.get(flight.key) === flight) this.#newest.delete(flight.key)
  }

  // The last waiter has gone: either the flight has landed, or nobody wants it any more.
  #end(flight: Flight<Answer>): void {
    this.#offTheBoard(flight)
    this.#all.delete(flight)
    flight.stop.abort(new Error('nobody waits any more'))
  }
}
