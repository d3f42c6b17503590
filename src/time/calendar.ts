// The proleptic Gregorian calendar on local milliseconds (ms since 1970-01-01T00:00 on the zone's own clock, no zone in
// here), by Joda-Time 2.12.5's rules (Druid 33: org.joda.time.chrono.Basic*Field under ISOChronology).

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS

/** The units of a period, largest first: the order in which Joda adds them (`BaseChronology.add`). */
export const UNITS = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds', 'millis'] as const
export type Unit = (typeof UNITS)[number]

/** Length in ms of the units that have one on a clock without a zone; undefined for those that the calendar sets. */
export const UNIT_MS: Readonly<Record<Unit, number | undefined>> = {
  years: undefined,
  months: undefined,
  weeks: WEEK_MS,
  days: DAY_MS,
  hours: HOUR_MS,
  minutes: MINUTE_MS,
  seconds: SECOND_MS,
  millis: 1,
}

// Days are counted from 0000-03-01, so that the day that leap years add is the last of its year. Eras have 400 years.
const ERA_DAYS = 146_097
const MARCH_0000 = -719_468

/** Months since January of year 0. */
export function monthOf(localMs: number): number {
  const day = Math.floor(localMs / DAY_MS) - MARCH_0000
  const era = Math.floor(day / ERA_DAYS)
  const dayOfEra = day - era * ERA_DAYS
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  return (era * 400 + yearOfEra) * 12 + Math.floor((5 * dayOfYear + 2) / 153) + 2
}

/** The local ms at which a month begins that is counted as `monthOf` does. */
export function monthStart(month: number): number {
  const fromMarch = month - 2
  const year = Math.floor(fromMarch / 12)
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  const dayOfYear = Math.floor((153 * (fromMarch - year * 12) + 2) / 5)
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * ERA_DAYS + dayOfEra + MARCH_0000) * DAY_MS
}

function yearStart(year: number): number {
  return monthStart(year * 12)
}

function yearOf(localMs: number): number {
  return Math.floor(monthOf(localMs) / 12)
}

function isLeap(year: number): boolean {
  return yearStart(year + 1) - yearStart(year) === 366 * DAY_MS
}

/** The start of the unit, which for weeks is a Monday. */
export function floorLocal(unit: Unit, localMs: number): number {
  if (unit === 'years') return yearStart(yearOf(localMs))
  if (unit === 'months') return monthStart(monthOf(localMs))
  // 1970-01-01 was a Thursday.
  if (unit === 'weeks') return Math.floor((localMs + 3 * DAY_MS) / WEEK_MS) * WEEK_MS - 3 * DAY_MS
  const unitMs = UNIT_MS[unit] ?? Number.NaN
  return Math.floor(localMs / unitMs) * unitMs
}

/** A day that the month hasn't becomes its last (`BasicMonthOfYearDateTimeField.add`, `BasicGJChronology.setYear`). */
export function addLocal(unit: Unit, localMs: number, count: number): number {
  const unitMs = UNIT_MS[unit]
  if (unitMs !== undefined) return localMs + count * unitMs
  const from = monthOf(localMs)
  const to = from + (unit === 'years' ? 12 * count : count)
  const intoMonth = localMs - monthStart(from)
  const day = Math.floor(intoMonth / DAY_MS)
  const lastDay = (monthStart(to + 1) - monthStart(to)) / DAY_MS - 1
  return monthStart(to) + intoMonth - Math.max(0, day - lastDay) * DAY_MS
}

/** Whole units from `from` to `to`, cut towards zero. */
export function unitsBetween(unit: Unit, from: number, to: number): number {
  const unitMs = UNIT_MS[unit]
  if (unitMs !== undefined) return Math.trunc((to - from) / unitMs)
  const between = unit === 'years' ? yearsBetween : monthsBetween
  return to < from ? -between(to, from) : between(from, to)
}

// BasicMonthOfYearDateTimeField.getDifferenceAsLong: the 31st of one month to the last day of a shorter one is whole.
function monthsBetween(from: number, to: number): number {
  const [fromMonth, toMonth] = [monthOf(from), monthOf(to)]
  const toRest = to - monthStart(toMonth)
  const toDay = Math.floor(toRest / DAY_MS)
  const toLastDay = (monthStart(toMonth + 1) - monthStart(toMonth)) / DAY_MS - 1
  let fromRest = from - monthStart(fromMonth)
  const fromDay = Math.floor(fromRest / DAY_MS)
  if (toDay === toLastDay && fromDay > toDay) fromRest -= (fromDay - toDay) * DAY_MS
  return toMonth - fromMonth - (toRest < fromRest ? 1 : 0)
}

const FEBRUARY_29_MS = (31 + 28) * DAY_MS

// BasicGJChronology.getYearDifference: what comes after 29 February is counted as if that day weren't.
function yearsBetween(from: number, to: number): number {
  const [fromYear, toYear] = [yearOf(from), yearOf(to)]
  let fromRest = from - yearStart(fromYear)
  let toRest = to - yearStart(toYear)
  if (fromRest >= FEBRUARY_29_MS) {
    if (isLeap(fromYear)) {
      if (!isLeap(toYear)) fromRest -= DAY_MS
    } else if (toRest >= FEBRUARY_29_MS && isLeap(toYear)) toRest -= DAY_MS
  }
  return toYear - fromYear - (toRest < fromRest ? 1 : 0)
}
