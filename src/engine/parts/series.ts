// The plan `series`: an answer put together from the buckets that are held and those that are missing, which go upstream
// in one query.
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
import { ANONYMOUS } from '../../identity/identity.ts'
import { type Rights } from '../../identity/rights.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Count } from '../../plan/grouped.ts'
import { united, without } from '../../plan/intervals.ts'
import { startOf } from '../../plan/pieces.ts'
import { type Parts, type WholePlan } from '../../plan/plan.ts'
import { windowOf } from '../../plan/window.ts'
import { type Verdict } from '../../plan/witness.ts'
import { assembled, canOrder, type Cut } from '../../result/assemble.ts'
import { type BucketRows, type BucketSlice, joinedRows, rowsIn, sliceOf } from '../../result/bucket-rows.ts'
import { seriesText } from '../../sql/rewrite.ts'
import { Entry } from '../entry.ts'
import { resultHeaders } from '../headers.ts'
import { joinAgeMs, ownTime } from '../joining.ts'
import { type Keeper } from '../keeper.ts'
import { type HeldAnswer, type Outcome, type SqlRequest } from '../request.ts'
import { shapeAt, type Store } from '../store.ts'
import { type Fetched, fetchParts } from './fetch.ts'
import { type PartWitness } from './part-witness.ts'
import { type Run, Shape, type UsableRun } from './shape.ts'
import { Grid, type Laid } from './window.ts'

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

export interface SeriesOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly flights: Flights<PartLanding>
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly rights: Rights
  readonly witness: PartWitness
  readonly rules: (datasource: string) => FreshnessRules
  readonly policyMs: (tables: readonly string[]) => number
  /** A fetch that brings more makes its shape whole. */
  readonly rowsMax: number
  readonly onError: (error: unknown) => void
}

