// A right that Druid refuses anywhere on the road leaves no proof behind: what was held is no longer given.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
const OTHER = 'SELECT SUM(n) AS n FROM events'
const ALICE = { authorization: 'Basic YWxpY2U6YQ==' }
const BOB = { authorization: 'Basic Ym9iOmI=' }
const DATASOURCES = { own: {}, shared: { shared: true, rowPolicies: 'none' } }

let stack: Stack | undefined
afterEach(async () => {
  await stack?.stop()
})

type Asks = ReturnType<typeof kindOf>

test.each<[string, Asks, number, keyof typeof DATASOURCES, string?]>([
  ['at its plan, behind an answer', 'explain', 403, 'own'],
  ['at its plan, behind an answer', 'explain', 401, 'own'],
  ['at its plan, behind an answer', 'explain', 403, 'shared'],
  ['at the fetch', 'data', 403, 'own'],
  ['at the fetch', 'data', 401, 'own'],
  ['at the fetch', 'data', 403, 'shared'],
  ['to what passes', 'data', 403, 'own', 'no-store'],
])('a right that is refused %s (%s %i, %s)', async (_, where, status, declared, wish) => {
  const clock = new ManualClock()
  const isOver = { at: false, all: false }
  const answer = answerer(script())
  const druid = new FakeDruid(
    async (request, signal) => {
      const isHers = request.headers.includes(ALICE.authorization)
      const isRefused = isHers && (isOver.all || (isOver.at && kindOf(request) === where))
      if (!isRefused) return await answer(request, signal)
      // From the first refusal on.
      isOver.all = true
      return { status, body: '{"Access-Check-Result":"Unauthorized"}' }
    },
    () => clock.now(),
  )
  const settings = {
    identity: { policy: '1h', recheck: '1h' },
    freshness: { cap: '1h', growth: 1 },
    datasources: { events: DATASOURCES[declared] },
  }
  const started = await startStack(druid, settings, clock)
  stack = started
  const ask = async (sql: string, headers: Record<string, string>): Promise<string> => {
    await clock.advance(10)
    const got = await askSql(started.sqlUrl, sql, headers)
    await started.keeper.settled()
    const how = /hit|fwd=\w+/.exec(String(got.headers['cache-status']))?.[0] ?? ''
    return `${got.status} ${how}`
  }
  await ask(COUNT, BOB)
  await ask(COUNT, ALICE)
  expect(await ask(COUNT, ALICE)).toBe('200 hit')
  isOver.at = true
  await ask(OTHER, { ...ALICE, ...(wish !== undefined && { 'cache-control': wish }) })
  expect(isOver.all).toBe(true)
  expect(await ask(COUNT, ALICE)).toMatch(new RegExp(`^${status} fwd`))
  expect(await ask(COUNT, BOB)).toBe('200 hit')
})

describe('what was on its way before Druid refused its asker', () => {
  test.each<[string, Record<string, string>, string, number]>([
    ['is not joined by him', ALICE, 'events', 2],
    ['is not joined by nobody in particular either', {}, 'events', 2],
    ['is joined by him where another datasource was refused', ALICE, 'others', 1],
  ])('%s', async (_, headers, refused, queries) => {
    const clock = new ManualClock()
    const slow = deferred<void>()
    const given = script()
    const answer = answerer(given)
    const isSlow = (request: DruidRequest): boolean =>
      kindOf(request) === 'data' && bodyText(request).includes(COUNT)
    const druid = new FakeDruid(
      async (request, signal) => {
        const reply = await answer(request, signal)
        if (isSlow(request) && sent() === 1) await slow.promise
        return reply
      },
      () => clock.now(),
    )
    const sent = (): number => druid.requests.filter(isSlow).length
    const started = await startStack(druid, { freshness: { head: '1m' } }, clock)
    stack = started
    const first = askSql(started.sqlUrl, COUNT, headers)
    await vi.waitUntil(() => sent() === 1, { timeout: 5_000 })
    await clock.advance(1_000)
    given.rights = () => 403
    expect((await askSql(started.sqlUrl, `SELECT SUM(n) AS n FROM ${refused}`, headers)).status).toBe(403)
    await clock.advance(1_000)
    const again = askSql(started.sqlUrl, COUNT, headers)
    const isThere = (): boolean =>
      sent() === queries && (started.flights.list()[0]?.waiters ?? 0) === 3 - queries
    await vi.waitUntil(isThere, { timeout: 5_000 }).finally(() => slow.resolve())
    const [before, after] = await Promise.all([first, again])
    expect([before.status, after.status]).toEqual([200, queries === 1 ? 200 : 403])
    expect(sent()).toBe(queries)
  })
})
