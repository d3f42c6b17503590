// Settings that change while Ovate runs: each is obeyed by the next request, and nothing that was made before it counts.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { type Live, readLive } from '../../src/config/live.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql, type Got } from '../support/http-client.ts'
import { OWN_AUTHORIZATION, type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'
import { answerer, kindOf, script } from '../support/scripted.ts'
import { askBoth, cacheStatus, type Headers, planOf, seen } from '../support/side-by-side.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.UTC(2026, 10, 5)
const DAYS = 6

/** As they come from ZooKeeper. */
function put({ settings, keeper }: Stack, live: object | undefined): void {
  const read: Live | undefined = live === undefined ? undefined : readLive(live)
  settings.set('facts', read)
  keeper.purge('facts')
}

function hours(period: string, fromDay: number, toDay: number, what = 'COUNT(*) AS n'): string {
  const [from, to] = [fromDay, toDay].map((day) => FROM_MS + day * DAY_MS)
  return `SELECT TIME_FLOOR(__time, '${period}') AS t, ${what} FROM facts
    WHERE __time >= MILLIS_TO_TIMESTAMP(${from}) AND __time < MILLIS_TO_TIMESTAMP(${to}) GROUP BY 1`
}

function totals(fromDay: number, toDay: number, what: string): string {
  const [from, to] = [fromDay, toDay].map((day) => FROM_MS + day * DAY_MS)
  return `SELECT ${what} FROM facts
    WHERE __time >= MILLIS_TO_TIMESTAMP(${from}) AND __time < MILLIS_TO_TIMESTAMP(${to})`
}

describe.runIf(sandboxAvailable)('live settings', () => {
  let it: SandboxStack

  beforeAll(async () => {
    it = await startSandboxStack({ freshness: { head: '5s', cap: '15s', schemaRefresh: '1s' } })
    const columns = new Map([
      ['__time', 'TIMESTAMP'],
      ['v', 'BIGINT'],
      ['d', 'DOUBLE'],
    ] as const)
    const table = await it.sandbox.engine.createTable('facts', columns)
    for (let day = 0; day < DAYS; day += 1)
      await table.fill(
        FROM_MS + day * DAY_MS,
        `SELECT make_timestamp((${FROM_MS + day * DAY_MS} + i * 60000) * 1000), i % 100, i / 7.0 FROM range(1440) r(i)`,
      )
    const everything = { tables: ['facts'] }
    const { behaviour } = it.sandbox
    behaviour.users = { '': everything, [OWN_AUTHORIZATION]: everything, anna: everything, bert: everything }
    await it.clock.advance(10_000)
  })

  afterEach(() => set(undefined))

  afterAll(() => it.stop())

  async function set(live: object | undefined): Promise<void> {
    put(it.stack, live)
    await it.clock.advance(10)
  }

  /** What Druid says, and how it was come by. */
  async function same(sql: string, headers: Headers = {}): Promise<Got> {
    const { ours, theirs } = await askBoth(it, sql, headers)
    expect(seen(ours)).toEqual(seen(theirs))
    return ours
  }

  async function status(sql: string, headers: Headers = {}): Promise<string> {
    return cacheStatus(await same(sql, headers))
  }

  const WHOLE = 'SELECT COUNT(*) AS n, MAX(v) AS m FROM facts'

  test('accelerate: a hit passes from one request to the next, and comes back when it is switched on', async () => {
    await same(WHOLE)
    expect(await status(WHOLE)).toMatch(/^hit/)
    await set({ accelerate: false })
    expect(await status(WHOLE)).toBe('fwd=bypass; detail="pass switched-off"')
    await set(undefined)
    expect(await status(WHOLE)).toMatch(/^fwd=miss/)
    expect(await status(WHOLE)).toMatch(/^hit/)
  })

  test('shared: others are given an answer, and no more from the next request on', async () => {
    const [anna, bert] = [{ 'x-forwarded-user': 'anna' }, { 'x-forwarded-user': 'bert' }]
    await set({ shared: true })
    await same(WHOLE, anna)
    expect(await status(WHOLE, bert)).toMatch(/^hit/)
    await set({ shared: false })
    expect(await status(WHOLE, bert)).toMatch(/^fwd=miss/)
    expect(await status(WHOLE, anna)).toMatch(/^fwd=miss/)
  })

  test('row policies: once they are not known to be none, answers of identities live no longer than policies may go unseen', async () => {
    const anna = { 'x-forwarded-user': 'anna' }
    await set({ rowPolicies: 'none' })
    await same(WHOLE, anna)
    await it.clock.advance(61_000)
    expect(await status(WHOLE, anna)).toMatch(/^hit/)
    await set({ rowPolicies: 'unknown' })
    expect(await status(WHOLE, anna)).toMatch(/^fwd=miss/)
    expect(await status(WHOLE, anna)).toMatch(/^hit/)
    await it.clock.advance(61_000)
    expect(await status(WHOLE, anna)).toMatch(/^fwd=miss/)
  })

  test('freshness: strict asks the timeline on every request, bounded on none that a look served', async () => {
    await same(WHOLE)
    await same(WHOLE)
    const looks = async (): Promise<number> => {
      const before = it.sandbox.stats.candidates
      for (let count = 0; count < 4; count += 1) {
        await it.clock.advance(1)
        expect(await status(WHOLE)).toMatch(/^hit/)
      }
      return it.sandbox.stats.candidates - before
    }
    expect(await looks()).toBe(0)
    await set({ freshness: { mode: 'strict' } })
    await same(WHOLE)
    expect(await looks()).toBeGreaterThanOrEqual(4)
  })

  test('freshness: a shorter bound counts for what was kept under a longer one', async () => {
    await set({ freshness: { head: '10s', cap: '1h' } })
    const sql = "SELECT MAX(v) AS m FROM facts WHERE __time > CURRENT_TIMESTAMP - INTERVAL '30' DAY"
    await same(sql)
    await it.clock.advance(6_000)
    expect(await status(sql)).toMatch(/^hit/)
    await set({ freshness: { head: '1s', cap: '1s' } })
    expect(await status(sql)).toMatch(/^fwd=/)
    await it.clock.advance(2_000)
    expect(await status(sql)).toMatch(/^fwd=/)
  })

  test.each<[string, string, (from: number, to: number) => string]>([
    ['series', '["whole","merge"]', (from, to) => hours('PT1H', from, to)],
    ['merge', '["whole","series"]', (from, to) => totals(from, to, 'COUNT(*) AS n')],
  ])('plans: %s, and no more when only %s are allowed', async (kind, allowed, form) => {
    const slide = async (): Promise<string[]> => {
      const plans: string[] = []
      for (const [from, to] of [
        [0, 2],
        [1, 3],
        [2, 4],
        [3, 5],
      ] as const)
        plans.push(planOf(await same(form(from, to))).plan)
      return plans
    }
    expect((await slide()).at(-1)).toBe(kind)
    await set({ plans: JSON.parse(allowed) as string[] })
    expect(await slide()).toEqual(['whole', 'whole', 'whole', 'whole'])
    await set({})
    expect((await slide()).at(-1)).toBe(kind)
  })

  test('plans: derive, and no more when it is not allowed', async () => {
    const fine = 'COUNT(*) AS n, SUM(v) AS s'
    const derived = async (): Promise<string> => {
      for (const [from, to] of [
        [0, 2],
        [1, 3],
        [0, 4],
      ] as const)
        await same(hours('PT1H', from, to, fine))
      const plans: string[] = []
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [0, 3],
      ] as const)
        plans.push(planOf(await same(hours('PT6H', from, to, fine))).plan)
      return plans.join(' ')
    }
    expect(await derived()).toContain('derive')
    await set({ plans: ['whole', 'series', 'merge'] })
    expect(await derived()).not.toContain('derive')
  })

  test('exact doubles: sums of doubles are left to Druid from the next request on', async () => {
    const merged = async (): Promise<string[]> => {
      const plans: string[] = []
      for (const [from, to] of [
        [0, 2],
        [1, 3],
        [2, 4],
        [1, 5],
      ] as const) {
        const got = await askSql(`${it.url}/druid/v2/sql`, totals(from, to, 'SUM(d) AS s'))
        await it.stack.keeper.settled()
        plans.push(planOf(got).plan)
      }
      return plans
    }
    expect(await merged()).toContain('merge')
    await set({ exactDoubles: true })
    expect(await merged()).not.toContain('merge')
  })

  test('the largest answer that is kept', async () => {
    const rows = 'SELECT __time, v FROM facts LIMIT 300'
    await set({ maxEntry: '1KiB' })
    await same(rows)
    expect(await status(rows)).toBe('fwd=bypass; detail="pass too-large"')
    await set({})
    await same(rows)
    expect(await status(rows)).toMatch(/^hit/)
  })

  test('rows of parts: a shape that has more is whole', async () => {
    await set({ maxRows: 10 })
    const plans: string[] = []
    for (const [from, to] of [
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 5],
    ] as const)
      plans.push(planOf(await same(hours('PT1H', from, to, 'MIN(v) AS x'))).plan)
    expect(plans.slice(1)).toEqual(['whole', 'whole', 'whole'])
  })

  test('a purge of an interval leaves what lies beside it', async () => {
    const form = (from: number, to: number): string => hours('PT1H', from, to, 'MAX(v) AS x')
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [0, 4],
    ] as const)
      await same(form(from, to))
    it.stack.keeper.purge('facts', { startMs: FROM_MS + 3 * DAY_MS, endMs: FROM_MS + 3 * DAY_MS + HOUR_MS })
    await it.clock.advance(10)
    const { plan, held, of } = planOf(await same(form(0, 4)))
    expect([plan, of]).toEqual(['series', 96])
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(96)
    // Nothing is left of the interval, whoever kept it.
    const keptUnder = it.stack.keeper.purge('facts', {
      startMs: FROM_MS + 10 * DAY_MS,
      endMs: FROM_MS + 11 * DAY_MS,
    })
    expect(keptUnder).toBe(0)
  })
})

