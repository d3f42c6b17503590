// A row policy that comes over a datasource which is declared shared: who is under it gets his own rows alone, and nobody
// gets his.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { answerer, authorizationOf, bodyText, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
/** Of one form: Druid's plan of one is known when another is asked for. */
const above = (n: number): string => `${COUNT} WHERE n > ${n}`
const NAMES = ['alice', 'bob'] as const
type Name = (typeof NAMES)[number]
const ROW = { type: 'row', rowFilter: { type: 'isNull', column: 'owner' } }
const POLICY_MS = 30_000
const RECHECKS = [
  ['shorter than identity.recheck', '1h'],
  ['longer than identity.recheck', '20s'],
] as const

const stacks: Stack[] = []
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.stop()
})

interface World {
  readonly clock: ManualClock
  readonly druid: FakeDruid
  /** Who is under a policy by now: he has one row of three. */
  readonly restricted: Set<Name>
  /** The rows that one is given, and how. */
  readonly ask: (name: Name, sql: string) => Promise<{ readonly rows: number; readonly how: string }>
}

async function world(
  recheck: string,
  settings: object = { shared: true, rowPolicies: 'none' },
  before: (request: DruidRequest) => Promise<void> = () => Promise.resolve(),
): Promise<World> {
  const clock = new ManualClock()
  const restricted = new Set<Name>()
  const all = script()
  const free = answerer(all)
  const under = answerer({
    ...all,
    policy: ROW,
    kept: all.kept.replace('[3]', '[1]'),
    passed: all.passed.replace('3', '1'),
  })
  const druid = new FakeDruid(
    async (request, signal) => {
      const isUnder = NAMES.some((name) => restricted.has(name) && authorizationOf(request) === name)
      await before(request)
      return await (isUnder ? under : free)(request, signal)
    },
    () => clock.now(),
  )
  const started = await startStack(
    druid,
    {
      identity: { policy: `${POLICY_MS}ms`, recheck },
      freshness: { cap: '1h', growth: 1 },
      datasources: { events: settings },
    },
    clock,
  )
  stacks.push(started)
  const ask: World['ask'] = async (name, sql) => {
    const { body, headers } = await askSql(started.sqlUrl, sql, { authorization: name })
    await started.keeper.settled()
    const [row] = JSON.parse(body.toString()) as { readonly n: number }[]
    return { rows: row?.n ?? 0, how: String(headers['cache-status']).replace(/^ovate; |; detail.*$/g, '') }
  }
  return { clock, druid, restricted, ask }
}

describe('a row policy that comes over what is shared', () => {
  test.each(RECHECKS)('holds within identity.policy, %s', async (_, recheck) => {
    const { clock, ask, restricted } = await world(recheck)
    expect(await ask('alice', COUNT)).toEqual({ rows: 3, how: 'fwd=miss' })
    expect(await ask('bob', COUNT)).toEqual({ rows: 3, how: 'hit' })
    await clock.advance(10_000)
    restricted.add('bob')
    const setAtMs = clock.now()
    const late: unknown[] = []
    for (let step = 0; step < 40; step += 1) {
      const bob = await ask('bob', COUNT)
      if (bob.rows !== 1 && clock.now() > setAtMs + POLICY_MS) late.push({ step, bob })
      expect(await ask('alice', COUNT)).toMatchObject({ rows: 3 })
      await clock.advance(2_000)
    }
    expect(late).toEqual([])
    expect((await ask('alice', COUNT)).how).toBe('hit')
    expect((await ask('bob', COUNT)).how).toBe('fwd=bypass')
  })

  test('holds for who comes back much later, and never for who was under it before', async () => {
    const { clock, ask, restricted } = await world('1h')
    await ask('bob', COUNT)
    await ask('alice', COUNT)
    restricted.add('bob')
    await clock.advance(POLICY_MS + 1)
    expect((await ask('bob', COUNT)).rows).toBe(1)
    expect(await ask('alice', COUNT)).toEqual({ rows: 3, how: 'hit' })
    const never = await world('1h')
    never.restricted.add('bob')
    await never.ask('alice', COUNT)
    expect((await never.ask('bob', COUNT)).rows).toBe(1)
  })

  test('lets nothing be kept for all that was computed under it, though the plan of its form is known', async () => {
    const { clock, ask, restricted } = await world('1h')
    await ask('bob', above(1))
    restricted.add('bob')
    for (let n = 2; n < 12; n += 1) {
      expect((await ask('bob', above(n))).rows).toBe(1)
      expect((await ask('alice', above(n))).rows).toBe(3)
      await clock.advance(7_000)
    }
  })

  test('lets nobody join what is computed under it', async () => {
    const slow = deferred<void>()
    const isSlow = (request: DruidRequest): boolean =>
      kindOf(request) === 'data' && authorizationOf(request) === 'bob' && bodyText(request).includes('> 7')
    const { ask, restricted, druid } = await world('1h', undefined, async (request) => {
      if (isSlow(request)) await slow.promise
    })
    // What is known of both of them by now would let them share it.
    await ask('bob', above(1))
    await ask('alice', above(1))
    restricted.add('bob')
    const bob = ask('bob', above(7))
    await vi.waitUntil(() => druid.requests.some(isSlow), { timeout: 5_000 })
    const others = [1, 2, 3].map(() => ask('alice', above(7)))
    await ask('alice', above(1))
    await settle()
    slow.resolve()
    expect((await bob).rows).toBe(1)
    expect((await Promise.all(others)).map(({ rows }) => rows)).toEqual([3, 3, 3])
    const asked = druid.requests.filter(
      (request) => kindOf(request) === 'data' && bodyText(request).includes('> 7'),
    )
    // His own, and one for all the others.
    expect(asked).toHaveLength(2)
  })

  test('is forgotten within identity.policy when it is taken off', async () => {
    const { clock, ask, restricted } = await world('1h')
    await ask('bob', above(1))
    restricted.add('bob')
    await clock.advance(POLICY_MS + 1)
    await ask('alice', above(2))
    expect((await ask('bob', above(2))).rows).toBe(1)
    restricted.delete('bob')
    await clock.advance(POLICY_MS + 1)
    expect(await ask('bob', above(2))).toEqual({ rows: 3, how: 'hit' })
  })

  test('costs one question for each user and table in identity.policy while hits go on', async () => {
    const { clock, ask, druid } = await world('1h')
    await ask('alice', COUNT)
    await ask('alice', COUNT)
    const before = druid.requests.length
    for (let step = 0; step < 100; step += 1) {
      expect(await ask('alice', COUNT)).toEqual({ rows: 3, how: 'hit' })
      await clock.advance(POLICY_MS / 10)
    }
    const asked = druid.requests.slice(before).filter((request) => kindOf(request) === 'explain')
    expect(asked.length).toBeLessThanOrEqual(15)
    expect(asked.length).toBeGreaterThan(5)
  })
})
