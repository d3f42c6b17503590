// Gathers what an answer lacks: in one query, but for what is on its way for others.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type BrokerAddress, type Druid } from '../../druid/druid.ts'
import { type Timelines } from '../../freshness/timelines.ts'
import { type Rights } from '../../identity/rights.ts'
import { type Interval } from '../../plan/facts.ts'
import { united, without } from '../../plan/intervals.ts'
import { type StepText } from '../../plan/step-text.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { type ColumnTypes } from '../../result/merge/value-types.ts'
import { type Keeper } from '../keeper.ts'
import { underOwnId } from '../request.ts'
import { type Store } from '../store.ts'
import { type FallBacks } from './fall-backs.ts'
import { type Fetched, fetchParts } from './fetch.ts'
import { isGood } from './heads.ts'
import { InAir, type Joined } from './in-air.ts'
import { type Learnt } from './learnt.ts'
import { type LaidOut, type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { oneHead, type RowsKind } from './method.ts'

export interface GatheringOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly timelines: Timelines
  readonly rights: Rights
  readonly keeper: Pick<Keeper, 'isForAll' | 'refused'>
  readonly fallBacks: FallBacks
  readonly learnt: Learnt
  readonly merge: MergeMethod
  /** A fetch that brings more of a datasource makes its shape whole. */
  readonly rowsMax: (datasource: string) => number
  /** The most that is kept of what these tables were asked for; the cache may set less. */
  readonly entryMaxBytes: (tables: readonly string[]) => number
}

/** What was fetched for one answer, its rows by their buckets. */
export interface OwnFetch<Rows extends Bucketed, RowHead> {
  readonly fetched: Fetched<Rows, RowHead>
  readonly ranges: readonly Interval[]
  /** Its full buckets. */
  readonly full: readonly Interval[]
}

/** What is asked of Druid. */
interface Fetch {
  readonly text: string
  readonly ranges: readonly Interval[]
  readonly rowsMax: number
}

/** Rows that came, and which of them an answer takes. */
interface Taken<Rows extends Bucketed> {
  readonly rows: Rows
  readonly intervals: readonly Interval[]
}

/** What came of an answer's missing parts. */
export interface Came<Rows extends Bucketed, RowHead> {
  readonly taken: readonly Taken<Rows>[]
  /** Edges that came by steps. */
  readonly edges: readonly Slice<Rows>[]
  /** None: all of it came for others. */
  readonly owns: readonly OwnFetch<Rows, RowHead>[]
  /** Undefined: nothing came but by steps. */
  readonly head: RowHead | undefined
  readonly stepsHeads: readonly RowHead[]
  /** When the first of the requests was sent that brought it. */
  readonly fromMs: number
}

interface FromOthers<Rows extends Bucketed, RowHead> {
  readonly taken: readonly Taken<Rows>[]
  readonly heads: readonly RowHead[]
  /** What they failed to bring. */
  readonly left: readonly Interval[]
  readonly fromMs: number
}

const BROKEN_MS = 30_000
const NOTHING = {
  taken: [],
  edges: [],
  owns: [],
  head: undefined,
  stepsHeads: [],
  fromMs: Number.POSITIVE_INFINITY,
}

/** What a fetch needs to know. */
type Fetching<Rows extends Bucketed, RowHead> = Making & Pick<LaidOut<Rows, RowHead>, 'method' | 'live'>

export class Gathering {
  readonly #options: GatheringOptions
  readonly #inAir: InAir

  constructor(options: GatheringOptions) {
    this.#options = options
    this.#inAir = new InAir(options.clock)
  }

