// What comes before a query at its Broker: a look at the timeline, which takes no place and may be waited for.
import { buffer } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { type DruidClient } from '../../src/druid/client.ts'
import { deferred } from '../support/deferred.ts'
import { answerRows, ROWS } from '../support/fake-broker.ts'
import { druidOn, fakeBroker, query, soon } from './support.ts'

const OWN = {
  method: 'GET',
  path: '/own',
  body: undefined,
  isOwn: true,
  repeatable: false,
  cancel: undefined,
}

async function rows(druid: DruidClient, change: Parameters<typeof query>[0] = {}): Promise<string> {
  const { body } = await druid.send(query(change), soon())
  return (await buffer(body)).toString()
}

async function isReady(druid: DruidClient): Promise<void> {
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
}

test("a question of Ovate's own waits for no place, and takes none", async () => {
  const release = deferred<void>()
  const broker = await fakeBroker(async (request, response) => {
    if (request.path !== '/own') await release.promise
    answerRows(request, response)
  })
  const druid = druidOn([broker], { limits: { brokerConcurrency: 1 } })
  const running = rows(druid)
  await vi.waitUntil(() => druid.brokers()[0]?.outstanding === 1, { timeout: 5_000 })
  expect(await rows(druid, { ...OWN, broker: broker.id })).toBe(ROWS)
  expect(druid.brokers()[0]?.outstanding).toBe(1)
  release.resolve()
  expect(await running).toBe(ROWS)
})

test("a question of Ovate's own to a Broker that isn't ready fails at once", async () => {
  const druid = druidOn([await fakeBroker()])
  const asked = rows(druid, { ...OWN, broker: 'gone:8082' })
  await expect(asked).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
})

test('a request is written when what it waits for is over, and holds its place meanwhile', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  await isReady(druid)
  const looked = deferred<void>()
  const given: string[] = []
  const asked = rows(druid, {
    givenTo: ({ id }) => {
      given.push(id)
      return looked.promise
    },
  })
  await vi.waitUntil(() => given.length === 1, { timeout: 5_000 })
  expect(await rows(druid, { ...OWN, broker: broker.id })).toBe(ROWS)
  expect(druid.brokers()[0]?.outstanding).toBe(1)
  expect(broker.received.map(({ path }) => path)).toEqual(['/own'])
  looked.resolve()
  expect(await asked).toBe(ROWS)
  expect(broker.received).toHaveLength(2)
})

test('a request that is given up while it waits is never written', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  await isReady(druid)
  const looked = deferred<void>()
  const leave = new AbortController()
  const asked = druid.send(query({ givenTo: () => looked.promise }), leave.signal)
  await vi.waitUntil(() => druid.brokers()[0]?.outstanding === 1, { timeout: 5_000 })
  leave.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
  looked.resolve()
  expect(await rows(druid, { ...OWN, broker: broker.id })).toBe(ROWS)
  expect(broker.received.map(({ path }) => path)).toEqual(['/own'])
  expect(druid.brokers()[0]?.outstanding).toBe(0)
})
