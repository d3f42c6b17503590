// Adding, counting and rounding on a zone's calendar, by the rules of Joda-Time 2.12.5's ZonedChronology, which Druid 33
// uses. Milliseconds in and out; NaN where the zone isn't known.
import { addLocal, DAY_MS, floorLocal, HOUR_MS, UNITS, type Unit, UNIT_MS, unitsBetween } from './calendar.ts'
import { type Period } from './period.ts'
import { type Zone } from './zone.ts'

/**
 * Whether a unit is counted on the instant and not on the zone's clock: all shorter than 12 h
 * (`ZonedChronology.useTimeArithmetic`).
 */
export function isTimeUnit(unit: Unit): boolean {
  return (UNIT_MS[unit] ?? DAY_MS) < 12 * HOUR_MS
}

/** `DurationField.add`. Adding 0 days isn't nothing: of two equal clocks it gives the first (`ZonedDurationField.add`). */
export function add(zone: Zone, unit: Unit, ms: number, count: number): number {
  if (isTimeUnit(unit)) return ms + count * (UNIT_MS[unit] ?? Number.NaN)
  const localMs = addLocal(unit, ms + zone.offsetAt(ms), count)
  return localMs - zone.offsetFromLocal(localMs)
}

/** A period, `times` over, each unit at once, largest first (`BaseChronology.add`): 3 x P1M is one step of three months. */
export function addPeriod(zone: Zone, period: Period, ms: number, times: number): number {
  let result = ms
  for (const unit of UNITS) {
    const count = period[unit] * times
    if (count !== 0) result = add(zone, unit, result, count)
  }
  return result
}

/** Whole units from one instant to another, cut towards zero (`DurationField.getDifferenceAsLong`). */
export function between(zone: Zone, unit: Unit, fromMs: number, toMs: number): number {
  if (isTimeUnit(unit)) return unitsBetween(unit, fromMs, toMs)
  return unitsBetween(unit, fromMs + zone.offsetAt(fromMs), toMs + zone.offsetAt(toMs))
}

/** The start of one unit (`roundFloor`), of a week its Monday. */
export function roundDown(zone: Zone, unit: Unit, ms: number): number {
  if (unit === 'weeks') return toMonday(zone, roundDown(zone, 'days', ms))
  const offset = zone.offsetAt(ms)
  const localMs = floorLocal(unit, ms + offset)
  // An hour in which the clock changes begins where the instant's own offset says, even if it wasn't in force there.
  return isTimeUnit(unit) ? localMs - offset : zone.toInstant(localMs, ms)
}

// `dayOfWeek().set(.., 1)` keeps the time of day: a Sunday that begins at one o'clock, as Brazil's summer time did until
// 2018, has a Monday of one o'clock (PeriodGranularity.truncate).
function toMonday(zone: Zone, dayMs: number): number {
  const dayLocalMs = dayMs + zone.offsetAt(dayMs)
  const days = Math.floor((dayLocalMs - floorLocal('weeks', dayLocalMs)) / DAY_MS)
  const localMs = dayLocalMs - days * DAY_MS
  const mondayMs = zone.toInstant(localMs, dayMs)
  return floorLocal('days', mondayMs + zone.offsetAt(mondayMs)) === floorLocal('days', localMs)
    ? mondayMs
    : REFUSED
}

/** The full hour, as `minuteOfHour().set(.., 0)` of a time that was cut to its minute. */
export function toFullHour(zone: Zone, ms: number): number {
  const minuteMs = roundDown(zone, 'minutes', ms)
  const localMs = floorLocal('hours', minuteMs + zone.offsetAt(minuteMs))
  const hourMs = zone.toInstant(localMs, minuteMs)
  const hourLocalMs = hourMs + zone.offsetAt(hourMs)
  return floorLocal('hours', hourLocalMs) === floorLocal('minutes', hourLocalMs) ? hourMs : REFUSED
}

/** Joda throws where a field that was set doesn't stay as set, since a gap swallowed it. */
const REFUSED = Number.NaN
