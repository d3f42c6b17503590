// What is held of one shape: runs of buckets, in order of time and apart, each with its own proof.
import { type Sized } from '../../cache/memory.ts'
import { judgePiece, type Piece, type PieceProof, type Present } from '../../freshness/pieces.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type Bucketed, sliceOf } from '../../result/bucket-rows.ts'
import { type RowsKind } from './method.ts'

/** Whole buckets, their rows, and what proves them. An interval without rows holds empty buckets. */
export interface Run<Rows extends Bucketed> extends Piece {
  readonly rows: Rows
}

/** Buckets that may be given now. */
export interface UsableRun<Rows extends Bucketed> {
  readonly run: Run<Rows>
  readonly ageMs: number
}

/** Pieces as runs, each with its own of these rows: what they were cut from is let go. */
export function runsOf<Rows extends Bucketed>(
  pieces: readonly Piece[],
  rows: Rows,
  { join }: Pick<RowsKind<Rows>, 'join'>,
): readonly Run<Rows>[] {
  return pieces.map((piece) => {
    const { startMs, endMs } = piece.interval
    return { ...piece, rows: join([sliceOf(rows, startMs, endMs)]) }
  })
}

/** What a shape costs beside its runs. */
const SHAPE_BYTES = 2_000
const RUN_OVERHEAD_BYTES = 300
/** Above this many runs neighbours are written into one. */
const RUNS_APART_MAX = 32

export class Shape<Rows extends Bucketed, Head> implements Sized {
  readonly kind: RowsKind<Rows>
  readonly tables: readonly string[]
  readonly service: string
  /** As the first fetch had them. */
  readonly head: Head
  readonly headers: readonly string[]
  /** The last bucket in which a fetch found rows ahead of all segments that the timeline had; undefined: in none. */
  aheadMs: number | undefined
  #runs: readonly Run<Rows>[] = []

  constructor(given: Pick<Shape<Rows, Head>, 'kind' | 'tables' | 'service' | 'head' | 'headers'>) {
    this.kind = given.kind
    this.tables = given.tables
    this.service = given.service
    this.head = given.head
    this.headers = given.headers
  }

  get sizeBytes(): number {
    return this.#runs.reduce(
      (sum, { rows }) => sum + this.kind.sizeOf(rows) + RUN_OVERHEAD_BYTES,
      SHAPE_BYTES,
    )
  }

  get runs(): readonly Run<Rows>[] {
    return this.#runs
  }

  /**
   * The runs under intervals that hold now, cut to what of them holds; what doesn't is forgotten, bucket by bucket.
   * `bucketsAround` gives the buckets that meet an interval.
   */
  usable(
    intervals: readonly Interval[],
    present: Present,
    bucketsAround: (interval: Interval) => Interval,
  ): readonly UsableRun<Rows>[] {
    const usable: UsableRun<Rows>[] = []
    let changed = false
    const runs: Run<Rows>[] = []
    for (const run of this.#runs) {
      if (intersected(intervals, [run.interval]).length === 0) {
        runs.push(run)
        continue
      }
      const verdict = judgePiece(run, present)
      if (verdict.kind === 'invalid') {
        changed = true
        continue
      }
      const ageMs = verdict.kind === 'valid' ? verdict.ageMs : 0
      const proof = { ...run.proof, under: verdict.under }
      const gone = verdict.kind === 'valid' ? [] : united(verdict.intervals.map(bucketsAround))
      if (verdict.kind !== 'valid' || proof.under !== run.proof.under) changed = true
      for (const left of cut(this.kind, { ...run, proof }, gone)) {
        runs.push(left)
        usable.push({ run: left, ageMs })
      }
    }
    if (changed) this.#runs = runs
    return usable
  }

  /** Puts runs in; where one lies over another the one that was asked for later stays. */
  put(given: readonly Run<Rows>[]): void {
    for (const run of given) {
      const older: Run<Rows>[] = []
      const newer: Interval[] = []
      for (const held of this.#runs) {
        if (held.proof.sentAtMs > run.proof.sentAtMs && held.proof.generation === run.proof.generation) {
          older.push(held)
          newer.push(held.interval)
        } else older.push(...cut(this.kind, held, [run.interval]))
      }
      this.#runs = [...older, ...cut(this.kind, run, newer)].toSorted(byTime)
    }
    if (this.#runs.length > RUNS_APART_MAX) this.#runs = compacted(this.kind, this.#runs)
  }

  /** Forgets the runs that meet an interval; false: there are none. */
  forget(interval: Interval): boolean {
    const left = this.#runs.filter((run) => intersected([run.interval], [interval]).length === 0)
    if (left.length === this.#runs.length) return false
    this.#runs = left
    return true
  }

  /** Forgets the older half of its runs. */
  shrink(): void {
    this.#runs = this.#runs.slice(Math.ceil(this.#runs.length / 2))
  }
}

function byTime(a: Piece, b: Piece): number {
  return a.interval.startMs - b.interval.startMs
}

/** What of a run lies outside of some intervals. */
function cut<Rows extends Bucketed>(
  kind: RowsKind<Rows>,
  run: Run<Rows>,
  gone: readonly Interval[],
): readonly Run<Rows>[] {
  if (intersected([run.interval], gone).length === 0) return [run]
  return without([run.interval], gone).map((interval) => ({
    ...run,
    interval,
    rows: kind.join([sliceOf(run.rows, interval.startMs, interval.endMs)]),
  }))
}

/** Neighbours that were proved by the same timeline, as one. */
function compacted<Rows extends Bucketed>(
  kind: RowsKind<Rows>,
  runs: readonly Run<Rows>[],
): readonly Run<Rows>[] {
  const out: Run<Rows>[][] = []
  for (const run of runs) {
    const group = out.at(-1)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && canJoin(last, run)) group.push(run)
    else out.push([run])
  }
  return out.flatMap((group) => joinedRun(kind, group))
}

function canJoin(a: Piece, b: Piece): boolean {
  const { under, generation } = a.proof
  return (
    under !== undefined &&
    under === b.proof.under &&
    generation === b.proof.generation &&
    a.interval.endMs === b.interval.startMs
  )
}

function joinedRun<Rows extends Bucketed>(
  kind: RowsKind<Rows>,
  group: readonly Run<Rows>[],
): readonly Run<Rows>[] {
  const [first] = group
  const last = group.at(-1)
  if (first === undefined || last === undefined || group.length === 1) return group
  const proof: PieceProof = {
    ...first.proof,
    sentAtMs: Math.min(...group.map((run) => run.proof.sentAtMs)),
    lifeMs: Math.min(...group.map((run) => run.proof.lifeMs)),
  }
  const slices = group.map(({ rows }) => ({ rows, from: 0, to: rows.buckets.length }))
  const interval = { startMs: first.interval.startMs, endMs: last.interval.endMs }
  return [{ interval, proof, rows: kind.join(slices) }]
}
