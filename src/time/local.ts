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
