// Replicas, leases and entries together: random questions, random changes and random faults, from a seed that is printed.
// Whatever happens, each answer is Druid's, each request ends, no lease stays; and where nothing goes wrong no bucket is
// fetched twice.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openLeases, type RunningLeases } from '../../src/app/lease-office.ts'
import { parseConfig } from '../../src/config/config.ts'
import { type SharedAnswer, type SharedStore } from '../../src/engine/shared-answers.ts'
import { type LeaseOffice } from '../../src/engine/turns.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type SandboxTable } from '../../src/sandbox/store.ts'
import { type Random, randomOf } from '../cluster/random.ts'
import { type FakeClient, FakeEnsemble } from '../coordination/fake-ensemble.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { askSql, type Got } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ahead, type Replica, startReplica, StoreInMemory } from '../support/replicas.ts'
import { SEED } from '../support/seed.ts'
import { until } from '../support/until.ts'

const REPLICAS = 3
const ROUNDS_MAX = 400
const BUDGET_MS = 25_000
/** Fewer would prove too little, on however slow a machine. */
const ROUNDS_MIN = 12
const SESSION_MS = 4_000
const CONFIG = parseConfig({
  druid: { zookeeper: { connect: 'zk:2181' } },
  coordination: { sessionTimeout: SESSION_MS },
})
const TEXT_MAX = 40
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS = 12
/** Past any bound of freshness, as the settings below have it. */
const PAST_BOUND_MS = 31_000
/** Two refreshes of the Brokers' schema, and more. */
const CALM_MS = 5_000
const SERVICE = 'druid/broker'
const SETTINGS = { freshness: { head: '5s', cap: '15s', schemaRefresh: '2s' } }

const FORMS: readonly [string, ...string[]] = [
  'SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM facts WHERE {window} GROUP BY 1',
  'SELECT FLOOR(__time TO DAY) AS d, kind, SUM(v) AS s, COUNT(*) AS n FROM facts WHERE {window} GROUP BY 1, 2',
  `SELECT TIME_FLOOR(__time, 'PT6H') AS h, MAX(v) AS m FROM facts WHERE {window} AND kind <> 'k1' GROUP BY 1`,
  'SELECT kind, SUM(v) AS s, MIN(v) AS l FROM facts WHERE {window} GROUP BY 1 ORDER BY 2 DESC, 1',
  'SELECT COUNT(*) AS n, AVG(v) AS a FROM facts WHERE {window}',
]

/** The way of one replica to what all share, which may be cut. */
class Way implements SharedStore {
  readonly #store: StoreInMemory
  isCut = false

  constructor(store: StoreInMemory) {
    this.#store = store
  }

  async get(keys: readonly string[]): Promise<readonly (SharedAnswer | undefined)[]> {
    return this.isCut ? keys.map(() => undefined) : await this.#store.get(keys)
  }

  put(key: string, answer: SharedAnswer): void {
    if (!this.isCut) this.#store.put(key, answer)
  }

  async flushed(): Promise<void> {
    await this.#store.flushed()
  }
}

interface Member {
  readonly replica: Replica
  readonly way: Way
  readonly client: FakeClient
  readonly leases: RunningLeases
}

