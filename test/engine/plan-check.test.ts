// What Druid's word on one statement says of others of its form.
import { expect, test } from 'vitest'
import { PlanChecks, type PlanCheckOptions } from '../../src/engine/plan-check.ts'
import { decide } from '../../src/plan/decide.ts'
import { type WholePlan } from '../../src/plan/plan.ts'
import { type IdentityScope, type Query } from '../../src/plan/query.ts'
import { analyse } from '../../src/sql/analyse.ts'
import { PLAIN } from '../support/circumstances.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { bodyText, explained } from '../support/scripted.ts'

const ROW = { type: 'row', rowFilter: { type: 'isNull', column: 'owner' } }
const RESOURCES = JSON.stringify([{ name: 'events', type: 'DATASOURCE' }])
const INLINE = JSON.stringify([{ query: { queryType: 'scan', dataSource: { type: 'inline' } } }])
/** As Druid explains what gives no rows whatever is in the table, under a policy or not. */
const NOTHING_READ = `${JSON.stringify([[INLINE, RESOURCES, '{}']])}\n`
const UNDER_POLICY = explained({ tables: ['events'], policy: ROW })

const NO_ROWS = 'SELECT n FROM events LIMIT 0'
const NEVER = 'SELECT n FROM events LIMIT 00'
const FIVE = 'SELECT n FROM events LIMIT 5'
const SIX = 'SELECT n FROM events LIMIT 6'
const EQUAL = 'SELECT n FROM events WHERE n = ? AND n = ?'

type Statement = readonly [sql: string, ...parameters: readonly number[]]

interface World {
  /** What is known of a statement once Druid was asked. */
  readonly check: (...statement: Statement) => Promise<string>
  /** How often Druid was asked. */
  readonly asked: () => number
}

function world(): World {
  const identity = 'alice' as IdentityScope
  const druid = new FakeDruid((request) => {
    const text = bodyText(request)
    return { body: /LIMIT 0+$|\[1,2\]$/.test(text) ? NOTHING_READ : UNDER_POLICY }
  })
  const options: PlanCheckOptions = {
    druid,
    clock: new ManualClock(),
    timeoutMs: 1_000,
    mayBeRestricted: () => false,
    refused: () => undefined,
    onCheck: () => undefined,
  }
  const checks = new PlanChecks(options)
  const check = async (sql: string, ...values: readonly number[]): Promise<string> => {
    const parameters = values.map((value) => ({ type: 'BIGINT', value }))
    const query: Query = {
      sql,
      parameters: values.length === 0 ? '' : JSON.stringify(parameters),
      extras: new Map(),
      context: new Map(),
    }
    const bodies = { explain: () => Buffer.from(values.length === 0 ? sql : JSON.stringify(values)) }
    const request = { query, identity, headers: [], bodies } as unknown as Parameters<PlanChecks['check']>[0]
    const run = { service: 'druid/broker', generation: 1, explainSql: sql }
    return (await checks.check(request, planOf(query, identity), run)).kind
  }
  return { check, asked: () => druid.requests.length }
}

function planOf(query: Query, identity: IdentityScope): WholePlan {
  const plan = decide(analyse(query.sql, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 }), query, {
    identity,
    ...PLAIN,
  })
  if (plan.kind !== 'whole') throw new Error(plan.reason)
  return plan
}

test.each<[string, readonly Statement[], readonly string[], number]>([
  ['a limit', [[NO_ROWS], [NEVER], [FIVE], [NO_ROWS]], ['agrees', 'agrees', 'disagrees', 'agrees'], 3],
  [
    'parameters',
    [
      [EQUAL, 1, 2],
      [EQUAL, 1, 1],
      [EQUAL, 1, 2],
    ],
    ['agrees', 'disagrees', 'agrees'],
    2,
  ],
  ['other limits, by one question', [[FIVE], [SIX]], ['disagrees', 'disagrees'], 1],
])('a statement of which Druid reads no table speaks for itself alone: %s', async (_, all, words, count) => {
  const { check, asked } = world()
  const found: string[] = []
  for (const statement of all) found.push(await check(...statement))
  expect([found, asked()]).toEqual([words, count])
})

test('nor for those that wait for its word', async () => {
  const { check, asked } = world()
  const statements = [[NO_ROWS], [FIVE], [NO_ROWS], [SIX]] as const
  const found = await Promise.all(statements.map(([sql]) => check(sql)))
  expect([found, asked()]).toEqual([['agrees', 'disagrees', 'agrees', 'disagrees'], 2])
})
