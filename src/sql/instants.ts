// Times as they are written in SQL: literals to milliseconds, intervals and ISO periods to spans.
import { type Interval } from '../plan/facts.ts'
import { LAST_MS } from '../time/all-time.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Shortest length of each unit in ms: a month has at least 28 days, a year 365. */
const UNIT_MS: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: SECOND_MS,
  MINUTE: MINUTE_MS,
  HOUR: HOUR_MS,
  DAY: DAY_MS,
  WEEK: 7 * DAY_MS,
  MONTH: 28 * DAY_MS,
  QUARTER: 84 * DAY_MS,
  YEAR: 365 * DAY_MS,
}

/** Shortest length of a unit in ms (`DAY`, also `DAYS` and `SQL_TSI_DAY`); undefined for what isn't one. */
export function unitMs(unit: string): number | undefined {
  const word = unit.replace(/^SQL_TSI_/, '')
  return UNIT_MS[word] ?? UNIT_MS[word.replace(/S$/, '')]
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:([T ])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z?))?$/

/** How a literal may be written: `T` or a blank before the time, a `Z` behind it. */
export interface InstantSyntax {
  readonly separators: string
  readonly zulu: boolean
}

/**
 * Ms of `yyyy-MM-dd[ HH:mm:ss[.fraction]][Z]` in UTC; undefined for anything else, for a day that doesn't exist and for a
 * fraction finer than a millisecond.
 */
export function instantMs(text: string, { separators, zulu }: InstantSyntax): number | undefined {
  const found = INSTANT.exec(text)
  if (found === null) return undefined
  const [
    ,
    year,
    month,
    day,
    separator = '',
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    zone = '',
  ] = found
  if (!separators.includes(separator) || (zone === 'Z' && !zulu)) return undefined
  if (/[1-9]/.test(fraction.slice(3))) return undefined
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms
}

const ISO: InstantSyntax = { separators: 'T', zulu: true }
const PERIOD =
  /^P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,10})S)?)?$/

/** `start/end` or `start/period` of ISO 8601 in UTC, `[start, end)`; undefined for anything else. */
export function isoInterval(text: string): Interval | undefined {
  const [first = '', second = '', ...more] = text.split('/')
  const startMs = instantMs(first, ISO)
  if (startMs === undefined || more.length > 0) return undefined
  const endMs = instantMs(second, ISO) ?? shifted(startMs, second)
  return endMs === undefined || endMs <= startMs ? undefined : { startMs, endMs }
}

function periodOf(text: string): readonly number[] | undefined {
  const found = PERIOD.exec(text)
  return found === null || !/\d[YMWDHS]$/.test(text)
    ? undefined
    : [...found].slice(1).map((part: string | undefined) => Number(part ?? 0))
}

// As Joda adds a period: years and months first, a day that the month hasn't becoming its last, then what is fixed.
function shifted(startMs: number, period: string): number | undefined {
  const parts = periodOf(period)
  if (parts === undefined) return undefined
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
  const date = new Date(startMs)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + years * 12 + months)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  const ms =
    date.getTime() + (weeks * 7 + days) * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
  return ms <= LAST_MS ? ms : undefined
}

/** The shortest span of an ISO period (`P1M` is 28 days), in ms; undefined for what isn't one. */
export function periodMs(text: string): number | undefined {
  const parts = periodOf(text)
  const units = ['YEAR', 'MONTH', 'WEEK', 'DAY', 'HOUR', 'MINUTE', 'SECOND']
  return parts?.reduce((sum, count, at) => sum + count * (UNIT_MS[units[at] ?? ''] ?? 0), 0)
}

/** Druid 33.0.0 reads `INTERVAL '1' WEEK` as an hour and `INTERVAL '1' QUARTER` as a month (seen live). */
const INTERVAL_MS: Readonly<Record<string, number>> = {
  WEEK: HOUR_MS,
  WEEKS: HOUR_MS,
  QUARTER: 28 * DAY_MS,
  QUARTERS: 28 * DAY_MS,
}
const FIELDS = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']

/** The shortest span of `INTERVAL 'text' from [TO to]`, in ms, negative for `'-1'`; undefined when it isn't understood. */
export function intervalMs(text: string, from: string, to: string | undefined): number | undefined {
  const found = /^\s*([+-]?)\s*(\d.*?)\s*$/.exec(text)
  if (found === null) return undefined
  const fields = to === undefined ? [from] : FIELDS.slice(FIELDS.indexOf(from), FIELDS.indexOf(to) + 1)
  const counts = (found[2] ?? '').split(/[ :-]/)
  if (fields.length !== counts.length || (to !== undefined && !FIELDS.includes(from))) return undefined
  if (!counts.every((count) => /^\d{1,9}(?:\.\d{1,9})?$/.test(count))) return undefined
  const spans = fields.map(
    (field, at) => (INTERVAL_MS[field] ?? unitMs(field) ?? Number.NaN) * Number(counts[at]),
  )
  const span = spans.reduce((sum, each) => sum + each, 0)
  return Number.isNaN(span) ? undefined : found[1] === '-' ? -span : span
}
