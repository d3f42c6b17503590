// Asks Druid itself which tables a statement reads, once for each form, identity and generation. Nothing is served from
// an entry before Druid's word agrees with what the text says.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { type Interval } from '../plan/facts.ts'
import { type WholePlan } from '../plan/plan.ts'
import { explainRow } from './explain-row.ts'
import { type Explained, readExplained } from './explained.ts'
import { type SqlRequest } from './request.ts'

export type Checked =
  /** `intervals`: bounds of this form are read by Druid as the text says, so they may narrow what an answer rests on. */
  | { readonly kind: 'agrees'; readonly intervals: boolean; readonly readsLookup: boolean }
  | { readonly kind: 'disagrees' }
  | { readonly kind: 'unknown' }

/** Answers under a row policy are kept where they are one identity's own, for `identity.policy`. */
export type MayBeRestricted = (request: SqlRequest, plan: WholePlan) => boolean

/** Told when Druid refuses what a plan reads to who asks: what was proved before counts no more. */
export type Refused = (request: SqlRequest, plan: WholePlan, service: string) => void

export interface PlanCheckOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly timeoutMs: number
  /** Whether answers to it end soon enough for what a row policy hides from then on. */
  readonly mayBeRestricted: MayBeRestricted
  readonly refused: Refused
  readonly onCheck: (outcome: Checked['kind']) => void
}

const CHECKS_MAX = 20_000
/** A disagreement or a failed EXPLAIN is asked again after a while: the cluster may have changed. */
const DISAGREES_MS = 600_000
const UNKNOWN_MS = 10_000

interface Known {
  readonly checked: Promise<Checked>
  settled: Checked | undefined
  retryAtMs: number
}

export class PlanChecks {
  readonly #options: PlanCheckOptions
  readonly #known = new LRUCache<string, Known>({ max: CHECKS_MAX })

  constructor(options: PlanCheckOptions) {
    this.#options = options
  }

  /** Druid was found to read something else than the text says: such statements pass. */
  disagrees(request: SqlRequest, plan: WholePlan, generation: number): boolean {
    const known = this.#known.get(this.#keyOf(request, plan, generation))
    if (known?.settled?.kind !== 'disagrees') return false
    return this.#options.clock.monotonic() < known.retryAtMs
  }

  /** Druid's word on a statement of this form; asked at most once at a time. Never rejects. */
  async check(request: SqlRequest, plan: WholePlan, run: Run): Promise<Checked> {
    const key = this.#keyOf(request, plan, run.generation)
    const known = this.#known.get(key)
    if (known !== undefined && this.#options.clock.monotonic() < known.retryAtMs) return await known.checked
    const fresh: Known = {
      checked: this.#ask(request, plan, run),
      settled: undefined,
      retryAtMs: Number.POSITIVE_INFINITY,
    }
    this.#known.set(key, fresh)
    const checked = await fresh.checked
    fresh.settled = checked
    fresh.retryAtMs = this.#options.clock.monotonic() + retryAfter(checked)
    this.#options.onCheck(checked.kind)
    return checked
  }

  // An empty window proves nothing about how bounds of its form are read: it is asked about as a form of its own. What a
  // policy means for an answer changes with the settings, while the form stays.
  #keyOf(request: SqlRequest, plan: WholePlan, generation: number): string {
    const empty = plan.bounds?.intervals.length === 0
    const bounds = plan.bounds === undefined ? '' : `${plan.bounds.form}${empty ? ' empty' : ''}`
    const mayBeRestricted = this.#options.mayBeRestricted(request, plan)
    return JSON.stringify([request.identity, generation, plan.service, plan.form, bounds, mayBeRestricted])
  }

  async #ask(request: SqlRequest, plan: WholePlan, run: Run): Promise<Checked> {
    try {
      const explained = await this.#explain(request, plan, run)
      if (explained === undefined) return { kind: 'disagrees' }
      if (explained.restricted && !this.#options.mayBeRestricted(request, plan)) return { kind: 'disagrees' }
      return compare(explained, plan)
    } catch {
      return { kind: 'unknown' }
    }
  }

  async #explain(request: SqlRequest, plan: WholePlan, run: Run): Promise<Explained | undefined> {
    const { druid, timeoutMs } = this.#options
    const { service } = run
    const body = request.bodies.explain(run.explainSql)
    const refused = (): void => this.#options.refused(request, plan, service)
    const row = await explainRow(druid, { body, service, headers: request.headers, timeoutMs, refused })
    return row === undefined ? undefined : readExplained(row)
  }
}

/** Where the statement runs, and how Druid is asked about it. */
export interface Run {
  readonly service: string
  readonly generation: number
  readonly explainSql: string
}

function compare(explained: Explained, plan: WholePlan): Checked {
  const { tables, planTables, readsLookup, opaque, intervals } = explained
  if (tables === undefined || opaque || tables.join('\n') !== plan.tables.join('\n'))
    return { kind: 'disagrees' }
  if (!planTables.every((table) => tables.includes(table))) return { kind: 'disagrees' }
  if (readsLookup && plan.lookups.length === 0) return { kind: 'disagrees' }
  const agreed =
    intervals !== undefined && plan.bounds !== undefined && sameIntervals(intervals, plan.bounds.intervals)
  return { kind: 'agrees', intervals: agreed, readsLookup: plan.lookups.length > 0 }
}

function sameIntervals(a: readonly Interval[], b: readonly Interval[]): boolean {
  const text = (list: readonly Interval[]): string =>
    list.map(({ startMs, endMs }) => `${startMs}/${endMs}`).join()
  return a.length > 0 && text(a) === text(b)
}

function retryAfter(checked: Checked): number {
  if (checked.kind === 'agrees') return Number.POSITIVE_INFINITY
  return checked.kind === 'disagrees' ? DISAGREES_MS : UNKNOWN_MS
}
