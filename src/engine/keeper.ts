// Decides beside the road whether an answer that was just given may be kept: Druid's plan must agree with the text, and
// the timeline must not have moved under it.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type BrokerAddress, type Druid, type DruidAnswer } from '../druid/druid.ts'
import { type FreshnessRules } from '../freshness/bounds.ts'
import { prove } from '../freshness/proof.ts'
import { ALL_TIME } from '../time/all-time.ts'
import { type Timelines } from '../freshness/timelines.ts'
import { ANONYMOUS } from '../identity/identity.ts'
import { type Rights, rightFor } from '../identity/rights.ts'
import { type Interval } from '../plan/facts.ts'
import { intersected } from '../plan/intervals.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type Bucketed } from '../result/bucket-rows.ts'
import { explainSql } from '../sql/statements.ts'
import { type Entry } from './entry.ts'
import { Shape } from './parts/shape.ts'
import { type Checked, type PlanChecks, type Run } from './plan-check.ts'
import { type SqlRequest } from './request.ts'
import { entryAt, type Store } from './store.ts'

export interface KeeperOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly timelines: Timelines
  readonly rights: Rights
  readonly planChecks: PlanChecks
  readonly rules: (datasource: string) => FreshnessRules
  /** How long answers over these tables may live once an identity is involved, ms; Infinity where declared free of policies. */
  readonly policyMs: (tables: readonly string[]) => number
  readonly onKept: (outcome: 'kept' | 'not-kept') => void
  /** Told of each answer that is kept. */
  readonly share: (request: SqlRequest, plan: WholePlan, entry: Entry) => void
}

export interface Watching {
  /** To be called with the Broker that is to compute it, which is asked when what is returned has resolved. */
  readonly at: (broker: BrokerAddress) => Promise<void> | undefined
  readonly end: () => void
}

const TOO_LARGE_MAX = 10_000
const TOO_LARGE_MS = 600_000
const PURGES_MAX = 10_000

