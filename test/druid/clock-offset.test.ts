import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClockEstimate } from '../../src/druid/clock-offset.ts'

const T0 = Date.UTC(2026, 10, 20, 12)

const shown = (ms: number): string => new Date(Math.floor(ms / 1_000) * 1_000).toUTCString()

test('nothing is known before an answer, and by a Date that is none', () => {
  const estimate = new ClockEstimate()
  expect(estimate.at(T0)).toBeUndefined()
  estimate.observe(undefined, T0, T0)
  estimate.observe('yesterday', T0, T0)
  expect(estimate.at(T0)).toBeUndefined()
})

test('the true offset always lies within the error, in whole ms, which more answers make smaller', () => {
  const exchange = fc.record({ after: fc.nat(20_000), out: fc.nat(400), back: fc.nat(400) })
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e9 }),
      fc.array(exchange, { minLength: 1 }),
      (offset, exchanges) => {
        const estimate = new ClockEstimate()
        let now = T0
        for (const { after, out, back } of exchanges) {
          now += after
          const before = estimate.at(now)
          estimate.observe(shown(now + out + offset), now, now + out + back)
          now += out + back
          const { offsetMs, errorMs } = estimate.at(now) ?? { offsetMs: NaN, errorMs: NaN }
          expect(Math.abs(offsetMs - offset)).toBeLessThanOrEqual(errorMs)
          expect([offsetMs, errorMs].map(Number.isInteger)).toEqual([true, true])
          expect(errorMs).toBeLessThanOrEqual((before?.errorMs ?? 1_000) + 1)
        }
      },
    ),
  )
})

test('a clock that was set is believed anew', () => {
  const estimate = new ClockEstimate()
  estimate.observe(shown(T0), T0, T0 + 1)
  estimate.observe(shown(T0 + 3_600_000), T0, T0 + 1)
  const { offsetMs = 0, errorMs = Infinity } = estimate.at(T0 + 1) ?? {}
  expect(Math.abs(offsetMs - 3_600_000)).toBeLessThanOrEqual(errorMs)
})

test('what is known grows old', () => {
  const estimate = new ClockEstimate()
  estimate.observe(shown(T0), T0, T0)
  const young = estimate.at(T0)?.errorMs ?? Infinity
  expect(estimate.at(T0 + 3_600_000)?.errorMs).toBeGreaterThan(young)
})
