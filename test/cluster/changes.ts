// Changes to seeded data, each waited for until every Broker sees it.
import assert from 'node:assert'
import type { Cluster } from './cluster.ts'
import { ingestTask, nameOf, type Datasource, type OwnDatasource } from './datasources.ts'
import { parseJson, request, sqlRows, type Row } from './http.ts'
import { DST_INTERVALS, dstLines } from './rows.ts'
import { runTask } from './tasks.ts'
import { waitUntil, within } from './wait.ts'

/** A row of JSON: an object, or its text where a number is past 2^53. The time is in `ts`. */
export type NewRow = object | string

export interface Change {
  /** Druid expressions by column, as in a transformSpec: `{ added: 'added + 1' }`. Columns not named stay. */
  readonly columns?: Readonly<Record<string, string>>
  /** A native filter: rows that don't match it are removed. */
  readonly keep?: object
}

const VISIBLE_MS = 60_000
const CLEAN_UP_MS = 60_000

/** Adds rows by a batch task. The rows may lie in any days; each day gets segments of its own. */
export async function appendRows(
  cluster: Cluster,
  datasource: Datasource,
  rows: readonly NewRow[],
  signal?: AbortSignal,
): Promise<void> {
  const lines = rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)))
  const task = ingestTask({
    datasource,
    inputSource: { type: 'inline', data: lines.join('\n') },
    inputFormat: { type: 'json' },
    append: true,
  })
  await runTask(cluster.services.coordinator, task, signal)
  const days = rows.map(dayOf).toSorted()
  await waitForTimeline(cluster, nameOf(datasource), `${days[0]}/${dayAfter(days.at(-1))}`, signal)
}

/**
 * Writes whole days anew with changed rows, by a batch task that reads Druid itself: the days get a new version. Not for
 * the rolled-up datasource, whose sketches would have to be merged, not built.
 */
export async function reindex(
  cluster: Cluster,
  target: { readonly datasource: Exclude<Datasource, 'events_rollup'>; readonly interval: string },
  change: Change,
  signal?: AbortSignal,
): Promise<void> {
  const { datasource, interval } = target
  assertWholeDays(interval)
  const transforms = Object.entries(change.columns ?? {}).map(([name, expression]) => ({
    type: 'expression',
    name,
    expression,
  }))
  const task = ingestTask({
    datasource,
    inputSource: { type: 'druid', dataSource: nameOf(datasource), interval },
    intervals: [interval],
    transform: { transforms, ...(change.keep === undefined ? {} : { filter: change.keep }) },
  })
  await runTask(cluster.services.coordinator, task, signal)
  await waitForTimeline(cluster, nameOf(datasource), interval, signal)
}

/** Compacts whole days: the same rows in one new version. */
export async function compact(
  cluster: Cluster,
  datasource: Datasource,
  interval: string,
  signal?: AbortSignal,
): Promise<void> {
  assertWholeDays(interval)
  const task = {
    type: 'compact',
    dataSource: nameOf(datasource),
    ioConfig: { type: 'compact', inputSpec: { type: 'interval', interval } },
    tuningConfig: { type: 'index_parallel', maxNumConcurrentSubTasks: 1 },
  }
  await runTask(cluster.services.coordinator, task, signal)
  await waitForTimeline(cluster, nameOf(datasource), interval, signal)
}

/** Marks the segments of whole days unused: their rows vanish from answers. */
export function dropInterval(
  cluster: Cluster,
  datasource: Datasource,
  interval: string,
  signal?: AbortSignal,
): Promise<void> {
  return mark(cluster, { datasource: nameOf(datasource), interval, as: 'markUnused' }, signal)
}

/** Takes back `dropInterval`: the same segments in the same version come back. */
export function restoreInterval(
  cluster: Cluster,
  datasource: Datasource,
  interval: string,
  signal?: AbortSignal,
): Promise<void> {
  return mark(cluster, { datasource: nameOf(datasource), interval, as: 'markUsed' }, signal)
}

/** Takes away a datasource that a test made, from the metadata and from disk. */
export async function removeDatasource(cluster: Cluster, { name }: OwnDatasource): Promise<void> {
  const signal = within(CLEAN_UP_MS)
  const { coordinator } = cluster.services
  const url = `${coordinator}/druid/indexer/v1/datasources/${name}`
  parseJson(await request(url, { method: 'DELETE', headers: { accept: 'application/json' } }, signal))
  await runTask(coordinator, { type: 'kill', dataSource: name, interval: '1900/3000' }, signal)
}

/** Loads `dst` as it was at the start, unless its rows are those still: for the end of tests that change it. */
export async function reloadDst(cluster: Cluster, signal?: AbortSignal): Promise<void> {
  const lines = [...dstLines()]
  const added = lines.reduce((sum, line) => sum + (JSON.parse(line) as { added: number }).added, 0)
  const [row] = await sqlRows(
    cluster.services.broker1,
    'SELECT COUNT(*) AS n, SUM(added) AS a FROM dst',
    signal,
  )
  if (row?.['n'] === lines.length && row['a'] === added) return
  const task = ingestTask({
    datasource: 'dst',
    inputSource: { type: 'inline', data: lines.join('\n') },
    inputFormat: { type: 'json' },
    intervals: DST_INTERVALS,
  })
  await runTask(cluster.services.coordinator, task, signal)
  for (const interval of DST_INTERVALS) await waitForTimeline(cluster, 'dst', interval, signal)
}

