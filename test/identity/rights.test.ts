import { describe, expect, test } from 'vitest'
import { Rights } from '../../src/identity/rights.ts'
import { type IdentityScope } from '../../src/plan/query.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { bodyText } from '../support/scripted.ts'

const ALICE = { scope: 'alice' as IdentityScope, headers: ['Authorization', 'Basic YWxpY2U='] }
const SERVICE = 'druid/broker'
const RECHECK_MS = 60_000

function world(status = 200): {
  clock: ManualClock
  druid: FakeDruid
  rights: Rights
  answer: { status: number }
} {
  const clock = new ManualClock()
  const answer = { status }
  const druid = new FakeDruid(
    () => ({ status: answer.status, body: '[]\n' }),
    () => clock.now(),
  )
  const rights = new Rights({
    druid,
    clock,
    recheckMs: RECHECK_MS,
    proofsMax: 100,
    timeoutMs: 1_000,
    checkSql: (table) => `SELECT 1 FROM "${table}" LIMIT 0`,
    onCheck: () => undefined,
  })
  return { clock, druid, rights, answer }
}

describe('a proof', () => {
  test('opens what it was made for, until it is too old', async () => {
    const { rights, clock } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('proved')
    expect(rights.state(ALICE.scope, SERVICE, ['a', 'b'])).toBe('unproved')
    expect(rights.state('bob' as IdentityScope, SERVICE, ['a'])).toBe('unproved')
    expect(rights.state(ALICE.scope, 'other/broker', ['a'])).toBe('unproved')
    await clock.advance(RECHECK_MS * 0.8)
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('due')
    await clock.advance(RECHECK_MS * 0.3)
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('unproved')
  })

  test('of a time that is yet to come opens nothing: the clock was set back', () => {
    const { rights, clock } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now() + 1)
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('unproved')
  })

  test('is as old as the question, not as the answer', async () => {
    const { rights, clock } = world()
    const askedAtMs = clock.now()
    await clock.advance(RECHECK_MS * 0.9)
    rights.proved(ALICE.scope, SERVICE, ['a'], askedAtMs)
    await clock.advance(RECHECK_MS * 0.2)
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('unproved')
  })
})

describe('a check', () => {
  test('asks for each table as the caller, reading no row, and once for all who wait', async () => {
    const { rights, druid } = world()
    const asked = [1, 2, 3].map(() => rights.check(ALICE, SERVICE, ['a', 'b']))
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
    rights.renew(ALICE, SERVICE, ['a'])
    await settle()
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('unproved')
    expect(await rights.check(ALICE, SERVICE, ['a'])).toBe(false)
  })

  test('that fails for reasons of its own opens nothing and takes nothing', async () => {
    const { rights, clock, answer } = world()
    rights.proved(ALICE.scope, SERVICE, ['a'], clock.now())
    await clock.advance(RECHECK_MS * 0.8)
    answer.status = 503
    expect(await rights.check(ALICE, SERVICE, ['a'])).toBe(false)
    expect(rights.state(ALICE.scope, SERVICE, ['a'])).toBe('due')
  })
})
