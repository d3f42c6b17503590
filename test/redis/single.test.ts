// The shared cache on one real Redis: what it keeps, and what becomes of it when the server is killed, frozen, full or meddled with.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { storeKey } from '../../src/cache/shared/keys.ts'
import { type OvateError } from '../../src/errors.ts'
import { stored } from '../cache/shared/support.ts'
import { waitUntil, within } from '../cluster/wait.ts'
import { type Opened, opened, openedAndReady, WAIT_MS } from './opened.ts'
import { hasRedis, type RedisServer, RIGHTS, startRedis } from './server.ts'

const soon = (): AbortSignal => within(WAIT_MS)
const ends: (() => unknown)[] = []
const lasting: (() => unknown)[] = []
afterEach(() => endAll(ends))
afterAll(() => endAll(lasting))

async function endAll(of: (() => unknown)[]): Promise<void> {
  for (const end of of.splice(0).toReversed()) await end()
}

async function put(one: Opened, key: string, text: string, beganAtMs?: number): Promise<void> {
  one.cache.put(key, stored(text, beganAtMs))
  await one.cache.flushed(soon())
}

describe.runIf(hasRedis)('one server', () => {
  let server: RedisServer
  let one: Opened

  beforeAll(async () => {
    server = await startRedis(lasting)
  })
  beforeEach(async () => {
    await server.client.flushall()
    one = await openedAndReady(ends, { nodes: [server.node] })
  })

  test('what one replica puts another gets, in the order of the keys', async () => {
    const other = await openedAndReady(ends, { nodes: [server.node] })
    const large = JSON.stringify(Array.from({ length: 5_000 }, (_, at) => ['2026-11-20T12:00:00.000Z', at]))
    for (const [key, text] of [
      ['a', 'of a'],
      ['b', large],
    ] as const)
      one.cache.put(key, stored(text))
    await one.cache.flushed(soon())
    const found = await other.cache.get(['b', 'nothing', 'a'], soon())
    expect(found.map((entry) => entry && String(entry.body))).toEqual([large, undefined, 'of a'])
    expect(found[0]?.meta).toEqual(stored('').meta)
    expect(other.counts).toMatchObject({ 'looked hit': 2, 'looked miss': 1 })
    expect(one.counts).toMatchObject({ 'wrote stored': 2 })
    expect(one.counts['bytes out']).toBeLessThan(large.length / 3)
  })

  test('keys tell nothing and expire', async () => {
    await put(one, 'SELECT secret FROM users', 'x')
    one.cache.put('short', stored('x'), 5_000)
    await one.cache.flushed(soon())
    const keys = await server.client.keys('*')
    for (const key of keys) {
      expect(key).toMatch(/^ovate:2:[\w-]{43}$/)
      expect(await server.client.pttl(key)).toBeGreaterThan(0)
    }
    expect(await server.client.pttl(storeKey('ovate', 'short'))).toBeLessThanOrEqual(5_000)
    expect(keys.length).toBe(2)
  })

  test.each<[string, readonly [string, number][], string]>([
    [
      'an older one does not replace a newer',
      [
        ['new', 2_000],
        ['old', 1_999.5],
      ],
      'new',
    ],
    [
      'a newer one replaces an older',
      [
        ['old', 1_999.5],
        ['new', 2_000],
      ],
      'new',
    ],
    [
      'of one time the last one stays',
      [
        ['first', 2_000],
        ['second', 2_000],
      ],
      'second',
    ],
  ])('%s', async (_, puts, kept) => {
    for (const [text, beganAtMs] of puts) await put(one, 'k', text, beganAtMs)
    expect(await one.text('k')).toBe(kept)
  })

  test('whatever the order of many writers, the newest stays', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openedAndReady(ends, { nodes: [server.node] })))
    for (let write = 0; write < 200; write += 1)
      others[write % 3]?.cache.put('k', stored(`at ${(write * 7) % 200}`, (write * 7) % 200))
    await Promise.all(others.map(({ cache }) => cache.flushed(soon())))
    expect(await one.text('k')).toBe('at 199')
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['foreign bytes', (key) => server.client.set(key, 'something else')],
    ['another type', (key) => server.client.lpush(key, 'a')],
    ['nothing but a beginning', (key) => server.client.set(key, 'OVAT\u0001')],
    ['more than an entry may have', (key) => server.client.set(key, 'x'.repeat(1_100_000))],
  ])('%s is a miss and is replaced', async (_, meddle) => {
    await meddle(storeKey('ovate', 'k'))
    expect(await one.text('k')).toBeUndefined()
    await put(one, 'k', 'good', 0)
    expect(await one.text('k')).toBe('good')
  })

  test('a byte turned anywhere in the store is a miss, and what began later replaces it', async () => {
    const name = storeKey('ovate', 'k')
    await put(one, 'k', 'the body', 1_000)
    const whole = await server.client.getBuffer(name)
    const length = whole?.length ?? 0
    expect(length).toBeGreaterThan(60)
    for (let at = 0; at < length; at += 1) {
      const turned = Buffer.from(whole ?? [])
      turned[at] = (turned[at] ?? 0) ^ 0x40
      await server.client.set(name, turned)
      expect(await one.text('k'), `byte ${at}`).toBeUndefined()
      await put(one, 'k', 'again', 1_001)
      expect(await one.text('k'), `byte ${at}`).toBe('again')
    }
  })

  test('an entry that was copied under another key is a miss', async () => {
    await put(one, 'k', 'x')
    await server.client.copy(storeKey('ovate', 'k'), storeKey('ovate', 'l'))
    expect([await one.text('k'), await one.text('l'), one.counts['bad checksum']]).toEqual([
      'x',
      undefined,
      1,
    ])
  })

  test('the store may be emptied, and lose its scripts', async () => {
    await put(one, 'k', 'x')
    await server.client.flushall()
    await server.client.script('FLUSH')
    expect(await one.text('k')).toBeUndefined()
    await put(one, 'k', 'y')
    expect(await one.text('k')).toBe('y')
  })

  test('what came while this process was busy is no timeout', async () => {
    const busy = await openedAndReady(ends, { nodes: [server.node] }, { readTimeoutMs: 20 })
    await put(busy, 'k', 'x')
    let found: string | undefined
    // The server has to answer in the meantime, which on a busy machine it may not.
    for (let tries = 0; tries < 10 && found === undefined; tries += 1) {
      const asked = busy.text('k')
      for (const until = performance.now() + 200; performance.now() < until;) continue
      found = await asked
    }
    expect(found).toBe('x')
  })

  test('namespaces are apart', async () => {
    const other = await openedAndReady(ends, { nodes: [server.node] }, { namespace: 'other' })
    await put(one, 'k', 'x')
    expect(await other.text('k')).toBeUndefined()
  })

  test('a full server refuses writes and goes on to be read', async () => {
    await put(one, 'k', 'x')
    await server.client.config('SET', 'maxmemory', '1000000', 'maxmemory-policy', 'noeviction')
    await server.client.config('SET', 'maxmemory', '1')
    try {
      for (let write = 0; write < 8; write += 1) await put(one, `l${write}`, 'y')
      expect(one.counts).toMatchObject({ 'wrote refused': 8, 'refused OOM': 8 })
      expect([await one.text('k'), one.cache.state]).toEqual(['x', 'ready'])
    } finally {
      await server.client.config('SET', 'maxmemory', '0')
    }
    await put(one, 'l', 'y')
    expect(await one.text('l')).toBe('y')
  })

  test('a full server that may evict takes what is new', async () => {
    await server.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await server.client.config('SET', 'maxmemory', '3000000')
    try {
      for (let write = 0; write < 200; write += 1) one.cache.put(`k${write}`, stored('x'.repeat(4_000)))
      await one.cache.flushed(soon())
      for (let write = 0; write < 200; write += 1) one.cache.put(`n${write}`, stored(noise(30_000)))
      await one.cache.flushed(soon())
      expect(await one.text('n199')).toBe(noise(30_000))
      expect(await server.client.dbsize()).toBeLessThan(400)
      expect(one.counts['refused OOM']).toBeUndefined()
    } finally {
      await server.client.config('SET', 'maxmemory', '0')
    }
  })

  test('a user with few rights is enough; without a right all is a miss', async () => {
    await server.client.acl('SETUSER', 'ovate', 'reset', 'on', '>pw', '~ovate:*', ...RIGHTS.split(' '))
    await server.client.acl('SETUSER', 'reader', 'reset', 'on', '>pw', '~ovate:*', '+getrange')
    const own = { nodes: [server.node], password: 'pw' }
    const few = await openedAndReady(ends, { ...own, username: 'ovate' })
    await put(few, 'k', 'x')
    expect(await few.text('k')).toBe('x')
    const reader = await openedAndReady(ends, { ...own, username: 'reader' })
    await put(reader, 'k', 'y', 5_000)
    expect([await reader.text('k'), reader.counts['refused NOPERM']]).toEqual(['x', 1])
    const other = await openedAndReady(ends, { ...own, username: 'ovate' }, { namespace: 'other' })
    await put(other, 'k', 'x')
    expect([await other.text('k'), other.counts['wrote refused']]).toEqual([undefined, 1])
    expect(other.cache.state).toBe('ready')
  })

  test('a wrong password is told, again and again, and all is a miss', async () => {
    const errors: OvateError[] = []
    await server.client.acl('SETUSER', 'ovate', 'reset', 'on', '>pw', '~ovate:*', ...RIGHTS.split(' '))
    const address = { nodes: [server.node], username: 'ovate', password: 'hunter2' }
    const wrong = opened(ends, { ...address, onError: (error) => errors.push(error) })
    await waitUntil('two tries', () => errors.length > 1, soon())
    expect(errors[0]?.message).toMatch(/^the shared cache: WRONGPASS/)
    expect([await wrong.text('k'), wrong.counts['looked down']]).toEqual([undefined, 1])
  })
})

