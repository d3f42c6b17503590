// Turns: of replicas that lack one answer at the same time one computes it, the others wait for what it stores.
//
//   replica A  ├─ lease ─┤ asks Druid │ stores │ releases
//   replica B  ├───────── waits ───────────────────────┤ brings it from L2
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type SqlRequest } from './request.ts'

export interface Lease {
  release(): Promise<void>
}

/** Where leases are had, and whether one is worth its cost. */
export interface LeaseOffice {
  /** Waits `budgetMs` at most; `onWait` is called where somebody is before. @throws the signal's reason. */
  acquire(
    name: string,
    budgetMs: number,
    signal: AbortSignal,
    onWait: () => void,
  ): Promise<{ readonly kind: 'held'; readonly lease: Lease } | { readonly kind: 'alone' }>
  worth(expectedMs: number | undefined): boolean
}

/** Who asks for what. */
interface Wanted {
  readonly request: SqlRequest
  readonly plan: WholePlan
}

export interface TurnsOptions {
  readonly clock: Clock
  /** Undefined while replicas don't know each other. */
  readonly office: () => LeaseOffice | undefined
  /** Whether an answer would be given to others at all. */
  readonly isShared: (request: SqlRequest, plan: WholePlan) => boolean
  /** Brings the answer from L2 to L1; false: there was none. Never rejects. */
  readonly bring: (request: SqlRequest, plan: WholePlan) => Promise<boolean>
  /** Resolves when what was put into L2 before is written or dropped. */
  readonly flushed: (signal: AbortSignal) => Promise<void>
  readonly beside: (work: Promise<void>) => void
}

const COSTS_MAX = 20_000
/** How long the next waits for what is on its way to L2. */
const FLUSH_MS = 1_000
/** What a wait may be longer than one's own query is expected to take: nothing takes the same time twice. */
interface Patience {
  readonly times: number
  /** For what who holds the lease does behind its query: it looks at the timeline and writes. */
  readonly moreMs: number
}

/** Who asks the very same began before and is done before: only one that is stuck is worth leaving. */
const SAME: Patience = { times: 4, moreMs: 1_000 }
/** Who fetches some of it may be at much more. */
const OVERLAPPING: Patience = { times: 2, moreMs: 100 }

export class Turns {
  readonly #options: TurnsOptions
  /** What Druid took for statements of a form, ms. */
  readonly #costs = new LRUCache<string, number>({ max: COSTS_MAX })

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** Remembers what Druid took. */
  cost({ form }: WholePlan, ms: number): void {
    this.#costs.set(form, ms)
  }

  /**
   * Does the work when its turn has come, unless another replica did it meanwhile: then what that one stored is in L1. The wait
   * is about as long as the statement is expected to take. `keptOf` tells when it is known whether what came of the work is
   * kept: the next has its turn when that is stored. @throws what the work throws; the signal's reason.
   */
  async inTurn<Landing>(
    wanted: Wanted,
    work: () => Promise<Landing>,
    keptOf: (landing: Landing) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<Landing | 'brought'> {
    const { beside } = this.#options
    const lease = await this.#lease(wanted, signal)
    if (lease === undefined) return await work()
    let kept: Promise<void> | undefined
    try {
      if (await this.bring(wanted)) return 'brought'
      const landing = await work()
      kept = keptOf(landing)
      return landing
    } finally {
      beside(this.release([lease], kept))
    }
  }

  /** Brings the answer from L2 to L1; false: there was none. Never rejects. */
  async bring({ request, plan }: Wanted): Promise<boolean> {
    return await this.#options.bring(request, plan)
  }

  /** Where leases are had for what is expected to take so long, ms; undefined: none is needed, or none to be had. */
  office({ request, plan }: Wanted, expectedMs: number | undefined): LeaseOffice | undefined {
    const { office, isShared } = this.#options
    const leased = office()
    return leased !== undefined && isShared(request, plan) && leased.worth(expectedMs) ? leased : undefined
  }

  /**
   * How long a lease is waited for that saves so many ms (undefined: unknown), ms: at most half of the time that is left, so that
   * some is left to ask Druid.
   */
  budgetMs({ request }: Wanted, expectedMs: number | undefined, { times, moreMs } = OVERLAPPING): number {
    const halfMs = (request.arrivedAtMs + request.timeoutMs - this.#options.clock.now()) / 2
    const worthMs = expectedMs === undefined ? halfMs : expectedMs * times + moreMs
    return Math.max(0, Math.min(halfMs, worthMs))
  }

  /** Gives leases to the next when it is known whether what came is kept, and what was kept is stored. */
  async release(leases: readonly Lease[], kept: Promise<void> | undefined): Promise<void> {
    try {
      await kept
      if (kept !== undefined) await this.#options.flushed(AbortSignal.timeout(FLUSH_MS))
    } finally {
      await Promise.all(leases.map((lease) => lease.release()))
    }
  }

  /** Undefined: whoever asks goes alone. */
  async #lease(wanted: Wanted, signal: AbortSignal): Promise<Lease | undefined> {
    const { form, key } = wanted.plan
    const expectedMs = this.#costs.get(form)
    const office = this.office(wanted, expectedMs)
    const budgetMs = this.budgetMs(wanted, expectedMs, SAME)
    // Nothing is in hand that could be done before the wait.
    const acquired = await office?.acquire(key, budgetMs, signal, () => undefined)
    return acquired?.kind === 'held' ? acquired.lease : undefined
  }
}
