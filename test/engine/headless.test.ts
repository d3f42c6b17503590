// Answers that Druid gives without a head alone: columns of one name and of several types (33.0.0).
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { cacheStatus } from '../support/side-by-side.ts'
import { type Stack, startStack } from '../support/stack.ts'

const QUERY = 'SELECT country AS x, COUNT(*) AS x FROM events GROUP BY 1'
const CONFLICT = {
  status: 500,
  headers: ['Content-Type', 'application/json'],
  body: '{"error":"Unknown exception","errorMessage":"Column[x] has conflicting types [STRING] and [LONG]"}',
}

let stack: Stack
let druid: FakeDruid
const data = (): number => druid.requests.filter((request) => kindOf(request) === 'data').length

beforeEach(async () => {
  const others = answerer({ ...script(), passed: '[{"x":"US","x":3}]\n' })
  druid = new FakeDruid((request, signal) => {
    const isHeaded = kindOf(request) === 'data' && bodyText(request).includes('"header":true')
    return isHeaded ? CONFLICT : others(request, signal)
  })
  stack = await startStack(druid)
})

afterEach(() => stack.stop())

test('are given to who wants no head, by those who ask at once too, and asked for so from then on', async () => {
  const got = await Promise.all([1, 2, 3].map(() => askSql(stack.sqlUrl, QUERY)))
  expect(got.map(({ status, body }) => [status, body.toString()])).toEqual(
    Array(3).fill([200, '[{"x":"US","x":3}]\n']),
  )
  const before = data()
  const again = await askSql(stack.sqlUrl, QUERY)
  expect([again.body.toString(), cacheStatus(again), data() - before]).toEqual([
    '[{"x":"US","x":3}]\n',
    'fwd=bypass; detail="pass result-format"',
    1,
  ])
})

test("are Druid's own error to who wants one", async () => {
  for (const body of [{ query: QUERY, header: true }, { query: QUERY }, { query: QUERY, header: true }]) {
    const got = await askSql(stack.sqlUrl, body)
    expect([got.status, got.body.toString().includes('conflicting')]).toEqual(
      'header' in body ? [500, true] : [200, false],
    )
  }
})
