// The cache beside a server that hangs, cuts, garbles and is late; time is the test's.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encode } from '../../../src/cache/shared/codec.ts'
import { storeKey } from '../../../src/cache/shared/keys.ts'
import { type Link } from '../../../src/cache/shared/link.ts'
import { connectRedis } from '../../../src/cache/shared/redis-link.ts'
import { LinkedSharedCache } from '../../../src/cache/shared/shared-cache.ts'
import { type OvateError } from '../../../src/errors.ts'
import { waitUntil, within } from '../../cluster/wait.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { bulk, ScriptedRedis } from './scripted-redis.ts'
import { type Counted, counted, OPTIONS, stored } from './support.ts'

let server: ScriptedRedis
let clock: ManualClock
let told: Counted
let errors: OvateError[]
let link: Link
let cache: LinkedSharedCache
const never = new AbortController().signal

beforeEach(async () => {
  server = new ScriptedRedis()
  clock = new ManualClock()
  told = counted()
  errors = []
  const nodes = [await server.start()]
  link = connectRedis({ mode: 'single', nodes, silentMs: 300, onError: (error) => errors.push(error) })
  cache = new LinkedSharedCache(link, clock, OPTIONS, told.events)
  await ready()
})

afterEach(async () => {
  await cache.close()
  await server.stop()
})

const ready = (): Promise<void> => waitUntil('the connection', () => link.state === 'ready', within(20_000))

async function entry(key: string, text: string): Promise<Buffer> {
  return bulk(await encode(storeKey('ovate', key), stored(text), 4_096))
}

async function got(key: string, signal = never): Promise<string | undefined> {
  const [found] = await cache.get([key], signal)
  return found && String(found.body)
}

test('many keys are asked for before the first answer: one round trip', async () => {
  const keys = Array.from({ length: 50 }, (_, at) => `k${at}`)
  const found = cache.get(keys, never)
  await server.waiting(50)
  for (const key of keys) server.next().reply(await entry(key, `of ${key}`))
  expect((await found).map((one) => String(one?.body))).toEqual(keys.map((key) => `of ${key}`))
  expect(server.connections).toBe(1)
})

test('what has come in time is given, what has not is a miss', async () => {
  const found = cache.get(['a', 'b', 'c'], never)
  await server.waiting(3)
  server.next().reply(await entry('a', 'in time'))
  server.next().reply(bulk(''))
  await waitUntil('two answers', () => told.counts['looked miss'] === 1, within(20_000))
  await clock.advance(50)
  expect((await found).map((one) => one && String(one.body))).toEqual(['in time', undefined, undefined])
  expect(told.counts).toMatchObject({ 'looked hit': 1, 'looked miss': 1, 'looked timeout': 1 })
})

test('a reply after its timeout is thrown away, and the connection stays in step', async () => {
  const late = got('a')
  await server.waiting(1)
  await clock.advance(50)
  expect(await late).toBeUndefined()
  const next = got('b')
  await server.waiting(2)
  server.next().reply(await entry('a', 'late'))
  server.next().reply(await entry('b', 'good'))
  expect(await next).toBe('good')
  expect([server.connections, told.counts['looked timeout'], cache.usage.reading]).toEqual([1, 1, 0])
})

test('a reply that belongs to another call is bad, even where it is a whole entry', async () => {
  const found = got('a')
  await server.waiting(1)
  server.next().reply(await entry('b', "another's"))
  expect(await found).toBeUndefined()
  expect(told.counts['bad checksum']).toBe(1)
})

test.each<[string, string]>([
  ['no protocol at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a type that is none', '\u0000\u0001\u0002\r\n'],
  ['a length that is none', '$abc\r\n'],
  ['another type', ':5\r\n'],
  ['an array', '*1\r\n$1\r\na\r\n'],
  ['null', '$-1\r\n'],
])('%s is a miss, and the next look-up goes well', async (_, garbage) => {
  const found = got('a')
  await server.waiting(1)
  server.next().reply(garbage)
  await settle()
  await clock.advance(50)
  expect(await found).toBeUndefined()
  // What looked like the beginning of a reply swallows the next one, until the connection is given up.
  expect(await eventually('b', 'good')).toBe('good')
})

