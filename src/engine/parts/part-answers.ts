// The plans `series` and `merge`: an answer put together from the buckets that are held and those that are missing, which
// go upstream in one query.
import { LRUCache } from 'lru-cache'
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type Druid } from '../../druid/druid.ts'
import { type Flights } from '../../flight/flights.ts'
import { type FreshnessRules, tickMs } from '../../freshness/bounds.ts'
import { lookAgeMs, type Piece, provenPieces } from '../../freshness/pieces.ts'
import { type Proof, prove } from '../../freshness/proof.ts'
import { type Timeline, type Timelines } from '../../freshness/timelines.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type Rights } from '../../identity/rights.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, joinedTo, united, without } from '../../plan/intervals.ts'
import { type Parts, type WholePlan } from '../../plan/plan.ts'
import { windowOf } from '../../plan/window.ts'
import { type Verdict } from '../../plan/witness.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { Entry } from '../entry.ts'
import { resultHeaders } from '../headers.ts'
import { joinAgeMs, ownTime } from '../joining.ts'
import { type Keeper } from '../keeper.ts'
import { type Outcome } from '../outcome.ts'
import { type HeldAnswer, type SqlRequest } from '../request.ts'
import { shapeAt, type Store } from '../store.ts'
import { type Fetched, fetchParts } from './fetch.ts'
import { type MergeMethod } from './merge-method.ts'
import { type Method, type RowsKind } from './method.ts'
import { type PartWitness, tailOf } from './part-witness.ts'
import { type SeriesMethod } from './series-method.ts'
import { Shape, type UsableRun } from './shape.ts'
import { type Grid, type Laid, withRows } from './window.ts'

/** What became of an answer from parts: `none` stands for any reason to compute it whole. */
export type PartLanding =
  | {
      readonly kind: 'entry'
      readonly entry: Entry
      readonly outcome: Outcome
      readonly ageMs: number | undefined
      readonly judged: Promise<void> | undefined
    }
  | { readonly kind: 'none' }

export interface PartAnswersOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly flights: Flights<PartLanding>
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly rights: Rights
  readonly witness: PartWitness
  readonly series: SeriesMethod
  readonly merge: MergeMethod
  readonly rules: (datasource: string) => FreshnessRules
  /** A fetch that brings more makes its shape whole. */
  readonly rowsMax: number
  readonly onError: (error: unknown) => void
}

/** What one answer is made from. */
interface Making {
  readonly request: SqlRequest
  readonly plan: WholePlan
  readonly parts: Parts
  readonly verdict: Verdict & { readonly kind: 'agrees' }
  readonly timeline: Timeline
  readonly rules: FreshnessRules
  readonly service: string
  readonly generation: number
  /** The moment that bounds are read against, and that moment by our own clock. */
  readonly momentMs: number
  readonly beganAtMs: number
}

const NONE: PartLanding = { kind: 'none' }
/** Shapes that were seen once, and those that are answered whole for a while. */
const REMEMBERED_MAX = 20_000
const FALL_BACK_MS = 600_000
const BROKEN_MS = 30_000
/** A text with more ranges would take Druid longer to plan than what lies between them to compute. */
const RANGES_MAX = 16
const CLOCK_ERROR_MAX_MS = 1_000

