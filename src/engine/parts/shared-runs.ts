// Buckets that replicas share: each aligned run of a shape is one entry of L2, its pieces with their proofs. A reader judges
// each piece by its own timeline and drops the buckets under which something has changed.
import { endianness } from 'node:os'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type Druid } from '../../druid/druid.ts'
import { exportedPieces, importedPieces, portablePieces } from '../../freshness/portable-pieces.ts'
import { type BrokersNow, brokersNow } from '../../freshness/portable.ts'
import { type Clock } from '../../clock.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected } from '../../plan/intervals.ts'
import { type WholePlan } from '../../plan/plan.ts'
import { type Bucketed, sliceOf } from '../../result/bucket-rows.ts'
import { PACKED_FORMAT } from '../../result/packed/packed.ts'
import { type Keeper } from '../keeper.ts'
import { type SqlRequest } from '../request.ts'
import { type SharedAnswer, type SharedStore } from '../shared-answers.ts'
import { putWithin, shapeAt, type Store } from '../store.ts'
import { type AlignedRun, alignedRuns } from './aligned-runs.ts'
import { type Keeping } from './making.ts'
import { type Run, runsOf, Shape } from './shape.ts'

export interface SharedRunsOptions {
  readonly store: SharedStore
  readonly druid: Pick<Druid, 'brokers' | 'generation'>
  readonly clock: Clock
  readonly cache: Store
  readonly keeper: Pick<Keeper, 'policyMs' | 'wasPurged'>
  /** As with whole answers. */
  readonly epochOf: (tables: readonly string[]) => number | undefined
  readonly origin: (tables: readonly string[]) => string
  readonly mayShare: (request: SqlRequest, plan: WholePlan) => boolean
  readonly entryMaxBytes: (tables: readonly string[]) => number
  /** How long what isn't sealed is of use to anybody, ms. */
  readonly boundMs: (table: string) => number
}

const told = z.strictObject({
  pieces: portablePieces,
  head: z.unknown(),
  /** Header lines, name and value in turn. */
  headers: z.array(z.string()).max(1_000),
  aheadMs: z.number().nullable(),
})

/** In one look-up, and in one write: a window of more buckets is fetched by each replica. */
const RUNS_MAX = 256
const SEEN_MAX = 50_000
/** Buckets that can be shared for less aren't worth the way. */
const LIFE_MIN_MS = 250

export class SharedRuns {
  readonly #options: SharedRunsOptions
  /** On the way from L2, by key: who comes meanwhile waits for the same. */
  readonly #coming = new Map<string, Promise<void>>()

  /** What entries said when they were seen last, by key. */
  readonly #seen = new LRUCache<string, number>({ max: SEEN_MAX })

  constructor(options: SharedRunsOptions) {
    this.#options = options
  }

