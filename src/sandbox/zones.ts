// Instants as Druid reads and prints them under `sqlTimeZone`.
import { instantText } from '../time/instant-text.ts'

const MINUTE_MS = 60_000

/** ISO-8601 with the zone's offset, `Z` for UTC, as Joda-Time writes it. */
export function zonedText(ms: number, zone: string): string {
  if (zone === 'UTC') return instantText(ms)
  const clockMs = ms + offsetMs(ms, zone)
  const offset = clockMs - foldedMs(ms, zone)
  if (offset === 0) return instantText(clockMs)
  return `${instantText(clockMs).slice(0, -1)}${offsetText(offset)}`
}

/**
 * The instant in ms that Druid 33 takes a TIMESTAMP for when it folds or prints it. It goes by the clock, and reads it as
 * Joda-Time does (`withZoneRetainFields`): a clock that comes twice has the offset that the zone has when UTC's clock shows
 * the same, whichever of its two instants was meant.
 */
export function foldedMs(ms: number, zone: string): number {
  if (zone === 'UTC') return ms
  const clockMs = ms + offsetMs(ms, zone)
  const guess = offsetMs(clockMs, zone)
  return offsetMs(clockMs - guess, zone) === guess ? clockMs - guess : ms
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE_MS
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function offsetMs(ms: number, zone: string): number {
  const format = formats.get(zone) ?? formatOf(zone)
  const part = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const of = (name: Intl.DateTimeFormatPartTypes): number => part.get(name) ?? 0
  const clock = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return clock - Math.floor(ms / 1_000) * 1_000
}

// Bounded by the zones that there are.
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const number = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  })
  formats.set(timeZone, format)
  return format
}
