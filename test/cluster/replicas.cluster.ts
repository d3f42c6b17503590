// Two replicas in front of real Druid that share a real Redis: what the one has computed the other gives, byte for byte, until
// it changes or is purged.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { parseJson, request, sql } from './http.ts'
import { cacheStatus, type Settings, startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const WAIT_MS = 30_000
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
    replicas = await Promise.all([startOvate(cluster, settings), startOvate(cluster, settings)])
    await waitUntil(
      'both replicas to know of each other',
      async () => (await status(0)).length === 2,
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

  async function reads(at: number, outcome: string): Promise<number> {
    const { body } = await request(`${String(app(at).adminUrl)}/metrics`, { method: 'GET' })
    const pattern = new RegExp(String.raw`^ovate_shared_reads_total\{outcome="${outcome}"\} (\d+)`, 'm')
    return Number(pattern.exec(body.toString())?.[1] ?? 0)
  }

  const STATEMENTS: readonly (readonly [string, string | object])[] = [
    ['days and countries', DAYS],
    [
      'a scan',
      { query: 'SELECT __time, country, added FROM events ORDER BY __time LIMIT 20', resultFormat: 'csv' },
    ],
    ['a join', `SELECT e.country, COUNT(*) AS n FROM events e JOIN dst d ON e.country = d.label GROUP BY 1`],
    ['all of it', 'SELECT COUNT(*) AS n, COUNT(DISTINCT "user") AS u, AVG(price) AS p FROM events'],
    [
      'seen from now',
      `SELECT city, COUNT(*) AS n FROM events WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '40' DAY GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 7`,
    ],
  ]

  test.each(STATEMENTS)('%s: computed at one, given by the other', async (_, body) => {
    const druid = await sql(cluster.services.broker1, body)
    let last = ''
    const isGiven = async (): Promise<boolean> => {
      const first = await sql(app(0).url, body)
      expect([first.status, first.body.toString()]).toEqual([druid.status, druid.body.toString()])
      const before = await reads(1, 'hit')
      const second = await sql(app(1).url, body)
      expect([second.status, second.body.toString()]).toEqual([druid.status, druid.body.toString()])
      last = cacheStatus(second)
      return last === 'hit' && (await reads(1, 'hit')) > before
    }
    // Until the clock of the Brokers is known well enough, and a look at the timeline has seen that all is sealed.
    await waitUntil('an answer of the other', isGiven, within(WAIT_MS)).catch(() => undefined)
    expect([druid.status, last]).toEqual([200, 'hit'])
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
