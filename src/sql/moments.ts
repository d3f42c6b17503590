// Expressions that give one instant, whatever the row: literals of every form, now, and what is computed from them.
import { type Grid, type Instant } from '../plan/grouped.ts'
import { onlyInstant, showsOnce } from '../time/local.ts'
import { isUtc } from '../time/utc.ts'
import { gridOf } from './grids.ts'
import { instantMs } from './instants.ts'
import { type Call, callName, castOf, integerOf, parameterOf, type Reader, stringOf } from './reader.ts'
import { addedSpan, intervalSpan } from './spans.ts'
import { type Expression } from './tree.ts'

const ANY_SEPARATOR = { separators: 'T ', zulu: true }
const BLANK = { separators: ' ', zulu: false }
const DATE_ONLY = { separators: '', zulu: false }
/** The instant; undefined for whatever is not understood to the last, or may depend on the row. */
export function instantOf(it: Expression | undefined, reader: Reader): Instant | undefined {
  if (it === undefined) return undefined
  if (it.kind === 'literal')
    return parameter(it, 'instant', reader) ?? text(stringOf(it, reader), ANY_SEPARATOR, reader)
  if (it.kind === 'now') return now(it.at, reader)
  if (it.kind === 'operator') return sum(it.operator, it.parts, reader)
  return it.kind === 'call' ? call(it, reader) : undefined
}

/**
 * What a DATE is compared with. Druid makes a DATE of a text there, whose time of day falls away (33.0.0): one that has none
 * is read.
 */
export function dayOf(it: Expression | undefined, reader: Reader): Instant | undefined {
  return it?.kind === 'literal'
    ? (parameter(it, 'day', reader) ?? text(stringOf(it, reader), DATE_ONLY, reader))
    : instantOf(it, reader)
}

function text(
  value: string | undefined,
  syntax: Parameters<typeof instantMs>[1],
  { zone }: Reader,
): Instant | undefined {
  const ms = value === undefined ? undefined : instantMs(value, syntax)
  // A Z names UTC; without one the session's zone counts, and what Druid makes of a Z under another isn't known here.
  if (ms === undefined || (value?.endsWith('Z') === true && !isUtc(zone))) return undefined
  const instant = onlyInstant(ms, zone)
  return instant === undefined ? undefined : { kind: 'literal', ms: instant }
}

function parameter(
  it: Expression | undefined,
  as: 'instant' | 'day' | 'parsed' | 'millis',
  reader: Reader,
): Instant | undefined {
  const index = parameterOf(it, reader)
  return index === undefined ? undefined : { kind: 'parameter', index, as, zone: reader.zone }
}

// LOCALTIMESTAMP and CURRENT_TIMESTAMP are one in Druid (`CURRENT_TIMESTAMP` is planned as a literal, 33.0.0).
function now(at: number, { view, zone }: Reader): Instant | undefined {
  const word = view.word(at)
  // `CURRENT_TIMESTAMP(0)` is cut to the second.
  const isCut = view.word(at + 1) === '(' && view.word(at + 2) !== ')'
  if (isCut) return undefined
  if (word === 'CURRENT_TIMESTAMP' || word === 'LOCALTIMESTAMP') return { kind: 'now' }
  if (word !== 'CURRENT_DATE' && word !== 'CURDATE') return undefined
  return { kind: 'floor', of: { kind: 'now' }, grid: { period: 'P1D', originMs: undefined, zone } }
}

/** `x + INTERVAL '1' DAY`, `INTERVAL '1' DAY + x`, `x - INTERVAL …`. */
function sum(operator: string, parts: readonly Expression[], reader: Reader): Instant | undefined {
  const [left, right] = parts
  if (parts.length !== 2 || (operator !== '+' && operator !== '-')) return undefined
  const [base, span] = right?.kind === 'interval' ? [left, right] : [right, left]
  if (span?.kind !== 'interval' || (operator === '-' && span === left)) return undefined
  const read = intervalSpan(span.at, reader.view)
  if (read === undefined) return undefined
  return shifted(instantOf(base, reader), read.period, operator === '-' ? -read.count : read.count, reader)
}

function shifted(
  of: Instant | undefined,
  period: string | undefined,
  step: number,
  { zone }: Reader,
): Instant | undefined {
  return of === undefined || period === undefined ? undefined : { kind: 'shift', of, period, step, zone }
}

function call(it: Call, reader: Reader): Instant | undefined {
  const [first, second, third] = it.parts
  const name = callName(it, reader)
  switch (name) {
    case '__TIMESTAMP':
      return text(stringOf(first, reader), BLANK, reader)
    case '__DATE':
      return text(stringOf(first, reader), DATE_ONLY, reader)
    case 'MILLIS_TO_TIMESTAMP':
      return it.parts.length === 1 ? ofMillis(first, reader) : undefined
    case 'TIME_PARSE':
      if (it.parts.length !== 1) return undefined
      return parameter(first, 'parsed', reader) ?? text(stringOf(first, reader), ANY_SEPARATOR, reader)
    case 'CAST':
      return cast(it, reader)
    case 'TIMESTAMPADD':
      return timestampAdd(it.parts, reader)
    case 'TIME_SHIFT':
      return it.parts.length === 3 ? timeShift(first, second, integerOf(third, reader), reader) : undefined
    default:
      return floored(it, reader)
  }
}

function ofMillis(it: Expression | undefined, reader: Reader): Instant | undefined {
  const instant = millis(it, reader)
  const isMoved = instant?.kind === 'literal' && !showsOnce(instant.ms, reader.zone)
  return isMoved ? undefined : instant
}

/** Milliseconds since 1970 as a number, or a parameter. */
export function millis(it: Expression | undefined, reader: Reader): Instant | undefined {
  const ms = integerOf(it, reader)
  if (ms !== undefined) return { kind: 'literal', ms }
  return parameter(it, 'millis', reader)
}

function cast(it: Call, reader: Reader): Instant | undefined {
  const found = castOf(it, reader)
  if (found === undefined) return undefined
  const { type, of } = found
  if (type === 'TIMESTAMP')
    return of.kind === 'literal'
      ? (parameter(of, 'instant', reader) ?? text(stringOf(of, reader), ANY_SEPARATOR, reader))
      : instantOf(of, reader)
  if (type !== 'DATE') return undefined
  const inner = instantOf(of, reader)
  const grid: Grid = { period: 'P1D', originMs: undefined, zone: reader.zone }
  return inner === undefined ? undefined : { kind: 'floor', of: inner, grid }
}

function timestampAdd(parts: readonly Expression[], reader: Reader): Instant | undefined {
  const [unit, count, base] = parts
  const span = addedSpan(unit, count, reader)
  return span === undefined ? undefined : shifted(instantOf(base, reader), span.period, span.count, reader)
}

function timeShift(
  base: Expression | undefined,
  period: Expression | undefined,
  step: number | undefined,
  reader: Reader,
): Instant | undefined {
  return step === undefined
    ? undefined
    : shifted(instantOf(base, reader), stringOf(period, reader), step, reader)
}

/** FLOOR, CEIL, TIME_FLOOR, TIME_CEIL, DATE_TRUNC of an instant. */
function floored(it: Call, reader: Reader): Instant | undefined {
  const found = gridOf(it, reader)
  if (found === undefined) return undefined
  const of = instantOf(found.of, reader)
  return of === undefined ? undefined : { kind: found.kind, of, grid: found.grid }
}
