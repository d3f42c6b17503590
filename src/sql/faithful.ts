// Which expressions have values that Druid prints as it computes with them, whatever is in the table. It prints 32 bits of an
// INTEGER and the day of a DATE, and groups, filters and orders by all 64 bits (33.0.0: `SqlResults.coerce`).
import { INTEGER_MAX } from '../plan/grouped.ts'
import { callName, castOf, integerOf, INTEGERS, type Reader, stringOf, unitBehind } from './reader.ts'
import { type Expression } from './tree.ts'

/**
 * Functions whose values are Java's `int`s in Druid: lengths, places in what has such a length (33.0.0: `Function`), and JDBC's
 * names of EXTRACTs.
 */
const INTS = new Set([
  'CHAR_LENGTH',
  'CHARACTER_LENGTH',
  'LENGTH',
  'STRLEN',
  'STRPOS',
  'POSITION',
  'ARRAY_LENGTH',
  'ARRAY_OFFSET_OF',
  'ARRAY_ORDINAL_OF',
  'MV_LENGTH',
  'MV_OFFSET_OF',
  'MV_ORDINAL_OF',
  'YEAR',
  'QUARTER',
  'MONTH',
  'WEEK',
  'DAYOFYEAR',
  'DAYOFMONTH',
  'DAYOFWEEK',
  'HOUR',
  'MINUTE',
  'SECOND',
])
/** Of EXTRACT, as which Druid gives `int`s: not EPOCH (33.0.0: `TimestampExtractExprMacro`). */
const EXTRACTED = new Set([
  'MILLISECOND',
  'SECOND',
  'MINUTE',
  'HOUR',
  'DAY',
  'DOW',
  'ISODOW',
  'DOY',
  'WEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
  'ISOYEAR',
  'DECADE',
])
/** Functions whose values are TIMESTAMPs, never DATEs. */
const TIMESTAMPS = new Set([
  'TIME_FLOOR',
  'TIME_CEIL',
  'TIME_SHIFT',
  'TIME_PARSE',
  'MILLIS_TO_TIMESTAMP',
  'DATE_TRUNC',
])

/** Whether that is known of an expression over a table's columns; only of use where its type is INTEGER or DATE. */
export function isFaithful(it: Expression, reader: Reader): boolean {
  return isNarrow(it, reader) || isDay(it, reader)
}

/** An integer within 32 bits. */
function isNarrow(it: Expression, reader: Reader): boolean {
  if (wholeMax(it, reader) <= INTEGER_MAX) return true
  const cast = castOf(it, reader)
  if (cast !== undefined) return INTEGERS.has(cast.type) && isNarrow(cast.of, reader)
  // What is left is nearer to zero than the divisor, also where Druid divides doubles (33.0.0: `BinModuloExpr`).
  if (it.kind === 'call' && callName(it, reader) === 'MOD')
    return Math.abs(integerOf(it.parts[1], reader) ?? Number.NaN) <= INTEGER_MAX
  return areChoices(it, reader, isNarrow)
}

/** How far from zero what is surely a whole number may be; infinite where that isn't known. */
function wholeMax(it: Expression, reader: Reader): number {
  const literal = integerOf(it, reader)
  if (literal !== undefined) return Math.abs(literal)
  const cast = castOf(it, reader)
  if (cast !== undefined) return INTEGERS.has(cast.type) ? wholeMax(cast.of, reader) : UNKNOWN
  if (it.kind === 'operator')
    return computedMax(
      it.operator,
      it.parts.map((part) => wholeMax(part, reader)),
    )
  if (it.kind !== 'call') return UNKNOWN
  const name = callName(it, reader)
  if (name === 'EXTRACT') return EXTRACTED.has(reader.view.word(it.at + 2)) ? INTEGER_MAX : UNKNOWN
  if (name !== 'TRUNCATE') return INTS.has(name) ? INTEGER_MAX : UNKNOWN
  const [of, digits] = it.parts
  const isWhole = digits === undefined || integerOf(digits, reader) === 0
  return of !== undefined && isWhole ? wholeMax(of, reader) : UNKNOWN
}