  /**
   * What an answer lacks; undefined when it has to be computed whole. `held` resolves when what was fetched is kept, or
   * won't be. @throws the signal's reason.
   */
  async gather<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    ageMaxMs: number,
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<Came<Rows, RowHead> | undefined> {
    const isNeeded = made.missing.length > 0 || made.lacksLoose
    const [came, edges] = await Promise.all([
      isNeeded ? this.#rounds(made, ageMaxMs, held, stop) : NOTHING,
      edgesOf(made, stop),
    ])
    if (came === undefined) return undefined
    const slices = slicesIn(came)
    const late = made.heads.filter((head) => !isGood(head, slices))
    for (const head of made.heads) this.#options.learnt.head(made.parts.shape, late.includes(head))
    const fromMs = Math.min(came.fromMs, edges.fromMs)
    const all = { ...came, stepsHeads: edges.heads, edges: edges.slices, fromMs }
    const exact = [...late.map(({ edge }) => edge), ...edges.failed]
    return exact.length === 0 ? all : await this.#exactly(made, all, exact, stop)
  }

  /** What of some full buckets nobody here has asked for, at most `ageMaxMs` ago. */
  notUnderWay<Rows extends Bucketed, RowHead>(
    { key, method }: Pick<LaidOut<Rows, RowHead>, 'key' | 'method'>,
    missing: readonly Interval[],
    ageMaxMs: number,
  ): readonly Interval[] {
    const joined = this.#inAir.joinable(key, method, missing, ageMaxMs)
    return without(missing, united(joined.flatMap(({ ranges }) => ranges)))
  }

  /**
   * Asks for full buckets ahead of the answer, under an id of their own; whoever lacks them meanwhile waits for the same.
   * Undefined when they didn't come. `held` as with `gather`. @throws the signal's reason.
   */
  async ahead<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    full: readonly Interval[],
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<OwnFetch<Rows, RowHead> | undefined> {
    const request = underOwnId(made.request)
    const fetching = this.#placed({ ...made, request, loose: [] }, { ranges: full, full }, stop)
    this.#tell(made, full, fetching, held)
    return await fetching
  }

  /** What a text that groups by steps brings; why it is too much, or fails. */
  async bySteps(
    made: Fetching<MergeRows, ColumnTypes>,
    { ranges, steps, rowsMax }: Omit<Fetch, 'text'> & { readonly steps: StepText },
    stop: AbortSignal,
  ): ReturnType<typeof fetchParts<MergeRows, ColumnTypes>> {
    const text = this.#options.merge.stepsText(made.request.query.sql, made.parts, ranges, steps)
    return await this.#fetched(made, { text, ranges, rowsMax }, stop)
  }

