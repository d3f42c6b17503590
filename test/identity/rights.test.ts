import { describe, expect, test } from 'vitest'
import { Rights } from '../../src/identity/rights.ts'
import { type IdentityScope } from '../../src/plan/query.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { bodyText } from '../support/scripted.ts'

const ALICE = { scope: 'alice' as IdentityScope, headers: ['Authorization', 'Basic YWxpY2U='] }
const SERVICE = 'druid/broker'
const RECHECK_MS = 60_000
const POLICY_MS = 10_000

function world(status = 200): {
  clock: ManualClock
  druid: FakeDruid
  rights: Rights
  answer: { status: number; text: string }
} {
  const clock = new ManualClock()
  const answer = { status, text: '[]\n' }
  const druid = new FakeDruid(
    () => ({ status: answer.status, body: answer.text }),
    () => clock.now(),
  )
  const rights = new Rights({
    druid,
    clock,
    recheckMs: RECHECK_MS,
    policyMs: POLICY_MS,
    proofsMax: 100,
    timeoutMs: 1_000,
    checkSql: (table) => `SELECT 1 FROM "${table}" LIMIT 0`,
    allRows: { checkSql: (table) => `PLAN ${table}`, shows: (text) => text.includes('all') },
    onCheck: () => undefined,
  })
  return { clock, druid, rights, answer }
}

describe('a proof', () => {
  test('opens what it was made for, until it is too old', async () => {
    const { rights, clock } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('proved')
    expect(rights.state(ALICE.scope, SERVICE, ['a', 'b'], 'read')).toBe('unproved')
    expect(rights.state('bob' as IdentityScope, SERVICE, ['a'], 'read')).toBe('unproved')
    expect(rights.state(ALICE.scope, 'other/broker', ['a'], 'read')).toBe('unproved')
    await clock.advance(RECHECK_MS * 0.8)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('due')
    await clock.advance(RECHECK_MS * 0.3)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('unproved')
  })

  test('of a time that is yet to come opens nothing: the clock was set back', () => {
    const { rights, clock } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now() + 1)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('unproved')
  })

  test('is as old as the question, not as the answer', async () => {
    const { rights, clock } = world()
    const askedAtMs = clock.now()
    await clock.advance(RECHECK_MS * 0.9)
    rights.proved(ALICE.scope, SERVICE, ['a'], askedAtMs)
    await clock.advance(RECHECK_MS * 0.2)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('unproved')
  })
})

describe('a check', () => {
  test('asks for each table as the caller, reading no row, and once for all who wait', async () => {
    const { rights, druid } = world()
    const asked = [1, 2, 3].map(() => rights.check(ALICE, SERVICE, ['a', 'b'], 'read'))
    expect(await Promise.all(asked)).toEqual([true, true, true])
    const bodies = druid.requests.map((request) => bodyText(request))
    expect(bodies.toSorted()).toEqual(
      ['a', 'b'].map((table) =>
        JSON.stringify({ query: `SELECT 1 FROM "${table}" LIMIT 0`, resultFormat: 'array' }),
      ),
    )
    expect(druid.requests.every(({ headers }) => headers.includes('Basic YWxpY2U='))).toBe(true)
  })

  test.each([401, 403])('that Druid answers with %i takes an older proof away', async (status) => {
    const { rights, clock, answer } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    await clock.advance(RECHECK_MS * 0.8)
    answer.status = status
    rights.renew(ALICE, SERVICE, ['a'], 'read')
    await settle()
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('unproved')
    expect(await rights.check(ALICE, SERVICE, ['a'], 'read')).toBe(false)
  })

  test('that fails for reasons of its own opens nothing and takes nothing', async () => {
    const { rights, clock, answer } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    await clock.advance(RECHECK_MS * 0.8)
    answer.status = 503
    expect(await rights.check(ALICE, SERVICE, ['a'], 'read')).toBe(false)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('due')
  })
})

describe('a proof that all rows are seen', () => {
  test('lives for identity.policy, and is none by a proof that a table may be read', async () => {
    const { rights, clock, answer } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read-all')).toBe('unproved')
    answer.text = 'all'
    expect(await rights.allows(ALICE, SERVICE, ['a'], 'read-all')).toBe(true)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read-all')).toBe('proved')
    await clock.advance(POLICY_MS + 1)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read-all')).toBe('unproved')
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('proved')
  })

  test('ends when a policy is seen, which is remembered as long', async () => {
    const { rights, clock, answer } = world()
    answer.text = 'all'
    await rights.check(ALICE, SERVICE, ['a'], 'read-all')
    answer.text = 'some'
    expect(await rights.confirmsAllRows(ALICE, SERVICE, ['a'])).toBe(false)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read-all')).toBe('unproved')
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('proved')
    expect(rights.isRestricted(ALICE.scope, SERVICE, ['b', 'a'])).toBe(true)
    expect(rights.isRestricted(ALICE.scope, SERVICE, ['b'])).toBe(false)
    await clock.advance(POLICY_MS + 1)
    expect(rights.isRestricted(ALICE.scope, SERVICE, ['a'])).toBe(false)
  })

  test('is confirmed by what is asked afterwards, in two questions for all who want that', async () => {
    const { rights, druid, answer } = world()
    answer.text = 'all'
    const first = rights.confirmsAllRows(ALICE, SERVICE, ['a'])
    const later = Array.from({ length: 20 }, () => rights.confirmsAllRows(ALICE, SERVICE, ['a']))
    expect(await Promise.all([first, ...later])).not.toContain(false)
    expect(druid.requests).toHaveLength(2)
    expect(await rights.confirmsAllRows(ALICE, SERVICE, ['a'])).toBe(true)
    expect(druid.requests).toHaveLength(3)
  })
})

describe('a refusal', () => {
  test.each(['read', 'read-all'] as const)('leaves no proof behind: %s', async (right) => {
    const { rights, answer } = world()
    answer.text = 'all'
    await rights.check(ALICE, SERVICE, ['a'], right)
    rights.refused(ALICE.scope, SERVICE, ['a'])
    expect(rights.state(ALICE.scope, SERVICE, ['a'], right)).toBe('unproved')
  })

  test('counts for what was asked before it and is answered after it', async () => {
    const { rights, clock } = world()
    const askedAtMs = clock.now()
    await clock.advance(10)
    rights.refused(ALICE.scope, SERVICE, ['a'])
    rights.proved(ALICE.scope, SERVICE, ['a'], askedAtMs)
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('unproved')
    await clock.advance(10)
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('proved')
  })

  test("is nobody else's, and of nothing else", () => {
    const { rights, clock } = world()
    rights.proved(ALICE.scope, SERVICE, ['a', 'b'], clock.now())
    rights.refused('bob' as IdentityScope, SERVICE, ['a'])
    rights.refused(ALICE.scope, 'other/broker', ['a'])
    rights.refused(ALICE.scope, SERVICE, ['b'])
    expect(rights.state(ALICE.scope, SERVICE, ['a'], 'read')).toBe('proved')
  })
})
