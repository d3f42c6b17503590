// What proxies for Druid have been seen to answer wrongly, or to refuse. Each line is a way of being asked, and what Druid
// says: never less, never older, never somebody else's. (That Druid itself agrees about data written anew is proved in
// test/cluster/parts.cluster.ts, `written anew`.)
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sandboxAvailable } from '../sandbox/available.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql } from '../support/http-client.ts'
import { OWN_AUTHORIZATION, type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { askBoth, type Body, cacheStatus, type Headers, planOf, seen } from '../support/side-by-side.ts'
import { startStack } from '../support/stack.ts'

/** What one test leaves may do for another one's parts. */
const FROM_PARTS = ['series', 'derive']
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.UTC(2026, 10, 5)
const DAYS = 14
/** Words that Druid reserves, and a name in mixed case. */
const COLUMNS = new Map([
  ['__time', 'TIMESTAMP'],
  ['country', 'VARCHAR'],
  ['Mixed', 'VARCHAR'],
  ['text', 'VARCHAR'],
  ['value', 'BIGINT'],
] as const)

function stamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().slice(0, -1).replace('T', ' ')}'`
}

function within(startMs: number, endMs: number): string {
  return `__time >= ${stamp(startMs)} AND __time < ${stamp(endMs)}`
}

const hours = (startMs: number, endMs: number, more = ''): string =>
  `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM facts WHERE ${within(startMs, endMs)} ${more} GROUP BY 1`

