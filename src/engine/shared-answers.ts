// Answers that replicas share: put into L2 with their proofs, and brought from there to be judged as one's own.
import { z } from 'zod'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { type FreshnessRules } from '../freshness/bounds.ts'
import {
  brokersNow,
  exportedProof,
  importedProof,
  type PortableProof,
  portableProof,
} from '../freshness/portable.ts'
import { judge, type Proof } from '../freshness/proof.ts'
import { type Timelines } from '../freshness/timelines.ts'
import { type IdentityScope } from '../plan/query.ts'
import { type Parts, type WholePlan } from '../plan/plan.ts'
import { Entry } from './entry.ts'
import { type Keeper } from './keeper.ts'
import { type SqlRequest } from './request.ts'
import { entryAt, type Store } from './store.ts'

/** An answer as it is stored: the checks on its form are the store's, those on its truth are made here. */
export interface SharedAnswer {
  readonly meta: {
    /** By the Brokers' clock, ms. */
    readonly beganAtMs: number
    readonly generation: string
    readonly epoch: number
    readonly proof: Buffer
  }
  readonly body: Buffer
}

/** Of L2, as much as is needed here. */
export interface SharedStore {
  get(keys: readonly string[], signal: AbortSignal): Promise<readonly (SharedAnswer | undefined)[]>
  put(key: string, answer: SharedAnswer, lifeMs?: number): void
  /** Resolves when what was put before is written or dropped. @throws the signal's reason. */
  flushed(signal: AbortSignal): Promise<void>
}

export interface SharedAnswersOptions {
  readonly store: SharedStore
  readonly druid: Pick<Druid, 'brokers' | 'generation'>
  readonly clock: Clock
  readonly cache: Store
  readonly timelines: Pick<Timelines, 'of'>
  readonly keeper: Pick<Keeper, 'policyMs' | 'wasPurged'>
  readonly rules: (datasource: string) => FreshnessRules
  /** The last purge of these datasources; undefined where it isn't known yet: then nothing is shared. */
  readonly epochOf: (tables: readonly string[]) => number | undefined
  /** Whose epochs these are, and by what the answers were made: what was stored under others isn't found. */
  readonly origin: (tables: readonly string[]) => string
  /** Whether other replicas know an identity under the same name. */
  readonly isKnownToAll: (identity: IdentityScope) => boolean
  /** What Druid took for a whole answer of a shape, ms; undefined: it isn't known. */
  readonly wholeMs: (shape: string) => number | undefined
  /** Told of an answer that was brought, in the form that is kept: who has it knows its shape as if it had asked Druid. */
  readonly onBrought: (parts: Parts, kept: Buffer, wholeMs: number) => void
}

const told = z.strictObject({
  proof: portableProof,
  headers: z.array(z.string()).max(1_000),
  detail: z.string().max(100),
  wholeMs: z.number().nonnegative().nullable(),
})

/** An answer that can be shared for less isn't worth the way. */
const LIFE_MIN_MS = 250

export class SharedAnswers {
  readonly #options: SharedAnswersOptions
  /** On the way from L2, by key: who comes meanwhile waits for the same. */
  readonly #coming = new Map<string, Promise<boolean>>()

  constructor(options: SharedAnswersOptions) {
    this.#options = options
  }