export class Keeper {
  readonly #options: KeeperOptions
  readonly #tooLarge: LRUCache<string, true>
  readonly #purgedAtMs = new LRUCache<string, number>({ max: PURGES_MAX })
  readonly #running = new Set<Promise<void>>()

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#tooLarge = new LRUCache({ max: TOO_LARGE_MAX, ttl: TOO_LARGE_MS })
  }

  /**
   * Takes a complete answer, and sees beside the road whether it is kept; what is returned resolves, and never rejects,
   * when that is known. Druid is asked only now: whoever waits for the answer shall not wait for EXPLAIN.
   */
  land(made: Made): Promise<void> {
    const { request, answer } = made
    const { broker, generation } = answer
    const run = { service: broker.service, generation, explainSql: explainSql(request.query.sql) }
    const kept = this.#keep(made, run).catch(() => undefined)
    this.beside(kept)
    return kept
  }

  /** Looks after the timelines under an answer while it is computed. */
  watch({ tables, bounds }: WholePlan): Watching {
    const over = new AbortController()
    return {
      at: ({ id, service }) => {
        const intervals = bounds?.intervals ?? ALL_TIME
        const firsts = tables
          .map((name) => this.#options.timelines.of(service, name).watch(intervals, id, over.signal))
          .filter((first) => first !== undefined)
        return firsts.length === 0 ? undefined : Promise.all(firsts).then(() => undefined)
      },
      end: () => over.abort(),
    }
  }

  /** Keeps hold of work that no request waits for, so that the end can. */
  beside(work: Promise<void>): void {
    const task = work.catch(() => undefined).finally(() => this.#running.delete(task))
    this.#running.add(task)
  }

  /** Whether an identity may have the answer of a flight that another began: by Druid's own plan and a check of its own. */
  async mayJoin(request: SqlRequest, plan: WholePlan, service: string): Promise<boolean> {
    const { planChecks, rights, druid } = this.#options
    const run = { service, generation: druid.generation(service), explainSql: explainSql(request.query.sql) }
    const checked = await planChecks.check(request, plan, run)
    if (checked.kind !== 'agrees') return false
    const caller = { scope: request.identity, headers: request.headers }
    return await rights.check(caller, service, plan.tables, rightFor(plan))
  }

  /**
   * Whether what Druid has just answered may be given to other identities, too. It is asked only now: a policy that came
   * before the answer was computed is seen. Never rejects.
   */
  async isForAll(request: SqlRequest, plan: WholePlan, service: string): Promise<boolean> {
    if (!plan.shared) return true
    const caller = { scope: request.identity, headers: request.headers }
    return await this.#options.rights.confirmsAllRows(caller, service, plan.tables)
  }

  /** Druid refused what a plan reads to who asks. */
  refused({ identity }: SqlRequest, { tables }: WholePlan, service: string): void {
    this.#options.rights.refused(identity, service, tables)
  }

  /** Remembers that answers to this statement pass the limit of what is kept. */
  tooLarge(plan: WholePlan): void {
    this.#tooLarge.set(plan.key, true)
  }

  isTooLarge(plan: WholePlan): boolean {
    return this.#tooLarge.has(plan.key)
  }

  /** By how much the clocks of a group's Brokers may be off, ms; undefined when one of them isn't known. */
  clockErrorMs(service: string | undefined): number | undefined {
    const name = service ?? this.#options.druid.defaultService
    const errors = this.#options.druid
      .brokers()
      .filter((broker) => broker.service === name && broker.state === 'ready')
      .map(({ clock }) => clock?.errorMs ?? Number.POSITIVE_INFINITY)
    const worst = Math.max(0, ...errors)
    return errors.length > 0 && Number.isFinite(worst) ? worst : undefined
  }

  /** What the clocks of a group's Brokers show, ms: our own where none is known. */
  brokerNowMs(service: string | undefined): number {
    const name = service ?? this.#options.druid.defaultService
    const known = this.#options.druid
      .brokers()
      .find((broker) => broker.service === name && broker.state === 'ready' && broker.clock !== undefined)
    return this.#options.clock.now() + (known?.clock?.offsetMs ?? 0)
  }

  /**
   * Takes out what read a datasource (all without one), under an interval where one is given, and returns how many entries
   * went or were cut. Nothing of what is on its way is kept, under whatever interval.
   */
  purge(datasource: string | undefined, interval?: Interval): number {
    const { cache, clock } = this.#options
    this.#purgedAtMs.set(datasource ?? '', clock.now())
    const reads = ({ tables }: { readonly tables: readonly string[] }): boolean =>
      datasource === undefined || tables.includes(datasource)
    if (interval === undefined) return cache.deleteWhere(reads)
    const cut = cache.entries().filter(([key, held]) => {
      if (!(held instanceof Shape) || !reads(held) || !held.forget(interval)) return false
      cache.resized(key, held)
      return true
    })
    return cut.length + cache.deleteWhere((held) => reads(held) && isUnder(held, datasource, interval))
  }

  /** Keeps an answer that is proved, if it may be kept, and gives it to other replicas; true when it is kept. */
  put({ request, plan, entry }: Pick<Made, 'request' | 'plan' | 'entry'>, costMs: number): boolean {
    const isKept = this.#options.cache.put(plan.key, entry, costMs)
    if (isKept) this.#options.share(request, plan, entry)
    return isKept
  }

  /** Resolves when nothing is being decided any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #keep(made: Made, run: Run): Promise<void> {
    const { request, plan, answer, entry, costMs } = made
    const { cache, timelines, rules, clock, onKept, planChecks, rights } = this.#options
    const checked = await planChecks.check(request, plan, run)
    const isForAll = await made.isForAll
    if (checked.kind !== 'agrees') return onKept('not-kept')
    // No sooner: what Druid let pass is a right to the tables that Druid read, not to those that the text seems to name.
    rights.proved(request.identity, answer.broker.service, plan.tables, answer.sentAtMs)
    if (!isForAll) return onKept('not-kept')
    const answered = this.#answered(made, checked)
    const proof = await prove(timelines, rules, answered, () => clock.now())
    if (proof === undefined || this.wasPurged(plan.tables, answer.sentAtMs)) return onKept('not-kept')
    // A slow answer may land after one that was asked for later, by a client that wanted a new one.
    if ((entryAt(cache, plan.key)?.proof?.sentAtMs ?? Number.NEGATIVE_INFINITY) > proof.sentAtMs)
      return onKept('not-kept')
    entry.proof = proof
    onKept(this.put(made, costMs) ? 'kept' : 'not-kept')
  }

  #answered(
    { request, plan, answer }: Made,
    checked: Checked & { kind: 'agrees' },
  ): Parameters<typeof prove>[2] {
    const { broker, generation, sentAtMs } = answer
    const intervals = checked.intervals && plan.bounds !== undefined ? plan.bounds.intervals : ALL_TIME
    return {
      broker: broker.id,
      service: broker.service,
      generation,
      sentAtMs,
      clockErrorMs: this.clockErrorMs(broker.service),
      now: plan.now,
      readsLookup: checked.readsLookup,
      policyMs: this.policyMs(request, plan),
      tables: plan.tables.map((name) => ({ name, intervals })),
    }
  }

  /** How long an answer may live because of row policies, ms. What is shared may be given to identities, whoever began. */
  policyMs(request: SqlRequest, plan: WholePlan): number {
    return request.identity === ANONYMOUS && !plan.shared
      ? Number.POSITIVE_INFINITY
      : this.#options.policyMs(plan.tables)
  }

  /**
   * How long after its beginning a flight may be joined by who has its identity, ms: none that began before what it reads
   * was last purged, or before Druid last refused him. Who joins a shared one is checked.
   */
  joinMs(request: SqlRequest, plan: WholePlan): number {
    const isFree = request.identity === ANONYMOUS || plan.shared
    const recheckMs = isFree ? Number.POSITIVE_INFINITY : this.#options.rights.recheckMs
    const sinceMs = Math.min(this.#sinceRefusedMs(request, plan), this.#sincePurgedMs(plan))
    return Math.min(recheckMs, sinceMs, this.policyMs(request, plan))
  }

  // In the same millisecond it isn't known which of the two was first.
  #sinceRefusedMs({ identity }: SqlRequest, { service, tables, shared }: WholePlan): number {
    const { rights, druid, clock } = this.#options
    if (shared) return Number.POSITIVE_INFINITY
    return clock.now() - rights.refusedAtMs(identity, service ?? druid.defaultService, tables) - 1
  }

  #sincePurgedMs({ tables }: WholePlan): number {
    return this.#options.clock.now() - this.#lastPurgeMs(tables) - 1
  }

  /** Whether what was asked for at a moment has been purged since. */
  wasPurged(tables: readonly string[], sentAtMs: number): boolean {
    return this.#lastPurgeMs(tables) >= sentAtMs
  }

  #lastPurgeMs(tables: readonly string[]): number {
    const all = ['', ...tables].map((table) => this.#purgedAtMs.get(table) ?? Number.NEGATIVE_INFINITY)
    return Math.max(...all)
  }
}

/** Whether a purge takes all of it: a shape has been cut already. */
function isUnder(
  held: Entry | Shape<Bucketed, unknown>,
  datasource: string | undefined,
  interval: Interval,
): boolean {
  if (held instanceof Shape) return held.runs.length === 0
  const read = held.proof?.tables.filter(
    ({ timeline }) => datasource === undefined || timeline.datasource === datasource,
  )
  return read?.some(({ intervals }) => intersected(intervals, [interval]).length > 0) ?? true
}

/** An answer that was read to its proper end. */
export interface Made {
  readonly request: SqlRequest
  readonly plan: WholePlan
  readonly answer: DruidAnswer
  readonly entry: Entry
  readonly costMs: number
  /** Whether others than who asked may be given it, as far as row policies go. */
  readonly isForAll: Promise<boolean>
}
