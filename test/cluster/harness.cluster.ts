// The harness itself: what other tests on the cluster rely on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterAvailable, theCluster } from './available.ts'
import {
  appendRows,
  brokerTimeline,
  compact,
  dropInterval,
  reindex,
  reloadDst,
  restoreInterval,
  waitForSql,
} from './changes.ts'
import { findCluster, startCluster, type Cluster } from './cluster.ts'
import { countSql, type DatasourceName } from './datasources.ts'
import { request, sql, sqlRows, type Row } from './http.ts'
import { SERVICE_NAMES } from './services.ts'
import { within } from './wait.ts'

describe.runIf(clusterAvailable)('the cluster', () => {
  let cluster: Cluster

  beforeAll(() => {
    cluster = theCluster()
  })

  test('has every service ready', async () => {
    const status = (await cluster.status()).slice(0, SERVICE_NAMES.length)
    expect(status.map(({ name, state }) => [name, state])).toEqual(
      SERVICE_NAMES.map((name) => [name, 'ready']),
    )
  })

  test('is found, not started again', async () => {
    const pids = (await cluster.status()).map(({ pid }) => pid)
    const again = await startCluster({ offset: cluster.offset, data: 'none' })
    expect((await again.status()).map(({ pid }) => pid)).toEqual(pids)
  })

  test('refuses data of another size than it holds', async () => {
    const data = cluster.seeded?.size === 'full' ? 'small' : 'full'
    await expect(startCluster({ offset: cluster.offset, data })).rejects.toThrow(/stop it first/)
  })

  describe('its data', () => {
    test('are all there at both Brokers and the Router', async () => {
      for (const url of [...cluster.brokers, cluster.services.router]) {
        for (const [datasource, count] of Object.entries(cluster.seeded?.rows ?? {})) {
          const rows = await sqlRows(url, countSql(datasource as DatasourceName))
          expect([datasource, rows]).toEqual([datasource, [{ n: count }]])
        }
      }
    })

    test.each([
      ['ends at a midnight', `SELECT COUNT(*) AS n FROM events WHERE __time >= TIMESTAMP '$END'`, [{ n: 0 }]],
      [
        'has rows on its last day',
        `SELECT COUNT(*) > 0 AS n FROM events WHERE __time >= TIMESTAMP '$END' - INTERVAL '1' DAY`,
        [{ n: true }],
      ],
      [
        'has 64-bit integers',
        `SELECT CAST(MIN(reqId) AS VARCHAR) AS n FROM events`,
        [{ n: '9007199254740993' }],
      ],
      ['has a multi-value dimension', `SELECT MAX(MV_LENGTH(tags)) AS n FROM events`, [{ n: 3 }]],
      [
        'has null metrics',
        `SELECT COUNT(*) FILTER (WHERE price IS NULL) > 0 AS n FROM events`,
        [{ n: true }],
      ],
      [
        'tells empty from null',
        `SELECT COUNT(*) FILTER (WHERE referrer = '') > 0 AS n, COUNT(*) FILTER (WHERE referrer IS NULL) > 0 AS m FROM events`,
        [{ n: true, m: true }],
      ],
      [
        'has texts of many scripts',
        `SELECT COUNT(DISTINCT city) AS n FROM events WHERE city IN ('東京', 'القاهرة', '🌍')`,
        [{ n: 3 }],
      ],
      [
        'has quotes and backslashes',
        `SELECT COUNT(*) > 0 AS n FROM events WHERE page LIKE '%"x",''y''\\%'`,
        [{ n: true }],
      ],
      ['has the largest double', `SELECT MAX(weight) AS n FROM events`, [{ n: Number.MAX_VALUE }]],
      ['has a lookup', `SELECT LOOKUP('JP', 'country_name') AS n`, [{ n: '日本' }]],
      [
        'has HLL sketches',
        `SELECT APPROX_COUNT_DISTINCT_DS_HLL(users_hll) > 1000 AS n FROM events_rollup`,
        [{ n: true }],
      ],
      [
        'has theta sketches',
        `SELECT APPROX_COUNT_DISTINCT_DS_THETA(users_theta) > 1000 AS n FROM events_rollup`,
        [{ n: true }],
      ],
      [
        'has quantiles sketches',
        `SELECT APPROX_QUANTILE_DS(price_q, 0.5) BETWEEN 45 AND 55 AS n FROM events_rollup`,
        [{ n: true }],
      ],
      [
        'covers both changes of US time',
        `SELECT COUNT(DISTINCT TIME_FORMAT(__time, 'Z', 'America/New_York')) AS n FROM dst`,
        [{ n: 2 }],
      ],
    ])('%s', async (_, query, expected) => {
      const end = cluster.seeded?.eventsInterval.split('/')[1]?.slice(0, 10) ?? ''
      expect(await sqlRows(cluster.services.broker1, query.replaceAll('$END', end))).toEqual(expected)
    })
  })

  describe('its request log', () => {
    test('counts what reached one Broker, by kind', async () => {
      const logs = [cluster.requestLog('broker1'), cluster.requestLog('broker2')] as const
      const marks = [await logs[0].mark(), await logs[1].mark()] as const
      const url = cluster.services.broker1
      await sqlRows(url, `SELECT COUNT(*) FROM dst WHERE TIME_IN_INTERVAL(__time, '2026-11-01/2026-11-02')`)
      await sqlRows(url, 'EXPLAIN PLAN FOR SELECT country FROM dst LIMIT 3')
      await sqlRows(url, 'SELECT * FROM dst LIMIT 0')
      await request(`${url}/druid/v2`, { body: { queryType: 'timeBoundary', dataSource: 'dst' } })
      const counts = await logs[0].countsSince(marks[0])
      expect(counts).toMatchObject({ sql: 1, explain: 1, limit0: 1, native: 2, nativeSent: 1 })
      expect(counts.intervals).toContain('2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z')
      expect(await logs[1].since(marks[1])).toEqual([])
    })

    test('has statements that failed', async () => {
      const log = cluster.requestLog('broker2')
      const mark = await log.mark()
      const response = await sql(cluster.services.broker2, 'SELECT nothing FROM nowhere')
      expect(response.status).toBe(400)
      expect(await log.since(mark)).toMatchObject([
        { kind: 'sql', sql: 'SELECT nothing FROM nowhere', success: false },
      ])
    })
  })

  describe('changes of data', () => {
    const DAY = '2026-03-08/2026-03-09'
    const OF_DAY = `FROM dst WHERE TIME_IN_INTERVAL(__time, '${DAY}')`
    const timeline = (): Promise<readonly string[]> => brokerTimeline(cluster.services.broker1, 'dst', DAY)
    const ofDay = async (what: string): Promise<Row | undefined> =>
      (await sqlRows(cluster.services.broker2, `SELECT ${what} ${OF_DAY}`))[0]
    const number = async (what: string): Promise<number> => Number((await ofDay(`${what} AS n`))?.['n'])

    // The next run on this cluster finds what a fresh one has.
    afterAll(() => reloadDst(cluster))

    test('an append is one more partition of the same version', async () => {
      const [count, before] = [await number('COUNT(*)'), await timeline()]
      const row = { ts: '2026-03-08T12:00:00Z', country: 'XX', device: 'tv', added: 7, price: 1.5 }
      await appendRows(cluster, 'dst', [row, { ...row, added: 8 }])
      expect(await number('COUNT(*)')).toBe(count + 2)
      expect(await timeline()).toEqual(expect.arrayContaining([...before]))
    })

    test('a reindex changes rows and the version', async () => {
      const [sum, count, before] = [await number('SUM(added)'), await number('COUNT(*)'), await timeline()]
      await reindex(cluster, { datasource: 'dst', interval: DAY }, { columns: { added: 'added + 1' } })
      expect(await number('SUM(added)')).toBe(sum + count)
      expect((await timeline()).filter((id) => before.includes(id))).toEqual([])
    })

    test('a reindex can remove rows', async () => {
      const keep = { type: 'not', field: { type: 'selector', dimension: 'country', value: 'XX' } }
      await reindex(cluster, { datasource: 'dst', interval: DAY }, { keep })
      expect(await number(`COUNT(*) FILTER (WHERE country = 'XX')`)).toBe(0)
    })

    test('a reindex can empty a day', async () => {
      const interval = '2026-11-03/2026-11-04'
      const keep = { type: 'selector', dimension: 'country', value: 'nowhere' }
      await reindex(cluster, { datasource: 'dst', interval }, { keep })
      const left = `SELECT COUNT(*) AS n FROM dst WHERE TIME_IN_INTERVAL(__time, '${interval}')`
      expect(await sqlRows(cluster.services.broker1, left)).toEqual([{ n: 0 }])
      const device = ['tv', 'bot']
      const rows = device.map((name) => ({
        ts: '2026-11-03T12:00:00Z',
        country: 'US',
        device: name,
        added: 1,
      }))
      await appendRows(cluster, 'dst', rows)
      expect(await sqlRows(cluster.services.broker2, left)).toEqual([{ n: 2 }])
    })

    test('a compaction changes the version alone', async () => {
      const [rows, before] = [await ofDay('COUNT(*) AS n, SUM(added) AS m'), await timeline()]
      await compact(cluster, 'dst', DAY)
      expect(await ofDay('COUNT(*) AS n, SUM(added) AS m')).toEqual(rows)
      expect(await timeline()).not.toEqual(before)
    })

    test('a drop and a restore give the same version back', async () => {
      const [count, before] = [await number('COUNT(*)'), await timeline()]
      await dropInterval(cluster, 'dst', DAY)
      expect(await number('COUNT(*)')).toBe(0)
      await restoreInterval(cluster, 'dst', DAY)
      await waitForSql(cluster, `SELECT COUNT(*) AS n ${OF_DAY}`, ([row]) => row?.['n'] === count)
      expect(await timeline()).toEqual(before)
    })
  })

  describe('faults', () => {
    const stateOf = async (name: string): Promise<string | undefined> =>
      (await cluster.status()).find((service) => service.name === name)?.state

    test('a frozen Broker keeps its connections and answers nothing until thawed', async () => {
      cluster.freeze('broker2')
      expect(await stateOf('broker2')).toBe('frozen')
      await expect(sql(cluster.services.broker2, 'SELECT 1', within(1000))).rejects.toThrow(/aborted/)
      cluster.thaw('broker2')
      await cluster.waitReady()
      expect((await sql(cluster.services.broker2, 'SELECT 1')).status).toBe(200)
    })

    test('a killed Broker refuses connections until restarted', async () => {
      await cluster.kill('broker2')
      expect(await stateOf('broker2')).toBe('stopped')
      await expect(sql(cluster.services.broker2, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
      expect(() => cluster.freeze('broker2')).toThrow(/not running/)
      await cluster.restart('broker2')
      const n = cluster.seeded?.rows.events
      await waitForSql(cluster, countSql('events'), ([row]) => row?.['n'] === n)
    })

    test('no cluster is found where none runs', () => {
      expect(findCluster(54_321)).toBeUndefined()
    })
  })
})