/** The same each time; not to be compressed. */
function noise(length: number): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return String.fromCharCode(33 + (state % 94))
  }).join('')
}

describe.runIf(hasRedis)('a server that fails', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis(ends)
  })

  test('is not there at first: all is a miss, and it is found when it comes', async () => {
    await server.kill()
    const one = opened(ends, { nodes: [server.node] })
    expect(await one.text('k')).toBeUndefined()
    await put(one, 'k', 'x')
    expect(one.counts).toEqual({ 'looked down': 1, 'wrote down': 1 })
    await server.restart()
    await waitUntil('the connection', () => one.cache.state === 'ready', soon())
    await put(one, 'k', 'x')
    expect(await one.text('k')).toBe('x')
  })

  test('is killed while it is asked: no look-up fails, and it is used again when it is back', async () => {
    const one = await openedAndReady(ends, { nodes: [server.node] })
    const asking = Array.from({ length: 20 }, () => one.cache.get(['a', 'b', 'c'], soon()))
    one.cache.put('a', stored('x'))
    const killed = server.kill()
    await Promise.all([...asking, killed, one.cache.flushed(soon())])
    expect(await one.text('a')).toBeUndefined()
    await server.restart()
    await waitUntil(
      'an entry',
      async () => {
        await put(one, 'a', 'y')
        return (await one.text('a')) === 'y'
      },
      soon(),
    )
  })

  test('is frozen: look-ups end in time, it is left alone, and used again when it is thawed', async () => {
    const one = await openedAndReady(ends, { nodes: [server.node] }, { readTimeoutMs: 20 })
    await put(one, 'k', 'x')
    server.freeze()
    await waitUntil(
      'the breaker',
      async () => {
        expect(await one.text('k')).toBeUndefined()
        return one.cache.state === 'failing'
      },
      soon(),
    )
    expect(await one.text('k')).toBeUndefined()
    expect(one.counts['looked down']).toBeGreaterThan(0)
    server.thaw()
    await waitUntil('the entry', async () => (await one.text('k')) === 'x', soon())
    expect(one.cache.state).toBe('ready')
    // Nothing was out of step in all this.
    expect(Object.keys(one.counts).filter((what) => what.startsWith('bad'))).toEqual([])
  })

  test('becomes a replica: writes are refused, and it is asked again after that', async () => {
    const one = await openedAndReady(ends, { nodes: [server.node] })
    await put(one, 'k', 'x')
    await server.client.replicaof('127.0.0.1', '1')
    await put(one, 'k', 'y', 5_000)
    expect(one.counts).toMatchObject({ 'wrote refused': 1, 'refused READONLY': 1 })
    await waitUntil('the entry', async () => (await one.text('k')) === 'x', soon())
  })
})

