// The whole road on a Broker in memory: what a client gets, and what reached the Broker for it.
import { randomUUID } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { OvateError } from '../../src/errors.ts'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid, type Reply } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { answerer, bodyText, kindOf, type QueryKind, type Script, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { settle } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'

let broker: Script
let druid: FakeDruid
let stack: Stack

beforeEach(async () => {
  broker = script()
  druid = new FakeDruid(answerer(broker))
  stack = await startStack(druid)
})

afterEach(async () => {
  await stack.stop()
})

async function restart(settings: Record<string, unknown>): Promise<void> {
  await stack.stop()
  stack = await startStack(druid, settings)
}

function reached(kind: QueryKind): DruidRequest[] {
  return druid.requests.filter((request) => kindOf(request) === kind)
}

function status(got: Got): unknown {
  return got.headers['cache-status']
}

/** The answer, and time for it to be kept. */
async function kept(
  sql: string | Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Got> {
  const got = await askSql(stack.sqlUrl, sql, headers)
  await stack.keeper.settled()
  return got
}

describe('the second time', () => {
  test('the answer comes from the cache, in every format, and the Broker hears nothing', async () => {
    const first = await kept(COUNT)
    expect(first.body.toString()).toBe('[{"n":3}]\n')
    expect(status(first)).toBe('ovate; fwd=miss; detail="whole"')
    const forms: [Record<string, unknown>, string][] = [
      [{}, '[{"n":3}]\n'],
      [{ resultFormat: 'array', header: true }, '[["n"],[3]]\n'],
      [{ resultFormat: 'CSV', header: 'true', typesHeader: true }, 'n\nLONG\n3\n\n'],
      [{ resultFormat: 'objectLines', context: null, parameters: [] }, '{"n":3}\n\n'],
      [{ query: `select  Count(*) as n /* again */ from events -- end` }, '[{"n":3}]\n'],
    ]
    for (const [more, body] of forms) {
      const got = await askSql(stack.sqlUrl, { query: COUNT, ...more })
      expect(got.body.toString()).toBe(body)
      expect(status(got)).toBe('ovate; hit; detail="whole"')
      expect(got.headers['age']).toBe('0')
      expect(got.headers['x-druid-sql-header-included']).toBe('header' in more ? 'yes' : undefined)
    }
    expect(reached('data')).toHaveLength(1)
  })

  test.each<[string, Record<string, unknown>]>([
    ['another statement', { query: 'SELECT COUNT(*) AS n FROM events WHERE x = 1' }],
    [
      'another parameter',
      { query: 'SELECT COUNT(*) AS n FROM events WHERE x = ?', parameters: [{ type: 'BIGINT', value: 1 }] },
    ],
    ['another context', { query: COUNT, context: { sqlTimeZone: 'Asia/Tokyo' } }],
  ])('%s is another answer', async (_, body) => {
    await kept(COUNT)
    const got = await askSql(stack.sqlUrl, body)
    expect(status(got)).toContain('fwd=miss')
  })

  test('64-bit numbers in parameters are told apart to the last digit', async () => {
    const asked = (value: string): string =>
      `{"query":"SELECT COUNT(*) AS n FROM events WHERE x = ?","parameters":[{"type":"BIGINT","value":${value}}]}`
    const send = (value: string): Promise<Got> =>
      ask(stack.sqlUrl, { headers: { 'content-type': 'application/json' }, body: asked(value) })
    await send('9007199254740993')
    await stack.keeper.settled()
    expect(status(await send('9007199254740992'))).toContain('fwd=miss')
    expect(status(await send('9007199254740993'))).toContain('hit')
    expect(bodyText(reached('data')[0])).toContain('9007199254740993')
  })

  test('gzip is ready the second time that it is wanted', async () => {
    broker.kept = `[["t"],["STRING"],["VARCHAR"],${Array.from({ length: 200 }, (_, i) => `["row ${i}"]`).join(',')}]\n`
    await kept(COUNT)
    const gzip = { 'accept-encoding': 'gzip' }
    const plain = await askSql(stack.sqlUrl, COUNT)
    await askSql(stack.sqlUrl, COUNT, gzip)
    await stack.keeper.settled()
    const zipped = await askSql(stack.sqlUrl, COUNT, gzip)
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.body)).toEqual(plain.body)
    expect((await askSql(stack.sqlUrl, COUNT, { 'accept-encoding': 'gzip;q=0' })).body).toEqual(plain.body)
  })
})

