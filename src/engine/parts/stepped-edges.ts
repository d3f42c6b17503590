// The buckets in which a window begins and ends, held by short steps: each asker's window begins and ends a moment later than
// the one before, and what it asks for of these buckets is put together from the steps inside of it (`steps.ts`).
//
//   ├──────── bucket ────────┤            ├──────── bucket ────────┤
//        ├── edge of one ────┤   …        ├── edge of one ──┤
//          ├─ of another ────┤   …        ├── of another ─────┤
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { mergeShape } from '../../result/merge/merger.ts'
import { addsDoubles, type ColumnTypes } from '../../result/merge/value-types.ts'
import { type Keeper } from '../keeper.ts'
import { shapeAt, type Store } from '../store.ts'
import { type ClientHeads } from './client-heads.ts'
import { edgeRows, hasSteps } from './edge-rows.ts'
import { type Gathering } from './gathering.ts'
import { type Coming, type LaidOut, type Making, type SteppedEdge } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type MethodOptions } from './method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { type PartWitness } from './part-witness.ts'
import { type UsableRun } from './shape.ts'
import { type Step, stepsOf } from './steps.ts'
import { type Grid } from './window.ts'

export interface SteppedEdgesOptions {
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

const ROWS_MAX = 5_000
const SHAPES_MAX = 20_000
/** After a step that had too many. */
const PAUSE_MS = 600_000
const BROKEN_MS = 30_000
/** So many windows with other edges than the one before, and the next one has others, too. */
const SLIDES = 2

/** How the windows of a shape move. */
interface Moves {
  readonly edges: string
  readonly count: number
}

/** Steps that came. */
interface Landed {
  readonly rows: MergeRows
  readonly head: ColumnTypes
  readonly fromMs: number
}

/** Steps on their way. */
interface UnderWay {
  readonly beganAtMs: number
  /** Undefined when they failed. Never rejects. */
  readonly landing: Promise<Landed | undefined>
}

/** A window's edges, laid over its buckets. */
interface Edges {
  readonly edges: readonly Interval[]
  readonly grid: Grid
  readonly view: BrokerView
}

/** A step of an edge, and what of it is held. */
interface Found extends Step {
  readonly runs: readonly UsableRun<MergeRows>[]
  readonly head: ColumnTypes | undefined
  readonly missing: readonly Interval[]
}

/** What is fetched at once. */
interface Wanted {
  readonly step: Step
  readonly ranges: readonly Interval[]
  /** Beginnings and ends apart: where rows still arrive there may be many more. */
  readonly at: 'begin' | 'end'
}

export class SteppedEdges {
  readonly #options: SteppedEdgesOptions
  readonly #moves = new LRUCache<string, Moves>({ max: SHAPES_MAX })
  readonly #underWay = new Map<string, UnderWay>()
  readonly #pausedUntilMs = new LRUCache<string, number>({ max: SHAPES_MAX })

  constructor(options: SteppedEdgesOptions) {
    this.#options = options
  }

  /** The edges of a window that can be given from what is held. */
  held<Rows extends Bucketed>(making: Making, { edges, grid, view }: Edges): readonly SteppedEdge<Rows>[] {
    return grid.alone(edges).flatMap((edge) => {
      const steps = this.#found(making, view, stepsOf(edge, grid))
      if (steps.some(({ missing }) => missing.length > 0)) return []
      const slices = this.#slices<Rows>(making, { edge, grid, ...heldOf(steps) })
      return slices === undefined ? [] : [{ edge, slices, runs: steps.flatMap(({ runs }) => runs) }]
    })
  }