  /** Fetches edges by themselves: of heads that have rows behind the window already, and of buckets that didn't come. */
  async #exactly<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    came: Came<Rows, RowHead>,
    edges: readonly Interval[],
    stop: AbortSignal,
  ): Promise<Came<Rows, RowHead> | undefined> {
    const buckets = edges.map((edge) => made.grid.around(edge))
    const loose = edges.map(({ endMs }, at) => ({ startMs: buckets[at]?.startMs ?? endMs, endMs }))
    const own = await this.#placed({ ...made, loose }, { ranges: united(edges), full: [] }, stop)
    const isOther =
      own !== undefined && came.head !== undefined && !made.method.sameHead(came.head, own.fetched.head)
    if (own === undefined || isOther) return undefined
    const all = united(buckets)
    const rest = came.taken.map(({ rows, intervals }) => ({ rows, intervals: without(intervals, all) }))
    // What is older than this answer isn't kept: a count that was seen would go back.
    const owns = came.owns.map((one) => ({ ...one, full: without(one.full, all) }))
    return {
      ...came,
      head: came.head ?? own.fetched.head,
      taken: [...rest, { rows: own.fetched.rows, intervals: loose }],
      owns: [...owns, own],
    }
  }

  async #rounds<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    ageMaxMs: number,
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<Came<Rows, RowHead> | undefined> {
    const came = await this.#round(made, ageMaxMs, held, stop)
    if (came === undefined || came.left.length === 0) return came
    // Others failed to bring it: the first to come here asks anew for all.
    const rest = { ...made, missing: came.left, loose: [], lacksLoose: false }
    const more = await this.#round(rest, ageMaxMs, held, stop)
    if (more === undefined || more.left.length > 0) return undefined
    const isOther = came.head !== undefined && !made.method.sameHead(came.head, more.head ?? came.head)
    if (isOther) return undefined
    return {
      ...more,
      taken: [...came.taken, ...more.taken],
      owns: [...came.owns, ...more.owns],
      fromMs: Math.min(came.fromMs, more.fromMs),
    }
  }

  async #round<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    ageMaxMs: number,
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<(Came<Rows, RowHead> & { readonly left: readonly Interval[] }) | undefined> {
    const { method, key, laid, missing } = made
    const joined = this.#inAir.joinable(key, method, missing, ageMaxMs)
    const full = without(missing, united(joined.flatMap(({ ranges }) => ranges)))
    const ranges = united([...full, ...(made.lacksLoose ? [...laid.edges, ...laid.ahead] : [])])
    // What is lacking is sent before anybody waits for what others have sent.
    const fetching = ranges.length === 0 ? undefined : this.#placed(made, { ranges, full }, stop)
    if (fetching !== undefined) this.#tell(made, full, fetching, held)
    const [own, others] = await Promise.all([fetching, this.#fromOthers(joined, stop)])
    if (fetching !== undefined && own === undefined) return undefined
    const heads = [own?.fetched.head, ...others.heads].filter((one) => one !== undefined)
    const head = oneHead(method, heads, undefined)
    if (head === undefined && heads.length > 0) return undefined
    const mine =
      own === undefined ? [] : [{ rows: own.fetched.rows, intervals: united([...full, ...made.loose]) }]
    const owns = own === undefined ? [] : [own]
    const fromMs = Math.min(own?.fetched.answer.sentAtMs ?? Number.POSITIVE_INFINITY, others.fromMs)
    const taken = [...mine, ...others.taken]
    return { taken, edges: [], owns, head, stepsHeads: [], fromMs, left: others.left }
  }

  #tell<Rows extends Bucketed, RowHead>(
    { key, method }: Pick<LaidOut<Rows, RowHead>, 'key' | 'method'>,
    full: readonly Interval[],
    fetching: Promise<OwnFetch<Rows, RowHead> | undefined>,
    held: Promise<void>,
  ): void {
    // Rows that a row policy hid from who asked, or let him see, are nobody else's.
    const landing = fetching.then(async (found) =>
      found !== undefined && (await found.fetched.isForAll) ? { ...found.fetched, judged: held } : undefined,
    )
    this.#inAir.tell(key, method, full, landing)
  }

  async #fromOthers<Rows extends Bucketed, RowHead>(
    joined: readonly Joined<Rows, RowHead>[],
    stop: AbortSignal,
  ): Promise<FromOthers<Rows, RowHead>> {
    const taken: Taken<Rows>[] = []
    const heads: RowHead[] = []
    const left: Interval[] = []
    let fromMs = Number.POSITIVE_INFINITY
    for (const { ranges, beganAtMs, landing } of joined) {
      const landed = await orAborted(landing, stop)
      if (landed === undefined) left.push(...ranges)
      else {
        heads.push(landed.head)
        fromMs = Math.min(fromMs, beganAtMs)
        taken.push({ rows: landed.rows, intervals: ranges })
      }
    }
    return { taken, heads, left: united(left), fromMs }
  }

  /** What was fetched, each row in a bucket that was asked for; undefined when its shape is whole from now on. */
  async #placed<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    { ranges, full }: Pick<OwnFetch<Rows, RowHead>, 'ranges' | 'full'>,
    stop: AbortSignal,
  ): Promise<OwnFetch<Rows, RowHead> | undefined> {
    const { method, parts, grid, loose, request, live } = made
    const { fallBacks, clock, learnt } = this.#options
    const beganMs = clock.monotonic()
    const rowsMax = this.#options.rowsMax(parts.grouped.table)
    const text = method.text(request.query.sql, parts, ranges, { grid, live })
    const fetched = await this.#fetched(made, { text, ranges, rowsMax }, stop)
    stop.throwIfAborted()
    if (typeof fetched === 'string') {
      // Whole for a short while where it broke: a text that is too much for Druid would break again and again.
      fallBacks.set(parts.shape, WHY_NOT[fetched], fetched === 'broken' ? BROKEN_MS : undefined)
      return undefined
    }
    const rows = method.placed(fetched.rows, parts, grid)
    const slices = rows === undefined ? [] : slicesOf(rows, [...full, ...loose])
    if (rows === undefined || !isAll(method.rows, rows, slices)) {
      fallBacks.set(parts.shape, 'rows of buckets that were not asked for')
      return undefined
    }
    learnt.fetched(parts.shape, clock.monotonic() - beganMs, grid.count(full))
    return { fetched: { ...fetched, rows }, ranges, full }
  }

  async #fetched<Rows extends Bucketed, RowHead>(
    { request, plan, parts, method, live, service: group }: Fetching<Rows, RowHead>,
    { text, ranges, rowsMax }: Fetch,
    signal: AbortSignal,
  ): ReturnType<typeof fetchParts<Rows, RowHead>> {
    const { druid, cache, timelines, rights, keeper, entryMaxBytes } = this.#options
    const over = new AbortController()
    const [table = ''] = plan.tables
    const bytesMax = Math.min(cache.entryMaxBytes, entryMaxBytes(plan.tables))
    const query = { text, parameters: parts.parameters, service: plan.service }
    const into = {
      sink: method.sink(parts, { rows: rowsMax, bytes: bytesMax }, live),
      hold: (bytes: number) => cache.hold(bytes),
    }
    const givenTo = ({ id, service }: BrokerAddress): Promise<void> | undefined =>
      timelines.of(service, table).watch(ranges, id, over.signal)
    try {
      const fetched = await fetchParts(druid, request, query, into, {
        signal,
        givenTo,
        refused: () => keeper.refused(request, plan, group),
        isForAll: () => keeper.isForAll(request, plan, group),
      })
      if (typeof fetched !== 'string')
        rights.proved(request.identity, group, plan.tables, fetched.answer.sentAtMs)
      return fetched
    } finally {
      over.abort()
    }
  }
}