describe('what passes', () => {
  test.each<[string, string | Record<string, unknown>]>([
    ['explain', 'EXPLAIN PLAN FOR SELECT 1'],
    ['no-table', 'SELECT 1'],
    ['system-table', 'SELECT * FROM sys.segments'],
    ['volatile-function', 'SELECT RAND() FROM events'],
    ['sql-not-understood', 'SELECT COUNT(*) FROM events WHERE'],
    ['client-bypass', { query: COUNT, context: { useCache: false } }],
    ['context-key', { query: COUNT, context: { bySegment: true } }],
    ['sql-too-long', `SELECT COUNT(*) FROM events WHERE x IN (${'1,'.repeat(40_000)}1)`],
    ['sql-too-deep', `SELECT ${'('.repeat(100)}1${')'.repeat(100)} FROM events`],
  ])('%s', async (reason, body) => {
    const got = await askSql(stack.sqlUrl, body)
    expect(status(got)).toBe(`ovate; fwd=bypass; detail="pass ${reason}"`)
    const sent = druid.requests.find(({ path }) => path === '/druid/v2/sql')
    const query = typeof body === 'string' ? body : body['query']
    expect((JSON.parse(bodyText(sent)) as { query: string }).query).toBe(query)
  })

  test.each<[boolean, string, string]>([
    [true, 'sql-too-long', `SELECT COUNT(*) FROM events WHERE x IN (${'1,'.repeat(40_000)}1)`],
    [true, 'system-table', 'SELECT * FROM sys.segments'],
    [false, 'dml', 'INSERT INTO t SELECT * FROM events PARTITIONED BY ALL'],
    [false, 'dml', 'REPLACE INTO t OVERWRITE ALL SELECT * FROM events PARTITIONED BY ALL'],
    [false, 'sql-too-long', `INSERT INTO t SELECT x FROM events WHERE x IN (${'1,'.repeat(40_000)}1)`],
    [false, 'sql-too-deep', `INSERT INTO t SELECT ${'('.repeat(100)}1${')'.repeat(100)} FROM events`],
    [false, 'not-a-select', 'DROP TABLE events'],
  ])('may be sent twice: %s, %s', async (repeatable, reason, sql) => {
    expect(status(await askSql(stack.sqlUrl, sql))).toContain(reason)
    expect(druid.requests.map((sent) => sent.repeatable)).toEqual([repeatable])
  })

  test('bodies that are JSON but odd pass as they came', async () => {
    const odd = `{"query":"${COUNT}","query":"SELECT 2"}`
    const got = await ask(stack.sqlUrl, { headers: { 'content-type': 'application/json' }, body: odd })
    expect(status(got)).toContain('body-not-understood')
    expect(bodyText(druid.requests[0])).toBe(odd)
  })

  test('another content type passes, and so does its answer', async () => {
    broker.next.push(() => ({ status: 415, body: '' }))
    const got = await ask(stack.sqlUrl, { headers: { 'content-type': 'text/plain' }, body: COUNT })
    expect(got.status).toBe(415)
    expect(got.body).toHaveLength(0)
  })
})

