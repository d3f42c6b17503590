// Answers slowed, cut, truncated and silenced between a real Broker and Ovate: begun anew as long as nothing was sent
// on, visibly broken afterwards, never kept, never given to a second client; what writes is never sent twice.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { type Asked, ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokerEvents, makeWhole, untilBroker, untilWaiters } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { request, sql } from './http.ts'
import { startOvate } from './ovate.ts'
import { type Cut, startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { outcomeOf } from './traffic.ts'

/** About a megabyte, in the same order each time, in a text that is new each time. */
function rows(): string {
  const never = `-${1 + Math.floor(Math.random() * 1e12)}`
  return `SELECT __time, page, "user", added FROM events WHERE added <> ${never} ORDER BY __time LIMIT 12000`
}
const FORMAT = 'csv'

/** A statement that no cache has seen, and the text by which the request for its rows is known on the wire. */
interface Statement {
  readonly body: object
  readonly marker: string
}

function statement(context: object = {}): Statement {
  const sqlQueryId = randomUUID()
  const body = { query: rows(), resultFormat: FORMAT, context: { ...context, sqlQueryId } }
  return { body, marker: `"sqlQueryId":"${sqlQueryId}"` }
}

const PATHS: readonly { readonly path: string; readonly context: object }[] = [
  { path: 'shared', context: {} },
  { path: 'passed', context: { useCache: false } },
]

/** Of a Broker's answer: its last chunk, and the trailers behind. */
const LAST_CHUNK = '0\r\nX-Druid-Response-Complete'

describe.runIf(clusterAvailable)('an answer on its way from a Broker', () => {
  let cluster: Cluster
  const cuts: Cut[] = []
  let proxies: readonly TcpProxy[]
  let app: App
  let expected: Buffer

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    expected = (await sql(cluster.services.broker1, { query: rows(), resultFormat: FORMAT })).body
    proxies = await Promise.all(cluster.brokers.map((url) => startTcpProxy(Number(new URL(url).port), cuts)))
    app = await startOvate(cluster, { druid: { brokers: proxies.map(({ url }) => url) } })
    for (const { url } of proxies) await untilBroker(app, url, 'ready')
  })

  afterEach(async () => {
    cuts.length = 0
    for (const proxy of proxies) {
      proxy.delayMs = 0
      proxy.heal()
      await untilBroker(app, proxy.url, 'ready')
    }
  })

  afterAll(async () => {
    await app.close()
    for (const proxy of proxies) await proxy.down()
  })

  const outcome = (asked: Asked): string => outcomeOf(asked, expected)
  const sent = (text: string): number => proxies.reduce((sum, proxy) => sum + proxy.requests(text), 0)

  describe.each(PATHS)('$path', ({ context }) => {
    test.each<[string, Omit<Cut, 'marker'>]>([
      ['reset before its head', { after: 0, how: 'reset' }],
      ['closed before its head', { after: 0, how: 'end' }],
      ['reset in its head', { after: 60, how: 'reset' }],
      ['closed between head and rows', { after: '\r\n\r\n', how: 'end' }],
    ])('%s: begun anew on the other Broker', async (_, cut) => {
      const { body, marker } = statement(context)
      cuts.push({ ...cut, marker })
      expect(outcome(await ask(app.url, body))).toBe('right')
      expect([cuts.length, sent(marker)]).toEqual([0, 2])
    })

    test.each<[string, Omit<Cut, 'marker'>]>([
      ['reset in its rows', { after: 300_000, how: 'reset' }],
      ['closed in its rows', { after: 300_000, how: 'end' }],
      ['closed after its rows', { after: LAST_CHUNK, how: 'end' }],
      ['closed in its trailers', { after: '-Complete: true', how: 'end' }],
    ])('%s: visibly broken, whether trailers are read or not, and whole when asked again', async (_, cut) => {
      for (const headers of [{}, { te: 'trailers' }]) {
        const { body, marker } = statement(context)
        cuts.push({ ...cut, marker })
        const first = await ask(app.url, body, { headers })
        expect(outcome(first)).toBe('cut')
        expect(first.body.length).toBeGreaterThan(0)
        const again = await ask(app.url, body, { headers })
        expect(outcome(again)).toBe('right')
        expect(again.headers['cache-status']).not.toContain('hit')
        expect(sent(marker)).toBe(2)
      }
    })
  })

  test('that falls silent in its rows ends, visibly broken, when the time of its query is over', async () => {
    const asked = PATHS.map(({ context }) => {
      const { body, marker } = statement({ ...context, timeout: 1_000 })
      cuts.push({ marker, after: 300_000, how: 'stall' })
      return ask(app.url, body)
    })
    for (const got of await Promise.all(asked)) {
      expect(outcome(got)).toBe('cut')
      // The query's second, and five for Druid's own word.
      expect(got.tookMs).toBeLessThan(20_000)
    }
  })

  test('that is slow comes late and whole', async () => {
    for (const proxy of proxies) proxy.delayMs = 400
    for (const { context } of PATHS) {
      const got = await ask(app.url, statement(context).body)
      expect(outcome(got)).toBe('right')
      expect(got.tookMs).toBeGreaterThan(400)
    }
  })

  test('through a network that goes dark: begun anew on the other Broker', async () => {
    const [first, second] = proxies
    const before = await brokerEvents(app, 'retried')
    first?.blackhole()
    // Whichever Broker the dice choose: some of these go to the first.
    const asked = [...PATHS, ...PATHS, ...PATHS, ...PATHS].map(({ context }) =>
      ask(app.url, statement(context).body),
    )
    expect((await Promise.all(asked)).map(outcome)).toEqual(asked.map(() => 'right'))
    expect(await brokerEvents(app, 'retried')).toBeGreaterThan(before)
    await untilBroker(app, first?.url ?? '', 'ejected')
    await untilBroker(app, second?.url ?? '', 'ready')
  })

  test('that breaks off is begun anew for those who joined it', async () => {
    const { body, marker } = statement()
    for (const proxy of proxies) proxy.blackhole()
    cuts.push({ marker, after: 300_000, how: 'reset' })
    const first = ask(app.url, body)
    await untilWaiters(app, 1)
    const others = [ask(app.url, { ...body, context: {} }), ask(app.url, { ...body, context: {} })]
    await untilWaiters(app, 3)
    for (const proxy of proxies) proxy.heal()
    expect(outcome(await first)).toBe('cut')
    expect((await Promise.all(others)).map(outcome)).toEqual(['right', 'right'])
  })

  test.each<[string, number, (id: string) => object | string]>([
    ['a SELECT', 2, (id) => ({ query: rows(), context: { sqlQueryId: id } })],
    [
      'an INSERT',
      1,
      (id) => ({ query: `INSERT INTO t ${rows()} PARTITIONED BY ALL`, context: { sqlQueryId: id } }),
    ],
    [
      'a REPLACE',
      1,
      (id) => ({
        query: `REPLACE INTO t OVERWRITE ALL ${rows()} PARTITIONED BY ALL`,
        context: { sqlQueryId: id },
      }),
    ],
    [
      'an INSERT too long to be read',
      1,
      (id) => ({ query: `INSERT INTO t ${rows()} -- ${'x'.repeat(100_000)}`, context: { sqlQueryId: id } }),
    ],
    [
      'a body that may be read in two ways',
      1,
      (id) => `{"query":"SELECT 1","query":"INSERT","context":{"sqlQueryId":"${id}"}}`,
    ],
  ])('whose request is %s: written %i times when its connection breaks', async (_, times, bodyOf) => {
    const id = randomUUID()
    const marker = `"sqlQueryId":"${id}"`
    cuts.push({ marker, after: 0, how: 'reset' })
    const body = bodyOf(id)
    const headers = { 'content-type': 'application/json' }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const got = await request(`${app.url}/druid/v2/sql`, { headers, body: text })
    expect(sent(marker)).toBe(times)
    expect(got.status).toBe(times === 1 ? 502 : 200)
  })
})
