// Writes src/time/zone-table.ts from Joda-Time itself (Maven fetches it, a JDK runs it) and from this Node's Intl: minutes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isFixedName, ZONE_END_MS, ZONE_START_MS } from '../../src/time/zone-names.ts'
import { checksumOf, timelineOf, type ZoneTimeline } from '../../src/time/zone-timeline.ts'

/** Druid 27 to 33 have the first, 34 to 37 the second; the third, with data of 2026, comes next. */
const VERSIONS = ['2.12.5', '2.14.0', '2.14.2']
const DAY_MS = 86_400_000
/** Intl is asked this often, and at each change that some Joda has. */
const STEP_MS = 5 * DAY_MS
/** Differences nearer to each other than this are one hole. */
const JOIN_MS = 800 * DAY_MS
/** Nothing changes this near to the end of a hole. */
const MARGIN_MS = 3 * DAY_MS

interface JodaZone {
  readonly isFixed: boolean
  readonly changes: readonly (readonly [number, number])[]
}
interface Hole {
  readonly startMs: number
  readonly endMs: number
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
}

function readJoda(version: string): Map<string, JodaZone> {
  const dir = mkdtempSync(join(tmpdir(), 'joda-'))
  const artifact = `joda-time:joda-time:${version}`
  run('mvn', ['-q', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${dir}`])
  const jar = join(dir, `joda-time-${version}.jar`)
  run('javac', ['-cp', jar, '-d', dir, join(import.meta.dirname, 'JodaZones.java')])
  const classPath = jar + delimiter + dir
  const out = run('java', ['-cp', classPath, 'JodaZones', String(ZONE_START_MS), String(ZONE_END_MS)])
  rmSync(dir, { recursive: true })
  return new Map(
    out
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', isFixed, ...changes] = line.split('\t')
        const pairs = changes.map((change) => change.split(':').map(Number))
        return [
          name,
          { isFixed: isFixed === 'true', changes: pairs.map(([ms = 0, offset = 0]) => [ms, offset]) },
        ]
      }),
  )
}

function jodaOffset({ changes }: JodaZone, ms: number): number {
  return changes.findLast(([at]) => at <= ms)?.[1] ?? Number.NaN
}

function nodeOffset(format: Intl.DateTimeFormat, ms: number): number {
  const part = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? Number.NaN
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - ms
}

/** The instants at which not all sources say the same. */
function disagreements(name: string, jodas: readonly JodaZone[]): number[] {
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  const looks = jodas.flatMap(({ changes }) => changes.flatMap(([ms]) => [ms - 1_000, ms]))
  for (let ms = ZONE_START_MS; ms < ZONE_END_MS; ms += STEP_MS) looks.push(ms)
  return looks
    .filter((ms) => ms >= ZONE_START_MS)
    .filter((ms) => new Set([nodeOffset(format, ms), ...jodas.map((joda) => jodaOffset(joda, ms))]).size > 1)
    .toSorted((one, other) => one - other)
}

function holesOf(instants: readonly number[], jodas: readonly JodaZone[]): Hole[] {
  const holes: Hole[] = []
  for (const ms of instants) {
    const last = holes.at(-1)
    const hole = {
      startMs: Math.max(edge(ms, -1, jodas), ZONE_START_MS),
      endMs: Math.min(edge(ms, 1, jodas), ZONE_END_MS),
    }
    if (last !== undefined && hole.startMs - last.endMs < JOIN_MS)
      holes[holes.length - 1] = { ...last, endMs: hole.endMs }
    else holes.push(hole)
  }
  return holes
}

/** The nearest first of a month that is far from every change. */
function edge(ms: number, direction: 1 | -1, jodas: readonly JodaZone[]): number {
  const from = new Date(ms + direction * MARGIN_MS)
  for (let months = direction === 1 ? 1 : 0; ; months += direction) {
    const at = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1)
    const isNear = jodas.some(({ changes }) => changes.some(([change]) => Math.abs(change - at) < MARGIN_MS))
    if (!isNear) return at
  }
}

function withHoles({ changes }: JodaZone, holes: readonly Hole[]): ZoneTimeline {
  const inside = (ms: number): boolean => holes.some(({ startMs, endMs }) => ms >= startMs && ms < endMs)
  const all = new Map(changes.filter(([ms]) => !inside(ms)))
  const joda: JodaZone = { isFixed: false, changes }
  for (const { startMs, endMs } of holes) {
    all.set(startMs, Number.NaN)
    if (endMs < ZONE_END_MS) all.set(endMs, jodaOffset(joda, endMs))
  }
  all.set(ZONE_END_MS, Number.NaN)
  const sorted = [...all].toSorted(([one], [other]) => one - other)
  return { at: sorted.map(([ms]) => ms), offsets: sorted.map(([, offset]) => offset) }
}

const versions = VERSIONS.map(readJoda)
const byChecksum = new Map<string, string[]>()
const holeLines: string[] = []
const leftOut: string[] = []
for (const name of [...(versions[0]?.keys() ?? [])].toSorted()) {
  const jodas = versions.flatMap((zones) => zones.get(name) ?? [])
  if (jodas.length < VERSIONS.length || jodas.some(({ isFixed }) => isFixed !== isFixedName(name))) {
    leftOut.push(name)
    continue
  }
  const holes = holesOf(disagreements(name, jodas), jodas)
  const timeline = withHoles(jodas[0] ?? { isFixed: false, changes: [] }, holes)
  const checksum = checksumOf(timeline)
  if (
    timeline.offsets.every(Number.isNaN) ||
    timelineOf(name, { startMs: ZONE_START_MS, endMs: ZONE_END_MS, holes }, checksum) === undefined
  ) {
    leftOut.push(name)
    continue
  }
  byChecksum.set(checksum, [...(byChecksum.get(checksum) ?? []), name])
  const month = (ms: number): string => new Date(ms).toISOString().slice(0, ms === ZONE_START_MS ? 10 : 7)
  if (holes.length > 0)
    holeLines.push(
      `${name} ${holes.map(({ startMs, endMs }) => `${month(startMs)}/${month(endMs)}`).join(' ')}`,
    )
}

// Lines of names and lines of holes, each at most as long as the formatter's.
const words = [...byChecksum].flatMap(
  ([checksum, names]) => `${checksum}:${names.join()}`.match(/[^,]+,?/g) ?? [],
)
const lines = ['']
for (const word of words) {
  const last = lines.at(-1) ?? ''
  const space = last === '' || last.endsWith(',') ? '' : ' '
  if (last.length + word.length < 108) lines[lines.length - 1] = last + space + word
  else lines.push(word)
}
writeFileSync(
  join(import.meta.dirname, '../../src/time/zone-table.ts'),
  `// Made by \`npm run zones\`: what Joda-Time ${VERSIONS.join(', ')} and Node's data (${process.versions['tz']}) have in common.

/** Checksum of the changes, and the names that have them. A comma at the end of a line goes on in the next. */
export const ZONE_NAMES = \`
${lines.join('\n')}
\`

/** When not all of them agree: \`[from, to)\`, by UTC. */
export const ZONE_HOLES = \`
${holeLines.join('\n')}
\`
`,
)
process.stdout.write(`${byChecksum.size} zones, left out: ${leftOut.join(' ')}\n`)
