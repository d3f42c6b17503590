import fc from 'fast-check'
import { expect, test } from 'vitest'
import { granularity, shift, type Granularity } from '../../src/time/granularity.ts'
import { parsePeriod } from '../../src/time/period.ts'
import { UTC, zoneOf } from '../../src/time/zone.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NEW_YORK = 'America/New_York'

function of(period: string, zone = 'UTC', origin?: string): Granularity {
  const made = granularity({ period, zone, originMs: origin === undefined ? undefined : at(origin) })
  if (made === undefined) throw new Error(`no granularity ${period} ${zone}`)
  return made
}

function at(iso: string): number {
  return Date.parse(`${iso}Z`)
}

function text(ms: number | undefined): string | undefined {
  return ms === undefined
    ? undefined
    : new Date(ms)
        .toISOString()
        .replace(/:00\.000Z$/, '')
        .replace('T', ' ')
}

// Each line was seen on Druid 33.0.0 (time-buckets.txt, druid-observed §17, and by hand).
test.each([
  ['2026-11-01T12:34:56', 'P1D', NEW_YORK, undefined, '2026-11-01 04:00'],
  ['2026-11-02T12:34:56', 'P1D', NEW_YORK, undefined, '2026-11-02 05:00'],
  ['2026-11-01T05:30', 'PT1H', NEW_YORK, undefined, '2026-11-01 05:00'],
  ['2026-11-01T06:30', 'PT1H', NEW_YORK, undefined, '2026-11-01 06:00'],
  ['2026-11-01T04:30', 'PT6H', NEW_YORK, undefined, '2026-10-31 23:00'],
  ['2026-11-01T10:59', 'PT6H', NEW_YORK, undefined, '2026-11-01 05:00'],
  ['2026-09-24T12:00', 'P1W', 'UTC', undefined, '2026-09-21 00:00'],
  ['2026-09-24T12:00', 'P7D', 'UTC', undefined, '2026-09-24 00:00'],
  ['2026-09-24T12:00', 'P1W', 'UTC', '2026-09-27T00:00', '2026-09-20 00:00'],
  ['2026-09-24T12:00', 'P2D', 'UTC', '2026-09-25T06:00', '2026-09-23 06:00'],
  ['2026-09-24T00:07', 'PT7M', 'UTC', undefined, '2026-09-24 00:07'],
  ['2026-09-24T12:00', 'P1M', 'Asia/Kolkata', undefined, '2026-08-31 18:30'],
  ['2026-09-24T12:00', 'P3M', 'UTC', undefined, '2026-07-01 00:00'],
  ['2026-09-24T12:00', 'P1Y', 'UTC', undefined, '2026-01-01 00:00'],
  ['2023-04-05T06:07', 'P10Y', 'UTC', undefined, '2020-01-01 00:00'],
  ['2023-04-05T06:07', 'P1000Y', 'UTC', undefined, '1970-01-01 00:00'],
  ['2026-01-02T03:04', 'P1DT6H', 'UTC', undefined, '2026-01-02 00:00'],
  ['2026-01-02T03:04', 'P1DT6H', 'Europe/Berlin', undefined, '2026-01-01 21:00'],
  ['2026-01-02T03:04', 'P1M15D', 'UTC', undefined, '2025-11-30 00:00'],
  ['2026-04-30T00:00', 'P1M', 'UTC', '2026-01-31T00:00', '2026-04-30 00:00'],
  // Oddities. Several hours before 1970 are rounded up, and cut to full hours after an origin that is earlier.
  ['1969-12-31T23:59', 'PT6H', 'UTC', undefined, '1970-01-01 00:00'],
  ['1969-12-31T23:59', 'PT6H', 'UTC', '1970-01-01T01:30', '1969-12-31 19:30'],
  ['2026-01-01T00:00', 'PT6H', 'UTC', '1969-12-31T01:30', '2025-12-31 19:00'],
  // A Sunday that begins at one o'clock has a Monday of its own.
  ['2017-10-15T12:00', 'P1D', 'America/Sao_Paulo', undefined, '2017-10-15 03:00'],
  ['2017-10-14T12:00', 'P1W', 'America/Sao_Paulo', undefined, '2017-10-09 03:00'],
  ['2017-10-15T12:00', 'P1W', 'America/Sao_Paulo', undefined, '2017-10-09 04:00'],
  // Midnight comes twice: two days.
  ['2024-11-03T04:30', 'P1D', 'America/Havana', undefined, '2024-11-03 04:00'],
  ['2024-11-03T17:30', 'P1D', 'America/Havana', undefined, '2024-11-03 05:00'],
  // Half an hour comes twice, and its hour begins where the new clock would have had it.
  ['2024-04-06T15:10', 'PT1H', 'Australia/Lord_Howe', undefined, '2024-04-06 14:30'],
  ['2024-04-06T15:40', 'PT1H', 'Australia/Lord_Howe', undefined, '2024-04-06 15:30'],
  ['2024-04-06T16:10', 'PT6H', 'Australia/Lord_Howe', undefined, '2024-04-06 14:00'],
])('floors %s to %s in %s from %s', (instant, period, zone, origin, expected) => {
  expect(text(of(period, zone, origin).floor(at(instant)))).toBe(expected)
})

