// The plans `series`, `merge` and `derive`: an answer put together from the buckets that are held, those that are on
// their way for others, and those that are missing, which go upstream in one query.
//
//   beginning   may it be done by now?           layout   what is held, and what is missing?
//   gathering   fetches what is missing          method   parts into an answer
//   part-keeper what of it is kept, under which proof
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type Flights, type Landed } from '../../flight/flights.ts'
import { type FreshnessRules } from '../../freshness/bounds.ts'
import { type Rights, rightFor } from '../../identity/rights.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type WholePlan } from '../../plan/plan.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { Entry } from '../entry.ts'
import { partHeaders } from '../headers.ts'
import { joinAgeMs, ownTime } from '../joining.ts'
import { type Keeper } from '../keeper.ts'
import { type HeldAnswer, type SqlRequest } from '../request.ts'
import { shapeAt, type Store } from '../store.ts'
import { type Beginning } from './beginning.ts'
import { type FallBacks } from './fall-backs.ts'
import { type Came, type Gathering, slicesIn } from './gathering.ts'
import { type PartLanding } from './part-landing.ts'
import { type PartTurns } from './part-turns.ts'
import { type SteppedEdges } from './stepped-edges.ts'
import { type Layout } from './layout.ts'
import { formOf, type HeldProof, type LaidOut, type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type Method, oneHead } from './method.ts'
import { heldProof, type PartKeeper } from './part-keeper.ts'
import { type SeriesMethod } from './series-method.ts'
import { type Grid } from './window.ts'

export interface PartAnswersOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly flights: Flights<PartLanding>
  readonly keeper: Keeper
  readonly rights: Rights
  readonly beginning: Beginning
  readonly layout: Layout
  readonly gathering: Gathering
  readonly partKeeper: PartKeeper
  readonly steppedEdges: Pick<SteppedEdges, 'asked'>
  /** Undefined where replicas share nothing. */
  readonly turns: Pick<PartTurns, 'inTurn'> | undefined
  readonly fallBacks: FallBacks
  readonly series: SeriesMethod
  readonly merge: MergeMethod
  readonly rules: (datasource: string) => FreshnessRules
  /** Told of a shape of which something may be held now. */
  readonly onHeld: (making: Making, key: string, grid: Grid) => void
  readonly onError: (error: unknown) => void
}

const NONE: PartLanding = { kind: 'none' }
/** What is held was looked at when it was fetched. */
const HELD_FOR_ALL = Promise.resolve(true)

export class PartAnswers {
  readonly #options: PartAnswersOptions

  constructor(options: PartAnswersOptions) {
    this.#options = options
  }

