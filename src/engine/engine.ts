// Runs plans: decides what to read, to fetch, to wait for and to keep.
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { isDenial } from '../druid/denial.ts'
import { OvateError } from '../errors.ts'
import { judge, lookAgain, type Verdict } from '../freshness/proof.ts'
import { type Rights, rightFor } from '../identity/rights.ts'
import { isRead } from '../sql/statements.ts'
import { type Plan, type WholePlan } from '../plan/plan.ts'
import { type Reason } from '../plan/reasons.ts'
import { type IdentityScope } from '../plan/query.ts'
import { type WireFormat } from '../result/format.ts'
import { type Entry, type Rendering } from './entry.ts'
import { type Keeper } from './keeper.ts'
import { pass } from './pass.ts'
import { type PlanChecks } from './plan-check.ts'
import { type Answer, type CacheWish, type HeldAnswer, type SqlRequest } from './request.ts'
import { type PartAnswers } from './parts/part-answers.ts'
import { type PartState, type PartStates } from './parts/part-state.ts'
import { type SharedAnswers } from './shared-answers.ts'
import { entryAt, type Store } from './store.ts'
import { type Whole } from './whole.ts'

export interface EngineOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly rights: Rights
  readonly planChecks: PlanChecks
  readonly keeper: Keeper
  readonly whole: Whole
  readonly partAnswers: PartAnswers
  readonly partStates: PartStates
  /** Undefined where replicas share nothing. */
  readonly shared: SharedAnswers | undefined
}

/** An answer's bytes as one client wants them. */
export interface Rendered {
  readonly bytes: Buffer
  readonly gzip: boolean
}

/** Below this many bytes gzip saves nothing worth its work. */
const GZIP_MIN_BYTES = 512

/** What is held for a plan, as far as anybody may know. */
export type HeldState =
  | { readonly state: 'none' }
  | { readonly state: Verdict['kind']; readonly ageMs: number | undefined; readonly sizeBytes: number }

/** What a hit needs to know of a request: small, so that it can be kept for each text that was seen. */
export interface Asked {
  readonly plan: WholePlan
  readonly identity: IdentityScope
}

export class Engine {
  readonly #options: EngineOptions

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /**
   * Hot: a hit passes here. The held answer when it may be given at once, without asking anybody; undefined otherwise.
   */
  hit(asked: Asked, arrivedAtMs: number, callerHeaders: () => readonly string[]): HeldAnswer | undefined {
    const { plan, identity } = asked
    const entry = entryAt(this.#options.cache, plan.key)
    if (entry === undefined) return undefined
    const verdict = this.#judge(entry, arrivedAtMs)
    if (verdict.kind !== 'valid') return undefined
    const { rights } = this.#options
    const right = rightFor(plan)
    const state = rights.state(identity, entry.service, plan.tables, right)
    if (state === 'unproved') return undefined
    if (state === 'due')
      rights.renew({ scope: identity, headers: callerHeaders() }, entry.service, plan.tables, right)
    return { kind: 'held', key: plan.key, entry, outcome: entry.hit, ageMs: verdict.ageMs }
  }

  /** What is held of an answer's parts, and what would be fetched; undefined where it has none. */
  peekParts(request: SqlRequest, plan: WholePlan): PartState | undefined {
    return this.#options.partStates.of(request, plan)
  }

  /** Whether something is held for a plan, and whether it could be given now. */
  peek({ key }: WholePlan): HeldState {
    const entry = entryAt(this.#options.cache, key)
    if (entry === undefined) return { state: 'none' }
    const verdict = this.#judge(entry, this.#options.clock.now())
    return {
      state: verdict.kind,
      ageMs: verdict.kind === 'valid' ? verdict.ageMs : undefined,
      sizeBytes: entry.sizeBytes,
    }
  }

  /** Hot: a hit passes here. The bytes of an answer for a client; gzip is made beside the road once it was wanted. */
  rendered({ entry, key }: HeldAnswer, wire: WireFormat, wantsGzip: boolean): Rendered {
    const before = entry.sizeBytes
    const rendering = entry.rendering(wire)
    if (entry.sizeBytes !== before) this.#options.cache.resized(key, entry)
    if (!wantsGzip || rendering.plain.length < GZIP_MIN_BYTES) return { bytes: rendering.plain, gzip: false }
    if (rendering.gzip !== undefined) return { bytes: rendering.gzip, gzip: true }
    if (!rendering.compressing) this.#options.keeper.beside(this.#compress(key, entry, rendering))
    return { bytes: rendering.plain, gzip: false }
  }

  async #compress(key: string, entry: Entry, rendering: Rendering): Promise<void> {
    if (await entry.compress(rendering)) this.#options.cache.resized(key, entry)
  }

  /**
   * Runs a plan. `signal` is the asker's: it fires when the client has gone, has cancelled, or its time is over.
   * @throws OvateError when Druid could not be asked; the signal's reason.
   */
  async run(request: SqlRequest, plan: Plan, signal: AbortSignal): Promise<Answer> {
    const { druid, planChecks, keeper, rights } = this.#options
    if (plan.kind === 'pass') {
      const repeatable = isRead(request.query.sql)
      return await pass(druid, request, { reason: plan.reason, repeatable }, signal)
    }
    const service = plan.service ?? druid.defaultService
    const disagrees =
      planChecks.disagrees(request, plan, druid.generation(service)) ||
      // Of what is shared he is given nothing, and nobody waits for what is his own.
      (plan.shared && rights.isRestricted(request.identity, service, plan.tables))
    const bypass = request.cacheWish.noStore ? 'client-bypass' : disagrees ? 'plan-disagrees' : undefined
    if (bypass !== undefined) return await this.#pass(request, plan, bypass, signal)
    const held = (await this.#held(request, plan, signal)) ?? (await this.#fromOthers(request, plan, signal))
    if (held !== undefined) return held
    if (request.cacheWish.onlyIfCached) {
      throw new OvateError(
        'OVATE_NOT_CACHED',
        'no answer is held that may be given, and only-if-cached was asked for',
      )
    }
    // Two ways to one answer at a time: the older of two would take the place of the newer one.
    const fromParts = this.#options.whole.isUnderWay(request, plan)
      ? undefined
      : await this.#options.partAnswers.answer(request, plan, signal)
    if (fromParts === 'brought') {
      const brought = await this.#held(request, plan, signal)
      if (brought !== undefined) return brought
    } else if (fromParts !== undefined) return fromParts
    return keeper.isTooLarge(plan)
      ? await this.#pass(request, plan, 'too-large', signal)
      : await this.#compute(request, plan, signal)
  }

  async #pass(request: SqlRequest, plan: WholePlan, reason: Reason, signal: AbortSignal): Promise<Answer> {
    const { druid, keeper } = this.#options
    const answer = await pass(druid, request, { reason, repeatable: true }, signal)
    if (isDenial(answer.status)) keeper.refused(request, plan, plan.service ?? druid.defaultService)
    return answer
  }

  async #fromOthers(
    request: SqlRequest,
    plan: WholePlan,
    signal: AbortSignal,
  ): Promise<HeldAnswer | undefined> {
    const { shared, whole } = this.#options
    if (shared === undefined || whole.isUnderWay(request, plan)) return undefined
    const came = await orAborted(shared.bring(request, plan), signal)
    return came ? await this.#held(request, plan, signal) : undefined
  }

