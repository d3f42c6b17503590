// Leases on a ZooKeeper that the test plays: any order of requests, faults and time, from a seed that fast-check prints.
// The real one is in test/cluster/leases.cluster.ts.
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Lease, Leases, type LeasesOptions } from '../../src/coordination/leases.ts'
import { rightBefore } from '../../src/coordination/sequence.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { type FakeClient, FakeEnsemble } from './fake-ensemble.ts'

const SESSION_MS = 4_000
const FOREVER_MS = Number.POSITIVE_INFINITY
const STEPS_MAX = 10_000

interface Asking {
  readonly replica: Replica
  readonly name: string
  readonly stop: AbortController
  lease: Lease | undefined
  outcome: string | undefined
}

class Replica {
  readonly client: FakeClient
  readonly leases: Leases
  readonly events: string[] = []
  readonly costsMs: number[] = []
  /** Since when the server has heard nothing of it. */
  silentSinceMs: number | undefined

  constructor(ensemble: FakeEnsemble, clock: ManualClock, options: Partial<LeasesOptions> = {}) {
    this.client = ensemble.client()
    this.leases = new Leases({
      coordination: this.client,
      clock,
      basePath: '/ovate',
      sessionTimeoutMs: SESSION_MS,
      listener: {
        takenOver: () => this.events.push('taken over'),
        alone: (why) => this.events.push(why),
        cost: (ms) => this.costsMs.push(ms),
      },
      ...options,
    })
  }
}

class World {
  readonly clock = new ManualClock()
  readonly ensemble: FakeEnsemble
  readonly replicas: readonly Replica[]
  readonly askings: Asking[] = []

  constructor(options: ConstructorParameters<typeof FakeEnsemble>[0] = {}, count = 3) {
    this.ensemble = new FakeEnsemble(options)
    this.replicas = Array.from({ length: count }, () => new Replica(this.ensemble, this.clock))
  }

  ask(at: number, name = 'a', budgetMs = FOREVER_MS): Asking {
    const replica = this.replicas[at % this.replicas.length]!
    const asking: Asking = {
      replica,
      name,
      stop: new AbortController(),
      lease: undefined,
      outcome: undefined,
    }
    this.askings.push(asking)
    replica.leases.acquire(name, budgetMs, asking.stop.signal).then(
      (acquired) => {
        asking.outcome = acquired.kind === 'held' ? 'held' : acquired.why
        if (acquired.kind === 'held') asking.lease = acquired.lease
      },
      (error: Error) => {
        asking.outcome = `threw ${error.message}`
      },
    )
    return asking
  }

  async release(asking: Asking | undefined): Promise<void> {
    await this.begin(asking?.lease?.release())
  }

  /** Begun, not awaited: it may hang on answers that the test has yet to give. */
  async begin(work: Promise<unknown> | undefined): Promise<void> {
    work?.catch(() => undefined)
    await settle()
  }

  /** Answers whatever is asked until nobody asks any more. */
  async answerAll(): Promise<void> {
    await settle()
    for (let step = 0; this.replicas.some(({ client }) => client.isHeardOf && client.asked > 0); step += 1) {
      if (step > STEPS_MAX) throw new Error('they never stop asking')
      for (const { client } of this.replicas) client.answer()
      await settle()
    }
  }

  /** Everything is well again, and everybody gives back what they have. */
  async heal(): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      for (const { client } of this.replicas) {
        client.thaw()
        client.reconnect()
      }
      await this.answerAll()
      for (const asking of this.askings) await this.release(asking)
      await this.answerAll()
      await this.clock.advance(1_000)
    }
    await this.answerAll()
  }

  /** What there still is; NOTHING when all is over. */
  left(): Left {
    const left = { ...NOTHING, znodes: this.znodes() }
    for (const { outcome, stop } of this.askings) {
      if (outcome === undefined) left.unanswered += 1
      left.listening += getEventListeners(stop.signal, 'abort').length
    }
    for (const { leases, client } of this.replicas) {
      left.counted += Object.values(leases.counts).reduce((sum, count) => sum + count, 0)
      left.watched += client.watched
    }
    return left
  }

  znodes(): readonly string[] {
    return [...this.ensemble.nodes.keys()].filter((path) => path.includes('_'))
  }

  /** Names that two claim to hold, and hold well. */
  claimedTwice(): readonly string[] {
    const claims = this.askings.filter(({ lease }) => lease?.state === 'held').map(({ name }) => name)
    return claims.filter((name, at) => claims.indexOf(name) < at)
  }
}

interface Left {
  readonly unanswered: number
  readonly znodes: readonly string[]
  readonly counted: number
  readonly watched: number
  readonly listening: number
}

const NOTHING: Left = { unanswered: 0, znodes: [], counted: 0, watched: 0, listening: 0 }

