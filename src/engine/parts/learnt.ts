// What Druid's own answers to a shape taught: what it costs, and rows that are parts as they stand.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type FreshnessRules } from '../../freshness/bounds.ts'
import { type Piece, provenPieces } from '../../freshness/pieces.ts'
import { type Timelines } from '../../freshness/timelines.ts'
import { type TimeCondition } from '../../plan/grouped.ts'
import { intersected } from '../../plan/intervals.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Parts } from '../../plan/plan.ts'
import { windowOf } from '../../plan/window.ts'
import { type Entry } from '../entry.ts'
import { type Keeper, type Made } from '../keeper.ts'
import { type SeriesMethod } from './series-method.ts'
import { withRows } from './window.ts'

export interface LearntOptions {
  readonly clock: Clock
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly series: SeriesMethod
  readonly rules: (datasource: string) => FreshnessRules
}

/** Buckets of a whole answer that prove themselves; the answer itself is the cache's to hold. */
interface Taken {
  readonly entry: WeakRef<Entry>
  readonly pieces: readonly Piece[]
}

/** What fetches of parts took, ms: the quickest of them, and the last one by its full buckets. */
interface Fetches {
  readonly leastMs: number
  readonly bucketMs: number
}

interface Lesson {
  /** What Druid took for the whole answer, ms. */
  wholeMs: number
  taken: Taken | undefined
  fetches: Fetches | undefined
  /** How many heads in a row had rows behind their windows, and till when none is fetched as a whole bucket. */
  lateHeads: number
  exactUntilMs: number
}

const SHAPES_MAX = 20_000
const LATE_HEADS_MAX = 3
const EXACT_MS = 60_000

export class Learnt {
  readonly #options: LearntOptions
  readonly #lessons = new LRUCache<string, Lesson>({ max: SHAPES_MAX })

  constructor(options: LearntOptions) {
    this.#options = options
  }

  /** What Druid took for the whole answer, ms; undefined for a shape that it has not answered yet. */
  wholeMs(shape: string): number | undefined {
    return this.#lessons.get(shape)?.wholeMs
  }