describe('what goes to Druid', () => {
  test('is the body as it came but for the id, the form that is kept, and no If-None-Match', async () => {
    const body =
      '{ "query" : "SELECT COUNT(*) AS n FROM events" ,\n "context":{"a":[1, 2.50],"If-None-Match":"x"},"future":1e3 }'
    await ask(stack.sqlUrl, { headers: { 'content-type': 'application/json' }, body })
    const sent = bodyText(reached('data')[0])
    expect(sent).toContain('"query" : "SELECT COUNT(*) AS n FROM events"')
    expect(sent).toContain('"a":[1, 2.50]')
    expect(sent).toContain('"future":1e3')
    expect(sent).not.toContain('If-None-Match')
    expect(JSON.parse(sent)).toMatchObject({
      resultFormat: 'array',
      header: true,
      typesHeader: true,
      sqlTypesHeader: true,
    })
  })

  test("carries the client's own id, and the answer names it", async () => {
    const got = await askSql(stack.sqlUrl, { query: COUNT, context: { sqlQueryId: 'mine-1' } })
    expect(got.headers['x-druid-sql-query-id']).toBe('mine-1')
    expect(bodyText(reached('data')[0])).toContain('"sqlQueryId":"mine-1"')
    await stack.keeper.settled()
    const hit = await askSql(stack.sqlUrl, { query: COUNT, context: { sqlQueryId: 'mine-2' } })
    expect(status(hit)).toContain('hit')
    expect(hit.headers['x-druid-query-id']).toBe('mine-2')
  })

  test('carries the credentials, and no header of the hop', async () => {
    await askSql(stack.sqlUrl, COUNT, {
      authorization: 'Basic eA==',
      connection: 'close, x-hop',
      'x-hop': '1',
      'x-own': '2',
    })
    const headers = reached('data')[0]?.headers ?? []
    expect(headers).toContain('Basic eA==')
    expect(headers).toContain('x-own')
    expect(headers.map((name) => name.toLowerCase())).not.toContain('x-hop')
    expect(headers.map((name) => name.toLowerCase())).not.toContain('connection')
  })
})

