// The world of the differential test on the cluster: an Ovate in front of real Brokers, and a datasource of its own.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type App } from '../../src/app/app.ts'
import { clockChanges } from '../differential/buckets.ts'
import { type OtherForm } from '../differential/generate.ts'
import { type Operation } from '../differential/operations.ts'
import { DAY_MS, daysOfRows, midnights, randomRows, type Row } from '../differential/table.ts'
import { type CacheAnswer, type Change, type World } from '../differential/world.ts'
import {
  appendRows,
  compact,
  dropInterval,
  reindex,
  removeDatasource,
  restoreInterval,
  waitForSql,
} from './changes.ts'
import { type Cluster } from './cluster.ts'
import { long, type OwnDatasource, sum, text } from './datasources.ts'
import { parseJson, request } from './http.ts'
import { type Settings, startOvate } from './ovate.ts'
import { randomOf } from './random.ts'

const DAYS = 8
const ROWS_PER_DAY = 70
const CAP_MS = 2_000
/** Past the bound, and past a Broker's lag behind its own timeline. */
const PAST_BOUND_MS = CAP_MS + 500
const FRESHNESS = { head: '1s', cap: `${CAP_MS}ms`, schemaRefresh: '1s' }

export interface ClusterWorld extends World {
  /** Ends Ovate, and removes the datasource. */
  stop(): Promise<void>
}

/** Who asks there, and whom Ovate asks as. */
export interface Asking {
  readonly changes: World['changes']
  readonly identities: World['identities']
  readonly isCrowd: boolean
  readonly pace: World['pace']
  readonly settings: World['settings']
  /** Where Druid is asked by whoever says who he is. */
  readonly broker: string
  /** Of Ovate, over those of every world, by the datasource that is asked. */
  readonly ovate: (table: string) => Settings
  /** Somebody who may ask `SELECT 1`. */
  readonly headers: Readonly<Record<string, string>>
  readonly pastBoundMs: number
  /** Lets everybody see something, or other things. */
  readonly setRights: (table: string, draw: number) => void
}

/** Druid lets everybody in, so that all of them see the same; Ovate must tell them apart still. */
function openTo(cluster: Cluster): Asking {
  return {
    changes: ['append', 'late rows', 'replace', 'drop', 'drop', 'compact', 'column'],
    identities: [undefined, undefined, 'Basic b25lOm9uZQ==', 'Basic dHdvOnR3bw=='],
    isCrowd: false,
    // Most changes are tasks that take seconds.
    pace: { change: 0.03, time: 0.01 },
    settings: [{ shared: true }, { rowPolicies: 'none' }, { shared: true, rowPolicies: 'none' }],
    broker: cluster.services.broker1,
    ovate: () => ({}),
    headers: {},
    pastBoundMs: PAST_BOUND_MS,
    setRights: () => undefined,
  }
}

/** Makes a datasource with random rows up to now, and starts an Ovate. */
export async function startClusterWorld(
  cluster: Cluster,
  seed: number,
  asking: Asking = openTo(cluster),
): Promise<ClusterWorld> {
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const fromMs = toMs - DAYS * DAY_MS
  // A name that no other run has: the cluster is shared.
  const own = new OwnTable(cluster, `differential_${Date.now().toString(36)}`)
  asking.setRights(own.name, seed)
  await own.append(daysOfRows(randomOf(seed), midnights(fromMs, toMs), ROWS_PER_DAY))
  const path = `/ovate-${randomBytes(4).toString('hex')}`
  const app = await startOvate(
    cluster,
    { freshness: FRESHNESS, coordination: { connect: cluster.zookeeper, path }, ...asking.ovate(own.name) },
    asking.headers,
  )
  const moments = clockChanges(fromMs, toMs)
  const pastBound = (): Promise<void> => delay(asking.pastBoundMs)
  return {
    still: false,
    pace: asking.pace,
    isCrowd: asking.isCrowd,
    changes: asking.changes,
    identities: asking.identities,
    subject: () => ({ table: own.name, fromMs, toMs: Date.now(), more: own.more, others: OTHERS, moments }),
    nowMs: () => Date.now(),
    ovate: (body, identity) => sent(app.url, body, identity),
    druid: (body, identity) => sent(asking.broker, body, identity),
    settled: () => Promise.resolve(),
    advance: pastBound,
    settings: asking.settings,
    operate: (operation) => operated(String(app.adminUrl), own.name, operation),
    change: async (change) => {
      if (change.kind === 'rights') {
        asking.setRights(own.name, change.draw)
        await pastBound()
      } else if (await own.change(change)) await pastBound()
    },
    stop: () => stop(app, own),
  }
}

