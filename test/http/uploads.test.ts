// Bodies on their way to a Broker whose client breaks them off.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type FakeBroker, startFakeBroker } from '../support/fake-broker.ts'
import { ask } from '../support/http-client.ts'
import { rawConnection } from '../support/raw.ts'
import { until } from '../support/sandbox-stack.ts'
import { type Stack, startStack } from '../support/stack.ts'

const SERVICE = 'druid/broker'
/** A body that is smaller is sent on when all of it is there. */
const MUCH = 'x'.repeat(70_000)

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
