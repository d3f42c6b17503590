// What Superset and its like send, each in its own manner: byte for byte the Broker's answer, first and again.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Asked, ASKED, BUCKET, type Days, range } from './client-statements.ts'
import { type ClientAnswer, type ClientName, CLIENTS, Sender } from './clients.ts'
import { type Cluster } from './cluster.ts'
import { request } from './http.ts'
import { startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

describe.runIf(clusterAvailable)('clients', () => {
  let cluster: Cluster
  let app: App
  let sender: Sender
  let day: Days

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster, { freshness: { head: '60s', cap: '120s' } })
    sender = new Sender()
    const end = Date.parse(cluster.seeded?.eventsInterval.split('/')[1] ?? '')
    day = (days, rest = '') => new Date(end - days * 86_400_000).toISOString().slice(0, 10) + rest
  })

  afterAll(async () => {
    sender.close()
    await app.close()
  })

  describe.each(Object.entries(ASKED) as [ClientName, readonly Asked[]][])('%s', (name, statements) => {
    function send(url: string, { sql, parameters, more = {} }: Asked): Promise<ClientAnswer> {
      const given = parameters === undefined ? {} : { parameters: parameters(day) }
      return sender.send(url, CLIENTS[name], { sql: sql(day), more, ...given })
    }

    test.each(statements.map((one) => [one.what, one] as const))('%s', async (_, asked) => {
      const direct = await send(cluster.services.broker1, asked)
      const first = await send(app.url, asked)
      expect(seen(first)).toEqual(seen(direct))
      expect(howOf(first)).toBe(asked.passes === undefined ? 'fwd=miss' : `pass ${asked.passes}`)
      const wanted = asked.passes === undefined && direct.status === 200 ? 'hit' : howOf(first)
      let again = first
      const settled = async (): Promise<boolean> => howOf((again = await send(app.url, asked))) === wanted
      await waitUntil(`${wanted} for ${asked.what}`, settled, within(20_000))
      expect(seen(again)).toEqual(seen(direct))
      expect(idsOf(again)).not.toEqual(idsOf(first))
    })
  })

  test.each<[string, string]>([
    ['HTTP/1.0, as nginx speaks to what is behind it', 'POST /druid/v2/sql/ HTTP/1.0'],
    [
      'a body that waits for leave',
      'POST /druid/v2/sql HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close',
    ],
  ])('%s', async (what, head) => {
    const body = JSON.stringify({
      query: `SELECT city, COUNT(*) AS "${what}" FROM events GROUP BY 1 ORDER BY 1`,
    })
    const answers: string[] = []
    for (const url of [cluster.services.broker1, app.url, app.url, app.url]) {
      answers.push(rowsIn(await rawAnswer(url, head, body)))
    }
    expect(answers).toEqual(Array(4).fill(answers[0]))
    expect(answers[0]).toContain('東京')
  })

  test("a limit on series: the second statement is made of the first one's answer", async () => {
    const both = async (url: string): Promise<readonly unknown[]> => {
      const where = range(day, 10, 0)
      const top = await sender.send(url, CLIENTS.superset, {
        sql: `SELECT "country" AS "country", COUNT(*) AS "mme_inner__" FROM "druid"."events" WHERE ${where} GROUP BY "country" ORDER BY "mme_inner__" DESC LIMIT 5`,
      })
      const names = (JSON.parse(top.body) as { country: string }[]).map(({ country }) => country)
      const filter = names.map((country) => `"country" = '${country}'`).join(' OR ')
      const series = await sender.send(url, CLIENTS.superset, {
        sql: `SELECT ${BUCKET}, 'P1D') AS "__timestamp", "country" AS "country", COUNT(*) AS "count" FROM "druid"."events" WHERE ${where} AND (${filter}) GROUP BY ${BUCKET}, 'P1D'), "country" ORDER BY "count" DESC LIMIT 10000`,
      })
      return [top.body, series.body]
    }
    const direct = await both(cluster.services.broker1)
    expect(await both(app.url)).toEqual(direct)
    expect(await both(app.url)).toEqual(direct)
  })

  test('an id of the client comes back on every answer, kept or not', async () => {
    for (const sqlQueryId of ['own-1', 'own-2', 'own-3']) {
      const answer = await sender.send(app.url, CLIENTS.plywood, {
        sql: 'SELECT MAX(added) AS m FROM events',
        more: { context: { sqlQueryId } },
      })
      expect(idsOf(answer)).toEqual([sqlQueryId, sqlQueryId])
    }
  })

  test.each(['/status', '/druid/v2/datasources/', '/druid/v2/datasources'])(
    'GET %s at connect',
    async (path) => {
      const [direct, own] = await Promise.all(
        [cluster.services.broker1, app.url].map((url) => request(`${url}${path}`)),
      )
      const version = (body: Buffer | undefined): string =>
        body?.toString().replaceAll(/"memory":\{[^}]*\}/g, '') ?? ''
      expect(version(own?.body)).toBe(version(direct?.body))
    },
  )

  test('introspection by segmentMetadata', async () => {
    const body = {
      queryType: 'segmentMetadata',
      dataSource: 'events',
      merge: true,
      analysisTypes: ['aggregators'],
      lenientAggregatorMerge: true,
      context: { timeout: 10_000 },
    }
    const [direct, own] = await Promise.all(
      [cluster.services.broker1, app.url].map((url) => request(`${url}/druid/v2/`, { body })),
    )
    expect(own?.status).toBe(200)
    expect(own?.body.toString()).toBe(direct?.body.toString())
  })
})

/** Sends bytes as they stand and reads until the connection ends. */
function rawAnswer(url: string, head: string, body: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const length = Buffer.byteLength(body)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
    socket.write(
      `${head}\r\nHost: ovate\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    )
  })
}

/** The rows, whether they came in chunks or not. */
function rowsIn(answer: string): string {
  return [...answer.matchAll(/\{"city".*?\}/g)].map(([row]) => row).join()
}

/** Headers of one answer, of one connection, of one Broker, or Ovate's own. */
const OWN = new Set([
  'age',
  'cache-status',
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'etag',
  'keep-alive',
  'trailer',
  'transfer-encoding',
])

/** What a client goes by: gzip is unpacked already, and ids of queries are of one answer only. */
function seen({ status, headers, body }: ClientAnswer): unknown {
  const withoutIds = (text: string): string => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
  const lasting = Object.entries(headers).filter(([name]) => !OWN.has(name))
  const told = lasting.map(([name, value]) => [name, withoutIds(String(value))])
  return { status, headers: Object.fromEntries(told) as unknown, body: withoutIds(body) }
}

function howOf({ headers }: ClientAnswer): string {
  const [, how = '', detail = ''] = String(headers['cache-status']).split('; ')
  return how === 'fwd=bypass' ? detail.slice('detail="'.length, -1) : how
}

function idsOf({ headers }: ClientAnswer): unknown {
  return [headers['x-druid-query-id'], headers['x-druid-sql-query-id']]
}
