// Gathers what an answer lacks: in one query, but for what is on its way for others.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type Druid } from '../../druid/druid.ts'
import { type Timelines } from '../../freshness/timelines.ts'
import { type Rights } from '../../identity/rights.ts'
import { type Interval } from '../../plan/facts.ts'
import { united, without } from '../../plan/intervals.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { type Store } from '../store.ts'
import { type FallBacks } from './fall-backs.ts'
import { type Fetched, fetchParts } from './fetch.ts'
import { InAir, type Joined } from './in-air.ts'
import { type LaidOut } from './making.ts'
import { type RowsKind } from './method.ts'

export interface GatheringOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly timelines: Timelines
  readonly rights: Rights
  readonly fallBacks: FallBacks
  /** A fetch that brings more makes its shape whole. */
  readonly rowsMax: number
}

/** What was fetched for one answer, its rows by their buckets. */
export interface OwnFetch<Rows extends Bucketed, Head> {
  readonly fetched: Fetched<Rows, Head>
  readonly ranges: readonly Interval[]
  /** Its full buckets. */
  readonly full: readonly Interval[]
}

/** What came of an answer's missing parts. */
export interface Came<Rows extends Bucketed, Head> {
  readonly slices: readonly Slice<Rows>[]
  /** None: all of it came for others. */
  readonly owns: readonly OwnFetch<Rows, Head>[]
  /** Undefined: nothing came. */
  readonly head: Head | undefined
  /** When the first of the requests was sent that brought it. */
  readonly fromMs: number
}

interface FromOthers<Rows extends Bucketed, Head> {
  readonly slices: readonly Slice<Rows>[]
  readonly head: Head | undefined
  /** What they failed to bring. */
  readonly left: readonly Interval[]
  readonly fromMs: number
}

const BROKEN_MS = 30_000

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
  async gather<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    ageMaxMs: number,
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<Came<Rows, Head> | undefined> {
    const came = await this.#round(made, ageMaxMs, held, stop)
    if (came === undefined || came.left.length === 0) return came
    // Others failed to bring it: the first to come here asks anew for all.
    const rest = { ...made, missing: came.left, loose: [], lacksLoose: false }
    const more = await this.#round(rest, ageMaxMs, held, stop)
    if (more === undefined || more.left.length > 0) return undefined
    const isOther = came.head !== undefined && !made.method.sameHead(came.head, more.head ?? came.head)
    return isOther
      ? undefined
      : {
          ...more,
          slices: [...came.slices, ...more.slices],
          owns: [...came.owns, ...more.owns],
          fromMs: Math.min(came.fromMs, more.fromMs),
        }
  }

  async #round<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    ageMaxMs: number,
    held: Promise<void>,
    stop: AbortSignal,
  ): Promise<(Came<Rows, Head> & { readonly left: readonly Interval[] }) | undefined> {
    const { method, key, laid, missing } = made
    const joined = this.#inAir.joinable(key, method, missing, ageMaxMs)
    const full = without(missing, united(joined.flatMap(({ ranges }) => ranges)))
    const ranges = united([...full, ...(made.lacksLoose ? [...laid.edges, ...laid.ahead] : [])])
    // What is lacking is sent before anybody waits for what others have sent.
    const fetching = ranges.length === 0 ? undefined : this.#placed(made, { ranges, full }, stop)
    if (fetching !== undefined) {
      const landing = fetching.then((found) => found && { ...found.fetched, judged: held })
      this.#inAir.tell(key, method, full, landing)
    }
    const [own, others] = await Promise.all([fetching, this.#fromOthers(joined, stop)])
    if (fetching !== undefined && own === undefined) return undefined
    const head = own?.fetched.head ?? others.head
    const isOther = others.head !== undefined && head !== undefined && !method.sameHead(head, others.head)
    if (isOther) return undefined
    const mine = own === undefined ? [] : slicesOf(own.fetched.rows, [...full, ...made.loose])
    const owns = own === undefined ? [] : [own]
    const fromMs = Math.min(own?.fetched.answer.sentAtMs ?? Number.POSITIVE_INFINITY, others.fromMs)
    return { slices: [...mine, ...others.slices], owns, head, fromMs, left: others.left }
  }

  async #fromOthers<Rows extends Bucketed, Head>(
    joined: readonly Joined<Rows, Head>[],
    stop: AbortSignal,
  ): Promise<FromOthers<Rows, Head>> {
    const slices: Slice<Rows>[] = []
    let head: Head | undefined
    const left: Interval[] = []
    let fromMs = Number.POSITIVE_INFINITY
    for (const { ranges, beganAtMs, landing } of joined) {
      const landed = await orAborted(landing, stop)
      if (landed === undefined) left.push(...ranges)
      else {
        head = landed.head
        fromMs = Math.min(fromMs, beganAtMs)
        slices.push(...slicesOf(landed.rows, ranges))
      }
    }
    return { slices, head, left: united(left), fromMs }
  }

  /** What was fetched, each row in a bucket that was asked for; undefined when its shape is whole from now on. */
  async #placed<Rows extends Bucketed, Head>(
    made: LaidOut<Rows, Head>,
    { ranges, full }: Pick<OwnFetch<Rows, Head>, 'ranges' | 'full'>,
    stop: AbortSignal,
  ): Promise<OwnFetch<Rows, Head> | undefined> {
    const { method, parts, grid, loose } = made
    const { fallBacks } = this.#options
    const fetched = await this.#fetched(made, ranges, stop)
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
    return { fetched: { ...fetched, rows }, ranges, full }
  }

  async #fetched<Rows extends Bucketed, Head>(
    { request, plan, parts, method, grid, service: group }: LaidOut<Rows, Head>,
    ranges: readonly Interval[],
    signal: AbortSignal,
  ): ReturnType<typeof fetchParts<Rows, Head>> {
    const { druid, cache, rowsMax, timelines, rights } = this.#options
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
      const fetched = await fetchParts(druid, request, query, into, { signal, givenTo })
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

function slicesOf<Rows extends Bucketed>(rows: Rows, intervals: readonly Interval[]): readonly Slice<Rows>[] {
  return intervals.map(({ startMs, endMs }) => sliceOf(rows, startMs, endMs))
}
