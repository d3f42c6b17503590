// Answers under a row policy that Druid's plan shows: kept for one identity, for so long; never shared, never for ever.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Live } from '../../src/config/live.ts'
import { deferred } from '../support/deferred.ts'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
const ALICE = { authorization: 'Basic YWxpY2U6YQ==' }
const ROW = { type: 'row', rowFilter: { type: 'isNull', column: 'owner' } }
const IDENTITY = { policy: '30s', recheck: '1h' }

let stack: Stack | undefined
afterEach(async () => {
  await stack?.stop()
})

async function waysOfAsking(
  policy: object,
  headers: Record<string, string>,
  events: object | undefined,
): Promise<readonly string[]> {
  const clock = new ManualClock()
  const druid = new FakeDruid(answerer({ ...script(), policy }), () => clock.now())
  const settings = {
    identity: IDENTITY,
    freshness: { cap: '1h', growth: 1 },
    ...(events !== undefined && { datasources: { events } }),
  }
  stack = await startStack(druid, settings, clock)
  const ways: string[] = []
  for (const waitMs of [0, 0, 29_000, 2_000]) {
    await clock.advance(waitMs)
    const { headers: head } = await askSql(stack.sqlUrl, COUNT, headers)
    ways.push(String(head['cache-status']).replace(/^ovate; |; detail.*$/g, ''))
    await stack.keeper.settled()
  }
  return ways
}

test.each<[string, object, Record<string, string>, object | undefined, readonly string[]]>([
  ['kept for identity.policy', ROW, ALICE, undefined, ['fwd=miss', 'hit', 'hit', 'fwd=miss']],
  [
    'not kept for nobody in particular, whose answers have no such end',
    ROW,
    {},
    undefined,
    ['fwd=miss', 'fwd=bypass', 'fwd=bypass', 'fwd=bypass'],
  ],
  [
    'not kept where the datasource was declared shared',
    ROW,
    ALICE,
    { shared: true },
    ['fwd=miss', 'fwd=bypass', 'fwd=bypass', 'fwd=bypass'],
  ],
  [
    'not kept where it was declared free of policies',
    ROW,
    ALICE,
    { rowPolicies: 'none' },
    ['fwd=miss', 'fwd=bypass', 'fwd=bypass', 'fwd=bypass'],
  ],
  [
    'not kept under a policy whose kind is not known',
    { type: 'hours' },
    ALICE,
    undefined,
    ['fwd=miss', 'fwd=bypass', 'fwd=bypass', 'fwd=bypass'],
  ],
])('an answer under a row policy is %s', async (_, policy, headers, events, expected) => {
  expect(await waysOfAsking(policy, headers, events)).toEqual(expected)
})

test.each<[string, readonly (Live | undefined)[], readonly string[]]>([
  ['is declared absent', [undefined, { rowPolicies: 'none' }], ['fwd=bypass', 'fwd=bypass']],
  ['is no longer declared absent', [{ rowPolicies: 'none' }, undefined], ['hit', 'hit']],
])('an answer under a row policy that meanwhile %s', async (_, [before, after], ways) => {
  const clock = new ManualClock()
  const druid = new FakeDruid(answerer({ ...script(), policy: ROW }), () => clock.now())
  const started = await startStack(druid, { identity: IDENTITY }, clock)
  stack = started
  const ask = async (): Promise<string> => {
    const { headers } = await askSql(started.sqlUrl, COUNT, ALICE)
    await started.keeper.settled()
    return String(headers['cache-status']).replace(/^ovate; |; detail.*$/g, '')
  }
  started.settings.set('events', before)
  await ask()
  await clock.advance(10)
  started.settings.set('events', after)
  started.keeper.purge('events')
  await clock.advance(10)
  // What is found out at the first is obeyed from the second on.
  await ask()
  expect([await ask(), await ask()]).toEqual(ways)
})

/** A query for data, and about events. */
function isCount(request: DruidRequest): boolean {
  return kindOf(request) === 'data' && bodyText(request).includes('events')
}

describe('what is on its way is joined by one who may be given what was authorised then', () => {
  test.each<[string, Record<string, string>, number, number]>([
    ['within identity.policy', { policy: '3s', recheck: '1h' }, 2_900, 1],
    ['not beyond identity.policy', { policy: '3s', recheck: '1h' }, 3_100, 2],
    ['within identity.recheck', { policy: '1h', recheck: '3s' }, 2_900, 1],
    ['not beyond identity.recheck', { policy: '1h', recheck: '3s' }, 3_100, 2],
  ])('%s', async (_, identity, waitMs, queries) => {
    const clock = new ManualClock()
    const slow = deferred<void>()
    const answer = answerer(script())
    const druid = new FakeDruid(
      async (request, signal) => {
        if (isCount(request)) await slow.promise
        return await answer(request, signal)
      },
      () => clock.now(),
    )
    stack = await startStack(druid, { identity, freshness: { head: '1m' } }, clock)
    const asked = [askSql(stack.sqlUrl, COUNT, ALICE)]
    const sent = (): number => druid.requests.filter(isCount).length
    await vi.waitUntil(() => sent() === 1, { timeout: 5_000 })
    await clock.advance(waitMs)
    asked.push(askSql(stack.sqlUrl, COUNT, ALICE))
    // Asked behind them on this machine, so that they are under way or waiting when it is answered.
    await askSql(stack.sqlUrl, 'SELECT 1 AS one', {})
    await settle()
    slow.resolve()
    await Promise.all(asked)
    expect(sent()).toBe(queries)
  })
})