async function stop(app: App, own: OwnTable): Promise<void> {
  await app.close()
  await own.remove()
}

async function sent(url: string, body: string, identity: string | undefined): Promise<CacheAnswer> {
  const headers = { 'content-type': 'application/json', ...credentialsOf(identity) }
  const got = await request(`${url}/druid/v2/sql`, { body, headers })
  return { status: got.status, body: got.body.toString(), cache: String(got.headers['cache-status']) }
}

/** `header: value`, or the value of Authorization. */
function credentialsOf(identity: string | undefined): Readonly<Record<string, string>> {
  if (identity === undefined) return {}
  const [, header = 'authorization', value = identity] = /^([\w-]+): (.*)$/.exec(identity) ?? []
  return { [header]: value }
}

async function operated(admin: string, table: string, operation: Operation): Promise<void> {
  const { isForAll } = operation
  if (operation.kind === 'purge') {
    const ends = operation.interval && [operation.interval.startMs, operation.interval.endMs]
    const times = ends?.map((ms) => new Date(ms).toISOString()).join('/')
    const query = new URLSearchParams({
      ...(!isForAll && { datasource: table }),
      ...(times !== undefined && { interval: times }),
    })
    const behind = query.size === 0 ? '' : `?${query.toString()}`
    return done(await request(`${admin}/ovate/cache${behind}`, { method: 'DELETE' }))
  }
  const url = `${admin}/ovate/settings${isForAll ? '' : `/${table}`}`
  const before = await request(url, { method: 'GET' })
  const { settings } = parseJson(before) as { settings: unknown }
  const basis: Readonly<Record<string, string>> =
    settings === null ? { 'if-none-match': '*' } : { 'if-match': String(before.headers['etag']) }
  const body = operation.settings === null ? undefined : JSON.stringify(operation.settings)
  if (body === undefined && settings === null) return
  const headers = { 'content-type': 'application/json', ...basis }
  done(
    await (body === undefined
      ? request(url, { method: 'DELETE', headers: basis })
      : request(url, { method: 'PUT', headers, body })),
  )
}

function done({ status, body }: { readonly status: number; readonly body: Buffer }): void {
  if (status !== 200) throw new Error(`the operator was told ${status}: ${body.toString()}`)
}