const UNKNOWN = Number.POSITIVE_INFINITY

function computedMax(operator: string, of: readonly number[]): number {
  if (operator === '*') return of.reduce((product, one) => product * one, 1)
  return operator === '+' || operator === '-' ? of.reduce((sum, one) => sum + one, 0) : UNKNOWN
}

/** The start of a day. Of a cast of what is a DATE already nothing is left, and days are moved by hours (33.0.0). */
function isDay(it: Expression, reader: Reader): boolean {
  const cast = castOf(it, reader)
  if (cast !== undefined)
    return cast.type === 'DATE' && (isTimestamp(cast.of, reader) || isDay(cast.of, reader))
  return isRounded(it, reader, isDay) || isMoved(it, reader) || areChoices(it, reader, isDay)
}

/** A day moved by whole days, months or years: so few that doubles tell them, as which Druid has what was truncated. */
function isMoved(it: Expression, reader: Reader): boolean {
  if (it.kind !== 'call' || callName(it, reader) !== 'TIMESTAMPADD') return false
  const [, by, of] = it.parts
  const isOfDays = DAYS.has(reader.view.word(it.at + 2).replace('SQL_TSI_', ''))
  return (
    isOfDays && by !== undefined && wholeMax(by, reader) <= MOVES_MAX && of !== undefined && isDay(of, reader)
  )
}

const DAYS = new Set(['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'])
/** A week's ms are 20 bits beside powers of two. */
const MOVES_MAX = 2 ** 33

/** A TIMESTAMP or a text, as which no DATE is cast. */
function isTimestamp(it: Expression, reader: Reader): boolean {
  // No column of a table is a DATE.
  if (it.kind === 'name' || stringOf(it, reader) !== undefined) return true
  if (it.kind !== 'call') return false
  const cast = castOf(it, reader)
  if (cast !== undefined) return cast.type === 'TIMESTAMP' && isTimestamp(cast.of, reader)
  return TIMESTAMPS.has(callName(it, reader)) || isRounded(it, reader, isTimestamp)
}

type Test = (it: Expression, reader: Reader) => boolean

/** `FLOOR(x TO unit)`, CEIL: of the type of `x`, and where that begins a day it still does. */
function isRounded(it: Expression, reader: Reader, test: Test): boolean {
  if (it.kind !== 'call' || !ROUNDINGS.has(callName(it, reader))) return false
  const [of, unit] = it.parts
  return of !== undefined && unitBehind(unit, reader) !== undefined && test(of, reader)
}

const ROUNDINGS = new Set(['FLOOR', 'CEIL'])

/** One of several values, each of which is such a one, or null. */
function areChoices(it: Expression, reader: Reader, test: Test): boolean {
  const values = choicesOf(it, reader)
  return (
    values !== undefined &&
    values.every((value) => isNull(value) || test(value, reader)) &&
    !values.every(isNull)
  )
}

function isNull(it: Expression): boolean {
  return it.kind === 'constant' && it.value === 'NULL'
}

function choicesOf(it: Expression, reader: Reader): readonly Expression[] | undefined {
  if (it.kind === 'operator') {
    if (it.operator === 'CASE') return resultsOf(it.parts)
    return it.operator === 'CASE OF' ? resultsOf(it.parts.slice(1)) : undefined
  }
  if (it.kind !== 'call') return undefined
  const name = callName(it, reader)
  if (name === 'NULLIF') return it.parts.slice(0, 1)
  return name === 'COALESCE' || name === 'NVL' ? it.parts : undefined
}

/** Of `condition, result, condition, result …` and maybe one more for ELSE. */
function resultsOf(parts: readonly Expression[]): readonly Expression[] {
  return parts.filter((_, at) => at % 2 === 1 || at === parts.length - 1)
}
