// Byte for byte what the Broker says: every format and head, first asked, kept, and asked again.
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { request, sql, type RawResponse } from './http.ts'
import { cacheStatus, startOvate, untilHit } from './ovate.ts'

const HEADS: [string, object][] = [
  ['no head', {}],
  ['names', { header: true }],
  ['names and types', { header: true, typesHeader: true }],
  ['names and SQL types', { header: true, sqlTypesHeader: true }],
  ['all', { header: true, typesHeader: true, sqlTypesHeader: true }],
]

/** Each asks for something that one format or another writes in its own way. Ordered, so that two runs are the same. */
const STATEMENTS: [string, string | object][] = [
  ['a count', 'SELECT COUNT(*) AS n FROM events'],
  ['no rows', "SELECT __time, country, added FROM events WHERE country = 'nowhere'"],
  ['no rows, an aggregate', "SELECT SUM(added) AS s, MAX(price) AS p FROM events WHERE country = 'nowhere'"],
  ['every kind of column', `SELECT * FROM events WHERE country IS NOT NULL ORDER BY __time LIMIT 200`],
  [
    'null and empty texts',
    'SELECT city, referrer, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100',
  ],
  ['one column of nulls and empty texts', 'SELECT DISTINCT referrer FROM events ORDER BY 1'],
  ['one column, null alone', 'SELECT referrer FROM events WHERE referrer IS NULL LIMIT 3'],
  ['texts with commas, quotes, backslashes, lines', 'SELECT DISTINCT page FROM events ORDER BY 1 LIMIT 500'],
  ['non-Latin texts', 'SELECT DISTINCT city FROM events ORDER BY 1'],
  ['64-bit integers', 'SELECT reqId, MAX(reqId) AS m FROM events GROUP BY 1 ORDER BY 1 DESC LIMIT 50'],
  ['doubles and floats', 'SELECT price, latency, weight FROM events ORDER BY __time LIMIT 300'],
  ['averages', 'SELECT country, AVG(price) AS p, AVG(added) AS a FROM events GROUP BY 1 ORDER BY 1'],
  ['multi-value texts', 'SELECT tags, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC, 1'],
  [
    'lists as texts',
    'SELECT ARRAY[1, added] AS a, MV_TO_ARRAY(tags) AS t FROM events ORDER BY __time LIMIT 50',
  ],
  ['booleans', 'SELECT added > 10 AS big, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1'],
  ['times', "SELECT TIME_FLOOR(__time, 'P1D') AS d, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1"],
  ['dates', 'SELECT CAST(__time AS DATE) AS d, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 10'],
  ['two columns of one name', 'SELECT country AS c, device AS c FROM events GROUP BY 1, 2 ORDER BY 1, 2'],
  [
    'odd names',
    'SELECT country AS "a ""b""", device AS "c\\", COUNT(*) AS "日本 \t{}" FROM events GROUP BY 1, 2 ORDER BY 1, 2',
  ],
  ['no names', 'SELECT country, COUNT(*), MAX(added) + 1 FROM events GROUP BY 1 ORDER BY 1'],
  ['a null column', 'SELECT country, NULL AS nothing FROM events GROUP BY 1 ORDER BY 1'],
  [
    'NaN and infinities',
    'SELECT country, MAX(price) * 1e308 * 1e308 AS a, 0 - MAX(price) * 1e308 * 1e308 AS b FROM events GROUP BY 1 ORDER BY 1',
  ],
  ['sketches', 'SELECT country, DS_THETA(device) AS t FROM events GROUP BY 1 ORDER BY 1'],
  [
    'a lookup',
    "SELECT LOOKUP(country, 'country_name') AS c, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1",
  ],
  ['a union', 'SELECT COUNT(*) AS n FROM events UNION ALL SELECT COUNT(*) FROM dst'],
  [
    'a zone of its own',
    {
      query: "SELECT TIME_FLOOR(__time, 'PT1H') AS h, COUNT(*) AS n FROM dst GROUP BY 1 ORDER BY 1",
      context: { sqlTimeZone: 'America/New_York' },
    },
  ],
  [
    'parameters',
    {
      query:
        'SELECT country, COUNT(*) AS n FROM events WHERE reqId > ? AND device = ? AND __time >= ? GROUP BY 1 ORDER BY 1',
      parameters: [
        { type: 'BIGINT', value: 5 },
        { type: 'VARCHAR', value: 'mobile' },
        { type: 'TIMESTAMP', value: '2026-01-01 00:00:00' },
      ],
    },
  ],
  [
    'booleans as texts, unknown fields, absent context',
    { query: 'SELECT COUNT(*) AS n FROM events', header: 'false', context: null, queryType: 'sql' },
  ],
]