describe('bad requests', () => {
  const json = { 'content-type': 'application/json' }

  test.each<[string, () => Parameters<typeof ask>[1], number, string]>([
    ['no JSON', () => ({ headers: json, body: '{"query": SELECT 1}' }), 400, 'OVATE_BAD_BODY'],
    ['nothing', () => ({ headers: json, body: '' }), 400, 'OVATE_BAD_BODY'],
    [
      'no gzip',
      () => ({ headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' }),
      400,
      'OVATE_BAD_BODY',
    ],
    [
      'too much',
      () => ({ headers: json, body: `{"query":"${'x'.repeat(200_000)}"}` }),
      413,
      'OVATE_BODY_TOO_LARGE',
    ],
    [
      'a bomb',
      () => ({ headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(5_000_000)) }),
      413,
      'OVATE_BODY_TOO_LARGE',
    ],
    [
      'too much in chunks',
      () => ({ headers: { ...json, 'transfer-encoding': 'chunked' }, body: 'x'.repeat(200_000) }),
      413,
      'OVATE_BODY_TOO_LARGE',
    ],
  ])("%s: an error in Druid's shape", async (_, request, code, ovateCode) => {
    await restart({ listen: { maxBody: 100_000 } })
    const got = await ask(stack.sqlUrl, request())
    expect(got.status).toBe(code)
    expect(JSON.parse(got.body.toString())).toMatchObject({
      error: 'druidException',
      errorCode: 'general',
      persona: 'USER',
      category: 'INVALID_INPUT',
      context: { ovateCode },
    })
    expect(druid.requests).toHaveLength(0)
  })

  test('gzip bodies are read', async () => {
    const body = gzipSync(JSON.stringify({ query: COUNT }))
    const got = await ask(stack.sqlUrl, { headers: { ...json, 'content-encoding': 'gzip' }, body })
    expect(got.body.toString()).toBe('[{"n":3}]\n')
  })
})

describe('flights', () => {
  test('who asks the same meanwhile waits for the same answer', async () => {
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return { headers: broker.headers, body: broker.kept }
    })
    const asked = Promise.all([1, 2, 3, 4].map(() => askSql(stack.sqlUrl, COUNT)))
    await until(() => stack.flights.list()[0]?.waiters === 4)
    hold.resolve()
    const got = await asked
    expect(got.map(({ body }) => body.toString())).toEqual(Array(4).fill('[{"n":3}]\n'))
    expect(got.filter((one) => String(status(one)).includes('collapsed'))).toHaveLength(3)
    expect(reached('data')).toHaveLength(1)
  })

  test('an answer that broke off is cut for the first, and begun anew for the others', async () => {
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return { headers: broker.headers, body: brokenOff('[["n"],["LONG"],["BIGINT"],[1],') }
    })
    const asked = Promise.all([1, 2].map(() => askSql(stack.sqlUrl, COUNT)))
    await until(() => stack.flights.list()[0]?.waiters === 2)
    hold.resolve()
    const got = await asked
    expect(got.filter(({ complete }) => complete)).toHaveLength(1)
    expect(got.find(({ complete }) => complete)?.body.toString()).toBe('[{"n":3}]\n')
    await stack.keeper.settled()
    expect(stack.cache.usage.entries).toBe(1)
  })

  test.each([
    [
      'that Druid said was not complete',
      { 'x-druid-response-complete': 'false', 'x-error-message': 'too slow' },
      '[["n"],["LONG"],["BIGINT"],[1]',
    ],
    ['that lost its end behind a Router', {}, '[["n"],["LONG"],["BIGINT"],[1]'],
  ])(
    'an answer %s is cut, told only to those who take trailers, and never kept',
    async (_, trailers, body) => {
      const failing = (): { headers: string[]; body: string; trailers: Record<string, string> } => ({
        headers: broker.headers,
        body,
        trailers: trailers as Record<string, string>,
      })
      broker.next.push(failing, failing)
      const got = await askSql(stack.sqlUrl, COUNT)
      expect(got.complete).toBe(false)
      expect(got.body.toString()).toBe('[{"n":1}')
      const told = await askSql(stack.sqlUrl, COUNT, { te: 'trailers' })
      expect(told.complete).toBe(true)
      expect(told.trailers).toEqual({ 'x-druid-response-complete': 'false', ...trailers })
      await stack.keeper.settled()
      expect(stack.cache.usage.entries).toBe(0)
    },
  )

  test.each<[string, readonly [string, string], number]>([
    ['is the same for all who wait, each under its own id', [randomUUID(), randomUUID()], 1],
    ['has the length that it has under a shorter id', [randomUUID(), 'b-2'], 1],
    ['has the length that it has under a longer id', [randomUUID(), 'b'.repeat(60)], 1],
    ['names an id with signs of a pattern as it is', [randomUUID(), '$&-$$'], 1],
    ['names an id with signs of JSON as JSON does', [randomUUID(), String.raw`a"b\c`], 1],
    ['that names an id which could be any word is for the one who asked', ['error', 'a-2'], 2],
  ])('a refusal %s', async (_, ids, queries) => {
    const hold = deferred<void>()
    const refuse = async (request: DruidRequest): Promise<Reply> => {
      await hold.promise
      const { sqlQueryId } = (JSON.parse(bodyText(request)) as { context: { sqlQueryId: string } }).context
      const body = JSON.stringify({ error: 'yes', errorMessage: `in [${sqlQueryId}]` })
      // A Router announces the length of short answers.
      const headers = ['X-Druid-SQL-Query-Id', sqlQueryId, 'Content-Length', String(body.length)]
      return { status: 400, headers, body }
    }
    broker.next.push(refuse, refuse)
    const asked = ids.map((sqlQueryId) => askSql(stack.sqlUrl, { query: COUNT, context: { sqlQueryId } }))
    await until(() => stack.flights.list()[0]?.waiters === 2)
    hold.resolve()
    const got = await Promise.all(asked)
    expect(got.map(({ body }) => body.toString())).toEqual(
      ids.map((id) => JSON.stringify({ error: 'yes', errorMessage: `in [${id}]` })),
    )
    expect(got.map(({ headers }) => headers['x-druid-sql-query-id'])).toEqual(ids)
    expect(got.map(({ headers }) => headers['content-length'])).toEqual(
      got.map(({ body }) => String(body.length)),
    )
    expect(got.map((one) => one.status)).toEqual([400, 400])
    expect(reached('data')).toHaveLength(queries)
  })

  test('a client that leaves ends what nobody else waits for', async () => {
    const stopped = deferred<void>()
    broker.next.push(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            stopped.resolve()
            reject(signal.reason as Error)
          })
        }),
    )
    const gone = new AbortController()
    const asked = ask(stack.sqlUrl, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: COUNT }),
      signal: gone.signal,
    })
    await until(() => reached('data').length === 1)
    gone.abort()
    await expect(asked).rejects.toThrow('abort')
    await stopped.promise
    await until(() => stack.flights.size === 0)
  })

  test('an answer past the limit streams on to its asker, and is not kept', async () => {
    await restart({ cache: { maxEntry: '64KiB', size: '1MiB' } })
    const rows = Array.from({ length: 20_000 }, (_, i) => `["row number ${i}"]`)
    broker.kept = `[["t"],["STRING"],["VARCHAR"],${rows.join(',')}]\n`
    const asked = { query: COUNT, resultFormat: 'arrayLines' }
    const got = await kept(asked)
    expect(got.body.toString()).toBe(`${rows.join('\n')}\n\n`)
    broker.passed = 'from the Broker\n\n'
    const again = await askSql(stack.sqlUrl, asked)
    expect(status(again)).toBe('ovate; fwd=bypass; detail="pass too-large"')
    expect(stack.cache.usage).toMatchObject({ entries: 0, heldBytes: 0 })
  })
})

