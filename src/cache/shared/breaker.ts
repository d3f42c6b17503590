// Whether a server is asked at all. What doesn't answer in time is left alone for a while, then one call tries.
import { type Clock } from '../../clock.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Calls in a row without an answer in time after which no more are made. */
const FAILURES_MAX = 5
const OPEN_MS = 1_000
/** So long after its last failure a server counts as failing: several tries, where anybody asks it at all. */
const FAILING_MS = 10_000

export class Breaker {
  readonly #clock: Clock
  readonly #onState: (state: BreakerState) => void
  #state: BreakerState = 'closed'
  #failures = 0
  #openedAtMs = 0
  #failedAtMs = 0

  constructor(clock: Clock, onState: (state: BreakerState) => void) {
    this.#clock = clock
    this.#onState = onState
  }

  get state(): BreakerState {
    return this.#state
  }

  /**
   * Whether it failed lately, and hasn't answered since. Only a call closes it, and a server that left its cluster, or has no
   * keys there any more, never gets one: it must not count for ever.
   */
  get isFailing(): boolean {
    return this.#state !== 'closed' && this.#clock.monotonic() - this.#failedAtMs < FAILING_MS
  }

  /** Whether `take` would give leave. */
  get gives(): boolean {
    if (this.#state === 'closed') return true
    return this.#state === 'open' && this.#clock.monotonic() - this.#openedAtMs >= OPEN_MS
  }

  /** Asks for leave to call; whoever gets it must tell by `succeeded`, `lost` or `failed` how that went. */
  take(): boolean {
    if (!this.gives) return false
    if (this.#state === 'open') this.#become('half-open')
    return true
  }

  /** An answer came in time, if only a refusal. */
  succeeded(): void {
    this.#failures = 0
    this.#become('closed')
  }

  /** No answer, and no time was lost over it either. */
  lost(): void {
    if (this.#state === 'half-open') this.failed()
  }

  /** No answer in time. */
  failed(): void {
    this.#failures += 1
    this.#failedAtMs = this.#clock.monotonic()
    if (this.#state === 'closed' && this.#failures < FAILURES_MAX) return
    if (this.#state !== 'open') this.#openedAtMs = this.#clock.monotonic()
    this.#become('open')
  }

  #become(state: BreakerState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }
}
