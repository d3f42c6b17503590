// The buckets in which a window begins and ends, held by short steps: each asker's window begins and ends a moment later than
// the one before, and what it asks for of these buckets is put together from the steps inside of it (`steps.ts`).
//
//   ├──────── bucket ────────┤            ├──────── bucket ────────┤
//        ├── edge of one ────┤   …        ├── edge of one ──┤
//          ├─ of another ────┤   …        ├── of another ─────┤
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type PieceProof } from '../../freshness/pieces.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { mergeShape } from '../../result/merge/merger.ts'
import { addsDoubles, type ColumnTypes } from '../../result/merge/value-types.ts'
import { type Keeper } from '../keeper.ts'
import { putWithin, shapeAt, type Store } from '../store.ts'
import { type ClientHeads } from './client-heads.ts'
import { edgeRows, hasSteps, headFor } from './edge-rows.ts'
import {
  type Coming,
  type Keeping,
  type Lacking,
  type LaidOut,
  type Making,
  type SteppedEdge,
} from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type MethodOptions } from './method.ts'
import { type PartWitness } from './part-witness.ts'
import { type UsableRun } from './shape.ts'
import { momentsKey, type StepFetches, stepKey, type Wanted } from './step-fetches.ts'
import { type Fetched, fullStep, type Step, stepsOf, textFor } from './steps.ts'
import { type Grid } from './window.ts'

export interface SteppedEdgesOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly keeper: Keeper
  readonly heads: ClientHeads
  readonly merge: MergeMethod
  readonly fetches: StepFetches
  readonly witness: PartWitness
  readonly exactDoubles: MethodOptions['exactDoubles']
  /** The most that is kept of what these tables were asked for; the cache may set less. */
  readonly entryMaxBytes: (tables: readonly string[]) => number
}

/** More full buckets aren't fetched with edges. */
const FULL_MAX = 64
const SHAPES_MAX = 20_000
/** So many windows with other edges than the one before, and the next one has others, too. */
const SLIDES = 2

/** How the windows of a shape move. */
interface Moves {
  readonly edges: string
  readonly count: number
}

/** A window's edges, laid over its buckets. */
interface Edges {
  readonly edges: readonly Interval[]
  readonly grid: Grid
  readonly view: BrokerView
}

/** What an answer lacks: edges, and full buckets. */
interface LackingEdges extends Edges {
  readonly missing: readonly Interval[]
}

/** An edge, or a full bucket. */
interface Place {
  readonly interval: Interval
  readonly steps: readonly Found[]
}

/** A step of an edge, and what of it is held. */
interface Found extends Step {
  readonly runs: readonly UsableRun<MergeRows>[]
  readonly head: ColumnTypes | undefined
  readonly missing: readonly Interval[]
}

export class SteppedEdges {
  readonly #options: SteppedEdgesOptions
  readonly #moves = new LRUCache<string, Moves>({ max: SHAPES_MAX })

  constructor(options: SteppedEdgesOptions) {
    this.#options = options
  }

  /** The edges of a window that can be given from what is held. */
  held<Rows extends Bucketed, RowHead>(
    making: Making,
    { edges, grid, view }: Edges,
  ): readonly SteppedEdge<Rows, RowHead>[] {
    return grid.single(edges).flatMap((edge) => {
      const steps = this.#found(making, view, stepsOf(edge, grid, this.#options.fetches.isDense(making)))
      if (steps.some(({ missing }) => missing.length > 0)) return []
      const made = this.#made<Rows, RowHead>(making, { edge, grid, ...heldOf(steps) })
      return made === undefined ? [] : [{ edge, ...made, runs: steps.flatMap(({ runs }) => runs) }]
    })
  }