  /**
   * An answer from parts; undefined when it has to be computed whole; `brought` where another replica was before. `signal` is the asker's.
   * @throws the signal's reason.
   */
  async answer(
    request: SqlRequest,
    plan: WholePlan,
    signal: AbortSignal,
  ): Promise<HeldAnswer | 'brought' | undefined> {
    const { beginning, flights, clock } = this.#options
    if (plan.parts === undefined) return undefined
    const wait = ownTime(request, clock, signal)
    try {
      const making = await beginning.making(request, plan, wait.signal)
      if (making === undefined) return undefined
      const ageMaxMs = joinAgeMs(request, plan, this.#options) - (making.beganAtMs - making.nowAtMs)
      const askedAtMs = clock.now()
      const begin = (stop: AbortSignal): Promise<PartLanding> => this.#landOrNone(making, ageMaxMs, stop)
      const join = async (maxMs: number): Promise<Landed<PartLanding>> =>
        await flights.join(`parts ${plan.key}`, maxMs, begin, wait.signal)
      let landed = await join(ageMaxMs)
      // What a flight was given from what was held may have been of some age when it began.
      if (landed.role === 'joined' && isOlder(landed.answer, askedAtMs - ageMaxMs))
        landed = await join(clock.now() - askedAtMs)
      const { answer, role } = landed
      if (answer.kind === 'brought') return 'brought'
      if (answer.kind === 'none' || !(await this.#mayHave(making, { answer, role }, wait.signal)))
        return undefined
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
  async #mayHave(
    { request, plan, service }: Making,
    { answer, role }: Landed<PartLanding>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { rights, keeper } = this.#options
    if (plan.shared && role === 'joined') {
      if (!(await orAborted(forAll(answer), signal))) return false
      return await orAborted(keeper.mayJoin(request, plan, service), signal)
    }
    const caller = { scope: request.identity, headers: request.headers }
    return await orAborted(rights.allows(caller, service, plan.tables, rightFor(plan)), signal)
  }

  // What fails here may not fail the client: its own text is asked next, and tells what is wrong.
  async #landOrNone(making: Making, ageMaxMs: number, stop: AbortSignal): Promise<PartLanding> {
    try {
      return making.parts.kind === 'series'
        ? await this.#land(this.#options.series, making, ageMaxMs, stop)
        : await this.#land(this.#options.merge, making, ageMaxMs, stop)
    } catch (error) {
      stop.throwIfAborted()
      this.#options.onError(error)
      return NONE
    }
  }

  async #land<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
    ageMaxMs: number,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { turns } = this.#options
    const work = (): Promise<PartLanding> => this.#landed(method, making, ageMaxMs, stop)
    return turns === undefined ? await work() : await turns.inTurn({ method, making, ageMaxMs }, work, stop)
  }

  async #landed<Rows extends Bucketed, Head>(
    method: Method<Rows, Head>,
    making: Making,
    ageMaxMs: number,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const made = await this.#options.layout.laidOut(method, making, ageMaxMs, stop)
    if (made === undefined) return NONE
    const { missing, lacksLoose, coming } = made
    if (missing.length === 0 && !lacksLoose && coming.length === 0) return this.#fromHeld(made)
    return await this.#withFetched(made, ageMaxMs, stop)
  }

  #fromHeld<Rows extends Bucketed, Head>(made: LaidOut<Rows, Head>): PartLanding {
    const { plan, method, grid, laid, usable, stepped, key, asked } = made
    const { cache, clock, keeper, partKeeper } = this.#options
    const shape = shapeAt<Rows, Head>(cache, key, method)
    const head = oneHead(method, [made.usableHead, ...stepped.map((edge) => edge.head)], shape?.head)
    if (head === undefined) return NONE
    const held = heldProof(made, asked, clock.now())
    const slices = [...slicesOf(usable, laid.full), ...stepped.flatMap((edge) => edge.slices)]
    const filled = slices.filter((slice) => method.rows.count(slice) > 0).toSorted(byTime)
    const bytes = this.#assembled(made, filled, head)
    if (bytes === undefined) return NONE
    const count = grid.count(laid.full) + stepped.length
    const entry = new Entry(
      {
        kept: bytes,
        headers: shape?.headers ?? [],
        tables: plan.tables,
        service: made.service,
      },
      `${nameOf(made)} ${count}/${count}`,
    )
    entry.proof = partKeeper.entryProof(made, held, undefined)
    if (entry.proof !== undefined) keeper.put({ ...made, entry }, 0)
    const { ageMs, fromMs } = held
    return {
      kind: 'entry',
      entry,
      outcome: entry.hit,
      ageMs,
      fromMs,
      judged: undefined,
      isForAll: HELD_FOR_ALL,
    }
  }

