// The periods behind the words of SQL, as Druid 33.0.0 maps them. Both count in the session's time zone, from no origin.
import { type Unit } from './calendar.ts'
import { period, type Period } from './period.ts'

function one(unit: Unit, count = 1): Period {
  return period({ [unit]: count })
}

const FLOOR_UNITS: Readonly<Record<string, Period>> = {
  SECOND: one('seconds'),
  MINUTE: one('minutes'),
  HOUR: one('hours'),
  DAY: one('days'),
  WEEK: one('weeks'),
  MONTH: one('months'),
  QUARTER: one('months', 3),
  YEAR: one('years'),
}

/**
 * The longer ones count from 1970 as all periods of several years do: DATE_TRUNC('century', 2023) is 1970, so is
 * 'millennium'. Microseconds are milliseconds.
 */
const TRUNC_UNITS: Readonly<Record<string, Period>> = {
  ...FLOOR_UNITS,
  MICROSECONDS: one('millis'),
  MILLISECONDS: one('millis'),
  DECADE: one('years', 10),
  CENTURY: one('years', 100),
  MILLENNIUM: one('years', 1_000),
}

/**
 * The period of `FLOOR(x TO unit)` and `CEIL(x TO unit)`, in any case (`TimeUnits`); undefined for units that Druid fails
 * on: MILLISECOND, DECADE, CENTURY, EPOCH and the rest of Calcite's.
 */
export function floorToUnit(unit: string): Period | undefined {
  return find(FLOOR_UNITS, unit)
}

/** The period of `DATE_TRUNC('unit', x)`, in any case, without a plural (`DateTruncOperatorConversion`). */
export function dateTruncUnit(unit: string): Period | undefined {
  return find(TRUNC_UNITS, unit)
}

function find(units: Readonly<Record<string, Period>>, unit: string): Period | undefined {
  const name = unit.toUpperCase()
  return Object.hasOwn(units, name) ? units[name] : undefined
}
