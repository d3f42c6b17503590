// Temporal, the independent calendar: its rules for gaps and overlaps ('compatible', 'prefer') happen to be Joda's.
import { Temporal } from 'temporal-polyfill'
import { zoneOf } from '../../src/time/zone.ts'

const NAMES = [
  'UTC',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Europe/Berlin',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
]
/** They change their clocks in every way there is. A Node with newer rules than Druid's Joda has for a zone gives none for it. */
export const ZONES = NAMES.filter((name) => zoneOf(name) !== undefined)
/** Twenty years. */
export const FROM_MS = Date.UTC(2007, 0)
export const TO_MS = Date.UTC(2027, 0)

/** An instant on the clock of a zone. */
export function zoned(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)
}

/** How far a clock is from UTC. */
export function offsetMs(at: Temporal.ZonedDateTime): number {
  return at.offsetNanoseconds / 1e6
}

/** A local time as an instant: with the offset of another one where that holds, else as `compatible` has it. */
function prefer(local: Temporal.PlainDateTime, from: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  const text = `${local.toString()}${from.offset}[${from.timeZoneId}]`
  return Temporal.ZonedDateTime.from(text, { offset: 'prefer' })
}

const MIDNIGHT = { hour: 0, minute: 0, second: 0, millisecond: 0 }

/** The start of the calendar's bucket around a moment. */
export const FLOORS: Readonly<Record<string, (at: Temporal.ZonedDateTime) => Temporal.ZonedDateTime>> = {
  P1Y: (at) => prefer(at.toPlainDateTime().with({ ...MIDNIGHT, month: 1, day: 1 }), at),
  P1M: (at) => prefer(at.toPlainDateTime().with({ ...MIDNIGHT, day: 1 }), at),
  P1D: (at) => prefer(at.toPlainDateTime().with(MIDNIGHT), at),
  // Druid goes from the start of the day, not from midnight.
  P1W: (at) => {
    const day = prefer(at.toPlainDateTime().with(MIDNIGHT), at)
    return prefer(day.toPlainDateTime().subtract({ days: at.dayOfWeek - 1 }), day)
  },
}
