// What is held of one shape: runs of buckets, in order of time and apart, each with its own proof.
import { type Sized } from '../../cache/memory.ts'
import { judgePiece, type Piece, type PieceProof, type Present } from '../../freshness/pieces.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type BucketRows, joinedRows, sizeOf, sliceOf } from '../../result/bucket-rows.ts'
import { type PartHead } from '../../result/part-rows.ts'

/** Whole buckets, their rows, and what proves them. An interval without rows holds empty buckets. */
export interface Run extends Piece {
  readonly rows: BucketRows
}

/** Buckets that may be given now. */
export interface UsableRun {
  readonly run: Run
  readonly ageMs: number
}

/** What a shape costs beside its runs. */
const SHAPE_BYTES = 2_000
const RUN_OVERHEAD_BYTES = 300
/** Above this many runs neighbours are written into one. */
const RUNS_APART_MAX = 32

export class Shape implements Sized {
  readonly tables: readonly string[]
  readonly service: string
  /** As the newest fetch had them. */
  head: PartHead
  headers: readonly string[]
  #runs: readonly Run[] = []

  constructor(given: {
    readonly tables: readonly string[]
    readonly service: string
    readonly head: PartHead
    readonly headers: readonly string[]
  }) {
    this.tables = given.tables
    this.service = given.service
    this.head = given.head
    this.headers = given.headers
  }

  get sizeBytes(): number {
    return this.#runs.reduce((sum, { rows }) => sum + sizeOf(rows) + RUN_OVERHEAD_BYTES, SHAPE_BYTES)
  }

  get runs(): readonly Run[] {
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
  ): readonly UsableRun[] {
    const usable: UsableRun[] = []
    let changed = false
    const runs: Run[] = []
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
      for (const left of cut({ ...run, proof }, gone)) {
        runs.push(left)
        usable.push({ run: left, ageMs })
      }
    }
    if (changed) this.#runs = runs
    return usable
  }

  /** Puts runs in; where one lies over another the one that was asked for later stays. */
  put(given: readonly Run[]): void {
    for (const run of given) {
      const older: Run[] = []
      const newer: Interval[] = []
      for (const held of this.#runs) {
        if (held.proof.sentAtMs > run.proof.sentAtMs && held.proof.generation === run.proof.generation) {
          older.push(held)
          newer.push(held.interval)
        } else older.push(...cut(held, [run.interval]))
      }
      this.#runs = [...older, ...cut(run, newer)].toSorted((a, b) => a.interval.startMs - b.interval.startMs)
    }
    if (this.#runs.length > RUNS_APART_MAX) this.#runs = compacted(this.#runs)
  }

  /** Forgets the older half of its runs. */
  shrink(): void {
    const byAge = this.#runs.toSorted((a, b) => a.interval.startMs - b.interval.startMs)
    this.#runs = byAge.slice(Math.ceil(byAge.length / 2))
  }
}

/** What of a run lies outside of some intervals. */
function cut(run: Run, gone: readonly Interval[]): readonly Run[] {
  if (intersected([run.interval], gone).length === 0) return [run]
  return without([run.interval], gone).map((interval) => ({
    ...run,
    interval,
    rows: joinedRows([sliceOf(run.rows, interval.startMs, interval.endMs)]),
  }))
}

/** Neighbours that were proved by the same timeline, as one. */
function compacted(runs: readonly Run[]): readonly Run[] {
  const out: Run[][] = []
  for (const run of runs) {
    const group = out.at(-1)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && canJoin(last, run)) group.push(run)
    else out.push([run])
  }
  return out.map((group) => joinedRun(group))
}

function canJoin(a: Run, b: Run): boolean {
  const { under, generation } = a.proof
  return (
    under !== undefined &&
    under === b.proof.under &&
    generation === b.proof.generation &&
    a.interval.endMs === b.interval.startMs
  )
}

function joinedRun(group: readonly Run[]): Run {
  const [first] = group
  const last = group.at(-1)
  if (first === undefined || last === undefined || group.length === 1) return first as Run
  const proof: PieceProof = {
    ...first.proof,
    sentAtMs: Math.min(...group.map((run) => run.proof.sentAtMs)),
    lifeMs: Math.min(...group.map((run) => run.proof.lifeMs)),
  }
  const slices = group.map(({ rows }) => ({ rows, from: 0, to: rows.buckets.length }))
  const interval = { startMs: first.interval.startMs, endMs: last.interval.endMs }
  return { interval, proof, rows: joinedRows(slices) }
}
