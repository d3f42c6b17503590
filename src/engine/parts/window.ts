// The window of one request, laid over what the timeline has: buckets that can be shared, and edges that can't.
import { type Interval } from '../../plan/facts.ts'
import { type Bucket } from '../../plan/grouped.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type Pieces, piecesOf } from '../../plan/pieces.ts'
import { FIRST_MS, LAST_MS } from '../../time/all-time.ts'
import { granularity, type Granularity } from '../../time/granularity.ts'
import { isUtc } from '../../time/utc.ts'
import { zoneOf } from '../../time/zone.ts'
import { type BrokerView } from '../../freshness/view.ts'

export interface Laid extends Pieces {
  /** What is asked for and may hold rows. */
  readonly window: readonly Interval[]
  /** What is asked for behind the last segment: rows may come there before the timeline is looked at again. */
  readonly ahead: readonly Interval[]
}

type Buckets = Omit<Bucket, 'text'>

export class Grid {
  readonly #bucket: Buckets
  readonly #granularity: Granularity

  constructor(bucket: Buckets, cut: Granularity) {
    this.#bucket = bucket
    this.#granularity = cut
  }

  /** Undefined for a period or a zone that isn't known. */
  static of(bucket: Buckets): Grid | undefined {
    const found = granularity(bucket.grid)
    return found === undefined ? undefined : new Grid(bucket, found)
  }

  get period(): string {
    return this.#bucket.grid.period
  }

  /** The period of buckets that TIME_FLOOR with nothing but a period cuts alike; undefined for others. */
  get plainPeriod(): string | undefined {
    const { grid, movedMs } = this.#bucket
    const isPlain = grid.originMs === undefined && isUtc(grid.zone) && movedMs === 0
    return isPlain ? grid.period : undefined
  }

  /** Equal for grids that cut time alike. */
  get name(): string {
    const { grid, movedMs } = this.#bucket
    return `${grid.period} ${grid.originMs ?? ''} ${grid.zone} ${movedMs}`
  }

