// Leases on a real ZooKeeper of one node and of three: whoever holds one is killed, frozen and cut off, servers die, and
// answers are lost. Nobody waits for good, no two claim one lease, nothing is left.
import { getEventListeners, setMaxListeners } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { type Acquired, type Lease, Leases, queueOf } from '../../src/coordination/leases.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { type EnsembleServers, startEnsemble } from './ensemble.ts'
import { BASE, type Holder, LeaseWorld, type Replica, SESSION_MS, wayTo } from './lease-world.ts'
import { zooKeeperMissing } from './zookeeper.ts'
import { THOROUGH } from '../support/thorough.ts'

const missing = (await zooKeeperMissing()) ?? (await packageMissing())
if (missing !== undefined) {
  process.stderr.write(`\n*** ZooKeeper: SKIPPED: leases on a real one: ${missing}\n`)
}

const ROOT = `${BASE}/leases`
const BUDGET_MS = 60_000
const WAIT = { timeout: 60_000, interval: 10 }
const ROUNDS = 2_000

async function packageMissing(): Promise<string | undefined> {
  return loadNative().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

const never = (): AbortSignal => AbortSignal.timeout(120_000)

/** Three nodes do all that one does, and more. */
const SIZES = THOROUGH ? ([1, 3] as const) : ([3] as const)

describe.runIf(missing === undefined).each(SIZES)('leases on a ZooKeeper of %i', (size) => {
  let servers: EnsembleServers
  let world: LeaseWorld
  let names = 0
  let name: string
  let one: Replica
  let two: Replica

  beforeAll(async () => {
    servers = await startEnsemble(size)
  })

  afterAll(() => servers.stop())

  beforeEach(async () => {
    await servers.serving(size)
    names += 1
    name = `lease ${names}`
    world = new LeaseWorld()
    one = await world.replica('one', servers.connectString)
    two = await world.replica('two', servers.connectString)
  })

  afterEach(() => world.stop())

  const children = (path: string): Promise<readonly string[] | undefined> =>
    two.coordination.children(path, undefined, never())

  /** Who stands in line for the lease, in no order. */
  async function places(): Promise<readonly string[]> {
    const { folder, key } = queueOf(ROOT, name)
    return ((await children(folder)) ?? []).filter((place) => place.startsWith(key))
  }

  /** Resolves when so many stand in line in ZooKeeper. */
  async function inLine(count: number): Promise<void> {
    await vi.waitUntil(async () => (await places()).length === count, WAIT)
  }

  /** The lease, which must have been got. */
  function held(acquired: Acquired): Lease {
    if (acquired.kind === 'held') return acquired.lease
    throw new Error(`went alone: ${acquired.why}`)
  }

  /** Whoever is told to wait stands behind who was told before; each releases as soon as it has it. */
  async function line(...replicas: readonly Replica[]): Promise<{ done: Promise<unknown>; order: string[] }> {
    const order: string[] = []
    const waiting: Promise<void>[] = []
    const before = (await places()).length
    for (const [at, replica] of replicas.entries()) {
      waiting.push(pass(replica, order))
      await inLine(before + at + 1)
    }
    return { done: Promise.all(waiting), order }
  }

  async function pass(replica: Replica, order: string[]): Promise<void> {
    const acquired = await replica.acquire(name, BUDGET_MS)
    order.push(acquired.kind === 'held' ? replica.name : `${replica.name} alone: ${acquired.why}`)
    if (acquired.kind === 'held') await acquired.lease.release()
  }

  /** What must be so after each test, whatever happened. */
  async function nothingIsLeft(...replicas: readonly Replica[]): Promise<void> {
    expect(world.claims.overlaps()).toEqual([])
    await vi.waitUntil(() => two.coordination.state === 'connected', WAIT)
    await vi.waitFor(async () => expect(await places()).toEqual([]), WAIT)
    for (const { leases, coordination } of replicas) {
      await vi.waitFor(() => expect(leases.counts).toEqual({ waiting: 0, held: 0, names: 0, left: 0 }), WAIT)
      expect(coordination.watched).toBe(0)
    }
  }

  test('are had by one after the other, in the order of asking', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    const three = await world.replica('three', servers.connectString)
    const { done, order } = await line(two, three)
    expect([first.state, order]).toEqual(['held', []])
    await first.release()
    await done
    expect([first.state, order, first.signal.aborted]).toEqual(['released', ['two', 'three'], false])
    expect([...one.events, ...two.events, ...three.events]).toEqual([])
    await nothingIsLeft(one, two, three)
  })

  test('a budget that runs out and a signal that fires leave no place behind', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    expect(await two.acquire(name, 100)).toEqual({ kind: 'alone', why: 'budget' })
    const stop = new AbortController()
    const waiting = two.leases.acquire(name, BUDGET_MS, stop.signal)
    await inLine(2)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await inLine(1)
    expect(two.coordination.watched).toBe(0)
    await first.release()
    await nothingIsLeft(one, two)
  })

  test('one process has one place in line, and passes nobody by', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    const order: string[] = []
    const mine = [pass(one, order), pass(one, order)]
    expect(await places()).toHaveLength(1)
    const { done, order: theirs } = await line(two)
    await first.release()
    await Promise.all([...mine, done])
    expect(theirs).toEqual(['two'])
    expect(order).toEqual(['one', 'one'])
    await nothingIsLeft(one, two)
  })

  test('a holder that is killed is followed when its session is over', async () => {
    const holder = await world.holder(servers.connectString)
    expect(await holder.acquire(name, BUDGET_MS)).toBe('held')
    const { done, order } = await line(one, two)
    holder.kill()
    await done
    expect(order).toEqual(['one', 'two'])
    expect([one.events, two.events]).toEqual([['taken over'], []])
    await nothingIsLeft(one, two)
  })

  test('a holder that stands still past its session claims nothing when it wakes up, and is told', async () => {
    const holder = await world.holder(servers.connectString)
    expect(await holder.acquire(name, BUDGET_MS)).toBe('held')
    await holder.heard('that it holds', ({ state }) => state === 'held')
    const { done, order } = await line(one)
    holder.freeze()
    await done
    expect(order).toEqual(['one'])
    const next = held(await two.acquire(name, BUDGET_MS))
    holder.thaw()
    await isTold(holder)
    expect(next.state).toBe('held')
    await holder.release()
    expect(await places()).toHaveLength(1)
    await next.release()
    await nothingIsLeft(one, two)
  })

  test('a holder that is cut off knows in time, and is followed', async () => {
    const { proxy, connect } = await wayTo(servers.nodes[0]!.port)
    const holder = await world.holder(connect)
    expect(await holder.acquire(name, BUDGET_MS)).toBe('held')
    const { done, order } = await line(one, two)
    proxy.blackhole()
    await holder.heard('that it is suspect', ({ state }) => state === 'suspect')
    await done
    expect(order).toEqual(['one', 'two'])
    await isTold(holder)
    proxy.heal()
    await nothingIsLeft(one, two)
    holder.kill()
    await proxy.down()
  })

  async function isTold(holder: Holder): Promise<void> {
    await holder.heard('that its lease is lost', ({ state, fired }) => state === 'lost' && fired !== '')
  }

  test('servers that are away for less than a session are waited for', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    const { done, order } = await line(two)
    const struck = size === 1 ? servers.nodes : [await servers.leader()]
    await Promise.all(struck.map((node) => node.kill()))
    for (const node of struck) node.start()
    await servers.serving(size)
    await vi.waitUntil(() => first.state !== 'suspect', WAIT)
    // A slow machine may take longer than the session: then it is lost, and all who wait are told.
    const outcomes = first.state === 'held' ? ['two'] : ['two', 'two alone: lost']
    await first.release()
    await done
    expect(outcomes).toContain(order.join())
    await nothingIsLeft(one, two)
  })

  test('a leader that stands still for longer than a session: every wait ends, and nothing is left', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    const { done, order } = await line(two)
    const leader = await servers.leader()
    leader.freeze()
    try {
      await vi.waitUntil(() => first.state === 'suspect', WAIT)
      // Of three the others go on without it; whether a session outlives that is a matter of seconds.
      await vi.waitUntil(() => first.state === 'lost' || (first.state === 'held' && size > 1), WAIT)
    } finally {
      leader.thaw()
    }
    await servers.serving(size)
    await first.release()
    await done
    expect(order.join()).toMatch(/^two( alone: lost)?$/)
    await Promise.all([one.becomes('connected'), two.becomes('connected')])
    await nothingIsLeft(one, two)
  })

  test('a quorum that is lost for longer than a session ends all waits; then all is as before', async () => {
    const first = held(await one.acquire(name, BUDGET_MS))
    const { done, order } = await line(two)
    const struck = servers.nodes.slice(0, Math.ceil(size / 2))
    await Promise.all(struck.map((node) => node.kill()))
    try {
      await vi.waitUntil(() => first.state === 'lost', WAIT)
      await done
      // An operation of the waiter's may end by its own deadline before the session does.
      expect(order.join()).toMatch(/^two alone: (?:lost|unavailable)$/)
      expect(await two.acquire(name, BUDGET_MS)).toEqual({ kind: 'alone', why: 'unavailable' })
    } finally {
      for (const node of struck) node.start()
    }
    await servers.serving(size)
    await Promise.all([one.becomes('connected'), two.becomes('connected')])
    await first.release()
    const again = held(await two.acquire(name, BUDGET_MS))
    await again.release()
    await nothingIsLeft(one, two)
  })

  test('connections cut while places are made and left: each wait ends, no place is left', async () => {
    const { proxy, connect } = await wayTo(servers.nodes[0]!.port)
    const cut = await world.replica('cut', connect)
    const outcomes = new Map<string, number>()
    for (let round = 0; round < 24; round += 1) {
      await cut.becomes('connected')
      const trying = cut.acquire(name, SESSION_MS)
      // Somewhere on the way: the create, its answer, the look, or later the delete.
      await new Promise((resolve) => setTimeout(resolve, (round % 8) / 4))
      await proxy.down()
      await proxy.up()
      const acquired = await trying
      const outcome = acquired.kind === 'held' ? 'held' : acquired.why
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (acquired.kind === 'held') await acquired.lease.release()
    }
    process.stderr.write(`    after cuts: ${JSON.stringify(Object.fromEntries(outcomes))}\n`)
    expect(outcomes.get('held')).toBeGreaterThan(0)
    await cut.becomes('connected')
    await nothingIsLeft(one, two, cut)
    await cut.stop()
    await proxy.down()
  })

  test('with credentials: who has none can neither make a place nor take one away', async () => {
    const coordination = await connectZooKeeper({
      connect: servers.connectString,
      sessionTimeoutMs: SESSION_MS,
      auth: 'ovate:secret',
    })
    const leases = new Leases({
      coordination,
      clock: systemClock,
      basePath: '/private',
      sessionTimeoutMs: SESSION_MS,
    })
    await vi.waitUntil(() => coordination.state === 'connected', WAIT)
    const lease = held(await leases.acquire(name, BUDGET_MS, never()))
    const { folder } = queueOf('/private/leases', name)
    const [place = ''] = (await coordination.children(folder, undefined, never())) ?? []
    await two.coordination.sync(folder, never())
    await expect(two.coordination.delete(`${folder}/${place}`, undefined, never())).rejects.toThrow(
      'no authority',
    )
    await expect(two.coordination.create(`${folder}/x`, Buffer.of(), 'ephemeral', never())).rejects.toThrow(
      'no authority',
    )
    await lease.release()
    expect(await coordination.children(folder, undefined, never())).toEqual([])
    await leases.stop(never())
    await coordination.close()
  })

  test('very many leases leave nothing: no znode, no watch, no folder', async () => {
    const signal = never()
    setMaxListeners(0, signal)
    for (let round = 0; round < ROUNDS; round += 50) {
      const some = Array.from({ length: 50 }, (_, at) => churn(one, `${name} ${(round + at) % 20}`, signal))
      await Promise.all(some)
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(one.leases.counts).toEqual({ waiting: 0, held: 0, names: 0, left: 0 })
    expect(one.coordination.watched).toBe(0)
    await vi.waitFor(async () => expect(await foldersLeft()).toEqual([]), WAIT)
  })

  async function churn(replica: Replica, lease: string, signal: AbortSignal): Promise<void> {
    await held(await replica.leases.acquire(lease, BUDGET_MS, signal)).release()
  }

  async function foldersLeft(): Promise<readonly string[]> {
    const folders = (await children(ROOT)) ?? []
    return folders.filter((folder) => folder !== 'sessions')
  }
})
