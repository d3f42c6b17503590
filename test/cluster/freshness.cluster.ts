// Data change beneath kept answers: each answer of Ovate is Druid's own, within the bound after the Brokers show a change.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { appendRows, compact, dropInterval, reindex, reloadDst, restoreInterval } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { countSql, type DatasourceName } from './datasources.ts'
import { sqlRows } from './http.ts'
import { startOvate } from './ovate.ts'
import { type Source, type Statements, Watch } from './watch.ts'

const HEAD_MS = 2_000
const CAP_MS = 4_000
const FRESHNESS = { head: '2s', cap: '4s', schemaRefresh: '2s' }
const DAY_MS = 86_400_000

/** The day that changes: on it, New York's clocks are set back. */
const DAY = '2026-11-01/2026-11-02'
/** A day that is emptied and filled again. */
const EMPTIED = '2026-03-09/2026-03-10'

/** They read what no change touches, and nothing else. `day`: one of `events`. */
function untouched(day: string): Statements {
  return {
    'another day': `SELECT country, COUNT(*) AS n, SUM(added) AS a FROM dst WHERE "__time" >= '2026-03-06 00:00:00.000000' AND "__time" < '2026-03-07 00:00:00.000000' GROUP BY 1 ORDER BY 1`,
    'another table': 'SELECT COUNT(*) AS n FROM events',
    'a day of another table': {
      query:
        'SELECT TIME_FLOOR(__time, ?) AS h, COUNT(*) AS n FROM events WHERE TIME_IN_INTERVAL(__time, ?) GROUP BY 1 ORDER BY 1',
      parameters: [
        { type: 'VARCHAR', value: 'PT1H' },
        { type: 'VARCHAR', value: day },
      ],
    },
  }
}

/** They read what changes. Each reads the table that changes once: a join of two readings of it can see it change. */
function touched(day: string): Statements {
  const OF_DAY = `TIME_IN_INTERVAL(__time, '${day}')`
  return {
    'a total': 'SELECT COUNT(*) AS n, SUM(added) AS a FROM dst',
    groups: 'SELECT country, COUNT(*) AS n, SUM(added) AS a, MAX(added) AS m FROM dst GROUP BY 1 ORDER BY 1',
    'the first three': 'SELECT device, SUM(added) AS a FROM dst GROUP BY 1 ORDER BY 2 DESC LIMIT 3',
    days: `SELECT TIME_FLOOR(__time, 'P1D') AS d, COUNT(*) AS n, SUM(added) AS a FROM dst WHERE __time >= TIMESTAMP '2026-03-01' AND __time < TIMESTAMP '2026-11-04' GROUP BY 1 ORDER BY 1`,
    'hours of New York': {
      query: `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM dst WHERE __time >= TIMESTAMP '2026-10-31 12:00:00' GROUP BY 1 ORDER BY 1`,
      context: { sqlTimeZone: 'America/New_York' },
      resultFormat: 'csv',
    },
    'the day alone': `SELECT COUNT(*) AS n, SUM(added) AS a, MIN(__time) AS f FROM dst WHERE "__time" >= '2026-11-01 00:00:00.000000' AND "__time" < '2026-11-02 00:00:00.000000'`,
    'the other day alone': `SELECT device, COUNT(*) AS n FROM dst WHERE TIME_IN_INTERVAL(__time, '${EMPTIED}') GROUP BY 1 ORDER BY 2 DESC, 1`,
    rows: {
      query: `SELECT __time, country, device, added FROM dst WHERE TIME_IN_INTERVAL(__time, '${DAY}') AND added > 450 ORDER BY __time`,
      resultFormat: 'array',
      header: true,
    },
    'a join': `SELECT d.country, d.n, e.n AS m FROM (SELECT country, COUNT(*) AS n FROM dst GROUP BY 1) d LEFT JOIN (SELECT country, COUNT(*) AS n FROM events WHERE ${OF_DAY} GROUP BY 1) e ON d.country = e.country ORDER BY 1`,
    'a subquery':
      'SELECT MAX(n) AS m, COUNT(*) AS k FROM (SELECT country, device, COUNT(*) AS n FROM dst GROUP BY 1, 2)',
    'a lookup':
      "SELECT LOOKUP(country, 'country_name') AS c, SUM(added) AS a FROM dst GROUP BY 1 ORDER BY 2 DESC, 1",
    'a union': `SELECT COUNT(*) AS n FROM dst UNION ALL SELECT SUM(cnt) FROM events_rollup WHERE ${OF_DAY}`,
  }
}

