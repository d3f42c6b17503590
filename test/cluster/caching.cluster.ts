// What reaches Druid, and what a client can ask of the cache: told by the Brokers' own request logs.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { parseJson, request, sql, type RawResponse } from './http.ts'
import { cacheStatus, startOvate, untilHit } from './ovate.ts'
import { type LoggedQuery, type Mark } from './request-log.ts'
import { waitUntil, within } from './wait.ts'

const LOGS = ['broker1', 'broker2'] as const
const CAP_MS = 3_000

describe.runIf(clusterAvailable)('what reaches Druid', () => {
  let cluster: Cluster
  /** Its bounds are shorter than a test, so that nothing lasts but what proves itself. */
  let short: App
  /** Its bounds are longer than a test. */
  let long: App
  let name: string
  let marks: readonly Mark[]

  beforeAll(async () => {
    cluster = theCluster()
    const bounds = { schemaRefresh: '1s' }
    ;[short, long] = await Promise.all([
      startOvate(cluster, { freshness: { ...bounds, head: '1s', cap: '3s' } }),
      startOvate(cluster, { freshness: { ...bounds, head: '60s', cap: '120s' } }),
    ])
  })

  afterAll(async () => {
    await Promise.all([short.close(), long.close()])
  })

  beforeEach(async () => {
    name = `n ${randomUUID()}`
    marks = await Promise.all(LOGS.map((broker) => cluster.requestLog(broker).mark()))
  })

  /** A statement of this test alone, so that what others ask of the cluster isn't counted. */
  const count = (rest = 'dst'): string => `SELECT COUNT(*) AS "${name}" FROM ${rest}`
  const top = (): string =>
    `SELECT "user", SUM(added) AS "${name}" FROM events GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`

  /** The statements of this test that reached a Broker, EXPLAIN left out. */
  async function reached(): Promise<readonly LoggedQuery[]> {
    const logged = await Promise.all(
      LOGS.map((broker, at) => cluster.requestLog(broker).since(marks[at] ?? {})),
    )
    return logged
      .flat()
      .filter((query) => query.kind === 'sql' && query.statement === 'data' && query.sql.includes(name))
  }

  function ask(app: App, body: string | object, cacheControl?: string): Promise<RawResponse> {
    const headers: Record<string, string> =
      cacheControl === undefined ? {} : { 'cache-control': cacheControl }
    const sent = typeof body === 'string' ? { query: body } : body
    return request(`${app.url}/druid/v2/sql`, { body: sent, headers })
  }

  /** Asks until an answer has outlived every bound: the timeline alone vouches for it then. */
  async function untilProved(body: string | object): Promise<void> {
    let missedAtMs = Date.now()
    const proved = async (): Promise<boolean> => {
      if (cacheStatus(await ask(short, body)) !== 'hit') missedAtMs = Date.now()
      return Date.now() - missedAtMs > CAP_MS
    }
    await waitUntil('an answer that outlives its bound', proved, within(60_000))
  }

  test('what nothing changed is a hit for good, in every format, and Druid does not hear of it', async () => {
    const query = count("dst WHERE TIME_IN_INTERVAL(__time, '2026-03-06/2026-03-07')")
    await untilProved(query)
    const before = await reached()
    for (const resultFormat of RESULT_FORMATS) {
      const direct = await sql(cluster.services.broker1, { query, resultFormat })
      const hit = await ask(short, { query, resultFormat, header: false })
      expect([cacheStatus(hit), hit.body.toString()]).toEqual(['hit', direct.body.toString()])
    }
    expect((await reached()).length - before.length).toBe(RESULT_FORMATS.length)
  })

  test.each<[string, object]>([
    ['strict', { mode: 'strict' }],
    ['head 0', { head: 0 }],
  ])('%s: what is sealed is a hit after a look, of all time too', async (_, freshness) => {
    const app = await startOvate(cluster, { freshness: { schemaRefresh: '1s', ...freshness } })
    try {
      await untilHit(app, count('events'))
      const before = (await reached()).length
      const again = [await ask(app, count('events')), await ask(app, count('events'))]
      expect(again.map(cacheStatus)).toEqual(['hit', 'hit'])
      expect((await reached()).length).toBe(before)
    } finally {
      await app.close()
    }
  })

  test('one question asked by many at once is asked of Druid once, whatever each wants of its form', async () => {
    const query = top()
    const forms = RESULT_FORMATS.flatMap((resultFormat) => [
      { query, resultFormat },
      { query, resultFormat, header: true, context: { sqlQueryId: randomUUID() } },
      { query: `${query} -- ${resultFormat}`, resultFormat, context: { timeout: 60_000 } },
    ])
    const answers = await Promise.all(forms.map((form) => ask(long, form)))
    expect(await reached()).toHaveLength(1)
    const direct = await Promise.all(forms.map((form) => sql(cluster.services.broker1, form)))
    expect(answers.map(({ body }) => body.toString())).toEqual(direct.map(({ body }) => body.toString()))
    expect(answers.map(({ headers }) => headers['x-druid-sql-query-id'])).toHaveLength(
      new Set(answers.map(({ headers }) => headers['x-druid-sql-query-id'])).size,
    )
  })

  test('those who ask while an answer is being judged are given that one', async () => {
    const query = top()
    for (let i = 0; i < 20; i += 1) await ask(long, query)
    expect(await reached()).toHaveLength(1)
  })

  test('what Druid refuses is asked once by many at once, and again by the next', async () => {
    const query = `SELECT nothing AS "${name}" FROM dst`
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(long, query)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const asked = (await reached()).length
    expect((await ask(long, query)).status).toBe(400)
    expect((await reached()).length).toBe(asked + 1)
  })

  test('no-cache asks Druid, and what it brings is for all', async () => {
    await untilHit(long, count())
    const before = (await reached()).length
    expect(cacheStatus(await ask(long, count(), 'no-cache'))).toBe('fwd=miss')
    expect((await reached()).length).toBe(before + 1)
    expect(cacheStatus(await ask(long, count()))).toBe('hit')
    expect((await reached()).length).toBe(before + 1)
  })

  test.each<[string, object, string | undefined]>([
    ['no-store', {}, 'no-store'],
    ['useCache: false', { context: { useCache: false } }, undefined],
    ['useCache: "false"', { context: { useCache: 'false' } }, undefined],
  ])('%s goes past the cache both ways', async (_, more, cacheControl) => {
    for (let i = 0; i < 2; i += 1) {
      const passed = await ask(long, { query: count(), ...more }, cacheControl)
      expect(passed.headers['cache-status']).toBe('ovate; fwd=bypass; detail="pass client-bypass"')
    }
    expect(await reached()).toHaveLength(2)
    expect((await ask(long, count(), 'only-if-cached')).status).toBe(504)
  })

  test('only-if-cached never reaches Druid', async () => {
    const none = await ask(long, count(), 'only-if-cached')
    expect(none.status).toBe(504)
    expect(parseJson({ ...none, status: 200 })).toMatchObject({ context: { ovateCode: 'OVATE_NOT_CACHED' } })
    expect(await reached()).toEqual([])
    await untilHit(long, count())
    const before = (await reached()).length
    expect(cacheStatus(await ask(long, count(), 'only-if-cached'))).toBe('hit')
    expect((await reached()).length).toBe(before)
  })

  test('max-age is a bound of the asker', async () => {
    const query = count("dst WHERE TIME_IN_INTERVAL(__time, '2026-03-07/2026-03-08')")
    await untilHit(long, query)
    let age = 0
    const aged = async (): Promise<boolean> => {
      age = Number((await ask(long, query)).headers['age'])
      return age >= 2
    }
    await waitUntil('an answer of some age', aged, within(30_000))
    expect(cacheStatus(await ask(long, query, 'max-age=3600'))).toBe('hit')
    const before = (await reached()).length
    expect(cacheStatus(await ask(long, query, 'max-age=1'))).toBe('fwd=miss')
    expect((await reached()).length).toBe(before + 1)
  })

  test('a purge takes out what read a datasource, and nothing else', async () => {
    const [dst, joined, events] = [
      count(),
      count('dst d JOIN (SELECT country FROM events_rollup GROUP BY 1) e ON d.country = e.country'),
      `SELECT COUNT(*) AS "${name}", MAX(added) AS m FROM events`,
    ]
    for (const query of [dst, joined, events]) await untilHit(long, query)
    const purged = await request(`${long.adminUrl}/ovate/cache?datasource=dst`, { method: 'DELETE' })
    expect(purged.status).toBe(200)
    const statuses: number[] = []
    for (const query of [dst, joined, events])
      statuses.push((await ask(long, query, 'only-if-cached')).status)
    expect(statuses).toEqual([504, 504, 200])
  })
})
