// Calls that floor or raise a time to a calendar bucket, in every spelling: which buckets, and of what.
import { type Grid } from '../plan/grouped.ts'
import { isUtc } from '../time/utc.ts'
import { instantMs } from './instants.ts'
import { upperCase } from './lexer.ts'
import { type Call, callName, type Reader, stringOf, unitBehind } from './reader.ts'
import { type Expression } from './tree.ts'

export interface Floored {
  readonly kind: 'floor' | 'ceil'
  readonly of: Expression
  readonly grid: Grid
}

/** Units that FLOOR, CEIL and DATE_TRUNC know, as Druid maps them to periods (`TimeUnits`, `DateTruncOperatorConversion`, 33.0.0). */
const UNIT_PERIODS: Readonly<Record<string, string>> = {
  SECOND: 'PT1S',
  MINUTE: 'PT1M',
  HOUR: 'PT1H',
  DAY: 'P1D',
  WEEK: 'P1W',
  MONTH: 'P1M',
  QUARTER: 'P3M',
  YEAR: 'P1Y',
}

const PERIOD =
  /^P(?=.)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,4}D)?(T(?=.)(\d{1,5}H)?(\d{1,6}M)?(\d{1,8}S)?)?$/

/** What a call floors or raises; undefined for any other call, and where an argument isn't a literal. */
export function gridOf(it: Call, reader: Reader): Floored | undefined {
  const [first, second] = it.parts
  const name = callName(it, reader)
  switch (name) {
    case 'FLOOR':
    case 'CEIL':
      return it.parts.length === 2
        ? byUnit(name === 'FLOOR' ? 'floor' : 'ceil', unitBehind(second, reader), first, reader)
        : undefined
    case 'DATE_TRUNC':
      return it.parts.length === 2 ? byUnit('floor', truncated(first, reader), second, reader) : undefined
    case 'TIME_FLOOR':
    case 'TIME_CEIL':
      return byPeriod(name === 'TIME_FLOOR' ? 'floor' : 'ceil', it.parts, reader)
    default:
      return undefined
  }
}

function truncated(it: Expression | undefined, reader: Reader): string | undefined {
  const text = stringOf(it, reader)
  return text === undefined ? undefined : upperCase(text)
}

function byUnit(
  kind: Floored['kind'],
  unit: string | undefined,
  of: Expression | undefined,
  { zone }: Reader,
): Floored | undefined {
  const period = unit === undefined ? undefined : UNIT_PERIODS[unit]
  if (period === undefined || of === undefined) return undefined
  return { kind, of, grid: { period, originMs: undefined, zone } }
}

/** `(x, period [, origin [, zone]])`, NULL standing for what is left out. */
function byPeriod(kind: Floored['kind'], parts: readonly Expression[], reader: Reader): Floored | undefined {
  const [of, periodPart, originPart, zonePart] = parts
  const period = stringOf(periodPart, reader)
  if (of === undefined || period === undefined || !PERIOD.test(period) || parts.length > 4) return undefined
  const zone = isNull(zonePart) ? reader.zone : stringOf(zonePart, reader)
  if (zone === undefined) return undefined
  if (isNull(originPart)) return { kind, of, grid: { period, originMs: undefined, zone } }
  const originMs = originOf(originPart, reader)
  return originMs === undefined ? undefined : { kind, of, grid: { period, originMs, zone } }
}

function isNull(it: Expression | undefined): boolean {
  return it === undefined || (it.kind === 'constant' && it.value === 'NULL')
}

const ORIGIN = { separators: ' T', zulu: true }
/** `TIMESTAMP '…'` or `DATE '…'` in UTC. */
function originOf(it: Expression | undefined, reader: Reader): number | undefined {
  if (it?.kind !== 'call' || !isUtc(reader.zone)) return undefined
  const name = callName(it, reader)
  if (name !== '__TIMESTAMP' && name !== '__DATE') return undefined
  const value = stringOf(it.parts[0], reader)
  return value === undefined ? undefined : instantMs(value, ORIGIN)
}
