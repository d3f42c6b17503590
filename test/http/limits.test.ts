// Clients that do harm, by mistake or on purpose: each comes to its end within its limits, and somebody who asks meanwhile
// gets right answers.
import { once } from 'node:events'
import { type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EchoStack, startEchoStack } from '../support/echo-stack.ts'
import { ask } from '../support/http-client.ts'
import { type OrdinaryClient, startOrdinaryClient } from '../support/ordinary-client.ts'
import { rawConnection, type RawConnection, rawPost } from '../support/raw.ts'
import { until } from '../support/until.ts'

const SQL = '/druid/v2/sql'
const HOST = 'Host: ovate\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const CHUNKED = `POST ${SQL} HTTP/1.1\r\n${HOST}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`
const SOON = { headersTimeout: '500ms', requestTimeout: '1s', writeTimeout: '1s', keepAliveTimeout: '1s' }

let world: EchoStack
let other: OrdinaryClient
const opened: Socket[] = []

beforeEach(async () => {
  await begin({ listen: SOON })
})

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy()
  await finish()
})

async function begin(
  settings: Record<string, unknown>,
  more: Parameters<typeof startEchoStack>[1] = {},
): Promise<void> {
  world = await startEchoStack(settings, more)
  other = startOrdinaryClient(world.url)
}

async function finish(): Promise<void> {
  const before = other.answers
  await until(() => other.answers > before + 3)
  expect(await other.stop()).toEqual([])
  await world.quiet()
  expect(world.brokers.flatMap(({ wrong }) => wrong)).toEqual([])
  await world.stop()
}

async function open(): Promise<RawConnection> {
  const connection = await rawConnection(world.url)
  opened.push(connection.socket)
  return connection
}

/** Sends pieces again and again until the other side ends the connection; what came is its answer. */
async function sendOn(first: string, piece: string | Buffer, pauseMs = 0): Promise<string> {
  const connection = await open()
  connection.send(first)
  const { socket } = connection
  while (!socket.destroyed && !socket.readableEnded) {
    if (!socket.write(piece))
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => 0)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return connection.text
}

describe('a request that never ends', () => {
  test.each<[string, string, string, number]>([
    ['a head of one long header', `GET / HTTP/1.1\r\nX: `, 'x'.repeat(1_000), 0],
    ['a head of many headers', 'GET / HTTP/1.1\r\n', 'a:b\r\n'.repeat(200), 0],
    ['a head that comes byte by byte', 'GET / HTTP/1.1\r\nX: ', 'x', 50],
    ['a URL without end', 'GET /', 'x'.repeat(1_000), 0],
    ['a method without end', '', 'G'.repeat(1_000), 0],
    ['blank lines before it', '', '\r\n'.repeat(500), 1],
    ['an extension of a chunk', `${CHUNKED}1;`, 'x'.repeat(1_000), 0],
    ['extensions of many chunks', CHUNKED, `1;${'x'.repeat(1_000)}\r\n \r\n`, 1],
    ['trailers behind the last chunk', `${CHUNKED}0\r\n`, 'x: y\r\n'.repeat(100), 1],
    ['a body that comes byte by byte', `${CHUNKED}fffff\r\n`, 'x', 50],
    ['a body in chunks of one byte', CHUNKED, '1\r\n \r\n'.repeat(1_000), 1],
  ])('%s', async (_, first, piece, pauseMs) => {
    const got = await sendOn(first, piece, pauseMs)
    // A reset may take the answer with it, where the client never stopped to send.
    expect(got).toMatch(/^(?:$|HTTP\/1\.1 4(?:00|08|13|31) )/)
  })
})

test('headers are all read, however many of them fit', async () => {
  const connection = await open()
  const many = Array.from({ length: 1_500 }, (_, index) => `h${index}: 1\r\n`).join('')
  connection.send(`GET /druid/v2/datasources HTTP/1.1\r\n${HOST}${many}Last: here\r\n\r\n`)
  await connection.until(/"body"/)
  expect(arrived('/druid/v2/datasources')[0]?.headers.get('last')).toBe('here')
})

function arrived(path: string): EchoStack['brokers'][number]['arrived'] {
  return world.brokers.flatMap((broker) => broker.arrived).filter((request) => request.path === path)
}

describe('bodies that come slowly', () => {
  beforeEach(async () => {
    await finish()
    await begin({}, { limits: { brokerConcurrency: 30 } })
  })

  test.each(['/druid/v2/sql/statements', '/druid/v2', SQL])('take no place at a Broker: %s', async (path) => {
    for (let number = 0; number < 60; number += 1) {
      const connection = await open()
      connection.send(`POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 100000\r\n\r\n{"a`)
    }
    const before = other.answers
    await until(() => other.answers > before + 10)
    expect(arrived(path).filter(({ body }) => body.toString().startsWith('{"a'))).toEqual([])
  })

  test('and are large take few', async () => {
    for (let number = 0; number < 60; number += 1) {
      const connection = await open()
      connection.send(
        `POST /druid/v2/sql/statements HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n${'x'.repeat(70_000)}`,
      )
    }
    await until(() => (world.druid.brokers()[0]?.outstanding ?? 0) >= 20)
    const before = other.answers
    await until(() => other.answers > before + 10)
    expect(world.druid.brokers()[0]?.outstanding).toBeLessThan(25)
  })
})

