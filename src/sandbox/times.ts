// Functions of time, each as an expression of DuckDB in the zone that counts.
import { unknownForm } from './errors.ts'
import { textLiteral } from './store.ts'
import { words } from './words.ts'

const PERIOD = /^'P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?'$/
const PERIOD_UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second']
const SHORT = new Set(['hour', 'minute', 'second'])
const CALENDAR = new Set(['month', 'quarter', 'year'])
const OFFSET = /^(?:UTC|GMT)?[+-]\d/

/**
 * The zone of that name as DuckDB knows it. Names that nobody knows are UTC, as Druid 33 has it.
 * @throws SandboxError for fixed offsets.
 */
export function zoneOf(name: unknown): string {
  if (name === undefined || name === null) return 'UTC'
  const text = words(name)
  if (OFFSET.test(text)) throw unknownForm(`the time zone ${text}`)
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}

/** The name that was given to a zone, where anybody knows it: Node has other names for some than Druid. */
export function zoneNameOf(name: unknown): string {
  return zoneOf(name) === 'UTC' ? 'UTC' : words(name)
}

/** A unit of time, checked: it goes into DuckDB's text as it stands. */
export function timeUnit(word: string): string {
  const unit = word.toUpperCase().replace(/S$/, '')
  if (!/^(YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)$/.test(unit)) throw unknownForm(`the unit ${word}`)
  return unit.toLowerCase()
}

/** A time cut to a unit in a zone. */
export function cut(time: string, unit: string, zone: string): string {
  const name = SHORT.has(unit) ? 'druid_cut_short' : 'druid_cut'
  return `${name}(${time}, '${unit}', ${textLiteral(zone)})`
}

/** `TIME_FLOOR(time, period, origin, zone)`. */
export function timeFloor([time = '', text = '', origin, own]: readonly string[], session: string): string {
  const zone = zoneArgument(own, session)
  const { unit, count } = period(text)
  const step = `INTERVAL ${count} ${unit}`
  if (origin !== undefined && origin !== 'NULL')
    return `druid_steps_from(${time}, ${step}, ${origin}, ${textLiteral(zone)})`
  if (count === 1) return cut(time, unit, zone)
  return `${SHORT.has(unit) ? 'druid_steps_short' : 'druid_steps'}(${time}, ${step}, ${textLiteral(zone)})`
}

/** `TIME_SHIFT(time, period, step, zone)`. */
export function timeShift(
  [time = '', text = '', step = '', own]: readonly string[],
  session: string,
): string {
  const { unit, count } = period(text)
  return shifted(time, `(${step}) * INTERVAL ${count} ${unit}`, unit, zoneArgument(own, session))
}

/** Hours and less are added to the instant, days and more to the zone's clock. */
function shifted(time: string, step: string, unit: string, zone: string): string {
  return SHORT.has(unit) ? `(${time} + ${step})` : `druid_shift(${time}, ${step}, ${textLiteral(zone)})`
}

/** `time + INTERVAL`: a day is 24 hours here, as Calcite has it; months and more move the zone's clock. */
export function added(time: string, step: string, unit: string, zone: string): string {
  return CALENDAR.has(unit) ? shifted(time, step, unit, zone) : `(${time} + ${step})`
}

/** `TIME_EXTRACT(time, unit, zone)` and `EXTRACT(unit FROM time)`. */
export function timeExtract([time = '', text = '', own]: readonly string[], session: string): string {
  const unit = text.replaceAll("'", '').toUpperCase()
  const part = PARTS[unit]
  if (part === undefined) throw unknownForm(`the unit ${unit}`)
  const local = unit === 'EPOCH' ? time : `druid_local(${time}, ${textLiteral(zoneArgument(own, session))})`
  return `CAST(floor(extract('${part}' FROM ${local})) AS BIGINT)`
}

/** Druid's days of the week are ISO's: Monday is 1. */
const PARTS: Readonly<Record<string, string>> = {
  EPOCH: 'epoch',
  SECOND: 'second',
  MINUTE: 'minute',
  HOUR: 'hour',
  DAY: 'day',
  DOW: 'isodow',
  ISODOW: 'isodow',
  DOY: 'doy',
  WEEK: 'week',
  MONTH: 'month',
  QUARTER: 'quarter',
  YEAR: 'year',
}

/** `TIME_FORMAT(time, pattern, zone)` for patterns of Joda-Time that are made of numbers. */
export function timeFormat([time = '', pattern, own]: readonly string[], session: string): string {
  const zone = zoneArgument(own, session)
  if (pattern === undefined || pattern === 'NULL') {
    if (zone !== 'UTC') throw unknownForm('TIME_FORMAT without a pattern in a zone')
    return `strftime(${time}, '%Y-%m-%dT%H:%M:%S.%g+00:00')`
  }
  const letters = pattern
    .slice(1, -1)
    .replaceAll(/[A-Za-z]+/g, (run) => FORMATS[run] ?? unknownPattern(pattern))
  return `strftime(druid_local(${time}, ${textLiteral(zone)}), '${letters}')`
}

const FORMATS: Readonly<Record<string, string>> = {
  yyyy: '%Y',
  MM: '%m',
  dd: '%d',
  HH: '%H',
  mm: '%M',
  ss: '%S',
  SSS: '%g',
  EEE: '%a',
}

function unknownPattern(pattern: string): never {
  throw unknownForm(`the pattern ${pattern}`)
}

/** `TIME_IN_INTERVAL(time, 'start/end')`; either end may be a period. */
export function timeInInterval([time = '', interval = '']: readonly string[], zone: string): string {
  const [start = '', end = '', more] = interval.slice(1, -1).split('/')
  if (!interval.startsWith("'") || end === '' || more !== undefined)
    throw unknownForm(`the interval ${interval}`)
  const [from, to] = [edge(start, zone), edge(end, zone)]
  const low = from ?? shiftedBack(start, to, zone)
  const high = to ?? shiftedOn(end, from, zone)
  return `(${time} >= ${low} AND ${time} < ${high})`
}

function edge(text: string, zone: string): string | undefined {
  if (text.startsWith('P')) return undefined
  if (Number.isNaN(Date.parse(text))) throw unknownForm(`the instant ${text}`)
  return `druid_time(${textLiteral(text)}, ${textLiteral(zone)})`
}

function shiftedOn(text: string, from: string | undefined, zone: string): string {
  if (from === undefined) throw unknownForm('an interval of two periods')
  return timeShift([from, textLiteral(text), '1'], zone)
}

function shiftedBack(text: string, to: string | undefined, zone: string): string {
  if (to === undefined) throw unknownForm('an interval of two periods')
  return timeShift([to, textLiteral(text), '-1'], zone)
}

/** A period of one unit, as that unit and how many. */
function period(text: string): { readonly unit: string; readonly count: number } {
  const counts = PERIOD.exec(text)?.slice(1) ?? []
  const given = PERIOD_UNITS.flatMap((unit, index) => {
    const count = counts[index]
    return count === undefined ? [] : [{ unit, count: Number(count) }]
  })
  const [first] = given
  if (first === undefined || given.length > 1 || first.count < 1) throw unknownForm(`the period ${text}`)
  return first
}

function zoneArgument(own: string | undefined, session: string): string {
  if (own === undefined || own === 'NULL') return session
  if (!own.startsWith("'")) throw unknownForm('a zone that is computed')
  return zoneOf(own.slice(1, -1))
}
