// Leases: of all who want to do one piece of work, in whatever process, one does it at a time, in the order of asking.
//
// A lease saves work, and no answer's truth rests on it. So it is never waited for longer than it can save, whoever can't
// get one goes on alone, and a holder that ZooKeeper may have given up is told so rather than stopped.
import { createHash } from 'node:crypto'
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { Containers } from './containers.ts'
import { type Coordination, type SessionState } from './coordination.ts'
import { LeaseAttempt, type WhyAlone } from './lease-attempt.ts'
import { LeasePlace, type PlaceOptions, type Queue } from './lease-place.ts'
import { LeaseSession } from './lease-session.ts'
import { LocalQueue } from './local-queue.ts'
import { Sweeper } from './sweeper.ts'

/** `suspect`: ZooKeeper may have given it to another already. It becomes `held` again, or `lost`. */
export type LeaseState = 'held' | 'suspect' | 'lost' | 'released'

export interface Lease {
  /** Fires, with a reason, when the lease is lost. Not when it is suspect: what was begun is worth finishing then. */
  readonly signal: AbortSignal
  readonly state: LeaseState
  /** From asking to getting it, in ms. */
  readonly waitedMs: number
  /** To be called by whoever holds it, also when it is lost. Never rejects; resolves when the next may have it. */
  release(): Promise<void>
}

export type Acquired =
  | { readonly kind: 'held'; readonly lease: Lease }
  | { readonly kind: 'alone'; readonly why: WhyAlone }

/** What happens, for metrics; all times in ms. */
export interface LeaseListener {
  readonly waited?: ((ms: number) => void) | undefined
  readonly held?: ((ms: number) => void) | undefined
  /** The one before has left it behind: its session is over. */
  readonly takenOver?: (() => void) | undefined
  readonly alone?: ((why: WhyAlone) => void) | undefined
  /** What acquiring and releasing took where nobody else wanted it, or how long acquiring was tried in vain. */
  readonly cost?: ((ms: number) => void) | undefined
}

export interface LeasesOptions {
  readonly coordination: Coordination
  readonly clock: Clock
  /** Below it is `leases`, which is ours alone. */
  readonly basePath: string
  /** What was asked of ZooKeeper, in ms; the ensemble must allow it (`minSessionTimeout`, `maxSessionTimeout`). */
  readonly sessionTimeoutMs: number
  readonly listener?: LeaseListener | undefined
  /** Who wants a lease or has left something to be removed; whoever comes beyond that goes alone. */
  readonly waitersMax?: number | undefined
}

const WAITERS_MAX = 10_000
/** How often in a session timeout the leader is asked while leases are held: twice in the time that it is sure for. */
const PROOFS_PER_TIMEOUT = 4

/** Who holds a lease, and what it hangs on. */
interface Holding {
  readonly name: string
  readonly place: LeasePlace
  readonly lost: AbortController
  readonly sinceMs: number
  /** What acquiring took, undefined when there were others. */
  readonly costMs: number | undefined
}

export class Leases {
  readonly #options: LeasesOptions
  readonly #root: string
  readonly #places: PlaceOptions
  readonly #sweeper: Sweeper
  readonly #local: LocalQueue<LeasePlace>
  readonly #attempts = new Set<LeaseAttempt>()
  readonly #holdings = new Set<Holding>()
  readonly #offState: () => void
  #session: LeaseSession
  #proving: Promise<void> | undefined
  #stopped = false

