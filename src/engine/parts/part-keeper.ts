// Sees beside the road to what of an answer is kept: the buckets that were fetched for it, and the answer itself.
import { type Clock } from '../../clock.ts'
import { type FreshnessRules, tickMs } from '../../freshness/bounds.ts'
import { lookAgeMs, type Piece, provenPieces } from '../../freshness/pieces.ts'
import { type Proof, prove } from '../../freshness/proof.ts'
import { type Timelines } from '../../freshness/timelines.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { type Entry } from '../entry.ts'
import { partHeaders } from '../headers.ts'
import { type Keeper } from '../keeper.ts'
import { putWithin, shapeAt, type Store } from '../store.ts'
import { type Fetched } from './fetch.ts'
import { type OwnFetch } from './gathering.ts'
import { type HeldProof, type Keeping, type LaidOut, type Making } from './making.ts'
import { runsOf, Shape } from './shape.ts'
import { type Laid } from './window.ts'

export interface PartKeeperOptions {
  readonly clock: Clock
  readonly cache: Store
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly rules: (datasource: string) => FreshnessRules
  /** The most that is kept of a shape over these tables; the cache may set less. */
  readonly entryMaxBytes: (tables: readonly string[]) => number
  /** Gives what is held of these intervals to other replicas. */
  readonly share: <Rows extends Bucketed, RowHead>(
    keeping: Keeping<Rows, RowHead>,
    intervals: readonly Interval[],
  ) => void
}

export class PartKeeper {
  readonly #options: PartKeeperOptions

  constructor(options: PartKeeperOptions) {
    this.#options = options
  }

  /** Keeps what was fetched, and the answer (`given`), if all that it holds beside that is proved by what was held. */
  async keep<Rows extends Bucketed, RowHead>(
    made: LaidOut<Rows, RowHead>,
    own: OwnFetch<Rows, RowHead>,
    given: { readonly entry: Entry; readonly held: HeldProof } | undefined,
  ): Promise<void> {
    const { keeper, clock } = this.#options
    const proof = await this.keepBuckets(made, own, aheadOf(own.fetched.rows, made.laid))
    if (proof === undefined || given === undefined) return
    const { entry, held } = given
    entry.proof = this.entryProof(made, held, proof)
    const costMs = clock.now() - own.fetched.answer.sentAtMs
    if (entry.proof !== undefined) keeper.put({ ...made, entry }, costMs)
  }

  /**
   * Keeps the buckets that were fetched; `aheadMs` is the last of them that lies behind all that the timeline had. Returns
   * what an answer made of them rests on; undefined where that can't be kept.
   */
  async keepBuckets<Rows extends Bucketed, RowHead>(
    made: Keeping<Rows, RowHead>,
    { fetched, ranges, full }: OwnFetch<Rows, RowHead>,
    aheadMs?: number,
  ): Promise<Proof | undefined> {
    const { timelines, rules, clock, keeper } = this.#options
    const { plan, timeline, request } = made
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
    if (!(await fetched.isForAll) || keeper.wasPurged(plan.tables, sentAtMs)) return undefined
    const pieces = provenPieces(
      {
        timeline,
        broker: broker.id,
        generation,
        sentAtMs,
        lifeMs,
        rules: made.rules,
        ranges: full,
        bucketsAround: (interval) => made.grid.around(interval),
      },
      clock.now(),
    )
    this.#put(made, fetched, { pieces, aheadMs })
    this.#options.share(
      made,
      pieces.map(({ interval }) => interval),
    )
    return proof
  }

  #put<Rows extends Bucketed, RowHead>(
    { method, key, plan, service }: Keeping<Rows, RowHead>,
    fetched: Fetched<Rows, RowHead>,
    { pieces, aheadMs }: { readonly pieces: readonly Piece[]; readonly aheadMs: number | undefined },
  ): void {
    const { cache, clock } = this.#options
    const known = shapeAt<Rows, RowHead>(cache, key, method)
    // A column whose type has changed: what was kept before is of another table.
    const isSame = known !== undefined && method.sameHead(known.head, fetched.head)
    const { head } = fetched
    const headers = partHeaders(fetched.answer.headers, plan.shared)
    const shape = isSame
      ? known
      : new Shape({ kind: method.rows, tables: plan.tables, service, head, headers })
    shape.aheadMs = aheadMs
    shape.put(runsOf(pieces, fetched.rows, method.rows))
    const maxBytes = this.#options.entryMaxBytes(plan.tables)
    putWithin(cache, { key, maxBytes }, shape, clock.now() - fetched.answer.sentAtMs)
  }

  /**
   * The proof of an answer put together from what was held and what was fetched; undefined where it may not be kept. The
   * fetch may have waited for a connection, and have been sent after a purge, while the rest was held before it.
   */
  entryProof(making: Making, held: HeldProof, fetched: Proof | undefined): Proof | undefined {
    const { plan, rules, service, generation, beganAtMs, nowAtMs, parts } = making
    const now = parts.pinnedNowMs === undefined ? plan.now : ({ kind: 'none' } as const)
    const tick = tickMs(rules, now, this.#options.keeper.clockErrorMs(plan.service))
    const sentAtMs = Math.min(beganAtMs, held.fromMs, fetched?.sentAtMs ?? beganAtMs)
    const untilMs = Math.min(
      held.untilMs,
      fetched === undefined ? held.untilMs : fetched.sentAtMs + fetched.lifeMs,
    )
    const wasPurged = this.#options.keeper.wasPurged(plan.tables, beganAtMs)
    if (wasPurged || tick <= 0 || untilMs <= sentAtMs) return undefined
    return {
      service,
      generation,
      sentAtMs,
      nowAtMs,
      tickMs: tick,
      lifeMs: untilMs - sentAtMs,
      agesFromSending: Number.isFinite(tick),
      readsLookup: false,
      tables: [...held.tables, ...(fetched?.tables ?? [])],
    }
  }
}

/**
 * What an answer's held part over `intervals` rests on. To be asked for in the same turn in which the runs were judged: the
 * timeline may move in the next.
 */
export function heldProof(
  { timeline, rules, request, view, usable: runs, stepped, coming }: LaidOut<Bucketed, unknown>,
  intervals: readonly Interval[],
  nowMs: number,
): HeldProof {
  if (intervals.length === 0)
    return { fromMs: nowMs, ageMs: 0, untilMs: Number.POSITIVE_INFINITY, tables: [] }
  const usable = [...runs, ...[...stepped, ...coming].flatMap((edge) => edge.runs)]
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

/** The last bucket that lies behind the window that the timeline has. */
function aheadOf({ buckets }: Bucketed, { window }: Laid): number | undefined {
  const last = buckets.at(-1)
  return last !== undefined && last >= (window.at(-1)?.endMs ?? Number.POSITIVE_INFINITY) ? last : undefined
}
