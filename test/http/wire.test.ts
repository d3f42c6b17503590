// The connection itself: what is no usual request gets an answer like a Broker's, and harms no other request.
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BodyReader } from '../../src/http/read-body.ts'
import { FakeDruid, type Reply } from '../support/fake-druid.ts'
import { deferred } from '../support/deferred.ts'
import { ask, askSql } from '../support/http-client.ts'
import { rawConnection, rawPost } from '../support/raw.ts'
import { answerer, bodyText, script, type Script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SQL = '/druid/v2/sql'
const COUNT = 'SELECT COUNT(*) AS n FROM events'
const COUNT_BODY = JSON.stringify({ query: COUNT })
const HOST = 'Host: ovate\r\n'
const CLOSE = ['Connection: close']
/** More than lies in the buffers of two sockets. */
const ROWS_BYTES = 12_000_000
const CERTIFICATES = join(import.meta.dirname, '../fixtures/tls')
const TLS = { cert: join(CERTIFICATES, 'server.crt'), key: join(CERTIFICATES, 'server.key') }

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

/** All that comes for bytes as they are, till the other side ends. */
async function exchange(text: string): Promise<string> {
  const connection = await rawConnection(stack.server.url)
  connection.send(text)
  const { text: got } = await connection.end()
  return got
}

interface DruidError {
  readonly error: string
  readonly persona: string
  readonly context: { readonly ovateCode: string }
}

function errorIn(answer: string): DruidError {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as DruidError
}

describe('what is no HTTP', () => {
  test.each<[string, string, string]>([
    ['another protocol', '\u0016\u0003\u0001 hello\r\n\r\n', '400 Bad Request'],
    [
      'two lengths',
      `POST ${SQL} HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
      '400 Bad Request',
    ],
    [
      'a length and chunks',
      `POST ${SQL} HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      '400 Bad Request',
    ],
    [
      'a chunk without its size',
      `POST ${SQL} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
      '400 Bad Request',
    ],
    ['a head without end', `GET /status HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}`, '431'],
  ])('%s is refused in the shape of Druid', async (_, text, status) => {
    const got = await exchange(text)
    expect(got.startsWith(`HTTP/1.1 ${status}`)).toBe(true)
    expect(errorIn(got)).toMatchObject({
      error: 'druidException',
      persona: 'USER',
      context: { ovateCode: 'OVATE_BAD_REQUEST' },
    })
    expect(druid.requests).toHaveLength(0)
  })
})

describe('URLs', () => {
  test.each([
    `${SQL}?x=1`,
    `${SQL}/`,
    `${SQL}/?a`,
    `${SQL};a=b`,
    `http://broker:8082${SQL}`,
    `HTTP://x${SQL}?y`,
  ])('POST %s is a statement', async (url) => {
    const connection = await rawConnection(stack.server.url)
    connection.send(rawPost(url, COUNT_BODY))
    expect(await connection.until(/\r\n0\r\n/)).toContain('Cache-Status: ovate; fwd=miss')
    connection.close()
  })

  test.each<[string, string]>([
    ['POST', '/druid/v2/%73ql'],
    ['POST', '/druid//v2/sql'],
    ['POST', '/DRUID/v2/sql'],
    ['GET', SQL],
    ['PUT', SQL],
    ['DELETE', SQL],
    ['DELETE', '/druid/v2/'],
    ['DELETE', '/druid/v2/datasources'],
    ['DELETE', '/druid/v2/candidates'],
    ['DELETE', `${SQL}/`],
    ['DELETE', `${SQL}/a/b`],
    ['GET', '/%zz'],
    ['DELETE', `${SQL}/%zz`],
    ['PROPFIND', '/status'],
  ])('%s %s is for a Broker to answer', async (method, url) => {
    druid.answer = (): Reply => ({ status: 405, headers: ['Allow', 'POST'], body: '' })
    const connection = await rawConnection(stack.server.url)
    connection.send(`${method} ${url} HTTP/1.1\r\n${HOST}Content-Length: 0\r\nConnection: close\r\n\r\n`)
    const { text } = await connection.end()
    expect(text).toMatch(/^HTTP\/1\.1 405 .*\r\nAllow: POST\r\n/)
    expect(druid.requests.map(({ method: sent, path }) => [sent, path])).toEqual([[method, url]])
    expect(druid.cancelled).toEqual([])
  })

  test('a DELETE finds a query by an id of any length', async () => {
    const id = `${'i'.repeat(3_000)}/ü`
    const got = await ask(`${stack.server.url}${SQL}/${encodeURIComponent(id)}`, { method: 'DELETE' })
    expect(got.status).toBe(404)
    expect(druid.cancelled).toEqual([id])
  })
})

test('/status/health has the head and body that a Broker gives it', async () => {
  const got = await ask(`${stack.server.url}/status/health`, { method: 'GET' })
  expect(got.body.toString()).toBe('true')
  expect(got.headers['content-type']).toBe('application/json')
  expect(got.headers['cache-control']).toBe('no-cache, no-store, max-age=0')
})

describe('a body over the limit', () => {
  const LIMIT = 4_096
  beforeEach(() => restart({ listen: { maxBody: LIMIT } }))

  test.each<[string, string, string]>([
    ['announced', 'Content-Length: 30000000', 'x'.repeat(100_000)],
    ['in chunks', 'Transfer-Encoding: chunked', `186a0\r\n${'x'.repeat(100_000)}\r\n`],
  ])('%s, all sent before anything is read, is refused and the answer arrives', async (_, header, part) => {
    for (const path of [SQL, '/druid/v2']) {
      const connection = await rawConnection(stack.server.url)
      connection.send(`POST ${path} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${header}\r\n\r\n`)
      for (let at = 0; at < 300; at += 1) connection.send(part)
      const text = await connection.until(/\}\}/)
      expect(text).toMatch(/^HTTP\/1\.1 413 .*\r\n(?:.*\r\n)*Connection: close\r\n/)
      expect(errorIn(text).context.ovateCode).toBe('OVATE_BODY_TOO_LARGE')
      connection.close()
    }
  })

  test('the connection ends when the body does', async () => {
    const got = await exchange(rawPost(SQL, 'x'.repeat(LIMIT + 1)) + rawPost(SQL, COUNT_BODY))
    expect(got.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(druid.requests).toHaveLength(0)
  })
})