/** What one answer is made from. */
interface Making {
  readonly request: SqlRequest
  readonly plan: WholePlan
  readonly parts: Parts
  readonly grid: Grid
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
const CLOCK_ERROR_MAX_MS = 1_000
/** The threshold below which a topN is exact (`minTopNThreshold`, 33.0.0). */
const TOP_N_THRESHOLD = 1_000

export class Series {
  readonly #options: SeriesOptions
  readonly #seen = new LRUCache<string, true>({ max: REMEMBERED_MAX })
  readonly #fallBacks = new LRUCache<string, { readonly why: string; readonly untilMs: number }>({
    max: REMEMBERED_MAX,
  })

  constructor(options: SeriesOptions) {
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
    if (rights.state(request.identity, service, plan.tables) !== 'unproved') return true
    return await orAborted(rights.check(caller, service, plan.tables), signal)
  }

  /** What is needed to make it from parts; undefined where that may not, or not yet, be done. */
  #making(request: SqlRequest, plan: WholePlan): Making | undefined {
    const { parts } = plan
    const { clock, druid, keeper, timelines, witness, rules: rulesOf } = this.#options
    const { noCache, maxAgeMs } = request.cacheWish
    if (parts?.kind !== 'series' || plan.lookups.length > 0 || noCache || maxAgeMs !== undefined)
      return undefined
    const [table = ''] = plan.tables
    const service = plan.service ?? druid.defaultService
    const generation = druid.generation(service)
    if (!this.#seen.has(parts.shape)) {
      this.#seen.set(parts.shape, true)
      return undefined
    }
    const grid = Grid.of(parts.grouped)
    const isFallen = [parts.shape, formOf(parts, plan)].some((key) => this.fallBack(key) !== undefined)
    if (grid === undefined || isFallen) return undefined
    const isRelative = parts.pinnedNowMs === undefined && plan.now.kind === 'used'
    if (isRelative && (keeper.clockErrorMs(plan.service) ?? Number.POSITIVE_INFINITY) > CLOCK_ERROR_MAX_MS)
      return undefined
    const beganAtMs = clock.now()
    const momentMs = parts.pinnedNowMs ?? keeper.brokerNowMs(plan.service)
    const base = { request, plan, parts, grid, service, generation, momentMs, beganAtMs }
    const verdict = witness.verdict(base)
    if (verdict === 'new') this.#ask(base)
    if (typeof verdict === 'string' || verdict.kind !== 'agrees') return undefined
    return { ...base, verdict, timeline: timelines.of(service, table), rules: rulesOf(table) }
  }

  #ask(base: Omit<Making, 'verdict' | 'timeline' | 'rules'>): void {
    const { witness, keeper } = this.#options
    const { request, plan, parts, grid, service, generation } = base
    const ranges = this.#asked(base, base.momentMs)
    if (ranges === undefined || ranges.length === 0) return
    const errorMs = keeper.clockErrorMs(plan.service) ?? 0
    const windowNow = (by: 'late' | 'early'): readonly Interval[] | undefined => {
      const slackMs = by === 'late' ? -errorMs : errorMs
      return this.#asked(base, parts.pinnedNowMs ?? keeper.brokerNowMs(plan.service) + slackMs)
    }
    // Whole buckets, as they will be fetched; what is open at an end has no text.
    const wide = united(ranges.map((range) => (isOpen(range) ? SAMPLE : grid.around(range))))
    const text = seriesText(request.query.sql, parts.grouped, wide)
    keeper.beside(witness.ask({ request, plan, parts, generation, service, text, ranges: wide, windowNow }))
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
      return await this.#land(making, stop)
    } catch (error) {
      stop.throwIfAborted()
      this.#options.onError(error)
      return NONE
    }
  }

  async #land(making: Making, stop: AbortSignal): Promise<PartLanding> {
    const asked = this.#asked(making, making.momentMs)
    if (asked === undefined) return NONE
    const view = await this.#view(making, asked, stop)
    const laid = view === undefined ? undefined : making.grid.laid(asked, view)
    if (view === undefined || laid === undefined) return NONE
    const shape = shapeAt(this.#options.cache, making.parts.shape)
    const usable = shape === undefined ? [] : this.#usable(making, shape, laid, view)
    const missing = without(laid.full, united(usable.map(({ run }) => run.interval)))
    const ranges = united([...missing, ...laid.edges])
    const nowMs = this.#options.clock.now()
    const held = heldProof(making, usable, without(laid.full, missing), view, nowMs)
    if (ranges.length > 0) return await this.#fetch({ ...making, laid, usable, missing, ranges, held }, stop)
    return shape === undefined ? NONE : this.#fromHeld(making, shape, { laid, usable, held })
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

  #usable(
    { grid, rules, generation }: Making,
    shape: Shape,
    laid: Laid,
    view: BrokerView,
  ): readonly UsableRun[] {
    const present = { view, rules, generation, nowMs: this.#options.clock.now() }
    return shape.usable(laid.full, present, (interval) => grid.around(interval))
  }

  #fromHeld(
    making: Making,
    shape: Shape,
    { laid, usable, held }: { laid: Laid; usable: readonly UsableRun[]; held: HeldProof },
  ): PartLanding {
    const { plan, parts, grid } = making
    const slices = slicesOf(usable, laid.full)
    const bytes = this.#assembled(making, slices, shape)
    if (bytes === undefined) return NONE
    const count = grid.count(laid.full)
    const entry = new Entry(
      { kept: bytes, headers: shape.headers, tables: plan.tables, service: shape.service },
      `${parts.kind} ${count}/${count}`,
    )
    entry.proof = this.#entryProof(making, held, undefined)
    if (entry.proof !== undefined) this.#options.cache.put(plan.key, entry, 0)
    return { kind: 'entry', entry, outcome: entry.hit, ageMs: held.ageMs, judged: undefined }
  }

  async #fetch(made: Fetching, stop: AbortSignal): Promise<PartLanding> {
    const { druid, cache, keeper, rowsMax, timelines } = this.#options
    const { request, plan, parts, grid, ranges, laid, usable, missing } = made
    const over = new AbortController()
    const text = seriesText(request.query.sql, parts.grouped, ranges)
    const fetched = await fetchParts(
      druid,
      request,
      { text, parameters: parts.parameters, visible: parts.grouped.columns.length, service: plan.service },
      { rows: rowsMax, bytes: cache.entryMaxBytes, hold: (bytes) => cache.hold(bytes) },
      {
        signal: stop,
        givenTo: ({ id, service }) =>
          timelines.of(service, plan.tables[0] ?? '').watch(ranges, id, over.signal),
      },
    ).finally(() => over.abort())
    stop.throwIfAborted()
    if (typeof fetched === 'string') {
      if (fetched !== 'broken') this.#fallBackTo(parts.shape, fetched)
      return NONE
    }
    const rows = onGrid(fetched.rows, parts, grid)
    const edges = united(laid.edges.map((edge) => ({ ...edge, startMs: grid.around(edge).startMs })))
    const fresh = [...missing, ...edges].map(({ startMs, endMs }) => rows && sliceOf(rows, startMs, endMs))
    if (rows === undefined || !isAll(rows, fresh)) {
      this.#fallBackTo(parts.shape, 'rows of buckets that were not asked for')
      return NONE
    }
    const slices = [...slicesOf(usable, laid.full), ...fresh].filter(hasRows)
    const bytes = this.#assembled(made, slices.toSorted(byTime), fetched)
    if (bytes === undefined) return NONE
    const total = grid.count([...laid.full]) + edges.length
    const gone = grid.count([...missing]) + edges.length
    const detail = `${parts.kind} ${total - gone}/${total}`
    const entry = new Entry(
      { kept: bytes, headers: partHeaders(fetched), tables: plan.tables, service: made.service },
      `${parts.kind} ${total}/${total}`,
    )
    this.#options.rights.proved(request.identity, made.service, plan.tables, fetched.answer.sentAtMs)
    const judged = this.#keep(made, fetched, rows, entry).catch(() => undefined)
    keeper.beside(judged)
    const kind = usable.length > 0 ? 'partial' : 'miss'
    return { kind: 'entry', entry, outcome: { kind, collapsed: false, detail }, ageMs: undefined, judged }
  }

  #assembled(
    { verdict, parts, plan, request }: Making,
    slices: readonly BucketSlice[],
    { head }: Pick<Fetched, 'head'>,
  ): Buffer | undefined {
    const { order, queryType } = verdict
    const cut = cutOf(parts, request.query.parameters)
    if (order === undefined || cut === undefined || !canOrder(order, head)) {
      this.#fallBackTo(formOf(parts, plan), 'an order that is not known here')
      return undefined
    }
    const groups = slices.reduce((sum, slice) => sum + rowsIn(slice), 0)
    // Above this Druid cuts each segment's groups, and its answer is not the exact one.
    if (queryType === 'topN' && groups > Math.max(cut.limit, TOP_N_THRESHOLD)) {
      this.#fallBackTo(formOf(parts, plan), 'an approximate topN')
      return undefined
    }
    return assembled(slices, { head, order, cut })
  }

  /** Sees beside the road to what of an answer is kept: its buckets, and the answer itself. */
  async #keep(made: Fetching, fetched: Fetched, rows: BucketRows, entry: Entry): Promise<void> {
    const { timelines, rules, clock, cache, keeper } = this.#options
    const { plan, parts, timeline, request, ranges, missing } = made
    const { broker, generation, sentAtMs } = fetched.answer
    const [table = ''] = plan.tables
    const lifeMs = this.#lifeMs(request, plan)
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
    this.#put(
      parts.shape,
      fetched,
      made,
      pieces.map((piece) => runOf(piece, rows)),
    )
    if (proof === undefined) return
    entry.proof = this.#entryProof(made, made.held, proof)
    if (entry.proof !== undefined) cache.put(plan.key, entry, clock.now() - sentAtMs)
  }

  #put(key: string, fetched: Fetched, { plan, service }: Making, runs: readonly Run[]): void {
    const { cache, clock } = this.#options
    const headers = partHeaders(fetched)
    const known = shapeAt(cache, key)
    const shape = known ?? new Shape({ tables: plan.tables, service, head: fetched.head, headers })
    const isSame = shape.head.rows.every((row, at) => row.equals(fetched.head.rows[at] ?? row))
    // A column whose type has changed: what was kept before is of another table.
    const current = isSame ? shape : new Shape({ tables: plan.tables, service, head: fetched.head, headers })
    current.put(runs)
    while (current.sizeBytes > cache.entryMaxBytes && current.runs.length > 0) current.shrink()
    if (current.runs.length > 0) cache.put(key, current, clock.now() - fetched.answer.sentAtMs)
  }

  #lifeMs(request: SqlRequest, plan: WholePlan): number {
    return request.identity === ANONYMOUS && !plan.shared
      ? Number.POSITIVE_INFINITY
      : this.#options.policyMs(plan.tables)
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

  #fallBackTo(shape: string, why: string): void {
    this.#fallBacks.set(shape, { why, untilMs: this.#options.clock.monotonic() + FALL_BACK_MS })
  }
}

