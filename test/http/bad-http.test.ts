// Good requests whose answers are on their way when something bad comes behind them on their connection.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { deferred, type Deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { type RawConnection, rawConnection, rawPost } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
const TLS = { cert: join(FIXTURES, 'server.crt'), key: join(FIXTURES, 'server.key') }
const SOON = { headersTimeout: '300ms', requestTimeout: '600ms', shutdown: '1s' }
/** Longer than what is half may take. */
const HALF_IS_OVER_MS = 1_200
const PAUSE_MS = 50
const NONSENSE = 'NONSENSE\r\n\r\n'
const HALF_A_HEAD = 'GET /half HTTP/1.1\r\nHost: ov'
const HALF_A_BODY = 'POST /half HTTP/1.1\r\nHost: ovate\r\nContent-Length: 9\r\n\r\n1234'
const BAD_BODY = 'POST /bad HTTP/1.1\r\nHost: ovate\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: ovate\r\n\r\n`
const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

let stack: Stack
/** What Druid waits for before it answers, or goes on. */
let gate: Deferred<void>
let asked: string[]
let ended: string[]
let connection: RawConnection

async function sent(text: string, listen: object = {}): Promise<RawConnection> {
  gate = deferred()
  asked = []
  ended = []
  const druid = new FakeDruid(async ({ path }, signal) => {
    asked.push(path)
    signal.addEventListener('abort', () => ended.push(path))
    if (path.endsWith('begun')) return { body: slowly(path) }
    await gate.promise
    return { body: `answer to ${path}\n` }
  })
  stack = await startStack(druid, { listen: { ...SOON, ...listen } })
  connection = await rawConnection(stack.server.url)
  connection.send(text)
  return connection
}

async function* slowly(path: string): AsyncGenerator<Buffer> {
  yield Buffer.from('a row\n')
  await gate.promise
  yield Buffer.from(`answer to ${path}\n`)
}

afterEach(async () => {
  gate.resolve()
  connection.close()
  await stack.stop()
})

async function pauseAfter(bad: string): Promise<void> {
  const pauseMs = [HALF_A_HEAD, HALF_A_BODY].includes(bad) ? HALF_IS_OVER_MS : PAUSE_MS
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
}

const closed = async (): Promise<void> => {
  await until(async () => (await stack.server.connections()) === 0)
}

describe('an answer whose head is not out yet', () => {
  test.each<[string, string, object]>([
    ['nonsense', NONSENSE, {}],
    ['nonsense, over TLS', NONSENSE, { tls: TLS }],
    ['nonsense again and again', NONSENSE.repeat(1_000), {}],
    ['a head too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, {}],
    ['half a head for too long', HALF_A_HEAD, {}],
    ['half a body for too long', HALF_A_BODY, {}],
    ['a bad body', BAD_BODY, {}],
  ])('goes out to its end, and is the last one: before %s', async (_, bad, listen) => {
    const { socket } = await sent(get('/good') + bad, listen)
    await until(() => asked.length > 0)
    await pauseAfter(bad)
    expect([connection.text, socket.readableEnded]).toEqual(['', false])
    connection.send(get('/after'))
    gate.resolve()
    const { text } = await connection.end()
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*answer to \/good\n\r\n0\r\n\r\n$/,
    )
    expect(countOf(text, /HTTP\/1\.1/g)).toBe(1)
    expect([asked.includes('/after'), ended.includes('/good')]).toEqual([false, false])
    await closed()
  })

  test('of a statement goes out, too', async () => {
    await sent(rawPost('/druid/v2/sql', '{"query":"SELECT 1"}') + NONSENSE)
    await until(() => asked.length > 0)
    gate.resolve()
    expect((await connection.end()).text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*answer to \/druid\/v2\/sql/)
  })

  test('goes out, and all that stand in line with it', async () => {
    await sent(get('/one') + get('/two') + get('/three') + NONSENSE)
    await until(() => asked.length === 3)
    gate.resolve()
    const { text } = await connection.end()
    expect(text).toMatch(
      /answer to \/one[^]*answer to \/two[^]*Connection: close[^]*answer to \/three\n\r\n0\r\n\r\n$/,
    )
    expect(countOf(text, /HTTP\/1\.1 200/g)).toBe(3)
    await closed()
  })

  test('goes out before one that is there already, and the refusal comes behind both', async () => {
    await sent(get('/good') + get('/status/health') + NONSENSE)
    await until(() => asked.length > 0)
    await pauseAfter(NONSENSE)
    gate.resolve()
    const { text } = await connection.end()
    expect(text).toMatch(
      /answer to \/good\n[^]*\r\n\r\ntrue\n?HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/,
    )
    await closed()
  })

  test('is of no use any more where its client leaves', async () => {
    const { socket } = await sent(get('/good') + NONSENSE)
    await until(() => asked.length > 0)
    await pauseAfter(NONSENSE)
    expect(ended).toEqual([])
    socket.destroy()
    await until(() => ended.includes('/good'))
    await closed()
  })
})

