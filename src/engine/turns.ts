// Turns: of replicas that lack one answer at the same time one computes it, the others wait for what it stores.
//
//   replica A  ├─ lease ─┤ asks Druid │ stores │ releases
//   replica B  ├───────── waits ───────────────────────┤ brings it from L2
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type SqlRequest } from './request.ts'

interface Lease {
  release(): Promise<void>
}

/** Where leases are had, and whether one is worth its cost. */
export interface LeaseOffice {
  /** Waits `budgetMs` at most. @throws the signal's reason. */
  acquire(
    name: string,
    budgetMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'held'; readonly lease: Lease } | { readonly kind: 'alone' }>
  worth(expectedMs: number | undefined): boolean
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
   * is no longer than the statement is expected to take. `keptOf` tells when it is known whether what came of the work is
   * kept: the next has its turn when that is stored. @throws what the work throws; the signal's reason.
   */
  async inTurn<Landing>(
    { request, plan }: { readonly request: SqlRequest; readonly plan: WholePlan },
    work: () => Promise<Landing>,
    keptOf: (landing: Landing) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<Landing | 'brought'> {
    const { bring, beside } = this.#options
    const lease = await this.#lease(request, plan, signal)
    if (lease === undefined) return await work()
    let kept: Promise<void> | undefined
    try {
      if (await bring(request, plan)) return 'brought'
      const landing = await work()
      kept = keptOf(landing)
      return landing
    } finally {
      beside(this.#release(lease, kept))
    }
  }

  /** Undefined: none is needed, or none to be had, and whoever asks goes alone. */
  async #lease(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<Lease | undefined> {
    const { clock, office, isShared } = this.#options
    const expectedMs = this.#costs.get(plan.form)
    const leased = office()
    if (leased === undefined || !isShared(request, plan) || !leased.worth(expectedMs)) return undefined
    const leftMs = request.arrivedAtMs + request.timeoutMs - clock.now()
    const budgetMs = Math.max(0, Math.min(leftMs, expectedMs ?? leftMs))
    const acquired = await leased.acquire(plan.key, budgetMs, signal)
    return acquired.kind === 'held' ? acquired.lease : undefined
  }

  async #release(lease: Lease, kept: Promise<void> | undefined): Promise<void> {
    try {
      await kept
      if (kept !== undefined) await this.#options.flushed(AbortSignal.timeout(FLUSH_MS))
    } finally {
      await lease.release()
    }
  }
}
