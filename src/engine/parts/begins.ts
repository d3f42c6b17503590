// The bucket in which a window begins, held by the instants of its rows: each asker's window begins a moment later than
// the one before, and what is asked for of that bucket is put together from the rows behind its beginning.
//
//   ├──────── bucket ────────┤
//        ├── edge of one ────┤
//          ├─ of another ────┤
//    ╵ ╵╵    ╵ ╵ ╵╵  ╵╵   ╵ ╵    groups by instant, each added up into every edge that has it
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Bucketed, type Slice } from '../../result/bucket-rows.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { mergeShape } from '../../result/merge/merger.ts'
import { addsDoubles, type ColumnTypes } from '../../result/merge/value-types.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Keeper } from '../keeper.ts'
import { shapeAt, type Store } from '../store.ts'
import { type ClientHeads } from './client-heads.ts'
import { type Gathering } from './gathering.ts'
import { edgeRows, hasInstants } from './instants.ts'
import { type Begin, type LaidOut, type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type MethodOptions } from './method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { type PartWitness } from './part-witness.ts'
import { type Grid } from './window.ts'

export interface BeginsOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly keeper: Keeper
  readonly heads: ClientHeads
  readonly merge: MergeMethod
  readonly gathering: Gathering
  readonly partKeeper: PartKeeper
  readonly witness: PartWitness
  readonly exactDoubles: MethodOptions['exactDoubles']
}

/** Longer buckets have too many instants, as a rule. */
const BUCKET_MAX_MS = 3_600_000
const ROWS_MAX = 5_000
const BUCKETS_MAX = 20_000
/** After a bucket that had too many. */
const PAUSE_MS = 600_000

interface Asked {
  /** The bucket's start, and where the window of the last asker began in it. */
  readonly bucketMs: number
  readonly startMs: number
}

export class Begins {
  readonly #options: BeginsOptions
  readonly #asked = new LRUCache<string, Asked>({ max: BUCKETS_MAX })
  readonly #running = new Set<string>()
  readonly #pausedUntilMs = new LRUCache<string, number>({ max: BUCKETS_MAX })

  constructor(options: BeginsOptions) {
    this.#options = options
  }

  /** The edges of a window that can be given from what is held. */
  held<Rows extends Bucketed>(
    making: Making,
    {
      edges,
      grid,
      view,
    }: { readonly edges: readonly Interval[]; readonly grid: Grid; readonly view: BrokerView },
  ): readonly Begin<Rows>[] {
    const { cache, merge, clock, heads } = this.#options
    const shape = shapeAt<MergeRows, ColumnTypes>(cache, keyOf(making), merge)
    const client = heads.get(making.parts.shape)
    if (shape === undefined || client === undefined) return []
    const { kind, grouped } = making.parts
    const isExact = kind === 'series' && this.#options.exactDoubles(grouped.table)
    if (isExact && addsDoubles(shape.head, mergeShape(grouped))) return []
    const { rules, generation } = making
    const present = { view, rules, generation, nowMs: clock.now() }
    const around = (interval: Interval): Interval => grid.around(interval)
    return beginsAmong(edges, grid).flatMap((edge) => {
      const [run, ...more] = shape.usable([edge], present, around)
      const isAll = more.length === 0 && run !== undefined && run.run.interval.startMs <= edge.startMs
      if (!isAll || run.run.interval.endMs < edge.endMs) return []
      const slice = edgeRows(making, { edge, grid, rows: run.run.rows, head: shape.head, client })
      // The kind of its rows is that of the plan.
      return slice === undefined ? [] : [{ edge, slice: slice as unknown as Slice<Rows>, run }]
    })
  }

  /** To be told of each answer when it has been given: fetches beside the road what the next askers may need. */
  asked(made: LaidOut<Bucketed, unknown>): void {
    const { keeper, clock } = this.#options
    const [edge] = beginsAmong(made.laid.edges, made.grid)
    const key = keyOf(made)
    if (edge === undefined || !hasInstants(made) || this.#running.has(key)) return
    if ((this.#pausedUntilMs.get(key) ?? 0) > clock.monotonic()) return
    const bucket = made.grid.around(edge)
    const before = this.#asked.get(key)
    this.#asked.set(key, { bucketMs: bucket.startMs, startMs: edge.startMs })
    // Who asks once, or the same again, has nothing of it.
    if (before?.bucketMs !== bucket.startMs || before.startMs === edge.startMs) return
    this.#running.add(key)
    keeper.beside(this.#fetch(made, key, bucket).finally(() => this.#running.delete(key)))
  }

  async #fetch(made: LaidOut<Bucketed, unknown>, key: string, bucket: Interval): Promise<void> {
    const { gathering, partKeeper, merge, witness } = this.#options
    // Its own id: the client's may be running again by now.
    const upstreamId = randomUUID()
    const request = { ...made.request, upstreamId, bodies: made.request.bodies.under(upstreamId) }
    const text = merge.instantsText(request.query.sql, made.parts, [bucket])
    if (!(await witness.agreesOnInstants(made, text, [bucket]))) return this.#pause(key)
    const wanted = {
      ...made,
      request,
      method: merge,
      key,
      live: false,
      usable: [],
      begins: [],
      laid: { full: [bucket], edges: [], ahead: [], window: [bucket] },
    }
    const stop = AbortSignal.timeout(request.timeoutMs)
    const own = await gathering.beside(wanted, { ranges: [bucket], rowsMax: ROWS_MAX }, stop)
    if (own === undefined) return this.#pause(key)
    await partKeeper.keep(wanted, own, undefined)
  }

  #pause(key: string): void {
    this.#pausedUntilMs.set(key, this.#options.clock.monotonic() + PAUSE_MS)
  }
}

function keyOf({ parts }: Pick<Making, 'parts'>): string {
  return `${parts.shape} instants`
}

/** Edges that begin inside of a bucket and end with it. */
function beginsAmong(edges: readonly Interval[], grid: Grid): readonly Interval[] {
  return grid.alone(edges).filter((edge) => {
    const { startMs, endMs } = grid.around(edge)
    return edge.startMs > startMs && edge.endMs === endMs && endMs - startMs <= BUCKET_MAX_MS
  })
}
