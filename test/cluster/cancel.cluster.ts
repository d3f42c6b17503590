// Queries given up, cancelled and timed out: what the client reads, and what becomes of the query on the real Broker.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { DRUID_LIMITS } from '../../src/druid/options.ts'
import { type Asked, ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokersOf, makeWhole, untilWaiters } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { request, sql, sqlRows } from './http.ts'
import { type LoggedQuery, type Mark } from './request-log.ts'
import { startOvate } from './ovate.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { longSql } from './traffic.ts'
import { waitUntil, within } from './wait.ts'

const BROKERS = ['broker1', 'broker2'] as const
/** Half a minute of Druid's time: what ends sooner was ended. */
const ENDLESS_ROWS = 2_000
/** A few seconds. */
const LONG_ROWS = 150
const SOON_MS = 20_000
const NOTHING = '[{"n":0}]\n'

const PATHS: [string, object][] = [
  ['shared', {}],
  ['passed', { useCache: false }],
]

interface Query {
  readonly id: string
  readonly body: { readonly query: string; readonly context: object }
}

/** A statement that is new to every cache. */
function query(rows: number, context: object = {}): Query {
  const id = randomUUID()
  const text = longSql(rows, `added <> -${1 + Math.floor(Math.random() * 1e12)}`)
  return { id, body: { query: text, context: { ...context, sqlQueryId: id } } }
}

/** The same statement under an id of its own. */
function sameAs({ body }: Query, context: object = {}): Query {
  const id = randomUUID()
  return { id, body: { ...body, context: { ...context, sqlQueryId: id } } }
}

async function cancel(url: string, path: string): Promise<number> {
  return (await request(`${url}/druid/v2/${path}`, { method: 'DELETE' })).status
}

const CANCELLED = { error: 'Query cancelled', category: 'CANCELED' }

function errorOf(asked: Asked): unknown {
  return { status: asked.status, ...(JSON.parse(asked.body.toString()) as object) }
}

