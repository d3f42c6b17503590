// Lays an answer out: its window over what the timeline has, and what of it is held.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { lookAgeMs } from '../../freshness/pieces.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, joinedTo, united, without } from '../../plan/intervals.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { partHeaders } from '../headers.ts'
import { putShape, shapeAt, type Store } from '../store.ts'
import { headsOf, isGood } from './heads.ts'
import { type Learnt } from './learnt.ts'
import { type Asking, type Head, type Lacking, type LaidOut, type Making, windowAt } from './making.ts'
import { type Method } from './method.ts'
import { runsOf, Shape, type UsableRun } from './shape.ts'
import { type SteppedEdges } from './stepped-edges.ts'
import { type Grid, type Laid, withRows } from './window.ts'

/** Puts what can be computed from parts of other shapes into one's own; true when there was something. */
export interface Deriving {
  derive<Rows extends Bucketed, RowHead>(lacking: Lacking<Rows, RowHead>): boolean
}

export interface LayoutOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly learnt: Learnt
  readonly derivations: Deriving
  readonly steppedEdges: Pick<SteppedEdges, 'held' | 'coming' | 'derive'>
}

/** A text with more ranges would take Druid longer to plan than what lies between them to compute. */
const RANGES_MAX = 16
/** A window that ended longer ago has rows behind it, as a rule. */
const HEAD_LATE_MAX_MS = 2_000

/** Where an answer lies. */
interface Placed {
  readonly key: string
  readonly grid: Grid
  readonly laid: Laid
}

export class Layout {
  readonly #options: LayoutOptions

  constructor(options: LayoutOptions) {
    this.#options = options
  }

  /**
   * Undefined where it can't be told which parts an answer has. Parts on their way may have been sent at most `ageMaxMs` ago.
   * @throws the signal's reason.
   */
  async laidOut<Rows extends Bucketed, RowHead>(
    method: Method<Rows, RowHead>,
    making: Making,
    ageMaxMs: number,
    signal: AbortSignal,
  ): Promise<LaidOut<Rows, RowHead> | undefined> {
    const asked = windowAt(making, making.momentMs)
    const view = asked === undefined ? undefined : await this.#view(making, asked, signal)
    if (asked === undefined || view === undefined) return undefined
    return this.#over(method, making, { asked, view, ageMaxMs })
  }

  /**
   * Looks at the timeline where what is known of it may not be relied on for this answer. What others made under a newer one
   * would seem to have changed. @throws the signal's reason.
   */
  async look(making: Making, signal: AbortSignal): Promise<void> {
    const asked = windowAt(making, making.momentMs)
    if (asked !== undefined) await this.#view(making, asked, signal)
  }

  /** The same as far as it is known at this moment, asking nobody and changing nothing; for people. */
  peek<Rows extends Bucketed, RowHead>(
    method: Method<Rows, RowHead>,
    making: Making,
  ): LaidOut<Rows, RowHead> | undefined {
    const asked = windowAt(making, making.momentMs)
    const view = making.timeline.polled
    return asked === undefined || view === undefined
      ? undefined
      : this.#over(method, making, { asked, view, ageMaxMs: undefined })
  }

