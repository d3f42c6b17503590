// Grouping expressions that are time buckets, in every spelling of the tools: which buckets, and what label each shows.
import { type Bucket, type Grid, type Label } from '../plan/grouped.ts'
import { isUtc } from '../time/utc.ts'
import { gridOf } from './grids.ts'
import { type Call, callName, castOf, integerOf, isTime, type Reader, stringOf } from './reader.ts'
import { addedSpan, fixedMs, intervalSpan } from './spans.ts'
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
  const span = addedSpan(first, second, reader)
  const unitMs = fixedMs(span?.period)
  if (name !== 'TIMESTAMPADD' || span === undefined || unitMs === undefined || third === undefined)
    return undefined
  return [third, unitMs * span.count]
}

/** `… ± INTERVAL 'n' unit` of a fixed length. */
function intervalMs(
  { operator, parts }: Extract<Expression, { kind: 'operator' }>,
  { view, zone }: Reader,
): number | undefined {
  const [, right] = parts
  if ((operator !== '+' && operator !== '-') || right?.kind !== 'interval' || !isUtc(zone)) return undefined
  const span = intervalSpan(right.at, view)
  const unitMs = fixedMs(span?.period)
  if (span === undefined || unitMs === undefined) return undefined
  return span.count * unitMs * (operator === '-' ? -1 : 1)
}

const ROUGH_MS: Readonly<Record<string, number>> = { Y: 3.15e10, M: 2.6e9, W: 6.05e8, D: 8.64e7 }
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
