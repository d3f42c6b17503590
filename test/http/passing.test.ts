// What passes: cookies, challenges, redirects and trailers are between Druid and the one who asked; what begins work at Druid
// begins it once.
import { afterEach, describe, expect, test } from 'vitest'
import { smile } from '../cluster/smile.ts'
import { druidOn, fakeBroker } from '../druid/support.ts'
import { deferred } from '../support/deferred.ts'
import { type FakeBroker } from '../support/fake-broker.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { startRawBroker } from '../support/raw-broker.ts'
import { rawConnection, rawPost } from '../support/raw.ts'
import { answerer, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SQL = '/druid/v2/sql'
const COUNT = 'SELECT COUNT(*) AS n FROM events'
const PAGE = '<html><body>Log in</body></html>'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function before(druid: Parameters<typeof startStack>[0]): Promise<Stack> {
  const stack = await startStack(druid)
  ends.push(() => stack.stop())
  return stack
}

/** Ovate on a Broker over real sockets that is ready. */
async function beforeBroker(behave: FakeBroker['behave']): Promise<{ stack: Stack; broker: FakeBroker }> {
  const broker = await fakeBroker(behave)
  const druid = druidOn([broker])
  const stack = await before(druid)
  await until(() => druid.brokers().some(({ state }) => state === 'ready'))
  return { stack, broker }
}

const ANSWERS: readonly (readonly [string, number, readonly string[], string])[] = [
  ['a challenge', 401, ['WWW-Authenticate', 'Basic realm="druid"', 'Content-Type', 'text/html'], PAGE],
  ['two challenges', 401, ['WWW-Authenticate', 'Negotiate', 'WWW-Authenticate', 'Basic realm="x"'], ''],
  [
    'the redirect to a login',
    302,
    ['Location', 'https://sso.example/login?state=1', 'Set-Cookie', 'pac4j.state=1; Path=/; HttpOnly'],
    '',
  ],
  ['a redirect that keeps the method', 307, ['Location', 'http://elsewhere.example/druid/v2/sql'], ''],
  [
    'cookies in their order',
    429,
    [
      'Set-Cookie',
      'b=1; Path=/',
      'Content-Type',
      'application/json',
      'Set-Cookie',
      'a=2',
      'Set-Cookie',
      'b=3',
    ],
    '{"error":"Query capacity exceeded"}',
  ],
  ['a refusal with a cookie', 403, ['Set-Cookie', 'session=2'], '{"Access-Check-Result":"Unauthorized"}'],
]

/** Each way of asking; all but the last are statements, of which one may be kept. */
const WAYS: readonly (readonly [string, string, string])[] = [
  ['a statement that may be kept', SQL, JSON.stringify({ query: COUNT })],
  ['a statement that passes', SQL, JSON.stringify({ query: COUNT, context: { useCache: false } })],
  ['a native query', '/druid/v2/', '{"queryType":"timeBoundary","dataSource":"events"}'],
  ['any other path', '/druid/v2/sql/statements', '{"query":"SELECT 1"}'],
]

describe.each(ANSWERS)('%s', (_, status, headers, body) => {
  test.each(WAYS)("to %s is the one client's, as it came, each time", async (_way, path, sent) => {
    const { stack, broker } = await beforeBroker((_request, response) => {
      response.writeHead(status, [...headers]).end(body)
    })
    for (let time = 1; time <= 2; time += 1) {
      const asked = broker.received.length
      const got = await ask(stack.server.url + path, {
        headers: { 'content-type': 'application/json', cookie: 'mine=1' },
        body: sent,
      })
      expect([got.status, valuesOf(got, 'set-cookie'), valuesOf(got, 'www-authenticate')]).toEqual([
        status,
        valuesIn(headers, 'set-cookie'),
        valuesIn(headers, 'www-authenticate'),
      ])
      expect(valuesOf(got, 'location')).toEqual(valuesIn(headers, 'location'))
      expect(got.body.toString()).toBe(body)
      expect(broker.received.length).toBeGreaterThan(asked)
    }
  })
})

function valuesOf({ rawHeaders }: Got, name: string): string[] {
  return valuesIn(rawHeaders, name)
}

function valuesIn(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name)
}

