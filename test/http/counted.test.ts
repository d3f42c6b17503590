// Each error that a client gets is counted, once, wherever on its road it was made.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deferred, type Deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { type RawConnection, rawConnection, rawPost } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const MIB = 1_048_576
const LISTEN = { maxBody: '1MiB', allBodies: '1MiB', headersTimeout: '300ms', requestTimeout: '20s' }
const [SQL, NATIVE, AVATICA, STATEMENTS] = [
  '/druid/v2/sql',
  '/druid/v2',
  '/druid/v2/sql/avatica/',
  '/druid/v2/sql/statements',
]
/** Bodies that go on as they come in, as many as may. */
const STREAMS_MAX = 20

let stack: Stack
let druid: FakeDruid
/** What Druid waits for before it goes on. */
let gate: Deferred<void>
const connections: RawConnection[] = []

beforeEach(async () => {
  gate = deferred()
  druid = new FakeDruid(() => ({ body: slowly() }))
  stack = await startStack(druid, { listen: LISTEN })
})

afterEach(async () => {
  gate.resolve()
  for (const connection of connections.splice(0)) connection.close()
  await stack.stop()
})

async function* slowly(): AsyncGenerator<Buffer> {
  yield Buffer.from('a row\n')
  await gate.promise
  yield Buffer.from('the last row\n')
}

async function sent(text: string): Promise<RawConnection> {
  const connection = await rawConnection(stack.server.url)
  connections.push(connection)
  connection.send(text)
  return connection
}

/** The first `bytes` of a body that is said to have `announced` of them. */
function begun(path: string, announced: number, bytes: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: ovate\r\nContent-Length: ${announced}\r\n\r\n${'x'.repeat(bytes)}`
}

async function counts(): Promise<readonly string[]> {
  const text = await stack.metrics.text()
  return [...text.matchAll(/^ovate_errors_total\{code="(\w+)"\} (\d+)$/gm)].map(
    ([, code, count]) => `${code} ${count}`,
  )
}

describe.each([SQL, NATIVE, AVATICA])('a body on %s', (path) => {
  test('that has no room beside others: 429', async () => {
    await sent(rawPost(path, `{"query":"SELECT 1"}${' '.repeat(900_000)}`))
    await until(() => druid.requests.length > 0)
    await (await sent(begun(path, 900_000, 850_000))).until(/^HTTP\/1\.1 429 /)
    expect(await counts()).toEqual(['OVATE_QUEUE_FULL 1'])
  })

  test('that is too large: 413', async () => {
    await (await sent(begun(path, MIB + 1, 0))).until(/^HTTP\/1\.1 413 /)
    expect(await counts()).toEqual(['OVATE_BODY_TOO_LARGE 1'])
  })

  test('that is too large, as is found while it comes: 413', async () => {
    const chunk = `${(MIB + 1).toString(16)}\r\n${'x'.repeat(MIB + 1)}`
    await (
      await sent(`POST ${path} HTTP/1.1\r\nHost: ovate\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
    ).until(/^HTTP\/1\.1 413 /)
    expect(await counts()).toEqual(['OVATE_BODY_TOO_LARGE 1'])
  })
})

test('a large body behind as many as may come in at once: 429', async () => {
  for (let number = 0; number < STREAMS_MAX; number += 1) await sent(begun(STATEMENTS, 100_000, 70_000))
  await until(() => druid.requests.length === STREAMS_MAX)
  await (
    await sent(begun(STATEMENTS, 100_000, 70_000))
  ).until(/^HTTP\/1\.1 429 [^]*20 large bodies are on their way/)
  expect(await counts()).toEqual(['OVATE_QUEUE_FULL 1'])
})

test('a Connection that names credentials: 400', async () => {
  await (await sent(rawPost(SQL, '{}', ['Connection: authorization']))).until(/^HTTP\/1\.1 400 /)
  expect(await counts()).toEqual(['OVATE_BAD_REQUEST 1'])
})

describe('bad HTTP', () => {
  test.each<[string, string, number]>([
    ['nonsense', 'NONSENSE\r\n\r\n'.repeat(100), 400],
    ['half a head for too long', 'GET /half HTTP/1.1\r\nHost: ov', 408],
    ['a head too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, 431],
  ])('%s', async (_, bad, status) => {
    const { text } = await (await sent(bad)).end()
    expect(text.slice(0, 13)).toBe(`HTTP/1.1 ${status} `)
    expect(await counts()).toEqual(['OVATE_BAD_REQUEST 1'])
  })

  test('behind an answer that is on its way: when that is out', async () => {
    const connection = await sent('GET /begun HTTP/1.1\r\nHost: ovate\r\n\r\n')
    await connection.until(/a row/)
    connection.send('NONSENSE\r\n\r\n')
    connection.send('NONSENSE\r\n\r\n')
    gate.resolve()
    expect((await connection.end()).text).toMatch(/the last row[^]*HTTP\/1\.1 400 /)
    expect(await counts()).toEqual(['OVATE_BAD_REQUEST 1'])
  })
})
