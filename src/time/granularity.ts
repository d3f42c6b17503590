// Buckets of time exactly as Druid 33 cuts them: TIME_FLOOR, TIME_CEIL, DATE_TRUNC, FLOOR(x TO unit), timeseries.
//
// Druid has two notions of a bucket, and they differ around changes of the clock: the instants with one floor
// (expressions, groupBy), and what lies between a start and that start plus the period (timeseries:
// Granularity.getIterable). `floor`, `ceil` and `next` are Druid's, oddities included; `bucket` and `starts` give only
// buckets on which both notions agree, and refuse all others.
import { DAY_MS, HOUR_MS, UNITS } from './calendar.ts'
import { addPeriod } from './chronology.ts'
import { flooring } from './flooring.ts'
import { isFixed, parsePeriod, type Period, standardMs } from './period.ts'
import { type Zone, zoneOf } from './zone.ts'

/** `[startMs, endMs)`. */
interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** What names a granularity. */
export interface GranularityNames {
  /** ISO 8601: `P1D`. */
  readonly period: string
  /** Where counting begins, in ms; undefined: Druid's own choice, 1970 on the zone's clock or none at all. */
  readonly originMs?: number | undefined
  /** As `zoneOf` reads it. */
  readonly zone: string
}

/** Buckets of a period, an origin and a zone. Methods take and return ms, undefined where nothing is surely known. */
export interface Granularity {
  readonly period: Period
  readonly originMs: number | undefined
  readonly zone: Zone
  /** TIME_FLOOR. In Druid's oddities it may lie behind the instant: PT6H before 1970. */
  floor(ms: number): number | undefined
  /** TIME_CEIL. */
  ceil(ms: number): number | undefined
  /** The start of the bucket after the one that begins here. */
  next(startMs: number): number | undefined
  /** The bucket around an instant, if it is a regular one. */
  bucket(ms: number): Span | undefined
  /** Ascending starts of all buckets that meet a span; undefined if one is irregular or there are more than `countMax`. */
  starts(span: Span, countMax: number): number[] | undefined
  /** The whole buckets in a span; undefined if it has none or one of the outermost is irregular. */
  whole(span: Span): Span | undefined
}

// What was made last: a dashboard asks for a few again and again, and those of several units remember where they walked.
const kept = new Map<string, Granularity>()
const KEPT_MAX = 64

/**
 * The granularity of these names; undefined for a zone that isn't known, and for a period that Druid refuses (nothing,
 * or not a period) or that nobody means (negative).
 */
export function granularity(names: GranularityNames): Granularity | undefined {
  const key = `${names.period} ${names.originMs ?? ''} ${names.zone}`
  const found = kept.get(key)
  if (found !== undefined) return found
  const made = make(names)
  if (made === undefined) return undefined
  const [oldest] = kept.keys()
  if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest)
  kept.set(key, made)
  return made
}

function make({ period, originMs, zone }: GranularityNames): Granularity | undefined {
  const parsed = parsePeriod(period)
  const known = zoneOf(zone)
  if (parsed === undefined || known === undefined) return undefined
  if (UNITS.some((unit) => parsed[unit] < 0) || UNITS.every((unit) => parsed[unit] === 0)) return undefined
  return new PeriodGranularity(parsed, originMs, known)
}

/** TIME_SHIFT: the instant that is `step` periods away (`TimestampShiftExprMacro`); undefined where it isn't known. */
export function shift(ms: number, by: Period, step: number, zone: Zone): number | undefined {
  if (!knows(zone, ms)) return undefined
  const shifted = addPeriod(zone, by, ms, step)
  return knows(zone, shifted) ? shifted : undefined
}

function knows(zone: Zone, ms: number): boolean {
  return !Number.isNaN(zone.offsetAt(ms))
}

// A bucket this near to a change of the clock is looked at by itself: for days and more, Joda's guesses of the offset look
// as far as offsets go; hours are cut to full ones at most.
const NEAR_MS = 36 * HOUR_MS
const NEAR_OF_HOURS_MS = HOUR_MS

/** No change of the clock takes more: Samoa left out a day. */
const CHANGE_MAX_MS = 25 * HOUR_MS

