// Answers under a row policy that Druid's plan shows: kept for one identity, for so long; never shared, never for ever.
import { afterEach, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { answerer, script } from '../support/scripted.ts'
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
