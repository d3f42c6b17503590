// Bodies on their way to a Broker that their client breaks off, or the Broker ends early.
import { type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type FakeBroker, startFakeBroker } from '../support/fake-broker.ts'
import { ask } from '../support/http-client.ts'
import { startRawBroker } from '../support/raw-broker.ts'
import { type RawConnection, rawConnection } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SERVICE = 'druid/broker'
/** A body that is smaller is sent on when all of it is there. */
const MUCH = 'x'.repeat(70_000)
/** For how long the rest of a body is waited for. */
const LINGER_MS = 2_000

let broker: FakeBroker
let druid: DruidClient
let stack: Stack
let ejected: string[]

beforeEach(async () => {
  ejected = []
  broker = await startFakeBroker()
  druid = createDruid({
    source: fixedSource([broker.url], SERVICE),
    defaultService: SERVICE,
    events: { ejected: (_, reason) => ejected.push(reason) },
  })
  stack = await startStack(druid)
  await until(() => druid.brokers().some(({ state }) => state === 'ready'))
})

afterEach(async () => {
  await stack.stop()
  await druid.close()
  await broker.kill()
})

test.each([
  ['announced', `Content-Length: 100000\r\n\r\n${MUCH}`, undefined],
  ['in chunks', `Transfer-Encoding: chunked\r\n\r\n11170\r\n${MUCH}\r\n`, undefined],
  ['in chunks that are none', `Transfer-Encoding: chunked\r\n\r\n11170\r\n${MUCH}\r\n`, 'xyz\r\n'],
])('a body %s that its client breaks off is no fault of the Broker', async (_, rest, behind) => {
  for (let round = 0; round < 8; round += 1) {
    const connection = await rawConnection(stack.server.url)
    connection.send(`POST /druid/v2/sql/statements HTTP/1.1\r\nHost: ovate\r\n${rest}`)
    await until(() => druid.brokers()[0]?.outstanding === 1)
    if (behind === undefined) connection.close()
    else connection.send(behind)
    await until(() => druid.brokers()[0]?.outstanding === 0)
    connection.close()
  }
  expect(ejected).toEqual([])
  const got = await ask(`${stack.server.url}/druid/v2/sql/statements`, { body: 'whole' })
  expect(got.status).toBe(200)
  expect(broker.received.map(({ body }) => body.toString())).toEqual(['whole'])
})

/** Lets a client begin a large body before a Broker that speaks as soon as it has the head. */
async function whileSending(
  say: (socket: Socket) => void,
  then: (connection: RawConnection) => Promise<void>,
): Promise<void> {
  const hasty = await startRawBroker(say)
  const hastyDruid = createDruid({ source: fixedSource([hasty.url], SERVICE), defaultService: SERVICE })
  const before = await startStack(hastyDruid)
  try {
    await until(() => hastyDruid.brokers().some(({ state }) => state === 'ready'))
    const connection = await rawConnection(before.server.url)
    connection.send(
      `POST /druid/v2/sql/statements HTTP/1.1\r\nHost: ovate\r\nContent-Length: 8000000\r\n\r\n${MUCH}`,
    )
    await then(connection)
    await until(() => hastyDruid.brokers().every(({ outstanding }) => outstanding === 0))
  } finally {
    await before.stop()
    await hastyDruid.close()
    await hasty.close()
  }
}

const REFUSAL = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n'

test.each<[string, (socket: Socket) => void, RegExp]>([
  [
    'with a refusal',
    (socket) => socket.write(`${REFUSAL}Content-Length: 2\r\n\r\nno`),
    /^HTTP\/1\.1 401 [^]*WWW-Authenticate: Basic[^]*\r\n\r\nno$/,
  ],
  [
    'with a refusal of no length',
    (socket) => socket.write(`${REFUSAL}Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n`),
    /^HTTP\/1\.1 401 [^]*WWW-Authenticate: Basic[^]*\r\n\r\n2\r\nno\r\n/,
  ],
  [
    'with a refusal of no words',
    (socket) => socket.write(`${REFUSAL}Content-Length: 0\r\n\r\n`),
    /^HTTP\/1\.1 401 [^]*WWW-Authenticate: Basic[^]*\r\n\r\n$/,
  ],
  ['by a reset', (socket) => socket.resetAndDestroy(), /^HTTP\/1\.1 502 [^]*\r\n\r\n\{.*\}$/],
])(
  'a body that its Broker ends early %s: the client is told at once, and may send the rest',
  async (_, say, told) => {
    await whileSending(say, async (connection) => {
      expect(await connection.until(told)).toMatch(/\r\nconnection: close\r\n/i)
      const began = performance.now()
      connection.send('x'.repeat(8_000_000 - MUCH.length))
      // Behind the last answer of a connection nothing is answered.
      connection.send('GET /status/health HTTP/1.1\r\nHost: ovate\r\n\r\n')
      const { text, reset } = await connection.end()
      expect([text.split('HTTP/1.1 ').length, reset]).toEqual([2, false])
      expect(performance.now() - began).toBeLessThan(LINGER_MS)
    })
  },
)

test('a body whose Broker has ended it early is not waited for', async () => {
  const say = (socket: Socket): boolean => socket.write(`${REFUSAL}Content-Length: 2\r\n\r\nno`)
  await whileSending(say, async (connection) => {
    expect((await connection.end()).text).toMatch(/\r\n\r\nno$/)
  })
})