const WHY_NOT = {
  'too-large': 'more rows or bytes than are kept of a shape',
  'not-understood': 'values that are not understood',
  refused: 'Druid refuses the text that fetches its parts',
  broken: 'the fetch of its parts broke off',
} as const

/** Every row lies in one of the slices, which are apart. */
function isAll<Rows extends Bucketed>(
  kind: RowsKind<Rows>,
  rows: Rows,
  slices: readonly Slice<Rows>[],
): boolean {
  const sum = slices.reduce((count, slice) => count + kind.count(slice), 0)
  return sum === kind.count({ rows, from: 0, to: rows.buckets.length })
}

/** What an answer takes, in no order. */
export function slicesIn<Rows extends Bucketed>({
  taken,
  edges,
}: Pick<Came<Rows, unknown>, 'taken' | 'edges'>): readonly Slice<Rows>[] {
  return [...taken.flatMap(({ rows, intervals }) => slicesOf(rows, intervals)), ...edges]
}

/** What came by steps, and the edges that didn't. */
async function edgesOf<Rows extends Bucketed, RowHead>(
  { coming }: LaidOut<Rows, RowHead>,
  stop: AbortSignal,
): Promise<{
  readonly slices: readonly Slice<Rows>[]
  readonly heads: readonly RowHead[]
  readonly failed: readonly Interval[]
  readonly fromMs: number
}> {
  const slices: Slice<Rows>[] = []
  const failed: Interval[] = []
  const heads: RowHead[] = []
  let fromMs = Number.POSITIVE_INFINITY
  for (const { edge, landing } of coming) {
    const landed = await orAborted(landing, stop)
    if (landed === undefined) failed.push(edge)
    else {
      slices.push(...landed.slices)
      heads.push(landed.head)
      fromMs = Math.min(fromMs, landed.fromMs)
    }
  }
  return { slices, heads, failed, fromMs }
}

function slicesOf<Rows extends Bucketed>(rows: Rows, intervals: readonly Interval[]): readonly Slice<Rows>[] {
  return intervals.map(({ startMs, endMs }) => sliceOf(rows, startMs, endMs))
}
