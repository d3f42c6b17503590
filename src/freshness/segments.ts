// The segments that a Broker would read, from `GET /druid/v2/datasources/{ds}/candidates`, in a form to compare.
//
// What Druid 33.0.0 answers there: `interval` is clipped to what was asked; a segment hit by two asked intervals is
// listed twice; a realtime segment keeps interval, version and partition while rows arrive and through its hand-off,
// and only the type of who serves it changes (`indexer-executor` → `historical`).
import { createHash } from 'node:crypto'
import { OvateError } from '../errors.ts'
import { type Interval } from '../plan/facts.ts'
import { FIRST_MS, LAST_MS } from '../time/all-time.ts'
import { readInstant } from '../time/instant-text.ts'

export interface Segment extends Interval {
  /** Of a segment beyond the ends of time: with its interval. */
  readonly version: string
  readonly partition: number
  /** At least one Historical serves it. */
  readonly sealed: boolean
}

/** One element of the answer; throws OVATE_BROKER_FAILED on anything that isn't one. */
export function segmentOf(value: unknown): Segment {
  const { interval, version, partitionNumber, locations } = (value ?? {}) as Record<string, unknown>
  if (typeof interval !== 'string' || typeof version !== 'string' || typeof partitionNumber !== 'number')
    throw notUnderstood()
  const [start, end] = interval.split('/').map(readInstant)
  if (start === undefined || end === undefined) throw notUnderstood()
  const sealed =
    Array.isArray(locations) && locations.some((one: { type?: unknown }) => one.type === 'historical')
  return {
    ...withinDates(start, end),
    // All that lies beyond has the same last millisecond: segments of one version would be joined, and a drop go unseen.
    version: start >= LAST_MS || end <= FIRST_MS ? `${version} ${interval}` : version,
    partition: partitionNumber,
    sealed,
  }
}

/** An interval as far as a JS Date goes: what lies beyond is its first millisecond, or its last one. */
export function withinDates(start: number | bigint, end: number | bigint): Interval {
  return {
    startMs: clamped(start, FIRST_MS, LAST_MS - 1),
    endMs: clamped(end, FIRST_MS + 1, LAST_MS),
  }
}

function clamped(ms: number | bigint, minMs: number, maxMs: number): number {
  if (ms < minMs) return minMs
  return ms > maxMs ? maxMs : Number(ms)
}

function notUnderstood(): OvateError {
  return new OvateError('OVATE_BROKER_FAILED', 'the Broker listed a segment that is not understood')
}

/**
 * Segments of neighbouring looks put together: adjacent pieces of one version, partition and kind become one, so that
 * where a look was clipped leaves no trace. Sorted, each once.
 */
export function joined(segments: readonly Segment[]): readonly Segment[] {
  const sorted = segments.toSorted(compare)
  const out: Segment[] = []
  for (const segment of sorted) {
    const last = out.at(-1)
    if (last !== undefined && sameKind(last, segment) && segment.startMs <= last.endMs) {
      out[out.length - 1] = { ...last, endMs: Math.max(last.endMs, segment.endMs) }
    } else out.push(segment)
  }
  return out
}

function compare(a: Segment, b: Segment): number {
  if (a.version !== b.version) return a.version < b.version ? -1 : 1
  if (a.partition !== b.partition) return a.partition - b.partition
  if (a.sealed !== b.sealed) return a.sealed ? -1 : 1
  return a.startMs - b.startMs
}

function sameKind(a: Segment, b: Segment): boolean {
  return a.version === b.version && a.partition === b.partition && a.sealed === b.sealed
}

export interface TimelineState {
  /** Hash over (version, partition, sealed, clipped interval) of what overlaps the intervals. */
  readonly hash: string
  /** Nothing that overlaps them is served by realtime tasks alone. */
  readonly sealed: boolean
}

/** The state of the part of a timeline that lies under `intervals`; `segments` as `joined` gives them. */
export function stateUnder(segments: readonly Segment[], intervals: readonly Interval[]): TimelineState {
  const hash = createHash('sha256')
  let sealed = true
  for (const { startMs, endMs } of intervals) {
    for (const segment of segments) {
      if (segment.startMs >= endMs || segment.endMs <= startMs) continue
      if (!segment.sealed) sealed = false
      const from = Math.max(segment.startMs, startMs)
      const to = Math.min(segment.endMs, endMs)
      hash.update(`${segment.version} ${segment.partition} ${segment.sealed} ${from}/${to};`)
    }
  }
  return { hash: hash.digest('base64url'), sealed }
}

/** Segments of a stretch of the timeline, as `joined` gives them, and the columns that the Broker plans with. */
export interface Under {
  readonly segments: readonly Segment[]
  readonly schema: string
}

/** Where in an interval two timelines differ: intervals that may overlap, none when they are alike there. */
export function differences(a: Under, b: Under, interval: Interval): readonly Interval[] {
  if (a === b) return []
  if (a.schema !== b.schema) return [interval]
  if (a.segments === b.segments) return []
  const left = clipped(a.segments, interval)
  const right = clipped(b.segments, interval)
  const lone = (of: ReadonlyMap<string, Interval>, other: ReadonlyMap<string, Interval>): Interval[] =>
    [...of].filter(([key]) => !other.has(key)).map(([, part]) => part)
  return [...lone(left, right), ...lone(right, left)]
}

function clipped(segments: readonly Segment[], { startMs, endMs }: Interval): ReadonlyMap<string, Interval> {
  const parts = new Map<string, Interval>()
  for (const segment of segments) {
    if (segment.startMs >= endMs || segment.endMs <= startMs) continue
    const part = { startMs: Math.max(segment.startMs, startMs), endMs: Math.min(segment.endMs, endMs) }
    const { version, partition, sealed } = segment
    parts.set(`${version} ${partition} ${sealed} ${part.startMs} ${part.endMs}`, part)
  }
  return parts
}