describe('an answer on its way', () => {
  const COUNT = 'SELECT COUNT(*) AS n FROM facts'

  test('when settings change is given, and not kept', async () => {
    const slow = deferred<void>()
    const broker = { ...script(), tables: ['facts'] }
    const answer = answerer(broker)
    let isFirst = true
    const druid = new FakeDruid(async (request, signal) => {
      if (kindOf(request) === 'data' && isFirst) {
        isFirst = false
        await slow.promise
      }
      return await answer(request, signal)
    })
    const stack = await startStack(druid)
    const asked = askSql(stack.sqlUrl, COUNT)
    await until(() => dataOf(druid).length === 1)
    put(stack, { shared: true })
    slow.resolve()
    expect(cacheStatus(await asked)).toBe('fwd=miss; detail="whole"')
    await stack.keeper.settled()
    expect(stack.cache.usage.entries).toBe(0)
    put(stack, undefined)
    expect(cacheStatus(await askSql(stack.sqlUrl, COUNT))).toBe('fwd=miss; detail="whole"')
    await stack.stop()
  })

  test('is not joined by who asks under other settings', async () => {
    const slow = deferred<void>()
    const broker = { ...script(), tables: ['facts'] }
    const answer = answerer(broker)
    const druid = new FakeDruid(async (request, signal) => {
      if (kindOf(request) === 'data') await slow.promise
      return await answer(request, signal)
    })
    const stack = await startStack(druid)
    const before = askSql(stack.sqlUrl, COUNT)
    await until(() => dataOf(druid).length === 1)
    put(stack, { exactDoubles: true })
    const after = askSql(stack.sqlUrl, COUNT)
    await until(() => dataOf(druid).length === 2)
    slow.resolve()
    expect([cacheStatus(await before), cacheStatus(await after)]).toEqual([
      'fwd=miss; detail="whole"',
      'fwd=miss; detail="whole"',
    ])
    await stack.stop()
  })

  test('goes to the Brokers that are set for its datasource, whether it passes or is kept', async () => {
    const druid = new FakeDruid(answerer({ ...script(), tables: ['facts'] }))
    const [first] = druid.brokers()
    const hot = first === undefined ? [] : [{ ...first, id: 'hot:8082', service: 'druid/broker-hot' }]
    const known = druid.brokers()
    druid.brokers = () => [...known, ...hot]
    const stack = await startStack(druid)
    put(stack, { service: 'druid/broker-hot' })
    for (const sql of [COUNT, 'SELECT RAND() FROM facts', 'SELECT COUNT(*) FROM other'])
      await askSql(stack.sqlUrl, sql)
    expect(dataOf(druid).map(({ service }) => service)).toEqual([
      'druid/broker-hot',
      'druid/broker-hot',
      undefined,
    ])
    await stack.stop()
  })
})

function dataOf({ requests }: FakeDruid): DruidRequest[] {
  return requests.filter((request) => kindOf(request) === 'data')
}
