// One computation per key at a time: the first caller begins it, callers that may share it get the same answer.
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'

interface Flight<Answer> {
  readonly key: string
  readonly answer: Promise<Answer>
  readonly stop: AbortController
  readonly beganAtMs: number
  waiters: number
  landed: boolean
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

/**
 * How long an answer that has landed may still be joined: until this resolves; undefined: not at all. Never rejects.
 *
 *   t0  A begins, B joins        t1  it lands        t2  it is found fit to be kept, and kept
 *
 * Who asks between t1 and t2 finds nothing in the cache yet. Without this each would begin anew, and whoever asks after
 * t2 would get the answer of t0, though another client saw a later one before.
 */
export type Lasting<Answer> = (answer: Answer) => Promise<void> | undefined

export class Flights<Answer> {
  readonly #clock: Clock
  readonly #lasting: Lasting<Answer>
  /** The newest flight of each key: older ones end by themselves, but nobody joins them any more. */
  readonly #newest = new Map<string, Flight<Answer>>()
  readonly #all = new Set<Flight<Answer>>()

  constructor(clock: Clock, lasting: Lasting<Answer> = () => undefined) {
    this.#clock = clock
    this.#lasting = lasting
  }

  get size(): number {
    return this.#all.size
  }

  list(): readonly FlightStatus[] {
    const now = this.#clock.now()
    return [...this.#all].map(({ key, beganAtMs, waiters }) => ({ key, ageMs: now - beganAtMs, waiters }))
  }

  /** Whether `join` would wait for a flight that another began. */
  canJoin(key: string, ageMaxMs: number): boolean {
    return this.#joinable(key, ageMaxMs) !== undefined
  }

  /**
   * Waits for the flight on `key` that began at most `ageMaxMs` ago, also one that landed but lasts, and begins one when
   * there is none. `signal` ends
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
    const flight = { key, answer: start(stop.signal), stop, beganAtMs, waiters: 0, landed: false }
    this.#newest.set(key, flight)
    this.#all.add(flight)
    // Before any waiter runs: one that begins anew after a failure must not join what has just failed.
    flight.answer.then(
      (answer) => this.#land(flight, answer),
      () => this.#offTheBoard(flight),
    )
    return flight
  }

  #land(flight: Flight<Answer>, answer: Answer): void {
    flight.landed = true
    const over = this.#lasting(answer)
    if (over === undefined) this.#offTheBoard(flight)
    else over.then(() => this.#offTheBoard(flight)).catch(() => undefined)
  }

  #offTheBoard(flight: Flight<Answer>): void {
    if (this.#newest.get(flight.key) === flight) this.#newest.delete(flight.key)
  }

  // The last waiter has gone: either the flight has landed, or nobody wants it any more.
  #end(flight: Flight<Answer>): void {
    if (!flight.landed) this.#offTheBoard(flight)
    this.#all.delete(flight)
    flight.stop.abort(new Error('nobody waits any more'))
  }
}