  /** What another replica learnt of a shape that isn't known here. */
  told(shape: string, wholeMs: number): void {
    if (this.#lessons.get(shape) === undefined) this.#lessons.set(shape, lessonOf(wholeMs, undefined))
  }

  /** To be told what each fetch of parts took. */
  fetched(shape: string, ms: number, buckets: number): void {
    const lesson = this.#lessons.get(shape)
    if (lesson === undefined) return
    const leastMs = Math.min(ms, lesson.fetches?.leastMs ?? ms)
    lesson.fetches = { leastMs, bucketMs: buckets === 0 ? (lesson.fetches?.bucketMs ?? 0) : ms / buckets }
  }

  /** What a fetch of so many full buckets is expected to take, ms; undefined where nothing is known. */
  expectedMs(shape: string, buckets: number): number | undefined {
    const lesson = this.#lessons.get(shape)
    const { fetches } = lesson ?? {}
    return fetches === undefined ? lesson?.wholeMs : Math.max(fetches.leastMs, fetches.bucketMs * buckets)
  }

  /** To be told of each whole answer when it has come to its proper end; `judged` resolves once the Broker was looked at again. */
  whole(made: Made, judged: Promise<void>): void {
    const { parts } = made.plan
    if (parts === undefined) return
    const lesson = lessonOf(made.costMs, this.#lessons.get(parts.shape))
    this.#lessons.set(parts.shape, lesson)
    const { series, keeper, clock } = this.#options
    const endMs = clock.now()
    if (parts.kind !== 'series' || !series.canTake(parts)) return
    keeper.beside(
      judged.then(async () => {
        // What a row policy hid from who asked, or let him see, is nobody else's in buckets either.
        if (!(await made.isForAll)) return
        const pieces = this.#pieces(made, parts, endMs)
        if (pieces.length > 0) lesson.taken = { entry: new WeakRef(made.entry), pieces }
      }),
    )
  }

  /** The buckets of a whole answer, once; undefined when there are none, or it isn't held any more. */
  take(shape: string): { readonly entry: Entry; readonly pieces: readonly Piece[] } | undefined {
    const lesson = this.#lessons.get(shape)
    if (lesson?.taken === undefined) return undefined
    const { entry, pieces } = lesson.taken
    lesson.taken = undefined
    const held = entry.deref()
    const sentAtMs = pieces[0]?.proof.sentAtMs ?? 0
    const isGone = held === undefined || this.#options.keeper.wasPurged(held.tables, sentAtMs)
    return isGone ? undefined : { entry: held, pieces }
  }

  /** Whether heads of a shape are worth fetching as whole buckets: windows mostly end behind all rows that there are. */
  sharesHeads(shape: string): boolean {
    const lesson = this.#lessons.get(shape)
    return lesson !== undefined && this.#options.clock.monotonic() >= lesson.exactUntilMs
  }

  /** To be told of each head that was fetched as a whole bucket; `late`: it had rows behind the window. */
  head(shape: string, late: boolean): void {
    const lesson = this.#lessons.get(shape)
    if (lesson === undefined) return
    lesson.lateHeads = late ? lesson.lateHeads + 1 : 0
    if (lesson.lateHeads < LATE_HEADS_MAX) return
    lesson.lateHeads = 0
    lesson.exactUntilMs = this.#options.clock.monotonic() + EXACT_MS
  }

  #pieces({ request, plan, answer }: Made, parts: Parts, endMs: number): readonly Piece[] {
    const { clock, keeper, timelines, rules, series } = this.#options
    const { broker, generation, sentAtMs } = answer
    const [table = ''] = plan.tables
    const timeline = timelines.of(broker.service, table)
    const asked = this.#surelyAsked({ request, plan, answer }, parts, endMs)
    const grid = series.gridFor(parts)?.grid
    const around = (interval: Interval): Interval => grid?.around(interval) ?? interval
    const window = asked === undefined ? undefined : withRows(asked, timeline.viewOf(broker.id), around)
    if (window === undefined || grid === undefined || !series.isCalm(parts, window)) return []
    if (keeper.wasPurged(plan.tables, sentAtMs)) return []
    const pieces = provenPieces(
      {
        timeline,
        broker: broker.id,
        generation,
        sentAtMs,
        lifeMs: keeper.policyMs(request, plan),
        rules: rules(table),
        ranges: grid.laid(window, window)?.full ?? [],
        bucketsAround: around,
      },
      clock.now(),
    )
    // Others won't live till the shape is asked again.
    return pieces.filter(({ proof }) => proof.under !== undefined)
  }

  /** What the answer's window covers whatever moment between sending and end Druid took for now. */
  #surelyAsked(
    { request, plan, answer }: Pick<Made, 'request' | 'plan' | 'answer'>,
    { grouped, pinnedNowMs }: Parts,
    endMs: number,
  ): readonly Interval[] | undefined {
    const { keeper, clock } = this.#options
    const { parameters } = request.query
    if (pinnedNowMs !== undefined || plan.now.kind === 'none')
      return windowOf(grouped, { nowMs: pinnedNowMs ?? endMs, parameters })
    const errorMs = keeper.clockErrorMs(plan.service)
    if (errorMs === undefined || !isSliding(grouped.time)) return undefined
    const offsetMs = keeper.brokerNowMs(plan.service) - clock.now()
    const [first, last] = [answer.sentAtMs - errorMs, endMs + errorMs].map((ms) =>
      windowOf(grouped, { nowMs: ms + offsetMs, parameters }),
    )
    return first === undefined || last === undefined ? undefined : intersected(first, last)
  }
}

function lessonOf(wholeMs: number, known: Lesson | undefined): Lesson {
  return { taken: undefined, fetches: undefined, lateHeads: 0, exactUntilMs: 0, ...known, wholeMs }
}

// Each of its bounds moves one way only, so that what lies inside at both ends of a while lies inside all the time.
function isSliding(condition: TimeCondition): boolean {
  return condition.kind === 'all' ? condition.of.every(isSliding) : SLIDING.has(condition.kind)
}

const SLIDING: ReadonlySet<TimeCondition['kind']> = new Set(['from', 'before', 'bucket'])
