// Many who read nothing of large answers: what is held for all of them together stays far below what they asked for.
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { rawPost } from '../support/raw.ts'
import { answerer, bodyText, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const READERS = 200
const ANSWER_BYTES = 4_000_000
/** A fifth of what they asked for; one answer and all their sockets' buffers take less. */
const HELD_MAX_BYTES = 160_000_000
const HIT = 'SELECT country FROM events'
const PASSED = 'SELECT 1'

let stack: Stack
let passing = 0
const sockets: Socket[] = []

beforeEach(async () => {
  const broker = script()
  broker.kept = `[["country"],["STRING"],["VARCHAR"]${`,["${'x'.repeat(1_000)}"]`.repeat(ANSWER_BYTES / 1_000)}]\n`
  const answer = answerer(broker)
  stack = await startStack(
    new FakeDruid((request, signal) =>
      bodyText(request).includes(`"${PASSED}"`) ? { body: endless(signal) } : answer(request, signal),
    ),
    { cache: { maxEntry: 4 * ANSWER_BYTES } },
  )
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await until(async () => passing === 0 && (await stack.server.connections()) === 0)
  await stack.stop()
})

async function* endless(signal: AbortSignal): AsyncGenerator<Buffer> {
  passing += 1
  try {
    while (!signal.aborted) {
      yield Buffer.alloc(65_536, ' ')
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    passing -= 1
  }
}

test.each<[string, string]>([
  ['that is held', HIT],
  ['that passes', PASSED],
])('an answer %s', async (_, query) => {
  await askSql(stack.sqlUrl, HIT)
  await stack.keeper.settled()
  const before = heldBytes()
  const { hostname, port } = new URL(stack.server.url)
  for (let number = 0; number < READERS; number += 1) {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    sockets.push(socket.pause())
    socket.write(rawPost('/druid/v2/sql', JSON.stringify({ query })))
  }
  await until(async () => (await stack.server.connections()) >= READERS)
  for (let number = 0; number < 20; number += 1)
    expect(await askSql(stack.sqlUrl, HIT)).toMatchObject({ status: 200, complete: true })
  expect(heldBytes() - before).toBeLessThan(HELD_MAX_BYTES)
})

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
