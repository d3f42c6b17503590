// What leases cost, and for what they are worth it.
import { expect, test } from 'vitest'
import { LeaseCost } from '../../src/coordination/lease-cost.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MINUTE_MS = 60_000

interface Case {
  readonly learnt: readonly number[]
  readonly replicas?: number
  readonly expectedMs: number | undefined
  readonly worth: boolean
}

const steady = Array.from({ length: 10 }, () => 2)

test.each<[string, Case]>([
  ['nothing learnt: what takes long', { learnt: [], expectedMs: 50, worth: true }],
  ['nothing learnt: what is quick', { learnt: [], expectedMs: 3, worth: false }],
  ['a cost not known counts as high', { learnt: steady, expectedMs: undefined, worth: true }],
  ['dearer than a lease', { learnt: steady, expectedMs: 3, worth: true }],
  ['as dear as a lease', { learnt: steady, expectedMs: 2, worth: false }],
  ['alone', { learnt: steady, replicas: 1, expectedMs: 5_000, worth: false }],
  ['leases that are slow now and then', { learnt: [...steady, 90, 90, 90], expectedMs: 50, worth: true }],
  ['leases that are slow mostly', { learnt: [2, 2, 90, 90, 90], expectedMs: 50, worth: false }],
])('%s', (_, { learnt, replicas = 3, expectedMs, worth }) => {
  const cost = new LeaseCost({ clock: new ManualClock(), liveReplicas: () => replicas })
  for (const ms of learnt) cost.learn(ms)
  expect(cost.worth(expectedMs)).toBe(worth)
})

test('a bad minute is forgotten, and not many are kept', async () => {
  const clock = new ManualClock()
  const cost = new LeaseCost({ clock, liveReplicas: () => 2 })
  for (let at = 0; at < 100; at += 1) cost.learn(1_000)
  expect([cost.p50Ms, cost.worth(500)]).toEqual([1_000, false])
  for (let at = 0; at < 64; at += 1) cost.learn(1)
  expect(cost.p50Ms).toBe(1)
  cost.learn(1_000)
  await clock.advance(MINUTE_MS + 1)
  expect(cost.worth(50)).toBe(true)
})
