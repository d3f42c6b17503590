import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFixed, parsePeriod, period, standardMs } from '../../src/time/period.ts'

// As `new Period(text).toString()` of Joda-Time 2.12.5 has it.
test.each([
  ['P1D', 'P1D'],
  ['P7D', 'P7D'],
  ['P1W', 'P1W'],
  ['P3M', 'P3M'],
  ['PT3M', 'PT3M'],
  ['PT60M', 'PT60M'],
  ['P1DT6H', 'P1DT6H'],
  ['p1dt6h', 'P1DT6H'],
  ['P1Y2M3W4DT5H6M7.089S', 'P1Y2M3W4DT5H6M7.089S'],
  ['P0Y1DT0H', 'P1D'],
  ['P0D', 'PT0S'],
  ['PT0.5S', 'PT0.500S'],
  ['PT1,25S', 'PT1.250S'],
  ['PT-0.5S', 'PT-0.500S'],
  ['PT-1.5S', 'PT-1.500S'],
  ['P-1D', 'P-1D'],
  ['P+1D', 'P1D'],
  ['P-0D', 'PT0S'],
  ['P01D', 'P1D'],
  ['PT-1H30M', 'PT-1H30M'],
])('%s is %s', (text, canonical) => {
  expect(parsePeriod(text)?.text).toBe(canonical)
})

test.each([
  '',
  'P',
  'PT',
  'P1DT',
  '1D',
  'P1',
  'P1D ',
  ' P1D',
  'P1H',
  'PT1D',
  'P1D1W',
  'PT1S1M',
  'P1.5D',
  'P--1D',
  'T1H',
  'P1234567890D',
  'PT1.1234S',
  'P1D\n',
])('refuses %j', (text) => {
  expect(parsePeriod(text)).toBeUndefined()
})

test('nothing is carried over', () => {
  expect(parsePeriod('P1Y2M3W4DT5H6M7.089S')).toMatchObject({
    years: 1,
    months: 2,
    weeks: 3,
    days: 4,
    hours: 5,
    minutes: 6,
    seconds: 7,
    millis: 89,
  })
})

test.each([
  ['PT36H', true, 36 * 3_600_000],
  ['PT1H0.5S', true, 3_600_500],
  ['P1D', false, 86_400_000],
  ['P1WT1S', false, 604_801_000],
  ['P1M', false, undefined],
  ['P1YT1S', false, undefined],
  ['P0Y', true, 0],
])('%s: fixed in every zone %s, in UTC %s ms', (text, fixed, ms) => {
  expect([isFixed(parsePeriod(text)!), standardMs(parsePeriod(text)!)]).toEqual([fixed, ms])
})

test('a period reads what it wrote', () => {
  const count = fc.integer({ min: -999_999_999, max: 999_999_999 })
  const seconds = fc.tuple(fc.nat(999_999_999), fc.nat(999), fc.constantFrom(1, -1))
  const counts = fc.tuple(count, count, count, count, count, count)
  fc.assert(
    fc.property(counts, seconds, ([years, months, weeks, days, hours, minutes], [whole, rest, sign]) => {
      const made = period({
        years,
        months,
        weeks,
        days,
        hours,
        minutes,
        seconds: sign * whole,
        millis: sign * rest,
      })
      expect(parsePeriod(made.text)).toEqual(made)
    }),
  )
})