test.each([
  [401, ['WWW-Authenticate', 'Negotiate of-the-first']],
  [403, ['Set-Cookie', 'session=of-the-first']],
])('a refusal %i with %j is not given to who joined its flight', async (status, own) => {
  const broker = script()
  const hold = deferred<void>()
  broker.next.push(
    async () => {
      await hold.promise
      return { status, headers: own, body: 'first' }
    },
    () => ({ status, headers: [], body: 'second' }),
  )
  const stack = await before(new FakeDruid(answerer(broker)))
  const first = askSql(stack.sqlUrl, COUNT)
  await until(() => stack.flights.size === 1)
  const second = askSql(stack.sqlUrl, COUNT)
  await until(() => stack.flights.list().some(({ waiters }) => waiters === 2))
  hold.resolve()
  const got = [await first, await second]
  expect(got.map(({ body }) => body.toString())).toEqual(['first', 'second'])
  expect(valuesIn(got[1]?.rawHeaders ?? [], (own[0] ?? '').toLowerCase())).toEqual([])
})

describe('trailers', () => {
  const TE = ['Connection: TE, close', 'TE: trailers']
  const CLOSE = ['Connection: close']
  const passed = JSON.stringify({ query: COUNT, context: { useCache: false } })
  const kept = JSON.stringify({ query: COUNT })
  const native = '{"queryType":"timeBoundary","dataSource":"events"}'

  test.each<[string, string, string]>([
    ['passed', SQL, passed],
    ['computed', SQL, kept],
    ['native', '/druid/v2/', native],
  ])('of an answer that is %s go to those who take them', async (_, path, body) => {
    const broker = script()
    broker.headers.push('Trailer', 'X-Druid-Response-Complete')
    const stack = await before(new FakeDruid(answerer(broker)))
    const got = async (text: string): Promise<string> => {
      const connection = await rawConnection(stack.server.url)
      connection.send(text)
      return (await connection.end()).text
    }
    // The second time what is kept is a hit.
    for (let time = 1; time <= 2; time += 1) {
      const plain = await got(rawPost(path, body, CLOSE))
      const told = await got(rawPost(path, body, TE))
      const old = await got(rawPost(path, body, TE).replace('HTTP/1.1', 'HTTP/1.0'))
      await stack.keeper.settled()
      // HTTP/1.0 has no chunks, and so no trailers, whatever its client says that it takes.
      expect(old).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n\[\{"n":3\}\]\n$/)
      expect(stack.cache.usage.heldBytes).toBe(0)
      expect([plain, told, old].map((text) => /^trailer: /im.test(text))).toEqual([false, true, false])
      expect([plain, told, old].map((text) => /x-druid-response-complete: true/i.test(text))).toEqual([
        false,
        true,
        false,
      ])
      expect(told).toMatch(/\r\n0\r\nx-druid-response-complete: true\r\n\r\n$/i)
    }
  })
})

describe('an answer whose head Ovate can not write', () => {
  const headers = ['X-Druid-Response-Context', 'no\nvalue', 'Set-Cookie', 'no\nvalue']
  const unwritten = { headers, body: '[["n"],["LONG"],["BIGINT"],[3]]\n' }

  test('to a statement that may be kept holds nothing', async () => {
    const stack = await before(
      new FakeDruid((request, signal) =>
        kindOf(request) === 'data' ? unwritten : answerer(script())(request, signal),
      ),
    )
    const got = await askSql(stack.sqlUrl, COUNT)
    expect([got.status, got.complete]).toEqual([500, true])
    await until(() => stack.cache.usage.heldBytes === 0 && stack.flights.size === 0)
  })

  test.each(WAYS.slice(1))('to %s gives its place at the Broker back', async (_, path, body) => {
    // A trailer needs chunks.
    const head = 'HTTP/1.1 200 OK\r\nTrailer: X-Druid-Response-Complete\r\nContent-Length: 1000000\r\n\r\n'
    const broker = await startRawBroker((socket) => socket.write(head + 'x'.repeat(1_000_000)))
    ends.push(() => broker.close())
    const druid = druidOn([broker])
    const stack = await before(druid)
    await until(() => druid.brokers().some(({ state }) => state === 'ready'))
    const asked = { headers: { 'content-type': 'application/json', te: 'trailers' }, body }
    const got = await ask(stack.server.url + path, asked)
    expect([got.status, got.complete]).toEqual([500, true])
    await until(() => druid.brokers().every(({ outstanding }) => outstanding === 0))
  })
})