describe.runIf(sandboxAvailable)('replicas', () => {
  let clock: ManualClock
  let sandbox: Sandbox
  let table: SandboxTable
  let store: StoreInMemory
  let ensemble: FakeEnsemble
  let members: Member[]
  let alone: number
  let epoch: number
  let pump: ReturnType<typeof setInterval>
  let toMs: number
  let asked: { readonly text: string; readonly ms: number }[]

  beforeEach(async () => {
    clock = new ManualClock()
    store = new StoreInMemory()
    ensemble = new FakeEnsemble()
    members = []
    asked = []
    alone = 0
    epoch = 1
    sandbox = await startSandbox({ clock, days: 0 })
    const columns = new Map([
      ['__time', 'TIMESTAMP'],
      ['kind', 'VARCHAR'],
      ['v', 'BIGINT'],
    ] as const)
    table = await sandbox.engine.createTable('facts', columns)
    toMs = Math.floor(clock.now() / DAY_MS) * DAY_MS
    await table.append(Array.from({ length: DAYS * 24 }, (_, at) => row(at * HOUR_MS, at)))
    // ZooKeeper answers what it is asked, unless a fault has it otherwise.
    pump = setInterval(() => {
      for (const { client } of members) for (let left = client.asked; left > 0; left -= 1) client.answer()
    }, 1)
    for (let at = 0; at < REPLICAS; at += 1) members.push(await member(at))
    watchDruid()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await Promise.all(members.map(({ replica }) => replica.stop()))
    await Promise.all(members.map(({ leases }) => leases.stop()))
    clearInterval(pump)
    await sandbox.close()
  })

  function row(afterMs: number, v: number): Readonly<Record<string, unknown>> {
    return { __time: toMs - DAYS * DAY_MS + afterMs, kind: `k${v % 3}`, v }
  }

  async function member(at: number): Promise<Member> {
    const client = ensemble.client()
    const way = new Way(store)
    const metrics = { ...createMetrics(), leaseAlone: () => (alone += 1) }
    const leases = openLeases(
      CONFIG,
      { coordination: client, liveReplicas: () => REPLICAS },
      { clock, metrics },
    )
    if (leases === undefined) throw new Error('no leases')
    // However little it takes to compute an answer here.
    const office: LeaseOffice = { acquire: leases.acquire.bind(leases), worth: () => true }
    const replica = await startReplica({
      sandbox,
      clock,
      own: ahead(clock, (at - 1) * HOUR_MS),
      store: way,
      office: () => office,
      startTime: 'since',
      epochs: () => ({ of: () => epoch, lineage: 'one' }),
      settings: SETTINGS,
    })
    return { replica, way, client, leases }
  }

  /** Remembers which buckets Druid is asked for, by texts that fetch parts. */
  function watchDruid(): void {
    const { engine } = sandbox
    const answer = engine.answer.bind(engine)
    vi.spyOn(engine, 'answer').mockImplementation((query) => {
      const isData = !/^EXPLAIN|LIMIT 0$|INFORMATION_SCHEMA/.test(query.sql)
      const ranges = [
        ...query.sql.matchAll(/TO_TIMESTAMP\((\d+)\) AND "__time" < MILLIS_TO_TIMESTAMP\((\d+)\)/g),
      ]
      const text = query.sql.slice(0, TEXT_MAX)
      for (const [, from, to] of isData ? ranges : [])
        for (let ms = Number(from); ms < Number(to); ms += HOUR_MS) asked.push({ text, ms })
      return answer(query)
    })
  }

  /** Whole days: what is fetched are buckets, and no edges. */
  function window(random: Random): string {
    const first = random.below(DAYS - 3)
    const days = 1 + random.below(3)
    const at = (day: number): string => new Date(toMs - (DAYS - day) * DAY_MS).toISOString().slice(0, 10)
    return `__time >= TIMESTAMP '${at(first)}' AND __time < TIMESTAMP '${at(first + days)}'`
  }

  async function ask(random: Random, query: string): Promise<Got> {
    const url = members[random.below(REPLICAS)]?.replica.stack.sqlUrl ?? ''
    return await askSql(url, { query })
  }

  async function druidSays(query: string): Promise<Got> {
    return await askSql(`${sandbox.url}/druid/v2/sql`, { query })
  }

  async function settled(): Promise<void> {
    await Promise.all(members.map(({ replica }) => replica.stack.keeper.settled()))
    await until(() => members.every(({ leases }) => leases.counts.held === 0 && leases.counts.waiting === 0))
  }

  async function pass(ms: number): Promise<void> {
    await settled()
    await clock.advance(ms)
    await until(() =>
      members.every(({ replica }) => replica.stack.druid.brokers().every(({ state }) => state === 'ready')),
    )
  }

  const CHANGES: readonly [string, ...string[]] = ['rows', 'reindex', 'compact', 'drop', 'purge']

  async function change(random: Random): Promise<void> {
    // The last day stays: what lies ahead of the last segment is fetched by each.
    const startMs = toMs - (2 + random.below(DAYS - 1)) * DAY_MS
    switch (random.pick(CHANGES)) {
      case 'rows':
        await table.append([{ __time: startMs + random.below(DAY_MS), kind: 'k1', v: 7 }])
        break
      case 'reindex':
        await table.reindex(startMs, startMs + DAY_MS, { v: 'v + 1' })
        break
      case 'compact':
        await table.compact(startMs, startMs + DAY_MS)
        break
      case 'drop':
        table.drop(startMs, startMs + DAY_MS)
        break
      case 'purge':
        epoch += 1
        for (const { replica } of members) replica.stack.keeper.purge('facts')
    }
    await pass(PAST_BOUND_MS)
    // What is fetched in the moment in which a move is first seen isn't kept, or for its bound only.
    const all = [{ startMs: toMs - DAYS * DAY_MS, endMs: toMs }]
    await Promise.all(members.map(({ replica }) => replica.stack.timelines.of(SERVICE, 'facts').look(all)))
    await pass(CALM_MS)
  }

  const FAULTS: readonly [string, ...string[]] = [
    'ZooKeeper is away from one',
    'a session ends',
    'one is cut off from what is shared',
    'what is shared is lost',
    'what is shared is of another timeline',
    'Druid fails',
    'time goes on',
  ]

  /** Begins one beside what is asked; what is returned ends it. */
  function fault(random: Random): () => unknown {
    const one = members[random.below(REPLICAS)]
    if (one === undefined) throw new Error('no such replica')
    const { client, way } = one
    switch (random.pick(FAULTS)) {
      case 'ZooKeeper is away from one':
        client.cut(random.below(2), random.below(2))
        return () => client.reconnect()
      case 'a session ends':
        client.cut(random.below(2), 0)
        client.expire()
        return () => {
          client.reconnect()
          client.reconnect()
        }
      case 'one is cut off from what is shared':
        way.isCut = true
        return () => (way.isCut = false)
      case 'what is shared is lost':
        store.entries.clear()
        return () => undefined
      case 'what is shared is of another timeline': {
        store.alter = ({ meta, body }) => {
          const proof = meta.proof.toString().replaceAll(/"(?:fingerprint|schema)":"./g, (text) => `${text}_`)
          return { meta: { ...meta, proof: Buffer.from(proof) }, body }
        }
        return () => (store.alter = (answer) => answer)
      }
      case 'Druid fails':
        sandbox.failNext()
        // Where nobody asked, the failure is still to come.
        return () => druidSays('SELECT COUNT(*) FROM facts')
      default: {
        // Budgets run out, and those who wait go alone.
        const over = clock.advance(1_000)
        return () => over
      }
    }
  }

  async function round(random: Random, isFaulty: boolean): Promise<void> {
    const form = random.pick(FORMS)
    const windows = Array.from({ length: 2 + random.below(4) }, () => window(random))
    asked = []
    const wereAlone = alone
    const answers = windows.map((one) => ask(random, form.replace('{window}', one)))
    const end = isFaulty ? fault(random) : undefined
    const got = await Promise.all(answers)
    await end?.()
    await settled()
    const ours = asked
    for (const [at, one] of windows.entries()) {
      const druid = await druidSays(form.replace('{window}', one))
      const answer = got[at]
      // What Druid failed to answer is its failure; all else is its answer.
      const isFailure = isFaulty && answer?.status === 500
      const body = isFailure ? druid.body.toString() : answer?.body.toString()
      expect({ one, body }).toEqual({ one, body: druid.body.toString() })
    }
    if (isFaulty || alone > wereAlone) return
    const keys = ours.map(({ text, ms }) => `${text} ${new Date(ms).toISOString().slice(0, 10)}`)
    const twice = keys.filter((_, at) => ours.findIndex(({ ms }) => ms === ours[at]?.ms) !== at)
    expect({ windows, twice: [...new Set(twice)] }).toEqual({ windows, twice: [] })
  }

  test(
    'answer as Druid does, and fetch no bucket twice',
    async () => {
      process.stderr.write(`random replicas: OVATE_SEED=${SEED}\n`)
      const random = randomOf(SEED)
      const startMs = performance.now()
      let rounds = 0
      while (rounds < ROUNDS_MAX && performance.now() - startMs < BUDGET_MS) {
        rounds += 1
        if (random.next() < 0.2) await change(random)
        await round(random, random.next() < 0.4)
      }
      process.stderr.write(`random replicas: ${rounds} rounds, ${alone} went alone\n`)
      expect(rounds).toBeGreaterThan(ROUNDS_MIN)
      await pass(SESSION_MS)
      // Only marks of sessions and folders are left in ZooKeeper.
      expect([...ensemble.nodes.keys()].filter((path) => /_\d{10}$/.test(path))).toEqual([])
    },
    4 * BUDGET_MS,
  )
})
