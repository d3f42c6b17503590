// Local times as they are written in literals and parameters.
import { isUtc } from './utc.ts'
import { zoneOf } from './zone.ts'

/** No zone is further from UTC. */
const OFFSET_MAX_MS = 26 * 3_600_000

/**
 * The one instant at which a zone's clock shows a time, both in ms; undefined where the clock shows it twice or never,
 * which Druid settles one way or the other, and for a zone that isn't known.
 */
export function onlyInstant(localMs: number, zone: string): number | undefined {
  if (isUtc(zone)) return localMs
  const known = zoneOf(zone)
  if (known === undefined) return undefined
  const offsets = [known.offsetAt(localMs - OFFSET_MAX_MS), known.offsetAt(localMs + OFFSET_MAX_MS)]
  const instants = new Set(
    offsets.map((offset) => localMs - offset).filter((ms) => ms + known.offsetAt(ms) === localMs),
  )
  const [only] = instants
  return instants.size === 1 ? only : undefined
}

/**
 * Whether a zone's clock shows at no other instant what it shows at this one, in ms; false where that isn't known. Druid
 * takes each TIMESTAMP that it folds to a literal through the clock of `sqlTimeZone` and back
 * (`Calcites.jodaToCalciteTimestamp`, 33.0.0): where the clock comes twice, one of its two instants becomes the other.
 */
export function showsOnce(ms: number, zone: string): boolean {
  if (isUtc(zone)) return true
  const offset = zoneOf(zone)?.offsetAt(ms)
  return offset !== undefined && onlyInstant(ms + offset, zone) === ms
}
