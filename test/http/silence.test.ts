// A Broker that says nothing: what passes to it waits for `druid.readTimeout`, and no longer.
import { afterEach, describe, expect, test } from 'vitest'
import { druidOn, fakeBroker } from '../druid/support.ts'
import { type FakeBroker } from '../support/fake-broker.ts'
import { ask } from '../support/http-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const NATIVE = JSON.stringify({
  queryType: 'timeBoundary',
  dataSource: 'events',
  context: { queryId: 'silent' },
})

/** Each road on which requests pass unread. */
const ROADS: readonly (readonly [string, string, string, string])[] = [
  ['a native query', 'POST', '/druid/v2/', NATIVE],
  ['JDBC', 'POST', '/druid/v2/sql/avatica/', '{"request":"fetch","connectionId":"c","statementId":1}'],
  ['a statement that is not understood', 'POST', '/druid/v2/sql', '{"query":1}'],
  ['any other path', 'GET', '/druid/v2/datasources', ''],
]

let stack: Stack
let broker: FakeBroker
afterEach(() => stack.stop())

async function start(behave: FakeBroker['behave'], readTimeout: string): Promise<void> {
  broker = await fakeBroker(behave)
  const druid = druidOn([broker])
  stack = await startStack(druid, { druid: { readTimeout } })
  await until(() => druid.brokers().some(({ state }) => state === 'ready'))
}

describe.each(ROADS)('%s', (_, method, path, body) => {
  const got = (): ReturnType<typeof ask> =>
    ask(stack.server.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== '' && { body }),
    })

  test('that gets no answer: 504, and the error is counted', async () => {
    await start(() => undefined, '200ms')
    const { status, body: text } = await got()
    expect([status, text.toString()]).toEqual([
      504,
      expect.stringMatching(/Druid said nothing for 200 ms.*OVATE_DEADLINE/),
    ])
    expect(await stack.metrics.text()).toMatch(/ovate_errors_total\{code="OVATE_DEADLINE"\} 1/)
  })

  test('that gets the beginning of one: it breaks off', async () => {
    await start((__, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).write('[{"n":1}')
    }, '200ms')
    const { status, complete } = await got()
    expect([status, complete]).toEqual([200, false])
  })
})

test('an answer in pieces, all of it slower than the limit, is whole', async () => {
  await start((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    const pieces = ['[', '{"n":1}', ',', '{"n":2}', ',', '{"n":3}', ',', '{"n":4}', ']']
    const next = (): void => {
      const piece = pieces.shift()
      if (piece === undefined) response.end()
      else response.write(piece, () => setTimeout(next, 300))
    }
    next()
  }, '2s')
  const { body, complete } = await ask(`${stack.server.url}/druid/v2/`, { method: 'POST', body: NATIVE })
  expect([body.toString(), complete]).toEqual(['[{"n":1},{"n":2},{"n":3},{"n":4}]', true])
})

test('a native query that was given up is cancelled', async () => {
  await start((request, response) => {
    if (request.method === 'DELETE') response.writeHead(202).end()
  }, '200ms')
  const { status } = await ask(`${stack.server.url}/druid/v2/`, { method: 'POST', body: NATIVE })
  await until(() => broker.received.some(({ method }) => method === 'DELETE'))
  expect([status, broker.received.map(({ method, path }) => `${method} ${path}`)]).toEqual([
    504,
    ['POST /druid/v2/', 'DELETE /druid/v2/silent'],
  ])
})
