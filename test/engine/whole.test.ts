// What those get who share a computation, when Druid refuses it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { askSql } from '../support/http-client.ts'
import { answerer, type Script, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

let broker: Script
let stack: Stack

beforeEach(async () => {
  broker = script()
  stack = await startStack(new FakeDruid(answerer(broker)))
})

afterEach(async () => {
  await stack.stop()
})

test('an error tells of a row of names to those who asked for one, and to nobody else', async () => {
  const hold = deferred<void>()
  broker.next.push(async () => {
    await hold.promise
    return { status: 400, headers: ['X-Druid-SQL-Header-Included', 'yes'], body: '{"error":"no"}' }
  })
  const asked = Promise.all(
    [true, false].map((header) => askSql(stack.sqlUrl, { query: 'SELECT x FROM events', header })),
  )
  await vi.waitUntil(() => stack.flights.list()[0]?.waiters === 2, { timeout: 10_000 })
  hold.resolve()
  const got = await asked
  expect(got.map(({ status }) => status)).toEqual([400, 400])
  expect(got.map(({ headers }) => headers['x-druid-sql-header-included'])).toEqual(['yes', undefined])
})
