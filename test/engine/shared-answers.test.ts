// Two replicas on one Druid and one store: what the one computed the other gives, as long as Druid would.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Clock } from '../../src/clock.ts'
import { type LeaseOffice } from '../../src/engine/turns.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type SandboxTable } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { askSql, type Got } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ahead, Queues, type Replica, startReplica, StoreInMemory } from '../support/replicas.ts'
import { OWN_AUTHORIZATION } from '../support/sandbox-stack.ts'
import { cacheStatus } from '../support/side-by-side.ts'

const HOUR_MS = 3_600_000
const [FIRST, SECOND] = ['one', 'two'].map((name) => `Basic ${Buffer.from(`${name}:x`).toString('base64')}`)

describe.runIf(sandboxAvailable)('two replicas that share a store', () => {
  let clock: ManualClock
  let sandbox: Sandbox
  let table: SandboxTable
  let store: StoreInMemory
  let one: Replica
  let two: Replica
  /** Of both replicas, where a test has one. */
  let office: LeaseOffice | undefined

  const replica = async (own: Clock, startTime: string | undefined, secret?: string): Promise<Replica> =>
    await startReplica({
      sandbox,
      clock,
      own,
      store,
      office: () => office,
      startTime,
      settings: { identity: { secret } },
    })

  beforeEach(async () => {
    clock = new ManualClock()
    store = new StoreInMemory()
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

  test.each([
    ['a series', `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM facts WHERE {window} GROUP BY 1`],
    ['a merge', `SELECT kind, SUM(v) AS s FROM facts WHERE {window} GROUP BY 1 ORDER BY 2 DESC`],
  ])('%s up to now that was put together from parts is given by the other, too', async (_, form) => {
    const query = form.replace(
      '{window}',
      `__time >= CURRENT_TIMESTAMP - INTERVAL '50' DAY AND __time < CURRENT_TIMESTAMP`,
    )
    await ask(one, query)
    await clock.advance(61_000)
    const [, body, made] = told(await ask(one, query))
    expect(made).toMatch(/detail="(?:series|merge) /)
    await store.flushed()
    const before = sandbox.stats.data
    expect(told(await ask(two, query))).toEqual([200, body, expect.stringMatching(/^hit; detail=/)])
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
    store.alter = ({ meta }) => {
      const proof = Buffer.from(change(meta.proof.toString()))
      return { meta: { ...meta, proof }, body: Buffer.from('[["wrong"],["STRING"],["VARCHAR"]]\n') }
    }
    const first = await ask(one, DAYS)
    expect(store.entries.size).toBe(1)
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
    expect(store.entries.size).toBe(0)
    await alone.stop()
  })

  test('what was made under another rule of the file, or where users are known by other headers, is not found', async () => {
    const query = 'SELECT kind, AVG(v) AS a FROM facts GROUP BY 1 ORDER BY 1'
    await ask(one, query)
    const others = [
      { datasources: { facts: { exactDoubles: true } } },
      { druid: { minTopNThreshold: 5 } },
      { identity: { secret: 'same', headers: ['x-own'] } },
    ]
    for (const settings of others) {
      const other = await startReplica({
        sandbox,
        clock,
        store,
        office: () => undefined,
        startTime: 'since',
        settings: { identity: { secret: 'same' }, ...settings },
      })
      const [status, , cache] = told(await ask(other, query))
      expect([status, cache]).toEqual([200, expect.stringMatching(/^fwd=/)])
      await other.stop()
    }
    expect(told(await ask(two, query))[2]).toMatch(/^hit/)
  })

  test('a Broker of which it is not known since when it runs: nothing is shared', async () => {
    const alone = await replica(clock, undefined, 'same')
    await ask(alone, DAYS)
    expect(store.entries.size).toBe(0)
    await alone.stop()
  })

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

  /** Starts of the buckets that Druid was asked for, by texts of parts, as often as it was. */
  function bucketsAsked(bucketMs: number): { readonly starts: number[]; readonly end: () => void } {
    const starts: number[] = []
    const { engine } = sandbox
    const answer = engine.answer.bind(engine)
    const spy = vi.spyOn(engine, 'answer').mockImplementation((query) => {
      const isData = !/^EXPLAIN|LIMIT 0$|INFORMATION_SCHEMA/.test(query.sql)
      const ranges = [
        ...query.sql.matchAll(/TO_TIMESTAMP\((\d+)\) AND "__time" < MILLIS_TO_TIMESTAMP\((\d+)\)/g),
      ]
      for (const [, from, to] of isData ? ranges : [])
        for (let ms = Number(from); ms < Number(to); ms += bucketMs) starts.push(ms)
      return answer(query)
    })
    return { starts, end: () => spy.mockRestore() }
  }

  test.each(WARM)(
    'windows of %s that overlap, asked of both at once: each bucket is fetched once',
    async (_, form) => {
      const queues = new Queues()
      office = queues
      for (const replicaOf of [one, two])
        for (const day of [11, 12]) await ask(replicaOf, form(between(day, day + 1)))
      const asked = bucketsAsked(HOUR_MS)
      const windows = [between(14, 17), between(15, 18), between(13, 16), between(17, 20)]
      const got = await Promise.all(
        windows.map((window, at) => askSql([one, two][at % 2]?.stack.sqlUrl ?? '', { query: form(window) })),
      )
      await Promise.all([one, two].map(({ stack }) => stack.keeper.settled()))
      asked.end()
      for (const [at, window] of windows.entries()) {
        const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query: form(window) })
        expect(got[at]?.body.toString()).toBe(druid.body.toString())
      }
      const hours = Array.from({ length: 7 * 24 }, (__, at) => Date.UTC(2026, 9, 13) + at * HOUR_MS)
      expect(asked.starts.toSorted((a, b) => a - b)).toEqual(hours)
      expect(queues.held).toBe(0)
    },
  )

  test.each(WARM)(
    'of a wider window of %s the other asks only for what the first had not',
    async (_, form) => {
      for (const replicaOf of [one, two])
        for (const day of [11, 12]) await ask(replicaOf, form(between(day, day + 1)))
      await ask(one, form(between(14, 17)))
      const asked = bucketsAsked(24 * HOUR_MS)
      const [status, body, cache] = told(await ask(two, form(between(14, 18))))
      asked.end()
      const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query: form(between(14, 18)) })
      expect([status, body]).toEqual([200, druid.body.toString()])
      expect(cache).toMatch(/^fwd=partial/)
      expect(asked.starts).toEqual([Date.UTC(2026, 9, 17)])
    },
  )

  test('a window of very many runs stands in as many lines, and warns of nothing', async () => {
    const queues = new Queues()
    office = queues
    const form = (window: string): string =>
      `SELECT TIME_FLOOR(__time, 'PT5M') AS d, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1`
    for (const day of [11, 12]) await ask(one, form(between(day, day + 1)))
    const warnings: Error[] = []
    const listener = (warning: Error): number => warnings.push(warning)
    process.on('warning', listener)
    const before = queues.granted
    const query = form(between(13, 20))
    const [status, body] = told(await ask(one, query))
    process.off('warning', listener)
    const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query })
    expect([status, body]).toEqual([200, druid.body.toString()])
    expect(queues.granted - before).toBeGreaterThan(11)
    expect(warnings).toEqual([])
    expect(queues.held).toBe(0)
  })

  test.each(WARM)('of the buckets of %s that changed the reader takes none', async (_, form) => {
    for (const replicaOf of [one, two])
      for (const day of [11, 12]) await ask(replicaOf, form(between(day, day + 1)))
    await ask(one, form(between(14, 19)))
    await table.append([{ __time: Date.UTC(2026, 9, 16), kind: 'k1', v: 7 }])
    await clock.advance(61_000)
    const asked = bucketsAsked(24 * HOUR_MS)
    const query = form(between(14, 19))
    const [status, body] = told(await ask(two, query))
    asked.end()
    const druid = await askSql(`${sandbox.url}/druid/v2/sql`, { query })
    expect([status, body]).toEqual([200, druid.body.toString()])
    expect(asked.starts).toEqual([Date.UTC(2026, 9, 16)])
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
