// Grouping expressions that are time buckets, in every spelling of the tools: which buckets, and what label each shows.
import { type Bucket, type Grid, type Label } from '../plan/grouped.ts'
import { isUtc } from '../time/utc.ts'
import { gridOf } from './grids.ts'
import { type Call, callName, castOf, integerOf, isTime, type Reader, stringOf } from './reader.ts'
import { type Expression } from './tree.ts'

type Shape = Omit<Bucket, 'text'>

const START: Label = { kind: 'moved', ms: 0 }

/** The buckets that an expression makes of `__time`; undefined for whatever isn't understood to the last. */
export function bucketOf(it: Expression, reader: Reader): Shape | undefined {
  if (it.kind === 'operator') return movedBy(it.parts[0], intervalMs(it, reader), reader)
  if (it.kind !== 'call') return undefined
  const cast = castOf(it, reader)
  if (cast !== undefined) return castBucket(cast, reader)
  const name = callName(it, reader)
  if (name === 'TIME_SHIFT' || name === 'TIMESTAMPADD') {
    const [of, ms] = shiftOf(it, reader) ?? []
    return movedBy(of, ms, reader)
  }
  const floored = gridOf(it, reader)
  return floored?.kind === 'floor' ? flooredBucket(floored.grid, floored.of, reader) : undefined
}

function castBucket(
  { type, of }: { readonly type: string; readonly of: Expression },
  reader: Reader,
): Shape | undefined {
  const day: Grid = { period: 'P1D', originMs: undefined, zone: reader.zone }
  if (type === 'DATE' && isTime(of, reader)) return { grid: day, movedMs: 0, label: START }
  const inner = bucketOf(of, reader)
  if (type === 'TIMESTAMP' || inner === undefined) return inner
  // A label at the start of a day of the session's zone stays what it is.
  const isDaily = /^P\d+[DWMY]$/.test(inner.grid.period) && inner.grid.originMs === undefined
  const isPlain = inner.movedMs === 0 && inner.label === START && inner.grid.zone === reader.zone
  return type === 'DATE' && isDaily && isPlain ? inner : undefined
}

function flooredBucket(grid: Grid, of: Expression, reader: Reader): Shape | undefined {
  if (isTime(of, reader)) return { grid, movedMs: 0, label: START }
  const local = localTime(of, reader)
  if (local !== undefined) {
    // Hours would run into each other on the day that summer time ends.
    const isDaily = /^P\d+[DWMY]$/.test(grid.period) && grid.originMs === undefined && isUtc(grid.zone)
    const label: Label = { kind: 'local', zone: local }
    return isDaily ? { grid: { ...grid, zone: local }, movedMs: 0, label } : undefined
  }
  const [inner, ms] = of.kind === 'call' ? (shiftOf(of, reader) ?? []) : [of, undefined]
  const movedMs = of.kind === 'operator' ? intervalMs(of, reader) : ms
  const base = of.kind === 'operator' ? of.parts[0] : inner
  if (movedMs === undefined || !isTime(base, reader) || !isUtc(grid.zone)) return undefined
  return { grid, movedMs: -movedMs, label: { kind: 'moved', ms: movedMs } }
}

/** `CAST(TIME_FORMAT(__time, 'yyyy-MM-dd HH:mm:ss', zone) AS TIMESTAMP)`: local time, read as UTC. */
function localTime(it: Expression, reader: Reader): string | undefined {
  const cast = castOf(it, reader)
  if (cast?.type !== 'TIMESTAMP' || cast.of.kind !== 'call' || !isUtc(reader.zone)) return undefined
  const [time, pattern, zone] = cast.of.parts
  const isFormat = callName(cast.of, reader) === 'TIME_FORMAT' && isTime(time, reader)
  const keepsSeconds = /^yyyy-MM-dd[ T]HH:mm:ss(\.SSS)?$/.test(stringOf(pattern, reader) ?? '')
  return isFormat && keepsSeconds ? stringOf(zone, reader) : undefined
}