test.each([
  ['2026-11-01T12:34:56', 'P1D', NEW_YORK, undefined, '2026-11-02 05:00'],
  ['2026-11-01T04:00', 'P1D', NEW_YORK, undefined, '2026-11-01 04:00'],
  ['2026-02-28T00:00:01', 'P1M', 'UTC', '2026-01-31T00:00', '2026-03-28 00:00'],
  // The day after the gap keeps the gap's hour.
  ['2024-04-25T12:00', 'P1D', 'Africa/Cairo', undefined, '2024-04-25 22:00'],
  ['2024-04-26T12:00', 'P1D', 'Africa/Cairo', undefined, '2024-04-26 22:00'],
])('ceils %s to %s in %s from %s', (instant, period, zone, origin, expected) => {
  expect(text(of(period, zone, origin).ceil(at(instant)))).toBe(expected)
})

test.each([
  ['2026-11-01T04:00', 'P1D', 1, NEW_YORK, '2026-11-02 05:00'],
  ['2024-01-31T00:00', 'P1M', 1, 'UTC', '2024-02-29 00:00'],
  ['2024-01-31T00:00', 'P1M', 2, 'UTC', '2024-03-31 00:00'],
  ['2024-02-29T00:00', 'P1Y', -1, 'UTC', '2023-02-28 00:00'],
  ['2026-03-07T07:30', 'P1D', 1, NEW_YORK, '2026-03-08 07:30'],
  ['2026-10-31T05:30', 'P1D', 1, NEW_YORK, '2026-11-01 05:30'],
  ['2026-10-31T05:30', 'PT24H', 1, NEW_YORK, '2026-11-01 05:30'],
  ['2026-10-30T05:30', 'P1D', 0, NEW_YORK, '2026-10-30 05:30'],
])('shifts %s by %s x %i in %s', (instant, period, step, zone, expected) => {
  expect(text(shift(at(instant), parsePeriod(period)!, step, zoneOf(zone)!))).toBe(expected)
})

test.each([
  ['P0D', 'UTC'],
  ['P', 'UTC'],
  ['P-1D', 'UTC'],
  ['P1DT-1H', 'UTC'],
  ['1D', 'UTC'],
  ['P1D', 'Nope/Zone'],
  ['P1D', 'america/new_york'],
])('refuses %s in %s', (period, zone) => {
  expect(granularity({ period, zone })).toBeUndefined()
})