  /** Takes full buckets that came with the steps of edges, for a shape that lacks them; true when there was one. */
  derive<Rows extends Bucketed, RowHead>(lacking: Lacking<Rows, RowHead>): boolean {
    const { making, method, key, grid, view, missing } = lacking
    const shape = shapeAt<Rows, RowHead>(this.#options.cache, key, method)
    if (shape === undefined || !hasSteps(making)) return false
    const isDense = this.#options.fetches.isDense(making)
    const buckets = missing.flatMap((range) => grid.buckets(range, FULL_MAX) ?? [])
    const runs = buckets.slice(0, FULL_MAX).flatMap((interval) => {
      const steps = this.#found(making, view, [fullStep(interval, grid, isDense)])
      const proof = proofOf(steps)
      if (proof === undefined || steps.some((step) => step.missing.length > 0)) return []
      const made = this.#made<Rows, RowHead>(making, { edge: interval, grid, isFull: true, ...heldOf(steps) })
      const isSame = made !== undefined && method.sameHead(shape.head, made.head)
      return isSame ? [{ proof, interval, rows: method.rows.join(made.slices) }] : []
    })
    if (runs.length === 0) return false
    shape.put(runs)
    const maxBytes = this.#options.entryMaxBytes(making.plan.tables)
    // They stand where the shape stands already.
    return putWithin(this.#options.cache, { key, maxBytes }, shape, Number.POSITIVE_INFINITY)
  }

  /** Steps that an answer's edges lack, by what they are held under, where its windows are known to slide. */
  lacking(
    making: Making,
    { edges, grid, view }: Edges,
  ): readonly {
    readonly keeping: Keeping<MergeRows, ColumnTypes>
    readonly intervals: readonly Interval[]
  }[] {
    if (!this.#slides(making)) return []
    const { merge, fetches } = this.#options
    const isDense = fetches.isDense(making)
    const steps = grid.single(edges).flatMap((edge) => stepsOf(edge, grid, isDense))
    return this.#found(making, view, steps)
      .filter(({ missing }) => missing.length > 0)
      .map((step) => ({
        keeping: { ...making, method: merge, key: stepKey(making, step), grid: step.grid },
        intervals: [step.whole],
      }))
  }

  #slides(making: Making): boolean {
    return (this.#moves.get(momentsKey(making))?.count ?? 0) >= SLIDES && hasSteps(making)
  }

  /**
   * What of an answer is on its way in steps, or is sent for now: where windows are known to slide, and Druid's plan agreed.
   * All of it comes in one query, full buckets and edges, where one text can fetch it and its edges have few instants.
   */
  coming<Rows extends Bucketed, RowHead>(
    making: Making,
    { edges, missing, grid, view }: LackingEdges,
    ageMaxMs: number,
  ): readonly Coming<Rows, RowHead>[] {
    if (!this.#slides(making)) return []
    const placeOf = (interval: Interval, steps: readonly Step[]): Place => ({
      interval,
      steps: this.#found(making, view, steps),
    })
    const isDense = this.#options.fetches.isDense(making)
    const places = grid.single(edges).map((edge) => placeOf(edge, stepsOf(edge, grid, isDense)))
    if (places.length === 0) return []
    const all = [
      ...places,
      ...this.#full(missing, grid).map((one) => placeOf(one, [fullStep(one, grid, isDense)])),
    ]
    const together = this.#wanted(making, all, 'all')
    if (together !== undefined && this.#options.fetches.hasFew(making, together))
      return this.#sent(making, { places: all, wanted: together, grid, ageMaxMs })
    return places.flatMap((place) => {
      const at = place.interval.endMs === grid.around(place.interval).endMs ? 'begin' : 'end'
      const wanted = this.#wanted(making, [place], at)
      return wanted === undefined ? [] : this.#sent(making, { places: [place], wanted, grid, ageMaxMs })
    })
  }

  /** Full buckets, where they aren't too many; none of them otherwise: then edges come without them. */
  #full(missing: readonly Interval[], grid: Grid): readonly Interval[] {
    const buckets = missing.map((range) => grid.buckets(range, FULL_MAX))
    const all = buckets.flatMap((some) => some ?? [])
    return buckets.includes(undefined) || all.length > FULL_MAX ? [] : all
  }

  /** What fetches what these places lack; undefined where no one text does, Druid hasn't agreed, or it was too much before. */
  #wanted(making: Making, places: readonly Place[], at: Wanted['at']): Wanted | undefined {
    const { witness, fetches } = this.#options
    const parts = lackingIn(places.flatMap(({ steps }) => steps))
    const text = textFor(parts)
    if (text === undefined || !witness.hasAgreedOnSteps(making, text)) return undefined
    const wanted = { text, parts, at }
    return fetches.isPaused(making, wanted) ? undefined : wanted
  }

  #sent<Rows extends Bucketed, RowHead>(
    making: Making,
    {
      places,
      wanted,
      grid,
      ageMaxMs,
    }: {
      readonly places: readonly Place[]
      readonly wanted: Wanted
      readonly grid: Grid
      readonly ageMaxMs: number
    },
  ): readonly Coming<Rows, RowHead>[] {
    const { landing } = this.#options.fetches.underWayFor(making, wanted, ageMaxMs)
    return places.map(({ interval, steps }) => {
      const held = heldOf(steps)
      const lacking = steps.flatMap(({ missing }) => missing)
      const found = landing.then((landed) => {
        if (landed === undefined) return undefined
        const made = this.#made<Rows, RowHead>(making, {
          edge: interval,
          grid,
          slices: [...held.slices, ...lacking.map((part) => sliced(landed.rows, part))],
          heads: [...held.heads, landed.head],
        })
        return made && { ...made, fromMs: landed.fromMs }
      })
      return {
        edge: interval,
        lacking,
        runs: steps.flatMap(({ runs }) => runs),
        // Several are waited for one after the other: none may fail with nobody listening yet.
        landing: found.catch(() => undefined),
      }
    })
  }

