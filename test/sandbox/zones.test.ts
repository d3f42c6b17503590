import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldedMs, zonedText } from '../../src/sandbox/zones.ts'

// As Druid 33.0.0 printed them under `sqlTimeZone`.
test.each<[string, string, string]>([
  ['2020-02-03T04:05:06Z', 'UTC', '2020-02-03T04:05:06.000Z'],
  ['2020-02-03T04:05:06Z', 'America/New_York', '2020-02-02T23:05:06.000-05:00'],
  ['2020-02-03T02:05:06.789Z', 'Asia/Tokyo', '2020-02-03T11:05:06.789+09:00'],
  ['2026-08-31T18:30:00Z', 'Asia/Kolkata', '2026-09-01T00:00:00.000+05:30'],
  ['2026-11-01T05:00:00Z', 'America/New_York', '2026-11-01T01:00:00.000-04:00'],
  ['2026-11-01T06:00:00Z', 'America/New_York', '2026-11-01T01:00:00.000-04:00'],
  ['2026-11-01T07:00:00Z', 'America/New_York', '2026-11-01T02:00:00.000-05:00'],
  ['2026-10-25T00:04:50Z', 'Europe/Berlin', '2026-10-25T02:04:50.000+01:00'],
  ['2026-10-25T01:04:50Z', 'Europe/Berlin', '2026-10-25T02:04:50.000+01:00'],
  ['2026-03-08T07:00:00Z', 'America/New_York', '2026-03-08T03:00:00.000-04:00'],
  ['2026-01-01T00:00:00Z', 'Europe/London', '2026-01-01T00:00:00.000Z'],
])('%s in %s is %s', (instant, zone, text) => {
  expect(zonedText(Date.parse(instant), zone)).toBe(text)
})

// As Druid 33.0.0 planned `__time >= MILLIS_TO_TIMESTAMP(…)` and CURRENT_TIMESTAMP.
test.each<[string, string, string]>([
  ['2026-11-01T06:30:00Z', 'UTC', '2026-11-01T06:30:00.000Z'],
  ['2026-11-01T05:30:00Z', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  ['2026-11-01T06:30:00Z', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  ['2026-11-01T07:00:00Z', 'America/New_York', '2026-11-01T07:00:00.000Z'],
  ['2026-10-25T00:00:00Z', 'Europe/Berlin', '2026-10-25T01:00:00.000Z'],
  ['2026-10-25T01:30:00Z', 'Europe/Berlin', '2026-10-25T01:30:00.000Z'],
  ['2026-10-29T20:30:00Z', 'Africa/Cairo', '2026-10-29T21:30:00.000Z'],
])('a constant of %s in %s is folded to %s', (instant, zone, folded) => {
  expect(new Date(foldedMs(Date.parse(instant), zone)).toISOString()).toBe(folded)
})

test('a text names its instant, or its neighbour where a clock comes twice', () => {
  const zones = fc.constantFrom('America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Auckland')
  const instants = fc.integer({ min: Date.UTC(1980, 0, 1), max: Date.UTC(2035, 0, 1) })
  fc.assert(
    fc.property(zones, instants, (zone, ms) => {
      expect([0, 3_600_000]).toContain(Math.abs(ms - Date.parse(zonedText(ms, zone))))
    }),
  )
})
