// Sets of instants as intervals `[startMs, endMs)`, sorted, apart from each other and never empty.
import { type Interval } from './facts.ts'

/** All that lies in one of them, in the form that this file promises. */
export function united(intervals: readonly Interval[]): readonly Interval[] {
  const sorted = intervals
    .filter(({ startMs, endMs }) => startMs < endMs)
    .toSorted((a, b) => a.startMs - b.startMs)
  const out: Interval[] = []
  for (const interval of sorted) {
    const last = out.at(-1)
    if (last !== undefined && interval.startMs <= last.endMs) {
      out[out.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, interval.endMs) }
    } else out.push(interval)
  }
  return out
}

/** What lies in both. */
export function intersected(a: readonly Interval[], b: readonly Interval[]): readonly Interval[] {
  const out: Interval[] = []
  let [i, j] = [0, 0]
  for (;;) {
    const [one, other] = [a[i], b[j]]
    if (one === undefined || other === undefined) return out
    const startMs = Math.max(one.startMs, other.startMs)
    const endMs = Math.min(one.endMs, other.endMs)
    if (startMs < endMs) out.push({ startMs, endMs })
    if (one.endMs < other.endMs) i += 1
    else j += 1
  }
}

/** What of `a` doesn't lie in `b`. */
export function without(a: readonly Interval[], b: readonly Interval[]): readonly Interval[] {
  const out: Interval[] = []
  let j = 0
  for (const { startMs, endMs } of a) {
    let from = startMs
    while ((b[j]?.endMs ?? Number.POSITIVE_INFINITY) <= from) j += 1
    for (let k = j; from < endMs; k += 1) {
      const hole = b[k]
      if (hole === undefined || hole.startMs >= endMs) {
        out.push({ startMs: from, endMs })
        break
      }
      if (hole.startMs > from) out.push({ startMs: from, endMs: hole.startMs })
      from = Math.max(from, hole.endMs)
    }
  }
  return out
}

/**
 * At most `countMax` intervals that cover these and reach nowhere out of `within`, the smallest gaps filled first; more of
 * them where `within` has more gaps.
 */
export function joinedTo(
  countMax: number,
  intervals: readonly Interval[],
  within: readonly Interval[],
): readonly Interval[] {
  const excess = intervals.length - countMax
  if (excess <= 0) return intervals
  const gaps = without(within, intervals).filter(
    ({ startMs, endMs }) =>
      intervals.some((one) => one.endMs === startMs) && intervals.some((one) => one.startMs === endMs),
  )
  const smallest = gaps.toSorted((a, b) => a.endMs - a.startMs - (b.endMs - b.startMs)).slice(0, excess)
  return united([...intervals, ...smallest])
}
