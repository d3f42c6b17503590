// Aligned runs: whoever lacks a bucket means the same run, whatever else they lack.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alignedRuns } from '../../../src/engine/parts/aligned-runs.ts'
import { Grid } from '../../../src/engine/parts/window.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.UTC(2024, 0, 1)

const PERIODS = [
  ['PT1S', 'Etc/UTC'],
  ['PT1M', 'Etc/UTC'],
  ['PT5M', 'Asia/Kolkata'],
  ['PT1H', 'Europe/Berlin'],
  ['PT6H', 'America/New_York'],
  ['P1D', 'Europe/Berlin'],
  ['P1D', 'Pacific/Apia'],
  ['P1W', 'Etc/UTC'],
  ['P1M', 'America/New_York'],
  ['P1Y', 'Etc/UTC'],
] as const

function gridOf(period: string, zone: string): Grid {
  const grid = Grid.of({
    grid: { period, originMs: undefined, zone },
    movedMs: 0,
    label: { kind: 'moved', ms: 0 },
  })
  if (grid === undefined) throw new Error(`no grid of ${period}`)
  return grid
}

test.each(PERIODS)('%s in %s: each bucket is in one run, for all who lack it', (period, zone) => {
  const grid = gridOf(period, zone)
  const { startMs, endMs } = grid.around({ startMs: FROM_MS, endMs: FROM_MS + 1 })
  const bucketMs = endMs - startMs
  const instant = fc.integer({ min: 0, max: 300 }).map((at) => FROM_MS + at * bucketMs)
  const windows = fc.array(fc.tuple(instant, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(windows, instant, (some, one) => {
      const bucket = grid.around({ startMs: one, endMs: one + 1 })
      const others = some.map(([fromMs, count]) =>
        grid.around({ startMs: fromMs, endMs: fromMs + count * bucketMs }),
      )
      const [alone, ...more] = alignedRuns(grid, [bucket], 10) ?? []
      expect(more).toEqual([])
      expect(alone?.interval.startMs).toBeLessThanOrEqual(bucket.startMs)
      expect(alone?.interval.endMs).toBeGreaterThanOrEqual(bucket.endMs)
      const together = alignedRuns(grid, [...others, bucket], 1_000) ?? []
      expect(together).toContainEqual(alone)
      for (const [at, run] of together.entries()) {
        expect([grid.isStart(run.interval.startMs), grid.isStart(run.interval.endMs)]).toEqual([true, true])
        const last = together[at - 1]
        if (last === undefined) continue
        expect(run.index).toBeGreaterThan(last.index)
        expect(run.interval.startMs).toBeGreaterThanOrEqual(last.interval.endMs)
        const isNext = run.index === last.index + 1
        expect(isNext && run.interval.startMs !== last.interval.endMs).toBe(false)
      }
    }),
  )
})

test('what charts ask for is few runs; too many are none', () => {
  const hours = gridOf('PT1H', 'Etc/UTC')
  const week = [{ startMs: FROM_MS, endMs: FROM_MS + 7 * DAY_MS }]
  expect(alignedRuns(hours, week, 64)?.length).toBeLessThanOrEqual(6)
  expect(alignedRuns(hours, [{ startMs: FROM_MS, endMs: FROM_MS + 4_000 * DAY_MS }], 64)).toBeUndefined()
  expect(alignedRuns(hours, [], 64)).toEqual([])
})