  // Who joins a flight of shared tables has proved nothing by it: its own right is asked for before it gets a row.
  async #compute(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<Answer> {
    const { whole, keeper } = this.#options
    const answer = await whole.compute(request, plan, signal)
    if (answer === 'brought') {
      const held = await this.#held(request, plan, signal)
      return held ?? (await whole.alone(request, plan, signal))
    }
    if (answer === 'headless') return await this.#pass(request, plan, 'result-format', signal)
    if (answer.kind === 'stream' || !plan.shared) return answer
    if (await orAborted(keeper.mayJoin(request, plan, answer.entry.service), signal)) return answer
    return await this.#pass(request, plan, 'right-not-proved', signal)
  }

  // A held answer that lacks no more than a look at the timeline, or a check of rights, costs Druid next to nothing.
  async #held(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<HeldAnswer | undefined> {
    const { cache, rights } = this.#options
    const entry = entryAt(cache, plan.key)
    if (entry?.proof === undefined || request.cacheWish.noCache) return undefined
    let verdict = this.#judge(entry, request.arrivedAtMs)
    if (verdict.kind === 'look') {
      try {
        await orAborted(lookAgain(entry.proof), signal)
      } catch (error) {
        signal.throwIfAborted()
        // Whoever waited for a Broker to look at would wait for one to compute as long, and in vain.
        if (!this.#anyReady(entry.service)) throw error
        return undefined
      }
      verdict = this.#judge(entry, request.arrivedAtMs)
    }
    if (verdict.kind !== 'valid' || !freshEnough(verdict.ageMs, request.cacheWish)) return undefined
    const caller = { scope: request.identity, headers: request.headers }
    const allowed = await orAborted(rights.allows(caller, entry.service, plan.tables, rightFor(plan)), signal)
    // The world may have moved while we waited.
    const again = this.#judge(entry, request.arrivedAtMs)
    if (!allowed || again.kind !== 'valid') return undefined
    return { kind: 'held', key: plan.key, entry, outcome: entry.hit, ageMs: again.ageMs }
  }

  #anyReady(service: string): boolean {
    const brokers = this.#options.druid.brokers()
    return brokers.some((broker) => broker.service === service && broker.state === 'ready')
  }

  #judge(entry: Entry, arrivedAtMs: number): Verdict {
    if (entry.proof === undefined) return { kind: 'invalid' }
    const { druid, clock } = this.#options
    return judge(entry.proof, druid.generation(entry.service), clock.now(), arrivedAtMs)
  }
}

function freshEnough(ageMs: number, { maxAgeMs }: CacheWish): boolean {
  return maxAgeMs === undefined || ageMs <= maxAgeMs
}