describe.runIf(clusterAvailable)('the answers of Ovate', () => {
  let cluster: Cluster
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster)
  })

  afterAll(async () => {
    await app.close()
  })

  function broker(): string {
    return cluster.brokers[0] ?? ''
  }

  describe.each(STATEMENTS)('%s', (_, statement) => {
    const base = typeof statement === 'string' ? { query: statement } : statement

    test('are those of the Broker in every form', async () => {
      await untilHit(app, { ...base, resultFormat: 'array' })
      for (const resultFormat of RESULT_FORMATS) {
        for (const [head, options] of HEADS) {
          const body = { ...base, ...options, resultFormat }
          const direct = await sql(broker(), body)
          const hit = await sql(app.url, body)
          expect([head, hit.status, hit.body.toString()]).toEqual([head, 200, direct.body.toString()])
          expect(sameHeaders(hit)).toEqual(sameHeaders(direct))
        }
      }
    })

    test('are those of the Broker when they are fetched for the first time', async () => {
      for (const resultFormat of RESULT_FORMATS) {
        const body = { ...base, resultFormat, header: true, sqlTypesHeader: true }
        const direct = await sql(broker(), body)
        const fetched = await request(`${app.url}/druid/v2/sql`, {
          body,
          headers: { 'cache-control': 'no-cache' },
        })
        expect(fetched.body.toString()).toBe(direct.body.toString())
        expect(cacheStatus(fetched)).toBe('fwd=miss')
        expect(sameHeaders(fetched)).toEqual(sameHeaders(direct))
      }
    })
  })

  /** Statements whose answer is Druid's own, passed on. */
  test.each<[string, string | object]>([
    ['no table', 'SELECT 1 AS one'],
    [
      'system tables',
      "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid' ORDER BY 1",
    ],
    ['a plan', 'EXPLAIN PLAN FOR SELECT COUNT(*) FROM dst'],
    [
      'arrays in csv',
      {
        query: 'SELECT ARRAY[1,2] AS a FROM dst LIMIT 1',
        resultFormat: 'csv',
        context: { sqlStringifyArrays: false },
      },
    ],
    ['a syntax error', 'SELECT COUNT(* FROM events'],
    ['an unknown table', 'SELECT * FROM nowhere'],
    ['an unknown column', 'SELECT nothing FROM events'],
    ['no query', { header: true }],
    ['an unknown format', { query: 'SELECT 1', resultFormat: 'xml' }],
    ['types without names', { query: 'SELECT 1', typesHeader: true }],
    ['INSERT', 'INSERT INTO t SELECT * FROM events PARTITIONED BY DAY'],
    ['SET, which 33 does not know', 'SET useCache = false; SELECT COUNT(*) FROM events'],
    ['a query of its own time', { query: 'SELECT COUNT(*) FROM events', context: { timeout: 'soon' } }],
  ])('%s: the answer of the Broker passes', async (_, body) => {
    const direct = await sql(broker(), body)
    const passed = await sql(app.url, body)
    expect(passed.status).toBe(direct.status)
    expect(withoutIds(passed)).toBe(withoutIds(direct))
    expect(passed.headers['content-type']).toBe(direct.headers['content-type'])
  })

  test.each([
    ['text/plain', 'SELECT 1'],
    ['application/x-www-form-urlencoded', 'SELECT+1'],
    ['', '{"query":"SELECT 1"}'],
  ])('the content type %j gets the answer of the Broker', async (type, body) => {
    const headers = { 'content-type': type }
    const [direct, passed] = await Promise.all(
      [broker(), app.url].map((url) => request(`${url}/druid/v2/sql`, { headers, body })),
    )
    expect(passed?.status).toBe(direct?.status)
    // Jetty's page names an object of its own JVM.
    const page = (answer: typeof direct): string | undefined =>
      answer?.body.toString().replace(/DefaultServlet-[\da-f]+/, 'DefaultServlet')
    expect(page(passed)).toBe(page(direct))
  })

  test('gzip in both directions, kept or not', async () => {
    const body = { query: 'SELECT DISTINCT page FROM events ORDER BY 1 LIMIT 500' }
    const direct = await sql(broker(), body)
    const { gzipSync } = await import('node:zlib')
    const zipped = gzipSync(JSON.stringify(body))
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
    }
    for (let round = 0; round < 4; round += 1) {
      const got = await request(`${app.url}/druid/v2/sql/`, { headers, body: zipped })
      const plain = got.headers['content-encoding'] === 'gzip' ? gunzipSync(got.body) : got.body
      expect(plain.equals(direct.body)).toBe(true)
    }
  })

  test("Druid's own trailers reach those who ask for them", async () => {
    const got = await request(`${app.url}/druid/v2/sql`, {
      body: { query: 'SELECT 1' },
      headers: { te: 'trailers' },
    })
    expect(got.trailers).toEqual({ 'x-druid-response-complete': 'true' })
    const plain = await sql(app.url, 'SELECT 1')
    expect(plain.trailers).toEqual({})
    expect(plain.headers['trailer']).toBeUndefined()
  })

  test.each([
    '/status',
    '/druid/v2/datasources',
    '/druid/v2/datasources/events',
    '/druid/v2/datasources/events/candidates?intervals=2026-11-01/2026-11-02',
    '/druid/nowhere',
  ])('GET %s passes', async (path) => {
    const direct = await request(`${broker()}${path}`)
    const passed = await request(`${app.url}${path}`)
    expect(passed.status).toBe(direct.status)
    expect(lastingOf(path, passed)).toBe(lastingOf(path, direct))
  })

  test('native queries pass', async () => {
    const native = {
      queryType: 'timeseries',
      dataSource: 'events',
      granularity: 'all',
      intervals: '2020-01-01/2030-01-01',
      aggregations: [{ type: 'count', name: 'n' }],
    }
    for (const path of ['/druid/v2', '/druid/v2/', '/druid/v2/?pretty']) {
      const direct = await request(`${broker()}${path}`, { body: native })
      const passed = await request(`${app.url}${path}`, { body: native })
      expect(passed.status).toBe(200)
      expect(passed.body.toString()).toBe(direct.body.toString())
    }
  })
})

/** The headers that a client may go by. */
function sameHeaders({ headers }: RawResponse): unknown {
  const {
    'content-type': type,
    'x-druid-sql-header-included': head,
    'x-druid-response-context': context,
    vary,
  } = headers
  return { type, head, context, vary }
}

/** `/status` tells of memory, which changes from moment to moment. */
function lastingOf(path: string, { body }: RawResponse): string {
  return path === '/status' ? body.toString().replaceAll(/"memory":\{[^}]*\}/g, '') : body.toString()
}

/** Ids of queries and names of hosts are of one answer only. */
function withoutIds({ body }: RawResponse): string {
  return body.toString().replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
}
