// The data that a cluster starts with.
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { countSql, ingestTask, type DatasourceName } from './datasources.ts'
import { parseJson, request, sqlRows } from './http.ts'
import {
  COUNTRY_NAMES,
  DST_INTERVALS,
  dstLines,
  eventLines,
  eventsInterval,
  midnight,
  EVENT_DAYS,
  type DataSize,
} from './rows.ts'
import { type Profile } from './services.ts'
import { runTask } from './tasks.ts'
import { waitUntil, within } from './wait.ts'

export interface Seeded {
  readonly size: Exclude<DataSize, 'none'>
  /** ISO `start/end` of `events` and `events_rollup`: 60 days up to the midnight (UTC) before the start. */
  readonly eventsInterval: string
  readonly dstIntervals: readonly string[]
  /** Rows sent to each datasource. */
  readonly rows: Readonly<Record<DatasourceName, number>>
}

export interface SeedTarget {
  readonly dir: string
  readonly brokers: readonly string[]
  readonly services: { readonly coordinator: string }
  readonly profile: Profile
}

const VISIBLE_MS = 120_000
const SEED_MS = 15 * 60_000
const FILES: Record<Exclude<DataSize, 'none'>, number> = { small: 1, full: 6 }
const ROWS_PER_CHUNK = 500

/**
 * Loads `events`, `events_rollup`, `dst` and, but in the secure profile, whose Coordinator can't ask a Broker by TLS, the
 * lookup `country_name`, and waits until every Broker has all of it.
 */
export async function seed(
  target: SeedTarget,
  size: Exclude<DataSize, 'none'>,
  signal?: AbortSignal,
): Promise<Seeded> {
  const deadline = within(SEED_MS, signal)
  const hasLookup = target.profile === 'open'
  const end = midnight(Date.now())
  const folder = join(target.dir, 'rows')
  mkdirSync(folder, { recursive: true })
  const [events, dst] = await Promise.all([
    writeEvents(folder, { size, end }, deadline),
    writeLines(join(folder, 'dst.json'), dstLines(), deadline),
  ])
  const rows = { events, events_rollup: events, dst }
  const interval = eventsInterval(end)
  const load = (datasource: DatasourceName, filter: string, intervals: readonly string[]): Promise<string> =>
    runTask(target.services.coordinator, fileTask({ datasource, folder, filter, intervals, size }), deadline)
  await Promise.all([
    load('dst', 'dst.json', DST_INTERVALS),
    load('events', 'events-*.json', [interval]),
    load('events_rollup', 'events-*.json', [interval]),
    hasLookup && setLookup(target.services.coordinator, deadline),
    dropOvershadowedSoon(target.services.coordinator, deadline),
  ])
  await waitForRows(target.brokers, rows, within(VISIBLE_MS, signal))
  if (hasLookup) await waitForLookup(target.brokers, within(VISIBLE_MS, signal))
  rmSync(folder, { recursive: true })
  return { size, eventsInterval: interval, dstIntervals: DST_INTERVALS, rows }
}

async function writeEvents(
  folder: string,
  { size, end }: { size: Exclude<DataSize, 'none'>; end: number },
  signal: AbortSignal,
): Promise<number> {
  const lines = eventLines(size, end - EVENT_DAYS * 86_400_000)
  const perFile = Math.ceil((size === 'small' ? 70_000 : 1_100_000) / FILES[size])
  let total = 0
  for (let file = 0; ; file += 1) {
    const count = await writeLines(join(folder, `events-${file}.json`), take(lines, perFile), signal)
    total += count
    if (count < perFile) return total
  }
}

/** By hand: a `for of` that stops early would close the generator. */
function* take(lines: Generator<string>, count: number): Generator<string> {
  for (let taken = 0; taken < count; taken += 1) {
    const next: IteratorResult<string, unknown> = lines.next()
    if (next.done === true) return
    yield next.value
  }
}

async function writeLines(file: string, lines: Iterable<string>, signal: AbortSignal): Promise<number> {
  let count = 0
  function* chunks(): Generator<string> {
    let chunk = ''
    for (const line of lines) {
      count += 1
      chunk += `${line}\n`
      if (count % ROWS_PER_CHUNK > 0) continue
      yield chunk
      chunk = ''
    }
    if (chunk !== '') yield chunk
  }
  await pipeline(Readable.from(chunks()), createWriteStream(file), { signal })
  return count
}

function fileTask(options: {
  datasource: DatasourceName
  folder: string
  filter: string
  intervals: readonly string[]
  size: Exclude<DataSize, 'none'>
}): object {
  const { datasource, folder, filter, intervals, size } = options
  return ingestTask({
    datasource,
    inputSource: { type: 'local', baseDir: folder, filter },
    inputFormat: { type: 'json' },
    intervals,
    // One sub-task at a time runs inside its parent and takes no slot: quickest for little data.
    subTasks: size === 'full' && datasource !== 'dst' ? 2 : 1,
  })
}

/**
 * A Coordinator leaves overshadowed segments where they are for its first 15 minutes (33.0.0), and with them the columns
 * that only they had.
 */
async function dropOvershadowedSoon(coordinator: string, signal: AbortSignal): Promise<void> {
  const url = `${coordinator}/druid/coordinator/v1/config`
  await configure('its settings', url, { millisToWaitBeforeDeleting: 1_000 }, signal)
}

/** Druid wants the empty configuration of all lookups first (202 each time). */
async function setLookup(coordinator: string, signal: AbortSignal): Promise<void> {
  const url = `${coordinator}/druid/coordinator/v1/lookups/config`
  const lookupExtractorFactory = { type: 'map', map: COUNTRY_NAMES }
  const lookups = { __default: { country_name: { version: 'v1', lookupExtractorFactory } } }
  for (const body of [{}, lookups]) await configure('a lookup', url, body, signal)
}

/** Sends what may be sent twice until it is accepted: under load Derby refuses some writes (500, a lock that takes too long). */
async function configure(what: string, url: string, body: object, signal: AbortSignal): Promise<void> {
  const accepted = async (): Promise<boolean> => {
    parseJson(await request(url, { body }, signal))
    return true
  }
  await waitUntil(`the Coordinator to take ${what}`, accepted, signal)
}

async function waitForRows(
  brokers: readonly string[],
  rows: Readonly<Record<DatasourceName, number>>,
  signal: AbortSignal,
): Promise<void> {
  const expected = Object.entries(rows) as [DatasourceName, number][]
  for (const broker of brokers) {
    for (const [datasource, count] of expected) {
      const all = async (): Promise<boolean> =>
        (await sqlRows(broker, countSql(datasource), signal))[0]?.['n'] === count
      await waitUntil(`${count} rows of ${datasource} at ${broker}`, all, signal)
    }
  }
}

async function waitForLookup(brokers: readonly string[], signal: AbortSignal): Promise<void> {
  for (const broker of brokers) {
    const known = async (): Promise<boolean> => {
      const rows = await sqlRows(broker, `SELECT LOOKUP('JP', 'country_name') AS name`, signal)
      return rows[0]?.['name'] === COUNTRY_NAMES['JP']
    }
    await waitUntil(`the lookup country_name at ${broker}`, known, signal)
  }
}
