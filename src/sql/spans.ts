// Spans of time as they are added to instants: INTERVAL, TIMESTAMPADD and ISO periods of fixed length.
import { integerOf, type Reader } from './reader.ts'
import { type Expression } from './tree.ts'
import { type View } from './view.ts'

/** `count` times an ISO period. */
export interface Span {
  readonly period: string
  readonly count: number
}

/**
 * Days and shorter are of fixed length whatever the zone, months go by the calendar (`TimeArithmeticOperatorConversion`,
 * 33.0.0).
 */
const INTERVAL_UNITS: Readonly<Record<string, string>> = {
  SECOND: 'PT1S',
  MINUTE: 'PT1M',
  HOUR: 'PT1H',
  DAY: 'PT24H',
  MONTH: 'P1M',
  YEAR: 'P1Y',
}
/** In an INTERVAL Druid 33.0.0 reads a WEEK as an hour and a QUARTER as a month, in TIMESTAMPADD as what they are (seen live). */
const ADDED_UNITS: Readonly<Record<string, string>> = { ...INTERVAL_UNITS, WEEK: 'PT168H', QUARTER: 'P3M' }

/** An INTERVAL of one unit and a whole number of it. */
export function intervalSpan(at: number, view: View): Span | undefined {
  const [literal, unit, behind] = [view.tokens[at + 1], view.word(at + 2), view.word(at + 3)]
  // `FLOOR(x - INTERVAL '1' DAY TO DAY)` has a TO of its own.
  const isFiner = behind === 'TO' && view.word(at + 4) !== unit
  if (literal?.kind !== 'string' || isFiner || behind === '(') return undefined
  const count = /^\s*(\d{1,6})\s*$/.exec(literal.value)?.[1]
  const period = INTERVAL_UNITS[unit.replace(/S$/, '')]
  return count === undefined || period === undefined ? undefined : { period, count: Number(count) }
}

/** What TIMESTAMPADD adds: a bare unit, as ODBC writes it too (`SQL_TSI_DAY`), and how many of it. */
export function addedSpan(
  unit: Expression | undefined,
  count: Expression | undefined,
  reader: Reader,
): Span | undefined {
  const word = unit?.kind === 'name' ? reader.view.word(unit.at) : ''
  const period = ADDED_UNITS[word.replace(/^SQL_TSI_/, '')]
  const times = integerOf(count, reader)
  return period === undefined || times === undefined ? undefined : { period, count: times }
}

const DAY_MS = 86_400_000
const FIXED_PERIOD = /^P(?:(\d{1,3})W|(\d{1,4})D|T(\d{1,5})H|T(\d{1,6})M|T(\d{1,8})S)$/
const PART_MS = [7 * DAY_MS, DAY_MS, 3_600_000, 60_000, 1_000]

/** The length of a period of one part in a zone that has days of one length; undefined where that varies. */
export function fixedMs(period: string | undefined): number | undefined {
  const parts = FIXED_PERIOD.exec(period ?? '')?.slice(1)
  const at = parts?.findIndex((part: string | undefined) => part !== undefined) ?? -1
  return at < 0 ? undefined : Number(parts?.[at]) * (PART_MS[at] ?? Number.NaN)
}