  /** To be told of each answer when it has been given: learns how its windows move, and what Druid makes of the texts. */
  asked({ edges, laid, ...made }: LaidOut<Bucketed, unknown>): void {
    const { keeper, witness, merge } = this.#options
    const { grid } = made
    const alone = grid.single(edges)
    if (alone.length === 0 || !hasSteps(made)) return
    const key = momentsKey(made)
    const name = JSON.stringify(alone)
    const before = this.#moves.get(key)
    if (before?.edges === name) return
    const count = before === undefined ? 0 : before.count + 1
    this.#moves.set(key, { edges: name, count })
    if (count < 1) return
    const isDense = this.#options.fetches.isDense(made)
    const each = alone.map((edge) => stepsOf(edge, grid, isDense))
    const full = laid.full
      .slice(0, 1)
      .map(({ startMs }) => fullStep(grid.around({ startMs, endMs: startMs + 1 }), grid, isDense))
    for (const steps of [
      ...each.flat().map((step) => [step]),
      ...each,
      each.flat(),
      [...each.flat(), ...full],
    ]) {
      const parts = lackingIn(steps.map((step) => ({ ...step, missing: [step.wanted] })))
      const text = textFor(parts)
      if (text === undefined || witness.hasAgreedOnSteps(made, text)) continue
      const ranges = united(parts.flatMap((part) => part.ranges))
      const sql = merge.stepsText(made.request.query.sql, made.parts, ranges, text)
      keeper.beside(witness.askOnSteps(made, { steps: text, sql, ranges }))
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
      const shape = shapeAt<MergeRows, ColumnTypes>(cache, stepKey(making, step), merge)
      const runs = shape?.usable([step.wanted], present, (interval) => step.grid.around(interval)) ?? []
      const missing = without([step.wanted], united(runs.map(({ run }) => run.interval)))
      return { ...step, runs, head: shape?.head, missing }
    })
  }

  #made<Rows extends Bucketed, RowHead>(
    making: Making,
    found: {
      readonly edge: Interval
      readonly grid: Grid
      readonly slices: readonly Slice<MergeRows>[]
      readonly heads: readonly ColumnTypes[]
      /** Rows of a bucket, rather than of some of its steps. */
      readonly isFull?: boolean
    },
  ): { readonly slices: readonly Slice<Rows>[]; readonly head: RowHead } | undefined {
    const { heads, exactDoubles, merge } = this.#options
    const { kind, grouped, shape } = making.parts
    const client = heads.get(shape)
    const [head] = found.heads
    const isOneHead = head !== undefined && found.heads.every((other) => merge.sameHead(head, other))
    if (client === undefined || !isOneHead) return undefined
    const isExact = kind === 'series' && exactDoubles(grouped.table)
    if (isExact && addsDoubles(head, mergeShape(grouped))) return undefined
    const sorted = found.slices.toSorted((a, b) => startOf(a) - startOf(b))
    const slices = edgeRows(making, { ...found, slices: sorted, head, client })
    // The kind of its rows and of their head is that of the plan.
    return (
      slices && { slices: slices as readonly Slice<Rows>[], head: headFor(making, head, client) as RowHead }
    )
  }
}

function startOf({ rows, from }: Slice<MergeRows>): number {
  return rows.buckets[from] ?? Number.POSITIVE_INFINITY
}

function sliced(rows: MergeRows, { startMs, endMs }: Interval): Slice<MergeRows> {
  return sliceOf(rows, startMs, endMs)
}

/** What proves all of some steps; undefined where no one proof does. */
function proofOf(steps: readonly Found[]): PieceProof | undefined {
  const proofs = steps.flatMap(({ runs }) => runs.map(({ run }) => run.proof))
  const [first] = proofs
  const isOne = proofs.every(
    ({ under, generation }) => under === first?.under && generation === first?.generation,
  )
  if (first === undefined || !isOne) return undefined
  const sentAtMs = Math.min(...proofs.map((proof) => proof.sentAtMs))
  const untilMs = Math.min(...proofs.map((proof) => proof.sentAtMs + proof.lifeMs))
  return { ...first, sentAtMs, lifeMs: untilMs - sentAtMs }
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

/** What steps lack, by their sizes. */
function lackingIn(steps: readonly (Step & Pick<Found, 'missing'>)[]): readonly Fetched[] {
  const lacking = steps.filter(({ missing }) => missing.length > 0)
  const first = lacking.filter(({ size }, index) => index === lacking.findIndex((one) => one.size === size))
  return first.map((step) => {
    const alike = lacking.filter(({ size }) => size === step.size)
    const ranges = alike.flatMap(({ missing, whole, size }) => (size === 'instants' ? [whole] : missing))
    return { step, ranges: united(ranges) }
  })
}