describe('no Broker', () => {
  const nobody = (): never => {
    throw new OvateError('OVATE_NO_BROKER', 'no Broker of druid/broker is ready')
  }

  test('what is held is given for as long as its bound allows, and asks nobody', async () => {
    await kept(COUNT)
    druid.brokerIds = []
    druid.answer = nobody
    // A poll that finds nobody changes nothing.
    await expect(stack.timelines.list()[0]?.look(ALL_TIME)).rejects.toThrow('no Broker')
    const got = await askSql(stack.sqlUrl, COUNT)
    expect([status(got), got.body.toString()]).toEqual(['ovate; hit; detail="whole"', '[{"n":3}]\n'])
  })

  test('what is held beyond its bound is looked after once, and refused at once', async () => {
    await restart({ freshness: { mode: 'strict' } })
    // The first answer has no look before it to prove itself by.
    await kept(COUNT)
    await kept(COUNT)
    expect(stack.cache.usage.entries).toBe(1)
    druid.brokerIds = []
    druid.answer = nobody
    druid.requests.length = 0
    const got = await askSql(stack.sqlUrl, COUNT)
    expect(got.status).toBe(503)
    expect(reached('data')).toHaveLength(0)
  })
})

describe('cancel', () => {
  test('ends a query that runs here, for whoever began it', async () => {
    broker.next.push(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    )
    const asked = askSql(
      stack.sqlUrl,
      { query: COUNT, context: { sqlQueryId: 'mine' } },
      { authorization: 'a' },
    )
    await until(() => reached('data').length === 1)
    druid.cancelStatus = 403
    expect(
      (await ask(`${stack.sqlUrl}/mine`, { method: 'DELETE', headers: { authorization: 'b' } })).status,
    ).toBe(403)
    expect(
      (await ask(`${stack.sqlUrl}/mine`, { method: 'DELETE', headers: { authorization: 'a' } })).status,
    ).toBe(202)
    const got = await asked
    expect(got.status).toBe(500)
    expect(JSON.parse(got.body.toString())).toMatchObject({
      error: 'Query cancelled',
      errorClass: 'java.util.concurrent.CancellationException',
      errorCode: 'legacyQueryException',
      category: 'CANCELED',
      errorMessage: 'Query [mine] was canceled',
    })
  })

  test('of what does not run here is for Druid to answer', async () => {
    expect((await ask(`${stack.sqlUrl}/nobody`, { method: 'DELETE' })).status).toBe(404)
    expect(druid.cancelled).toEqual(['nobody'])
  })
})

