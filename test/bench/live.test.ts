import { expect, test } from 'vitest'
import { failures, liveWrongs, type Reading } from '../../bench/dashboard/live.ts'
import { sampleOf } from '../../bench/dashboard/sample.ts'
import { type Statement } from '../../bench/dashboard/statement.ts'
import { countOf, type StreamRow } from '../../bench/dashboard/stream-rows.ts'
import { answered, STATEMENT } from './support.ts'

/** One row a second, from 0 on; every other one from DE. */
const ROWS: readonly StreamRow[] = Array.from({ length: 100 }, (_, second) => ({
  timeMs: second * 1_000,
  country: second % 2 === 0 ? 'DE' : 'US',
  device: 'mobile',
}))
/** Druid shows each row two seconds after its time, and is asked each second. */
const READINGS: readonly Reading[] = Array.from({ length: 100 }, (_, second) => ({
  askedAtMs: second * 1_000,
  answeredAtMs: second * 1_000 + 10,
  rows: Math.max(0, second - 2),
}))

const ALL = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }
const live = (given: Partial<Statement>): Statement => ({
  ...STATEMENT,
  table: 'stream',
  range: { span: () => ALL, where: () => '1 = 1' },
  counts: { column: 0 },
  ...given,
})

function wrongs(statement: Statement, count: number): readonly string[] {
  const one = answered({ statement, askedAtMs: 50_500, answeredAtMs: 50_600, rows: [{ n: count }] })
  return liveWrongs([{ ...one, now: { wallMs: 50_500, eventsMs: 0 } }], READINGS, ROWS)
}

test.each([
  [42, false],
  [43, true],
  [48, true],
  [49, true],
  [50, false],
])('asked at 50.5 s with a bound of 5 s, %i rows of all are right: %s', (count, isRight) => {
  expect(wrongs(live({}), count)).toHaveLength(isRight ? 0 : 1)
})

test.each([
  ['of a window', live({ range: { span: () => ({ startMs: 10_000, endMs: 20_000 }), where: () => '' } }), 10],
  ['of one country', live({ counts: { column: 0, of: ({ country }) => country === 'DE' } }), 22],
])('rows %s are counted', (_, statement, count) => {
  expect(wrongs(statement, count)).toEqual([])
  expect(wrongs(statement, count + 5)).toHaveLength(1)
})

test('a relative window is that of any moment within the bound', () => {
  const span = (nowMs: number): typeof ALL => ({ startMs: nowMs - 20_000, endMs: Number.POSITIVE_INFINITY })
  const statement = live({ range: { relative: true, span, where: () => '' } })
  // Of the first 43 rows those from 30.6 s on; of the first 49 those from 25.5 s on.
  expect([11, 12, 23, 24].map((count) => wrongs(statement, count).length)).toEqual([1, 0, 0, 1])
})

test('statements that count nothing are not judged, and answers that failed are told apart', () => {
  const failed = answered({ statement: live({}), status: 500, answer: Buffer.from('{"error":"x"}') })
  expect(liveWrongs([answered(), failed], READINGS, ROWS)).toEqual([])
  expect(failures([answered(), failed])).toEqual(['superset test 1: 500 {"error":"x"}'])
})

test('rows of a window are counted among those that were there', () => {
  expect(countOf(ROWS, 100, { startMs: 10_000, endMs: 12_000 })).toBe(2)
  expect(countOf(ROWS, 11, { startMs: 10_000, endMs: 12_000 })).toBe(1)
  expect(countOf(ROWS, 5, { startMs: 10_000, endMs: 12_000 })).toBe(0)
})

test('a sample has its size, its order, and is the same again', () => {
  const items = Array.from({ length: 1_000 }, (_, n) => n)
  const some = sampleOf(items, 30, 7)
  expect(some).toHaveLength(30)
  expect(some).toEqual(some.toSorted((a, b) => a - b))
  expect(sampleOf(items, 30, 7)).toEqual(some)
  expect(sampleOf([1, 2], 30, 7)).toEqual([1, 2])
})
