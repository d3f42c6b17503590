// What those get who share a computation, when Druid refuses it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type LeaseOffice } from '../../src/engine/turns.ts'
import { deferred } from '../support/deferred.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql } from '../support/http-client.ts'
import { answerer, kindOf, type Script, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

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

test('a query that nobody waits for any more when its turn has come never reaches Druid', async () => {
  const brought = deferred<void>()
  let reads = 0
  let leases = 0
  const shared = {
    get: async (keys: readonly string[]) => {
      reads += 1
      // The first look is without a lease.
      if (reads > 1) await brought.promise
      return keys.map(() => undefined)
    },
    put: () => undefined,
    flushed: () => Promise.resolve(),
  }
  const office: LeaseOffice = {
    acquire: () => {
      leases += 1
      const release = async (): Promise<void> => void (leases -= 1)
      return Promise.resolve({ kind: 'held', lease: { release } })
    },
    worth: () => true,
  }
  const druid = new FakeDruid(answerer(broker))
  const replica = await startStack(druid, {}, systemClock, { shared, leases: () => office })
  try {
    const client = new AbortController()
    const body = JSON.stringify({ query: 'SELECT COUNT(*) AS n FROM events' })
    const asked = ask(replica.sqlUrl, { headers: JSON_TYPE, body, signal: client.signal })
    await vi.waitUntil(() => reads === 2, { timeout: 10_000 })
    expect(leases).toBe(1)
    client.abort()
    await expect(asked).rejects.toThrow('aborted')
    await vi.waitUntil(() => replica.flights.size === 0, { timeout: 10_000 })
    brought.resolve()
    await vi.waitUntil(() => leases === 0, { timeout: 10_000 })
    expect(druid.requests.map(kindOf)).not.toContain('data')
  } finally {
    await replica.stop()
  }
})
