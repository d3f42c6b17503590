// Three replicas, each a process of its own, one of them with a clock that is ahead by an hour, while what they share fails in
// each way there is: nobody waits past their own timeout, no answer is wrong, no lease sticks, nothing is left.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadNative } from '../../src/coordination/hosted.ts'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { startWatched } from '../redis/topologies.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { appendRows, dropInterval, removeDatasource, restoreInterval, waitForSql } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { long, type OwnDatasource, text } from './datasources.ts'
import { type EnsembleServers, startEnsemble } from './ensemble.ts'
import { sql } from './http.ts'
import { type Held } from './gate.ts'
import { coldQuestion, type Expected, expectedOf, faults, judged, Mix, type Seen } from './replica-mix.ts'
import { type ReplicaStatus } from './replica-process.ts'
import { AHEAD, BOUND_MS, HOUR_MS, ReplicaWorld } from './replica-world.ts'
import { waitUntil, within } from './wait.ts'
import { THOROUGH } from '../support/thorough.ts'

const ROUNDS = THOROUGH ? [1, 2] : [1]
const SOON_MS = 60_000
const TEST_MS = 240_000
/** What replicas and Brokers may think differently of now, and a look at the timeline. */
const CLOCKS_MS = 1_000
/** The timeout of questions whose lease stays where it is. */
const HUNG_MS = 8_000
const OLDER = 'ovate_shared_writes_total{outcome="older"}'

const withZooKeeper = await loadNative().then(
  () => true,
  () => false,
)
if (!hasRedis) process.stderr.write('\n*** replicas: SKIPPED: all faults, without redis-server\n')
if (!withZooKeeper)
  process.stderr.write('\n*** replicas: SKIPPED: all faults, without the package zookeeper\n')

/** How many queries one cold question of all may cost. */
type Cost = 'one' | 'one each'

