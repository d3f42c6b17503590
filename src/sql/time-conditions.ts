// Conditions on `__time` alone: an algebra of instants, read as Druid folds them into intervals.
import { type Grid, type Instant, type TimeCondition } from '../plan/grouped.ts'
import { isUtc } from '../time/utc.ts'
import { gridOf } from './grids.ts'
import { isoInterval } from './instants.ts'
import { dayOf, instantOf, millis } from './moments.ts'
import { type Call, callName, castOf, isTime, type Reader, stringOf } from './reader.ts'
import { type Expression } from './tree.ts'

export const ALWAYS: TimeCondition = { kind: 'all', of: [] }
const NEVER: TimeCondition = { kind: 'any', of: [] }
const REVERSED: Readonly<Record<string, string>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '=': '=',
  '<>': '<>',
}

/** The condition; undefined when it reads anything but `__time`, or isn't understood to the last. */
export function timeCondition(it: Expression, reader: Reader): TimeCondition | undefined {
  if (it.kind === 'call') return inInterval(it, reader)
  if (it.kind !== 'operator') return undefined
  switch (it.operator) {
    case 'AND':
      return joined('all', it.parts, reader)
    case 'OR':
      return joined('any', it.parts, reader)
    case 'NOT': {
      const inner = it.parts[0] === undefined ? undefined : timeCondition(it.parts[0], reader)
      return inner === undefined ? undefined : { kind: 'not', of: inner }
    }
    case 'IS':
    case 'IS NOT':
      return nullness(it.operator, it.parts, reader)
    default:
      return comparison(it.operator, it.parts, reader)
  }
}

function joined(
  kind: 'all' | 'any',
  parts: readonly Expression[],
  reader: Reader,
): TimeCondition | undefined {
  const of: TimeCondition[] = []
  for (const part of parts) {
    const condition = timeCondition(part, reader)
    if (condition === undefined) return undefined
    of.push(condition)
  }
  return { kind, of }
}

/** `__time` is never null. */
function nullness(
  operator: string,
  [of, value]: readonly Expression[],
  reader: Reader,
): TimeCondition | undefined {
  if (!isTime(of, reader) || value?.kind !== 'constant' || value.value !== 'NULL') return undefined
  return operator === 'IS' ? NEVER : ALWAYS
}

/** What is compared: `__time`, its milliseconds, or its bucket. */
interface Side {
  readonly grid: Grid | undefined
  readonly value: (it: Expression | undefined) => Instant | undefined
}

function sideOf(it: Expression | undefined, reader: Reader): Side | undefined {
  const instant = (value: Expression | undefined): Instant | undefined => instantOf(value, reader)
  if (it === undefined) return undefined
  if (isTime(it, reader)) return { grid: undefined, value: instant }
  if (it.kind !== 'call') return undefined
  if (isMillisOfTime(it, reader)) return { grid: undefined, value: (value) => millis(value, reader) }
  const cast = castOf(it, reader)
  if (cast?.type === 'DATE' && isTime(cast.of, reader)) {
    const grid: Grid = { period: 'P1D', originMs: undefined, zone: reader.zone }
    return { grid, value: (value) => dayOf(value, reader) }
  }
  const floored = gridOf(it, reader)
  return floored?.kind === 'floor' && isTime(floored.of, reader)
    ? { grid: floored.grid, value: instant }
    : undefined
}

function isMillisOfTime(it: Call, reader: Reader): boolean {
  const cast = castOf(it, reader)
  if (cast?.type === 'BIGINT') return isTime(cast.of, reader)
  return (
    callName(it, reader) === 'TIMESTAMP_TO_MILLIS' && it.parts.length === 1 && isTime(it.parts[0], reader)
  )
}