class OwnTable {
  readonly name: string
  /** Columns that came later. */
  readonly more: string[] = []
  readonly #cluster: Cluster
  /** Days with rows that are seen. */
  readonly #days = new Set<number>()
  readonly #dropped = new Set<number>()

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster
    this.name = name
  }

  async append(rows: readonly Row[]): Promise<void> {
    await appendRows(this.#cluster, this.#datasource, rows.map(line))
    for (const { atMs } of rows) this.#days.add(Math.floor(atMs / DAY_MS) * DAY_MS)
  }

  /** False where there was nothing to change: Druid's tasks fail on days without rows. */
  async change(change: Exclude<Change, { kind: 'rights' }>): Promise<boolean> {
    switch (change.kind) {
      case 'append':
      case 'late rows': {
        const rows = change.rows.filter(({ atMs }) => this.#days.has(Math.floor(atMs / DAY_MS) * DAY_MS))
        if (rows.length > 0) await this.append(rows)
        return rows.length > 0
      }
      case 'restore':
        if (!this.#dropped.delete(change.day)) return false
        await restoreInterval(this.#cluster, this.#datasource, interval(change.day))
        this.#days.add(change.day)
        return true
      case 'drop':
      case 'replace':
      case 'compact':
        if (!this.#days.has(change.day)) return false
        await this.#changeDay(change.kind, change.day)
        return true
      case 'column':
        await this.#addColumn(change.name)
        return true
      case 'hand off':
        return false
    }
  }

  async #changeDay(kind: 'drop' | 'replace' | 'compact', day: number): Promise<void> {
    const target = { datasource: this.#datasource, interval: interval(day) }
    if (kind === 'replace')
      await reindex(this.#cluster, target, { columns: { added: 'added + 7', country: `nvl(country, 'XX')` } })
    else if (kind === 'compact') await compact(this.#cluster, target.datasource, target.interval)
    else {
      await dropInterval(this.#cluster, target.datasource, target.interval)
      this.#days.delete(day)
      this.#dropped.add(day)
    }
  }

  /** A column comes with the first rows that have it; a Broker knows it some time after them. */
  async #addColumn(name: string): Promise<void> {
    const [day] = this.#days
    if (day === undefined) return
    this.more.push(name)
    await this.append(randomRows(randomOf(day), { fromMs: day, toMs: day + DAY_MS }, 1, { [name]: 'x' }))
    const query = `SELECT COUNT("${name}") AS n FROM "${this.name}"`
    await waitForSql(this.#cluster, query, ([found]) => found?.['n'] === 1)
  }

  async remove(): Promise<void> {
    await removeDatasource(this.#cluster, this.#datasource)
  }

  get #datasource(): OwnDatasource {
    const dimensions = [
      ...['country', 'device', 'city', ...this.more].map(text),
      ...['isRobot', 'big'].map(long),
    ]
    return {
      name: this.name,
      schema: { dimensions, metrics: METRICS, rollup: false, queryGranularity: 'NONE' },
    }
  }
}

const METRICS = [
  sum('long', 'added'),
  sum('long', 'deleted'),
  sum('double', 'price'),
  sum('double', 'weight'),
]

function interval(day: number): string {
  return `${new Date(day).toISOString()}/${new Date(day + DAY_MS).toISOString()}`
}

/** As JSON text: one number is past 2^53. */
function line({ atMs, big, more, ...columns }: Row): string {
  return `{"ts":${atMs},"big":${big},${JSON.stringify({ ...columns, ...more }).slice(1)}`
}

/** What Druid knows beside grouped aggregates. */
const OTHERS: readonly OtherForm[] = [
  {
    text: 'SELECT "__time", "country", "added" FROM {table} WHERE {where} ORDER BY "__time" LIMIT 20',
    ordered: [0],
  },
  {
    text: 'SELECT "__time", "city", "price", "big" FROM {table} WHERE {where} ORDER BY "__time" DESC LIMIT 15',
    ordered: [0],
  },
  { text: 'SELECT DISTINCT "country" FROM {table} WHERE {where}', ordered: [] },
  { text: 'SELECT MIN("__time"), MAX("__time") FROM {table} WHERE {where}', ordered: [] },
  {
    text: 'SELECT AVG(n) AS a, MAX(n) AS m FROM (SELECT "country", COUNT(*) AS n FROM {table} WHERE {where} GROUP BY 1)',
    ordered: [],
  },
  {
    text: 'SELECT a."country", a.n, b.m FROM (SELECT "country", COUNT(*) AS n FROM {table} GROUP BY 1) a JOIN (SELECT "country", MAX("added") AS m FROM {table} WHERE {where} GROUP BY 1) b ON a."country" = b."country" ORDER BY 1',
    ordered: [0],
  },
  {
    text: 'SELECT "device", SUM("added") AS s FROM {table} WHERE {where} GROUP BY GROUPING SETS (("device"), ())',
    ordered: [],
  },
  { text: 'SELECT COUNT(*) FROM nowhere WHERE {where}', ordered: [] },
]