export class PartAnswers {
  readonly #options: PartAnswersOptions
  readonly #seen = new LRUCache<string, true>({ max: REMEMBERED_MAX })
  readonly #fallBacks = new LRUCache<string, { readonly why: string; readonly untilMs: number }>({
    max: REMEMBERED_MAX,
  })

  constructor(options: PartAnswersOptions) {
    this.#options = options
  }

  /** Why a shape is answered whole for now, for people. */
  fallBack(shape: string): string | undefined {
    const found = this.#fallBacks.get(shape)
    return found !== undefined && found.untilMs > this.#options.clock.monotonic() ? found.why : undefined
  }

  /**
   * An answer from parts; undefined when it has to be computed whole. `signal` is the asker's.
   * @throws the signal's reason.
   */
  async answer(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<HeldAnswer | undefined> {
    const making = this.#making(request, plan)
    if (making === undefined) return undefined
    const { flights, clock } = this.#options
    const wait = ownTime(request, clock, signal)
    const ageMaxMs = joinAgeMs(request, plan, this.#options)
    try {
      const begin = (stop: AbortSignal): Promise<PartLanding> => this.#landOrNone(making, stop)
      const { answer, role } = await flights.join(`parts ${plan.key}`, ageMaxMs, begin, wait.signal)
      if (answer.kind === 'none' || !(await this.#mayHave(making, role, wait.signal))) return undefined
      const { entry, outcome, ageMs } = answer
      const collapsed = role === 'joined' && outcome.kind !== 'hit' && outcome.kind !== 'bypass'
      return {
        kind: 'held',
        key: plan.key,
        entry,
        outcome: collapsed ? { ...outcome, collapsed: true } : outcome,
        ageMs,
      }
    } finally {
      wait.end()
    }
  }

  // Whoever began a fetch has proved its rights by it; for all else they must be proved.
  async #mayHave({ request, plan, service }: Making, role: string, signal: AbortSignal): Promise<boolean> {
    const { rights, keeper } = this.#options
    if (plan.shared && role === 'joined')
      return await orAborted(keeper.mayJoin(request, plan, service), signal)
    const caller = { scope: request.identity, headers: request.headers }
    return await orAborted(rights.allows(caller, service, plan.tables), signal)
  }

  /** What is needed to make it from parts; undefined where that may not, or not yet, be done. */
  #making(request: SqlRequest, plan: WholePlan): Making | undefined {
    const { parts } = plan
    const { clock, druid, keeper, timelines, witness, rules: rulesOf } = this.#options
    const { noCache, maxAgeMs } = request.cacheWish
    if (parts === undefined || plan.lookups.length > 0 || noCache || maxAgeMs !== undefined) return undefined
    const [table = ''] = plan.tables
    const service = plan.service ?? druid.defaultService
    const generation = druid.generation(service)
    if (!this.#seen.has(parts.shape)) {
      this.#seen.set(parts.shape, true)
      return undefined
    }
    const isFallen = [parts.shape, formOf(request, parts)].some((key) => this.fallBack(key) !== undefined)
    if (isFallen || !this.#options[parts.kind].isReady(parts)) return undefined
    const isRelative = parts.pinnedNowMs === undefined && plan.now.kind === 'used'
    if (isRelative && (keeper.clockErrorMs(plan.service) ?? Number.POSITIVE_INFINITY) > CLOCK_ERROR_MAX_MS)
      return undefined
    const beganAtMs = clock.now()
    const momentMs = parts.pinnedNowMs ?? keeper.brokerNowMs(plan.service)
    const base = { request, plan, parts, service, generation, momentMs, beganAtMs }
    const verdict = witness.verdict(base)
    if (verdict === 'new') this.#ask(base)
    if (typeof verdict === 'string' || verdict.kind !== 'agrees') return undefined
    if (verdict.order === undefined && verdict.mergeOrder === undefined) return undefined
    return { ...base, verdict, timeline: timelines.of(service, table), rules: rulesOf(table) }
  }

  #ask(base: Omit<Making, 'verdict' | 'timeline' | 'rules'>): void {
    const { witness, keeper } = this.#options
    const { request, plan, parts, service, generation } = base
    const method = this.#options[parts.kind]
    const ranges = this.#asked(base, base.momentMs)
    // Of an empty window Druid's plan says nothing.
    if (ranges === undefined || ranges.length === 0) return
    const closed = ranges.map((range) => (isOpen(range) ? SAMPLE : range))
    const grid = method.gridFor(parts, closed)?.grid
    if (grid === undefined) return
    const errorMs = keeper.clockErrorMs(plan.service) ?? 0
    const windowNow = (by: 'late' | 'early'): readonly Interval[] | undefined => {
      const slackMs = by === 'late' ? -errorMs : errorMs
      return this.#asked(base, parts.pinnedNowMs ?? keeper.brokerNowMs(plan.service) + slackMs)
    }
    const wide = united(closed.map((range) => grid.around(range)))
    const text = method.text(request.query.sql, parts, wide, grid)
    const { period } = grid
    keeper.beside(
      witness.ask({ request, plan, parts, generation, service, text, ranges: wide, period, windowNow }),
    )
  }

  #asked(
    { request, parts }: Pick<Making, 'request' | 'parts'>,
    nowMs: number,
  ): readonly Interval[] | undefined {
    return windowOf(parts.grouped.time, { nowMs, parameters: request.query.parameters })
  }

  // What fails here may not fail the client: its own text is asked next, and tells what is wrong.
  async #landOrNone(making: Making, stop: AbortSignal): Promise<PartLanding> {
    try {
      return making.parts.kind === 'series'
        ? await this.#land(this.#options.series, making, stop)
        : await this.#land(this.#options.merge, making, stop)
    } catch (error) {
      stop.throwIfAborted()
      this.#options.onError(error)
      return NONE
    }
  }

  async #land<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { parts } = making
    const asked = this.#asked(making, making.momentMs)
    if (asked === undefined) return NONE
    const view = await this.#view(making, asked, stop)
    const rough = view === undefined ? undefined : withRows(asked, view)
    const found = rough === undefined ? undefined : method.gridFor(parts, rough)
    if (view === undefined || found === undefined) return NONE
    const { grid } = found
    const window = withRows(asked, view, (interval) => grid.around(interval))
    const laid = window === undefined ? undefined : grid.laid(asked, window)
    if (laid === undefined) return NONE
    const key = `${parts.shape} ${found.name}`
    const shape = shapeAt<Rows, Head>(this.#options.cache, key, method)
    const usable = shape === undefined ? [] : this.#usable(making, { shape, grid, laid, view })
    const held = united(usable.map(({ run }) => run.interval))
    const missing = joinedTo(RANGES_MAX, without(laid.full, held), laid.full)
    const kept = without(laid.full, missing)
    const lacking = [...missing, ...laid.edges]
    // Rows that were given from there once would be missing in an answer from what is held.
    const isAhead = shape?.aheadMs !== undefined && shape.aheadMs >= (laid.window.at(-1)?.endMs ?? 0)
    const ranges = lacking.length === 0 && !isAhead ? [] : united([...lacking, ...laid.ahead])
    const nowMs = this.#options.clock.now()
    // All that was asked for, where the timeline has nothing too: what comes there later changes the answer.
    const proof = heldProof(making, usable, without(asked, ranges), view, nowMs)
    const laidOut = { ...making, method, key, grid, laid, usable, kept, missing, ranges, held: proof }
    if (ranges.length > 0) return await this.#fetch(laidOut, stop)
    return shape === undefined ? NONE : this.#fromHeld(laidOut, shape)
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
    { shape, grid, laid, view }: { shape: Shape<Rows, Head>; grid: Grid; laid: Laid; view: BrokerView },
  ): readonly UsableRun<Rows>[] {
    const present = { view, rules, generation, nowMs: this.#options.clock.now() }
    return shape.usable(laid.full, present, (interval) => grid.around(interval))
  }

  #fromHeld<Rows extends Bucketed, Head>(made: LaidOut<Rows, Head>, shape: Shape<Rows, Head>): PartLanding {
    const { plan, parts, method, grid, laid, usable, held } = made
    const slices = slicesOf(usable, laid.full).filter((slice) => method.rows.count(slice) > 0)
    const bytes = this.#assembled(made, slices, shape.head)
    if (bytes === undefined) return NONE
    const count = grid.count(laid.full)
    const entry = new Entry(
      { kept: bytes, headers: shape.headers, tables: plan.tables, service: shape.service },
      `${parts.kind} ${count}/${count}`,
    )
    entry.proof = this.#entryProof(made, held, undefined)
    if (entry.proof !== undefined) this.#options.cache.put(plan.key, entry, 0)
    return { kind: 'entry', entry, outcome: entry.hit, ageMs: held.ageMs, judged: undefined }
  }

  async #fetch<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { request, plan, parts, method, grid, laid, usable, kept, missing } = made
    const fetched = await this.#fetched(made, stop)
    stop.throwIfAborted()
    if (typeof fetched === 'string') {
      // Whole for a short while where it broke: a text that is too much for Druid would break again and again.
      this.#fallBackTo(parts.shape, fetched, fetched === 'broken' ? BROKEN_MS : FALL_BACK_MS)
      return NONE
    }
    const rows = method.placed(fetched.rows, parts, grid)
    const edges = united(laid.edges.map((edge) => ({ ...edge, startMs: grid.around(edge).startMs })))
    const fresh =
      rows === undefined ? [] : [...missing, ...edges, ...laid.ahead].map((part) => sliceIn(rows, part))
    if (rows === undefined || !isAll(method.rows, rows, fresh)) {
      this.#fallBackTo(parts.shape, 'rows of buckets that were not asked for')
      return NONE
    }
    const slices = [...slicesOf(usable, kept), ...fresh].filter((slice) => method.rows.count(slice) > 0)
    const bytes = this.#assembled(made, slices.toSorted(byTime), fetched.head)
    if (bytes === undefined) return NONE
    const total = grid.count(laid.full) + laid.edges.length
    const gone = grid.count(missing) + laid.edges.length
    const entry = new Entry(
      { kept: bytes, headers: partHeaders(fetched), tables: plan.tables, service: made.service },
      `${parts.kind} ${total}/${total}`,
    )
    this.#options.rights.proved(request.identity, made.service, plan.tables, fetched.answer.sentAtMs)
    const judged = this.#keep(made, { ...fetched, rows }, entry).catch(() => undefined)
    this.#options.keeper.beside(judged)
    const kind = usable.length > 0 ? 'partial' : 'miss'
    const outcome = { kind, collapsed: false, detail: `${parts.kind} ${total - gone}/${total}` } as const
    return { kind: 'entry', entry, outcome, ageMs: undefined, judged }
  }

  async #fetched<Rows extends Bucketed, Head>(
    { request, plan, parts, method, grid, ranges }: LaidOut<Rows, Head>,
    signal: AbortSignal,
  ): ReturnType<typeof fetchParts<Rows, Head>> {
    const { druid, cache, rowsMax, timelines } = this.#options
    const over = new AbortController()
    const [table = ''] = plan.tables
    const query = {
      text: method.text(request.query.sql, parts, ranges, grid),
      parameters: parts.parameters,
      service: plan.service,
    }
    const into = {
      sink: method.sink(parts, { rows: rowsMax, bytes: cache.entryMaxBytes }),
      hold: (bytes: number) => cache.hold(bytes),
    }
    const givenTo = ({ id, service }: { readonly id: string; readonly service: string }): void =>
      timelines.of(service, table).watch(ranges, id, over.signal)
    try {
      return await fetchParts(druid, request, query, into, { signal, givenTo })
    } finally {
      over.abort()
    }
  }

  #assembled<Rows extends Bucketed, Head>(
    { method, verdict, parts, request }: LaidOut<Rows, Head>,
    slices: readonly Slice<Rows>[],
    head: Head,
  ): Buffer | undefined {
    const { sql, parameters } = request.query
    const made = method.assembled(slices, head, { sql, parameters, parts, verdict })
    if (Buffer.isBuffer(made)) return made
    if (made.lasting) this.#fallBackTo(formOf(request, parts), made.why)
    return undefined
  }

  /** Sees beside the road to what of an answer is kept: its buckets, and the answer itself. */
  async #keep<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    fetched: Fetched<Rows, Head>,
    entry: Entry,
  ): Promise<void> {
    const { timelines, rules, clock, cache, keeper } = this.#options
    const { plan, timeline, request, ranges, missing } = made
    const { broker, generation, sentAtMs } = fetched.answer
    const [table = ''] = plan.tables
    const lifeMs = keeper.policyMs(request, plan)
    const proof = await prove(
      timelines,
      rules,
      {
        broker: broker.id,
        service: broker.service,
        generation,
        sentAtMs,
        clockErrorMs: keeper.clockErrorMs(broker.service),
        now: { kind: 'none' },
        readsLookup: false,
        policyMs: lifeMs,
        tables: [{ name: table, intervals: ranges }],
      },
      () => clock.now(),
    )
    if (keeper.wasPurged(plan.tables, sentAtMs)) return
    const pieces = provenPieces(
      {
        timeline,
        broker: broker.id,
        generation,
        sentAtMs,
        lifeMs,
        rules: made.rules,
        ranges: missing,
        bucketsAround: (interval) => made.grid.around(interval),
      },
      clock.now(),
    )
    this.#put(made, fetched, pieces)
    if (proof === undefined) return
    entry.proof = this.#entryProof(made, made.held, proof)
    if (entry.proof !== undefined) cache.put(plan.key, entry, clock.now() - sentAtMs)
  }

  #put<Rows extends Bucketed, Head>(
    { method, key, plan, service, laid }: LaidOut<Rows, Head>,
    fetched: Fetched<Rows, Head>,
    pieces: readonly Piece[],
  ): void {
    const { cache, clock } = this.#options
    const known = shapeAt<Rows, Head>(cache, key, method)
    // A column whose type has changed: what was kept before is of another table.
    const isSame = known !== undefined && method.sameHead(known.head, fetched.head)
    const { head } = fetched
    const shape = isSame
      ? known
      : new Shape({ kind: method.rows, tables: plan.tables, service, head, headers: partHeaders(fetched) })
    shape.aheadMs = aheadOf(fetched.rows, laid)
    shape.put(
      pieces.map((piece) => ({ ...piece, rows: method.rows.join([sliceIn(fetched.rows, piece.interval)]) })),
    )
    while (shape.sizeBytes > cache.entryMaxBytes && shape.runs.length > 0) shape.shrink()
    if (shape.runs.length > 0)
      cache.put(key, shape as unknown as Shape<Bucketed, unknown>, clock.now() - fetched.answer.sentAtMs)
  }

  /** The proof of an answer put together from what was held and what was fetched. */
  #entryProof(making: Making, held: HeldProof, fetched: Proof | undefined): Proof | undefined {
    const { plan, rules, service, generation, beganAtMs, parts } = making
    const now = parts.pinnedNowMs === undefined ? plan.now : ({ kind: 'none' } as const)
    const tick = tickMs(rules, now, this.#options.keeper.clockErrorMs(plan.service))
    const sentAtMs = Math.min(beganAtMs, held.fromMs, fetched?.sentAtMs ?? beganAtMs)
    const untilMs = Math.min(
      held.untilMs,
      fetched === undefined ? held.untilMs : fetched.sentAtMs + fetched.lifeMs,
    )
    if (tick <= 0 || untilMs <= sentAtMs) return undefined
    return {
      service,
      generation,
      sentAtMs,
      tickMs: tick,
      lifeMs: untilMs - sentAtMs,
      agesFromSending: Number.isFinite(tick),
      tables: [...held.tables, ...(fetched?.tables ?? [])],
    }
  }

  #fallBackTo(shape: string, why: string, forMs = FALL_BACK_MS): void {
    this.#fallBacks.set(shape, { why, untilMs: this.#options.clock.monotonic() + forMs })
  }
}