test('a large body goes on as it came, though its first part was read before', async () => {
  const body = Buffer.alloc(3_000_000, 'abcdefg')
  const got = await ask(`${world.url}/druid/v2/sql/statements`, { body })
  expect(got.status).toBe(200)
  expect(arrived('/druid/v2/sql/statements').map((request) => request.body.equals(body))).toEqual([true])
})

describe('requests in line on one connection', () => {
  const GET = `GET /druid/v2/datasources HTTP/1.1\r\n${HOST}\r\n`

  const answersOf = ({ text }: RawConnection): number => text.split('"method":"GET"').length - 1

  test('by the thousand are cut, and few of them reach a Broker', async () => {
    const connection = await open()
    connection.send(GET.repeat(20_000))
    await connection.end()
    expect(arrived('/druid/v2/datasources').length).toBeLessThan(200)
  })

  test('a hundred at once are answered', async () => {
    const connection = await open()
    connection.send(GET.repeat(100))
    await until(() => answersOf(connection) === 100)
    expect(arrived('/druid/v2/datasources')).toHaveLength(100)
  })

  test('one after the other are answered, however many', async () => {
    const connection = await open()
    for (let number = 1; number <= 300; number += 1) {
      connection.send(GET)
      await until(() => answersOf(connection) === number)
    }
    expect(answersOf(connection)).toBe(300)
  })

  test('behind a body that is too large are dropped, and do not pile up', async () => {
    await finish()
    await begin({ listen: { ...SOON, maxBody: 2_000 } })
    const got = await sendOn(rawPost(SQL, 'x'.repeat(3_000)), GET.repeat(500))
    expect(got.match(/HTTP\/1\.1/g) ?? []).toHaveLength(got === '' ? 0 : 1)
    expect(arrived('/druid/v2/datasources')).toEqual([])
  })

  test('garbage behind a good one does not harm its answer before', async () => {
    const connection = await open()
    connection.send(GET)
    await connection.until(/"method":"GET"/)
    connection.send('\u0000\u0001garbage\r\n\r\n')
    const { text } = await connection.end()
    expect(text).toMatch(/"method":"GET"[^]*HTTP\/1\.1 400 /)
  })
})

