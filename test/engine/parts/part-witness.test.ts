// What Druid's word on one question counts for: its shape, and how its bounds are written.
import { expect, test } from 'vitest'
import { PartWitness, type Question } from '../../../src/engine/parts/part-witness.ts'
import { decide } from '../../../src/plan/decide.ts'
import { type IdentityScope, type Query } from '../../../src/plan/query.ts'
import { analyse } from '../../../src/sql/analyse.ts'
import { PLAIN } from '../../support/circumstances.ts'
import { FakeDruid } from '../../support/fake-druid.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const SQL = 'SELECT x, COUNT(*) AS n FROM events WHERE __time >= ? AND x = ? GROUP BY 1'
const X = { type: 'VARCHAR', value: 'a' }
const START = { type: 'TIMESTAMP', value: '2026-11-01T00:00:00' }

/** What is asked about the statement with these values. */
function question(...given: readonly object[]): Question {
  const query: Query = {
    sql: SQL,
    parameters: JSON.stringify(given),
    extras: new Map(),
    context: new Map(),
  }
  const identity = 'alice' as IdentityScope
  const analysis = analyse(SQL, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 })
  const plan = decide(analysis, query, { identity, ...PLAIN })
  if (plan.kind !== 'whole' || plan.parts === undefined) throw new Error('there are no parts')
  const request = { query, identity, headers: [], bodies: { explain: () => Buffer.from('{}') } }
  return {
    request: request as unknown as Question['request'],
    plan,
    parts: plan.parts,
    generation: 1,
    live: false,
    service: 'druid/broker',
    text: SQL,
    ranges: [],
    period: 'P1D',
    windowNow: () => [],
  }
}

test.each<[string, boolean, readonly object[]]>([
  ['another instant', true, [{ ...START, value: '2026-11-02T10:20:30' }, X]],
  ['an instant of another type', false, [{ ...START, type: 'VARCHAR' }, X]],
  ['a type that Druid does not know', false, [{ ...START, type: 'timestamp' }, X]],
  ['a number', false, [{ ...START, value: 1_793_491_200_000 }, X]],
  ['an instant in another form', false, [{ ...START, value: '2026-11-01 00:00:00' }, X]],
  ['another value beside the bounds', false, [START, { ...X, value: 'b' }]],
])('what Druid said of a statement is its word on %s: %s', async (_, isSame, values) => {
  const witness = new PartWitness({
    druid: new FakeDruid(() => ({ status: 500, body: '' })),
    clock: new ManualClock(),
    timeoutMs: 1_000,
    mayBeRestricted: () => false,
    refused: () => undefined,
    onVerdict: () => undefined,
  })
  const [first, other] = [question(START, X), question(...values)]
  await witness.ask(first)
  expect([witness.verdict(first), witness.verdict(other)]).toEqual(['asked', isSame ? 'asked' : 'new'])
})