  #over<Rows extends Bucketed, RowHead>(
    method: Method<Rows, RowHead>,
    making: Making,
    {
      asked,
      view,
      ageMaxMs,
    }: {
      readonly asked: readonly Interval[]
      readonly view: BrokerView
      /** Undefined: for people, nothing is sent and nothing changes. */
      readonly ageMaxMs: number | undefined
    },
  ): LaidOut<Rows, RowHead> | undefined {
    const placed = placedOver(method, making, asked, view)
    if (placed === undefined) return undefined
    const { key, grid, laid: exact } = placed
    const isForPeople = ageMaxMs === undefined
    const { steppedEdges } = this.#options
    const stepped = steppedEdges.held<Rows, RowHead>(making, { edges: exact.edges, grid, view })
    const notHeld = exact.edges.filter((edge) => !stepped.some((one) => one.edge === edge))
    const mayBeHeads = making.live ? headsOf(notHeld, grid) : []
    const wide = united([...exact.full, ...mayBeHeads.map(({ bucket }) => bucket)])
    const usableNow = (): readonly UsableRun<Rows>[] =>
      this.#usable(making, method, view, { key, grid, wide })
    let usable = usableNow()
    let derived = false
    if (!isForPeople && lackingOf(exact.full, usable).length > 0) {
      if (this.#taken(making, method, key)) usable = usableNow()
      const lacking = { making, method, key, grid, view }
      const missing = lackingOf(exact.full, usable)
      if (missing.length > 0 && steppedEdges.derive({ ...lacking, missing })) usable = usableNow()
      const left = lackingOf(exact.full, usable)
      derived = left.length > 0 && this.#options.derivations.derive({ ...lacking, missing: left })
      if (derived) usable = usableNow()
    }
    const shape = shapeAt<Rows, RowHead>(this.#options.cache, key, method)
    // Where nothing was ever held, what comes by steps doesn't tell the answer's head.
    const lacking = shape === undefined ? [] : lackingOf(exact.full, usable)
    const coming = isForPeople
      ? []
      : steppedEdges.coming<Rows, RowHead>(making, { edges: notHeld, missing: lacking, grid, view }, ageMaxMs)
    const others = notHeld.filter((edge) => !coming.some((one) => one.edge === edge))
    const heads = mayBeHeads.filter(({ edge }) => others.includes(edge))
    const { held, shared } = this.#heads(making, heads, usable)
    const asWhole = [...held, ...shared]
    const laid = {
      ...exact,
      full: without(
        united([...exact.full, ...asWhole.map(({ bucket }) => bucket)]),
        united(coming.map(({ edge }) => edge)),
      ),
      edges: others.filter((edge) => !asWhole.some((head) => head.edge === edge)),
    }
    const missing = joinedTo(RANGES_MAX, lackingOf(laid.full, usable), laid.full)
    const loose = united(
      [...laid.edges, ...laid.ahead].map(({ startMs, endMs }) => ({
        startMs: grid.around({ startMs, endMs }).startMs,
        endMs,
      })),
    )
    // Rows that were given from there once would be missing in an answer from what is held.
    const isAhead = shape?.aheadMs !== undefined && shape.aheadMs >= (laid.window.at(-1)?.endMs ?? 0)
    const lacksLoose = missing.length > 0 || laid.edges.length > 0 || isAhead
    const kept = without(laid.full, missing)
    // Joined to others, a held head is fetched, too.
    const fetched = asWhole.filter(({ bucket }) => intersected([bucket], missing).length > 0)
    return {
      ...making,
      method,
      key,
      grid,
      laid,
      heads: fetched,
      edges: exact.edges,
      stepped,
      coming,
      view,
      asked,
      usable,
      usableHead: usable.length > 0 ? shape?.head : undefined,
      kept,
      missing,
      loose,
      lacksLoose,
      derived,
    }
  }

  /** Heads that are held and good for this window, and those that are to be fetched as whole buckets. */
  #heads(
    { momentMs, parts }: Making,
    heads: readonly Head[],
    usable: readonly UsableRun<Bucketed>[],
  ): { readonly held: readonly Head[]; readonly shared: readonly Head[] } {
    const isHeld = ({ bucket }: Head): boolean => lackingOf([bucket], usable).length === 0
    const slices = usable.map(({ run: { rows } }) => ({ rows, from: 0, to: rows.buckets.length }))
    return {
      held: heads.filter((head) => isHeld(head) && isGood(head, slices)),
      shared: heads.filter((head) => {
        const isNew = head.edge.endMs >= momentMs - HEAD_LATE_MAX_MS
        return isNew && !isHeld(head) && this.#options.learnt.sharesHeads(parts.shape)
      }),
    }
  }

  /** The timeline as it may be relied on for this request. */
  async #view(
    { timeline, rules, request, beganAtMs }: Making,
    asked: readonly Interval[],
    signal: AbortSignal,
  ): Promise<BrokerView | undefined> {
    const isFresh = (view: BrokerView | undefined): view is BrokerView => {
      const nowMs = this.#options.clock.now()
      const times = { rules, nowMs, arrivedAtMs: Math.min(request.arrivedAtMs, beganAtMs) }
      return view !== undefined && lookAgeMs(view, asked, times) !== undefined
    }
    timeline.use()
    if (isFresh(timeline.polled)) return timeline.polled
    try {
      const view = await orAborted(timeline.look(asked), signal)
      return isFresh(view) ? view : undefined
    } catch {
      signal.throwIfAborted()
      return undefined
    }
  }

  #usable<Rows extends Bucketed, RowHead>(
    { rules, generation }: Making,
    method: Method<Rows, RowHead>,
    view: BrokerView,
    { key, grid, wide }: { readonly key: string; readonly grid: Grid; readonly wide: readonly Interval[] },
  ): readonly UsableRun<Rows>[] {
    const shape = shapeAt<Rows, RowHead>(this.#options.cache, key, method)
    const present = { view, rules, generation, nowMs: this.#options.clock.now() }
    return shape?.usable(wide, present, (interval) => grid.around(interval)) ?? []
  }

  /** Takes the buckets of a whole answer that came before; false: there is none. */
  #taken<Rows extends Bucketed, RowHead>(
    { plan, parts }: Asking,
    method: Method<Rows, RowHead>,
    key: string,
  ): boolean {
    const { cache, learnt, clock } = this.#options
    if (shapeAt<Rows, RowHead>(cache, key, method) !== undefined) return false
    const taken = learnt.take(parts.shape)
    const found = taken === undefined ? undefined : method.fromWhole(taken.entry.kept, parts)
    if (taken === undefined || found === undefined) return false
    const grid = method.gridFor(parts, [])?.grid
    const rows = grid === undefined ? undefined : method.placed(found.rows, parts, grid)
    if (rows === undefined) return false
    const { service, headers } = taken.entry
    const { head } = found
    const shape = new Shape({
      kind: method.rows,
      tables: plan.tables,
      service,
      head,
      headers: partHeaders(headers, plan.shared),
    })
    shape.put(runsOf(taken.pieces, rows, method.rows))
    const [first] = taken.pieces
    return putShape(cache, key, shape, clock.now() - (first?.proof.sentAtMs ?? 0))
  }
}

function lackingOf(full: readonly Interval[], usable: readonly UsableRun<Bucketed>[]): readonly Interval[] {
  return without(full, united(usable.map(({ run }) => run.interval)))
}

function placedOver<Rows extends Bucketed, RowHead>(
  method: Method<Rows, RowHead>,
  { parts }: Making,
  asked: readonly Interval[],
  view: BrokerView,
): Placed | undefined {
  const rough = withRows(asked, view)
  const found = rough === undefined ? undefined : method.gridFor(parts, rough)
  if (found === undefined) return undefined
  const { grid, name } = found
  const window = withRows(asked, view, (interval) => grid.around(interval))
  const laid = window === undefined ? undefined : grid.laid(asked, window)
  return laid === undefined ? undefined : { key: `${parts.shape} ${name}`, grid, laid }
}
