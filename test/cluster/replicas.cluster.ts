// Three replicas in front of real Druid that share a real Redis and a real ZooKeeper: what one has computed the others give, byte
// for byte, until it changes or is purged; what many ask at once is computed once.
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { parseJson, request, sql } from './http.ts'
import { cacheStatus, type Settings, startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const WAIT_MS = 30_000
const STORED_MS = 2_000
const CLIENTS = 50
const DAYS = `SELECT FLOOR(__time TO DAY) AS d, country, COUNT(*) AS n, SUM(added) AS a FROM events WHERE __time < CURRENT_DATE - INTERVAL '3' DAY GROUP BY 1, 2`

if (!hasRedis) process.stderr.write('\n*** replicas: SKIPPED: no redis-server\n')

describe.runIf(clusterAvailable && hasRedis)('replicas that share answers', () => {
  let cluster: Cluster
  const ends: (() => unknown)[] = []
  let redis: RedisServer
  let replicas: readonly App[] = []

  beforeAll(async () => {
    cluster = theCluster()
    redis = await startRedis(ends)
    const connect = cluster.zookeeper
    const settings: Settings = {
      druid: { zookeeper: { connect, path: '/druid' } },
      coordination: { connect, path: `/ovate-${randomBytes(4).toString('hex')}` },
      cache: { shared: { nodes: [redis.node] } },
      identity: { secret: 'the same' },
    }
    replicas = await Promise.all([1, 2, 3].map(() => startOvate(cluster, settings)))
    await waitUntil(
      'all replicas to know of each other',
      async () => (await Promise.all([0, 1, 2].map(status))).every(({ length }) => length === 3),
      within(WAIT_MS),
    )
  })
  afterAll(async () => {
    await Promise.all(replicas.map((one) => one.close()))
    for (const end of ends.toReversed()) await end()
  })

  const app = (at: number): App => {
    const found = replicas[at]
    if (found === undefined) throw new Error('no such replica')
    return found
  }

  async function status(at: number): Promise<readonly unknown[]> {
    const { coordination } = parseJson(
      await request(`${String(app(at).adminUrl)}/ovate/status`, { method: 'GET' }),
    ) as { coordination: { replicas: readonly unknown[] } }
    return coordination.replicas
  }

  async function counted(at: number, metric: string): Promise<number> {
    const { body } = await request(`${String(app(at).adminUrl)}/metrics`, { method: 'GET' })
    const line = body
      .toString()
      .split('\n')
      .find((one) => one.startsWith(`${metric} `))
    return Number(line?.split(' ')[1] ?? 0)
  }

  const reads = (at: number): Promise<number> => counted(at, 'ovate_shared_reads_total{outcome="hit"}')
  const writes = (at: number): Promise<number> => counted(at, 'ovate_shared_writes_total{outcome="stored"}')

  /** Each time another statement: what the other has computed itself it would give from its own memory. */
  const STATEMENTS: readonly (readonly [string, (least: number) => string | object])[] = [
    [
      'days and countries',
      (least) =>
        `SELECT FLOOR(__time TO DAY) AS d, country, COUNT(*) AS n FROM events WHERE added > ${least} AND __time < CURRENT_DATE - INTERVAL '3' DAY GROUP BY 1, 2`,
    ],
    [
      'a scan',
      (least) => ({
        query: `SELECT __time, country, added FROM events WHERE added > ${least} ORDER BY __time LIMIT 20`,
        resultFormat: 'csv',
      }),
    ],
    [
      'a join',
      (least) =>
        `SELECT a.country, a.n, b.m FROM (SELECT country, COUNT(*) AS n FROM events WHERE added > ${least} GROUP BY 1) a JOIN (SELECT country, MAX(added) AS m FROM events GROUP BY 1) b ON a.country = b.country`,
    ],
    [
      'all of it',
      (least) => `SELECT COUNT(*) AS n, COUNT(DISTINCT "user") AS u FROM events WHERE added > ${least}`,
    ],
    [
      'seen from now',
      (least) =>
        `SELECT city, COUNT(*) AS n FROM events WHERE added > ${least} AND __time >= CURRENT_TIMESTAMP - INTERVAL '40' DAY GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 7`,
    ],
  ]

  test.each(STATEMENTS)('%s: computed at one, given by the other', async (_, statement) => {
    let least = 0
    // Until the clock of the Brokers is known well enough, and a look at the timeline has seen that all is sealed.
    const isGiven = async (): Promise<boolean> => {
      least += 1
      const body = statement(least)
      const druid = await sql(cluster.services.broker1, body)
      const given = [druid.status, druid.body.toString()]
      const stored = await writes(0)
      const first = await sql(app(0).url, body)
      // It is stored beside the road.
      const isStored = async (): Promise<boolean> => (await writes(0)) > stored
      await waitUntil('it to be stored', isStored, within(STORED_MS)).catch(() => undefined)
      const before = await reads(1)
      const second = await sql(app(1).url, body)
      expect([druid.status, first.status, first.body.toString()]).toEqual([200, ...given])
      expect([second.status, second.body.toString()]).toEqual(given)
      return cacheStatus(second) === 'hit' && (await reads(1)) > before
    }
    await waitUntil('an answer of the other', isGiven, within(WAIT_MS))
    expect(least).toBeGreaterThan(0)
  })

  const COLD: readonly (readonly [string, (name: string) => string])[] = [
    ['totals', (name) => `SELECT COUNT(*) AS "${name}", SUM(added) AS s FROM events`],
    ['days', (name) => `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS "${name}" FROM events GROUP BY 1`],
    [
      'the best ones of a join',
      (name) =>
        `SELECT a.city, COUNT(*) AS "${name}" FROM events a JOIN (SELECT city FROM events GROUP BY 1) b ON a.city = b.city GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5`,
    ],
    ['a scan', (name) => `SELECT __time, country AS "${name}" FROM events ORDER BY __time LIMIT 30`],
  ]

  test.each(COLD)('%s, asked of all by 50 clients at once: one query', async (_, statement) => {
    const queries: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const name = `n ${randomUUID()}`
      const logs = (['broker1', 'broker2'] as const).map((broker) => cluster.requestLog(broker))
      const marks = await Promise.all(logs.map((log) => log.mark()))
      const got = await Promise.all(
        Array.from({ length: CLIENTS }, (__, at) => sql(app(at % 3).url, statement(name))),
      )
      const logged = await Promise.all(logs.map((log, at) => log.since(marks[at] ?? {})))
      queries.push(
        logged
          .flat()
          .filter((one) => one.kind === 'sql' && one.statement === 'data' && one.sql.includes(name)).length,
      )
      const druid = await sql(cluster.services.broker1, statement(name))
      expect(new Set(got.map(({ status: code, body }) => `${code} ${String(body)}`))).toEqual(
        new Set([`200 ${druid.body.toString()}`]),
      )
    }
    expect(queries).toEqual([1, 1, 1])
  })

  test('a purge at one is obeyed by the other, and by what they share', async () => {
    await waitUntil(
      'a hit at both',
      async () => {
        const both = await Promise.all([0, 1].map((at) => sql(app(at).url, DAYS)))
        return both.every((got) => cacheStatus(got) === 'hit')
      },
      within(WAIT_MS),
    )
    const purged = await request(`${String(app(0).adminUrl)}/ovate/cache?datasource=events`, {
      method: 'DELETE',
    })
    expect(purged.status).toBe(200)
    const entries = async (): Promise<boolean> => {
      const { cache } = parseJson(
        await request(`${String(app(1).adminUrl)}/ovate/status`, { method: 'GET' }),
      ) as { cache: { entries: number } }
      return cache.entries === 0
    }
    await waitUntil('the other to have dropped it', entries, within(WAIT_MS))
    expect(cacheStatus(await sql(app(1).url, DAYS))).toMatch(/^fwd=/)
  })
})
