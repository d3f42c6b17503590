// Instants as Druid writes them: `2026-11-27T08:00:00.000Z`, by Joda's `ISODateTimeFormat.dateTime` (seen with 33.0.0).
//
// JavaScript writes and reads other years than 0 to 9999 in its own way (`+058772-…`, `-000044-…`), Joda goes on as it
// began (`58772-…`, `-0044-…`), further than a Date does; offsets of before there was standard time have seconds (`-04:56:02`).

import { FIRST_MS, LAST_MS } from './all-time.ts'

/** Druid's own ends of time (`Intervals.ETERNITY`). */
export const ETERNITY_START = '-146136543-09-08T08:23:32.096Z'
export const ETERNITY_END = '146140482-04-24T15:36:27.903Z'

const INSTANT = /^(-?\d{4,9})(-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?:Z|([+-])(\d\d):(\d\d)(?::(\d\d))?)$/

/** The calendar is the same again, to the millisecond, after so many years. */
const CYCLE_YEARS = 400
const CYCLE_MS = 146_097 * 86_400_000

/** An instant in ms, bigint past 2^53; undefined for what is written in any other way. */
export function readInstant(text: string): number | bigint | undefined {
  const [, year, rest, sign, hours = 0, minutes = 0, seconds = 0] = INSTANT.exec(text) ?? []
  if (year === undefined || rest === undefined) return undefined
  const cycles = Math.floor(Number(year) / CYCLE_YEARS)
  const yearOfCycle = String(Number(year) - cycles * CYCLE_YEARS).padStart(4, '0')
  const offsetMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
  const inCycleMs = Date.parse(`${yearOfCycle}${rest}Z`) - (sign === '-' ? -offsetMs : offsetMs)
  if (Number.isNaN(inCycleMs)) return undefined
  const ms = cycles * CYCLE_MS + inCycleMs
  return Number.isSafeInteger(ms) ? ms : BigInt(cycles) * BigInt(CYCLE_MS) + BigInt(inCycleMs)
}

/** An instant of a Date, in ms, in UTC; its first and its last one stand for the ends of time. */
export function instantText(ms: number): string {
  if (ms <= FIRST_MS) return ETERNITY_START
  if (ms >= LAST_MS) return ETERNITY_END
  return new Date(ms).toISOString().replace(/^\+0?|(?<=^-)0{1,2}/, '')
}

/** An interval, in ms, as Druid writes it: an open end is the end of time that Druid itself has. */
export function intervalText({
  startMs,
  endMs,
}: {
  readonly startMs: number
  readonly endMs: number
}): string {
  return `${instantText(startMs)}/${instantText(endMs)}`
}
