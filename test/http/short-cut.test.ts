// What is remembered of bodies is bounded by their size, whatever their number: the plan of a long one is long.
import assert from 'node:assert'
import { expect, test } from 'vitest'
import { type Prepared, ShortCut } from '../../src/http/short-cut.ts'
import { readSqlBody } from '../../src/http/sql-body.ts'
import { ANONYMOUS } from '../../src/identity/identity.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { answerer, script } from '../support/scripted.ts'
import { startStack } from '../support/stack.ts'

const LONG_BYTES = 1_000_000
const SHORT_BYTES = 100
/** More than may be remembered of either. */
const LONG = 20
const SHORT = 25_000

async function prepared(): Promise<Prepared> {
  const stack = await startStack(new FakeDruid(answerer(script())))
  await stack.stop()
  const reading = readSqlBody(Buffer.from('{"query":"SELECT COUNT(*) AS n FROM events"}'))
  assert(reading.kind === 'read')
  const plan = stack.planner.plan(reading.body, ANONYMOUS)
  assert(plan.kind === 'whole')
  const { wire, clientId } = reading.body
  return { plan, identity: ANONYMOUS, wire, clientId, generation: 0, revision: 0 }
}

test.each<[string, number, number, number]>([
  ['long bodies by their bytes', LONG, LONG_BYTES, 8],
  ['short bodies by their number', SHORT, SHORT_BYTES, 20_000],
])('%s', async (_, count, bodyBytes, remembered) => {
  const shortCut = new ShortCut()
  const one = await prepared()
  for (let number = 0; number < count; number += 1) shortCut.put(`${number}`, one, bodyBytes)
  const known = Array.from({ length: count }, (_each, number) => shortCut.get(`${number}`) !== undefined)
  expect(known.filter(Boolean)).toHaveLength(remembered)
  expect(known.slice(-remembered)).not.toContain(false)
})
