// The buckets in which a window begins and ends, held by the instants of their rows: each asker's window begins and ends a
// moment later than the one before, and what it asks for of these buckets is put together from the rows inside of it.
//
//   ├──────── bucket ────────┤            ├──────── bucket ────────┤
//        ├── edge of one ────┤   …        ├── edge of one ──┤
//          ├─ of another ────┤   …        ├── of another ─────┤
//    ╵ ╵╵    ╵ ╵ ╵╵  ╵╵   ╵ ╵              ╵ ╵   ╵╵  ╵ ╵ ╵ ╵        groups by instant
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
import { type Coming, type InstantEdge, type LaidOut, type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type MethodOptions } from './method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { type PartWitness } from './part-witness.ts'
import { type Grid } from './window.ts'

export interface InstantEdgesOptions {
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
const SHAPES_MAX = 20_000
/** After a bucket that had too many. */
const PAUSE_MS = 600_000
const BROKEN_MS = 30_000
/** So many windows with other edges than the one before, and the next one has others, too. */
const SLIDES = 2

/** How the windows of a shape move. */
interface Moves {
  readonly edges: string
  readonly count: number
}

/** A bucket on its way. */
interface UnderWay {
  readonly beganAtMs: number
  readonly landing: Coming<MergeRows>['landing']
}

/** A window's edges, laid over its buckets. */
interface Edges {
  readonly edges: readonly Interval[]
  readonly grid: Grid
  readonly view: BrokerView
}

export class InstantEdges {
  readonly #options: InstantEdgesOptions
  readonly #moves = new LRUCache<string, Moves>({ max: SHAPES_MAX })
  readonly #underWay = new Map<string, UnderWay>()
  readonly #pausedUntilMs = new LRUCache<string, number>({ max: SHAPES_MAX })

  constructor(options: InstantEdgesOptions) {
    this.#options = options
  }

  /** The edges of a window that can be given from what is held. */
  held<Rows extends Bucketed>(making: Making, { edges, grid, view }: Edges): readonly InstantEdge<Rows>[] {
    const { cache, merge, clock } = this.#options
    const shape = shapeAt<MergeRows, ColumnTypes>(cache, keyOf(making), merge)
    if (shape === undefined) return []
    const { rules, generation } = making
    const present = { view, rules, generation, nowMs: clock.now() }
    const around = (interval: Interval): Interval => grid.around(interval)
    return shortIn(edges, grid).flatMap((edge) => {
      const [run, ...more] = shape.usable([edge], present, around)
      const isAll = more.length === 0 && run !== undefined && run.run.interval.startMs <= edge.startMs
      if (!isAll || run.run.interval.endMs < edge.endMs) return []
      const slice = this.#slice<Rows>(making, { edge, grid, rows: run.run.rows, head: shape.head })
      return slice === undefined ? [] : [{ edge, slice, run }]
    })
  }

