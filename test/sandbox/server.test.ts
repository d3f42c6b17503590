// The sandbox on the wire: heads, formats, refusals, cancels and faults.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text as textFrom } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ask, askSql } from './ask.ts'
import { sandboxAvailable } from './available.ts'
import { until } from '../support/until.ts'

let sandbox: Sandbox
let clock: ManualClock

describe.runIf(sandboxAvailable)('the wire', () => {
  beforeEach(async () => {
    clock = new ManualClock()
    sandbox = await startSandbox({ clock, days: 0 })
  })
  afterEach(async () => {
    await sandbox.close()
  })

  const COLUMNS = new Map([
    ['__time', 'TIMESTAMP'],
    ['country', 'VARCHAR'],
    ['added', 'BIGINT'],
    ['price', 'DOUBLE'],
  ] as const)

  async function addEvents(): Promise<void> {
    const table = await sandbox.engine.createTable('events', COLUMNS)
    const row = (country: string, price: number): object => ({
      __time: clock.now(),
      country,
      added: 1,
      price,
    })
    const rows = (country: string, count: number, sum: number): object[] =>
      Array.from({ length: count }, (_, index) => row(country, index === 0 ? sum : 0))
    await table.append([
      ...rows('US', 120, 6445.339999999999),
      ...rows('DE', 68, 3242.149999999999),
    ] as Record<string, unknown>[])
  }

  describe('the bytes of every format and head are those that Druid sent', () => {
    const recorded = JSON.parse(
      readFileSync(new URL('../fixtures/druid/formats.json', import.meta.url), 'utf8'),
    ) as Record<string, Record<string, string>>
    const heads: Record<string, object> = {
      nohdr: {},
      header: { header: true },
      types: { header: true, typesHeader: true },
      sqltypes: { header: true, typesHeader: true, sqlTypesHeader: true },
      onlysql: { header: true, sqlTypesHeader: true },
    }
    const queries = {
      empty: "SELECT __time t, country c, added a FROM events WHERE country = 'nowhere'",
      rows: 'SELECT country c, COUNT(*) n, SUM(price) s FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 2',
    }

    test.each(Object.entries(queries))('%s', async (name, query) => {
      await addEvents()
      for (const resultFormat of RESULT_FORMATS) {
        for (const [head, fields] of Object.entries(heads)) {
          const { text } = await askSql(sandbox.url, query, { resultFormat, ...fields })
          expect([resultFormat, head, text]).toEqual([
            resultFormat,
            head,
            recorded[name]?.[`${resultFormat} ${head}`],
          ])
        }
      }
    })
  })

  test('a head and trailers are those of a Broker', async () => {
    const got = await askSql(sandbox.url, 'SELECT 1', { header: true, context: { sqlQueryId: 'mine' } })
    expect(got.headers).toMatchObject({
      'x-druid-query-id': 'mine',
      'x-druid-sql-query-id': 'mine',
      'x-druid-sql-header-included': 'yes',
      'x-druid-response-context': '{}',
      'content-type': 'application/json',
      vary: 'Accept-Encoding, User-Agent',
      trailer: 'X-Druid-Response-Complete',
      'transfer-encoding': 'chunked',
    })
    expect(got.trailers).toEqual({ 'x-druid-response-complete': 'true' })
  })

  test('gzip in both directions', async () => {
    const got = await ask(`${sandbox.url}/druid/v2/sql/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'accept-encoding': 'gzip, deflate',
      },
      body: gzipSync(
        '{"query":"SELECT 1","resultFormat":"ARRAY","header":"true","context":null,"parameters":null,"junk":1}',
      ),
    })
    expect([got.status, got.headers['content-encoding'], got.text]).toEqual([
      200,
      'gzip',
      '[["EXPR$0"],[1]]\n',
    ])
  })

  describe('refuses requests as a Broker does', () => {
    const json = { 'content-type': 'application/json' }
    test.each<[string, string, Parameters<typeof ask>[1], number, RegExp]>([
      ['no JSON', '/druid/v2/sql', { method: 'POST', headers: json, body: '{"query":' }, 500, /<html>/],
      ['no body', '/druid/v2/sql', { method: 'POST', headers: json }, 500, /<html>/],
      [
        'a list',
        '/druid/v2/sql',
        { method: 'POST', headers: json, body: '[]' },
        400,
        /^\{"error":"Cannot deserialize/,
      ],
      [
        'no query',
        '/druid/v2/sql',
        { method: 'POST', headers: json, body: '{}' },
        400,
        /SqlQuery`, problem: query"\}$/,
      ],
      [
        'an unknown format',
        '/druid/v2/sql',
        { method: 'POST', headers: json, body: '{"query":"SELECT 1","resultFormat":"xml"}' },
        400,
        /ResultFormat\.XML"\}$/,
      ],
      [
        'types without a header',
        '/druid/v2/sql',
        { method: 'POST', headers: json, body: '{"query":"SELECT 1","typesHeader":true}' },
        400,
        /Cannot include 'typesHeader' without 'header'/,
      ],
      [
        'gzip that is none',
        '/druid/v2/sql',
        { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
        500,
        /<html>/,
      ],
      [
        'another type',
        '/druid/v2/sql',
        { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'SELECT 1' },
        415,
        /^$/,
      ],
      ['no type', '/druid/v2/sql', { method: 'POST', body: '{}' }, 415, /^$/],
      ['GET', '/druid/v2/sql', {}, 405, /^$/],
      ['an unknown path', '/nowhere', {}, 404, /^$/],
      ['cancelling what does not run', '/druid/v2/sql/nobody', { method: 'DELETE' }, 404, /^$/],
    ])('%s', async (_, path, asked, status, text) => {
      const got = await ask(sandbox.url + path, asked)
      expect(got.status).toBe(status)
      expect(got.text).toMatch(text)
    })
  })

  describe('tells its state', () => {
    test.each([
      ['/status/health', 'true'],
      ['/druid/broker/v1/readiness', ''],
      ['/druid/broker/v1/loadstatus', '{"inventoryInitialized":true}'],
      ['/status', '{"version":"33.0.0","modules":[],"memory":{}}'],
      ['/druid/v2/datasources', '["stream"]'],
      ['/druid/v2/datasources/', '["stream"]'],
      ['/druid/v2/datasources/stream', '{"dimensions":["country","device","value"],"metrics":[]}'],
      ['/druid/v2/datasources/nope', '{"dimensions":[],"metrics":[]}'],
    ])('%s', async (path, text) => {
      expect(await ask(sandbox.url + path)).toMatchObject({ status: 200, text })
    })

    test('sys.servers names it', async () => {
      const { text } = await askSql(
        sandbox.url,
        "SELECT server, server_type, start_time FROM sys.servers WHERE server_type = 'broker'",
      )
      expect(JSON.parse(text)).toEqual([[new URL(sandbox.url).host, 'broker', '2026-11-20T12:00:00.000Z']])
    })

    test('another version and another start may be played', async () => {
      sandbox.behaviour.version = '36.0.0'
      sandbox.behaviour.startTime = '2026-11-21T01:02:03.004Z'
      expect((await ask(`${sandbox.url}/status`)).text).toContain('"version":"36.0.0"')
      const { text } = await askSql(
        sandbox.url,
        "SELECT start_time FROM sys.servers WHERE server_type = 'broker'",
      )
      expect(JSON.parse(text)).toEqual([['2026-11-21T01:02:03.004Z']])
    })
  })

  describe('a statement under way', () => {
    test('is cancelled by its id, all of that id at once', async () => {
      sandbox.behaviour.delayMs = 60_000
      const both = Promise.all(
        [1, 2].map(() => askSql(sandbox.url, 'SELECT 1', { context: { sqlQueryId: 'one' } })),
      )
      await until(() => sandbox.stats.data === 2)
      expect((await ask(`${sandbox.url}/druid/v2/sql/one`, { method: 'DELETE' })).status).toBe(202)
      for (const got of await both) {
        expect(got.status).toBe(500)
        expect(JSON.parse(got.text)).toMatchObject({ error: 'Query cancelled', category: 'CANCELED' })
      }
      expect((await ask(`${sandbox.url}/druid/v2/sql/one`, { method: 'DELETE' })).status).toBe(404)
      expect(sandbox.stats.cancels).toBe(2)
    })

    test('ends with its own timeout', async () => {
      sandbox.behaviour.delayMs = 60_000
      const answer = askSql(sandbox.url, 'SELECT 1', { context: { timeout: 500 } })
      await until(() => sandbox.stats.data === 1)
      await clock.advance(500)
      const got = await answer
      expect(got.status).toBe(504)
      expect(JSON.parse(got.text)).toMatchObject({ error: 'Query timeout', category: 'TIMEOUT' })
    })

    test('waits as long as it was told', async () => {
      sandbox.behaviour.delayMs = 100
      const answer = askSql(sandbox.url, 'SELECT 1')
      await until(() => sandbox.stats.data === 1)
      await clock.advance(100)
      expect((await answer).text).toBe('[[1]]\n')
    })
  })

  describe('faults', () => {
    test('a frozen one takes connections and answers nothing, not even its health', async () => {
      sandbox.freeze()
      let answered = 0
      const waiting = [askSql(sandbox.url, 'SELECT 1'), ask(`${sandbox.url}/status/health`)].map(
        async (answer) => {
          const { status } = await answer
          answered += 1
          return status
        },
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(answered).toBe(0)
      sandbox.thaw()
      expect(await Promise.all(waiting)).toEqual([200, 200])
    })

    test('the next statements fail as told', async () => {
      sandbox.failNext()
      sandbox.failNext({ status: 429, body: '{"error":"Query capacity exceeded"}' })
      const got = [
        await askSql(sandbox.url, 'SELECT 1'),
        await askSql(sandbox.url, 'SELECT 1'),
        await askSql(sandbox.url, 'SELECT 1'),
      ]
      expect(got.map(({ status }) => status)).toEqual([500, 429, 200])
      expect(got[1]?.text).toBe('{"error":"Query capacity exceeded"}')
    })

    test('an answer is cut with its connection', async () => {
      await addEvents()
      sandbox.behaviour.cutAfterBytes = 100
      const got = await askSql(sandbox.url, 'SELECT __time, country FROM events')
      expect([got.status, got.ended, got.text.length]).toEqual([200, false, 100])
    })

    test('or ends in order and says in its trailers that it failed', async () => {
      await addEvents()
      Object.assign(sandbox.behaviour, { cutAfterBytes: 100, cut: 'trailers' })
      const got = await askSql(sandbox.url, 'SELECT __time, country FROM events')
      expect([got.status, got.ended, got.text.length]).toEqual([200, true, 100])
      expect(got.trailers).toEqual({
        'x-druid-response-complete': 'false',
        'x-error-message': 'url[http://sandbox:8083/druid/v2/] timed out',
      })
    })

    test('closing ends what is frozen', async () => {
      sandbox.freeze()
      const lost = ask(`${sandbox.url}/status/health`).catch(() => 'lost')
      await new Promise((resolve) => setTimeout(resolve, 20))
      await sandbox.close()
      expect(await lost).toBe('lost')
      sandbox = await startSandbox({ clock, days: 0 })
    })
  })

  test.each(['//', 'http://[', '/druid/v2/datasources/%E0%A4%A', '/druid/v2/sql/%E0%A4%A'])(
    'a path that is none, %s, ends nothing',
    async (path) => {
      const { hostname, port } = new URL(sandbox.url)
      for (const method of ['GET', 'DELETE']) {
        const socket = connect(Number(port), hostname)
        socket.write(`${method} ${path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n`)
        expect(await textFrom(socket)).toMatch(/^HTTP\/1.1 (?:404|500) /)
      }
      expect((await ask(`${sandbox.url}/status/health`)).status).toBe(200)
    },
  )

  test('constants of an hour that comes twice are other instants, and milliseconds are not', async () => {
    const table = await sandbox.engine.createTable('hours', new Map([['__time', 'TIMESTAMP']]))
    const ms = Date.parse('2026-10-25T00:00:00Z')
    await table.append([{ __time: ms + 1_800_000 }, { __time: ms + 5_400_000 }])
    const context = { sqlTimeZone: 'Europe/Berlin', sqlCurrentTimestamp: '2026-10-25T00:45:00Z' }
    const count = async (where: string): Promise<string> =>
      (await askSql(sandbox.url, `SELECT COUNT(*) AS n FROM hours WHERE ${where}`, { context })).text.trim()
    expect([
      await count(`__time >= MILLIS_TO_TIMESTAMP(${ms})`),
      await count(`TIMESTAMP_TO_MILLIS(__time) >= ${ms}`),
      await count('__time < CURRENT_TIMESTAMP'),
    ]).toEqual(['[[1]]', '[[2]]', '[[2]]'])
  })

  // As Druid 33.0.0 planned `__time >= …`: it folds a constant as a whole, and what its clock shows is what counts of it.
  test.each([
    ['MILLIS_TO_TIMESTAMP(1793514600000)', '05:30'],
    ["MILLIS_TO_TIMESTAMP(1793514600000) + INTERVAL '1' HOUR", '07:30'],
    ["MILLIS_TO_TIMESTAMP(1793514600000) + INTERVAL '1' MINUTE", '05:31'],
    ["MILLIS_TO_TIMESTAMP(1793511000000) + INTERVAL '1' HOUR", '05:30'],
    ["MILLIS_TO_TIMESTAMP(1793518200000) - INTERVAL '1' HOUR", '05:30'],
    ["FLOOR(MILLIS_TO_TIMESTAMP(1793518200000) TO HOUR) - INTERVAL '1' HOUR", '05:00'],
    ["TIME_FLOOR(MILLIS_TO_TIMESTAMP(1793514600000), 'PT1H')", '05:00'],
    ["TIME_SHIFT(MILLIS_TO_TIMESTAMP(1793514600000), 'PT1H', 1)", '07:30'],
    ["TIMESTAMP '2026-11-01 02:30:00' - INTERVAL '1' HOUR", '05:30'],
    ["TIMESTAMP '2026-11-01 01:30:00'", '05:30'],
    ["'2026-11-01 01:30:00'", '05:30'],
    ["TIMESTAMP '2026-11-01 01:30:00' + INTERVAL '1' HOUR", '05:30'],
    ["CURRENT_TIMESTAMP + INTERVAL '1' HOUR", '05:30'],
    ["CURRENT_TIMESTAMP + INTERVAL '1' MINUTE", '05:31'],
  ])('in New York, as its clocks show an hour twice, %s is %s', async (constant, instant) => {
    const table = await sandbox.engine.createTable('minutes', new Map([['__time', 'TIMESTAMP']]))
    const fromMs = Date.parse('2026-11-01T04:00:00Z')
    await table.append(Array.from({ length: 300 }, (_, at) => ({ __time: fromMs + at * 60_000 })))
    const context = { sqlTimeZone: 'America/New_York', sqlCurrentTimestamp: '2026-11-01T06:30:00Z' }
    const first = async (where: string): Promise<string> => {
      const sql = `SELECT MIN(TIMESTAMP_TO_MILLIS(__time)) FROM minutes WHERE ${where}`
      const [[ms = 0] = []] = JSON.parse((await askSql(sandbox.url, sql, { context })).text) as number[][]
      return new Date(ms).toISOString().slice(11, 16)
    }
    const wheres = [
      `__time >= ${constant}`,
      `${constant} <= __time`,
      `__time BETWEEN ${constant} AND '2027-01-01'`,
    ]
    for (const where of wheres) expect(await first(where)).toBe(instant)
  })

  test('a step of the stream that fails is only missing', async () => {
    const live = await startSandbox({ clock, days: 0, live: true })
    try {
      const stream = live.engine.tables.get('stream')
      if (stream === undefined) throw new Error('there is no stream')
      await until(() => clock.sleepers === 1)
      const append = vi.spyOn(stream, 'append').mockRejectedValueOnce(new Error('told to fail'))
      await clock.advance(1_000)
      await until(() => clock.sleepers === 1)
      await clock.advance(1_000)
      await until(() => append.mock.calls.length > 1)
      expect(append).toHaveBeenCalledTimes(2)
    } finally {
      await live.close()
    }
  })

  test('counts what reaches it by kind', async () => {
    await addEvents()
    for (const sql of [
      'SELECT 1',
      'EXPLAIN PLAN FOR SELECT COUNT(*) FROM events',
      'SELECT * FROM events LIMIT 0',
      'SELECT 1 FROM INFORMATION_SCHEMA.TABLES',
    ])
      await askSql(sandbox.url, sql)
    await ask(`${sandbox.url}/druid/v2/datasources/events/candidates?intervals=2026-01-01/2027-01-01`)
    expect(sandbox.stats).toEqual({
      data: 1,
      explain: 1,
      rightsChecks: 1,
      candidates: 1,
      cancels: 0,
      other: 1,
    })
  })

  describe('rights', () => {
    const asUser = (authorization: string): { headers: Record<string, string> } => ({
      headers: { authorization },
    })
    beforeEach(async () => {
      await addEvents()
      sandbox.behaviour.users = {
        all: { tables: ['events', 'stream'] },
        german: { tables: ['events'], rowFilter: { events: "country = 'DE'" } },
        none: { tables: [] },
      }
    })
    const count = 'SELECT COUNT(*) FROM events'

    test('nobody without credentials', async () => {
      const got = await askSql(sandbox.url, count)
      expect([got.status, got.headers['content-type']]).toEqual([401, 'text/html;charset=iso-8859-1'])
      expect((await askSql(sandbox.url, count, asUser('constructor'))).status).toBe(401)
      expect((await ask(`${sandbox.url}/status/health`)).status).toBe(200)
    })

    test.each([
      ['all', 200, '[[188]]\n'],
      ['german', 200, '[[68]]\n'],
      ['none', 403, '{"Access-Check-Result":"Unauthorized"}'],
    ])('%s gets %d', async (user, status, text) => {
      expect(await askSql(sandbox.url, count, asUser(user))).toMatchObject({ status, text })
      expect((await askSql(sandbox.url, `EXPLAIN PLAN FOR ${count}`, asUser(user))).status).toBe(status)
    })

    test.each(['cookie', 'x-forwarded-user'])('by %s as well', async (header) => {
      expect((await askSql(sandbox.url, count, { headers: { [header]: 'german' } })).text).toBe('[[68]]\n')
    })

    test('who sends no credentials may be a user, too', async () => {
      const users = sandbox.behaviour.users ?? {}
      users[''] = { tables: ['events'], rowFilter: { events: "country = 'US'" } }
      expect((await askSql(sandbox.url, count)).text).toBe('[[120]]\n')
      expect((await askSql(sandbox.url, count, asUser('nobody'))).status).toBe(401)
    })

    test('lists hold what may be read', async () => {
      const headers = { authorization: 'german' }
      expect((await ask(`${sandbox.url}/druid/v2/datasources`, { headers })).text).toBe('["events"]')
      const stream = await ask(
        `${sandbox.url}/druid/v2/datasources/stream/candidates?intervals=2026-01-01/2027-01-01`,
        { headers },
      )
      expect(stream.status).toBe(403)
      const names = await askSql(
        sandbox.url,
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'",
        asUser('german'),
      )
      expect(names.text).toBe('[["events"]]\n')
    })

    test('what a policy hides is hidden in subqueries, too', async () => {
      const sql = "SELECT COUNT(*) FROM (SELECT country FROM events WHERE country = 'US' OR TRUE)"
      expect((await askSql(sandbox.url, sql, asUser('german'))).text).toBe('[[68]]\n')
    })

    test('change while it runs', async () => {
      const { users } = sandbox.behaviour
      const german = users?.['german']
      if (german !== undefined) german.tables = []
      expect((await askSql(sandbox.url, count, asUser('german'))).status).toBe(403)
    })
  })
})
