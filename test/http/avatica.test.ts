import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectionOf } from '../../src/http/avatica.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask } from '../support/http-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

const UUID = '0d5ae3b1-9c3c-4b60-8d2e-3f9d5b1c7a10'
const PATHS = ['avatica', 'avatica/', 'avatica-protobuf', 'avatica-protobuf/']

/** A message of protobuf as Avatica sends it: its class's name, and the request with the connection at some field. */
function protobuf(connection: string, field: number): Buffer {
  const text = (tag: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag * 8 + 2, value.length]), value])
  const name = Buffer.from('org.apache.calcite.avatica.proto.Requests$FetchRequest')
  return Buffer.concat([text(1, name), text(2, text(field, Buffer.from(connection)))])
}

test.each<[string, string | Buffer, string]>([
  ['a request about a connection', '{"request":"openConnection","connectionId":"c-1","info":{}}', 'c-1'],
  [
    'a request about a statement',
    '{"request":"execute","statementHandle":{"connectionId":"c-2","id":1}}',
    'c-2',
  ],
  ['both', '{"statementHandle":{"connectionId":"c-2"},"connectionId":"c-1"}', 'c-1'],
  ['a name with escapes', '{"connectionId":"\\u0063"}', 'c'],
  ['protobuf', protobuf(UUID, 1), UUID],
  ['protobuf, at another field', protobuf(UUID, 4), UUID],
  ['neither', 'nothing', ''],
  ['an empty body', '', ''],
])('%s names its connection', (_, body, connection) => {
  expect(connectionOf(Buffer.from(body))).toBe(connection)
})

describe('on several Brokers', () => {
  let druid: FakeDruid
  let stack: Stack

  beforeEach(async () => {
    druid = new FakeDruid(() => ({ body: '{"response":"ok"}' }))
    druid.brokerIds = ['a:8082', 'b:8082', 'c:8082']
    stack = await startStack(druid)
  })

  afterEach(() => stack.stop())

  const send = async (connection: string, path = 'avatica/'): Promise<string | undefined> => {
    const body = JSON.stringify({ request: 'fetch', statementHandle: { connectionId: connection, id: 1 } })
    const got = await ask(`${stack.sqlUrl}/${path}`, { body })
    expect(got.body.toString()).toBe('{"response":"ok"}')
    return druid.requests.at(-1)?.broker
  }

  test('all requests of a connection go to one, and connections are spread', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `connection ${at}`)
    const first = new Map<string, string | undefined>()
    for (const name of names) first.set(name, await send(name))
    for (const name of names.toReversed())
      for (const path of PATHS) expect(await send(name, path)).toBe(first.get(name))
    expect(new Set(first.values()).size).toBe(3)
    druid.brokerIds = ['a:8082', 'c:8082']
    const moved = []
    for (const name of names) if ((await send(name)) !== first.get(name)) moved.push(first.get(name))
    expect(new Set(moved)).toEqual(new Set(['b:8082']))
  })

  test('a connection stays where it was opened when other Brokers become ready', async () => {
    druid.brokerIds = ['b:8082']
    const names = Array.from({ length: 20 }, (_, at) => `connection ${at}`)
    for (const name of names) expect(await send(name)).toBe('b:8082')
    druid.brokerIds = ['a:8082', 'b:8082', 'c:8082']
    for (const name of names) expect(await send(name)).toBe('b:8082')
  })

  test('bodies, headers and answers pass as they are', async () => {
    const body = protobuf(UUID, 1)
    await ask(`${stack.sqlUrl}/avatica-protobuf/`, {
      headers: { 'content-type': 'application/x-google-protobuf', 'x-own': '1' },
      body,
    })
    expect(druid.requests[0]).toMatchObject({
      body,
      repeatable: false,
      path: '/druid/v2/sql/avatica-protobuf/',
    })
    expect(druid.requests[0]?.headers).toEqual(expect.arrayContaining(['x-own', '1']))
  })
})
