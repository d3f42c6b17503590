// A window cut at the boundaries of buckets: whole buckets, which can be shared, and edges, which are this window's own.
import { granularity, type Granularity } from '../time/granularity.ts'
import { type Interval } from './facts.ts'
import { type Bucket } from './grouped.ts'

export interface Pieces {
  /** Each from the start of a bucket to the end of one. */
  readonly full: readonly Interval[]
  readonly edges: readonly Interval[]
}

/** Buckets of a statement, or hidden ones. */
export type Cut = Pick<Bucket, 'grid' | 'movedMs'>

/** The pieces, in order each; where a bucket is irregular (around a change of the clock) all of its interval is edge. */
export function piecesOf(window: readonly Interval[], { grid, movedMs }: Cut): Pieces {
  const buckets = granularity(grid)
  const full: Interval[] = []
  const edges: Interval[] = []
  for (const interval of window) {
    const whole = buckets === undefined ? undefined : wholeIn(interval, buckets, movedMs)
    if (whole === undefined) {
      edges.push(interval)
      continue
    }
    full.push(whole)
    if (interval.startMs < whole.startMs) edges.push({ startMs: interval.startMs, endMs: whole.startMs })
    if (whole.endMs < interval.endMs) edges.push({ startMs: whole.endMs, endMs: interval.endMs })
  }
  return { full, edges }
}

function wholeIn({ startMs, endMs }: Interval, buckets: Granularity, movedMs: number): Interval | undefined {
  const span = buckets.whole({ startMs: startMs - movedMs, endMs: endMs - movedMs })
  return span === undefined ? undefined : { startMs: span.startMs + movedMs, endMs: span.endMs + movedMs }
}

/** The start of the bucket that shows a label, in ms; undefined for a label that no bucket shows. */
export function startOf(labelMs: number, { grid, movedMs, label }: Omit<Bucket, 'text'>): number | undefined {
  const buckets = granularity(grid)
  if (buckets === undefined) return undefined
  const gridMs =
    label.kind === 'moved' ? labelMs - label.ms - movedMs : labelMs - buckets.zone.offsetFromLocal(labelMs)
  if (buckets.floor(gridMs) !== gridMs) return undefined
  return gridMs + movedMs
}