describe.runIf(sandboxAvailable)('Ovate answers what Druid answers', () => {
  let pair: SandboxStack

  beforeAll(async () => {
    pair = await startSandboxStack({ freshness: { head: '5s', cap: '15s', schemaRefresh: '2s' } })
    const table = await pair.sandbox.engine.createTable('facts', COLUMNS)
    for (let day = 0; day < DAYS; day += 1)
      await table.fill(
        FROM_MS + day * DAY_MS,
        `SELECT make_timestamp((${FROM_MS + day * DAY_MS} + i * ${2 * MINUTE_MS}) * 1000),
           ['US', 'DE', 'FR', NULL][1 + i % 4], 'm' || i % 3, md5('' || (i + ${day * 720})), i % 100
         FROM range(720) r(i)`,
      )
    const everything = { tables: ['facts'] }
    pair.sandbox.behaviour.users = {
      '': everything,
      [OWN_AUTHORIZATION]: everything,
      'session=one': { tables: ['facts'], rowFilter: { facts: "country = 'US'" } },
      'session=two': { tables: ['facts'], rowFilter: { facts: "country = 'DE'" } },
      anna: { tables: ['facts'], rowFilter: { facts: "country = 'FR'" } },
      bert: { tables: [] },
    }
  })

  afterAll(() => pair.stop())

  /** Asks for several windows, the last of them as often as it takes to be given from parts; each answer must be Druid's. */
  async function warmed(bodyFor: (shiftMs: number) => Body, headers: Headers = {}): Promise<void> {
    for (const shiftMs of [-3 * HOUR_MS, -2 * HOUR_MS, 0]) await same(bodyFor(shiftMs), headers)
  }

  async function same(
    body: Body,
    headers: Headers = {},
  ): Promise<ReturnType<typeof planOf> & { rows: number }> {
    const { ours, theirs } = await askBoth(pair, body, headers)
    expect(seen(ours)).toEqual(seen(theirs))
    const rows: unknown = ours.status === 200 ? JSON.parse(ours.body.toString()) : []
    return { ...planOf(ours), rows: Array.isArray(rows) ? rows.length : 0 }
  }

  test('when one of two gaps cannot be had: all rows, or an error, never some', async () => {
    const [startMs, endMs] = [FROM_MS + 3 * DAY_MS, FROM_MS + 4 * DAY_MS]
    const only = 'AND country IS NULL'
    await warmed((shiftMs) => hours(startMs + shiftMs, endMs + shiftMs, only))
    const wide = hours(startMs - DAY_MS, endMs + 2 * DAY_MS, only)
    const failure = { status: 500, body: '{"error":"Unknown exception"}' }
    // The second one meets the client's own text.
    for (const failures of [1, 2]) {
      for (let count = 0; count < failures; count += 1) pair.sandbox.failNext(failure)
      const got = await askSql(`${pair.url}/druid/v2/sql`, wide)
      await pair.stack.keeper.settled()
      const rows = got.status === 200 ? (JSON.parse(got.body.toString()) as unknown[]).length : 0
      expect([failures, got.status, rows]).toEqual(failures === 1 ? [1, 200, 96] : [1 + 1, 500, 0])
      // Whole until what failed is forgotten, and the entry that came of it.
      await pair.clock.advance(31_000)
      await pair.sandbox.engine.tables.get('facts')?.compact(FROM_MS, FROM_MS + DAYS * DAY_MS)
      await pair.clock.advance(31_000)
      await warmed((shiftMs) => hours(startMs + shiftMs, endMs + shiftMs, only))
    }
    expect(await same(wide)).toMatchObject({ rows: 96 })
  })

  test.each<[string, string, (time: string) => string]>([
    [
      'a list of one',
      '["t","n"]',
      (time) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM facts WHERE ${time} AND country IN ('US') GROUP BY 1`,
    ],
    [
      'names that are reserved words',
      '["time","value","count"]',
      (time) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS "time", SUM("value") AS "value", COUNT(*) AS "count" FROM facts WHERE ${time} GROUP BY 1`,
    ],
    [
      'a column in mixed case without quotes',
      '["t","Mixed","n"]',
      (time) =>
        `SELECT TIME_FLOOR(__time, 'PT6H') AS t, Mixed, COUNT(*) AS n FROM facts WHERE ${time} GROUP BY TIME_FLOOR(__time, 'PT6H'), Mixed`,
    ],
    [
      'LIKE with ESCAPE',
      '["t","n"]',
      (time) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM facts WHERE ${time} AND country LIKE 'D!E%' ESCAPE '!' GROUP BY 1`,
    ],
    [
      'a name with a capital in it',
      '["t","totalAdded"]',
      (time) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS t, SUM("value") AS totalAdded FROM facts WHERE ${time} GROUP BY 1`,
    ],
  ])('asked with %s', async (_, names, form) => {
    const startMs = FROM_MS + 5 * DAY_MS
    const body = (shiftMs: number): Body => ({
      query: form(within(startMs + shiftMs, startMs + DAY_MS + shiftMs)),
      resultFormat: 'array',
      header: true,
    })
    await warmed(body)
    const { ours, theirs } = await askBoth(pair, body(HOUR_MS))
    expect(seen(ours)).toEqual(seen(theirs))
    expect(ours.body.toString().slice(1, 1 + names.length)).toBe(names)
    expect(FROM_PARTS).toContain(planOf(ours).plan)
  })

  test('over a window that begins and ends at 10:17, by hours: 25 rows', async () => {
    const startMs = FROM_MS + 6 * DAY_MS + 10 * HOUR_MS + 17 * MINUTE_MS
    await warmed((shiftMs) => hours(startMs + shiftMs, startMs + DAY_MS + shiftMs))
    expect(await same(hours(startMs + HOUR_MS, startMs + HOUR_MS + DAY_MS))).toMatchObject({
      plan: 'series',
      rows: 25,
    })
  })

  test('over days up to a noon: four rows', async () => {
    const days = (startMs: number): string =>
      `SELECT FLOOR(__time TO DAY) AS d, SUM("value") AS s FROM facts WHERE ${within(startMs, FROM_MS + 11 * DAY_MS + 12 * HOUR_MS)} GROUP BY 1 ORDER BY 1`
    await warmed((shiftMs) => days(FROM_MS + 8 * DAY_MS + shiftMs))
    expect(await same(days(FROM_MS + 8 * DAY_MS + 1_000))).toMatchObject({ plan: 'series', rows: 4 })
  })

  test('of an old hour that was written anew: its new rows', async () => {
    const sums = (startMs: number): string =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS t, SUM("value") AS s FROM facts WHERE ${within(startMs, FROM_MS + 3 * DAY_MS)} GROUP BY 1`
    await warmed((shiftMs) => sums(FROM_MS + DAY_MS + shiftMs))
    const before = await askBoth(pair, sums(FROM_MS + DAY_MS))
    await pair.sandbox.engine.tables
      .get('facts')
      ?.reindex(FROM_MS + DAY_MS, FROM_MS + 2 * DAY_MS, { value: '"value" + 1' })
    await pair.clock.advance(20_000)
    const after = await askBoth(pair, sums(FROM_MS + DAY_MS))
    expect(seen(after.ours)).toEqual(seen(after.theirs))
    expect(after.ours.body.equals(before.ours.body)).toBe(false)
  })

  test.each<[string, Headers, Headers]>([
    ['a cookie', { cookie: 'session=one' }, { cookie: 'session=two' }],
    ['X-Forwarded-User', { 'x-forwarded-user': 'anna' }, { 'x-forwarded-user': 'bert' }],
  ])('to users told apart by %s: to each their own rows', async (_, one, other) => {
    const body = (shiftMs: number): Body => ({
      query: `SELECT TIME_FLOOR(__time, 'P1D') AS d, country, COUNT(*) AS n FROM facts WHERE ${within(FROM_MS + 2 * DAY_MS + shiftMs, FROM_MS + 5 * DAY_MS)} GROUP BY 1, 2`,
    })
    await warmed(body, one)
    await warmed(body, other)
    const [mine, theirs] = [await askBoth(pair, body(0), one), await askBoth(pair, body(0), other)]
    expect([seen(mine.ours), seen(theirs.ours)]).toEqual([seen(mine.theirs), seen(theirs.theirs)])
    expect(mine.ours.body.equals(theirs.ours.body)).toBe(false)
  })

  test('of far more than half a megabyte', async () => {
    const all = (startMs: number): string =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS t, text, COUNT(*) AS n FROM facts WHERE ${within(startMs, FROM_MS + DAYS * DAY_MS)} GROUP BY 1, 2`
    await warmed((shiftMs) => all(FROM_MS + 4 * HOUR_MS + shiftMs))
    const { ours, theirs } = await askBoth(pair, all(FROM_MS + 90 * MINUTE_MS), {
      'accept-encoding': 'identity',
    })
    expect(ours.body.equals(theirs.body)).toBe(true)
    expect([ours.status, ours.body.length > 800_000, planOf(ours).plan]).toEqual([200, true, 'series'])
  })

  test("with a client's own id: that id, on a hit too", async () => {
    const query = hours(FROM_MS, FROM_MS + DAY_MS)
    const ids: unknown[] = []
    for (const id of ['first-1', 'second-2', 'second-2']) {
      const got = await askSql(`${pair.url}/druid/v2/sql`, { query, context: { sqlQueryId: id } })
      await pair.stack.keeper.settled()
      ids.push([got.headers['x-druid-sql-query-id'], cacheStatus(got).startsWith('hit')])
    }
    expect(ids).toEqual([
      ['first-1', false],
      ['second-2', true],
      ['second-2', true],
    ])
  })

  test("with an error in it: at the place in the client's own text", async () => {
    const start = FROM_MS + 7 * DAY_MS
    await warmed((shiftMs) => hours(start + shiftMs, start + DAY_MS))
    const query = `SELECT\n   TIME_FLOOR(__time,'PT1H')  t,\n  SUM("nosuch")\nFROM facts WHERE ${within(start, start + DAY_MS)} GROUP BY 1`
    const { ours, theirs } = await askBoth(pair, query)
    expect(seen(ours)).toEqual(seen(theirs))
    expect([ours.status, ours.body.toString()]).toEqual([400, expect.stringContaining('line [3], column')])
  })

  test('by minutes over seven days: held, all of them', async () => {
    const minutes = (startMs: number, endMs: number): string =>
      `SELECT TIME_FLOOR(__time, 'PT2M') AS t, COUNT(*) AS n FROM facts WHERE ${within(startMs, endMs)} AND country IS NOT NULL GROUP BY 1`
    const [startMs, endMs] = [FROM_MS + DAY_MS, FROM_MS + 8 * DAY_MS]
    await warmed((shiftMs) => minutes(startMs + shiftMs, endMs))
    const before = pair.sandbox.stats.data
    const got = await askSql(`${pair.url}/druid/v2/sql`, minutes(startMs + 2 * MINUTE_MS, endMs))
    expect(planOf(got)).toEqual({ plan: 'series', held: 5_039, of: 5_039 })
    expect(pair.sandbox.stats.data).toBe(before)
  })

  test('when one client asks past the cache: the others still hit', async () => {
    const query = hours(FROM_MS + DAY_MS, FROM_MS + 3 * DAY_MS)
    await same(query)
    const fresh = await askSql(`${pair.url}/druid/v2/sql`, query, { 'cache-control': 'no-cache' })
    await pair.stack.keeper.settled()
    const others = await askSql(`${pair.url}/druid/v2/sql`, query)
    expect([cacheStatus(fresh).startsWith('hit'), cacheStatus(others).startsWith('hit')]).toEqual([
      false,
      true,
    ])
  })

  test('asked by 24 at once over 12 windows that overlap: each is asked for once, then all are by one', async () => {
    const windows = Array.from({ length: 12 }, (_, at) =>
      hours(FROM_MS + at * HOUR_MS, FROM_MS + 2 * DAY_MS + at * HOUR_MS, "AND Mixed = 'm1'"),
    )
    const expected = await Promise.all(
      windows.map((query) => askSql(`${pair.sandbox.url}/druid/v2/sql`, query)),
    )
    const asked = async (): Promise<number> => {
      const before = pair.sandbox.stats.data
      const got = await Promise.all(
        [...windows, ...windows].map((query) => askSql(`${pair.url}/druid/v2/sql`, query)),
      )
      await pair.stack.keeper.settled()
      expect(got.map(seen)).toEqual([...expected, ...expected].map(seen))
      return pair.sandbox.stats.data - before
    }
    const counts = [await asked()]
    // Past the bound of what came whole: answers are put together from now on.
    for (let round = 0; round < 2; round += 1) {
      await pair.clock.advance(20_000)
      counts.push(await asked())
    }
    // Cold, each window is asked for as its client wrote it; then they share what is on its way: how many begin hangs on
    // the order in which they come, since an earlier window lacks what a later one hasn't asked for.
    expect([counts[0], (counts[1] ?? 12) < 12, counts[2]]).toEqual([12, true, 0])
  })
})

