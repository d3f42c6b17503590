// Which edges of a window are alone in their buckets: only those may be held, or come, by themselves.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Grid } from '../../../src/engine/parts/window.ts'
import { type Interval } from '../../../src/plan/facts.ts'
import { intersected, united } from '../../../src/plan/intervals.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const FROM_MS = Date.UTC(2026, 9, 1)
const DAYS = daily()

function daily(): Grid {
  const grid = Grid.of({
    grid: { period: 'P1D', originMs: undefined, zone: 'UTC' },
    movedMs: 0,
    label: { kind: 'moved', ms: 0 },
  })
  if (grid === undefined) throw new Error('no grid of days')
  return grid
}

const hours = (from: number, to: number): Interval => ({
  startMs: FROM_MS + from * HOUR_MS,
  endMs: FROM_MS + to * HOUR_MS,
})

test.each<[string, readonly Interval[], readonly number[]]>([
  ['one in one bucket', [hours(3, 20)], [0]],
  ['two in two', [hours(3, 20), hours(30, 40)], [0, 1]],
  ['two in one', [hours(3, 8), hours(10, 12)], []],
  ['the end of one bucket and the beginning of the next', [hours(20, 30)], []],
  ['one that reaches into the bucket of another', [hours(20, 30), hours(40, 44)], []],
  ['one that reaches into it from behind', [hours(3, 8), hours(20, 30)], []],
])('edges, %s', (_, edges, single) => {
  expect(DAYS.single(edges)).toEqual(single.map((at) => edges[at]))
})

test('no bucket of an edge that is alone has anything of another', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 120 }), { minLength: 2, maxLength: 10 })
  fc.assert(
    fc.property(cuts, (found) => {
      const sorted = found.toSorted((a, b) => a - b)
      const edges = sorted.flatMap((from, at) => {
        const to = sorted[at + 1]
        return at % 2 === 0 && to !== undefined ? [hours(from, to)] : []
      })
      for (const edge of DAYS.alone(edges)) {
        const buckets = united([
          {
            startMs: Math.floor(edge.startMs / DAY_MS) * DAY_MS,
            endMs: Math.ceil(edge.endMs / DAY_MS) * DAY_MS,
          },
        ])
        const others = edges.filter((other) => other !== edge)
        expect(intersected(buckets, others)).toEqual([])
      }
    }),
  )
})
