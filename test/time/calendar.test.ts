import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addLocal, floorLocal, monthOf, monthStart, unitsBetween, UNITS } from '../../src/time/calendar.ts'
import { END_MS, FIRST_MS } from '../../src/time/zone.ts'

const local = fc.integer({ min: FIRST_MS, max: END_MS - 1 })

test('months are those of Date', () => {
  fc.assert(
    fc.property(local, (ms) => {
      const date = new Date(ms)
      expect(monthOf(ms)).toBe(date.getUTCFullYear() * 12 + date.getUTCMonth())
      const start = new Date(ms)
      start.setUTCHours(0, 0, 0, 0)
      start.setUTCDate(1)
      expect(monthStart(monthOf(ms))).toBe(start.getTime())
      expect(floorLocal('months', ms)).toBe(start.getTime())
      start.setUTCMonth(0)
      expect(floorLocal('years', ms)).toBe(start.getTime())
    }),
    { numRuns: 5_000 },
  )
})

test('weeks begin on Mondays', () => {
  fc.assert(
    fc.property(local, (ms) => {
      const monday = floorLocal('weeks', ms)
      expect(new Date(monday).getUTCDay()).toBe(1)
      expect(ms - monday).toBeGreaterThanOrEqual(0)
      expect(ms - monday).toBeLessThan(7 * 86_400_000)
    }),
  )
})

test('what was added is what lies between', () => {
  fc.assert(
    fc.property(local, fc.constantFrom(...UNITS), fc.integer({ min: -500, max: 500 }), (ms, unit, count) => {
      const to = addLocal(unit, ms, count)
      // A day that was cut (31 March less a month) may count as a whole month only forwards.
      const off = Math.abs(unitsBetween(unit, ms, to) - count)
      expect(off).toBeLessThanOrEqual(count >= 0 ? 0 : 1)
    }),
    { numRuns: 3_000 },
  )
})

// BasicMonthOfYearDateTimeField and BasicGJChronology of Joda-Time 2.12.5.
test.each([
  ['months', '2026-01-31T00:00', '2026-02-28T00:00', 1],
  ['months', '2026-01-31T12:00', '2026-02-28T00:00', 0],
  ['months', '2026-01-31T00:00', '2026-03-30T00:00', 1],
  ['months', '2026-03-30T00:00', '2026-01-31T00:00', -1],
  ['months', '2026-02-28T00:00', '2026-01-31T00:00', -1],
  ['years', '2024-02-29T00:00', '2025-02-28T00:00', 1],
  ['years', '2024-02-29T00:00', '2025-02-27T00:00', 0],
  ['years', '2023-03-01T00:00', '2024-02-29T00:00', 0],
  ['years', '2024-03-01T00:00', '2025-03-01T00:00', 1],
  ['days', '2026-01-01T12:00', '2026-01-03T00:00', 1],
  ['days', '2026-01-03T00:00', '2026-01-01T12:00', -1],
] as const)('%s from %s to %s: %i', (unit, from, to, expected) => {
  expect(unitsBetween(unit, Date.parse(`${from}Z`), Date.parse(`${to}Z`)) + 0).toBe(expected)
})

test.each([
  ['months', '2026-01-31T01:02', 1, '2026-02-28T01:02'],
  ['months', '2024-03-31T01:02', -1, '2024-02-29T01:02'],
  ['months', '2026-01-15T01:02', -13, '2024-12-15T01:02'],
  ['years', '2024-02-29T01:02', 1, '2025-02-28T01:02'],
  ['years', '2024-02-29T01:02', 4, '2028-02-29T01:02'],
  ['years', '2000-02-29T01:02', -100, '1900-02-28T01:02'],
] as const)('%s added to %s: %i is %s', (unit, from, count, expected) => {
  expect(new Date(addLocal(unit, Date.parse(`${from}Z`), count)).toISOString()).toBe(`${expected}:00.000Z`)
})