/** A shape with its order and limit. */
function formOf(request: SqlRequest, parts: Parts): string {
  return `${parts.shape} ${tailOf(request, parts)}`
}

/** An answer laid out: what of it is held, and what has to be fetched. */
interface LaidOut<Rows extends Bucketed, Head> extends Making {
  readonly method: Method<Rows, Head>
  /** Of what is held. */
  readonly key: string
  readonly grid: Grid
  readonly laid: Laid
  readonly usable: readonly UsableRun<Rows>[]
  /** Full buckets that are given from what is held, and those that aren't. */
  readonly kept: readonly Interval[]
  readonly missing: readonly Interval[]
  readonly ranges: readonly Interval[]
  readonly held: HeldProof
}

/** What the held part of an answer rests on, at the moment at which its runs were judged. */
interface HeldProof {
  /** The earliest moment at which all of it was what Druid had. */
  readonly fromMs: number
  readonly ageMs: number
  /** When the first of its lives is over. */
  readonly untilMs: number
  readonly tables: Proof['tables']
}

/** To be made in the same turn in which the runs were judged: the timeline may move in the next. */
function heldProof(
  { timeline, rules, request }: Making,
  usable: readonly UsableRun<Bucketed>[],
  intervals: readonly Interval[],
  view: BrokerView,
  nowMs: number,
): HeldProof {
  if (intervals.length === 0)
    return { fromMs: nowMs, ageMs: 0, untilMs: Number.POSITIVE_INFINITY, tables: [] }
  const isSealed = usable.every(({ run }) => run.proof.under !== undefined)
  const lookAge = lookAgeMs(view, intervals, { rules, nowMs, arrivedAtMs: request.arrivedAtMs }) ?? 0
  const ageMs = Math.max(lookAge, ...usable.map((one) => one.ageMs))
  return {
    fromMs: nowMs - ageMs,
    ageMs,
    untilMs: Math.min(...usable.map(({ run }) => run.proof.sentAtMs + run.proof.lifeMs)),
    tables: [{ timeline, intervals, rules, fingerprint: isSealed ? view.state(intervals)?.hash : undefined }],
  }
}

