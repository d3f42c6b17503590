// Fetches under way, and who may wait for them.
import { expect, test } from 'vitest'
import { InAir } from '../../../src/engine/parts/in-air.ts'
import { SeriesMethod } from '../../../src/engine/parts/series-method.ts'
import { NO_ROWS } from '../../../src/result/bucket-rows.ts'
import { deferred } from '../../support/deferred.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const method = new SeriesMethod({ topNThreshold: 1_000 })
const HEAD = {
  rows: [NO_ROWS.bytes, NO_ROWS.bytes, NO_ROWS.bytes],
  types: [],
  sqlTypes: [],
  visible: 0,
} as const
const BOUND_MS = 5_000

function range(from: number, to: number): { readonly startMs: number; readonly endMs: number } {
  return { startMs: from, endMs: to }
}

type Found = Awaited<Parameters<InAir['tell']>[3]>

test('a fetch that fails is nobody else’s trouble, whether it can be joined or not', async () => {
  const inAir = new InAir(new ManualClock())
  for (const ranges of [[], [range(0, 10)]]) {
    inAir.tell('k', method, ranges, Promise.reject(new Error('no Broker')))
    const [joined] = inAir.joinable('k', method, [range(0, 5)], BOUND_MS)
    expect(await joined?.landing).toBeUndefined()
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(inAir.joinable('k', method, [range(0, 5)], BOUND_MS)).toEqual([])
})

test('the newest is joined first, each range once, none that is too old', () => {
  const clock = new ManualClock()
  const inAir = new InAir(clock)
  const never = new Promise<never>(() => undefined)
  inAir.tell('k', method, [range(0, 10)], never)
  return clock.advance(BOUND_MS).then(() => {
    inAir.tell('k', method, [range(5, 20)], never)
    const of = (...missing: ReturnType<typeof range>[]): unknown =>
      inAir.joinable('k', method, missing, BOUND_MS).map(({ ranges }) => ranges)
    expect(of(range(0, 30))).toEqual([[range(5, 20)], [range(0, 5)]])
    expect(of(range(30, 40))).toEqual([])
    expect(inAir.joinable('other', method, [range(0, 30)], BOUND_MS)).toEqual([])
    expect(inAir.joinable('k', method, [range(0, 30)], BOUND_MS - 1)).toHaveLength(1)
    expect(inAir.joinable('k', method, [range(0, 30)], -1)).toEqual([])
  })
})

test('what has landed is joined until it is held, and nothing older than it', async () => {
  const clock = new ManualClock()
  const inAir = new InAir(clock)
  const [older, newer, held] = [deferred<Found>(), deferred<Found>(), deferred<undefined>()]
  inAir.tell('k', method, [range(0, 10)], older.promise as never)
  await clock.advance(1)
  inAir.tell('k', method, [range(5, 10)], newer.promise as never)
  newer.resolve({ rows: NO_ROWS, head: HEAD, judged: held.promise })
  await new Promise((resolve) => setImmediate(resolve))
  expect(inAir.joinable('k', method, [range(0, 10)], BOUND_MS).map(({ ranges }) => ranges)).toEqual([
    [range(5, 10)],
  ])
  held.resolve(undefined)
  await new Promise((resolve) => setImmediate(resolve))
  expect(inAir.joinable('k', method, [range(0, 10)], BOUND_MS)).toEqual([])
})