  async #withFetched<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    ageMaxMs: number,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { plan, parts, method, grid, laid, usable, stepped, coming, kept, missing, key, asked } = made
    const { clock, gathering, keeper, cache } = this.#options
    // All that was asked for, where the timeline has nothing too: what comes there later changes the answer.
    const comingParts = coming.flatMap((edge) => edge.lacking)
    const lacking = united([
      ...missing,
      ...(made.lacksLoose ? [...laid.edges, ...laid.ahead] : []),
      ...comingParts,
    ])
    const held = heldProof(made, without(asked, lacking), clock.now())
    const over = new Settling()
    try {
      const came = await gathering.gather(made, ageMaxMs, over.settled, stop)
      const shape = shapeAt<Rows, Head>(cache, key, method)
      if (came === undefined) return NONE
      const heads = [came.head, made.usableHead, ...came.stepsHeads, ...stepped.map((edge) => edge.head)]
      const head = oneHead(method, heads, shape?.head)
      const slices = [...slicesOf(usable, kept), ...stepped.flatMap((edge) => edge.slices), ...slicesIn(came)]
      const filled = slices.filter((slice) => method.rows.count(slice) > 0).toSorted(byTime)
      const bytes = head === undefined ? undefined : this.#assembled(made, filled, head)
      const headers = came.owns[0]?.fetched.answer.headers ?? shape?.headers ?? []
      const total = grid.count(laid.full) + laid.edges.length + stepped.length + coming.length
      const given = { headers: partHeaders(headers, plan.shared), tables: plan.tables, service: made.service }
      const entry =
        bytes === undefined
          ? undefined
          : new Entry({ kept: bytes, ...given }, `${parts.kind} ${total}/${total}`)
      const judged = this.#kept(made, came, entry && { entry, held })
      over.after(judged)
      keeper.beside(judged.then(() => this.#options.steppedEdges.asked(made)))
      if (entry === undefined) return NONE
      const isPartial = usable.length + stepped.length > 0 || coming.some((edge) => edge.runs.length > 0)
      const lacked = grid.count(missing) + laid.edges.length + coming.length
      const detail = `${nameOf(made)} ${total - lacked}/${total}`
      const outcome = { kind: isPartial ? 'partial' : 'miss', collapsed: false, detail } as const
      const fromMs = Math.min(held.fromMs, came.fromMs)
      const isForAll = Promise.all(came.owns.map(({ fetched }) => fetched.isForAll)).then(all)
      return { kind: 'entry', entry, outcome, ageMs: undefined, fromMs, judged, isForAll }
    } finally {
      over.end()
    }
  }

  async #kept<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    { owns }: Came<Rows, Head>,
    given: { readonly entry: Entry; readonly held: HeldProof } | undefined,
  ): Promise<void> {
    const { partKeeper } = this.#options
    // What came for others has its proof with them.
    const [only] = owns
    const isAlone = owns.length === 1 && made.coming.length === 0
    const isOwn = isAlone && only !== undefined && without(made.missing, only.full).length === 0
    await Promise.all(owns.map((own) => partKeeper.keep(made, own, isOwn ? given : undefined))).catch(
      () => undefined,
    )
    this.#options.onHeld(made, made.key, made.grid)
  }

  #assembled<Rows extends Bucketed, Head>(
    { method, verdict, parts, request }: LaidOut<Rows, Head>,
    slices: readonly Slice<Rows>[],
    head: Head,
  ): Buffer | undefined {
    const { sql, parameters } = request.query
    const made = method.assembled(slices, head, { sql, parameters, parts, verdict })
    if (Buffer.isBuffer(made)) return made
    if (made.lasting) this.#options.fallBacks.set(formOf({ request, parts }), made.why)
    return undefined
  }
}

/** When what was fetched is held, or won't be: after what was promised, or at the end of all that could have promised. */
class Settling {
  readonly settled: Promise<void>
  #resolve: () => void = () => undefined
  #promised = false

  constructor() {
    this.settled = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  after(judged: Promise<void>): void {
    this.#promised = true
    judged.finally(this.#resolve).catch(() => undefined)
  }

  end(): void {
    if (!this.#promised) this.#resolve()
  }
}

function isOlder(landing: PartLanding, thanMs: number): boolean {
  return landing.kind === 'entry' && landing.fromMs < thanMs
}

function all(each: readonly boolean[]): boolean {
  return each.every(Boolean)
}

async function forAll(landing: PartLanding): Promise<boolean> {
  return landing.kind === 'entry' && (await landing.isForAll)
}

function nameOf({ derived, parts }: LaidOut<Bucketed, unknown>): string {
  return derived ? 'derive' : parts.kind
}

function slicesOf<Rows extends Bucketed>(
  usable: LaidOut<Rows, unknown>['usable'],
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
