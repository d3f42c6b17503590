import { expect, test, vi } from 'vitest'
import { isRefusal } from '../../src/druid/refusal.ts'
import { druidOn, fakeBroker, query, soon } from './support.ts'

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

test.each<[string, unknown, boolean]>([
  ['a refusal', refused, true],
  ['one as a cause', new Error('failed', { cause: new Error('inside', { cause: refused }) }), true],
  ['a reset', Object.assign(new Error('read'), { code: 'ECONNRESET' }), false],
  ['no error', 'ECONNREFUSED', false],
])('%s', (_, error, expected) => {
  expect(isRefusal(error)).toBe(expected)
})

test('what a request for a Broker that has gone fails with is one', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker], { limits: { connectFailures: 1_000 } })
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
  await broker.kill()
  const error: unknown = await druid
    .send(query({ broker: broker.id, repeatable: false }), soon())
    .catch((reason: unknown) => reason)
  expect(isRefusal(error)).toBe(true)
})