describe('two identities', () => {
  const alice = { authorization: 'Basic YWxpY2U=' }
  const bob = { authorization: 'Basic Ym9i' }

  test('never share an answer or a flight', async () => {
    await kept(COUNT, alice)
    expect(status(await askSql(stack.sqlUrl, COUNT, bob))).toContain('fwd=miss')
    expect(status(await askSql(stack.sqlUrl, COUNT))).toContain('fwd=miss')
    expect(status(await askSql(stack.sqlUrl, COUNT, alice))).toContain('hit')
  })

  test('share what is declared shared, each with a right of its own', async () => {
    await restart({ datasources: { events: { shared: true, rowPolicies: 'none' } } })
    broker.rights = (authorization) => (authorization === 'Basic ZXZl' ? 403 : 200)
    await kept(COUNT, alice)
    expect(status(await askSql(stack.sqlUrl, COUNT, bob))).toContain('hit')
    // Of the statement, of all rows for what is kept, and of all rows for bob.
    expect(reached('explain')).toHaveLength(3)
    const eve = await askSql(stack.sqlUrl, COUNT, { authorization: 'Basic ZXZl' })
    expect(eve.status).toBe(403)
    expect(eve.body.toString()).not.toContain('3')
  })

  test('who joins a shared flight without a right gets no row of it', async () => {
    await restart({ datasources: { events: { shared: true } } })
    broker.rights = (authorization) => (authorization === 'Basic ZXZl' ? 403 : 200)
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return { headers: broker.headers, body: broker.kept }
    })
    const asked = Promise.all([
      askSql(stack.sqlUrl, COUNT, alice),
      askSql(stack.sqlUrl, COUNT, { authorization: 'Basic ZXZl' }),
    ])
    await until(() => stack.flights.list()[0]?.waiters === 2)
    hold.resolve()
    const [first, second] = await asked
    expect(first.status).toBe(200)
    expect(second.status).toBe(403)
  })
})

describe("the client's Cache-Control", () => {
  test('no-cache asks Druid anew, and what comes is kept', async () => {
    await kept(COUNT)
    broker.kept = '[["n"],["LONG"],["BIGINT"],[4]]\n'
    expect((await kept(COUNT, { 'cache-control': 'no-cache' })).body.toString()).toBe('[{"n":4}]\n')
    expect((await askSql(stack.sqlUrl, COUNT)).body.toString()).toBe('[{"n":4}]\n')
  })

  test('no-store passes', async () => {
    await kept(COUNT)
    expect(status(await askSql(stack.sqlUrl, COUNT, { 'cache-control': 'no-store' }))).toContain(
      'pass client-bypass',
    )
  })

  test('only-if-cached never asks Druid', async () => {
    const got = await askSql(stack.sqlUrl, COUNT, { 'cache-control': 'only-if-cached' })
    expect(got.status).toBe(504)
    expect(JSON.parse(got.body.toString())).toMatchObject({ context: { ovateCode: 'OVATE_NOT_CACHED' } })
    expect(reached('data')).toHaveLength(0)
    await kept(COUNT)
    expect(status(await askSql(stack.sqlUrl, COUNT, { 'cache-control': 'only-if-cached' }))).toContain('hit')
  })
})

describe('what is kept', () => {
  test('is nothing that Druid reads elsewhere than the text says', async () => {
    broker.tables = ['another']
    await kept(COUNT)
    expect(stack.cache.usage.entries).toBe(0)
    expect(status(await askSql(stack.sqlUrl, COUNT))).toBe('ovate; fwd=bypass; detail="pass plan-disagrees"')
  })

  test.each([
    ['missing segments', '{"missingSegments":[{"itvl":"a"}]}'],
    ['uncovered intervals', '{"uncoveredIntervals":["a/b"]}'],
    ['a context that was cut', '{"truncated":true}'],
    ['a context that is no JSON', '{"missing'],
  ])('is nothing with %s', async (_, context) => {
    broker.headers[1] = context
    await kept(COUNT)
    expect(stack.cache.usage.entries).toBe(0)
  })

  test('goes by a purge, of a datasource or of all', async () => {
    await kept(COUNT)
    expect(stack.keeper.purge('another')).toBe(0)
    expect(stack.keeper.purge('events')).toBe(1)
    await kept(COUNT)
    expect(stack.keeper.purge(undefined)).toBe(1)
  })

  test('goes with a new run of a Broker', async () => {
    await kept(COUNT)
    druid.run += 1
    expect(status(await askSql(stack.sqlUrl, COUNT))).toContain('fwd=miss')
  })
})

function brokenOff(text: string): AsyncIterable<Buffer> {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(text)
    await settle()
    throw new Error('the connection broke')
  }
  return body()
}