  /**
   * Brings the answer to L1, where there is one in L2 that holds as far as is known here, or lacks only a look at the
   * timeline; false: there was none. `anew`: what a look-up on its way may have missed is looked for again. Never rejects.
   */
  async bring(request: SqlRequest, plan: WholePlan, anew = false): Promise<boolean> {
    if (!this.mayShare(request, plan)) return false
    if (anew) return await this.#bring(request, plan).catch(() => false)
    let coming = this.#coming.get(plan.key)
    if (coming === undefined) {
      coming = this.#bring(request, plan)
        .catch(() => false)
        .finally(() => this.#coming.delete(plan.key))
      this.#coming.set(plan.key, coming)
    }
    return await coming
  }

  /** Gives an answer that is kept to the others. */
  share(request: SqlRequest, plan: WholePlan, entry: Entry): void {
    const { store, druid, epochOf } = this.#options
    const epoch = epochOf(plan.tables)
    if (entry.proof === undefined || epoch === undefined || !this.mayShare(request, plan)) return
    const proof = exportedProof(entry.proof, brokersNow(druid, entry.service))
    const lifeMs = this.#lifeMs(entry.proof)
    if (proof === undefined || lifeMs < LIFE_MIN_MS) return
    const { headers, hit } = entry
    const { parts } = plan
    const wholeMs = parts === undefined ? undefined : this.#options.wholeMs(parts.shape)
    const detail = hit.kind === 'hit' ? hit.detail : ''
    const text = JSON.stringify({ proof, headers, detail, wholeMs: wholeMs ?? null })
    const meta = {
      beganAtMs: Math.max(0, proof.sentAt),
      generation: proof.runs.join('\n'),
      // A purge that came since the fetch began would have kept the answer from being kept.
      epoch,
      proof: Buffer.from(text),
    }
    store.put(this.#keyOf(plan), { meta, body: entry.kept }, Number.isFinite(lifeMs) ? lifeMs : undefined)
  }

  async #bring(request: SqlRequest, plan: WholePlan): Promise<boolean> {
    const { store, cache, epochOf } = this.#options
    // The store has a deadline of its own for each call.
    const [found] = await store.get([this.#keyOf(plan)], AbortSignal.timeout(request.timeoutMs))
    const epoch = epochOf(plan.tables)
    if (found === undefined || epoch === undefined || found.meta.epoch < epoch) return false
    const { data } = told.safeParse(JSON.parse(found.meta.proof.toString()))
    const proof = data && this.#imported(data.proof, request, plan)
    if (data === undefined || proof === undefined) return false
    const held = entryAt(cache, plan.key)?.proof
    if (held !== undefined && held.sentAtMs >= proof.sentAtMs) return false
    const { service } = proof
    const given = { kept: found.body, headers: data.headers, tables: plan.tables, service }
    const entry = new Entry(given, data.detail)
    entry.proof = proof
    if (plan.parts !== undefined && data.wholeMs !== null)
      this.#options.onBrought(plan.parts, found.body, data.wholeMs)
    // What was worth the way to L2 is worth its place here.
    return cache.put(plan.key, entry, Number.POSITIVE_INFINITY)
  }

  #imported(portable: PortableProof, request: SqlRequest, plan: WholePlan): Proof | undefined {
    const { druid, clock, timelines, keeper, rules } = this.#options
    // It was made for this statement: of these datasources and no others.
    const names = new Set(portable.tables.map(({ name }) => name))
    const isComplete = names.size === plan.tables.length && plan.tables.every((one) => names.has(one))
    if (!isComplete || portable.service !== (plan.service ?? portable.service)) return undefined
    const proof = importedProof(portable, {
      brokers: brokersNow(druid, portable.service),
      timelines,
      rulesOf: rules,
      now: plan.now,
      policyMs: keeper.policyMs(request, plan),
    })
    if (proof === undefined || keeper.wasPurged(plan.tables, proof.sentAtMs)) return undefined
    const nowMs = clock.now()
    return judge(proof, proof.generation, nowMs, nowMs).kind === 'invalid' ? undefined : proof
  }

  #keyOf({ key, tables }: WholePlan): string {
    return `${this.#options.origin(tables)} ${key}`
  }

  #lifeMs({ tickMs, lifeMs, tables }: Proof): number {
    const bounds = tables
      .filter(({ fingerprint }) => fingerprint === undefined)
      .map(({ rules }) => rules.capMs)
    return Math.min(tickMs, lifeMs, ...bounds)
  }

  /** Whether other replicas may be given it, or give it. */
  mayShare({ identity, cacheWish }: SqlRequest, plan: WholePlan): boolean {
    return !cacheWish.noCache && !cacheWish.noStore && (plan.shared || this.#options.isKnownToAll(identity))
  }
}
