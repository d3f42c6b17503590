// Time zones as Druid's Joda-Time knows them, for the names and years in which Node's data surely agree with it.
import { timelineOf, type ZoneTimeline } from './zone-timeline.ts'
import { holesOf, isFixedName, ZONE_END_MS, ZONE_START_MS, zoneChecksum } from './zone-names.ts'

/** 0000-01-01 and 10000-01-01 in UTC, in ms: what Druid can print as a plain year, and all that we count with. */
export const FIRST_MS = -62_167_219_200_000
export const END_MS = 253_402_300_800_000

/**
 * A zone and what is known of it. Outside of `[startMs, endMs)`, and in the years in which sources disagree, every offset
 * is NaN, which runs through all arithmetic: nobody gets a wrong instant, callers turn NaN into a refusal.
 */
export class Zone {
  /** The name as it was given; `UTC` for all that means nothing else. */
  readonly id: string
  /** As Joda's `isFixed`: Tokyo isn't, although its offset hasn't changed since 1951. */
  readonly isFixed: boolean
  readonly startMs: number
  readonly endMs: number
  // offsets[i] counts from at[i] (ms) until at[i + 1]; the first and last are NaN.
  readonly #at: Float64Array
  readonly #offsets: Float64Array
  #last = 1

  constructor(id: string, { at, offsets }: ZoneTimeline, isFixed: boolean) {
    this.id = id
    this.isFixed = isFixed
    this.startMs = at[0] ?? Number.NaN
    this.endMs = at.at(-1) ?? Number.NaN
    this.#at = Float64Array.of(Number.NEGATIVE_INFINITY, ...at, Number.POSITIVE_INFINITY)
    this.#offsets = Float64Array.of(Number.NaN, ...offsets)
  }

  /** Offset in ms that the zone's clock is ahead of UTC; NaN where it isn't known. */
  // Hot: several times per bucket. Neighbouring instants share a stretch, so the last one is tried first (5 ns, 20 else).
  offsetAt(ms: number): number {
    const at = this.#at
    const last = this.#last
    if (ms >= (at[last] ?? 0) && ms < (at[last + 1] ?? 0)) return this.#offsets[last] ?? Number.NaN
    if (Number.isNaN(ms)) return Number.NaN
    this.#last = this.#indexAt(ms)
    return this.#offsets[this.#last] ?? Number.NaN
  }

  /** The first change of offset after an instant; the instant itself when there is none (`DateTimeZone.nextTransition`). */
  nextTransition(ms: number): number {
    const next = this.#at[this.#indexAt(ms) + 1] ?? Number.POSITIVE_INFINITY
    return next === Number.POSITIVE_INFINITY ? ms : next
  }

  /** The last ms before the latest change up to an instant; the instant itself when there is none. */
  previousTransition(ms: number): number {
    const latest = this.#at[this.#indexAt(ms)] ?? Number.NEGATIVE_INFINITY
    return latest === Number.NEGATIVE_INFINITY ? ms : latest - 1
  }

  /**
   * Offset of a local time that is the result of an addition (Joda 2.12.5, `DateTimeZone.getOffsetFromLocal`): in a gap
   * the one before it, so that the time moves on by the gap's length; of a clock that comes twice the earlier one.
   */
  offsetFromLocal(localMs: number): number {
    const guess = this.offsetAt(localMs)
    const instant = localMs - guess
    const offset = this.offsetAt(instant)
    if (guess !== offset) return guess < offset && this.#inGap(localMs, guess, offset) ? guess : offset
    if (guess < 0) return offset
    // East of Greenwich the guess looks too late, and finds the second of the two clocks.
    const before = this.previousTransition(instant)
    if (before >= instant) return offset
    const offsetBefore = this.offsetAt(before)
    return instant - before <= offsetBefore - guess ? offsetBefore : offset
  }

  /**
   * The instant of a local time that was rounded from an instant (Joda 2.12.5, `DateTimeZone.convertLocalToUTC`, not
   * strict): with that instant's own offset where it still holds, so both clocks of an overlap keep what is theirs.
   */
  toInstant(localMs: number, roundedFromMs: number): number {
    const own = this.offsetAt(roundedFromMs)
    if (this.offsetAt(localMs - own) === own) return localMs - own
    const guess = this.offsetAt(localMs)
    const offset = this.offsetAt(localMs - guess)
    if (guess === offset || guess >= 0 || Number.isNaN(offset)) return localMs - offset
    return localMs - (this.#inGap(localMs, guess, offset) ? guess : offset)
  }

  #inGap(localMs: number, guess: number, offset: number): boolean {
    return this.#laterTransition(localMs - guess) !== this.#laterTransition(localMs - offset)
  }

  #laterTransition(ms: number): number {
    const next = this.nextTransition(ms)
    return next === ms ? Number.POSITIVE_INFINITY : next
  }

  /** The largest index whose start isn't after the instant. */
  #indexAt(ms: number): number {
    const at = this.#at
    let low = 0
    let high = at.length - 1
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((at[middle] ?? 0) <= ms) low = middle
      else high = middle
    }
    return low
  }
}

/** UTC, from year 0 to year 9999. */
export const UTC: Zone = fixedZone('UTC', 0)

// Bounded by the names in the table, and by the offsets that there are on whole minutes (2 x 24 x 60).
const zones = new Map<string, Zone | undefined>([
  ['UTC', UTC],
  ['Z', UTC],
])

const OFFSET = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/

/**
 * The zone of a name as Druid reads it (`DateTimes.inferTzFromString`, 33.0.0): exactly as IANA writes it, capitals
 * included, `UTC`, `Z`, or an offset `+05:30`. Undefined for any other, which Druid may take for UTC or for one of Java's
 * old abbreviations, and for a zone of which Node's data aren't those of Joda. The first call for a name takes 3 ms, of a few 20.
 */
export function zoneOf(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name)
  const offset = OFFSET.exec(name)
  const known = zoneChecksum(name) !== undefined
  if (offset === null && !known) return undefined
  const zone = offset === null ? tableZone(name) : offsetZone(offset)
  zones.set(name, zone)
  return zone
}

function offsetZone([name, sign, hours, minutes]: RegExpExecArray): Zone {
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000
  return offsetMs === 0 ? UTC : fixedZone(name, sign === '-' ? -offsetMs : offsetMs)
}

function fixedZone(id: string, offsetMs: number): Zone {
  return new Zone(id, { at: [FIRST_MS, END_MS], offsets: [offsetMs, Number.NaN] }, true)
}

function tableZone(name: string): Zone | undefined {
  const range = { startMs: ZONE_START_MS, endMs: ZONE_END_MS, holes: holesOf(name) }
  const timeline = timelineOf(name, range, zoneChecksum(name) ?? '')
  if (timeline === undefined) return undefined
  return isFixedName(name) ? fixedZone(name, timeline.offsets[0] ?? 0) : new Zone(name, timeline, false)
}