const LATE = { ts: '2026-11-01T05:30:00Z', country: 'ZZ', device: 'tv', added: 499, price: 1.5 }
const NOT_LATE = { type: 'not', field: { type: 'selector', dimension: 'country', value: 'ZZ' } }
const NO_ROW = { type: 'selector', dimension: 'country', value: 'nowhere' }

describe.runIf(clusterAvailable)('when data change', () => {
  let cluster: Cluster
  let apps: readonly App[]
  let unchanging: readonly string[]
  /** `bounded` and `strict`. */
  let watches: readonly Watch[]
  let emptied: readonly string[]

  beforeAll(async () => {
    cluster = theCluster()
    emptied = await rowsOf(EMPTIED)
    const day = dayOf(cluster)
    const all = { ...untouched(day), ...touched(day) }
    const few = Object.fromEntries(
      ['another day', 'a total', 'the day alone', 'the other day alone', 'rows'].map((name) => [
        name,
        all[name] ?? '',
      ]),
    )
    unchanging = Object.keys(untouched(day))
    const [bounded, strict] = await Promise.all([
      startOvate(cluster, { freshness: FRESHNESS }),
      startOvate(cluster, { freshness: { ...FRESHNESS, mode: 'strict' } }),
    ])
    apps = [bounded, strict]
    const brokers: Source[] = cluster.brokers.map((url) => ({ name: url, url, boundMs: undefined }))
    watches = [
      new Watch([...brokers, { name: 'bounded', url: bounded.url, boundMs: CAP_MS }], all),
      new Watch([...brokers, { name: 'strict', url: strict.url, boundMs: 0 }], few),
    ]
    await Promise.all(watches.map((watch) => watch.hitsFor(CAP_MS + 500, unchanging)))
  })

  afterAll(async () => {
    await Promise.all(watches.map((watch) => watch.stop()))
    await Promise.all(apps.map((app) => app.close()))
    await reloadDst(cluster)
  })

  async function rowsOf(interval: string): Promise<readonly string[]> {
    const query = `SELECT TIMESTAMP_TO_MILLIS(__time) AS ts, country, device, added, price FROM dst WHERE TIME_IN_INTERVAL(__time, '${interval}')`
    return (await sqlRows(cluster.services.broker1, query)).map((row) => JSON.stringify(row))
  }

  const target = { datasource: 'dst', interval: DAY } as const

  test.each<[string, () => Promise<void>]>([
    ['rows come late', () => appendRows(cluster, 'dst', [LATE])],
    [
      'a day is written anew with other values',
      () => reindex(cluster, target, { columns: { added: 'added + 1' } }),
    ],
    [
      'a day is written anew without some rows',
      () => reindex(cluster, target, { columns: { added: 'added - 1' }, keep: NOT_LATE }),
    ],
    ['a day is compacted', () => compact(cluster, 'dst', DAY)],
    ['a day is dropped', () => dropInterval(cluster, 'dst', DAY)],
    ['a dropped day comes back', () => restoreInterval(cluster, 'dst', DAY)],
    ['a day is emptied', () => reindex(cluster, { ...target, interval: EMPTIED }, { keep: NO_ROW })],
    ['an emptied day is filled again', () => appendRows(cluster, 'dst', emptied)],
  ])('%s: every answer is the old one or the new one, the old one within the bound', async (_, change) => {
    const from = Date.now()
    await change()
    await Promise.all(watches.map((watch) => watch.settled()))
    expect(watches.flatMap((watch) => watch.faults(from))).toEqual([])
    expect(watches.flatMap((watch) => watch.missesOf(unchanging, from, HEAD_MS))).toEqual([])
  })

  test('the data are in the end what they were', async () => {
    const names = Object.keys(cluster.seeded?.rows ?? {}) as DatasourceName[]
    const count = async (name: DatasourceName): Promise<unknown> =>
      (await sqlRows(cluster.services.broker1, countSql(name)))[0]?.['n']
    const counts = await Promise.all(names.map(async (name) => [name, await count(name)] as const))
    expect(Object.fromEntries(counts)).toEqual(cluster.seeded?.rows)
  })
})

/** A day in the middle of `events`, which end at the cluster's start. */
function dayOf({ seeded }: Cluster): string {
  const end = Date.parse(seeded?.eventsInterval.split('/')[1] ?? '')
  return [-30, -29].map((days) => new Date(end + days * DAY_MS).toISOString().slice(0, 10)).join('/')
}