  constructor(options: LeasesOptions) {
    const { coordination, clock, basePath } = options
    this.#options = options
    this.#root = `${basePath.replace(/\/+$/, '')}/leases`
    const containers = new Containers(coordination, this.#root)
    this.#sweeper = new Sweeper({ coordination, clock })
    this.#places = { coordination, containers, clock, sweeper: this.#sweeper }
    this.#local = new LocalQueue((place) => place.drop())
    this.#session = this.#newSession()
    this.#offState = coordination.onState((state) => this.#hear(state))
  }

  /** How many there are of each kind: none of them may grow for good. */
  get counts(): {
    readonly waiting: number
    readonly held: number
    readonly names: number
    readonly left: number
  } {
    return {
      waiting: this.#attempts.size,
      held: this.#holdings.size,
      names: this.#local.size,
      left: this.#sweeper.size,
    }
  }

  /**
   * Waits at most `budgetMs` for the lease of `name`, of which ZooKeeper sees a hash. Whatever ails ZooKeeper, the caller
   * goes alone. `onWait` is called, once at least, where somebody is before. @throws the signal's reason.
   */
  async acquire(
    name: string,
    budgetMs: number,
    signal: AbortSignal,
    onWait: () => void = () => undefined,
  ): Promise<Acquired> {
    signal.throwIfAborted()
    const refusal = this.#refusal()
    if (refusal !== undefined) return this.#alone(refusal)
    const attempt = new LeaseAttempt(this.#options.clock, budgetMs, signal)
    this.#attempts.add(attempt)
    try {
      const lease = await this.#acquire(name, attempt, onWait)
      return { kind: 'held', lease }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!(error instanceof OvateError)) throw error
      return this.#alone(attempt.why ?? 'unavailable')
    } finally {
      attempt.end()
      this.#attempts.delete(attempt)
    }
  }

  /** Gives up what waits and what is held, and resolves when all znodes are gone or `signal` fires. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopped = true
    for (const attempt of this.#attempts) attempt.giveUp('unavailable')
    const holdings = [...this.#holdings]
    for (const { lost } of holdings) lost.abort(new OvateError('OVATE_ZOOKEEPER', 'the lease ends: we stop'))
    await Promise.all(holdings.map((holding) => this.#release(holding)))
    await Promise.all([...this.#attempts].map(({ over }) => over))
    await this.#sweeper.done(signal)
    this.#offState()
    this.#sweeper.lost()
    this.#session.end(new OvateError('OVATE_ZOOKEEPER', 'stopped'))
    await this.#proving
  }

  #refusal(): WhyAlone | undefined {
    if (this.#stopped || this.#options.coordination.state !== 'connected') return 'unavailable'
    const busy = this.#attempts.size + this.#sweeper.size
    return busy >= (this.#options.waitersMax ?? WAITERS_MAX) ? 'limit' : undefined
  }

  #alone(why: WhyAlone): Acquired {
    this.#options.listener?.alone?.(why)
    return { kind: 'alone', why }
  }

  async #acquire(name: string, attempt: LeaseAttempt, onWait: () => void): Promise<Lease> {
    const { clock, listener } = this.#options
    const { signal } = attempt
    const beganMs = clock.monotonic()
    const handed = await this.#local.enter(name, signal, onWait)
    const turnMs = clock.monotonic()
    let place = handed
    try {
      place ??= await LeasePlace.take(this.#places, this.#session, queueOf(this.#root, name), signal)
      const waitedFor = await this.#comeFirst(place, attempt, onWait)
      const sinceMs = clock.monotonic()
      const isContended = handed !== undefined || waitedFor !== undefined
      const costMs = isContended ? undefined : sinceMs - turnMs
      listener?.waited?.(sinceMs - beganMs)
      return this.#hold({ name, place, lost: new AbortController(), sinceMs, costMs }, sinceMs - beganMs)
    } catch (error) {
      const isInVain = attempt.why === 'budget' || !signal.aborted
      if (place === undefined && isInVain) listener?.cost?.(clock.monotonic() - turnMs)
      place?.drop()
      this.#local.leave(name)
      throw error
    }
  }

  /** The last one that was waited for. */
  async #comeFirst(
    place: LeasePlace,
    attempt: LeaseAttempt,
    onWait: () => void,
  ): Promise<string | undefined> {
    const { signal } = attempt
    const { session } = place
    const stood = await place.first(signal, onWait)
    if (stood.kind === 'gone') {
      attempt.giveUp('lost')
      throw signal.reason
    }
    if (stood.waitedFor !== undefined) this.#lookBack(session, stood.waitedFor)
    // Who has waited for long has heard of it from a server that may be behind the leader.
    if (session.unprovenMs > this.#proofMs) await place.prove(signal)
    signal.throwIfAborted()
    return stood.waitedFor
  }

  #hold(holding: Holding, waitedMs: number): Lease {
    const { lost, place } = holding
    this.#holdings.add(holding)
    this.#proving ??= this.#keepProving().finally(() => {
      this.#proving = undefined
    })
    const state = (): LeaseState => {
      if (!this.#holdings.has(holding)) return 'released'
      if (lost.signal.aborted) return 'lost'
      return place.session.isSure ? 'held' : 'suspect'
    }
    return {
      signal: lost.signal,
      waitedMs,
      get state() {
        return state()
      },
      release: () => this.#release(holding),
    }
  }

  /**
   * The next one here takes the place over only where nobody stands behind it in ZooKeeper: else it would pass by who
   * came before it. So a replica that comes waits for one hand-over at most.
   */
  async #release(holding: Holding): Promise<void> {
    if (!this.#holdings.delete(holding)) return
    const { name, place, sinceMs, costMs, lost } = holding
    const { clock, listener } = this.#options
    const { signal } = place.session
    const beganMs = clock.monotonic()
    listener?.held?.(beganMs - sinceMs)
    if (!lost.signal.aborted && this.#local.isWaitedFor(name)) {
      if (await place.isLast(signal).catch(() => false)) {
        this.#local.leave(name, place)
        return
      }
    }
    // Requests of one session keep their order: the next one's znode is made after this one is gone.
    this.#local.leave(name)
    if ((await place.leave(signal)) && costMs !== undefined) {
      listener?.cost?.(costMs + clock.monotonic() - beganMs)
    }
  }

  /** One loop for all that are held, which ends with the last of them. */
  async #keepProving(): Promise<void> {
    const { clock, sessionTimeoutMs } = this.#options
    while (this.#holdings.size > 0 && !this.#stopped) {
      const session = this.#session
      await clock.sleep(this.#proofMs, session.signal).catch(() => undefined)
      if (this.#holdings.size === 0) return
      if (session.unprovenMs >= this.#proofMs) await session.prove(session.signal).catch(() => undefined)
      if (session.unprovenMs >= sessionTimeoutMs) this.#lose(session, 'the leader was not heard of in time')
    }
  }

  #hear(state: SessionState): void {
    const session = this.#session
    if (state === 'connected') {
      if (this.#holdings.size > 0) session.prove(session.signal).catch(() => undefined)
    } else if (state === 'lost' || state === 'closed') {
      session.end(new OvateError('OVATE_ZOOKEEPER', 'the session is lost'))
      this.#session = this.#newSession()
      this.#sweeper.lost()
      this.#lose(session, 'the session is lost')
      for (const attempt of this.#attempts) attempt.giveUp('lost')
    }
  }

  #lose(session: LeaseSession, why: string): void {
    const reason = new OvateError('OVATE_ZOOKEEPER', `the lease is lost: ${why}`)
    for (const { place, lost } of this.#holdings) if (place.session === session) lost.abort(reason)
  }

  #lookBack(session: LeaseSession, before: string): void {
    session.hasEnded(before, session.signal).then(
      (ended) => {
        if (ended) this.#options.listener?.takenOver?.()
      },
      () => undefined,
    )
  }

  get #proofMs(): number {
    return this.#options.sessionTimeoutMs / PROOFS_PER_TIMEOUT
  }

  #newSession(): LeaseSession {
    const { coordination, clock, sessionTimeoutMs } = this.#options
    const { containers } = this.#places
    return new LeaseSession({ coordination, containers, clock, sessionTimeoutMs, root: this.#root })
  }
}

/**
 * Where those stand who want a lease. No statement's text is in ZooKeeper. A folder for each lease would be made anew for
 * most of them, by three more writes; 256 folders for all stay, and keep the lists short.
 */
export function queueOf(root: string, name: string): Queue {
  const key = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return { folder: `${root}/${key.slice(0, 2)}`, key }
}
