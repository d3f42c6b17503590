// The shared cache on a real Redis Cluster, and behind a real Sentinel while the master fails.
import { afterEach, describe, expect, test } from 'vitest'
import { storeKey } from '../../src/cache/shared/keys.ts'
import { slotOf } from '../../src/cache/shared/slots.ts'
import { stored } from '../cache/shared/support.ts'
import { waitUntil, within } from '../cluster/wait.ts'
import { type Opened, openedAndReady, WAIT_MS } from './opened.ts'
import { CLUSTER_RIGHTS, hasRedis, RIGHTS, SENTINEL_RIGHTS } from './server.ts'
import { startCluster, startWatched } from './topologies.ts'

const soon = (): AbortSignal => within(WAIT_MS)
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const CREDENTIALS = { username: 'ovate', password: 'pw' }

function user(rights: string): [string, ...string[]] {
  return ['ovate', 'reset', 'on', '>pw', '~ovate:*', ...rights.split(' ')]
}

const KEYS = Array.from({ length: 60 }, (_, at) => `k${at}`)

async function putAll(one: Opened, beganAtMs = 1_000): Promise<void> {
  for (const key of KEYS) one.cache.put(key, stored(`of ${key}`, beganAtMs))
  await one.cache.flushed(soon())
}

async function gotAll(one: Opened): Promise<readonly string[]> {
  const found = await one.cache.get(KEYS, soon())
  const keys = KEYS.filter((_, at) => found[at] !== undefined)
  const texts = found.flatMap((entry) => (entry === undefined ? [] : [String(entry.body)]))
  expect(texts).toEqual(keys.map((key) => `of ${key}`))
  return keys
}

describe.runIf(hasRedis)('a cluster of three masters', () => {
  async function cluster() {
    const servers = await startCluster(ends, 3, user(`${RIGHTS} ${CLUSTER_RIGHTS}`).join(' '))
    const [first] = servers
    const open = { mode: 'cluster' as const, nodes: [first?.node ?? ''], silentMs: 2_000, ...CREDENTIALS }
    const one = await openedAndReady(ends, open, { readTimeoutMs: 1_000 })
    const on = (at: number): readonly string[] =>
      KEYS.filter((key) => Math.floor((slotOf(storeKey('ovate', key)) * 3) / 16_384) === at)
    await waitUntil(
      'connections to all',
      async () => {
        const lost = one.counts['looked lost']
        await gotAll(one)
        return one.counts['looked lost'] === lost
      },
      soon(),
    )
    return { servers, one, on }
  }

  test('keys of all masters come in one get, and the newest stays on each', async () => {
    const { servers, one, on } = await cluster()
    await putAll(one)
    await putAll(one, 999)
    expect(await gotAll(one)).toEqual(KEYS)
    expect(one.counts).toMatchObject({ 'wrote stored': 60, 'wrote older': 60, 'looked hit': 60 })
    const sizes = await Promise.all(servers.map(({ client }) => client.dbsize()))
    expect(sizes).toEqual([0, 1, 2].map((at) => on(at).length))
    for (const key of KEYS)
      expect(await servers[0]?.client.cluster('KEYSLOT', storeKey('ovate', key))).toBe(
        slotOf(storeKey('ovate', key)),
      )
  })

  test('slots that move are found where they are', async () => {
    const { servers, one, on } = await cluster()
    await putAll(one)
    const [from, to] = servers
    const slot = slotOf(storeKey('ovate', on(0)[0] ?? ''))
    const id = String(await to?.client.cluster('MYID'))
    // What lay there is gone; who is asked without knowing of the move sends the call on.
    await from?.client.del(storeKey('ovate', on(0)[0] ?? ''))
    for (const { client } of servers) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', id)
    await putAll(one, 2_000)
    expect(await gotAll(one)).toEqual(KEYS)
  })

  test('a master that is frozen takes no other one away, and is used again when it is thawed', async () => {
    const { servers, one, on } = await cluster()
    await putAll(one)
    servers[1]?.freeze()
    await waitUntil(
      'the breaker',
      async () => {
        expect(await gotAll(one)).toEqual([...on(0), ...on(2)].toSorted(byKey))
        return one.cache.state === 'failing'
      },
      soon(),
    )
    const timeouts = one.counts['looked timeout']
    expect(await gotAll(one)).toEqual([...on(0), ...on(2)].toSorted(byKey))
    expect(one.counts['looked timeout']).toBeLessThanOrEqual((timeouts ?? 0) + 1)
    servers[1]?.thaw()
    await waitUntil('all entries', async () => (await gotAll(one)).length === KEYS.length, soon())
  })

  test('a master that is killed takes no other one away, and is used again when it is back', async () => {
    const { servers, one, on } = await cluster()
    await putAll(one)
    await servers[2]?.kill()
    await waitUntil(
      'the others',
      async () => {
        const found = await gotAll(one)
        return [...on(0), ...on(1)].every((key) => found.includes(key))
      },
      soon(),
    )
    await servers[2]?.restart()
    await waitUntil(
      'all entries',
      async () => {
        await putAll(one)
        return (await gotAll(one)).length === KEYS.length
      },
      soon(),
    )
    expect(await gotAll(one)).toEqual(KEYS)
  })
})

function byKey(a: string, b: string): number {
  return KEYS.indexOf(a) - KEYS.indexOf(b)
}

describe.runIf(hasRedis)('a master with a replica, behind a Sentinel', () => {
  test.each(['killed', 'frozen'] as const)(
    'when the master is %s the replica takes its place',
    async (how) => {
      const { name, master, replica, sentinel } = await startWatched(ends)
      for (const { client } of [master, replica]) await client.acl('SETUSER', ...user(RIGHTS))
      await sentinel.client.call('ACL', 'SETUSER', ...user(SENTINEL_RIGHTS))
      const address = {
        mode: 'sentinel' as const,
        nodes: [sentinel.node],
        master: name,
        silentMs: 2_000,
        ...CREDENTIALS,
        sentinelUsername: CREDENTIALS.username,
        sentinelPassword: CREDENTIALS.password,
      }
      const one = await openedAndReady(ends, address, { readTimeoutMs: 1_000 })
      await putAll(one)
      expect(await gotAll(one)).toEqual(KEYS)
      if (how === 'killed') await master.kill()
      else master.freeze()
      await waitUntil(
        'the new master',
        async () => {
          await putAll(one, 2_000)
          return (await gotAll(one)).length === KEYS.length && (await replica.client.role())[0] === 'master'
        },
        soon(),
      )
      expect(await replica.client.dbsize()).toBe(KEYS.length)
      master.thaw()
    },
  )
})
