import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type DruidOptions } from '../../src/druid/options.ts'
import { type FakeBroker, ROWS, startFakeBroker } from '../support/fake-broker.ts'

const SERVICE = 'druid/broker'
const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function brokers(count: number): Promise<FakeBroker[]> {
  const started = await Promise.all(Array.from({ length: count }, () => startFakeBroker()))
  for (const broker of started) ends.push(() => broker.kill())
  return started
}

function druidOf(fakes: readonly FakeBroker[], options: Partial<DruidOptions> = {}): DruidClient {
  const source = fixedSource(
    fakes.map(({ url }) => url),
    SERVICE,
  )
  const druid = createDruid({ source, defaultService: SERVICE, ...options })
  ends.push(() => druid.close())
  return druid
}

function query(change: Partial<DruidRequest> = {}): DruidRequest {
  return {
    method: 'POST',
    path: '/druid/v2/sql',
    headers: ['Content-Type', 'application/json'],
    body: Buffer.from('{"query":"SELECT 1"}'),
    service: undefined,
    repeatable: true,
    cancel: undefined,
    ...change,
  }
}

function soon(ms = 5_000): AbortSignal {
  return AbortSignal.timeout(ms)
}

test('an answer comes as it was sent', async () => {
  const [broker] = await brokers(1)
  const druid = druidOf([broker!])
  broker!.behave = (_request, response) => {
    response.writeHead(200, [
      'X-A',
      '1',
      'x-a',
      '2',
      'Content-Type',
      'application/json',
      'Connection',
      'keep-alive',
    ])
    response.write('[{"n":1}')
    response.addTrailers({ 'X-Druid-Response-Complete': 'true' })
    response.end(']\n')
  }
  const answer = await druid.send(query(), soon())
  expect(answer.status).toBe(200)
  expect(answer.headers.slice(0, 6)).toEqual(['X-A', '1', 'x-a', '2', 'Content-Type', 'application/json'])
  expect((await buffer(answer.body)).toString()).toBe(ROWS)
  expect(answer.trailers()).toEqual({ 'x-druid-response-complete': 'true' })
  expect(broker!.received[0]!.body.toString()).toBe('{"query":"SELECT 1"}')
})
