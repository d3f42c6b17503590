// Aligned runs of buckets: what replicas share of a shape, and take leases on. Their boundaries hang on the length of the
// shape's buckets and on nothing else, so that all who lack a bucket mean the same run.
//
//   buckets   │ · │ · │ · │ · │ · │ · │ · │ · │ · │ · │
//   runs      ├───── 41 ──────┤├──── 42 ───────┤├── 43 …     a bucket belongs to the run in which it begins
import { type Interval } from '../../plan/facts.ts'
import { type Grid } from './window.ts'

export interface AlignedRun {
  readonly index: number
  /** From the start of a bucket to the end of one. */
  readonly interval: Interval
}

/** A day of hours and a month of days are one or two runs: few leases for what charts ask, and not all of it for a bucket. */
const BUCKETS_LEAST = 32
/** Any instant will do that is the same for all; before 1970 Druid's buckets are odd in some zones. */
const SAMPLE_MS = Date.UTC(2001, 5, 15)

/** The runs that meet intervals of whole buckets, in order of time; undefined for more than `countMax`, or where buckets aren't known. */
export function alignedRuns(
  grid: Pick<Grid, 'around'>,
  intervals: readonly Interval[],
  countMax: number,
): readonly AlignedRun[] | undefined {
  const sample = grid.around({ startMs: SAMPLE_MS, endMs: SAMPLE_MS + 1 })
  const bucketMs = sample.endMs - sample.startMs
  const runMs = 2 ** Math.ceil(Math.log2(bucketMs * BUCKETS_LEAST))
  const startOf = (index: number): number => {
    const ms = index * runMs
    const { startMs, endMs } = grid.around({ startMs: ms, endMs: ms + 1 })
    return startMs === ms ? ms : endMs
  }
  const runs = new Map<number, AlignedRun>()
  for (const { startMs, endMs } of intervals) {
    for (let index = Math.floor(startMs / runMs); index * runMs < endMs; index += 1) {
      if (runs.size > countMax) return undefined
      const interval = { startMs: startOf(index), endMs: startOf(index + 1) }
      if (interval.startMs >= interval.endMs) return undefined
      if (interval.startMs < endMs && interval.endMs > startMs) runs.set(index, { index, interval })
    }
  }
  if (runs.size > countMax) return undefined
  return [...runs.values()].toSorted((a, b) => a.index - b.index)
}