describe('what belongs to the client and to Druid passes as it is', () => {
  const STATEMENTS = '/druid/v2/sql/statements'

  test.each<[string, string, string, number]>([
    ['a statement that runs on, posted twice: two of them', 'POST', STATEMENTS, 2],
    ['its status', 'GET', `${STATEMENTS}/query-1`, 1],
    ['its results', 'GET', `${STATEMENTS}/query-1/results?page=0`, 1],
    ['its end', 'DELETE', `${STATEMENTS}/query-1`, 1],
  ])('%s', async (_, method, path, times) => {
    let count = 0
    const druid = new FakeDruid(() => {
      count += 1
      return {
        status: 202,
        headers: ['Content-Type', 'application/json'],
        body: `{"queryId":"query-${count}"}`,
      }
    })
    const stack = await startStack(druid)
    const sent = {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{"query":"SELECT 1","context":{"executionMode":"ASYNC"}}' }),
    }
    const ids: string[] = []
    for (let time = 0; time < times; time += 1)
      ids.push((await ask(stack.server.url + path, sent)).body.toString())
    await stack.stop()
    expect(druid.requests.map((request) => [request.method, request.path])).toEqual(
      Array(times).fill([method, path]),
    )
    expect(new Set(ids).size).toBe(times)
  })

  test('the cancelling of a query by its id, and what came of it', async () => {
    const druid = new FakeDruid(answerer(script()))
    druid.cancelStatus = 202
    const stack = await startStack(druid)
    const got = await ask(`${stack.sqlUrl}/mine`, { method: 'DELETE' })
    await stack.stop()
    expect([got.status, druid.cancelled]).toEqual([202, ['mine']])
  })

  test('the text itself, to the byte', async () => {
    const druid = new FakeDruid(answerer(script()))
    const stack = await startStack(druid)
    const query = `SELECT  COUNT( * )"n"--x\nFROM\tevents\r\nWHERE "country"IN('US')/**/`
    await askSql(stack.sqlUrl, query)
    await stack.stop()
    const sent = druid.requests.find((request) => kindOf(request) === 'data')
    expect(JSON.parse(bodyText(sent))).toMatchObject({ query })
  })
})