  /** Those of which steps are on their way, or are sent for now: where windows are known to slide, and Druid's plan agreed. */
  coming<Rows extends Bucketed>(
    making: Making,
    { edges, grid, view }: Edges,
    ageMaxMs: number,
  ): readonly Coming<Rows>[] {
    const { witness } = this.#options
    if ((this.#moves.get(momentsKey(making))?.count ?? 0) < SLIDES || !hasSteps(making)) return []
    return grid.alone(edges).flatMap((edge) => {
      const steps = this.#found(making, view, stepsOf(edge, grid))
      const wanted = wantedOf(steps, edge.endMs === grid.around(edge).endMs ? 'begin' : 'end')
      const isKnown = wanted.every(({ step }) => witness.hasAgreedOnSteps(making, step.size))
      if (!isKnown || wanted.some((one) => this.#isPaused(making, one))) return []
      const landings = wanted.map(async (one) => ({
        step: one.step,
        landed: await this.#underWayFor(making, one, ageMaxMs).landing,
      }))
      const held = heldOf(steps)
      const landing = Promise.all(landings).then((all) => {
        const landed = all.flatMap((one) => one.landed ?? [])
        const came = all.flatMap(({ step, landed: rows }) =>
          rows === undefined ? [] : missingOf(steps, step).map((interval) => sliced(rows.rows, interval)),
        )
        if (landed.length < all.length) return undefined
        const heads = [...held.heads, ...landed.map(({ head }) => head)]
        const slices = this.#slices<Rows>(making, { edge, grid, slices: [...held.slices, ...came], heads })
        return slices && { slices, fromMs: Math.min(...landed.map(({ fromMs }) => fromMs)) }
      })
      return [
        {
          edge,
          lacking: steps.flatMap(({ missing }) => missing),
          runs: steps.flatMap(({ runs }) => runs),
          // Several are waited for one after the other: none may fail with nobody listening yet.
          landing: landing.catch(() => undefined),
        },
      ]
    })
  }

  /** To be told of each answer when it has been given: learns how its windows move, and what Druid makes of the texts. */
  asked({ edges, ...made }: LaidOut<Bucketed, unknown>): void {
    const { keeper, witness, merge } = this.#options
    const alone = made.grid.alone(edges)
    if (alone.length === 0 || !hasSteps(made)) return
    const key = momentsKey(made)
    const name = JSON.stringify(alone)
    const before = this.#moves.get(key)
    if (before?.edges === name) return
    const count = before === undefined ? 0 : before.count + 1
    this.#moves.set(key, { edges: name, count })
    if (count < 1) return
    for (const { size, whole } of alone.flatMap((edge) => stepsOf(edge, made.grid))) {
      if (witness.hasAgreedOnSteps(made, size)) continue
      const sql = merge.stepsText(made.request.query.sql, made.parts, [whole], size)
      keeper.beside(witness.askOnSteps(made, { size, sql, ranges: [whole] }))
    }
  }

  #found(
    { rules, generation, ...making }: Making,
    view: BrokerView,
    steps: readonly Step[],
  ): readonly Found[] {
    const { cache, merge, clock } = this.#options
    const present = { view, rules, generation, nowMs: clock.now() }
    return steps.map((step) => {
      const shape = shapeAt<MergeRows, ColumnTypes>(cache, keyOf(making, step), merge)
      const runs = shape?.usable([step.wanted], present, (interval) => step.grid.around(interval)) ?? []
      const missing = without([step.wanted], united(runs.map(({ run }) => run.interval)))
      return { ...step, runs, head: shape?.head, missing }
    })
  }

  #slices<Rows extends Bucketed>(
    making: Making,
    found: {
      readonly edge: Interval
      readonly grid: Grid
      readonly slices: readonly Slice<MergeRows>[]
      readonly heads: readonly ColumnTypes[]
    },
  ): readonly Slice<Rows>[] | undefined {
    const { heads, exactDoubles, merge } = this.#options
    const { kind, grouped, shape } = making.parts
    const client = heads.get(shape)
    const [head] = found.heads
    const isOneHead = head !== undefined && found.heads.every((other) => merge.sameHead(head, other))
    if (client === undefined || !isOneHead) return undefined
    const isExact = kind === 'series' && exactDoubles(grouped.table)
    if (isExact && addsDoubles(head, mergeShape(grouped))) return undefined
    const slices = found.slices.toSorted((a, b) => startOf(a) - startOf(b))
    // The kind of its rows is that of the plan.
    return edgeRows(making, { ...found, slices, head, client }) as readonly Slice<Rows>[] | undefined
  }

  #underWayFor(making: Making, wanted: Wanted, ageMaxMs: number): UnderWay {
    const name = `${keyOf(making, wanted.step)} ${JSON.stringify(wanted.ranges)}`
    const under = this.#underWay.get(name)
    const isYoung = under !== undefined && this.#options.clock.now() - under.beganAtMs <= ageMaxMs
    return isYoung ? under : this.#send(making, wanted, name)
  }

  #send(making: Making, wanted: Wanted, name: string): UnderWay {
    const { keeper, clock } = this.#options
    let settle: () => void = () => undefined
    const over = new Promise<void>((resolve) => (settle = resolve))
    const landing = this.#fetch(making, wanted, settle).catch(() => undefined)
    const under: UnderWay = { beganAtMs: clock.now(), landing }
    this.#underWay.set(name, under)
    keeper.beside(
      over.then(() => {
        if (this.#underWay.get(name) === under) this.#underWay.delete(name)
      }),
    )
    return under
  }

  /** `settle` is called once they are held, or won't be. */
  async #fetch(making: Making, wanted: Wanted, settle: () => void): UnderWay['landing'] {
    const { gathering, partKeeper, merge, keeper, clock } = this.#options
    const { step, ranges } = wanted
    try {
      // Its own id: the client's own query runs at the same time.
      const upstreamId = randomUUID()
      const request = { ...making.request, upstreamId, bodies: making.request.bodies.under(upstreamId) }
      const key = keyOf(making, step)
      const own = { ...making, request, method: merge, key, grid: step.grid, live: false }
      const stop = AbortSignal.timeout(request.timeoutMs)
      const fetched = await gathering.bySteps(own, { ranges, size: step.size, rowsMax: ROWS_MAX }, stop)
      if (typeof fetched === 'string') {
        const pauseMs = fetched === 'broken' ? BROKEN_MS : PAUSE_MS
        this.#pausedUntilMs.set(pauseKey(making, wanted), clock.monotonic() + pauseMs)
        settle()
        return undefined
      }
      keeper.beside(
        partKeeper
          .keepBuckets(own, { fetched, ranges, full: ranges })
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

  #isPaused(making: Making, wanted: Wanted): boolean {
    const untilMs = this.#pausedUntilMs.get(pauseKey(making, wanted)) ?? 0
    return untilMs > this.#options.clock.monotonic()
  }
}

function keyOf({ parts }: Pick<Making, 'parts'>, { size }: Pick<Step, 'size'>): string {
  return `${parts.shape} ${size === 'instants' ? size : `steps ${size}`}`
}

function momentsKey(making: Pick<Making, 'parts'>): string {
  return keyOf(making, { size: 'instants' })
}

function pauseKey(making: Making, { step, at }: Wanted): string {
  return `${keyOf(making, step)} ${at}`
}

function startOf({ rows, from }: Slice<MergeRows>): number {
  return rows.buckets[from] ?? Number.POSITIVE_INFINITY
}

function sliced(rows: MergeRows, { startMs, endMs }: Interval): Slice<MergeRows> {
  return sliceOf(rows, startMs, endMs)
}

/** What is held of an edge's steps. */
function heldOf(steps: readonly Found[]): {
  readonly slices: readonly Slice<MergeRows>[]
  readonly heads: readonly ColumnTypes[]
} {
  return {
    slices: steps.flatMap(({ runs, wanted }) =>
      runs.flatMap(({ run }) =>
        intersected([wanted], [run.interval]).map((interval) => sliced(run.rows, interval)),
      ),
    ),
    heads: steps.flatMap(({ runs, head }) => (runs.length > 0 && head !== undefined ? [head] : [])),
  }
}

/** Steps of one size are fetched at once. */
function wantedOf(steps: readonly Found[], at: Wanted['at']): readonly Wanted[] {
  const lacking = steps.filter(({ missing }) => missing.length > 0)
  const first = lacking.filter(({ size }, index) => index === lacking.findIndex((one) => one.size === size))
  return first.map((step) => {
    const alike = lacking.filter(({ size }) => size === step.size)
    const ranges = alike.flatMap(({ missing, whole, size }) => (size === 'instants' ? [whole] : missing))
    return { step, ranges: united(ranges), at }
  })
}

/** What lacks of the steps of one's size. */
function missingOf(steps: readonly Found[], { size }: Step): readonly Interval[] {
  return steps.filter((one) => one.size === size).flatMap(({ missing }) => missing)
}