test.each([
  ['before year 0', 'P1D', 'UTC', Date.UTC(0, 0, 1) - 1_900 * 365.25 * DAY_MS],
  ['year 10000', 'P1D', 'UTC', 253_402_300_800_000],
  ['past what a Date holds', 'PT1H', 'UTC', 8.64e15 + 1],
  ['no number', 'PT1H', 'UTC', Number.NaN],
  ['infinity', 'P1M', NEW_YORK, Number.POSITIVE_INFINITY],
  ['1969 in a zone', 'P1D', NEW_YORK, Date.UTC(1969, 5)],
  ['2100 in a zone', 'P1D', NEW_YORK, Date.UTC(2100, 0)],
  ['years that sources disagree on', 'P1D', 'Europe/Lisbon', Date.UTC(1980, 0)],
])('knows nothing of %s', (_, period, zone, ms) => {
  const it = of(period, zone)
  expect([it.floor(ms), it.ceil(ms), it.next(ms), it.bucket(ms)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(shift(ms, it.period, 1, it.zone)).toBeUndefined()
})

test('a walk through years that sources disagree on is refused', () => {
  expect(of('P1DT6H', 'Europe/Lisbon').floor(Date.UTC(2026, 0))).toBeUndefined()
  expect(text(of('P1DT6H', 'Europe/Lisbon', '2020-01-01T00:00').floor(Date.UTC(2026, 0)))).toBe(
    '2025-12-31 08:00',
  )
  expect(of('P1DT6H', 'Europe/Lisbon', '1970-01-01T00:00').floor(Date.UTC(2026, 0))).toBeUndefined()
})

test('a shift that leaves what is known is refused', () => {
  expect(shift(Date.UTC(2026, 0), parsePeriod('P100Y')!, 1, zoneOf(NEW_YORK)!)).toBeUndefined()
  expect(shift(Date.UTC(2026, 0), parsePeriod('PT1000000H')!, 1, zoneOf(NEW_YORK)!)).toBeUndefined()
  expect(shift(Date.UTC(2026, 0), parsePeriod('P9000Y')!, 1, UTC)).toBeUndefined()
})

test('the midnight counted from is the own one of each zone', () => {
  expect(of('P2D').floor(0)).toBe(0)
  expect(of('P2D', 'Asia/Tokyo').floor(0)).toBe(-9 * HOUR_MS)
  expect(of('P2D', '+05:30').floor(0)).toBe(-5.5 * HOUR_MS)
  expect(of('P2D', NEW_YORK).floor(0)).toBe(5 * HOUR_MS - 2 * DAY_MS)
})

test('starts are those of all buckets that meet a span', () => {
  const span = { startMs: at('2026-10-31T12:00'), endMs: at('2026-11-02T05:00:00.001') }
  expect(of('P1D', NEW_YORK).starts(span, 3)?.map(text)).toEqual([
    '2026-10-31 04:00',
    '2026-11-01 04:00',
    '2026-11-02 05:00',
  ])
  expect(of('P1D', NEW_YORK).starts({ ...span, endMs: at('2026-11-02T05:00') }, 2)).toHaveLength(2)
  expect(of('P1D', NEW_YORK).starts(span, 2)).toBeUndefined()
  expect(of('P1D', NEW_YORK).starts({ ...span, endMs: span.startMs }, 0)).toEqual([])
})

test('too many starts are refused before they are made', () => {
  const startedAt = performance.now()
  expect(of('PT0.001S').starts({ startMs: 0, endMs: at('2026-01-01T00:00') }, 1_000_000)).toBeUndefined()
  expect(
    of('PT1S', NEW_YORK).starts({ startMs: 0, endMs: at('2026-01-01T00:00') }, 1_000_000),
  ).toBeUndefined()
  expect(of('P1D').starts({ startMs: -8.64e15, endMs: 8.64e15 }, 1_000_000)).toBeUndefined()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test.each([
  ['P1D', 'America/Havana', '2024-11-01T12:00', '2024-11-06T12:00'],
  ['P1D', 'Africa/Cairo', '2024-04-25T12:00', '2024-04-28T12:00'],
  ['P1W', 'America/Sao_Paulo', '2017-10-01T12:00', '2017-11-01T12:00'],
  ['PT1H', 'Australia/Lord_Howe', '2024-04-06T00:00', '2024-04-07T00:00'],
  ['PT6H', 'UTC', '1969-12-01T00:00', '1970-01-02T00:00'],
])('a span in which %s in %s has an irregular bucket has no starts', (period, zone, from, to) => {
  expect(of(period, zone).starts({ startMs: at(from), endMs: at(to) }, 1_000)).toBeUndefined()
})

test('irregular buckets are none', () => {
  expect(of('P1D', 'America/Havana').bucket(at('2024-11-03T04:30'))).toBeUndefined()
  expect(of('P1D', 'America/Havana').bucket(at('2024-11-03T17:30'))).toBeDefined()
  expect(of('P1M', 'UTC', '2026-01-31T00:00').bucket(at('2026-03-05T00:00'))).toBeUndefined()
  expect(of('PT6H').bucket(at('1969-12-31T20:00'))).toBeUndefined()
  expect(
    of('P1D', 'Pacific/Kwajalein', '2020-09-13T12:47:14').bucket(at('1993-08-21T12:47:14')),
  ).toBeUndefined()
  expect(of('P1M', 'Asia/Dhaka').bucket(at('2009-11-15T00:00'))).toBeUndefined()
})

test.each([
  ['whole days and edges', '2026-10-31T12:00', '2026-11-03T12:00', '2026-11-01 04:00', '2026-11-03 05:00'],
  ['whole days alone', '2026-11-01T04:00', '2026-11-02T05:00', '2026-11-01 04:00', '2026-11-02 05:00'],
  ['edges alone', '2026-11-01T05:00', '2026-11-02T12:00', undefined, undefined],
  ['part of a day', '2026-11-01T05:00', '2026-11-01T12:00', undefined, undefined],
  ['nothing', '2026-11-01T05:00', '2026-11-01T05:00', undefined, undefined],
])('the whole buckets of %s', (_, from, to, startsAt, endsAt) => {
  const whole = of('P1D', NEW_YORK).whole({ startMs: at(from), endMs: at(to) })
  expect([text(whole?.startMs), text(whole?.endMs)]).toEqual([startsAt, endsAt])
})

test("the same names give the same granularity, and many others don't pile up", () => {
  expect(of('P1D', NEW_YORK)).toBe(of('P1D', NEW_YORK))
  const first = of('PT1M')
  for (let minutes = 2; minutes < 200; minutes++) of(`PT${minutes}M`)
  expect(of('PT1M')).not.toBe(first)
})

const PERIODS = [
  'PT1S',
  'PT5M',
  'PT1H',
  'PT6H',
  'P1D',
  'P2D',
  'P1W',
  'P1M',
  'P3M',
  'P1Y',
  'PT1H30M',
  'P1DT6H',
  'P1M1D',
]
const ZONES = [
  'UTC',
  NEW_YORK,
  'Africa/Cairo',
  'America/Havana',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  '+05:30',
]
const ORIGINS = [undefined, 0, Date.UTC(2020, 1, 29, 12, 34, 56, 789), Date.UTC(1969, 11, 31, 7, 30)]

const granularities = fc
  .record({
    period: fc.constantFrom(...PERIODS),
    zone: fc.constantFrom(...ZONES),
    originMs: fc.constantFrom(...ORIGINS),
  })
  .map((names) => granularity(names)!)
const instants = fc.integer({ min: Date.UTC(1971, 0), max: Date.UTC(2037, 0) })

test('a regular bucket is what both notions of Druid say', () => {
  fc.assert(
    fc.property(granularities, instants, fc.double({ min: 0, max: 1, noNaN: true }), (it, ms, part) => {
      const bucket = it.bucket(ms)
      if (bucket === undefined) return
      const { startMs, endMs } = bucket
      expect(startMs <= ms && ms < endMs).toBe(true)
      const inside = Math.min(endMs - 1, Math.floor(startMs + part * (endMs - startMs)))
      expect([it.floor(inside), it.next(startMs), it.floor(endMs)]).toEqual([startMs, endMs, endMs])
    }),
    { numRuns: 3_000 },
  )
})

test('starts are what one gets bucket by bucket', () => {
  fc.assert(
    fc.property(granularities, instants, fc.integer({ min: 1, max: 500 }), (it, ms, count) => {
      const lengthMs = (it.next(ms) ?? ms) - ms
      const span = { startMs: ms, endMs: ms + Math.floor(lengthMs * (count - 0.5)) }
      const expected: number[] = []
      let reachedMs: number | undefined = ms
      while (reachedMs !== undefined && reachedMs < span.endMs) {
        const bucket = it.bucket(reachedMs)
        if (bucket !== undefined) expected.push(bucket.startMs)
        reachedMs = bucket?.endMs
      }
      expect(it.starts(span, 1_000)).toEqual(reachedMs === undefined ? undefined : expected)
    }),
    { numRuns: 1_000 },
  )
})