/** What a look-up brings once the server's answers arrive again. */
async function eventually(key: string, text: string): Promise<string | undefined> {
  for (let tries = 0; tries < 10; tries += 1) {
    await ready()
    const found = got(key)
    await Promise.race([server.waiting(1), found])
    if (server.calls.length > 0) server.next().reply(await entry(key, text))
    const settled = await found
    if (settled !== undefined) return settled
    await clock.advance(1_000)
  }
  return undefined
}

test('a connection cut in mid-reply loses its calls at once, not at their timeouts', async () => {
  const found = cache.get(['a', 'b'], never)
  await server.waiting(2)
  const call = server.next()
  call.reply((await entry('a', 'half')).subarray(0, 40))
  call.cut()
  expect(await found).toEqual([undefined, undefined])
  expect(told.counts).toEqual({ 'looked lost': 2 })
})

describe('a server that hangs', () => {
  async function hang(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const found = got('a')
      await server.waiting(time + 1)
      await clock.advance(50)
      expect(await found).toBeUndefined()
    }
  }

  test('is left alone after five timeouts, then tried by one call, and used again when that goes well', async () => {
    await hang(5)
    expect([await got('a'), server.calls.length, cache.state]).toEqual([undefined, 5, 'failing'])
    cache.put('a', stored('x'))
    expect(told.counts).toMatchObject({ 'looked timeout': 5, 'looked down': 1, 'wrote down': 1 })
    for (const call of server.calls.splice(0)) call.reply(bulk(''))
    await clock.advance(1_000)
    const probe = cache.get(['b', 'c'], never)
    await server.waiting(1)
    server.next().reply(await entry('b', 'back'))
    expect((await probe).map((one) => one && String(one.body))).toEqual(['back', undefined])
    expect([cache.state, told.counts['looked down']]).toEqual(['ready', 2])
    const next = got('c')
    await server.waiting(1)
    server.next().reply(await entry('c', 'all of it'))
    expect(await next).toBe('all of it')
  })

  test('is of no account once another one has its keys', async () => {
    let master = 'a:1'
    const hangs = new Promise<never>(() => undefined)
    const miss = Promise.resolve({ kind: 'value' as const, value: Buffer.alloc(0) })
    const cluster: Link = {
      state: 'ready',
      serverOf: () => master,
      together: (calls) => calls(),
      read: () => (master === 'a:1' ? hangs : miss),
      store: () => Promise.resolve({ kind: 'value', value: true }),
      close: () => undefined,
    }
    const over = new LinkedSharedCache(cluster, clock, OPTIONS, told.events)
    for (let call = 0; call < 5; call += 1) {
      const found = over.get(['a'], never)
      await settle()
      await clock.advance(50)
      await found
    }
    expect(over.state).toBe('failing')
    master = 'b:1'
    for (let second = 0; second < 10; second += 1) {
      await over.get(['a'], never)
      await clock.advance(1_000)
    }
    expect(over.state).toBe('ready')
    await over.close()
  })

  test('holds up at most a thousand look-ups; more are misses at once', async () => {
    const keys = Array.from({ length: 1_100 }, (_, at) => `k${at}`)
    const found = cache.get(keys, never)
    await server.waiting(1_000)
    expect(told.counts).toEqual({ 'looked busy': 100 })
    await clock.advance(50)
    expect(await found).toEqual(keys.map(() => undefined))
    expect(told.counts).toMatchObject({ 'looked busy': 100, 'looked timeout': 1_000 })
    await waitUntil('the end of the silent connection', () => cache.usage.reading === 0, within(20_000))
  })

  test('ends no write later than its own time, and flushes go on', async () => {
    cache.put('a', stored('x'))
    await server.waiting(1)
    const flushed = cache.flushed(never)
    await clock.advance(1_000)
    await flushed
    expect(told.counts).toEqual({ 'wrote timeout': 1 })
  })
})