describe('what begins work at Druid', () => {
  const begins = [
    '/druid/v2/sql/statements',
    '/druid/v2/sql/statements/',
    '/druid/v2/sql/task',
    '/druid/v2/sql/task/',
  ]
  const body = '{"query":"INSERT INTO t SELECT 1","context":{"executionMode":"ASYNC"}}'
  const asked = { headers: { 'content-type': 'application/json' }, body }

  test.each(begins)('%s, asked twice at once: two ids', async (path) => {
    const both = deferred<void>()
    let count = 0
    const { stack } = await beforeBroker(async (_request, response) => {
      count += 1
      const id = `query-${count}`
      if (count === 2) both.resolve()
      await both.promise
      response.end(`{"queryId":"${id}"}`)
    })
    const got = await Promise.all([1, 2].map(() => ask(stack.server.url + path, asked)))
    expect(new Set(got.map((one) => one.body.toString()))).toEqual(
      new Set(['{"queryId":"query-1"}', '{"queryId":"query-2"}']),
    )
  })

  test.each(begins)('%s, broken off: it is told, and not asked again', async (path) => {
    const { stack, broker } = await beforeBroker((_request, response) => {
      response.destroy()
    })
    const got = await ask(stack.server.url + path, asked)
    expect([got.status, broker.received.length]).toEqual([502, 1])
    expect(broker.received[0]?.body.toString()).toBe(body)
  })
})

describe('a refused cancel of a client that has left', () => {
  test.each([401, 403, 404, 500])('with %i changes nothing', async (status) => {
    const hold = deferred<void>()
    const { stack, broker } = await beforeBroker(async ({ method, body }, response) => {
      if (method === 'DELETE') {
        response.writeHead(status).end()
        hold.resolve()
        return
      }
      if (body.includes('"mine"')) await hold.promise
      response.end('[]')
    })
    const leaving = new AbortController()
    const left = ask(`${stack.server.url}/druid/v2/`, {
      headers: { 'content-type': 'application/json', authorization: 'Basic me', cookie: 'a=b' },
      body: '{"queryType":"timeBoundary","dataSource":"events","context":{"queryId":"mine"}}',
      signal: leaving.signal,
    }).catch(() => undefined)
    await until(() => broker.received.length === 1)
    leaving.abort()
    await left
    await hold.promise
    const deleted = broker.received.filter(({ method }) => method === 'DELETE')
    expect(deleted.map(({ path }) => path)).toEqual(['/druid/v2/mine'])
    expect(deleted[0]?.headers).toEqual(expect.arrayContaining(['Basic me', 'a=b']))
    await until(() => stack.druid.brokers().every(({ outstanding }) => outstanding === 0))
    expect(stack.druid.brokers().map(({ state }) => state)).toEqual(['ready'])
    expect((await ask(`${stack.server.url}/druid/v2/`, { body: '{}' })).status).toBe(200)
  })
})

test.each([
  [
    'in Smile',
    'application/x-jackson-smile',
    smile({ queryType: 'timeBoundary', context: { queryId: 'mine' } }),
  ],
  ['without an id', 'application/json', '{"queryType":"timeBoundary","dataSource":"events"}'],
  [
    'with an id that stands in no URL',
    'application/json',
    String.raw`{"queryType":"timeBoundary","context":{"queryId":"\ud800"}}`,
  ],
])(
  'a native query %s ends with its client: its connection is closed, and no other query',
  async (_, type, body) => {
    let isClosed = false
    const { stack, broker } = await beforeBroker((_request, response) => {
      response.on('close', () => (isClosed = true))
    })
    const leaving = new AbortController()
    const left = ask(`${stack.server.url}/druid/v2/`, {
      headers: { 'content-type': type },
      body,
      signal: leaving.signal,
    }).catch(() => undefined)
    await until(() => broker.received.length === 1)
    leaving.abort()
    await left
    await until(() => isClosed && stack.druid.brokers().every(({ outstanding }) => outstanding === 0))
    expect(broker.received.map(({ method, body: sent }) => [method, sent])).toEqual([
      ['POST', Buffer.from(body)],
    ])
  },
)

test('a refused cancel that a client asks for keeps its challenge', async () => {
  const { stack } = await beforeBroker((_request, response) => {
    response
      .writeHead(401, ['WWW-Authenticate', 'Basic realm="druid"', 'Content-Type', 'text/html'])
      .end(PAGE)
  })
  const got = await ask(`${stack.sqlUrl}/mine`, { method: 'DELETE' })
  expect([got.status, got.headers['www-authenticate'], got.body.toString()]).toEqual([
    401,
    'Basic realm="druid"',
    PAGE,
  ])
})
