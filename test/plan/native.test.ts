import { expect, test } from 'vitest'
import { intervalsOf } from '../../src/plan/native.ts'
import { FIRST_MS, LAST_MS } from '../../src/plan/window.ts'

test.each([
  ['2026-10-01T00:00:00.000Z/2026-10-02T00:00:00.000Z', Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 2)],
  // Of `__time <= TIMESTAMP '9999-12-31 23:59:59.999'`, as it is said for "no end" (33.0.0).
  ['2026-10-01T00:00:00.000Z/10000-01-01T00:00:00.000Z', Date.UTC(2026, 9, 1), 253_402_300_800_000],
  ['-0044-03-15T00:00:00.000Z/10000-01-01T00:00:00.000Z', -63_549_360_000_000, 253_402_300_800_000],
  ['-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z', FIRST_MS, LAST_MS],
  ['2026-10-01T00:00:00.000Z/300000-01-01T00:00:00.000Z', Date.UTC(2026, 9, 1), LAST_MS],
])('the interval %s of a plan', (text, startMs, endMs) => {
  expect(intervalsOf({ type: 'intervals', intervals: [text] })).toEqual([{ startMs, endMs }])
})