test.each(['OOM', 'LOADING', 'CLUSTERDOWN', 'NOPERM', 'WRONGTYPE', 'MOVED', 'ASK', 'BUSY', 'ERR'])(
  'the refusal %s is a miss and a dropped write, and does not open the breaker',
  async (code) => {
    for (let time = 0; time < 6; time += 1) {
      await ready()
      const found = got('a')
      await server.waiting(1)
      server.next().reply(`-${code} because "secret"\r\n`)
      expect(await found).toBeUndefined()
    }
    await ready()
    cache.put('a', stored('x'))
    await server.waiting(1)
    server.next().reply(`-${code} because\r\n`)
    await cache.flushed(never)
    expect(told.counts).toEqual({ 'looked refused': 6, 'wrote refused': 1, [`refused ${code}`]: 7 })
  },
)

test('a server that became a replica is left for another connection, which may lead to the master', async () => {
  cache.put('a', stored('x'))
  await server.waiting(1)
  server.next().reply("-READONLY You can't write against a read only replica.\r\n")
  await cache.flushed(never)
  expect(told.counts).toEqual({ 'wrote refused': 1, 'refused READONLY': 1 })
  await waitUntil('another connection', () => server.connections === 2, within(20_000))
  expect(await eventually('b', 'good')).toBe('good')
})

test('a server that lost the script gets it whole', async () => {
  cache.put('a', stored('x'))
  await server.waiting(1)
  const first = server.next()
  first.reply('-NOSCRIPT No matching script.\r\n')
  await server.waiting(1)
  const second = server.next()
  second.reply(':1\r\n')
  await cache.flushed(never)
  expect([first, second].map(({ parts }) => String(parts[0]).toLowerCase())).toEqual(['evalsha', 'eval'])
  expect(told.counts).toMatchObject({ 'wrote stored': 1 })
})

test('who asked leaves on their own signal, and the call ends by itself', async () => {
  const left = new AbortController()
  const found = got('a', left.signal)
  await server.waiting(1)
  left.abort(new Error('gone'))
  await expect(found).rejects.toThrow('gone')
  await expect(got('a', left.signal)).rejects.toThrow('gone')
  server.next().reply(bulk(''))
  await waitUntil('the end of the call', () => told.counts['looked miss'] === 1, within(20_000))
  expect(await cache.get([], never)).toEqual([])
})

test('what is closed has nothing, takes nothing, and ends', async () => {
  const found = got('a')
  cache.put('a', stored('x'))
  const flushed = cache.flushed(never)
  await server.waiting(1)
  await cache.close()
  expect(await found).toBeUndefined()
  await flushed
  expect(await got('a')).toBeUndefined()
  cache.put('b', stored('x'))
  expect([cache.state, cache.usage.queuedEntries]).toEqual(['closed', 0])
  expect(told.counts).toMatchObject({ 'looked lost': 1, 'looked down': 1, 'wrote lost': 1, 'wrote down': 1 })
})

test('an entry that is too large is not written', () => {
  cache.put('a', stored('x'.repeat(OPTIONS.entryMaxBytes)))
  expect(told.counts).toEqual({ 'wrote too-large': 1 })
})

test('what is told of a failure holds no call and no password', async () => {
  const own = new ScriptedRedis()
  own.greeting.auth = '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
  const seen: OvateError[] = []
  const secured = connectRedis({
    mode: 'single',
    nodes: [await own.start()],
    username: 'u',
    password: 'hunter2',
    onError: (error) => seen.push(error),
  })
  await waitUntil('the error', () => seen.length > 0, within(20_000))
  expect([seen[0]?.code, seen[0]?.cause]).toEqual(['OVATE_SHARED_CACHE', undefined])
  expect(JSON.stringify(seen.map(({ message, stack }) => [message, stack]))).not.toContain('hunter2')
  secured.close()
  await own.stop()
})