/** Waits until a SQL query's rows satisfy `predicate` at every Broker. */
export async function waitForSql(
  cluster: Cluster,
  query: string,
  predicate: (rows: readonly Row[]) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = within(VISIBLE_MS, signal)
  for (const broker of cluster.brokers) {
    const check = async (): Promise<boolean> => predicate(await sqlRows(broker, query, deadline))
    await waitUntil(`${query} at ${broker}`, check, deadline)
  }
}

/** The segments of whole days that a Broker would read, as `start|version|partition`, sorted. */
export async function brokerTimeline(
  broker: string,
  datasource: string,
  interval: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const url = `${broker}/druid/v2/datasources/${datasource}/candidates?intervals=${interval}`
  const candidates = parseJson(await request(url, {}, signal)) as readonly Candidate[]
  return candidates.map((one) => idOf(one, one.partitionNumber)).toSorted()
}

interface Candidate {
  readonly interval: string
  readonly version: string
  readonly partitionNumber: number
}

interface StoredSegment {
  readonly interval: string
  readonly version: string
  readonly shardSpec: { readonly type: string; readonly partitionNum?: number }
}

/** Waits until every Broker's timeline is what the metadata store holds. A stopped Broker is waited for, too. */
async function waitForTimeline(
  cluster: Cluster,
  datasource: string,
  interval: string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = within(VISIBLE_MS, signal)
  const { segments, tombstones } = await storedTimeline(cluster, datasource, interval, deadline)
  const expected = segments.toSorted().join()
  for (const broker of cluster.brokers) {
    const same = async (): Promise<boolean> => {
      const seen = await brokerTimeline(broker, datasource, interval, deadline)
      return seen.filter((id) => !tombstones.includes(id)).join() === expected
    }
    await waitUntil(`the change of ${datasource} in ${interval} at ${broker}`, same, deadline)
  }
}

/**
 * Ids of the segments in force. A day emptied by a reindex has a tombstone, which hides the rows before it; Brokers
 * (33.0.0) tell of it as a candidate only when the day has another segment of the same version.
 */
async function storedTimeline(
  cluster: Cluster,
  datasource: string,
  interval: string,
  signal: AbortSignal,
): Promise<{ readonly segments: readonly string[]; readonly tombstones: readonly string[] }> {
  const path = `/druid/coordinator/v1/metadata/datasources/${datasource}/segments?full`
  const url = `${cluster.services.coordinator}${path}`
  const stored = parseJson(await request(url, { body: [interval] }, signal)) as readonly StoredSegment[]
  // Days only, so a later version hides all of an earlier one.
  const newest = new Map<string, string>()
  for (const { interval: day, version } of stored) {
    if (version > (newest.get(day) ?? '')) newest.set(day, version)
  }
  const inForce = stored.filter(({ interval: day, version }) => newest.get(day) === version)
  const idsOf = (some: readonly StoredSegment[]): readonly string[] =>
    some.map((segment) => idOf(segment, segment.shardSpec.partitionNum ?? 0))
  return {
    segments: idsOf(inForce.filter(({ shardSpec }) => shardSpec.type !== 'tombstone')),
    tombstones: idsOf(inForce.filter(({ shardSpec }) => shardSpec.type === 'tombstone')),
  }
}

async function mark(
  cluster: Cluster,
  target: { readonly datasource: string; readonly interval: string; readonly as: 'markUsed' | 'markUnused' },
  signal?: AbortSignal,
): Promise<void> {
  const { datasource, interval, as } = target
  assertWholeDays(interval)
  // The Overlord's own path: the Coordinator's calls it without an Accept header and fails with 500 for `markUsed`,
  // whose answer has no declared type (Druid 33.0.0).
  const url = `${cluster.services.coordinator}/druid/indexer/v1/datasources/${datasource}/${as}`
  const sent = { headers: { accept: 'application/json' }, body: { interval } }
  const { numChangedSegments } = parseJson(await request(url, sent, within(VISIBLE_MS, signal))) as {
    numChangedSegments: number
  }
  if (numChangedSegments === 0) throw new Error(`${as}: nothing to change in ${datasource} ${interval}`)
  await waitForTimeline(cluster, datasource, interval, signal)
}

function idOf({ interval, version }: { interval: string; version: string }, partition: number): string {
  return `${interval.split('/')[0]}|${version}|${partition}`
}

function dayOf(row: NewRow): string {
  const { ts } = (typeof row === 'string' ? JSON.parse(row) : row) as { ts: string | number }
  return new Date(ts).toISOString().slice(0, 10)
}

function dayAfter(day: string | undefined): string {
  assert(day !== undefined, 'no rows to append')
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
}

/** Segments are days: a part of a day can be neither dropped nor written anew alone. */
function assertWholeDays(interval: string): void {
  const ends = interval.split('/').map(Date.parse)
  assert(
    ends.length === 2 && ends.every((end) => end % 86_400_000 === 0),
    `${interval} is not whole days of UTC`,
  )
}
