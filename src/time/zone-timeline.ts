// The changes of a zone's offset, found through Node's Intl once per zone and held against what Joda-Time has.

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const DAY_MS = 24 * 60 * MINUTE_MS
const WEEK_MS = 7 * DAY_MS

/** `offsets[i]` (ms) holds from `at[i]` (ms) to `at[i + 1]`; the last one is NaN. NaN: not known. */
export interface ZoneTimeline {
  readonly at: readonly number[]
  readonly offsets: readonly number[]
}

interface Range {
  readonly startMs: number
  readonly endMs: number
  /** Ascending, within the range; nothing is known inside. */
  readonly holes: readonly { readonly startMs: number; readonly endMs: number }[]
}

// Two changes that undo each other within a step are missed, which the checksum tells. Most zones have no such pair within
// 60 days, Morocco's around Ramadan lie a month apart, and none since 1970 is shorter than Recife's of 6.96 in 2000.
const STEPS_MS = [60 * DAY_MS, 25 * DAY_MS, 6 * DAY_MS]

/** The timeline of an IANA zone if its checksum is the one given, undefined else. */
export function timelineOf(name: string, range: Range, checksum: string): ZoneTimeline | undefined {
  try {
    const offsetAt = offsetReader(name)
    for (const stepMs of STEPS_MS) {
      const timeline = readTimeline(offsetAt, range, stepMs)
      if (checksumOf(timeline) === checksum) return timeline
    }
    return undefined
  } catch {
    // Intl doesn't know the name, or writes times in a form that we don't: as good as other rules.
    return undefined
  }
}

/** FNV-1a, 32 bits in hex, over the changes in seconds. It guards against other rules, not against malice. */
export function checksumOf({ at, offsets }: ZoneTimeline): string {
  const text = at.map((ms, index) => `${ms / 1_000}:${(offsets[index] ?? Number.NaN) / 1_000}`).join()
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

type OffsetReader = (ms: number) => number

function readTimeline(
  offsetAt: OffsetReader,
  { startMs, endMs, holes }: Range,
  stepMs: number,
): ZoneTimeline {
  const at: number[] = []
  const offsets: number[] = []
  const append = (ms: number, offset: number): void => {
    at.push(ms)
    offsets.push(offset)
  }
  let spanStart = startMs
  for (const hole of [...holes, { startMs: endMs, endMs }]) {
    if (hole.startMs > spanStart) readSpan(offsetAt, spanStart, hole.startMs, stepMs, append)
    append(hole.startMs, Number.NaN)
    spanStart = hole.endMs
  }
  return { at, offsets }
}

function readSpan(
  offsetAt: OffsetReader,
  startMs: number,
  endMs: number,
  stepMs: number,
  append: (ms: number, offset: number) => void,
): void {
  let offset = offsetAt(startMs)
  append(startMs, offset)
  const latest = [Number.NaN, Number.NaN]
  for (let ms = startMs; ms < endMs; ms += stepMs) {
    const upTo = Math.min(ms + stepMs, endMs - 1_000)
    // More than one change in a step: each of them in turn.
    for (let from = ms; offsetAt(upTo) !== offset;) {
      // Where summers have rules, a change comes on the same weekday and hour as the one before the last.
      const lastYear = latest.shift() ?? Number.NaN
      const guesses = [lastYear + 52 * WEEK_MS, lastYear + 53 * WEEK_MS]
      const isChange = (at: number): boolean =>
        at > from && at <= upTo && offsetAt(at) !== offset && offsetAt(at - 1_000) === offset
      from = guesses.find(isChange) ?? firstChange(offsetAt, from, upTo, offset)
      offset = offsetAt(from)
      append(from, offset)
      latest.push(from)
    }
  }
}

/** The first instant, on a whole second, at which a step that begins with `offset` has another one. */
function firstChange(offsetAt: OffsetReader, fromMs: number, toMs: number, offset: number): number {
  let [before, after] = [fromMs, toMs]
  const bisect = (unitMs: number): void => {
    while (after - before > unitMs) {
      const middle = Math.floor((before + after) / 2 / unitMs) * unitMs
      if (middle <= before) return
      if (offsetAt(middle) === offset) before = middle
      else after = middle
    }
  }
  // Nearly all changes are on a quarter of an hour: one more look instead of ten.
  bisect(QUARTER_MS)
  if (offsetAt(after - 1_000) !== offset) bisect(1_000)
  return after
}

const FORMATTED = /^(\d\d)\/(\d\d)\/(\d{4}), (\d\d):(\d\d):(\d\d)$/

/** Offsets of a zone by Intl, whose formatter takes 1 µs for this form, and 10 for its parts. Throws for unknown names. */
function offsetReader(timeZone: string): OffsetReader {
  const two = '2-digit'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: two,
    day: two,
    hour: two,
    minute: two,
    second: two,
  })
  return (ms) => {
    const parts = FORMATTED.exec(format.format(ms))
    if (parts === null) throw new Error(`Intl writes ${format.format(ms)}`)
    const [, month, day, year, hour, minute, second] = parts.map(Number)
    return Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) - ms
  }
}