describe('an answer that has begun', () => {
  test.each<[string, string, string]>([
    ['nonsense', NONSENSE, '400 Bad Request'],
    ['nonsense again and again', NONSENSE.repeat(1_000), '400 Bad Request'],
    ['half a head for too long', HALF_A_HEAD, '408 Request Timeout'],
    ['half a body for too long', HALF_A_BODY, '408 Request Timeout'],
    ['a bad body', BAD_BODY, '400 Bad Request'],
  ])('goes out to its end before the refusal of %s', async (_, bad, refusal) => {
    await sent(get('/begun'))
    await connection.until(/a row/)
    connection.send(bad)
    await pauseAfter(bad)
    expect(connection.text).toMatch(/a row\n\r\n$/)
    gate.resolve()
    const { text } = await connection.end()
    const [, second] = text.split('answer to /begun\n\r\n0\r\n\r\n')
    expect(second).toMatch(new RegExp(`^HTTP/1\\.1 ${refusal}\r\nConnection: close\r\n`))
    expect(countOf(text, /HTTP\/1\.1/g)).toBe(2)
    await closed()
  })

  test('goes out to its end before the refusal of half a head whose other half comes too late', async () => {
    await sent(get('/begun'))
    await connection.until(/a row/)
    connection.send(HALF_A_HEAD)
    await pauseAfter(HALF_A_HEAD)
    connection.send('ate\r\n\r\n')
    await pauseAfter('')
    gate.resolve()
    const { text } = await connection.end()
    expect(text.split('answer to /begun\n\r\n0\r\n\r\n')[1]).toMatch(/^HTTP\/1\.1 408 /)
    expect(asked.length).toBe(1)
    await closed()
  })
})

test.each<[string, string, string]>([
  ['a bad body', BAD_BODY, '400 Bad Request'],
  ['half a body', HALF_A_BODY, '408 Request Timeout'],
])('a request whose own body is bad is refused: %s', async (_, bad, refusal) => {
  await sent(bad)
  const { text } = await connection.end()
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${refusal}\r\n`))
  expect(countOf(text, /HTTP\/1\.1/g)).toBe(1)
})

describe('a client that stays after its refusal', () => {
  async function refused(bad: string): Promise<Socket> {
    const { socket } = await sent('')
    socket.destroy()
    const { port } = new URL(stack.server.url)
    const staying = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    staying
      .on('error', () => undefined)
      .resume()
      .write(bad)
    await once(staying, 'end')
    return staying
  }

  test.each<[string, string]>([
    ['half a body', HALF_A_BODY],
    ['a bad body', BAD_BODY],
    ['nonsense', NONSENSE],
  ])('is cut: of %s', async (_, bad) => {
    const staying = await refused(bad)
    staying.write('G')
    await closed()
    expect(asked).toEqual([])
  })

  test.each<[string, string, string]>([
    ['the other half of its body', HALF_A_BODY, '56789'],
    ['that and a request behind it', HALF_A_BODY, `56789${get('/after')}`],
    ['the other half of its head', HALF_A_HEAD, 'ate\r\n\r\n'],
    ['a request after nothing', '', get('/after')],
  ])('asks nothing by %s', async (_, half, rest) => {
    const staying = await refused(half)
    staying.write(rest)
    await closed()
    expect(asked).toEqual([])
  })
})

test.each<[string, string, string]>([
  ['a head too large', 'GET / HTTP/1.1\r\nX: ', '431'],
  ['a bad body', BAD_BODY, '400'],
])('a client that sends on before it reads has its refusal: of %s', async (_, bad, status) => {
  const { socket } = await sent(bad)
  socket.pause()
  for (let piece = 0; piece < 20; piece += 1) {
    connection.send('x'.repeat(4_000))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  socket.resume()
  const { text, reset } = await connection.end()
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(reset).toBe(false)
})