/** A bucket whose label is moved by a fixed time. */
function movedBy(of: Expression | undefined, ms: number | undefined, reader: Reader): Shape | undefined {
  const inner = of === undefined || ms === undefined ? undefined : bucketOf(of, reader)
  if (inner?.label.kind !== 'moved' || ms === undefined || !isUtc(inner.grid.zone)) return undefined
  return { ...inner, label: { kind: 'moved', ms: inner.label.ms + ms } }
}

const DAY_MS = 86_400_000
const FIXED_MS: Readonly<Record<string, number>> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: DAY_MS,
}
const FIXED_PERIOD = /^P(?:(\d{1,3})W|(\d{1,4})D|T(\d{1,5})H|T(\d{1,6})M|T(\d{1,8})S)$/
const PART_MS = [7 * DAY_MS, DAY_MS, 3_600_000, 60_000, 1_000]

/** What TIME_SHIFT or TIMESTAMPADD shifts, and by how many ms; in UTC days and weeks are of fixed length, months never. */
function shiftOf(it: Call, reader: Reader): [Expression, number] | undefined {
  const [first, second, third] = it.parts
  const name = callName(it, reader)
  if (!isUtc(reader.zone) || it.parts.length !== 3) return undefined
  if (name === 'TIME_SHIFT') {
    const unitMs = fixedMs(stringOf(second, reader))
    const step = integerOf(third, reader)
    return first === undefined || unitMs === undefined || step === undefined
      ? undefined
      : [first, unitMs * step]
  }
  const unitMs = first?.kind === 'name' ? FIXED_MS[reader.view.word(first.at)] : undefined
  const step = integerOf(second, reader)
  if (name !== 'TIMESTAMPADD' || unitMs === undefined || step === undefined || third === undefined)
    return undefined
  return [third, unitMs * step]
}

function fixedMs(period: string | undefined): number | undefined {
  const parts = FIXED_PERIOD.exec(period ?? '')?.slice(1)
  const at = parts?.findIndex((part: string | undefined) => part !== undefined) ?? -1
  return at < 0 ? undefined : Number(parts?.[at]) * (PART_MS[at] ?? Number.NaN)
}

/** `… ± INTERVAL 'n' unit` of a fixed length. */
function intervalMs(
  { operator, parts }: Extract<Expression, { kind: 'operator' }>,
  { view, zone }: Reader,
): number | undefined {
  const [, span] = parts
  if ((operator !== '+' && operator !== '-') || span?.kind !== 'interval' || !isUtc(zone)) return undefined
  const [literal, unit, behind] = [view.tokens[span.at + 1], view.word(span.at + 2), view.word(span.at + 3)]
  const count = literal?.kind === 'string' ? /^\s*(\d{1,6})\s*$/.exec(literal.value)?.[1] : undefined
  const unitMs = FIXED_MS[unit.replace(/S$/, '')]
  if (count === undefined || unitMs === undefined || behind === 'TO' || behind === '(') return undefined
  return Number(count) * unitMs * (operator === '-' ? -1 : 1)
}

const ROUGH_MS: Readonly<Record<string, number>> = { Y: 3.15e10, M: 2.6e9, W: 6.05e8, D: DAY_MS }
const ROUGH_TIME_MS: Readonly<Record<string, number>> = { H: 3.6e6, M: 6e4, S: 1e3 }

/** How long a period is, more or less. */
export function roughMs(period: string): number {
  const [date = '', time = ''] = period.split('T')
  const sum = (text: string, unit: Readonly<Record<string, number>>): number =>
    [...text.matchAll(/(\d+)([A-Z])/g)].reduce(
      (all, [, count, part]) => all + Number(count) * (unit[part ?? ''] ?? 0),
      0,
    )
  return sum(date.slice(1), ROUGH_MS) + sum(time, ROUGH_TIME_MS)
}
