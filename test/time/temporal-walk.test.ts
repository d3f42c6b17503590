// Every bucket of twenty years beside an independent calendar, zone by zone: days, weeks, months and years each, hours and
// quarters of an hour round every change of the clock.
import { expect, test } from 'vitest'
import { granularity } from '../../src/time/granularity.ts'
import { zoneOf } from '../../src/time/zone.ts'
import { FLOORS, FROM_MS, offsetMs, TO_MS, ZONES, zoned } from './temporal.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Close enough that none is passed over. */
const STRIDES_MS: Readonly<Record<string, number>> = {
  P1D: DAY_MS,
  P1W: 5 * DAY_MS,
  P1M: 20 * DAY_MS,
  P1Y: 200 * DAY_MS,
}
const QUARTER_MS = HOUR_MS / 4
const ROUND_MS = 3 * HOUR_MS

test('there are ten zones and more', () => {
  expect(ZONES.length).toBeGreaterThanOrEqual(10)
})

let compared = 0

test.each(Object.entries(FLOORS))('every %s of twenty years', (period, floor) => {
  for (const zone of ZONES) {
    const buckets = granularity({ period, zone })
    const strideMs = STRIDES_MS[period] ?? DAY_MS
    const instants = Array.from(
      { length: (TO_MS - FROM_MS) / strideMs },
      (_, index) => FROM_MS + 12 * HOUR_MS + index * strideMs,
    )
    const starts = instants.map((ms) => floor(zoned(ms, zone)).epochMilliseconds)
    expect(instants.map((ms) => buckets?.floor(ms))).toEqual(starts)
    // A bucket that Druid has two notions of is none; any other ends where one begins.
    const regular = instants.map((ms) => buckets?.bucket(ms))
    const known = new Set(starts)
    const isStart = (ms: number): boolean => known.has(ms) || floor(zoned(ms, zone)).epochMilliseconds === ms
    const odd = regular.filter(
      (bucket, index) => bucket !== undefined && (bucket.startMs !== starts[index] || !isStart(bucket.endMs)),
    )
    expect(odd).toEqual([])
    expect(regular.filter((bucket) => bucket === undefined).length / regular.length).toBeLessThan(0.1)
    compared += starts.length
  }
})

test.each(ZONES)('quarters and hours round every change of the clock in %s', (zone) => {
  const [quarters, hours] = ['PT15M', 'PT1H'].map((period) => granularity({ period, zone }))
  const found: string[] = []
  const expected: string[] = []
  let changeMs = zoneOf(zone)?.nextTransition(FROM_MS) ?? TO_MS
  for (; changeMs < TO_MS; changeMs = zoneOf(zone)?.nextTransition(changeMs) ?? TO_MS) {
    for (let ms = changeMs - ROUND_MS; ms < changeMs + ROUND_MS; ms += QUARTER_MS / 2) {
      const offset = offsetMs(zoned(ms, zone))
      const cut = (lengthMs: number): number => Math.floor((ms + offset) / lengthMs) * lengthMs - offset
      found.push(`${ms} ${quarters?.floor(ms)} ${hours?.floor(ms)}`)
      expected.push(`${ms} ${cut(QUARTER_MS)} ${cut(HOUR_MS)}`)
    }
  }
  compared += found.length
  expect(found).toEqual(expected)
})

test('there was much to compare', () => {
  process.stderr.write(`buckets beside Temporal: ${compared}\n`)
  expect(compared).toBeGreaterThan(100_000)
})