describe.runIf(clusterAvailable && hasRedis && withZooKeeper)('three replicas', { timeout: TEST_MS }, () => {
  let cluster: Cluster
  let ensemble: EnsembleServers
  let expected: Expected
  let world: ReplicaWorld
  const ends: (() => unknown)[] = []
  const mixes: Mix[] = []

  beforeAll(async () => {
    cluster = theCluster()
    ensemble = await startEnsemble(3)
    ends.push(() => ensemble.stop())
    expected = await expectedOf(cluster)
  })

  afterEach(async () => {
    for (const mix of mixes.splice(0)) await mix.stop()
  })

  afterAll(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  function startMix(): Mix {
    const mix = new Mix(() => world.replicas, expected)
    mixes.push(mix)
    return mix
  }

  /** One question that nobody has asked, of all at once: how many queries it takes. Each answer is Druid's. */
  async function coldEverywhere(): Promise<number> {
    const name = `cold ${randomUUID()}`
    const seen = await Promise.all(
      world.replicas.map((replica) => judged(replica, coldQuestion(name), expected)),
    )
    expect(faults(seen)).toEqual([])
    return world.gate.sent(name).length
  }

  async function expectCost(cost: Cost): Promise<void> {
    const queries = await coldEverywhere()
    expect(queries).toBeGreaterThan(0)
    expect(queries).toBeLessThanOrEqual(cost === 'one' ? 1 : world.replicas.length)
  }

  /** All is as it was: one question costs one query, and nothing is left of what happened. */
  async function expectWhole(): Promise<void> {
    await world.whole()
    await expectCost('one')
    await world.nothingLeft()
  }

  async function all(what: string, check: (status: ReplicaStatus) => boolean): Promise<void> {
    await Promise.all(world.replicas.map((replica) => replica.shows(what, check)))
  }

  interface Fault {
    readonly name: string
    /** Resolves when it is felt. */
    readonly inject: (round: number) => Promise<void>
    readonly heal: () => Promise<void>
    readonly cost: Cost
  }

  /** What is done to what replicas share while viewers ask; it heals in the end. */
  async function endure({ inject, heal, cost }: Fault): Promise<void> {
    for (const round of ROUNDS) {
      const mix = startMix()
      await mix.more(1)
      try {
        await inject(round)
        await mix.more(3)
        await expectCost(cost)
      } finally {
        await heal()
      }
      await mix.more(2)
      await mix.stop()
      expect(faults(mix.seen)).toEqual([])
      await expectWhole()
    }
  }

  /** One question that nobody has asked, of all at once, and its answer held back on its way to who holds the lease. */
  async function heldEverywhere(timeoutMs?: number): Promise<{
    readonly held: Held
    readonly name: string
    readonly asked: readonly Promise<Seen>[]
  }> {
    const name = `held ${randomUUID()}`
    const holding = world.gate.holdNext(name)
    const asked = world.replicas.map((replica) => judged(replica, coldQuestion(name, timeoutMs), expected))
    return { held: await holding, name, asked }
  }

  async function countedAll(metric: string): Promise<number> {
    const counts = await Promise.all(world.replicas.map((replica) => replica.counted(metric)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  describe('over one Redis', () => {
    let redis: RedisServer

    beforeAll(async () => {
      redis = await startRedis(ends)
      world = await ReplicaWorld.start(cluster, ensemble, redis)
      return () => world.stop()
    })

    const isInSession = (session: string) => (status: ReplicaStatus) =>
      status.coordination.session === session

    const FAULTS: readonly Fault[] = [
      {
        name: 'Redis is emptied',
        inject: async () => void (await redis.client.flushall()),
        heal: async () => undefined,
        cost: 'one',
      },
      {
        name: 'Redis is killed',
        inject: async () => {
          await redis.kill()
          await all('no Redis', ({ sharedCache }) => sharedCache.state !== 'ready')
        },
        heal: () => redis.restart(),
        cost: 'one each',
      },
      {
        name: 'Redis is slow',
        inject: async () => {
          for (const { number } of world.replicas) world.ways(number).redis.delayMs = 1_500
          await all('a slow Redis', ({ sharedCache }) => sharedCache.state !== 'ready')
        },
        heal: async () => {
          for (const { number } of world.replicas) world.ways(number).redis.delayMs = 0
        },
        cost: 'one each',
      },
      {
        name: 'Redis is full',
        inject: async () => {
          await redis.client.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction')
        },
        heal: async () => void (await redis.client.config('SET', 'maxmemory', '0')),
        cost: 'one each',
      },
      {
        name: 'one is cut off from Redis',
        inject: async (round) => {
          const { redis: way } = world.ways(2)
          if (round === 1) await way.down()
          else way.blackhole()
          await world.replica(2).shows('no Redis', ({ sharedCache }) => sharedCache.state !== 'ready')
        },
        heal: async () => {
          const { redis: way } = world.ways(2)
          way.heal()
          await way.down()
          await way.up()
        },
        cost: 'one each',
      },
      {
        name: 'one is cut off from ZooKeeper past its session',
        inject: async (round) => {
          for (const way of world.ways(round).zookeeper) way.blackhole()
          await world
            .replica(round)
            .shows(
              'no session',
              ({ coordination }) => !['connected', 'suspect'].includes(coordination.session),
            )
        },
        heal: async () => {
          for (const { number } of world.replicas) for (const way of world.ways(number).zookeeper) way.heal()
        },
        cost: 'one each',
      },
      {
        name: 'the leader of ZooKeeper is killed',
        inject: async () => {
          const leader = await ensemble.leader()
          await leader.kill()
          await ensemble.serving(2)
          await all('a session', isInSession('connected'))
        },
        heal: startNodes,
        cost: 'one',
      },
      {
        name: 'ZooKeeper has no quorum, once past all sessions',
        inject: async (round) => {
          await Promise.all(ensemble.nodes.slice(round - 1, round + 1).map((node) => node.kill()))
          await all('no quorum', (status) => !isInSession('connected')(status))
          if (round === 1) await all('no session', (status) => !isInSession('suspect')(status))
        },
        heal: startNodes,
        cost: 'one each',
      },
    ]

    /** Starts what does not run. */
    async function startNodes(): Promise<void> {
      for (const node of ensemble.nodes) if (!node.runs) node.start()
      await ensemble.serving(3)
    }

    test.each(FAULTS)('$name', endure)

    /** What lies in Redis, by key. */
    async function entries(): Promise<ReadonlyMap<string, string>> {
      const keys = await redis.client.keys('*')
      const found = await Promise.all(
        keys.map(async (key): Promise<[string, string]> => {
          return [key, (await redis.client.getBuffer(key))?.toString('hex') ?? '']
        }),
      )
      return new Map(found)
    }

    test('without Redis nobody waits for an answer that could not be shared', async () => {
      await redis.kill()
      await all('no Redis', ({ sharedCache }) => sharedCache.state !== 'ready')
      const name = `cold ${randomUUID()}`
      world.gate.holdAll(name)
      try {
        const asked = world.replicas.map((replica) => judged(replica, coldQuestion(name), expected))
        await waitUntil('a query of each', () => world.gate.sent(name).length === 3, within(SOON_MS / 4))
        world.gate.release()
        expect(faults(await Promise.all(asked))).toEqual([])
      } finally {
        world.gate.release()
        await redis.restart()
      }
      await expectWhole()
    })

    test('who holds a lease gets no answer: the others ask in time for theirs', async () => {
      for (const _ of ROUNDS) {
        const { held, asked } = await heldEverywhere(HUNG_MS)
        const others = await Promise.all(asked.filter((__, at) => at + 1 !== held.replica))
        expect(faults(others)).toEqual([])
        expect(Math.max(...others.map(({ tookMs }) => tookMs))).toBeLessThan(HUNG_MS)
        held.release()
        expect(faults(await Promise.all(asked), [held.replica])).toEqual([])
        await expectWhole()
      }
    })

    test('who holds a lease is killed while it computes: another takes over', async () => {
      for (const _ of ROUNDS) {
        const mix = startMix()
        await mix.more(1)
        const { held, name, asked } = await heldEverywhere()
        await world.kill(held.replica)
        held.release()
        const seen = await Promise.all(asked)
        expect(faults(seen, [held.replica])).toEqual([])
        expect(world.gate.sent(name)).toHaveLength(2)
        await mix.more(2)
        await mix.stop()
        expect(faults(mix.seen, [held.replica])).toEqual([])
        await world.nothingLeft()
        expect(await countedAll('ovate_lease_takeovers_total')).toBeGreaterThan(0)
        await world.add(held.replica)
        await expectWhole()
      }
    })

    test('who holds a lease stands still past its session: its late write changes nothing', async () => {
      for (const _ of ROUNDS) {
        const { held, name, asked } = await heldEverywhere()
        const holder = world.replica(held.replica)
        const older = await holder.counted(OLDER)
        const others = asked.filter((__, at) => at + 1 !== held.replica)
        world.freeze(held.replica)
        try {
          const mix = startMix()
          expect(faults(await Promise.all(others))).toEqual([])
          await mix.more(2)
          await mix.stop()
          expect(faults(mix.seen)).toEqual([])
          await Promise.all(world.replicas.map((replica) => replica.written()))
          const before = await entries()
          held.release()
          world.thaw()
          expect(faults(await Promise.all(asked), [held.replica])).toEqual([])
          const isRefused = async (): Promise<boolean> => (await holder.counted(OLDER)) > older
          await waitUntil('the late write to be refused', isRefused, within(SOON_MS))
          // Some expire meanwhile.
          const changed = [...(await entries())].filter(([key, hex]) => before.get(key) !== hex)
          expect(changed).toEqual([])
          expect(world.gate.sent(name)).toHaveLength(2)
        } finally {
          world.thaw()
        }
        await expectWhole()
      }
    })

    test('bytes of entries are turned where they lie: they are misses', async () => {
      for (const round of ROUNDS) {
        const names = Array.from({ length: 10 }, () => `turned ${randomUUID()}`)
        const askAll = async (number: number): Promise<void> => {
          const replica = world.replica(number)
          const seen = names.map((name) => judged(replica, coldQuestion(name), expected))
          expect(faults(await Promise.all(seen))).toEqual([])
          await replica.written()
        }
        await redis.client.flushall()
        await askAll(round)
        const bad = await countedAll('ovate_shared_bad_total')
        for (const [at, [key, hex]] of [...(await entries())].entries()) {
          const bytes = Buffer.from(hex, 'hex')
          const place = (at * 29 + round) % bytes.length
          await redis.client.setrange(key, place, Buffer.of((bytes[place] ?? 0) ^ (1 << (at % 8))))
        }
        for (const number of [1, 2, 3]) if (number !== round) await askAll(number)
        expect(await countedAll('ovate_shared_bad_total')).toBeGreaterThanOrEqual(bad + names.length)
        // The second to ask computes each again, and the third is given that.
        expect(names.map((name) => world.gate.sent(name).length)).toEqual(names.map(() => 2))
        await expectWhole()
      }
    })

    test('a clock that is ahead by an hour: what it computes others give, and the other way round', async () => {
      for (const numbers of [
        [AHEAD, 1, 2],
        [2, 1, AHEAD],
      ]) {
        const name = `clock ${randomUUID()}`
        for (const number of numbers) {
          const replica = world.replica(number)
          expect(faults([await judged(replica, coldQuestion(name), expected)])).toEqual([])
          await replica.written()
        }
        expect(world.gate.sent(name).map(({ replica }) => replica)).toEqual(numbers.slice(0, 1))
      }
      const fromNow = `SELECT COUNT(*) AS n FROM events WHERE __time >= FLOOR(CURRENT_TIMESTAMP TO HOUR) - INTERVAL '10' DAY`
      const druid = async (): Promise<string> =>
        (await sql(cluster.services.broker1, { query: fromNow })).body.toString()
      // The hour may change between them.
      const before = await druid()
      const { body } = await world.replica(AHEAD).ask({ query: fromNow })
      expect([before, await druid()]).toContain(body.toString())
    })

    test('replicas are added and ended under load, one with a clock that is behind', async () => {
      for (const _ of ROUNDS) {
        const mix = startMix()
        await world.add(4, -HOUR_MS)
        await world.whole()
        await mix.more(2)
        await expectCost('one')
        expect(await world.end(4)).toBe(0)
        await mix.more(2)
        await mix.stop()
        // Before it listens, and when it does no more, its viewers find nobody.
        const found = mix.seen.filter(({ outcome, replica }) => replica !== 4 || outcome !== 'lost')
        expect(faults(found)).toEqual([])
        expect(found.filter(({ replica }) => replica === 4)).not.toEqual([])
        await expectWhole()
      }
    })

    describe('over data that change', () => {
      const OWN: OwnDatasource = {
        name: `moving_${randomUUID().slice(0, 8)}`,
        schema: {
          dimensions: [text('name'), long('n')],
          metrics: [],
          rollup: false,
          queryGranularity: 'NONE',
        },
      }
      const DAYS = ['2026-02-01', '2026-02-02', '2026-02-03']
      const LAST = '2026-02-03/2026-02-04'
      const query = { query: `SELECT name, SUM(n) AS n FROM "${OWN.name}" GROUP BY 1 ORDER BY 1` }

      beforeAll(async () => {
        const rows = DAYS.map((day, at) => ({ ts: `${day}T12:00:00Z`, name: day, n: at }))
        await appendRows(cluster, OWN, rows)
        await waitForSql(cluster, query.query, (found) => found.length === DAYS.length)
      })

      afterAll(() => removeDatasource(cluster, OWN))

      const druid = async (): Promise<string> => {
        const { status, body } = await sql(cluster.services.broker1, query)
        expect(status).toBe(200)
        return body.toString()
      }

      test('who holds a lease stands still while they do: what it says late is given to nobody else', async () => {
        for (const change of [dropInterval, restoreInterval]) {
          const old = await druid()
          // Cold for all: the answers of before went with their bound.
          const name = `moving ${randomUUID()}`
          const cold = { query: query.query.replace(' AS n ', ` AS "${name}" `), resultFormat: 'array' }
          const { body: oldRows } = await sql(cluster.services.broker1, cold)
          const holding = world.gate.holdNext(name)
          const asked = world.replicas.map((replica) => replica.ask(cold))
          const held = await holding
          const late = asked[held.replica - 1]
          world.freeze(held.replica)
          try {
            await change(cluster, OWN, LAST)
            const { body: newRows } = await sql(cluster.services.broker1, cold)
            expect(newRows).not.toEqual(oldRows)
            const [first] = world.replicas
            // Who waited may have asked before the change.
            const others = await Promise.all(asked.filter((_, at) => at + 1 !== held.replica))
            for (const { status, body } of others) {
              expect(status).toBe(200)
              expect([oldRows.toString(), newRows.toString()]).toContain(body.toString())
            }
            const isNew = async (): Promise<boolean> =>
              (await first?.ask(cold))?.body.equals(newRows) === true
            await waitUntil('the change at one', isNew, within(BOUND_MS + SOON_MS))
            held.release()
            world.thaw()
            expect((await late)?.body).toEqual(oldRows)
          } finally {
            held.release()
            world.thaw()
          }
          await world.whole()
          // The bound has run out since all could see it.
          const changed = await druid()
          expect(changed).not.toBe(old)
          for (const replica of world.replicas) {
            expect((await replica.ask(query)).body.toString()).toBe(changed)
            expect((await replica.ask(cold)).body.toString()).toBe(
              (await sql(cluster.services.broker1, cold)).body.toString(),
            )
          }
          await world.nothingLeft()
        }
      })

      test('viewers are given nothing that is older than the bound', async () => {
        for (const change of [dropInterval, restoreInterval]) {
          const before = await druid()
          const seen: { readonly text: string; readonly askedAtMs: number; readonly endedAtMs: number }[] = []
          const stop = new AbortController()
          const viewers = world.replicas.map(async (replica) => {
            while (!stop.signal.aborted) {
              const { status, body, askedAtMs, tookMs } = await replica.ask(query)
              expect(status).toBe(200)
              seen.push({ text: body.toString(), askedAtMs, endedAtMs: askedAtMs + tookMs })
            }
          })
          const beganMs = performance.now()
          await change(cluster, OWN, LAST)
          const visibleMs = performance.now()
          const after = await druid()
          const isLate = (): boolean =>
            seen.filter(({ askedAtMs }) => askedAtMs > visibleMs + BOUND_MS + CLOCKS_MS).length > 30
          await waitUntil('answers past the bound', isLate, within(SOON_MS))
          stop.abort()
          await Promise.all(viewers)
          const wrong = seen.filter(
            (one) =>
              (one.text === before && one.askedAtMs > visibleMs + BOUND_MS + CLOCKS_MS) ||
              (one.text === after && one.endedAtMs < beganMs) ||
              ![before, after].includes(one.text),
          )
          expect(wrong).toEqual([])
        }
      })
    })
  })

  describe('behind a Sentinel', () => {
    test('the master fails over, and back', async () => {
      const redis = await startWatched(ends)
      world = await ReplicaWorld.start(cluster, ensemble, redis)
      try {
        await failOver(redis.master, redis.replica)
        expect(await redis.replica.client.dbsize()).toBeGreaterThan(0)
        await redis.master.restart()
        const follows = async (): Promise<boolean> =>
          (await redis.master.client.info('replication')).includes('master_link_status:up')
        await waitUntil('the old master to follow', follows, within(SOON_MS))
        await failOver(redis.replica, redis.master)
        expect(await redis.master.client.dbsize()).toBeGreaterThan(0)
      } finally {
        await world.stop()
      }
    })

    async function failOver(from: RedisServer, to: RedisServer): Promise<void> {
      const mix = startMix()
      await mix.more(1)
      await from.kill()
      await mix.more(2)
      const isMaster = async (): Promise<boolean> => (await to.client.role())[0] === 'master'
      await waitUntil('the new master', isMaster, within(SOON_MS))
      await mix.more(1)
      await mix.stop()
      expect(faults(mix.seen)).toEqual([])
      await expectWhole()
    }
  })
})