const ACTIONS = {
  ask: ({ world, pick }) => {
    if (world.askings.filter(({ lease }) => lease?.state !== 'released').length < 60) {
      world.ask(pick, 'ab'[pick % 2], [FOREVER_MS, 5_000, 50][pick % 3])
    }
  },
  release: ({ world, pick }) =>
    world.release(
      oneOf(
        world.askings.filter(({ lease }) => lease !== undefined),
        pick,
      ),
    ),
  stop: ({ world, pick }) => {
    oneOf(world.askings, pick)?.stop.abort(new Error('enough'))
  },
  answer: ({ replica }) => replica.client.answer(),
  answerAll: ({ world }) => world.answerAll(),
  tooLate: ({ replica }) => replica.client.tooLate(),
  cut: ({ world, replica, pick }) => {
    replica.client.cut(pick % 3, pick % 5)
    silent(world, replica)
  },
  arrive: ({ replica }) => replica.client.arrive(),
  reconnect: ({ world, replica }) => {
    replica.client.reconnect()
    silent(world, replica)
  },
  freeze: ({ world, replica }) => {
    replica.client.freeze()
    silent(world, replica)
  },
  thaw: ({ world, replica }) => {
    replica.client.thaw()
    silent(world, replica)
  },
  time: ({ world, pick }) => world.clock.advance([10, 300, 1_000, SESSION_MS][pick % 4]!),
  expire: ({ world, replica }) => {
    const sinceMs = replica.silentSinceMs
    if (sinceMs !== undefined && world.clock.monotonic() - sinceMs >= SESSION_MS) replica.client.expire()
  },
  containers: ({ world }) => world.ensemble.removeEmptyContainers(),
} satisfies Record<string, (step: Step) => Promise<void> | void>

interface Step {
  readonly world: World
  readonly replica: Replica
  readonly pick: number
}

function oneOf<Thing>(things: readonly Thing[], pick: number): Thing | undefined {
  return things[pick % Math.max(1, things.length)]
}

function silent(world: World, replica: Replica): void {
  if (replica.client.isHeardOf) replica.silentSinceMs = undefined
  else replica.silentSinceMs ??= world.clock.monotonic()
}

const action = fc.record({
  name: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('ask', 'release', 'answerAll') },
    { weight: 6, arbitrary: fc.constant('answer') },
    { weight: 4, arbitrary: fc.constantFrom(...(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[])) },
  ),
  pick: fc.nat(1_000),
})

test('whatever happens: one claims it at a time, every wait ends, nothing is left', async () => {
  const world = fc.record({
    firstSequence: fc.constantFrom(0, 2_147_483_644, -3),
    hasContainers: fc.boolean(),
  })
  const property = fc.asyncProperty(
    world,
    fc.array(action, { minLength: 40, maxLength: 160, size: 'max' }),
    async (options, actions) => {
      const playing = new World(options)
      for (const { name, pick } of actions) {
        const replica = playing.replicas[pick % 3]!
        await playing.begin(
          Promise.resolve(ACTIONS[name as keyof typeof ACTIONS]({ world: playing, replica, pick })),
        )
        expect(playing.claimedTwice()).toEqual([])
      }
      await playing.heal()
      expect(playing.left()).toEqual(NOTHING)
    },
  )
  await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined()
}, 120_000)

test('nobody is passed by: who has a place gets it in the order of places', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(0, 2_147_483_644, -3),
    fc.array(fc.nat(2), { minLength: 2, maxLength: 8 }),
    async (firstSequence, order) => {
      const world = new World({ firstSequence })
      for (const at of order) {
        world.ask(at)
        await world.answerAll()
      }
      const got: number[] = []
      for (let round = 0; round < order.length; round += 1) {
        const holder = world.askings.find(({ lease }) => lease?.state === 'held')
        got.push(world.replicas.indexOf(holder!.replica))
        await world.release(holder)
        await world.answerAll()
      }
      // Each replica stands once, and again behind all others after each time that others waited behind it.
      expect(got).toEqual(fairOrder(order))
      expect(world.left()).toEqual(NOTHING)
    },
  )
  await expect(fc.assert(property, { numRuns: 50 })).resolves.toBeUndefined()
}, 60_000)

/** What the queue in ZooKeeper makes of who asks in which order, when all have asked before the first is done. */
function fairOrder(asked: readonly number[]): readonly number[] {
  const wanted = [0, 0, 0]
  for (const at of asked) wanted[at]! += 1
  const queue = [...new Set(asked)]
  const got: number[] = []
  while (queue.length > 0) {
    const at = queue.shift()!
    got.push(at)
    wanted[at]! -= 1
    if (wanted[at]! > 0) queue.push(at)
  }
  return got
}

test.each([
  ['the first of a sequence', ['x_0000000003', 'y_0000000007'], 3, undefined],
  ['right before', ['x_0000000003', 'y_0000000005', 'z_0000000009', 'w_0000000010'], 9, 'y_0000000005'],
  ['across the wrap', ['x_2147483647', 'y_-2147483648', 'z_-2147483647'], -2_147_483_648, 'x_2147483647'],
  ['below zero', ['x_-000000002', 'y_-000000001', 'z_0000000000'], 0, 'y_-000000001'],
  ['among strangers', ['config', 'x_12', 'y_0000000005'], 6, 'y_0000000005'],
])('%s', (_, names, sequence, before) => {
  expect(rightBefore(names, sequence)).toBe(before)
})

