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
const HOUR_MS = 3_600_000
const CLIENTS = 50
const DAYS = `SELECT FLOOR(__time TO DAY) AS d, country, COUNT(*) AS n, SUM(added) AS a FROM events WHERE __time < CURRENT_DATE - INTERVAL '3' DAY GROUP BY 1, 2`

if (!hasRedis) process.stderr.write('\n*** replicas: SKIPPED: no redis-server\n')

/** Hours of which a text fetches parts. */
function hoursIn(text: string): readonly number[] {
  const ranges = text.matchAll(/TO_TIMESTAMP\((\d+)\) AND "__time" < MILLIS_TO_TIMESTAMP\((\d+)\)/g)
  return [...ranges].flatMap(([, from, to]) => {
    const hours = (Number(to) - Number(from)) / HOUR_MS
    return Array.from({ length: hours }, (_, at) => Number(from) + at * HOUR_MS)
  })
}

describe.runIf(clusterAvailable && hasRedis)('replicas that share answers', () => {
  let cluster: Cluster
  const ends: (() => unknown)[] = []
  let redis: RedisServer
  let replicas: readonly App[] = []
  /** The first whole day of `events`. */
  let firstMs = 0

  beforeAll(async () => {
    cluster = theCluster()
    redis = await startRedis(ends)
    const [row] = parseJson(
      await sql(cluster.services.broker1, "SELECT TIME_CEIL(MIN(__time), 'P1D') AS d FROM events"),
    ) as [{ readonly d: string }]
    firstMs = Date.parse(row.d)
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
    // Until the clock of the Brokers is known well enough nothing can be shared.
    let least = -1
    const isGiven = async (): Promise<boolean> => {
      least -= 1
      const query = `SELECT COUNT(*) AS n FROM events WHERE added > ${least}`
      const stored = await writes(0)
      await sql(app(0).url, query)
      await untilStored(stored)
      const others = await Promise.all([1, 2].map((at) => sql(app(at).url, query)))
      return others.every((got) => cacheStatus(got) === 'hit')
    }
    await waitUntil('all to be given what one computed', isGiven, within(WAIT_MS))
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

  /** Beside the road: where no lease is worth its cost, who asks at once comes before it. Not all is stored. */
  async function untilStored(before: number): Promise<void> {
    const isStored = async (): Promise<boolean> => (await writes(0)) > before
    await waitUntil('it to be stored', isStored, within(STORED_MS)).catch(() => undefined)
  }

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
      await untilStored(stored)
      const before = await reads(1)
      const second = await sql(app(1).url, body)
      expect([druid.status, first.status, first.body.toString()]).toEqual([200, ...given])
      expect([second.status, second.body.toString()]).toEqual(given)
      return cacheStatus(second) === 'hit' && (await reads(1)) > before
    }
    await waitUntil('an answer of the other', isGiven, within(WAIT_MS))
    expect(least).toBeGreaterThan(0)
  })

  /** How often a replica, of all three, went alone since the time it had for waiting was over: a slow machine may. */
  async function goneAlone(): Promise<number> {
    const counts = await Promise.all(
      [0, 1, 2].map((at) => counted(at, 'ovate_lease_alone_total{why="budget"}')),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

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

  /** One alone is the rule; how often it holds on a machine that does much else is for the bench `stampede` to say. */
  function expectFew(queries: readonly number[]): void {
    expect(queries).toContain(1)
    expect(queries.reduce((sum, count) => sum + count, 0)).toBeLessThan(2 * queries.length)
  }

  test.each(COLD)('%s, asked of all by 50 clients at once: one query', async (_, statement) => {
    const queries: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const name = `n ${randomUUID()}`
      const since = await textsFromHere()
      const alone = await goneAlone()
      const got = await Promise.all(
        Array.from({ length: CLIENTS }, (__, at) => sql(app(at % 3).url, statement(name))),
      )
      const asked = (await since()).filter((text) => text.includes(name)).length
      queries.push((await goneAlone()) > alone ? 1 : asked)
      const druid = await sql(cluster.services.broker1, statement(name))
      expect(new Set(got.map(({ status: code, body }) => `${code} ${String(body)}`))).toEqual(
        new Set([`200 ${druid.body.toString()}`]),
      )
    }
    expectFew(queries)
  })

  const WARM: readonly (readonly [string, (name: string, window: string) => string])[] = [
    [
      'series',
      (name, window) =>
        `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM events WHERE ${window} AND city <> '${name}' GROUP BY 1`,
    ],
    [
      'merge',
      (name, window) =>
        `SELECT country, COUNT(*) AS n, SUM(added) AS s FROM events WHERE ${window} AND city <> '${name}' GROUP BY 1 ORDER BY 2 DESC, 1`,
    ],
  ]
  const hoursOf = (from: number, to: number): string => {
    const at = (hour: number): string =>
      new Date(firstMs + hour * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ')
    return `__time >= TIMESTAMP '${at(from)}' AND __time < TIMESTAMP '${at(to)}'`
  }
  const days = (from: number, to: number): string => hoursOf(from * 24, to * 24)

  /** Asks each replica for windows of its own until each puts answers together from parts. */
  async function warmUp(kind: string, form: (window: string) => string): Promise<void> {
    let hour = 0
    for (const at of [0, 1, 2]) {
      const isWarm = async (): Promise<boolean> => {
        hour = (hour + 1) % 200
        const got = await sql(app(at).url, form(hoursOf(hour, hour + 24)))
        return cacheStatus(got) === 'fwd=partial'
      }
      await waitUntil(`${kind} at replica ${at}`, isWarm, within(WAIT_MS))
    }
  }

  /** What Druid is asked for from now on, by both Brokers' logs. */
  async function textsFromHere(): Promise<() => Promise<readonly string[]>> {
    const logs = (['broker1', 'broker2'] as const).map((broker) => cluster.requestLog(broker))
    const from = await Promise.all(logs.map((log) => log.mark()))
    return async () => {
      const logged = await Promise.all(logs.map((log, at) => log.since(from[at] ?? {})))
      return logged.flat().flatMap((one) => (one.kind === 'sql' && one.statement === 'data' ? [one.sql] : []))
    }
  }

  test.each(WARM)(
    'a cold window of a known %s, asked of all by 50 clients at once: one query',
    async (kind, form) => {
      const name = `n ${randomUUID()}`
      await warmUp(kind, (window) => form(name, window))
      const queries: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const statement = form(name, days(12 + 8 * round, 18 + 8 * round))
        const since = await textsFromHere()
        const alone = await goneAlone()
        const got = await Promise.all(
          Array.from({ length: CLIENTS }, (_, at) => sql(app(at % 3).url, statement)),
        )
        const asked = (await since()).filter((text) => text.includes(name)).length
        queries.push((await goneAlone()) > alone ? 1 : asked)
        const druid = await sql(cluster.services.broker1, statement)
        expect(new Set(got.map(({ status: code, body }) => `${code} ${String(body)}`))).toEqual(
          new Set([`200 ${druid.body.toString()}`]),
        )
      }
      expectFew(queries)
    },
  )

  test.each(WARM)('windows of a known %s that overlap: each bucket is asked for once', async (kind, form) => {
    const name = `n ${randomUUID()}`
    await warmUp(kind, (window) => form(name, window))
    for (let round = 0; round < 3; round += 1) {
      const first = 12 + 12 * round
      const windows = [0, 2, 4, 1, 5, 3].map((from) => days(first + from, first + from + 4))
      const alone = await goneAlone()
      const since = await textsFromHere()
      const got = await Promise.all(windows.map((window, at) => sql(app(at % 3).url, form(name, window))))
      const texts = (await since()).filter((text) => text.includes(name))
      for (const [at, window] of windows.entries()) {
        const druid = await sql(cluster.services.broker1, form(name, window))
        expect([got[at]?.status, String(got[at]?.body)]).toEqual([200, druid.body.toString()])
      }
      const hours = texts.flatMap(hoursIn)
      const twice = hours.length - new Set(hours).size
      const isAllowed = (await goneAlone()) > alone
      expect({ round, twice: isAllowed ? 0 : twice, hours: new Set(hours).size }).toEqual({
        round,
        twice: 0,
        hours: 9 * 24,
      })
    }
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
