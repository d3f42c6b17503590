// The names of zones that Joda-Time and Node know alike, the checksums of their changes, and the years left out.
//
// Druid's zones come from the Joda-Time that it ships (2.12.5 with tzdata 2023c in Druid 27 to 33, 2.14.0 with 2025b in
// 34 to 37), ours from Node's ICU (2025c in Node 20.20). They differ where laws changed since (Paraguay, Kazakhstan,
// Greenland) or history was corrected (Lisbon before 1986, Manila), and will differ more with each new version of either. So:
// - a name counts only if all Joda versions that the table was made from have it, with the same capitals;
// - the spans in which they or Node's data at that time differ are holes: nothing is known inside;
// - what this Node says of the rest must have the checksum of what Joda says, else the zone isn't known at all: that is
//   how a Node with newer data (British Columbia since 2026) or without any is found out.
// EST, MST and HST are out since they are fixed zones in one Joda and not in another.
import { ZONE_HOLES, ZONE_NAMES } from './zone-table.ts'

/**
 * The span for which zones are known, in ms: some days before 1970, for the midnight that Druid counts from by default; up
 * to 2100, since governments change their minds anyway. Before 1970 sources disagree on dozens of zones.
 */
export const ZONE_START_MS = Date.UTC(1969, 11, 20)
export const ZONE_END_MS = Date.UTC(2100, 0, 1)

interface Hole {
  readonly startMs: number
  readonly endMs: number
}

const checksums = new Map<string, string>(
  ZONE_NAMES.replaceAll(',\n', ',')
    .trim()
    .split(/\s+/)
    .flatMap((word) => {
      const [checksum = '', names = ''] = word.split(':')
      return names.split(',').map((name): [string, string] => [name, checksum])
    }),
)

const holes = new Map<string, Hole[]>(
  ZONE_HOLES.trim()
    .split('\n')
    .map((line) => {
      const [name = '', ...spans] = line.split(' ')
      return [name, spans.map(holeOf)]
    }),
)

function holeOf(span: string): Hole {
  const [from = '', to = ''] = span.split('/')
  return { startMs: Date.parse(from), endMs: Date.parse(to) }
}

/** All names in the table. */
export function zoneNames(): Iterable<string> {
  return checksums.keys()
}

/** What `checksumOf` must give for a zone; undefined for a name that isn't known. */
export function zoneChecksum(name: string): string | undefined {
  return checksums.get(name)
}

/** The spans in which nothing is known of a zone, ascending. */
export function holesOf(name: string): readonly Hole[] {
  return holes.get(name) ?? []
}

/** Whether Joda has one offset for all times under this name: alone these are fixed zones there. */
export function isFixedName(name: string): boolean {
  return /^(?:Etc\/.+|GMT.*|UCT|UTC|Universal|Zulu|Greenwich)$/.test(name)
}
