// Clients that send no more after their requests and read on get what others get; those that have gone end what runs.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deferred, type Deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { type RawConnection, rawConnection, rawPost, UUID } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const SELECT = '{"query":"SELECT 1"}'
const ROWS = '[{"x":1}]\n'
const LARGE = Buffer.alloc(3_000_000, 'x')
const GROUP_BY = '{"queryType":"groupBy","context":{"queryId":"q"}}'

let druid: FakeDruid
let stack: Stack
/** What Druid waits for before it answers. */
let gate: Deferred<void>
let ended: string[]

beforeEach(async () => {
  gate = deferred()
  ended = []
  druid = new FakeDruid(async ({ path }, signal) => {
    signal.addEventListener('abort', () => ended.push(path))
    await gate.promise
    if (path.endsWith('large')) return { body: LARGE }
    if (path === '/druid/v2/sql') return { body: ROWS }
    return { body: `answer to ${path}\n`, headers: ['X-Of-Druid', 'yes'] }
  })
  stack = await startStack(druid)
})
afterEach(async () => {
  gate.resolve()
  await stack.stop()
})

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: ovate\r\n\r\n`
const told = (text: string): string => text.replaceAll(UUID, 'ID').replace(/^Date: .*\r\n/gm, '')

async function sent(...texts: readonly string[]): Promise<RawConnection> {
  const connection = await rawConnection(stack.server.url)
  for (const text of texts) connection.send(text)
  return connection
}

/** What a client is given that leaves nothing open. */
async function usual(texts: readonly string[]): Promise<string> {
  const last = (texts.at(-1) ?? '').replace('\r\nHost:', '\r\nConnection: close\r\nHost:')
  return told((await (await sent(...texts.slice(0, -1), last)).end()).text)
}

const sameButConnection = (text: string): string =>
  told(text).replaceAll(/^(?:Connection|Keep-Alive): .*\r\n/gm, '')

describe('who sends no more', () => {
  test.each<[string, string[]]>([
    ['a statement', [rawPost('/druid/v2/sql', SELECT)]],
    ['a native query', [rawPost('/druid/v2', GROUP_BY)]],
    ['a request that passes', [get('/druid/v2/datasources')]],
    ['one of HTTP/1.0', [get('/druid/v2/datasources').replace('1.1', '1.0')]],
    ['a large answer', [get('/large')]],
    ['several in line', [get('/one'), rawPost('/druid/v2/sql', SELECT), get('/large'), get('/four')]],
    ['what Ovate refuses', [get('/one'), rawPost('/druid/v2/sql', '{')]],
  ])('is given what others are: %s', async (_, texts) => {
    const connection = await sent(...texts)
    connection.socket.end()
    await connection.until(/^H/)
    gate.resolve()
    const { text, reset } = await connection.end()
    expect(reset).toBe(false)
    expect(sameButConnection(text)).toBe(sameButConnection(await usual(texts)))
  })

  test.each<[string, string]>([
    ['of Ovate itself', get('/status/health')],
    ['a refusal', rawPost('/druid/v2/sql', '{')],
  ])('is given what is there at once: %s', async (_, text) => {
    const connection = await sent(text)
    connection.socket.end()
    expect(sameButConnection((await connection.end()).text)).toBe(sameButConnection(await usual([text])))
  })

  test('is sent the beginning of the answer bit by bit while it waits', async () => {
    const connection = await sent(get('/x'))
    connection.socket.end()
    await connection.until(/^HT/)
    gate.resolve()
    expect((await connection.end()).text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*answer to \/x\n\r\n0\r\n\r\n$/)
  })

  test('in mid-answer, is given the rest of it', async () => {
    druid.answer = () => ({
      body: (async function* rows() {
        yield Buffer.from('a row\n')
        await gate.promise
        yield Buffer.from('another\n')
      })(),
    })
    const connection = await sent(get('/x'))
    await connection.until(/a row/)
    connection.socket.end()
    gate.resolve()
    expect((await connection.end()).text).toMatch(/a row\n[^]*another\n\r\n0\r\n\r\n$/)
  })

  test('in mid-answer, is given what stands in line behind it', async () => {
    const second = deferred<void>()
    druid.answer = async ({ path }) => {
      if (path === '/two') await second.promise
      return { body: `answer to ${path}\n` }
    }
    const connection = await sent(get('/one'), get('/two'))
    await connection.until(/answer to/)
    connection.socket.end()
    await connection.until(/\r\n0\r\n\r\nHT/)
    second.resolve()
    expect((await connection.end()).text).toMatch(/\r\n0\r\n\r\nHTTP\/1\.1 200 [^]*answer to \/two\n/)
  })

  test('and has no whole request is refused', async () => {
    const connection = await sent(rawPost('/druid/v2/sql', SELECT).slice(0, -3))
    connection.socket.end()
    expect((await connection.end()).text).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('and asked for nothing is left', async () => {
    const connection = await sent()
    connection.socket.end()
    expect((await connection.end()).text).toBe('')
  })
})

describe('who has gone ends what runs', () => {
  test.each<[string, string]>([
    ['a statement', rawPost('/druid/v2/sql', SELECT)],
    ['a native query', rawPost('/druid/v2', GROUP_BY)],
    ['a request that passes', get('/druid/v2/datasources')],
  ])('%s', async (_, text) => {
    const connection = await sent(text)
    await until(() => druid.requests.length === 1)
    connection.close()
    await until(() => ended.length > 0)
    expect(await stack.server.connections()).toBe(0)
  })

  test('also all of several in line', async () => {
    const connection = await sent(get('/one'), get('/two'))
    await until(() => druid.requests.length === 2)
    connection.close()
    await until(() => ended.length === 2)
    expect(ended.toSorted()).toEqual(['/one', '/two'])
  })

  test('also in mid-answer, with the next row', async () => {
    const next = deferred<void>()
    druid.answer = (_, signal) => ({
      body: (async function* rows() {
        signal.addEventListener('abort', () => ended.push('in mid-answer'))
        yield Buffer.from('a row\n')
        await next.promise
        for (;;) {
          await new Promise((resolve) => setImmediate(resolve))
          yield Buffer.from('a row\n')
        }
      })(),
    })
    const connection = await sent(get('/x'))
    await connection.until(/a row/)
    connection.close()
    next.resolve()
    await until(() => ended.length > 0)
    expect(ended).toEqual(['in mid-answer'])
  })

  test('also in mid-answer, where no row comes any more', async () => {
    druid.answer = (_, signal) => ({
      body: (async function* rows() {
        signal.addEventListener('abort', () => ended.push('in mid-answer'))
        yield Buffer.from('a row\n')
        await gate.promise
      })(),
    })
    const connection = await sent(get('/x'))
    await connection.until(/a row/)
    connection.close()
    await until(() => ended.length > 0)
    expect(ended).toEqual(['in mid-answer'])
  })

  test('and who sent no more first, when he goes', async () => {
    const connection = await sent(get('/x'))
    connection.socket.end()
    await connection.until(/^H/)
    connection.close()
    await until(() => ended.length > 0)
    expect(ended).toEqual(['/x'])
  })
})