function comparison(
  operator: string,
  parts: readonly Expression[],
  reader: Reader,
): TimeCondition | undefined {
  const [left, right, third] = parts
  if (operator === 'BETWEEN' || operator === 'NOT BETWEEN') {
    const side = sideOf(left, reader)
    const [start, end] = [compared('>=', side, right), compared('<=', side, third)]
    if (start === undefined || end === undefined) return undefined
    return negatedIf(operator === 'NOT BETWEEN', { kind: 'all', of: [start, end] })
  }
  if (operator === 'IN' || operator === 'NOT IN') {
    const any = listed(sideOf(left, reader), right, reader)
    return any === undefined ? undefined : negatedIf(operator === 'NOT IN', any)
  }
  const reversed = REVERSED[operator]
  if (reversed === undefined || parts.length !== 2) return undefined
  return compared(operator, sideOf(left, reader), right) ?? compared(reversed, sideOf(right, reader), left)
}

function negatedIf(negated: boolean, of: TimeCondition): TimeCondition {
  return negated ? { kind: 'not', of } : of
}

/** `IN (…)`: each element, a list of literals being a marker for its tokens. */
function listed(
  side: Side | undefined,
  list: Expression | undefined,
  reader: Reader,
): TimeCondition | undefined {
  if (side === undefined || list?.kind !== 'list') return undefined
  const of: TimeCondition[] = []
  for (const value of list.parts.flatMap((part) => elements(part, reader))) {
    const one = compared('=', side, value)
    if (one === undefined) return undefined
    of.push(one)
  }
  return { kind: 'any', of }
}

const LIST_MAX = 1_000

function elements(part: Expression, { view }: Reader): readonly Expression[] {
  if (part.kind !== 'marker' || !part.text.startsWith('#list')) return [part]
  const open = Number(part.text.slice('#list'.length)) + 1
  const found: Expression[] = []
  for (let at = open + 1; at < view.close(open); at += 1) {
    // A sign before a number, or a list too long to be worth it: an element that nothing understands.
    if (view.word(at) === '-' || found.length > LIST_MAX) return [{ kind: 'star' }]
    if (view.word(at) !== ',') found.push({ kind: 'literal', at })
  }
  return found
}

function compared(
  operator: string,
  side: Side | undefined,
  to: Expression | undefined,
): TimeCondition | undefined {
  const instant = side?.value(to)
  if (side === undefined || instant === undefined) return undefined
  return side.grid === undefined ? plain(operator, instant) : bucketed(operator, side.grid, instant)
}

function plain(operator: string, instant: Instant): TimeCondition {
  const behind: Instant = { kind: 'plus', of: instant, ms: 1 }
  switch (operator) {
    case '>=':
      return { kind: 'from', start: instant }
    case '>':
      return { kind: 'from', start: behind }
    case '<':
      return { kind: 'before', end: instant }
    case '<=':
      return { kind: 'before', end: behind }
    default:
      return negatedIf(operator === '<>', {
        kind: 'all',
        of: [
          { kind: 'from', start: instant },
          { kind: 'before', end: behind },
        ],
      })
  }
}

/** A bucket's start compared with an instant, as a condition on what lies in the bucket. */
function bucketed(operator: string, grid: Grid, of: Instant): TimeCondition {
  switch (operator) {
    case '>=':
      return { kind: 'from', start: { kind: 'ceil', of, grid } }
    case '>':
      return { kind: 'from', start: { kind: 'after', of, grid } }
    case '<':
      return { kind: 'before', end: { kind: 'ceil', of, grid } }
    case '<=':
      return { kind: 'before', end: { kind: 'after', of, grid } }
    default:
      return negatedIf(operator === '<>', { kind: 'bucket', at: of, grid })
  }
}

function inInterval(it: Call, reader: Reader): TimeCondition | undefined {
  const [column, literal] = it.parts
  if (callName(it, reader) !== 'TIME_IN_INTERVAL' || it.parts.length !== 2) return undefined
  const value = stringOf(literal, reader)
  const interval = value === undefined || !isTime(column, reader) ? undefined : isoInterval(value)
  if (interval === undefined || !isUtc(reader.zone)) return undefined
  return {
    kind: 'all',
    of: [
      { kind: 'from', start: { kind: 'literal', ms: interval.startMs } },
      { kind: 'before', end: { kind: 'literal', ms: interval.endMs } },
    ],
  }
}
