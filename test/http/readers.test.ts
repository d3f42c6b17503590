// Clients that read slowly, or not at all, beside others that ask the same.
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deferred } from '../support/deferred.ts'
import { FakeDruid, type Reply } from '../support/fake-druid.ts'
import { ask, askSql } from '../support/http-client.ts'
import { rawPost } from '../support/raw.ts'
import { answerer, kindOf, script, type Script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SELECT = 'SELECT country FROM events'
const LIMIT = 2_000_000
const ROW = `,["${'x'.repeat(1_000)}"]`

let broker: Script
let druid: FakeDruid
let stack: Stack
const sockets: Socket[] = []

beforeEach(async () => {
  broker = script()
  druid = new FakeDruid(answerer(broker))
  stack = await startStack(druid, { cache: { maxEntry: LIMIT } })
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await stack.stop()
})

interface Produced {
  rows: number
  ended: boolean
}

/** An answer of many rows, made as they are read. */
function answerOf(rows: number, produced: Produced): () => Reply {
  const body = async function* (): AsyncGenerator<Buffer> {
    try {
      yield Buffer.from('[["country"],["STRING"],["VARCHAR"]')
      for (; produced.rows < rows; produced.rows += 60) {
        yield Buffer.from(ROW.repeat(60))
        await new Promise((resolve) => setImmediate(resolve))
      }
      yield Buffer.from(']\n')
    } finally {
      produced.ended = true
    }
  }
  return () => ({ headers: broker.headers, body: body() })
}

/** Sends a request and reads nothing of its answer. */
function askAndStare(sql: string): Socket {
  const { hostname, port } = new URL(stack.server.url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  socket.pause().write(rawPost('/druid/v2/sql', JSON.stringify({ query: sql })))
  sockets.push(socket)
  return socket
}

function asked(): number {
  return druid.requests.filter((request) => kindOf(request) === 'data').length
}

describe('one that reads nothing of an answer', () => {
  test('that is kept keeps nobody waiting who joined it', async () => {
    const produced = { rows: 0, ended: false }
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return answerOf(1_200, produced)()
    })
    askAndStare(SELECT)
    await until(() => asked() === 1)
    const others = [1, 2, 3].map(() => askSql(stack.sqlUrl, SELECT))
    await until(() => stack.flights.list()[0]?.waiters === 4)
    hold.resolve()
    for (const got of await Promise.all(others)) {
      expect(got.complete).toBe(true)
      expect(got.headers['cache-status']).toContain('collapsed')
    }
    expect(asked()).toBe(1)
  })

  test('that is too large keeps neither others waiting nor its rows in memory', async () => {
    const produced = { rows: 0, ended: false }
    const hold = deferred<void>()
    broker.next.push(async () => {
      await hold.promise
      return answerOf(100_000, produced)()
    })
    askAndStare(SELECT)
    await until(() => asked() === 1)
    const other = askSql(stack.sqlUrl, SELECT)
    await until(() => stack.flights.list()[0]?.waiters === 2)
    hold.resolve()
    expect((await other).body.toString()).toBe('[{"n":3}]\n')
    await standsStill(produced)
    expect(produced.rows).toBeLessThan(20_000)
    expect(stack.cache.usage.heldBytes).toBeLessThanOrEqual(LIMIT)
  })

  test('is counted with what is held for it, and given up with its connection', async () => {
    await stack.stop()
    stack = await startStack(druid, { cache: { maxEntry: 32_000_000 } })
    const produced = { rows: 0, ended: false }
    broker.next.push(answerOf(30_000, produced))
    const socket = askAndStare(SELECT)
    await until(() => produced.ended)
    await stack.keeper.settled()
    // All of it: what lies in the sockets' buffers by now is not told apart.
    expect(stack.cache.usage.heldBytes).toBeGreaterThan(30_000_000)
    socket.destroy()
    await until(() => stack.cache.usage.heldBytes === 0)
  })
})

test('who left before the answer came leaves nothing behind, however large that is and whoever joined', async () => {
  const produced = { rows: 0, ended: false }
  const hold = deferred<void>()
  broker.next.push(async () => {
    await hold.promise
    return answerOf(100_000, produced)()
  })
  const leaving = new AbortController()
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ query: SELECT })
  const first = ask(stack.sqlUrl, { headers, body, signal: leaving.signal }).catch(() => 'gone')
  await until(() => asked() === 1)
  const other = askSql(stack.sqlUrl, SELECT)
  await until(() => stack.flights.list()[0]?.waiters === 2)
  leaving.abort()
  await until(() => stack.flights.list()[0]?.waiters === 1)
  hold.resolve()
  expect((await other).body.toString()).toBe('[{"n":3}]\n')
  await until(() => produced.ended)
  expect(produced.rows).toBeLessThan(20_000)
  expect(stack.cache.usage.heldBytes).toBe(0)
  expect(await first).toBe('gone')
})

test('a lack of room for now is no word on the size of an answer', async () => {
  await stack.stop()
  stack = await startStack(druid, { cache: { maxEntry: 1_000_000, size: 1_048_576 } })
  const produced = { rows: 0, ended: false }
  broker.next.push(answerOf(480, produced))
  const socket = askAndStare(SELECT)
  await until(() => produced.ended)
  await stack.keeper.settled()
  broker.next.push(answerOf(480, { rows: 0, ended: false }))
  const other = 'SELECT city FROM events'
  expect((await askSql(stack.sqlUrl, other)).complete).toBe(true)
  socket.destroy()
  await until(() => stack.cache.usage.heldBytes === 0)
  const again = await askSql(stack.sqlUrl, other)
  expect(again.headers['cache-status']).toContain('fwd=miss; detail="whole"')
})

test('an answer that many want packed at once is packed once', async () => {
  broker.next.push(answerOf(600, { rows: 0, ended: false }))
  await askSql(stack.sqlUrl, SELECT)
  await stack.keeper.settled()
  const before = stack.cache.usage.entryBytes
  await Promise.all(
    Array.from({ length: 20 }, () => askSql(stack.sqlUrl, SELECT, { 'accept-encoding': 'gzip' })),
  )
  await stack.keeper.settled()
  expect(stack.cache.usage.entryBytes - before).toBeLessThan(700_000)
})

/** Resolves once a while has passed in which nothing more was produced. */
async function standsStill(produced: Produced): Promise<void> {
  let before = -1
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const still = before === produced.rows
    before = produced.rows
    return still
  })
}
