// Asks Druid itself which tables a statement reads, once for each form, identity and generation; where Druid reads less for
// one text, its word counts for that text alone. Nothing is served from an entry before Druid's word agrees with what the
// text says.
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
  /** The text that Druid was asked about. */
  readonly text: string
  readonly word: Promise<Word>
  settled: Checked | undefined
  retryAtMs: number
}

interface Word {
  readonly checked: Checked
  /** Druid reads less than all tables for this very text, as where no row can meet it: on others of its form it says nothing. */
  readonly isOwn: boolean
}

interface Keys {
  readonly form: string
  readonly text: string
}

export class PlanChecks {
  readonly #options: PlanCheckOptions
  readonly #known = new LRUCache<string, Known>({ max: CHECKS_MAX })

  constructor(options: PlanCheckOptions) {
    this.#options = options
  }

  /** Druid was found to read something else than the text says: such statements pass. */
  disagrees(request: SqlRequest, plan: WholePlan, generation: number): boolean {
    return this.#current(this.#keysOf(request, plan, generation).form)?.settled?.kind === 'disagrees'
  }

  /** Druid's word on a statement of this form; asked at most once at a time. Never rejects. */
  async check(request: SqlRequest, plan: WholePlan, run: Run): Promise<Checked> {
    const keys = this.#keysOf(request, plan, run.generation)
    const known = this.#current(keys.text) ?? this.#current(keys.form)
    const { text, word } = known ?? this.#begin(keys, this.#ask(request, plan, run))
    const { checked, isOwn } = await word
    return isOwn && text !== keys.text ? await this.check(request, plan, run) : checked
  }

  #current(key: string): Known | undefined {
    const known = this.#known.get(key)
    return known !== undefined && this.#options.clock.monotonic() < known.retryAtMs ? known : undefined
  }

  #begin(keys: Keys, asked: Promise<Word>): Known {
    const known: Known = {
      text: keys.text,
      // Those that wait find its place free for what they ask themselves.
      word: asked.then((word) => this.#settled(keys, known, word)),
      settled: undefined,
      retryAtMs: Number.POSITIVE_INFINITY,
    }
    this.#known.set(keys.form, known)
    return known
  }

  #settled({ form, text }: Keys, known: Known, word: Word): Word {
    known.settled = word.checked
    known.retryAtMs = this.#options.clock.monotonic() + retryAfter(word.checked)
    if (word.isOwn) {
      if (this.#known.peek(form) === known) this.#known.delete(form)
      this.#known.set(text, known)
    }
    this.#options.onCheck(word.checked.kind)
    return word
  }

  // An empty window proves nothing about how bounds of its form are read: it is asked about as a form of its own. What a
  // policy means for an answer changes with the settings, while the form stays.
  #keysOf(request: SqlRequest, plan: WholePlan, generation: number): Keys {
    const empty = plan.bounds?.intervals.length === 0
    const bounds = plan.bounds === undefined ? '' : `${plan.bounds.form}${empty ? ' empty' : ''}`
    const mayBeRestricted = this.#options.mayBeRestricted(request, plan)
    const form = JSON.stringify([
      request.identity,
      generation,
      plan.service,
      plan.form,
      bounds,
      mayBeRestricted,
    ])
    return { form, text: `${form} ${plan.key}` }
  }

  async #ask(request: SqlRequest, plan: WholePlan, run: Run): Promise<Word> {
    try {
      const explained = await this.#explain(request, plan, run)
      const isRefused = explained?.restricted === true && !this.#options.mayBeRestricted(request, plan)
      const checked: Checked =
        explained === undefined || isRefused ? { kind: 'disagrees' } : compare(explained, plan)
      const isOwn = checked.kind === 'agrees' && !readsAll(explained, plan)
      return { checked, isOwn }
    } catch {
      return { checked: { kind: 'unknown' }, isOwn: false }
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

function readsAll(explained: Explained | undefined, { tables }: WholePlan): boolean {
  return explained?.planTables.length === tables.length
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