describe('framing that two programs could read differently', () => {
  const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  test.each<[string, string]>([
    ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 37\r\n\r\n'],
    ['a list of lengths', 'Content-Length: 0, 37\r\n\r\n'],
    ['a length with a sign', 'Content-Length: +0\r\n\r\n'],
    ['a length in hexadecimal', 'Content-Length: 0x25\r\n\r\n'],
    ['a negative length', 'Content-Length: -1\r\n\r\n'],
    ['an encoding that is not chunked', 'Transfer-Encoding: xchunked\r\n\r\n'],
    ['chunked before another encoding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n'],
    ['a blank before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['a folded line', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
    ['a vertical tab', 'Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n'],
    ['a line that ends in CR alone', 'X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a NUL in a value', 'X: a\u0000b\r\nContent-Length: 0\r\n\r\n'],
    ['a size of a chunk with a sign', 'Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n'],
    ['a size of a chunk beyond all numbers', `Transfer-Encoding: chunked\r\n\r\n1${'0'.repeat(16)}\r\n\r\n`],
    ['a chunk longer than its size', 'Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n'],
  ])('%s is refused, with all that follows', async (_, rest) => {
    const connection = await open()
    connection.send(`POST /druid/v2/sql/statements HTTP/1.1\r\n${HOST}${rest}${SMUGGLED}`)
    const { text } = await connection.end()
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect([...arrived('/smuggled'), ...arrived('/druid/v2/sql/statements')]).toEqual([])
  })

  test.each<[string, string, number]>([
    ['a length', `Content-Length: ${SMUGGLED.length}\r\n\r\n`, 1],
    ['chunks', `Transfer-Encoding: Chunked\r\n\r\n${SMUGGLED.length.toString(16)};a=b\r\n`, 1],
  ])('a request within the body of another stays there: %s', async (_, rest, count) => {
    const connection = await open()
    const end = rest.includes('Chunked') ? '\r\n0\r\nGet: /x\r\n\r\n' : ''
    connection.send(`POST /druid/v2/sql/statements HTTP/1.1\r\n${HOST}${rest}${SMUGGLED}${end}`)
    await connection.until(/"method":"POST"/)
    expect(arrived('/smuggled')).toEqual([])
    expect(arrived('/druid/v2/sql/statements').map(({ body }) => body.toString())).toEqual(
      Array.from({ length: count }, () => SMUGGLED),
    )
  })
})

describe('what is asked of a connection beside an answer', () => {
  test('Expect: 100-continue gets its word before the body', async () => {
    const connection = await open()
    const body = '{"query":"SELECT 1"}'
    const [head = ''] = rawPost(SQL, body, ['Expect: 100-continue']).split('\r\n\r\n')
    connection.send(`${head}\r\n\r\n`)
    await connection.until(/^HTTP\/1\.1 100 /)
    connection.send(body)
    expect(await connection.until(/200 OK[^]*"w"/)).toContain('HTTP/1.1 100 Continue')
  })

  test.each<[string, string, RegExp]>([
    ['CONNECT', `CONNECT broker:8082 HTTP/1.1\r\n${HOST}\r\n`, /^$/],
    ['another expectation', `GET /status HTTP/1.1\r\n${HOST}Expect: magic\r\n\r\n`, /^HTTP\/1\.1 417 /],
    ['no host', 'GET /status HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ])('%s', async (_, text, answer) => {
    const connection = await open()
    connection.send(text)
    connection.socket.end()
    expect((await connection.end()).text).toMatch(answer)
  })

  test('an upgrade is not made, and the request answered', async () => {
    const connection = await open()
    connection.send(
      `GET /druid/v2/datasources HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    await connection.until(/200 OK[^]*"method":"GET"/)
    expect(arrived('/druid/v2/datasources')[0]?.headers.has('upgrade')).toBe(false)
  })
})

describe('connections that end', () => {
  test('after each byte of a request, properly or not, leave nothing behind', async () => {
    const text = rawPost(SQL, '{"query":"SELECT COUNT(*) FROM events"}')
    for (let length = 0; length <= text.length; length += 3) {
      for (const how of ['end', 'reset'] as const) {
        const connection = await rawConnection(world.url)
        connection.send(text.slice(0, length))
        if (how === 'reset') connection.socket.resetAndDestroy()
        else connection.socket.end(() => connection.socket.destroySoon())
      }
    }
    await until(() => world.stack.flights.size === 0)
    expect(world.stack.cache.usage.heldBytes).toBe(0)
  })

  test('silent ones are closed', async () => {
    const connections = await Promise.all(Array.from({ length: 50 }, () => open()))
    const ended = await Promise.all(connections.map((connection) => connection.end()))
    for (const { text } of ended) expect(text).toMatch(/^(?:HTTP\/1\.1 408 |$)/)
  })
})

describe('bodies that unpack to much', () => {
  const LIMIT = 4_000_000
  beforeEach(async () => {
    await finish()
    await begin({ listen: { maxBody: LIMIT, allBodies: 4 * LIMIT } })
  })

  const members = Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join()
  test.each<[string, Buffer, number]>([
    ['gzip of much more than may be', gzipSync(Buffer.alloc(40_000_000, ' ')), 413],
    ['gzip of gzip', gzipSync(gzipSync(Buffer.alloc(LIMIT, ' '))), 400],
    ['blanks', gzipSync(`{"query":"SELECT 1"}${' '.repeat(LIMIT - 100)}`), 200],
    ['brackets', gzipSync(`{"query":"SELECT 1","x":${'['.repeat(LIMIT / 2)}`), 400],
    ['numbers', gzipSync(`{"query":"SELECT 1","x":[1${',1'.repeat(LIMIT / 3)}]}`), 200],
    ['a number', gzipSync(`{"query":"SELECT 1","x":1${'0'.repeat(LIMIT / 2)}}`), 200],
    ['many fields', gzipSync(`{"query":"SELECT 1",${members}}`), 400],
    ['a context of many keys', gzipSync(`{"query":"SELECT 1","context":{${members}}}`), 400],
    ['a statement', gzipSync(`{"query":"SELECT 1${' '.repeat(LIMIT - 100)}"}`), 200],
    ['a long list', gzipSync(`{"query":"SELECT a FROM t WHERE x IN (1${',1'.repeat(LIMIT / 3)})"}`), 200],
  ])('%s', async (_, body, status) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ask(`${world.url}${SQL}`, { headers, body })),
    )
    const statuses = answers.map((answer) => answer.status)
    expect(statuses.filter((one) => one !== status && one !== 429)).toEqual([])
    expect(statuses).toContain(status)
  })

  test('one has room alone, where all together have no more than one may have', async () => {
    await finish()
    await begin({ listen: { maxBody: LIMIT, allBodies: LIMIT } })
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const body = gzipSync(`{"query":"SELECT 1"}${' '.repeat(LIMIT - 100)}`)
    expect((await ask(`${world.url}${SQL}`, { headers, body })).status).toBe(200)
  })
})
