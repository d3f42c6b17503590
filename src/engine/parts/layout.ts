// Lays an answer out: its window over what the timeline has, and what of it is held.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { lookAgeMs } from '../../freshness/pieces.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Interval } from '../../plan/facts.ts'
import { joinedTo, united, without } from '../../plan/intervals.ts'
import { type Bucketed, sliceOf } from '../../result/bucket-rows.ts'
import { resultHeaders } from '../headers.ts'
import { shapeAt, type Store } from '../store.ts'
import { type Learnt } from './learnt.ts'
import { type Asking, type LaidOut, type Making, windowAt } from './making.ts'
import { type Method } from './method.ts'
import { Shape, type UsableRun } from './shape.ts'
import { type Grid, type Laid, withRows } from './window.ts'

/** Puts what can be computed from parts of other shapes into one's own; true when there was something. */
export interface Deriving {
  derive<Rows extends Bucketed, Head>(lacking: Lacking<Rows, Head>): boolean
}

/** Full buckets of an answer that aren't held. */
export interface Lacking<Rows extends Bucketed, Head> {
  readonly making: Making
  readonly method: Method<Rows, Head>
  readonly key: string
  readonly grid: Grid
  readonly view: BrokerView
  readonly missing: readonly Interval[]
}

export interface LayoutOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly learnt: Learnt
  readonly derivations: Deriving
}

/** A text with more ranges would take Druid longer to plan than what lies between them to compute. */
const RANGES_MAX = 16

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

  /** Undefined where it can't be told which parts an answer has. @throws the signal's reason. */
  async laidOut<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
    signal: AbortSignal,
  ): Promise<LaidOut<Rows, Head> | undefined> {
    const asked = windowAt(making, making.momentMs)
    const view = asked === undefined ? undefined : await this.#view(making, asked, signal)
    if (asked === undefined || view === undefined) return undefined
    return this.#over(method, making, { asked, view })
  }

  /** The same as far as it is known at this moment, asking nobody and changing nothing; for people. */
  peek<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
  ): LaidOut<Rows, Head> | undefined {
    const asked = windowAt(making, making.momentMs)
    const view = making.timeline.polled
    return asked === undefined || view === undefined
      ? undefined
      : this.#over(method, making, { asked, view, derives: false })
  }

  #over<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
    {
      asked,
      view,
      derives = true,
    }: { readonly asked: readonly Interval[]; readonly view: BrokerView; readonly derives?: boolean },
  ): LaidOut<Rows, Head> | undefined {
    const placed = placedOver(method, making, asked, view)
    if (placed === undefined) return undefined
    const { key, grid, laid } = placed
    let usable = this.#usable(making, method, view, placed)
    const lacking = (): readonly Interval[] =>
      without(laid.full, united(usable.map(({ run }) => run.interval)))
    if (derives && lacking().length > 0 && this.#taken(making, method, key))
      usable = this.#usable(making, method, view, placed)
    const missingBefore = lacking()
    const derived =
      derives &&
      missingBefore.length > 0 &&
      this.#options.derivations.derive({ making, method, key, grid, view, missing: missingBefore })
    if (derived) usable = this.#usable(making, method, view, placed)
    const missing = joinedTo(RANGES_MAX, lacking(), laid.full)
    const loose = united(
      [...laid.edges, ...laid.ahead].map(({ startMs, endMs }) => ({
        startMs: grid.around({ startMs, endMs }).startMs,
        endMs,
      })),
    )
    const shape = shapeAt<Rows, Head>(this.#options.cache, key, method)
    // Rows that were given from there once would be missing in an answer from what is held.
    const isAhead = shape?.aheadMs !== undefined && shape.aheadMs >= (laid.window.at(-1)?.endMs ?? 0)
    const lacksLoose = missing.length > 0 || laid.edges.length > 0 || isAhead
    const kept = without(laid.full, missing)
    return { ...making, method, ...placed, view, asked, usable, kept, missing, loose, lacksLoose, derived }
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

  #usable<Rows extends Bucketed, Head>(
    { rules, generation }: Making,
    method: Method<Rows, Head>,
    view: BrokerView,
    { key, grid, laid }: Placed,
  ): readonly UsableRun<Rows>[] {
    const shape = shapeAt<Rows, Head>(this.#options.cache, key, method)
    const present = { view, rules, generation, nowMs: this.#options.clock.now() }
    return shape?.usable(laid.full, present, (interval) => grid.around(interval)) ?? []
  }

  /** Takes the buckets of a whole answer that came before; false: there is none. */
  #taken<Rows extends Bucketed, Head>(
    { plan, parts }: Asking,
    method: Method<Rows, Head>,
    key: string,
  ): boolean {
    const { cache, learnt, clock } = this.#options
    if (shapeAt<Rows, Head>(cache, key, method) !== undefined) return false
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
      headers: plain(headers),
    })
    shape.put(
      taken.pieces.map((piece) => ({
        ...piece,
        rows: method.rows.join([sliceOf(rows, piece.interval.startMs, piece.interval.endMs)]),
      })),
    )
    const [first] = taken.pieces
    const isKept = cache.put(
      key,
      shape as unknown as Shape<Bucketed, unknown>,
      clock.now() - (first?.proof.sentAtMs ?? 0),
    )
    return isKept
  }
}

function placedOver<Rows extends Bucketed, Head>(
  method: Method<Rows, Head>,
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

/** Headers of an answer that stands for others, too: an ETag names Druid's answer to another text. */
export function plain(headers: readonly string[]): readonly string[] {
  const own = resultHeaders(headers)
  return own.filter((_, at) => own[at - (at % 2)]?.toLowerCase() !== 'etag')
}
