// Which edges of a window are alone in their buckets: only those may be held, or come, by themselves. And how far a window
// goes where there are rows.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Grid, withRows } from '../../../src/engine/parts/window.ts'
import { type Part, BrokerView, splitAt } from '../../../src/freshness/view.ts'
import { type Interval } from '../../../src/plan/facts.ts'
import { intersected, united } from '../../../src/plan/intervals.ts'
import { ManualClock } from '../../support/manual-clock.ts'

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

const CLOCK = new ManualClock()
const SPLIT_MS = splitAt(CLOCK.now())

const days = (from: number, to: number): Interval => ({
  startMs: SPLIT_MS + from * DAY_MS,
  endMs: SPLIT_MS + to * DAY_MS,
})

async function viewOf(segments: readonly Interval[], looked: readonly Part[]): Promise<BrokerView> {
  const view = new BrokerView(({ startMs, endMs }) => {
    const within = segments.filter((one) => one.startMs < endMs && one.endMs > startMs)
    const found = within.map((one) => ({ ...one, version: 'v', partition: 0, sealed: true }))
    const atMs = CLOCK.now()
    return Promise.resolve({ startedAtMs: atMs, endedAtMs: atMs, segments: found, schema: '' })
  }, CLOCK)
  for (const part of looked) await view.look(part)
  return view
}

test.each<[string, readonly Interval[], readonly Part[], Interval, readonly Interval[] | undefined]>([
  ['ends with the last segment', [days(-9, -2)], ['past', 'head'], days(-4, 1), [days(-4, -2)]],
  ['begins with the first', [days(-9, -2)], ['past', 'head'], days(-12, -8), [days(-9, -8)]],
  ['has nothing behind the last', [days(-9, -2)], ['past', 'head'], days(-2, 1), []],
  // A datasource without weekends has rows since: none of its days is behind the last.
  ['goes over days without rows', [days(-9, -2), days(0, 1)], ['past', 'head'], days(-4, 0), [days(-4, 0)]],
  ['begins with such days', [days(-9, -2), days(1, 2)], ['past', 'head'], days(0, 2), [days(0, 2)]],
  [
    'is of what is known, where the head is not',
    [days(-9, -2), days(0, 1)],
    ['past'],
    days(-4, 0),
    [days(-4, -2)],
  ],
  ['is not known', [days(-9, -2), days(0, 1)], ['past'], days(-4, 1), undefined],
])('a window where there are rows %s', async (_, segments, looked, asked, expected) => {
  expect(withRows([asked], await viewOf(segments, looked))).toEqual(expected)
})