describe.runIf(clusterAvailable)('a query through Ovate', () => {
  let cluster: Cluster
  let app: App
  let marks: ReadonlyMap<(typeof BROKERS)[number], Mark>
  let proxies: readonly TcpProxy[]

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    proxies = await Promise.all(cluster.brokers.map((url) => startTcpProxy(Number(new URL(url).port))))
    app = await startOvate(cluster, { druid: { brokers: proxies.map(({ url }) => url) } })
    const ends = BROKERS.map(async (name) => [name, await cluster.requestLog(name).mark()] as const)
    marks = new Map(await Promise.all(ends))
  })

  beforeEach(async () => {
    await idle()
  })

  afterAll(async () => {
    await app.close()
    for (const proxy of proxies) await proxy.down()
  })

  /** What Brokers logged of a query's end. */
  async function logged(id: string): Promise<readonly LoggedQuery[]> {
    const logs = BROKERS.map((name) => cluster.requestLog(name).since(marks.get(name) ?? {}))
    const all = (await Promise.all(logs)).flat()
    return all.filter(({ kind, sqlQueryId, context }) => {
      return kind === 'sql' ? sqlQueryId === id : context['queryId'] === id
    })
  }

  const sent = (text: string): number => proxies.reduce((sum, proxy) => sum + proxy.requests(text), 0)

  /** Waits until a Broker says that the query is over; whether it ended well. */
  async function ended(id: string): Promise<boolean> {
    await waitUntil(`the end of ${id}`, async () => (await logged(id)).length > 0, within(SOON_MS))
    const [last] = await logged(id)
    return last?.success === true
  }

  /** Asks Brokers themselves to cancel, once Druid has begun the query: it loses a cancel that comes sooner. */
  async function cancelAtBrokers(path: string): Promise<void> {
    await computing()
    await delay(DRUID_LIMITS.cancelAgeMs)
    const known = async (): Promise<boolean> =>
      (await Promise.all(cluster.brokers.map((url) => cancel(url, path)))).includes(202)
    await waitUntil('a Broker that runs it', known, within(SOON_MS))
  }

  /** Waits until Ovate has nothing at Druid any more, and Druid has time for others. */
  async function idle(): Promise<void> {
    const none = async (): Promise<boolean> =>
      (await brokersOf(app)).every(({ outstanding }) => outstanding === 0)
    await waitUntil('the end of all queries', none, within(SOON_MS))
    const quick = `SELECT COUNT(*) FROM events WHERE added <> -${1 + Math.floor(Math.random() * 1e12)}`
    await sql(cluster.services.broker1, quick)
  }

  /** Waits until Druid computes a query: then its DELETE finds it. */
  async function computing(): Promise<void> {
    const busy = async (): Promise<boolean> =>
      (await brokersOf(app)).some(({ outstanding }) => outstanding > 0)
    await waitUntil('a query under way', busy, within(SOON_MS))
  }

  describe.each(PATHS)('%s', (_, context) => {
    test("cancelled by DELETE: 202, Druid's error to its client, and the Broker stops", async () => {
      const { id, body } = query(ENDLESS_ROWS, context)
      const asked = ask(app.url, body)
      await computing()
      expect(await cancel(app.url, `sql/${id}`)).toBe(202)
      expect(errorOf(await asked)).toMatchObject({ status: 500, ...CANCELLED })
      expect(await ended(id)).toBe(false)
      expect(await cancel(app.url, `sql/${id}`)).toBe(404)
    })

    test("cancelled at its Broker: Druid's own error, as it came", async () => {
      const { id, body } = query(ENDLESS_ROWS, context)
      const asked = ask(app.url, body)
      await cancelAtBrokers(`sql/${id}`)
      expect(errorOf(await asked)).toMatchObject({
        status: 500,
        ...CANCELLED,
        errorMessage: 'Task was cancelled.',
      })
    })

    test('whose client leaves, however early: the Broker stops', async () => {
      const queries = [0, 5, 20, 80, 600].map((ms) => ({ ms, ...query(ENDLESS_ROWS, context) }))
      // One after the other: with many at once Druid is slow to begin each, and loses a cancel now and then.
      for (const { ms, body } of queries) {
        expect((await ask(app.url, body, { signal: AbortSignal.timeout(ms) })).status).toBe(0)
        await idle()
      }
      const written = queries.filter(({ id }) => sent(`"sqlQueryId":"${id}"`) > 0)
      expect(written).not.toEqual([])
      const successes = await Promise.all(written.map(({ id }) => ended(id)))
      expect(successes).toEqual(written.map(() => false))
    })

    test("past its own timeout: Druid's error", async () => {
      const { body } = query(ENDLESS_ROWS, { ...context, timeout: 500 })
      expect(errorOf(await ask(app.url, body))).toMatchObject({
        status: 504,
        error: 'Query timeout',
        category: 'TIMEOUT',
        errorClass: 'org.apache.druid.query.QueryTimeoutException',
      })
    })
  })

  test('that others wait for goes on when the client that began it leaves', async () => {
    const first = query(LONG_ROWS)
    const leaves = new AbortController()
    const gone = ask(app.url, first.body, { signal: leaves.signal })
    await untilWaiters(app, 1)
    const other = ask(app.url, sameAs(first).body)
    await untilWaiters(app, 2)
    leaves.abort()
    expect((await gone).status).toBe(0)
    expect((await other).body.toString()).toBe(NOTHING)
    expect(await ended(first.id)).toBe(true)
  })

  test('that others wait for goes on when the client that began it is cancelled, and one that joined', async () => {
    const [first, second, third] = [query(LONG_ROWS)].flatMap((one) => [one, sameAs(one), sameAs(one)])
    const asked = [first, second, third].map((one) => ask(app.url, one!.body))
    await untilWaiters(app, 3)
    expect(await cancel(app.url, `sql/${first!.id}`)).toBe(202)
    expect(await cancel(app.url, `sql/${second!.id}`)).toBe(202)
    const [one, two, three] = await Promise.all(asked)
    expect(errorOf(one!)).toMatchObject({ status: 500, ...CANCELLED })
    expect(errorOf(two!)).toMatchObject({ status: 500, ...CANCELLED })
    expect(three!.body.toString()).toBe(NOTHING)
  })

  test('that is cancelled at its Broker is begun anew for those who joined it', async () => {
    const first = query(LONG_ROWS)
    const asked = ask(app.url, first.body)
    await untilWaiters(app, 1)
    const other = ask(app.url, sameAs(first).body)
    await untilWaiters(app, 2)
    await cancelAtBrokers(`sql/${first.id}`)
    expect(errorOf(await asked)).toMatchObject({ status: 500, ...CANCELLED })
    expect((await other).body.toString()).toBe(NOTHING)
  })

  test("that one client gave too little time is begun anew for those who joined it, and a joiner's time is its own", async () => {
    const first = query(LONG_ROWS, { timeout: 700 })
    const asked = ask(app.url, first.body)
    await untilWaiters(app, 1)
    const patient = ask(app.url, sameAs(first).body)
    await untilWaiters(app, 2)
    expect(errorOf(await asked)).toMatchObject({ status: 504, error: 'Query timeout' })
    const hasty = await ask(app.url, sameAs(first, { timeout: 300 }).body)
    expect(errorOf(hasty)).toMatchObject({ status: 504, error: 'Query timeout' })
    expect(hasty.tookMs).toBeLessThan(2_000)
    expect((await patient).body.toString()).toBe(NOTHING)
  })

  test("in Druid's native form: cancelled by DELETE, and when its client leaves", async () => {
    const { body } = query(ENDLESS_ROWS)
    const [row] = await sqlRows(cluster.services.broker1, `EXPLAIN PLAN FOR ${body.query}`)
    const [plan] = JSON.parse(String(row?.['PLAN'])) as [{ query: { context: object } }]
    const native = (queryId: string): object => ({ ...plan.query, context: { queryId } })
    const [cancelled, left] = [randomUUID(), randomUUID()]
    const url = `${app.url}/druid/v2`
    const answer = request(url, { body: native(cancelled) })
    await computing()
    const leaves = new AbortController()
    const gone = request(url, { body: native(left) }, leaves.signal).catch((error: Error) => error.name)
    await waitUntil('the second under way', () => sent(left) > 0, within(SOON_MS))
    leaves.abort()
    expect(await gone).toBe('AbortError')
    expect(await ended(left)).toBe(false)
    expect(await cancel(app.url, cancelled)).toBe(202)
    const { status, body: bytes } = await answer
    expect({ status, ...(JSON.parse(bytes.toString()) as object) }).toMatchObject({
      status: 500,
      ...CANCELLED,
    })
  })

  test('of an id that nobody runs: 404', async () => {
    expect(await cancel(app.url, `sql/${randomUUID()}`)).toBe(404)
  })

  test('leaves an Ovate that serves', async () => {
    expect((await sql(app.url, 'SELECT COUNT(*) AS n FROM events')).status).toBe(200)
  })
})
