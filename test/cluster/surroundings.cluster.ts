// What an answer depends on beside the rows of its interval: columns that come and go, lookups, data beyond all others.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { appendRows, dropInterval, reindex, reloadDst, waitForSql } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { ingestTask } from './datasources.ts'
import { parseJson, request } from './http.ts'
import { startOvate } from './ovate.ts'
import { runTask } from './tasks.ts'
import { type Statements, Watch } from './watch.ts'

const CAP_MS = 4_000
const LOOKUP_MS = 3_000
const FRESHNESS = { head: '2s', cap: '4s', schemaRefresh: '2s', lookup: '3s' }
/** Later than all rows of `dst` but those of its last day. */
const DAY = '2026-11-02/2026-11-03'
const DAY_MS = 86_400_000

describe.runIf(clusterAvailable)('what an answer depends on beside its rows', () => {
  let cluster: Cluster
  let app: App | undefined
  let watch: Watch | undefined

  beforeAll(() => {
    cluster = theCluster()
  })

  afterEach(async () => {
    await watch?.stop()
    await app?.close()
  })

  afterAll(() => reloadDst(cluster))

  /** Answers are watched from when all of them are kept. */
  async function watching(statements: Statements, boundMs: number): Promise<Watch> {
    app = await startOvate(cluster, { freshness: FRESHNESS })
    const brokers = cluster.brokers.map((url) => ({ name: url, url, boundMs: undefined }))
    watch = new Watch([...brokers, { name: 'ovate', url: app.url, boundMs }], statements)
    await watch.hitsFor(0, Object.keys(statements))
    return watch
  }

  async function faultsAcross(watched: Watch, change: () => Promise<void>): Promise<readonly string[]> {
    const from = Date.now()
    await change()
    await watched.settled()
    return watched.faults(from)
  }

  test('a column that comes, and goes again, with rows of another day', async () => {
    const whole = `FROM dst WHERE __time < TIMESTAMP '2026-03-07' ORDER BY __time LIMIT 5`
    const watched = await watching(
      {
        'every column': {
          query: `SELECT * ${whole}`,
          resultFormat: 'array',
          header: true,
          sqlTypesHeader: true,
        },
        'its columns': `SELECT __time, country, added ${whole}`,
        'a total': 'SELECT COUNT(device) AS d, COUNT(*) AS n FROM (SELECT device FROM dst GROUP BY 1)',
      },
      CAP_MS,
    )
    const columns = (count: number) => (): Promise<void> =>
      waitForSql(
        cluster,
        `SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'dst'`,
        ([row]) => row?.['n'] === count,
      )
    const added = await faultsAcross(watched, async () => {
      await runTask(cluster.services.coordinator, taskWithColumn('late'))
      await columns(6)()
    })
    expect(added).toEqual([])
    const keep = { type: 'not', field: { type: 'selector', dimension: 'country', value: 'ZZ' } }
    const removed = await faultsAcross(watched, async () => {
      await reindex(cluster, { datasource: 'dst', interval: DAY }, { keep })
      await columns(5)()
    })
    expect(removed).toEqual([])
  })

  test('rows before all others, which go again', async () => {
    const first = Date.parse(cluster.seeded?.eventsInterval.split('/')[0] ?? '') - 10 * DAY_MS
    const day = [first, first + DAY_MS].map((ms) => new Date(ms).toISOString()).join('/')
    const watched = await watching(
      {
        'the first row': 'SELECT MIN(__time) AS f, COUNT(*) AS n FROM events',
        'that day': `SELECT country, COUNT(*) AS n FROM events WHERE TIME_IN_INTERVAL(__time, '${day}') GROUP BY 1`,
        'rolled up': 'SELECT SUM(cnt) AS n, MIN(__time) AS f FROM events_rollup',
        'months of both': `SELECT FLOOR(__time TO MONTH) AS m, COUNT(*) AS n FROM events GROUP BY 1 UNION ALL SELECT FLOOR(__time TO MONTH), COUNT(*) FROM dst GROUP BY 1`,
      },
      CAP_MS,
    )
    const rows = [1, 2].map((added) => ({ ts: first + added, country: 'ZZ', device: 'tv', user: 'u', added }))
    for (const datasource of ['events', 'events_rollup'] as const) {
      expect(await faultsAcross(watched, () => appendRows(cluster, datasource, rows))).toEqual([])
    }
    const both = async (): Promise<void> => {
      await Promise.all([dropInterval(cluster, 'events', day), dropInterval(cluster, 'events_rollup', day)])
    }
    expect(await faultsAcross(watched, both)).toEqual([])
  })

  test('a lookup that changes, within the bound of lookups', async () => {
    const lookup = 'ovate_test_names'
    await setLookup(cluster, lookup, 'v1', { US: 'old', DE: 'DE' })
    const query = `SELECT LOOKUP(country, '${lookup}') AS c, COUNT(*) AS n FROM dst GROUP BY 1 ORDER BY 1`
    const shows = (text: string): Promise<void> =>
      waitForSql(cluster, query, (rows) => rows.some(({ c }) => c === text))
    await shows('old')
    const watched = await watching(
      {
        'by function': query,
        'by join': `SELECT l.v AS c, COUNT(*) AS n FROM dst LEFT JOIN lookup.${lookup} l ON dst.country = l.k GROUP BY 1 ORDER BY 1`,
        'as a filter': `SELECT COUNT(*) AS n FROM dst WHERE LOOKUP(country, '${lookup}') = 'old'`,
      },
      LOOKUP_MS,
    )
    const faults = await faultsAcross(watched, async () => {
      await setLookup(cluster, lookup, 'v2', { US: 'new', DE: 'DE' })
      await shows('new')
    })
    await watched.stop()
    const url = `${cluster.services.coordinator}/druid/coordinator/v1/lookups/config/__default/${lookup}`
    await request(url, { method: 'DELETE' })
    expect(faults).toEqual([])
  })
})

/** A batch task that appends one row with a column that `dst` has not. */
function taskWithColumn(name: string): object {
  const row = { ts: '2026-11-02T12:00:00Z', country: 'ZZ', device: 'tv', added: 1, price: 1, [name]: 'x' }
  const task = ingestTask({
    datasource: 'dst',
    inputSource: { type: 'inline', data: JSON.stringify(row) },
    inputFormat: { type: 'json' },
    append: true,
  }) as { spec: { dataSchema: { dimensionsSpec: { dimensions: readonly object[] } } } }
  const { dataSchema } = task.spec
  const dimensions = [...dataSchema.dimensionsSpec.dimensions, { type: 'string', name }]
  return { ...task, spec: { ...task.spec, dataSchema: { ...dataSchema, dimensionsSpec: { dimensions } } } }
}

async function setLookup(cluster: Cluster, name: string, version: string, map: object): Promise<void> {
  const url = `${cluster.services.coordinator}/druid/coordinator/v1/lookups/config/__default/${name}`
  parseJson(await request(url, { body: { version, lookupExtractorFactory: { type: 'map', map } } }))
}