  /**
   * Brings what L2 has of the aligned runs that meet intervals to L1, in one look-up; `anew`: what another look-up on its way
   * may have missed is looked for again. Never rejects.
   */
  async bring<Rows extends Bucketed, Head>(
    keeping: Keeping<Rows, Head>,
    intervals: readonly Interval[],
    anew = false,
  ): Promise<void> {
    const { request, plan, grid, key } = keeping
    const runs = alignedRuns(grid, intervals, RUNS_MAX)
    if (runs === undefined || !this.#options.mayShare(request, plan)) return
    const keys = runs.map((run) => this.#keyOf(plan, key, run))
    if (anew) return await this.#bring(keeping, keys).catch(() => undefined)
    const wanted = keys.filter((one) => !this.#coming.has(one))
    const looking = this.#bring(keeping, wanted)
      .catch(() => undefined)
      .finally(() => {
        for (const one of wanted) this.#coming.delete(one)
      })
    for (const one of wanted) this.#coming.set(one, looking)
    await Promise.all(keys.flatMap((one) => this.#coming.get(one) ?? []))
  }

  /** Gives what is held of the aligned runs that meet intervals to the others. */
  share<Rows extends Bucketed, Head>(keeping: Keeping<Rows, Head>, intervals: readonly Interval[]): void {
    const { request, plan, key, grid, method } = keeping
    const { cache, druid, epochOf, mayShare } = this.#options
    const shape = shapeAt<Rows, Head>(cache, key, method)
    const epoch = epochOf(plan.tables)
    const runs = alignedRuns(grid, intervals, RUNS_MAX)
    if (shape === undefined || epoch === undefined || runs === undefined || !mayShare(request, plan)) return
    const brokers = brokersNow(druid, shape.service)
    for (const run of runs) this.#share(keeping, { shape, run, brokers, epoch })
  }

  #share<Rows extends Bucketed, Head>(
    { plan, method, key }: Keeping<Rows, Head>,
    given: {
      readonly shape: Shape<Rows, Head>
      readonly run: AlignedRun
      readonly brokers: BrokersNow
      readonly epoch: number
    },
  ): void {
    const { shape, run, brokers, epoch } = given
    const held = shape.runs.flatMap((one) => cutTo(one, run.interval))
    const lifeMs = this.#lifeMs(held, plan.tables)
    const pieces = exportedPieces(held, shape.service, brokers)
    if (pieces === undefined || lifeMs < LIFE_MIN_MS) return
    const exported = held.filter(({ proof }) => proof.generation === brokers.generation)
    const slices = exported.map(({ rows, interval }) => sliceOf(rows, interval.startMs, interval.endMs))
    const body = method.packing.rows.pack(method.rows.join(slices))
    if (body === undefined) return
    const { aheadMs } = shape
    const about = {
      pieces,
      head: method.packing.head.pack(shape.head),
      headers: shape.headers,
      aheadMs: aheadMs ?? null,
    }
    const name = this.#keyOf(plan, key, run)
    const latest = Math.max(0, ...pieces.pieces.map(({ sentAt }) => sentAt))
    const meta = {
      beganAtMs: this.#next(name, latest),
      generation: pieces.runs.join('\n'),
      // A purge takes what is held with it: nothing here is older than the last one that is known.
      epoch,
      proof: Buffer.from(JSON.stringify(about)),
    }
    const life = Number.isFinite(lifeMs) ? lifeMs : undefined
    this.#options.store.put(name, { meta, body }, life)
  }

  async #bring<Rows extends Bucketed, Head>(
    keeping: Keeping<Rows, Head>,
    keys: readonly string[],
  ): Promise<void> {
    const { request, plan, method, key } = keeping
    const { store, cache, epochOf, entryMaxBytes } = this.#options
    if (keys.length === 0) return
    // The store has a deadline of its own for each call.
    const found = await store.get(keys, AbortSignal.timeout(request.timeoutMs))
    let shape = shapeAt<Rows, Head>(cache, key, method)
    let isNew = false
    for (const [at, one] of found.entries()) {
      if (one !== undefined) this.#seen.set(keys[at] ?? '', one.meta.beganAtMs)
      const brought =
        one !== undefined && one.meta.epoch >= (epochOf(plan.tables) ?? Number.POSITIVE_INFINITY)
          ? this.#read(keeping, one)
          : undefined
      if (brought === undefined || brought.runs.length === 0) continue
      const { runs, aheadMs, ...given } = brought
      if (shape !== undefined && !method.sameHead(shape.head, given.head)) continue
      shape ??= new Shape<Rows, Head>({ kind: method.rows, tables: plan.tables, ...given })
      shape.put(runs)
      if (aheadMs !== undefined) shape.aheadMs = Math.max(aheadMs, shape.aheadMs ?? aheadMs)
      isNew = true
    }
    // What was worth the way to L2 is worth its place here.
    const maxBytes = entryMaxBytes(plan.tables)
    if (shape !== undefined && isNew) putWithin(cache, { key, maxBytes }, shape, Number.POSITIVE_INFINITY)
  }

  #read<Rows extends Bucketed, Head>(
    { request, plan, method, grid, service }: Keeping<Rows, Head>,
    { meta, body }: SharedAnswer,
  ):
    | {
        readonly runs: readonly Run<Rows>[]
        readonly head: Head
        readonly headers: readonly string[]
        readonly service: string
        readonly aheadMs: number | undefined
      }
    | undefined {
    const { druid, keeper } = this.#options
    const { data } = told.safeParse(JSON.parse(meta.proof.toString()))
    if (data === undefined || data.pieces.service !== service) return undefined
    const rows = method.packing.rows.unpack(body)
    const head = method.packing.head.unpack(data.head)
    if (rows === undefined || head === undefined) return undefined
    const lifeMs = keeper.policyMs(request, plan)
    const pieces = importedPieces(data.pieces, brokersNow(druid, service), lifeMs).filter(
      ({ interval, proof }) =>
        grid.isStart(interval.startMs) &&
        grid.isStart(interval.endMs) &&
        !keeper.wasPurged(plan.tables, proof.sentAtMs),
    )
    const { headers, aheadMs } = data
    return { runs: runsOf(pieces, rows, method.rows), head, headers, service, aheadMs: aheadMs ?? undefined }
  }

  /**
   * What is written has what was brought, too, and must replace it: though each knows the Brokers' clock with an error of its
   * own. No truth rests on it, pieces have times of their own.
   */
  #next(key: string, latestMs: number): number {
    const next = Math.max(latestMs, (this.#seen.get(key) ?? 0) + 1)
    this.#seen.set(key, next)
    return next
  }

  #keyOf({ tables }: WholePlan, key: string, { index }: AlignedRun): string {
    return `${this.#options.origin(tables)} ${endianness()} runs ${PACKED_FORMAT} ${key} ${index}`
  }

  #lifeMs(held: readonly Run<Bucketed>[], tables: readonly string[]): number {
    const boundMs = Math.min(...tables.map((table) => this.#options.boundMs(table)))
    const nowMs = this.#options.clock.now()
    const lives = held.map(({ proof: { sentAtMs, lifeMs, under } }) => {
      return sentAtMs + Math.min(lifeMs, under === undefined ? boundMs : Number.POSITIVE_INFINITY) - nowMs
    })
    return Math.max(0, ...lives)
  }
}

function cutTo<Rows extends Bucketed>(run: Run<Rows>, to: Interval): readonly Run<Rows>[] {
  return intersected([run.interval], [to]).map((interval) => ({ ...run, interval }))
}
