// Our calendar beside an independent one: Temporal, whose rules for gaps and overlaps ('compatible', 'prefer') happen to
// be Joda's, over twenty years in zones that change their clocks in every way there is.
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { UNITS } from '../../src/time/calendar.ts'
import { granularity, shift } from '../../src/time/granularity.ts'
import { parsePeriod, type Period } from '../../src/time/period.ts'
import { zoneOf } from '../../src/time/zone.ts'
import { FLOORS, FROM_MS, offsetMs, TO_MS, ZONES, zoned } from './temporal.ts'

const HOUR_MS = 3_600_000

const zones = fc.constantFrom(...ZONES)

/** Instants, one half of them within two days of a change of the clock, often on full quarters of an hour. */
function instantsIn(zone: string): fc.Arbitrary<number> {
  const anywhere = fc.integer({ min: FROM_MS, max: TO_MS })
  const near = fc
    .tuple(anywhere, fc.integer({ min: -48 * HOUR_MS, max: 48 * HOUR_MS }))
    .map(([ms, away]) => Math.min(zoneOf(zone)!.nextTransition(ms), TO_MS) + away)
  const quarter = 15 * 60_000
  return fc
    .tuple(fc.oneof(anywhere, near), fc.boolean())
    .map(([ms, onQuarter]) => (onQuarter ? Math.round(ms / quarter) * quarter : ms))
}

const cases = zones.chain((zone) => fc.tuple(fc.constant(zone), instantsIn(zone)))

test.each(Object.entries(FLOORS))('%s is floored as Temporal does', (period, floor) => {
  fc.assert(
    fc.property(cases, ([zone, ms]) => {
      expect(granularity({ period, zone })?.floor(ms)).toBe(floor(zoned(ms, zone)).epochMilliseconds)
    }),
    { numRuns: 1_000 },
  )
})

test.each([
  ['PT1S', 1_000],
  ['PT1M', 60_000],
  ['PT1H', HOUR_MS],
])('%s is floored on the clock of the instant', (period, lengthMs) => {
  fc.assert(
    fc.property(cases, ([zone, ms]) => {
      const offset = offsetMs(zoned(ms, zone))
      const expected = Math.floor((ms + offset) / lengthMs) * lengthMs - offset
      expect(granularity({ period, zone })?.floor(ms)).toBe(expected)
    }),
    { numRuns: 1_000 },
  )
})

/** Each unit by itself, largest first; hours and less on the timeline. */
function added(at: Temporal.ZonedDateTime, of: Period, times: number): Temporal.ZonedDateTime {
  return UNITS.reduce((reached, unit) => {
    const count = of[unit] * times
    if (count === 0) return reached
    return reached.add(unit === 'millis' ? { milliseconds: count } : { [unit]: count })
  }, at)
}

const SHIFTED = [
  'PT15M',
  'PT1H',
  'PT36H',
  'P1D',
  'P10D',
  'P1W',
  'P1M',
  'P3M',
  'P1Y',
  'P1DT6H',
  'P1Y1M1W1DT1H1M1.001S',
]

test('TIME_SHIFT adds as Temporal does', () => {
  const by = fc.tuple(fc.constantFrom(...SHIFTED), fc.integer({ min: -24, max: 24 }))
  fc.assert(
    fc.property(cases, by, ([zone, ms], [period, step]) => {
      const of = parsePeriod(period)!
      expect(shift(ms, of, step, zoneOf(zone)!)).toBe(added(zoned(ms, zone), of, step).epochMilliseconds)
    }),
    { numRuns: 3_000 },
  )
})

const MULTIPLES = [
  'PT5M',
  'PT15M',
  'PT90M',
  'PT2H',
  'PT6H',
  'PT12H',
  'P2D',
  'P7D',
  'P2W',
  'P3M',
  'P6M',
  'P2Y',
  'P10Y',
]
const ORIGINS = [undefined, Date.UTC(2010, 0, 31, 13, 30), Date.UTC(2031, 4, 5, 6, 7, 8)]

test('regular buckets of several units lie between multiples counted from the origin', () => {
  const names = fc.tuple(fc.constantFrom(...MULTIPLES), fc.constantFrom(...ORIGINS))
  let regular = 0
  let all = 0
  fc.assert(
    fc.property(cases, names, ([zone, ms], [period, originMs]) => {
      const bucket = granularity({ period, zone, originMs })?.bucket(ms)
      all++
      if (bucket === undefined) return
      regular++
      const of = parsePeriod(period)!
      const midnight = Temporal.PlainDateTime.from('1970-01-01').toZonedDateTime(zone)
      const origin = originMs === undefined ? midnight : zoned(originMs, zone)
      const lengthMs = added(origin, of, 1).epochMilliseconds - origin.epochMilliseconds
      const about = Math.round((bucket.startMs - origin.epochMilliseconds) / lengthMs)
      // Months and years are of several lengths: the multiple is found near where it should be.
      const starts = [-3, -2, -1, 0, 1, 2, 3].map((off) => added(origin, of, about + off).epochMilliseconds)
      expect(starts).toContain(bucket.startMs)
      expect(starts.find((start) => start > bucket.startMs)).toBe(bucket.endMs)
      expect(bucket.startMs <= ms && ms < bucket.endMs).toBe(true)
    }),
    { numRuns: 3_000 },
  )
  // Else the test would prove nothing. The others lie on days of change, or before an origin (PT6H before 2031).
  expect(regular / all).toBeGreaterThan(0.7)
})

test('offsets are those of Temporal', () => {
  fc.assert(
    fc.property(cases, ([zone, ms]) => {
      expect(zoneOf(zone)?.offsetAt(ms)).toBe(offsetMs(zoned(ms, zone)))
    }),
    { numRuns: 2_000 },
  )
})