class PeriodGranularity implements Granularity {
  readonly period: Period
  readonly originMs: number | undefined
  readonly zone: Zone
  // Hot: once per row of an answer and several times per bucket.
  readonly #floor: (ms: number) => number
  /** Length of a bucket where the clock doesn't change; undefined for months and years. */
  readonly #standardMs: number | undefined
  readonly #nearMs: number
  /** No bucket is longer. */
  readonly #lengthMaxMs: number

  constructor(of: Period, originMs: number | undefined, zone: Zone) {
    this.period = of
    this.originMs = originMs
    this.zone = zone
    this.#floor = flooring(of, originMs, zone)
    this.#standardMs = standardMs(of)
    this.#nearMs = isFixed(of) ? NEAR_OF_HOURS_MS : NEAR_MS
    const days = 366 * of.years + 31 * of.months
    const restMs = standardMs({ ...of, years: 0, months: 0 }) ?? 0
    this.#lengthMaxMs = days * DAY_MS + restMs + (isFixed(of) ? 0 : CHANGE_MAX_MS)
  }

  floor(ms: number): number | undefined {
    if (!knows(this.zone, ms)) return undefined
    const start = this.#floor(ms)
    return knows(this.zone, start) ? start : undefined
  }

  ceil(ms: number): number | undefined {
    const start = this.floor(ms)
    return start === undefined || start === ms ? start : this.next(start)
  }

  next(startMs: number): number | undefined {
    return shift(startMs, this.period, 1, this.zone)
  }

  bucket(ms: number): Span | undefined {
    const startMs = this.floor(ms)
    const endMs = startMs === undefined ? undefined : this.next(startMs)
    if (startMs === undefined || endMs === undefined || ms < startMs || ms >= endMs) return undefined
    return this.#isRegular(startMs, endMs) ? { startMs, endMs } : undefined
  }

  starts({ startMs, endMs }: Span, countMax: number): number[] | undefined {
    if ((endMs - startMs) / this.#lengthMaxMs > countMax) return undefined
    const starts: number[] = []
    for (let ms = startMs; ms < endMs;) {
      const bucket = this.bucket(ms)
      if (bucket === undefined || starts.length >= countMax) return undefined
      starts.push(bucket.startMs)
      ms = bucket.endMs
      // Far from any change of the clock one regular bucket is as the next.
      const stepMs = this.#standardMs
      if (stepMs === undefined || bucket.endMs - bucket.startMs !== stepMs) continue
      const count = Math.floor((Math.min(endMs, this.#calmUntil(bucket)) - ms) / stepMs)
      if (starts.length + count > countMax) return undefined
      for (let done = 0; done < count; done++, ms += stepMs) starts.push(ms)
    }
    return starts
  }

  whole({ startMs, endMs }: Span): Span | undefined {
    const first = this.bucket(startMs)
    const last = this.bucket(endMs - 1)
    if (first === undefined || last === undefined) return undefined
    const from = first.startMs === startMs ? startMs : first.endMs
    const to = last.endMs === endMs ? endMs : last.startMs
    return from < to ? { startMs: from, endMs: to } : undefined
  }

  /** Whether all of `[startMs, endMs)` and nothing else has this floor, and adding the period leads to its end. */
  #isRegular(startMs: number, endMs: number): boolean {
    const floor = this.#floor
    if (floor(startMs) !== startMs || floor(endMs) !== endMs || floor(endMs - 1) !== startMs) return false
    // Where a zone left out a day (Kwajalein in 1993), instants of the day before may be rounded up to this start.
    if (!(floor(startMs - 1) < startMs)) return false
    // Between two changes of the clock floors only rise, so the ends of each stretch speak for all of it.
    for (let ms = this.#nextBreak(startMs); ms < endMs; ms = this.#nextBreak(ms))
      if (floor(ms - 1) !== startMs || floor(ms) !== startMs) return false
    return true
  }

  /** The next instant at which the arithmetic changes: the clock does, or counting forwards begins. */
  #nextBreak(ms: number): number {
    const transition = this.zone.nextTransition(ms)
    const breaks = [transition, 0, this.originMs ?? 0].filter((at) => at > ms)
    return Math.min(...breaks, Number.POSITIVE_INFINITY)
  }

  #calmUntil({ startMs, endMs }: Span): number {
    const breakMs = this.#nextBreak(startMs - this.#nearMs)
    return breakMs > endMs ? breakMs - this.#nearMs : endMs
  }
}
