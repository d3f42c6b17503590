// One try to get a lease: what ends it before it comes.
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'

/**
 * Why somebody goes on without a lease. `budget`: it didn't come in time. `unavailable`: ZooKeeper can't be reached, or
 * fails. `lost`: the session, or the place in the queue, went while waiting. `limit`: too many wait already.
 */
export type WhyAlone = 'budget' | 'unavailable' | 'lost' | 'limit'

/** The longest that a timer can be set for: more would fire at once. */
const TIMER_MAX_MS = 2_147_483_647

export class LeaseAttempt {
  readonly #stop = new AbortController()
  readonly #sleep = new AbortController()
  readonly #caller: AbortSignal
  readonly #over = deferred()
  #why: WhyAlone | undefined

  /** Fires after `budgetMs`, with the caller's signal, or when it is given up. `end` must be called. */
  constructor(clock: Clock, budgetMs: number, caller: AbortSignal) {
    this.#caller = caller
    // Not `AbortSignal.any`: where one of them lives long, it keeps something of each try (Node 20).
    caller.addEventListener('abort', this.#left)
    clock.sleep(Math.min(budgetMs, TIMER_MAX_MS), this.#sleep.signal).then(
      () => this.giveUp('budget'),
      () => undefined,
    )
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Undefined when it wasn't given up. */
  get why(): WhyAlone | undefined {
    return this.#why
  }

  /** Resolves when `end` was called. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  giveUp(why: WhyAlone): void {
    if (this.signal.aborted) return
    this.#why = why
    this.#stop.abort(new OvateError('OVATE_ZOOKEEPER', `no lease: ${why}`))
  }

  end(): void {
    this.#caller.removeEventListener('abort', this.#left)
    this.#sleep.abort(new Error('it is over'))
    this.#over.resolve()
  }

  readonly #left = (): void => this.#stop.abort(this.#caller.reason)
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
