// Two replicas on one Druid and one store: what the one computed the other gives, as long as Druid would.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Clock } from '../../src/clock.ts'
import { createDruid } from '../../src/druid/client.ts'
import { brokerAt } from '../../src/druid/fixed-source.ts'
import { type SharedStore } from '../../src/engine/shared-answers.ts'
import { type LeaseOffice } from '../../src/engine/turns.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type SandboxTable } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { askSql, type Got } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { OWN_AUTHORIZATION, until } from '../support/sandbox-stack.ts'
import { cacheStatus } from '../support/side-by-side.ts'
import { type Stack, startStack } from '../support/stack.ts'

const HOUR_MS = 3_600_000
const SERVICE = 'druid/broker'
const [FIRST, SECOND] = ['one', 'two'].map((name) => `Basic ${Buffer.from(`${name}:x`).toString('base64')}`)

interface Replica {
  readonly stack: Stack
  stop(): Promise<void>
}

/** As another machine's clock would show, an hour ahead. */
function ahead(clock: ManualClock, ms: number): Clock {
  return {
    now: () => clock.now() + ms,
    monotonic: () => clock.monotonic(),
    sleep: (forMs, signal) => clock.sleep(forMs, signal),
  }
}

describe.runIf(sandboxAvailable)('two replicas that share a store', () => {
  let clock: ManualClock
  let sandbox: Sandbox
  let table: SandboxTable
  let stored: Map<string, Parameters<SharedStore['put']>[1]>
  let one: Replica
  let two: Replica
  /** Of both replicas, where a test has one. */
  let office: LeaseOffice | undefined

  async function replica(own: Clock, startTime: string | undefined, secret?: string): Promise<Replica> {
    const address = { ...brokerAt(sandbox.url, SERVICE), startTime, version: '33.0.0' }
    const druid = createDruid({
      source: { start: (onChange) => onChange([address]), stop: () => Promise.resolve() },
      defaultService: SERVICE,
      authorization: OWN_AUTHORIZATION,
      clock: own,
    })
    const shared: SharedStore = {
      get: async (keys) => keys.map((key) => stored.get(key)),
      put: (key, answer) => stored.set(key, answer),
      flushed: () => Promise.resolve(),
    }
    const settings = { druid: { username: 'ovate', password: 'own' }, identity: { secret } }
    const stack = await startStack(druid, settings, own, { shared, leases: () => office })
    await until(() => druid.brokers().some(({ state }) => state === 'ready'))
    // The Broker's clock is known better with each of its answers.
    for (let at = 0; at < 60; at += 1) {
      await clock.advance(1_009)
      await until(() => druid.brokers().every(({ state }) => state === 'ready'))
    }
    return {
      stack,
      stop: async () => {
        await stack.stop()
        await druid.close()
      },
    }
  }

  beforeEach(async () => {
    clock = new ManualClock()
    stored = new Map()
    office = undefined
    sandbox = await startSandbox({ clock, days: 0 })
    table = await sandbox.engine.createTable(
      'facts',
      new Map([
        ['__time', 'TIMESTAMP'],
        ['kind', 'VARCHAR'],
        ['v', 'BIGINT'],
      ]),
    )
    const rows = Array.from({ length: 500 }, (_, at) => ({
      __time: clock.now() - 40 * 24 * HOUR_MS + at * 1_800_000,
      kind: `k${at % 3}`,
      v: at,
    }))
    await table.append(rows)
    one = await replica(clock, 'since', 'same')
    two = await replica(ahead(clock, HOUR_MS), 'since', 'same')
  })
  afterEach(async () => {
    await Promise.all([one.stop(), two.stop()])
    await sandbox.close()
  })

  async function ask({ stack }: Replica, query: string, authorization?: string): Promise<Got> {
    const got = await askSql(stack.sqlUrl, { query }, authorization === undefined ? {} : { authorization })
    await stack.keeper.settled()
    return got
  }

  const told = (got: Got): readonly [number, string, string] => [
    got.status,
    got.body.toString(),
    cacheStatus(got),
  ]

  const DAYS = `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM facts WHERE __time >= TIMESTAMP '2026-10-12' AND __time < TIMESTAMP '2026-10-16' GROUP BY 1`

  test.each([
    ['a scan', 'SELECT kind, v FROM facts ORDER BY __time LIMIT 5'],
    ['a series', DAYS],
    [
      'a window that ends at now',
      `SELECT COUNT(*) AS n FROM facts WHERE __time > CURRENT_TIMESTAMP - INTERVAL '50' DAY`,
    ],
  ])('%s is computed once, whatever the clock of the other shows', async (_, query) => {
    const first = await ask(one, query)
    const before = sandbox.stats.data
    const [status, body, cache] = told(await ask(two, query))
    expect([status, body]).toEqual([200, first.body.toString()])
    expect(cache).toMatch(/^hit; detail=/)
    expect(sandbox.stats.data).toBe(before)
  })

  test('what changed since is computed anew, and given to the first', async () => {
    await ask(one, DAYS)
    await table.append([{ __time: Date.UTC(2026, 9, 13), kind: 'new', v: 1 }])
    await clock.advance(61_000)
    const [, body, cache] = told(await ask(two, DAYS))
    const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query: DAYS })
    expect(body).toBe(druid.body.toString())
    expect(cache).toMatch(/^fwd=/)
    const before = sandbox.stats.data
    expect(told(await ask(one, DAYS)).slice(0, 2)).toEqual([200, body])
    expect(sandbox.stats.data).toBe(before)
  })

  test("what is purged by the reader isn't taken back from the store", async () => {
    await ask(one, DAYS)
    await clock.advance(1_000)
    two.stack.keeper.purge('facts')
    expect(told(await ask(two, DAYS))[2]).toMatch(/^fwd=/)
  })

  test.each<[string, (text: string) => string]>([
    ['no JSON', () => 'nonsense'],
    ['another form', () => '{"proof":1}'],
    ['of other datasources', (text) => text.replaceAll('facts', 'others')],
    ['of another run of the Brokers', (text) => text.replaceAll('since', 'before')],
    ['of another timeline', (text) => text.replaceAll(/"fingerprint":"./g, '"fingerprint":"_')],
  ])('a proof that is %s is none', async (_, change) => {
    const first = await ask(one, DAYS)
    for (const [key, { meta }] of stored) {
      const proof = Buffer.from(change(meta.proof.toString()))
      stored.set(key, { meta: { ...meta, proof }, body: Buffer.from('[["wrong"],["STRING"],["VARCHAR"]]\n') })
    }
    expect(stored.size).toBe(1)
    const [status, body, cache] = told(await ask(two, DAYS))
    expect([status, body]).toEqual([200, first.body.toString()])
    expect(cache).toMatch(/^fwd=/)
  })

  test("one user's answers are never another's, and rights are asked for anew", async () => {
    const readable = { tables: ['facts'] }
    sandbox.behaviour.users = {
      '': readable,
      [OWN_AUTHORIZATION]: readable,
      [String(FIRST)]: readable,
      [String(SECOND)]: { tables: ['facts'], rowFilter: { facts: `kind = 'k1'` } },
    }
    const query = 'SELECT COUNT(*) AS n FROM facts'
    const all = await ask(one, query, FIRST)
    const some = await ask(two, query, SECOND)
    expect([all.body.toString(), some.body.toString()]).toEqual(['[{"n":500}]\n', '[{"n":167}]\n'])
    const before = sandbox.stats.data
    expect((await ask(two, query, FIRST)).body.toString()).toBe('[{"n":500}]\n')
    expect((await ask(one, query, SECOND)).body.toString()).toBe('[{"n":167}]\n')
    // Two checks of rights, and no computation.
    expect(sandbox.stats.data).toBeLessThanOrEqual(before + 2)
    sandbox.behaviour.users = { [OWN_AUTHORIZATION]: readable, [String(FIRST)]: { tables: ['stream'] } }
    await clock.advance(61_000)
    expect((await ask(two, query, FIRST)).status).toBe(403)
  })

  test('identities that other replicas know by other names share nothing', async () => {
    const alone = await replica(clock, 'since')
    sandbox.behaviour.users = {
      [OWN_AUTHORIZATION]: { tables: ['facts'] },
      [String(FIRST)]: { tables: ['facts'] },
    }
    await ask(alone, DAYS, FIRST)
    expect(stored.size).toBe(0)
    await alone.stop()
  })

  test('a Broker of which it is not known since when it runs: nothing is shared', async () => {
    const alone = await replica(clock, undefined, 'same')
    await ask(alone, DAYS)
    expect(stored.size).toBe(0)
    await alone.stop()
  })

  /** One at a time for each name, in the order of asking; counts who has it and who waits. */
  class Queues implements LeaseOffice {
    readonly #last = new Map<string, Promise<void>>()
    held = 0
    granted = 0
    isWorth = true

    async acquire(
      name: string,
      _budgetMs: number,
      _signal: AbortSignal,
      onWait?: () => void,
    ): ReturnType<LeaseOffice['acquire']> {
      const before = this.#last.get(name)
      let release: () => void = () => undefined
      this.#last.set(name, new Promise((resolve) => (release = resolve)))
      if (before !== undefined) onWait?.()
      await before
      this.held += 1
      this.granted += 1
      return {
        kind: 'held',
        lease: {
          release: async () => {
            this.held -= 1
            release()
          },
        },
      }
    }

    worth(): boolean {
      return this.isWorth
    }
  }

  const COLD = [
    ['a scan', 'SELECT kind, v FROM facts ORDER BY __time LIMIT 7'],
    ['a series', DAYS],
    ['totals', 'SELECT COUNT(*) AS n, SUM(v) AS s FROM facts'],
  ] as const

  async function askedAtOnce(query: string): Promise<readonly Got[]> {
    const all = [one, two].flatMap(({ stack }) =>
      Array.from({ length: 10 }, () => askSql(stack.sqlUrl, { query })),
    )
    const got = await Promise.all(all)
    await Promise.all([one, two].map(({ stack }) => stack.keeper.settled()))
    return got
  }

  test.each(COLD)('%s, asked of both by many at once, is computed once', async (_, query) => {
    const queues = new Queues()
    office = queues
    const before = sandbox.stats.data
    const got = await askedAtOnce(query)
    const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query })
    expect(new Set(got.map((one_) => one_.body.toString()))).toEqual(new Set([druid.body.toString()]))
    // That of the comparison is one more.
    expect(sandbox.stats.data - before).toBe(2)
    expect({ held: queues.held, granted: queues.granted }).toEqual({ held: 0, granted: 2 })
  })

  const between = (fromDay: number, toDay: number): string =>
    `__time >= TIMESTAMP '2026-10-${fromDay}' AND __time < TIMESTAMP '2026-10-${toDay}'`
  const WARM: readonly (readonly [string, (window: string) => string])[] = [
    [
      'a series',
      (window) => `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1`,
    ],
    ['a merge', (window) => `SELECT kind, SUM(v) AS s FROM facts WHERE ${window} GROUP BY 1 ORDER BY 2 DESC`],
  ]

  test.each(WARM)('a window of %s that is known and asked for anew of both: one fetch', async (_, form) => {
    office = new Queues()
    for (const replicaOf of [one, two]) {
      for (const day of [11, 12, 13]) await ask(replicaOf, form(between(day, day + 1)))
    }
    const query = form(between(14, 19))
    const before = sandbox.stats.data
    const got = await askedAtOnce(query)
    const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query })
    expect(new Set(got.map(({ body }) => body.toString()))).toEqual(new Set([druid.body.toString()]))
    expect(sandbox.stats.data - before).toBe(2)
    expect(got.map(cacheStatus).filter((text) => /detail="(?:series|merge|derive) /.test(text))).toHaveLength(
      20,
    )
  })

  test.each<[string, () => LeaseOffice | undefined]>([
    ['no leases', () => undefined],
    ['leases that cost more than they save', () => Object.assign(new Queues(), { isWorth: false })],
    [
      'leases that are not to be had',
      () => ({ acquire: () => Promise.resolve({ kind: 'alone' }), worth: () => true }),
    ],
  ])('with %s each replica computes it', async (_, make) => {
    office = make()
    const before = sandbox.stats.data
    await askedAtOnce(DAYS)
    expect(sandbox.stats.data - before).toBe(2)
  })

  test('a statement that Druid refuses passes the turn on', async () => {
    const queues = new Queues()
    office = queues
    const got = await askedAtOnce('SELECT nothing FROM facts')
    expect(new Set(got.map(({ status }) => status))).toEqual(new Set([400]))
    expect(queues.held).toBe(0)
  })
})