describe.runIf(hasRedis)('TLS', () => {
  const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
  const path = (name: string): string => join(FIXTURES, name)
  const pem = (name: string): Buffer => readFileSync(path(name))
  const settings = {
    'tls-cert-file': path('server.crt'),
    'tls-key-file': path('server.key'),
    'tls-ca-cert-file': path('ca.crt'),
  }
  const OURS = { ca: pem('ca.crt'), cert: pem('client.crt'), key: pem('client.key') }
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis(lasting, { settings, tls: true, client: { tls: OURS } })
  })

  test.each([
    ['a CA of its own', { ...OURS, verify: true }],
    ['no check', { cert: OURS.cert, key: OURS.key, verify: false }],
  ])('works with %s', async (_, tls) => {
    const one = await openedAndReady(ends, { nodes: [server.node], tls })
    await put(one, 'k', 'x')
    expect(await one.text('k')).toBe('x')
  })

  test.each([
    ['a certificate that is not trusted', { verify: true }],
    ['no certificate where one is asked for', { ca: OURS.ca, verify: true }],
  ])('%s: all is a miss, and it is told', async (_, tls) => {
    const errors: OvateError[] = []
    const one = opened(ends, { nodes: [server.node], tls, onError: (error) => errors.push(error) })
    await waitUntil('the error', () => errors.length > 0, soon())
    expect(await one.text('k')).toBeUndefined()
  })

  // Its socket has two errors then: that the certificate isn't trusted, and what the server says of the end.
  test.each(['single', 'cluster'] as const)(
    'closed while it connects, nothing else ends: %s',
    async (mode) => {
      const uncaught: Error[] = []
      const onUncaught = (error: Error): void => void uncaught.push(error)
      process.on('uncaughtException', onUncaught)
      try {
        for (let tries = 0; tries < 150; tries += 1) {
          const { cache } = opened([], {
            mode,
            nodes: [server.node],
            tls: { ...OURS, ca: undefined, verify: true },
          })
          await sleep((tries % 30) / 3)
          await cache.close()
        }
        await sleep(100)
      } finally {
        process.off('uncaughtException', onUncaught)
      }
      expect(uncaught).toEqual([])
    },
  )
})