test('a create whose answer is lost is taken over, not made twice', async () => {
  const world = new World()
  const [replica] = world.replicas
  const first = world.ask(0)
  await world.answerAll()
  await world.release(first)
  await world.answerAll()
  const again = world.ask(0)
  await settle()
  replica!.client.cut(1, 0)
  await settle()
  expect(world.znodes()).toHaveLength(1)
  replica!.client.reconnect()
  await settle()
  await world.clock.advance(100)
  await world.answerAll()
  expect([again.lease?.state, world.znodes().length]).toEqual(['held', 1])
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('a wait that was given up while its create was under way leaves nothing', async () => {
  const world = new World()
  const first = world.ask(1)
  await world.answerAll()
  const asking = world.ask(0)
  await settle()
  asking.stop.abort(new Error('enough'))
  await settle()
  expect(asking.outcome).toBe('threw enough')
  await world.answerAll()
  expect(world.znodes()).toHaveLength(1)
  expect(first.lease?.state).toBe('held')
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('a wait that was given up in line leaves its watch and its place at once', async () => {
  const world = new World()
  world.ask(1)
  await world.answerAll()
  const asking = world.ask(0, 'a', 1_000)
  await world.answerAll()
  expect([world.znodes().length, world.replicas[0]!.client.watched]).toEqual([2, 1])
  await world.clock.advance(1_000)
  expect([asking.outcome, world.replicas[0]!.client.watched]).toEqual(['budget', 0])
  await world.answerAll()
  expect(world.znodes()).toHaveLength(1)
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('who comes while ZooKeeper is away goes alone at once; who waits is told when the session is lost', async () => {
  const world = new World()
  const holder = world.ask(0)
  await world.answerAll()
  const waiter = world.ask(1)
  await world.answerAll()
  for (const { client } of world.replicas) client.cut(0, 0)
  const late = world.ask(2)
  await settle()
  expect([holder.lease?.state, waiter.outcome, late.outcome]).toEqual(['suspect', undefined, 'unavailable'])
  for (const { client } of world.replicas) {
    client.expire()
    client.reconnect()
  }
  await settle()
  expect([holder.lease?.state, holder.lease?.signal.aborted, waiter.outcome]).toEqual(['lost', true, 'lost'])
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('a process that stood still claims nothing when it wakes up', async () => {
  const world = new World()
  const holder = world.ask(0)
  await world.answerAll()
  const waiter = world.ask(1)
  await world.answerAll()
  world.replicas[0]!.client.freeze()
  await world.clock.advance(SESSION_MS)
  expect(holder.lease?.state).not.toBe('held')
  world.replicas[0]!.client.expire()
  await world.answerAll()
  expect([waiter.lease?.state, world.replicas[1]!.events]).toEqual(['held', ['taken over']])
  world.replicas[0]!.client.thaw()
  expect([holder.lease?.state, waiter.lease?.state]).toEqual(['lost', 'held'])
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('a break that is over in time makes a lease suspect, and then good again', async () => {
  const world = new World()
  const holder = world.ask(0)
  await world.answerAll()
  const { client } = world.replicas[0]!
  client.cut(0, 0)
  expect(holder.lease?.state).toBe('suspect')
  client.reconnect()
  await world.answerAll()
  expect([holder.lease?.state, holder.lease?.signal.aborted]).toEqual(['held', false])
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('what fails again and again is given up soon, and its time counts as what leases cost', async () => {
  const world = new World()
  const [replica] = world.replicas
  const asking = world.ask(0)
  for (let tries = 0; tries < 3; tries += 1) {
    await settle()
    for (let late = 0; late < 10; late += 1) {
      replica!.client.tooLate()
      replica!.client.answer()
    }
    await settle()
    await world.clock.advance(50)
  }
  expect([asking.outcome, replica!.costsMs]).toEqual(['unavailable', [100]])
  await world.heal()
  expect(world.left()).toEqual(NOTHING)
})

test('one that nobody else wants tells what it cost', async () => {
  const world = new World()
  const asking = world.ask(0)
  await settle()
  await world.clock.advance(3)
  await world.answerAll()
  await world.release(asking)
  await world.clock.advance(4)
  await world.answerAll()
  expect([asking.lease?.state, asking.lease?.waitedMs, world.replicas[0]!.costsMs]).toEqual([
    'released',
    3,
    [7],
  ])
})

test('more than the limit go alone', async () => {
  const ensemble = new FakeEnsemble()
  const clock = new ManualClock()
  const replica = new Replica(ensemble, clock, { waitersMax: 1 })
  const first = replica.leases.acquire('a', FOREVER_MS, new AbortController().signal)
  expect(await replica.leases.acquire('b', FOREVER_MS, new AbortController().signal)).toEqual({
    kind: 'alone',
    why: 'limit',
  })
  const stopping = replica.leases.stop(AbortSignal.timeout(10_000))
  for (let step = 0; step < 20; step += 1) {
    replica.client.answer()
    await settle()
  }
  await stopping
  expect(await first).toEqual({ kind: 'alone', why: 'unavailable' })
  expect(replica.events).toEqual(['limit', 'unavailable'])
})
