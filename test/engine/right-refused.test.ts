// A right that Druid refuses anywhere on the road leaves no proof behind: what was held is no longer given.
import { afterEach, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { answerer, kindOf, script } from '../support/scripted.ts'
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
