// Functions of Druid SQL that the sandbox knows, each as an expression of DuckDB.
import { unknownForm } from './errors.ts'

/** `args` are expressions of DuckDB; a literal's own text is given where the function reads it itself. */
type Translate = (args: readonly string[]) => string

const plain =
  (name: string): Translate =>
  (args) =>
    `${name}(${args.join(', ')})`

const FUNCTIONS: Readonly<Record<string, Translate>> = {
  ABS: plain('abs'),
  CEIL: plain('ceil'),
  COALESCE: plain('coalesce'),
  CONCAT: (args) => `(${args.join(' || ')})`,
  EXP: plain('exp'),
  GREATEST: plain('greatest'),
  LEAST: plain('least'),
  LENGTH: plain('length'),
  CHAR_LENGTH: plain('length'),
  LN: plain('ln'),
  LOWER: plain('lower'),
  LTRIM: plain('ltrim'),
  MOD: ([a = '', b = '']) => `(${a} % ${b})`,
  NULLIF: plain('nullif'),
  NVL: plain('coalesce'),
  POWER: plain('pow'),
  REPLACE: plain('replace'),
  RTRIM: plain('rtrim'),
  SQRT: plain('sqrt'),
  STRLEN: plain('length'),
  SUBSTR: plain('substr'),
  SUBSTRING: plain('substr'),
  UPPER: plain('upper'),
  SAFE_DIVIDE: ([a = '', b = '']) => `(${a} / nullif(${b}, 0))`,
  MILLIS_TO_TIMESTAMP: ([ms = '']) => `make_timestamp(CAST(${ms} AS BIGINT) * 1000)`,
  TIMESTAMP_TO_MILLIS: ([time = '']) => `epoch_ms(${time})`,
  TIME_PARSE: ([text = '', pattern]) => {
    if (pattern !== undefined && pattern !== 'NULL') throw unknownForm('TIME_PARSE with a pattern')
    return `CAST(${text} AS TIMESTAMP)`
  },
  TIME_FLOOR: (args) => timeFloor(args),
  TIME_SHIFT: (args) => timeShift(args),
  TIME_IN_INTERVAL: ([time = '', interval = '']) => timeInInterval(time, interval),
  TIMESTAMPADD: ([unit = '', count = '', time = '']) =>
    `(${time} + (${count}) * INTERVAL 1 ${timeUnit(unit)})`,
  DATE_TRUNC: ([unit = '', time = '']) => `CAST(date_trunc(${unit.toLowerCase()}, ${time}) AS TIMESTAMP)`,
  ANY_VALUE: plain('min'),
  EARLIEST: ([value = '']) => `arg_min(${value}, __time)`,
  LATEST: ([value = '']) => `arg_max(${value}, __time)`,
  APPROX_COUNT_DISTINCT: ([value = '']) => `count(DISTINCT ${value})`,
  MIN: plain('min'),
  MAX: plain('max'),
  SUM: plain('sum'),
  AVG: plain('avg'),
  COUNT: plain('count'),
}

const AGGREGATES = new Set([
  'ANY_VALUE',
  'EARLIEST',
  'LATEST',
  'APPROX_COUNT_DISTINCT',
  'MIN',
  'MAX',
  'SUM',
  'AVG',
  'COUNT',
])

export function isAggregate(name: string): boolean {
  return AGGREGATES.has(name.toUpperCase())
}

/** A call as DuckDB writes it. @throws SandboxError for functions that the sandbox doesn't know. */
export function call(name: string, args: readonly string[]): string {
  const translate = FUNCTIONS[name.toUpperCase()]
  if (translate === undefined) throw unknownForm(`the function ${name}`)
  return translate(args)
}

const PERIOD = /^'P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?'$/
const PERIOD_UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second']

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

function timeFloor([time = '', text = '', origin, zone]: readonly string[]): string {
  if (origin !== undefined && origin !== 'NULL') throw unknownForm('TIME_FLOOR with an origin')
  utcOnly(zone)
  const { unit, count } = period(text)
  if (count === 1) return `CAST(date_trunc('${unit}', ${time}) AS TIMESTAMP)`
  return `CAST(time_bucket(INTERVAL ${count} ${unit}, ${time}, TIMESTAMP '1970-01-01') AS TIMESTAMP)`
}

function timeShift([time = '', text = '', step = '', zone]: readonly string[]): string {
  utcOnly(zone)
  const { unit, count } = period(text)
  return `(${time} + (${step}) * INTERVAL ${count} ${unit})`
}

function utcOnly(zone: string | undefined): void {
  if (zone !== undefined && !/^'(UTC|Etc\/UTC|Z)'$/i.test(zone)) throw unknownForm(`the time zone ${zone}`)
}

function timeInInterval(time: string, interval: string): string {
  const [start = '', end = ''] = interval.slice(1, -1).split('/')
  if ([start, end].some((text) => Number.isNaN(Date.parse(text))))
    throw unknownForm(`the interval ${interval}`)
  return `(${time} >= TIMESTAMP '${utc(start)}' AND ${time} < TIMESTAMP '${utc(end)}')`
}

function utc(text: string): string {
  return new Date(/^\d{4}-\d\d-\d\dT[^Z+]*$/.test(text) ? `${text}Z` : text).toISOString().slice(0, -1)
}

/** A unit of time, checked: it goes into DuckDB's text as it stands. */
export function timeUnit(word: string): string {
  const unit = word.toUpperCase().replace(/S$/, '')
  if (!/^(YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)$/.test(unit)) throw unknownForm(`the unit ${word}`)
  return unit.toLowerCase()
}