  /** The whole buckets in a window, as intervals. */
  full(window: readonly Interval[]): readonly Interval[] {
    return piecesOf(window, this.#bucket).full
  }

  /** An interval cut into whole buckets, and what of it lies in others. */
  pieces(interval: Interval): Pieces {
    return piecesOf([interval], this.#bucket)
  }

  /** Ascending starts of the buckets in an interval of whole ones; undefined where one is irregular, or for too many. */
  starts({ startMs, endMs }: Interval, countMax: number): readonly number[] | undefined {
    const { movedMs } = this.#bucket
    const span = { startMs: startMs - movedMs, endMs: endMs - movedMs }
    return this.#granularity.starts(span, countMax)?.map((ms) => ms + movedMs)
  }

  /** The buckets of an interval of whole ones, one by one; undefined where one is irregular, or for too many. */
  buckets(interval: Interval, countMax: number): readonly Interval[] | undefined {
    const starts = this.starts(interval, countMax)
    return starts?.map((startMs, at) => ({ startMs, endMs: starts[at + 1] ?? interval.endMs }))
  }

  /** The buckets that meet an interval, as one; the interval itself where they aren't known. */
  around({ startMs, endMs }: Interval): Interval {
    const { movedMs } = this.#bucket
    const from = this.#granularity.floor(startMs - movedMs)
    const last = this.#granularity.floor(endMs - 1 - movedMs)
    const to = last === undefined ? undefined : this.#granularity.next(last)
    return {
      startMs: from === undefined ? startMs : Math.min(startMs, from + movedMs),
      endMs: to === undefined ? endMs : Math.max(endMs, to + movedMs),
    }
  }

  isStart(ms: number): boolean {
    const { movedMs } = this.#bucket
    return this.#granularity.floor(ms - movedMs) === ms - movedMs
  }

  /**
   * What of `asked` may hold rows (`withRows`), cut into buckets; undefined where a label wouldn't tell one bucket from
   * another.
   */
  laid(asked: readonly Interval[], window: readonly Interval[]): Laid | undefined {
    const { label } = this.#bucket
    const endMs = window.at(-1)?.endMs
    const ahead =
      endMs === undefined
        ? []
        : intersected(without(asked, window), [{ startMs: endMs, endMs: endMs + AHEAD_MS }])
    if (label.kind === 'local' && !isCalm(united([...window, ...ahead]), label.zone)) return undefined
    return { window, ahead, ...piecesOf(window, this.#bucket) }
  }

  /** The edges that are alone in all of their buckets: rows of one bucket can't be put together from two places. */
  alone(edges: readonly Interval[]): readonly Interval[] {
    // An edge may be the end of one bucket and the beginning of the next.
    const buckets = edges.map((edge) => this.around(edge))
    return edges.filter((_, at) =>
      buckets.every((other, index) => {
        const own = buckets[at] ?? other
        return index === at || other.endMs <= own.startMs || other.startMs >= own.endMs
      }),
    )
  }

  /** Those that lie in one bucket each, alone. */
  single(edges: readonly Interval[]): readonly Interval[] {
    return this.alone(edges).filter((edge) => {
      const first = this.around({ startMs: edge.startMs, endMs: edge.startMs + 1 })
      return first.endMs >= edge.endMs
    })
  }

  /** How many buckets intervals have; about, where they are very many. */
  count(intervals: readonly Interval[]): number {
    return intervals.reduce((sum, { startMs, endMs }) => {
      const span = { startMs: startMs - this.#bucket.movedMs, endMs: endMs - this.#bucket.movedMs }
      const starts = this.#granularity.starts(span, COUNTED_MAX)
      const first = this.#granularity.bucket(span.startMs)
      const lengthMs = first === undefined ? endMs - startMs : first.endMs - first.startMs
      return sum + (starts?.length ?? Math.round((endMs - startMs) / lengthMs))
    }, 0)
  }
}

const COUNTED_MAX = 1_000
/** Segments of times that are further off don't come from one moment to the next. */
const AHEAD_MS = 7 * 86_400_000

/**
 * What of a window lies where the timeline has segments, to the ends of the buckets in which it begins and ends: beyond
 * there is no row, nor a bucket to be fetched or walked. Undefined where the segments aren't known. Days without rows are
 * beyond only where no later one has any, whichever parts of the timeline the window touches.
 */
export function withRows(
  asked: readonly Interval[],
  view: Pick<BrokerView, 'under'>,
  around: (interval: Interval) => Interval = (interval) => interval,
): readonly Interval[] | undefined {
  const within: Interval[] = []
  const all = view.under({ startMs: FIRST_MS, endMs: LAST_MS })
  for (const interval of asked) {
    const under = all ?? view.under(interval)
    if (under === undefined) return undefined
    const hull = hullOf(under.segments)
    if (hull !== undefined) within.push(...intersected([interval], [around(hull)]))
  }
  return united(within)
}

/** By the list itself, which stays the same as long as nothing changes: each request asks, and there may be very many. */
const hulls = new WeakMap<readonly Interval[], Interval>()

function hullOf(segments: readonly Interval[]): Interval | undefined {
  if (segments.length === 0) return undefined
  const known = hulls.get(segments)
  if (known !== undefined) return known
  let [startMs, endMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const segment of segments) {
    startMs = Math.min(startMs, segment.startMs)
    endMs = Math.max(endMs, segment.endMs)
  }
  const hull = { startMs, endMs }
  hulls.set(segments, hull)
  return hull
}

/** Local times, and what is printed as such, tell one bucket from another as long as the zone's clock doesn't change. */
export function isCalm(window: readonly Interval[], zone: string): boolean {
  const known = zoneOf(zone)
  const [first] = window
  const last = window.at(-1)
  if (known === undefined) return false
  if (first === undefined || last === undefined) return true
  // Where its offsets aren't known, neither are their changes.
  if (Number.isNaN(known.offsetAt(first.startMs - DAY_MS))) return false
  return known.nextTransition(first.startMs - DAY_MS) >= last.endMs + DAY_MS
}

const DAY_MS = 86_400_000