test('a body that comes byte by byte is read whole', async () => {
  const connection = await rawConnection(stack.server.url)
  connection.send(
    `POST ${SQL} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  const body = Buffer.from(JSON.stringify({ query: `${COUNT} WHERE x = '${'ü'.repeat(5_000)}'` }))
  connection.send(Buffer.concat([...body].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]))))
  connection.send('0\r\n\r\n')
  await connection.until(/\r\n0\r\n/)
  connection.close()
  expect(bodyText(druid.requests[0])).toContain('ü'.repeat(5_000))
})

test('large bodies of all together are bounded, and give their room back', async () => {
  await restart({ listen: { maxBody: 200_000, allBodies: 200_000 } })
  const hold = deferred<void>()
  const large = { query: `${COUNT} /* ${'x'.repeat(150_000)} */` }
  broker.next.push(async () => {
    await hold.promise
    return { headers: broker.headers, body: broker.passed }
  })
  const first = askSql(stack.sqlUrl, large)
  await until(() => druid.requests.length === 1)
  const refused = await askSql(stack.sqlUrl, large)
  expect(refused.status).toBe(429)
  expect(refused.body.toString()).toContain('OVATE_QUEUE_FULL')
  expect((await askSql(stack.sqlUrl, COUNT)).status).toBe(200)
  hold.resolve()
  expect((await first).status).toBe(200)
  await until(async () => (await askSql(stack.sqlUrl, large)).status === 200)
})

describe('requests in line on one connection', () => {
  test('are answered in order', async () => {
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return { body: '[{"n":1}]\n' }
    })
    const connection = await rawConnection(stack.server.url)
    connection.send(rawPost(SQL, '{"query":"SELECT 1"}') + rawPost(SQL, '{"query":"SELECT 2"}'))
    await until(() => druid.requests.length === 2)
    hold.resolve()
    const text = await connection.until(/"n":3[^]*\r\n0\r\n/)
    expect(text.indexOf('"n":1')).toBeLessThan(text.indexOf('"n":3'))
    connection.close()
  })

  test('end with it, those that wait for their turn as well', async () => {
    const ended: string[] = []
    druid.answer = (request, signal) => ({
      body: forever(signal, () => ended.push(/SELECT \d/.exec(bodyText(request))?.[0] ?? '')),
    })
    const connection = await rawConnection(stack.server.url)
    connection.send([1, 2, 3].map((n) => rawPost(SQL, `{"query":"SELECT ${n}"}`)).join(''))
    await connection.until(/x{100}/)
    await until(() => druid.requests.length === 3)
    connection.close()
    await until(() => ended.length === 3)
    expect(ended.toSorted()).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 3'])
  })
})

describe('the end of an answer', () => {
  test('to a client that takes trailers is told by them, of a hit as of a miss', async () => {
    for (const way of ['fwd=miss', 'hit', 'hit']) {
      const got = await askSql(stack.sqlUrl, COUNT, { te: 'trailers' })
      await stack.keeper.settled()
      expect(got.headers['cache-status']).toContain(way)
      expect(got.headers['trailer']).toBe('X-Druid-Response-Complete')
      expect(got.trailers).toEqual({ 'x-druid-response-complete': 'true' })
      expect(got.body.toString()).toBe('[{"n":3}]\n')
    }
  })

  test.each<[string, Record<string, unknown>]>([
    ['plain', {}],
    ['TLS', { tls: TLS }],
  ])('that broke off is a reset under HTTP/1.0, which knows no other sign, over %s', async (_, listen) => {
    await restart({ listen })
    const hold = deferred<void>()
    const body = slowly(['[["n"],["LONG"],["BIGINT"],[1]', ',[2]', ''], hold.promise)
    broker.next.push(() => ({ headers: broker.headers, body }))
    const connection = await rawConnection(stack.server.url)
    connection.send(rawPost(SQL, COUNT_BODY).replace('HTTP/1.1', 'HTTP/1.0'))
    await connection.until(/"n":1/)
    hold.resolve()
    expect(await connection.end()).toMatchObject({ reset: true })
  })

  test('under HTTP/1.0 is the end of the connection', async () => {
    const got = await exchange(rawPost(SQL, COUNT_BODY).replace('HTTP/1.1', 'HTTP/1.0'))
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(got.endsWith('\r\n\r\n[{"n":3}]\n')).toBe(true)
  })
})

test.each<[string, string, number, string]>([
  ['a statement that fails', rawPost(SQL, COUNT_BODY, CLOSE), 500, 'Server Error'],
  ['a statement that passes', rawPost(SQL, '{"query":"SELECT 1"}', CLOSE), 500, 'Server Error'],
  ['a statement that is refused', rawPost(SQL, COUNT_BODY, CLOSE), 400, 'No Good'],
  ['a native query that fails', rawPost('/druid/v2', '{}', CLOSE), 500, 'Internal Server Error'],
])('the words beside the status of %s are those of the Broker', async (_, text, status, reason) => {
  druid.answer = (): Reply => ({ status, reason, headers: ['Content-Type', 'application/json'], body: '{}' })
  expect((await exchange(text)).split('\r\n')[0]).toBe(`HTTP/1.1 ${status} ${reason}`)
})

test.each<[string, string]>([
  ['a statement', rawPost(SQL, COUNT_BODY, CLOSE)],
  ['a statement that passes', rawPost(SQL, '{"query":"SELECT 1"}', CLOSE)],
  ['a native query', rawPost('/druid/v2', '{}', CLOSE)],
])('a head for %s that can not be written is an error to this client alone', async (_, text) => {
  druid.answer = (): Reply => ({ status: 403, reason: 'Non autoris\ufffd', body: '{}' })
  const got = await exchange(text)
  expect(got.split('\r\n')[0]).toBe('HTTP/1.1 500 Internal Server Error')
  expect(errorIn(got).context.ovateCode).toBe('OVATE_INTERNAL')
})

test('cookies and challenges of an answer go to the one who asked, and to nobody else', async () => {
  broker.headers.push('Set-Cookie', 'session=1', 'WWW-Authenticate', 'Negotiate abc')
  const first = await askSql(stack.sqlUrl, COUNT)
  await stack.keeper.settled()
  const second = await askSql(stack.sqlUrl, COUNT)
  expect(first.headers).toMatchObject({ 'set-cookie': ['session=1'], 'www-authenticate': 'Negotiate abc' })
  expect(second.headers['cache-status']).toContain('hit')
  expect(second.headers).not.toHaveProperty('set-cookie')
  expect(second.headers).not.toHaveProperty('www-authenticate')
})

describe('a client that reads nothing is cut, and ends its query, while one that waits for Druid is not', () => {
  test.each<[string, string | undefined]>([
    ['nothing', undefined],
    ['nonsense', '\0'],
    ['empty lines', '\r\n'],
  ])('what it sends meanwhile: %s', async (_, meanwhile) => {
    await restart({ listen: { writeTimeout: '150ms' } })
    const ended = deferred<void>()
    const slow = deferred<void>()
    druid.answer = async (request, signal) => {
      if (bodyText(request).includes('SELECT 1')) return { body: forever(signal, () => ended.resolve()) }
      await slow.promise
      return { body: '[{"n":3}]\n' }
    }
    const patient = askSql(stack.sqlUrl, 'SELECT 2')
    const { hostname, port } = new URL(stack.server.url)
    const idle = connect(Number(port), hostname).pause()
    const closed = new Promise<void>((resolve) =>
      idle.on('error', () => undefined).on('close', () => resolve()),
    )
    idle.write(rawPost(SQL, '{"query":"SELECT 1"}'))
    const sending = setInterval(() => {
      if (meanwhile !== undefined) idle.write(meanwhile)
    }, 20)
    await ended.promise
    clearInterval(sending)
    idle.resume()
    await closed
    slow.resolve()
    expect((await patient).status).toBe(200)
  })
})

// Systems take some 1.5 MB at a time, and none for a while.
test.each<[string, object, number]>([
  ['HTTP', {}, 20],
  ['HTTPS', { tls: TLS }, 5],
])('a client that reads slowly has all of a large answer: over %s', async (_, tls, pauseMs) => {
  await restart({ listen: { writeTimeout: '1500ms', ...tls } })
  druid.answer = () => ({ body: Buffer.alloc(ROWS_BYTES, 'x') })
  const { socket } = await rawConnection(stack.server.url)
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    socket.pause()
    setTimeout(() => socket.resume(), pauseMs)
  })
  socket.write(rawPost(SQL, '{"query":"SELECT 1"}', CLOSE))
  await once(socket, 'close')
  expect(bytes).toBeGreaterThan(ROWS_BYTES)
})

test.each<[string, string]>([
  ['that is shared', COUNT_BODY],
  ['that passes', '{"query":"SELECT 1"}'],
  ['that is not understood', '{"query":1}'],
])('a client that leaves while the gzip of a statement %s is unpacked asks nothing', async (_, body) => {
  const connection = await rawConnection(stack.server.url)
  const unpacking = vi
    .spyOn(BodyReader.prototype, 'inflated')
    .mockImplementation(async ({ response }, raw) => {
      connection.socket.resetAndDestroy()
      await once(response, 'close')
      return gunzipSync(raw)
    })
  connection.send(rawPost(SQL, gzipSync(body), ['Content-Encoding: gzip']))
  await until(() => unpacking.mock.settledResults[0]?.type === 'fulfilled')
  unpacking.mockRestore()
  await askSql(stack.sqlUrl, 'SELECT 2')
  expect(druid.requests.map((request) => bodyText(request).includes('SELECT 2'))).toEqual([true])
})

test('the same id twice at once is one query each at Druid, and each client reads its own', async () => {
  const hold = deferred<void>()
  const cancelled: string[] = []
  druid.answer = async (request, signal) => {
    signal.addEventListener('abort', () => cancelled.push(request.cancel?.id ?? ''))
    await Promise.race([hold.promise, aborted(signal)])
    return { headers: ['X-Druid-SQL-Query-Id', request.cancel?.id ?? ''], body: '[{"n":3}]\n' }
  }
  const leaving = new AbortController()
  const body = (n: number): string =>
    JSON.stringify({ query: `SELECT ${n}`, context: { sqlQueryId: 'mine' } })
  const headers = { 'content-type': 'application/json' }
  const first = ask(stack.sqlUrl, { headers, body: body(1), signal: leaving.signal }).catch(() => undefined)
  await until(() => druid.requests.length === 1)
  const second = ask(stack.sqlUrl, { headers, body: body(2) })
  await until(() => druid.requests.length === 2)
  const ids = druid.requests.map((request) => request.cancel?.id)
  expect(ids[0]).toBe('mine')
  expect(ids[1]).not.toBe('mine')
  expect(JSON.parse(bodyText(druid.requests[1]))).toMatchObject({ context: { sqlQueryId: ids[1] } })
  leaving.abort()
  await until(() => cancelled.length === 1)
  hold.resolve()
  expect((await second).headers['x-druid-sql-query-id']).toBe('mine')
  expect(cancelled).toEqual(['mine'])
  await first
})

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}

/** A body whose last part waits. */
async function* slowly(parts: readonly string[], hold: Promise<void>): AsyncGenerator<Buffer> {
  for (const part of parts.slice(0, -1)) yield Buffer.from(part)
  await hold
  yield Buffer.from(parts.at(-1) ?? '')
}

/** A body that goes on until the signal fires. */
async function* forever(signal: AbortSignal, ended: () => void): AsyncGenerator<Buffer> {
  try {
    while (!signal.aborted) {
      yield Buffer.alloc(65_536, 'x')
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    ended()
  }
}
