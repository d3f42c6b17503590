// Heads: the bucket in which a window ends, given whole where no row lies behind the window.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headsOf, isGood } from '../../../src/engine/parts/heads.ts'
import { Grid } from '../../../src/engine/parts/window.ts'
import { type Bucketed } from '../../../src/result/bucket-rows.ts'

const HOUR_MS = 3_600_000
const BUCKET = { startMs: 10 * HOUR_MS, endMs: 11 * HOUR_MS }

function grid(period: string, zone = 'UTC'): Grid {
  const found = Grid.of({
    grid: { period, originMs: undefined, zone },
    movedMs: 0,
    label: { kind: 'moved', ms: 0 },
  })
  if (found === undefined) throw new Error(period)
  return found
}

test.each<[string, number, number, boolean]>([
  ['an end inside of a bucket', 10, 10.5, true],
  ['a start inside of a bucket', 10.5, 11, false],
  ['both inside of one', 10.2, 10.5, false],
  ['a whole bucket', 10, 11, false],
])('%s', (_, from, to, isHead) => {
  const edge = { startMs: from * HOUR_MS, endMs: to * HOUR_MS }
  expect(headsOf([edge], grid('PT1H'))).toEqual(isHead ? [{ bucket: BUCKET, edge }] : [])
})

test('edges that share a bucket are neither', () => {
  const both = [
    { startMs: 10 * HOUR_MS, endMs: 10.2 * HOUR_MS },
    { startMs: 10.4 * HOUR_MS, endMs: 11 * HOUR_MS },
  ]
  expect(grid('PT1H').alone(both)).toEqual([])
  expect(headsOf(both, grid('PT1H'))).toEqual([])
  expect(grid('PT1H').alone([...both, { startMs: 0, endMs: 1 }])).toEqual([{ startMs: 0, endMs: 1 }])
})

test('the hour that comes twice is no bucket of its own', () => {
  const startMs = Date.parse('2026-11-01T05:00:00Z')
  const edge = { startMs, endMs: startMs + HOUR_MS / 2 }
  expect(headsOf([edge], grid('PT1H', 'America/New_York')).length).toBeLessThanOrEqual(1)
  const day = { startMs: Date.parse('2026-11-01T04:00:00Z'), endMs: startMs }
  expect(headsOf([day], grid('P1D', 'America/New_York'))).toEqual([
    { bucket: { startMs: day.startMs, endMs: day.startMs + 25 * HOUR_MS }, edge: day },
  ])
})

test('good exactly where all rows of the bucket lie before the end of the window', () => {
  const instants = fc.array(fc.integer({ min: 8 * HOUR_MS, max: 13 * HOUR_MS - 1 }), { maxLength: 8 })
  fc.assert(
    fc.property(instants, fc.integer({ min: 1, max: HOUR_MS - 1 }), (times, lengthMs) => {
      const lastOf = new Map<number, number>()
      for (const ms of times.toSorted((a, b) => a - b)) lastOf.set(Math.floor(ms / HOUR_MS) * HOUR_MS, ms)
      const buckets = [...lastOf.keys()]
      const lasts = Float64Array.from(lastOf.values())
      const rows: Bucketed = { buckets: Float64Array.from(buckets), lasts }
      const edge = { startMs: BUCKET.startMs, endMs: BUCKET.startMs + lengthMs }
      const slices = [{ rows, from: 0, to: buckets.length }]
      const isEmptyBehind = !times.some((ms) => ms >= edge.endMs && ms < BUCKET.endMs)
      expect(isGood({ bucket: BUCKET, edge }, slices)).toBe(isEmptyBehind)
      // Where it isn't known, only a bucket without rows is.
      const unknown = { rows: { ...rows, lasts: undefined }, from: 0, to: buckets.length }
      expect(isGood({ bucket: BUCKET, edge }, [unknown])).toBe(!lastOf.has(BUCKET.startMs))
    }),
  )
})
