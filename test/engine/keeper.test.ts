// What happens between an answer's last byte and its place in the cache.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { settle } from '../support/manual-clock.ts'
import { answerer, kindOf, type QueryKind, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'

let druid: FakeDruid
let stack: Stack
/** The next EXPLAIN is answered when this is resolved. */
let explained: ReturnType<typeof deferred<void>>
let count: number

beforeEach(async () => {
  const broker = script()
  const answer = answerer(broker)
  explained = deferred<void>()
  count = 0
  druid = new FakeDruid(async (request, signal) => {
    if (kindOf(request) === 'explain') await explained.promise
    if (kindOf(request) !== 'data') return await answer(request, signal)
    count += 1
    return { ...(await answer(request, signal)), body: `[["n"],["LONG"],["BIGINT"],[${count}]]\n` }
  })
  stack = await startStack(druid)
})

afterEach(async () => {
  explained.resolve()
  await stack.stop()
})

function reached(kind: QueryKind): DruidRequest[] {
  return druid.requests.filter((request) => kindOf(request) === kind)
}

async function ask(headers: Record<string, string> = {}): Promise<readonly [string, unknown]> {
  const { body, headers: head } = await askSql(stack.sqlUrl, COUNT, headers)
  return [body.toString(), head['cache-status']]
}

describe('while an answer is being judged', () => {
  test('who asks the same is given it, and Druid is asked once', async () => {
    expect(await ask()).toEqual(['[{"n":1}]\n', 'ovate; fwd=miss; detail="whole"'])
    for (let i = 0; i < 3; i += 1) {
      expect(await ask()).toEqual(['[{"n":1}]\n', 'ovate; fwd=miss; collapsed; detail="whole"'])
    }
    explained.resolve()
    await stack.keeper.settled()
    expect(await ask()).toEqual(['[{"n":1}]\n', 'ovate; hit; detail="whole"'])
    expect(reached('data')).toHaveLength(1)
  })

  test('who wants a new one gets a new one, and nobody an older one after that', async () => {
    expect((await ask())[0]).toBe('[{"n":1}]\n')
    expect((await ask({ 'cache-control': 'no-cache' }))[0]).toBe('[{"n":2}]\n')
    expect((await ask())[0]).toBe('[{"n":2}]\n')
    explained.resolve()
    await stack.keeper.settled()
    await settle()
    expect((await ask())[0]).toBe('[{"n":2}]\n')
  })
})

test('an older answer never takes the place of a newer one', async () => {
  explained.resolve()
  const slow = deferred<void>()
  const before = druid.answer
  druid.answer = async (request, signal) => {
    const reply = await before(request, signal)
    if (kindOf(request) === 'data' && count === 1) await slow.promise
    return reply
  }
  const first = ask()
  await settle()
  expect((await ask({ 'cache-control': 'no-cache' }))[0]).toBe('[{"n":2}]\n')
  await stack.keeper.settled()
  slow.resolve()
  expect((await first)[0]).toBe('[{"n":1}]\n')
  await stack.keeper.settled()
  expect(await ask()).toEqual(['[{"n":2}]\n', 'ovate; hit; detail="whole"'])
})

test('an answer that takes long is looked after at the Broker that computes it, until it is there', async () => {
  explained.resolve()
  druid.brokerIds = ['a:8082', 'b:8082']
  const slow = deferred<void>()
  const before = druid.answer
  druid.answer = async (request, signal) => {
    if (kindOf(request) === 'data') await slow.promise
    return await before(request, signal)
  }
  const asked = ask()
  const looks = (): number => reached('candidates').filter(({ broker }) => broker === 'a:8082').length
  await vi.waitUntil(() => looks() >= 4, { timeout: 10_000 })
  slow.resolve()
  await asked
  await stack.keeper.settled()
  expect(stack.timelines.list().map(({ datasource }) => datasource)).toEqual(['events'])
})
