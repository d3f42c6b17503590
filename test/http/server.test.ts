// The listener's end: what runs is answered, and no connection outlives its last answer.
import { once } from 'node:events'
import { Agent, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Deferred, deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask } from '../support/http-client.ts'
import { rawConnection, rawPost } from '../support/raw.ts'
import { answerer, type Script, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const GRACE_MS = 20_000

const FOLDER = join(import.meta.dirname, '../fixtures/tls')
const TLS = { cert: join(FOLDER, 'server.crt'), key: join(FOLDER, 'server.key') }
const SWEEPS_MS = 300

let stack: Stack
let broker: Script
let release: Deferred<void>
let agent: Agent

beforeEach(async () => {
  broker = script()
  release = deferred()
  broker.next.push(async () => {
    await release.promise
    return { headers: broker.headers, body: broker.kept }
  })
  stack = await startStack(new FakeDruid(answerer(broker)))
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
})

afterEach(async () => {
  agent.destroy()
  release.resolve()
  await stack.stop()
})

const asked = {
  headers: { 'content-type': 'application/json' },
  body: '{"query":"SELECT COUNT(*) AS n FROM events"}',
}

test('a request that runs is answered, and its connection, though kept alive, holds nothing up', async () => {
  const running = ask(stack.sqlUrl, { ...asked, agent })
  await until(() => stack.flights.size === 1)
  const began = performance.now()
  const closed = stack.server.close(GRACE_MS)
  await until(() => refuses(stack.server.url))
  release.resolve()
  expect((await running).body.toString()).toBe('[{"n":3}]\n')
  await closed
  expect(performance.now() - began).toBeLessThan(GRACE_MS / 2)
})

async function refuses(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

test('a request that runs longer than it may is cut', async () => {
  const running = ask(stack.sqlUrl, { ...asked, agent })
  await until(() => stack.flights.size === 1)
  await stack.server.close(50)
  await expect(running).rejects.toThrow('socket hang up')
})

test.each<[string, Record<string, unknown>]>([
  ['HTTP', {}],
  ['HTTPS', { listen: { tls: TLS } }],
])(
  'by %s an answer that is ended, but lies here until its client reads on, comes whole, and who asks again then is answered',
  async (_, tls) => {
    broker.kept = `[["n"],["LONG"],["BIGINT"]${',[1234567890]'.repeat(1_000_000)}]\n`
    const large = await startStack(new FakeDruid(answerer(broker)), { cache: { maxEntry: '64MiB' }, ...tls })
    const kind = { keepAlive: true, maxSockets: 1 }
    const mine = 'listen' in tls ? new HttpsAgent({ ...kind, rejectUnauthorized: false }) : new Agent(kind)
    release.resolve()
    const told = { ...asked, agent: mine }
    const [kept] = [await ask(large.sqlUrl, told), await ask(large.sqlUrl, told)]
    expect(kept.body.length).toBeGreaterThan(10_000_000)
    const head = deferred<IncomingMessage>()
    const slow = ask(large.sqlUrl, { ...told, onHead: (response) => head.resolve(response.pause()) })
    const response = await head.promise
    large.server.drain()
    const closed = large.server.close(GRACE_MS)
    // Long enough for every look at idle connections that the closing takes.
    await delay(SWEEPS_MS)
    response.resume()
    const got = await slow
    await delay(SWEEPS_MS)
    // The listener is closed: it can only be on the connection that there is.
    const again = await ask(large.sqlUrl, told)
    await closed
    await large.stop()
    expect(got.headers['cache-status']).toContain('; hit')
    expect([got.complete, got.body.equals(kept.body)]).toEqual([true, true])
    expect([again.complete, again.body.equals(kept.body)]).toEqual([true, true])
    expect([got, again].map(({ headers }) => headers['connection'])).toEqual(['keep-alive', 'close'])
  },
)

test('a connection that was kept for one more answer is closed when nobody asks', async () => {
  broker.kept = `[["n"],["LONG"],["BIGINT"]${',[1234567890]'.repeat(1_000_000)}]\n`
  release.resolve()
  const head = deferred<IncomingMessage>()
  const slow = ask(stack.sqlUrl, {
    ...asked,
    agent,
    onHead: (response) => head.resolve(response.pause()),
  })
  const response = await head.promise
  const began = performance.now()
  const closed = stack.server.close(GRACE_MS)
  response.resume()
  expect((await slow).complete).toBe(true)
  await closed
  expect(performance.now() - began).toBeLessThan(GRACE_MS / 2)
})

const HALF_A_HEAD = 'GET /status HTTP/1.1\r\nHost: ovate\r\n'

test.each<[string, Record<string, unknown>, (port: number) => Socket, string, number]>([
  ['has sent nothing', {}, (port) => connect(port, '127.0.0.1'), '', GRACE_MS],
  [
    'has sent half a head',
    { headersTimeout: '1s' },
    (port) => connect(port, '127.0.0.1'),
    HALF_A_HEAD,
    GRACE_MS,
  ],
  [
    'has sent half a head, where a whole request has less time than a head',
    { requestTimeout: '1s' },
    (port) => connect(port, '127.0.0.1'),
    HALF_A_HEAD,
    GRACE_MS,
  ],
  ['has sent nothing by HTTPS', { tls: TLS }, connectSecurely, '', GRACE_MS],
  [
    'has sent half a head by HTTPS',
    { tls: TLS, headersTimeout: '1s' },
    connectSecurely,
    HALF_A_HEAD,
    GRACE_MS,
  ],
  // Such a one is known when it is over: it may take as long as the others.
  ['has not begun its handshake', { tls: TLS }, (port) => connect(port, '127.0.0.1'), '', SWEEPS_MS],
])('a connection that %s holds nothing up', async (_, listen, open, sent, graceMs) => {
  const other = await startStack(new FakeDruid(answerer(broker)), { listen })
  const socket = open(Number(new URL(other.server.url).port)).on('error', () => undefined)
  await once(socket, socket instanceof TLSSocket ? 'secureConnect' : 'connect')
  socket.write(sent)
  await until(async () => (await other.server.connections()) === 1)
  const began = performance.now()
  await other.server.close(graceMs)
  expect(performance.now() - began).toBeLessThan(GRACE_MS / 4)
  socket.destroy()
  await other.stop()
})

function connectSecurely(port: number): Socket {
  return connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
}

test('a request that comes on a new connection just before its end is answered', async () => {
  release.resolve()
  const connection = await rawConnection(stack.server.url)
  await until(async () => (await stack.server.connections()) === 1)
  const closed = stack.server.close(GRACE_MS)
  await delay(SWEEPS_MS)
  connection.send(rawPost('/druid/v2/sql', asked.body))
  expect((await connection.end()).text).toMatch(/^HTTP\/1\.1 200 [^]*connection: close/i)
  await closed
})

test('those who have connected, and whose connections nobody here has looked at yet, are answered', async () => {
  release.resolve()
  const opened = Array.from({ length: 20 }, () => rawConnection(stack.server.url))
  const connections = await Promise.all(opened)
  const closed = stack.server.close(GRACE_MS)
  for (const connection of connections) connection.send(rawPost('/druid/v2/sql', asked.body))
  const answers = await Promise.all(connections.map((connection) => connection.end()))
  for (const { text } of answers) expect(text).toMatch(/^HTTP\/1\.1 200 [^]*connection: close/i)
  await closed
})

test('while it drains, connections are taken, and each ends with its next answer', async () => {
  release.resolve()
  const before = await ask(stack.sqlUrl, { ...asked, agent })
  stack.server.drain()
  const answers = [await ask(stack.sqlUrl, { ...asked, agent }), await ask(stack.sqlUrl, { ...asked, agent })]
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect([before, ...answers].map(({ headers }) => headers['connection'])).toEqual([
    'keep-alive',
    'close',
    'close',
  ])
})

test.each<[string, string, string]>([
  ['health', '/status/health', '200 true, 503 false'],
  ['health with a slash', '/status/health/', '200 true, 503 false'],
  ['health with a query string', '/status/health?full', '200 true, 503 false'],
  ['what newer servers say of their readiness', '/status/ready', 'as a Broker says, 503 false'],
  ['anything else', '/status', 'as a Broker says, as a Broker says'],
])('while it drains, %s tells a balancer so', async (_, path, wanted) => {
  const told: string[] = []
  const tell = async (): Promise<void> => {
    const druid = stack.druid as FakeDruid
    const before = druid.requests.length
    const { status, body } = await ask(stack.server.url + path, { method: 'GET' })
    told.push(druid.requests.length > before ? 'as a Broker says' : `${status} ${body.toString()}`)
  }
  release.resolve()
  await tell()
  stack.server.drain()
  await tell()
  expect(told.join(', ')).toBe(wanted)
})