/** A shape with its order and limit. */
function formOf({ shape }: Parts, { form }: WholePlan): string {
  return `${shape} ${form}`
}

interface Fetching extends Making {
  readonly laid: Laid
  readonly usable: readonly UsableRun[]
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
  usable: readonly UsableRun[],
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

function slicesOf(usable: readonly UsableRun[], full: readonly Interval[]): readonly BucketSlice[] {
  return usable.flatMap(({ run }) =>
    full
      .map(({ startMs, endMs }) => ({
        startMs: Math.max(startMs, run.interval.startMs),
        endMs: Math.min(endMs, run.interval.endMs),
      }))
      .filter(({ startMs, endMs }) => startMs < endMs)
      .map(({ startMs, endMs }) => sliceOf(run.rows, startMs, endMs)),
  )
}

function hasRows(slice: BucketSlice | undefined): slice is BucketSlice {
  return slice !== undefined && rowsIn(slice) > 0
}

function byTime(a: BucketSlice, b: BucketSlice): number {
  return (a.rows.buckets[a.from] ?? 0) - (b.rows.buckets[b.from] ?? 0)
}

/** Rows by the starts of their buckets instead of by their labels; undefined for a label that no bucket shows. */
function onGrid(rows: BucketRows, { grouped }: Parts, grid: Grid): BucketRows | undefined {
  const { bucket } = grouped
  if (bucket === undefined) return undefined
  const buckets = new Float64Array(rows.buckets.length)
  for (const [at, label] of rows.buckets.entries()) {
    const start = startOf(label, bucket)
    if (start === undefined || !grid.isStart(start) || start <= (buckets[at - 1] ?? Number.NEGATIVE_INFINITY))
      return undefined
    buckets[at] = start
  }
  return { ...rows, buckets }
}

/** Every row lies in exactly one of the slices. */
function isAll(rows: BucketRows, slices: readonly (BucketSlice | undefined)[]): boolean {
  return (
    slices.reduce((sum, slice) => sum + (slice === undefined ? 0 : rowsIn(slice)), 0) === rows.ends.length
  )
}

function runOf(piece: Piece, rows: BucketRows): Run {
  const { startMs, endMs } = piece.interval
  return { ...piece, rows: joinedRows([sliceOf(rows, startMs, endMs)]) }
}

/** An ETag names Druid's answer to another text. */
function partHeaders({ answer }: Fetched): readonly string[] {
  const headers = resultHeaders(answer.headers)
  return headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() !== 'etag')
}

function cutOf({ grouped }: Parts, parameters: string): Cut | undefined {
  const limit = countOf(grouped.limit, parameters, Number.POSITIVE_INFINITY)
  const offset = countOf(grouped.offset, parameters, 0)
  return limit === undefined || offset === undefined ? undefined : { limit, offset }
}

function countOf(count: Count | undefined, parameters: string, absent: number): number | undefined {
  if (count === undefined) return absent
  if (count.kind === 'literal') return count.value
  const list: unknown = parameters === '' ? [] : JSON.parse(parameters)
  const given: unknown = Array.isArray(list) ? list[count.index] : undefined
  const { value } = (given ?? {}) as { readonly value?: unknown }
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Where a window is open at an end, its text is checked over this. */
const SAMPLE: Interval = { startMs: 0, endMs: 4_102_444_800_000 }
const FAR_MS = 200_000_000_000_000

function isOpen({ startMs, endMs }: Interval): boolean {
  return startMs < -FAR_MS || endMs > FAR_MS
}
