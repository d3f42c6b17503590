// Whether an answer may be put together from parts by now: its shape was asked before, and Druid's own plan agrees.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type Druid } from '../../druid/druid.ts'
import { type FreshnessRules, knowsNow } from '../../freshness/bounds.ts'
import { type Timelines } from '../../freshness/timelines.ts'
import { type Interval } from '../../plan/facts.ts'
import { united } from '../../plan/intervals.ts'
import { type Parts, type WholePlan } from '../../plan/plan.ts'
import { type Keeper } from '../keeper.ts'
import { type SqlRequest } from '../request.ts'
import { type FallBacks } from './fall-backs.ts'
import { type Learnt } from './learnt.ts'
import { type Asking, formOf, type Making, windowAt } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type PartWitness } from './part-witness.ts'
import { type SeriesMethod } from './series-method.ts'

export interface BeginningOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly witness: PartWitness
  readonly learnt: Learnt
  readonly fallBacks: FallBacks
  readonly series: SeriesMethod
  readonly merge: MergeMethod
  readonly rules: (datasource: string) => FreshnessRules
}

/** Nobody waits longer for Druid's word. */
const WITNESS_WAIT_MAX_MS = 1_000

/** Why an answer isn't put together from parts yet. */
export type NotYet = 'never-asked' | 'falls-back' | 'no-clock' | 'not-agreed'

export class Beginning {
  readonly #options: BeginningOptions

  constructor(options: BeginningOptions) {
    this.#options = options
  }

  /**
   * What is needed to put it together; undefined where that may not, or not yet, be done. The first to come after the
   * first whole answer waits for Druid's word, no longer than the whole answer took. @throws the signal's reason.
   */
  async making(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<Making | undefined> {
    const { noCache, maxAgeMs } = request.cacheWish
    if (noCache || maxAgeMs !== undefined) return undefined
    const asking = this.asking(request, plan)
    if (asking === undefined || this.notYet(asking) !== undefined) return undefined
    const { witness, learnt } = this.#options
    if (witness.verdict(asking) === 'new') this.#ask(asking)
    const word = witness.word(asking)
    if (word !== undefined) {
      const waitMs = Math.min(learnt.wholeMs(asking.parts.shape) ?? 0, WITNESS_WAIT_MAX_MS)
      await orAborted(Promise.race([word, this.#after(waitMs)]), signal)
    }
    return this.agreed(asking)
  }

  /** Undefined for what has no parts. */
  asking(request: SqlRequest, plan: WholePlan): Asking | undefined {
    const { parts } = plan
    const { clock, druid, keeper } = this.#options
    if (parts === undefined) return undefined
    const service = plan.service ?? druid.defaultService
    const errorMs = isRelative({ plan, parts }) ? (keeper.clockErrorMs(plan.service) ?? 0) : 0
    const nowMs = keeper.brokerNowMs(plan.service)
    // A Broker never takes a later moment for now than the one at which it answers.
    const momentMs = parts.pinnedNowMs ?? nowMs - errorMs
    const beganAtMs = clock.now()
    const endMs = canBeLive(parts) ? windowAt({ request, parts }, momentMs)?.at(-1)?.endMs : undefined
    return {
      request,
      plan,
      parts,
      service,
      generation: druid.generation(service),
      momentMs,
      beganAtMs,
      nowAtMs: beganAtMs - 2 * errorMs,
      live: endMs !== undefined && Math.abs(endMs - nowMs) < LIVE_MS,
    }
  }

  /** What stands in the way, Druid's word apart. */
  notYet(asking: Asking): NotYet | undefined {
    const { parts, plan } = asking
    const { learnt, fallBacks, keeper, rules } = this.#options
    if (learnt.wholeMs(parts.shape) === undefined || !this.#options[parts.kind].isReady(parts))
      return 'never-asked'
    if ([parts.shape, formOf(asking)].some((key) => fallBacks.why(key) !== undefined)) return 'falls-back'
    const errorMs = keeper.clockErrorMs(plan.service)
    const isKnown = plan.tables.every((table) => knowsNow(rules(table), plan.now, errorMs))
    return isKnown || !isRelative({ plan, parts }) ? undefined : 'no-clock'
  }

  /** Undefined until Druid's word is known to agree. */
  agreed(asking: Asking): Making | undefined {
    const { witness, timelines, rules } = this.#options
    const verdict = witness.verdict(asking)
    if (typeof verdict === 'string' || verdict.kind !== 'agrees') return undefined
    if (verdict.order === undefined && verdict.mergeOrder === undefined) return undefined
    const [table = ''] = asking.plan.tables
    return { ...asking, verdict, timeline: timelines.of(asking.service, table), rules: rules(table) }
  }

  async #after(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, new AbortController().signal)
  }

  #ask(asking: Asking): void {
    const { witness, keeper } = this.#options
    const { request, plan, parts } = asking
    const method = this.#options[parts.kind]
    const ranges = windowAt(asking, asking.momentMs)
    // Of an empty window Druid's plan says nothing.
    if (ranges === undefined || ranges.length === 0) return
    const closed = ranges.map((range) => (isOpen(range) ? SAMPLE : range))
    const grid = method.gridFor(parts, closed)?.grid
    if (grid === undefined) return
    const errorMs = keeper.clockErrorMs(plan.service) ?? 0
    const windowNow = (by: 'late' | 'early'): readonly Interval[] | undefined => {
      const slackMs = by === 'late' ? -errorMs : errorMs
      return windowAt(asking, parts.pinnedNowMs ?? keeper.brokerNowMs(plan.service) + slackMs)
    }
    const wide = united(closed.map((range) => grid.around(range)))
    const text = method.text(request.query.sql, parts, wide, { grid, live: asking.live })
    keeper.beside(witness.ask({ ...asking, text, ranges: wide, period: grid.period, windowNow }))
  }
}

/** What it asks for depends on the moment at which it is asked. */
function isRelative({ plan, parts }: { readonly plan: WholePlan; readonly parts: Parts }): boolean {
  return parts.pinnedNowMs === undefined && plan.now.kind === 'used'
}

/** HAVING of a series leaves out groups, and their last instants with them. */
function canBeLive({ kind, grouped }: Parts): boolean {
  // A WHERE outside of the SELECT that groups is another HAVING.
  const { having, texts } = grouped
  return (
    kind === 'merge' || (having === undefined && texts.outer.every(({ where }) => where.from === where.to))
  )
}

/** A window that ends so near to now ends at what its asker took for now. */
const LIVE_MS = 60_000

/** Where a window is open at an end, its text is checked over this. */
const SAMPLE: Interval = { startMs: 0, endMs: 4_102_444_800_000 }
const FAR_MS = 200_000_000_000_000

/** Whether it has no bound on one of its sides. */
export function isOpen({ startMs, endMs }: Interval): boolean {
  return startMs < -FAR_MS || endMs > FAR_MS
}
