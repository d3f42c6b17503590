// Functions of Druid SQL that the sandbox knows, each as an expression of DuckDB.
import { unknownForm } from './errors.ts'
import {
  added,
  cut,
  timeExtract,
  timeFloor,
  timeFormat,
  timeInInterval,
  timeShift,
  timeUnit,
} from './times.ts'
import { textLiteral } from './store.ts'

/** `args` are expressions of DuckDB; a literal's own text is given where the function reads it itself. */
type Translate = (args: readonly string[], zone: string) => string

const plain =
  (name: string): Translate =>
  (args) =>
    `${name}(${args.join(', ')})`

/** Lengths are INTEGER in Druid. */
const length: Translate = ([text = '']) => `CAST(length(${text}) AS INTEGER)`

const FUNCTIONS: Readonly<Record<string, Translate>> = {
  ABS: plain('abs'),
  CEIL: plain('druid_ceil'),
  COALESCE: plain('coalesce'),
  CONCAT: (args) => `(${args.join(' || ')})`,
  EXP: plain('exp'),
  GREATEST: plain('greatest'),
  LEAST: plain('least'),
  LENGTH: length,
  CHAR_LENGTH: length,
  CHARACTER_LENGTH: length,
  STRLEN: length,
  LN: plain('ln'),
  LOWER: plain('lower'),
  LTRIM: plain('ltrim'),
  // Of its second argument's type.
  MOD: ([a = '', b = '']) => (/^\d+$/.test(b) ? `CAST(${a} % ${b} AS INTEGER)` : `(${a} % ${b})`),
  NULLIF: plain('nullif'),
  NVL: plain('coalesce'),
  POWER: plain('pow'),
  REPLACE: plain('replace'),
  ROUND: plain('round'),
  RTRIM: plain('rtrim'),
  SQRT: plain('sqrt'),
  SUBSTR: plain('substr'),
  SUBSTRING: plain('substr'),
  TRIM: plain('trim'),
  UPPER: plain('upper'),
  SAFE_DIVIDE: ([a = '', b = '']) => `druid_divide(${a}, nullif(${b}, 0))`,
  MILLIS_TO_TIMESTAMP: ([ms = '']) => `make_timestamp(CAST(${ms} AS BIGINT) * 1000)`,
  TIMESTAMP_TO_MILLIS: ([time = '']) => `epoch_ms(${time})`,
  TIME_PARSE: ([text = '', pattern, own], zone) => {
    if ((pattern ?? 'NULL') !== 'NULL' || (own ?? 'NULL') !== 'NULL')
      throw unknownForm('TIME_PARSE with a pattern')
    return `druid_time(${text}, ${textLiteral(zone)})`
  },
  TIME_FLOOR: timeFloor,
  TIME_SHIFT: timeShift,
  TIME_EXTRACT: timeExtract,
  TIME_FORMAT: timeFormat,
  TIME_IN_INTERVAL: timeInInterval,
  TIMESTAMPADD: ([word = '', count = '', time = ''], zone) => {
    const unit = timeUnit(word)
    return added(time, `(${count}) * INTERVAL 1 ${unit}`, unit, zone)
  },
  DATE_TRUNC: ([unit = '', time = ''], zone) => cut(time, timeUnit(unit.replaceAll("'", '')), zone),
  ANY_VALUE: plain('min'),
  EARLIEST: ([value = '']) => `arg_min(${value}, __time)`,
  LATEST: ([value = '']) => `arg_max(${value}, __time)`,
  APPROX_COUNT_DISTINCT: ([value = '']) => `count(DISTINCT ${value})`,
  MIN: ([value = '']) => `min(druid_number(${value}))`,
  MAX: ([value = '']) => `max(druid_number(${value}))`,
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
export function call(name: string, args: readonly string[], zone: string): string {
  const translate = Object.hasOwn(FUNCTIONS, name.toUpperCase()) ? FUNCTIONS[name.toUpperCase()] : undefined
  if (translate === undefined) throw unknownForm(`the function ${name}`)
  return translate(args, zone)
}