function slicesOf<Rows extends Bucketed>(
  usable: readonly UsableRun<Rows>[],
  full: readonly Interval[],
): readonly Slice<Rows>[] {
  return usable.flatMap(({ run }) =>
    intersected(full, [run.interval]).map((interval) => sliceIn(run.rows, interval)),
  )
}

function sliceIn<Rows extends Bucketed>(rows: Rows, { startMs, endMs }: Interval): Slice<Rows> {
  return sliceOf(rows, startMs, endMs)
}

function byTime(a: Slice<Bucketed>, b: Slice<Bucketed>): number {
  return (a.rows.buckets[a.from] ?? 0) - (b.rows.buckets[b.from] ?? 0)
}

/** The last bucket that lies behind the window that the timeline has. */
function aheadOf({ buckets }: Bucketed, { window }: Laid): number | undefined {
  const last = buckets.at(-1)
  return last !== undefined && last >= (window.at(-1)?.endMs ?? Number.POSITIVE_INFINITY) ? last : undefined
}

/** Every row lies in one of the slices, which are apart. */
function isAll<Rows extends Bucketed>(
  kind: RowsKind<Rows>,
  rows: Rows,
  slices: readonly Slice<Rows>[],
): boolean {
  const sum = slices.reduce((count, slice) => count + kind.count(slice), 0)
  return sum === kind.count({ rows, from: 0, to: rows.buckets.length })
}

/** An ETag names Druid's answer to another text. */
function partHeaders({ answer }: Pick<Fetched<unknown, unknown>, 'answer'>): readonly string[] {
  const headers = resultHeaders(answer.headers)
  return headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() !== 'etag')
}

/** Where a window is open at an end, its text is checked over this. */
const SAMPLE: Interval = { startMs: 0, endMs: 4_102_444_800_000 }
const FAR_MS = 200_000_000_000_000

function isOpen({ startMs, endMs }: Interval): boolean {
  return startMs < -FAR_MS || endMs > FAR_MS
}