  /** Those whose buckets are on their way, or are sent for now: where windows are known to slide, and Druid's plan agreed. */
  coming<Rows extends Bucketed>(
    making: Making,
    { edges, grid }: Edges,
    ageMaxMs: number,
  ): readonly Coming<Slice<Rows>>[] {
    const { witness, clock } = this.#options
    const key = keyOf(making)
    const slides = (this.#moves.get(key)?.count ?? 0) >= SLIDES && witness.hasAgreedOnInstants(making)
    if (!slides || !hasInstants(making)) return []
    return shortIn(edges, grid).flatMap((edge) => {
      const bucket = grid.around(edge)
      if (this.#isPaused(making, edge, bucket)) return []
      const name = `${key} ${bucket.startMs}`
      let under = this.#underWay.get(name)
      if (under === undefined || clock.now() - under.beganAtMs > ageMaxMs)
        under = this.#send(making, { edge, bucket, grid, name })
      const landing = under.landing
        .then((landed) => {
          if (landed === undefined) return undefined
          const slice = this.#slice<Rows>(making, { edge, grid, ...landed })
          return slice === undefined ? undefined : { ...landed, rows: slice }
        })
        // Several are waited for one after the other: none may fail with nobody listening yet.
        .catch(() => undefined)
      return [{ edge, landing }]
    })
  }

  /** To be told of each answer when it has been given: learns how its windows move, and what Druid makes of the text. */
  asked({ edges, ...made }: LaidOut<Bucketed, unknown>): void {
    const { keeper, witness, merge } = this.#options
    const short = shortIn(edges, made.grid)
    const [edge] = short
    if (edge === undefined || !hasInstants(made)) return
    const key = keyOf(made)
    const name = JSON.stringify(short)
    const before = this.#moves.get(key)
    if (before?.edges === name) return
    const count = before === undefined ? 0 : before.count + 1
    this.#moves.set(key, { edges: name, count })
    if (count < 1 || witness.hasAgreedOnInstants(made)) return
    const bucket = made.grid.around(edge)
    const text = merge.instantsText(made.request.query.sql, made.parts, [bucket])
    keeper.beside(witness.askOnInstants(made, text, [bucket]))
  }

  #slice<Rows extends Bucketed>(
    making: Making,
    found: {
      readonly edge: Interval
      readonly grid: Grid
      readonly rows: MergeRows
      readonly head: ColumnTypes
    },
  ): Slice<Rows> | undefined {
    const { heads, exactDoubles } = this.#options
    const { kind, grouped, shape } = making.parts
    const client = heads.get(shape)
    const isExact = kind === 'series' && exactDoubles(grouped.table)
    if (client === undefined || (isExact && addsDoubles(found.head, mergeShape(grouped)))) return undefined
    // The kind of its rows is that of the plan.
    return edgeRows(making, { ...found, client }) as unknown as Slice<Rows> | undefined
  }

  #send(
    making: Making,
    given: { readonly edge: Interval; readonly bucket: Interval; readonly grid: Grid; readonly name: string },
  ): UnderWay {
    const { keeper, clock } = this.#options
    const { name } = given
    let settle: () => void = () => undefined
    const over = new Promise<void>((resolve) => (settle = resolve))
    const landing = this.#fetch(making, given, settle).catch(() => undefined)
    const under: UnderWay = { beganAtMs: clock.now(), landing }
    this.#underWay.set(name, under)
    keeper.beside(
      over.then(() => {
        if (this.#underWay.get(name) === under) this.#underWay.delete(name)
      }),
    )
    return under
  }

  /** `settle` is called once it is held, or won't be. */
  async #fetch(
    making: Making,
    { edge, bucket, grid }: { readonly edge: Interval; readonly bucket: Interval; readonly grid: Grid },
    settle: () => void,
  ): UnderWay['landing'] {
    const { gathering, partKeeper, merge, keeper, clock } = this.#options
    try {
      // Its own id: the client's own query runs at the same time.
      const upstreamId = randomUUID()
      const request = { ...making.request, upstreamId, bodies: making.request.bodies.under(upstreamId) }
      const wanted = { ...making, request, method: merge, key: keyOf(making), grid, live: false }
      const stop = AbortSignal.timeout(request.timeoutMs)
      const fetched = await gathering.byInstant(wanted, { ranges: [bucket], rowsMax: ROWS_MAX }, stop)
      if (typeof fetched === 'string') {
        const pauseMs = fetched === 'broken' ? BROKEN_MS : PAUSE_MS
        this.#pausedUntilMs.set(pauseKey(making, edge, bucket), clock.monotonic() + pauseMs)
        settle()
        return undefined
      }
      const own = { fetched, ranges: [bucket], full: [bucket] }
      keeper.beside(
        partKeeper
          .keepBuckets(wanted, own)
          .then(() => undefined)
          .finally(settle),
      )
      const { rows, head, answer } = fetched
      return { rows, head, fromMs: answer.sentAtMs }
    } catch (error) {
      settle()
      throw error
    }
  }

  #isPaused(making: Making, edge: Interval, bucket: Interval): boolean {
    const untilMs = this.#pausedUntilMs.get(pauseKey(making, edge, bucket)) ?? 0
    return untilMs > this.#options.clock.monotonic()
  }
}

function keyOf({ parts }: Pick<Making, 'parts'>): string {
  return `${parts.shape} instants`
}

/** Beginnings and ends apart: where rows still arrive there may be many more. */
function pauseKey(making: Making, edge: Interval, bucket: Interval): string {
  return `${keyOf(making)} ${edge.endMs === bucket.endMs ? 'begin' : 'end'}`
}

/** Edges in short buckets, alone in each. */
function shortIn(edges: readonly Interval[], grid: Grid): readonly Interval[] {
  return grid.alone(edges).filter((edge) => {
    const { startMs, endMs } = grid.around(edge)
    return endMs - startMs <= BUCKET_MAX_MS
  })
}
