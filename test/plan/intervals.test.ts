import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Interval } from '../../src/plan/facts.ts'
import { intersected, joinedTo, united, without } from '../../src/plan/intervals.ts'

const SIZE = 24
const some = fc.array(
  fc.record({ startMs: fc.nat(SIZE), endMs: fc.nat(SIZE) }).map(({ startMs, endMs }) => ({ startMs, endMs })),
  { maxLength: 6 },
)

function members(intervals: readonly Interval[]): boolean[] {
  return Array.from({ length: SIZE }, (_, ms) =>
    intervals.some(({ startMs, endMs }) => startMs <= ms && ms < endMs),
  )
}

function isProper(intervals: readonly Interval[]): boolean {
  return intervals.every(
    ({ startMs, endMs }, at) => startMs < endMs && (at === 0 || (intervals[at - 1]?.endMs ?? 0) < startMs),
  )
}

test('sets of intervals are what counting instants one by one gives, sorted and apart', () => {
  fc.assert(
    fc.property(some, some, (first, second) => {
      const [a, b] = [united(first), united(second)]
      const [inA, inB] = [members(a), members(b)]
      expect(inA).toEqual(members(first))
      expect(members(intersected(a, b))).toEqual(inA.map((is, at) => is && inB[at]))
      expect(members(without(a, b))).toEqual(inA.map((is, at) => is && inB[at] === false))
      expect([a, intersected(a, b), without(a, b)].every(isProper)).toBe(true)
    }),
    { numRuns: 5_000 },
  )
})

test('each set on a line of eight instants with each other one', () => {
  const line = Array.from({ length: 8 }, (_, ms) => ({ startMs: ms, endMs: ms + 1 }))
  const sets = Array.from({ length: 2 ** line.length }, (_, bits) =>
    united(line.filter((_interval, ms) => (bits >> ms) & 1)),
  )
  const bitsOf = (intervals: readonly Interval[]): number =>
    isProper(intervals) ? members(intervals).reduce((bits, is, ms) => bits | (Number(is) << ms), 0) : -1
  const wrong = sets.flatMap((a, inA) =>
    sets.flatMap((b, inB) => {
      const found = [intersected(a, b), without(a, b), united([...a, ...b])].map(bitsOf)
      const expected = [inA & inB, inA & ~inB, inA | inB]
      return found.join() === expected.join() ? [] : [{ a, b, found }]
    }),
  )
  expect(wrong).toEqual([])
  expect(sets.length).toBe(256)
})

test('few intervals that cover many, and nothing outside of what they may', () => {
  fc.assert(
    fc.property(some, some, fc.integer({ min: 1, max: 4 }), (first, second, count) => {
      const within = united(first)
      const intervals = intersected(united(second), within)
      const few = joinedTo(count, intervals, within)
      expect(few.length).toBeLessThanOrEqual(Math.max(count, within.length))
      expect([without(intervals, few), without(few, within)]).toEqual([[], []])
      expect(isProper(few)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('the smallest gaps go first', () => {
  const parts = [0, 10, 15, 40, 42].map((startMs) => ({ startMs, endMs: startMs + 1 }))
  expect(joinedTo(3, parts, [{ startMs: 0, endMs: 50 }])).toEqual([
    { startMs: 0, endMs: 1 },
    { startMs: 10, endMs: 16 },
    { startMs: 40, endMs: 43 },
  ])
})
