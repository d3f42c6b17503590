import { expect, test } from 'vitest'
import { boundFor, knowsNow, tickMs } from '../../src/freshness/bounds.ts'
import { RULES } from '../support/freshness-rules.ts'

const NOW = Date.UTC(2026, 10, 20)
const HOUR_MS = 3_600_000

test.each([
  ['data that is still arriving', NOW, 5_000],
  ['data of the future', NOW + HOUR_MS, 5_000],
  ['data of an hour ago', NOW - HOUR_MS, 8_600],
  ['old data', NOW - 30 * 24 * HOUR_MS, 60_000],
])('the bound for %s', (_, endMs, bound) => {
  expect(boundFor(RULES, endMs, NOW)).toBe(bound)
})

test.each([
  ['what is still arriving', NOW],
  ['old data', NOW - HOUR_MS],
])('no bound is longer than the cap, not even one below the bound at the head: for %s', (_, endMs) => {
  expect(boundFor({ ...RULES, capMs: 1_000 }, endMs, NOW)).toBe(1_000)
})

test.each([
  ['no use of now', { kind: 'none' }, {}, 10, Number.POSITIVE_INFINITY],
  ['a bare now', { kind: 'used', distancesMs: [] }, {}, 10, 5_000],
  ['a long way back', { kind: 'used', distancesMs: [24 * HOUR_MS] }, {}, 10, 5_000],
  ['a minute back', { kind: 'used', distancesMs: [60_000] }, {}, 10, 600],
  ['half a second back', { kind: 'used', distancesMs: [500] }, {}, 10, 0],
  ['a use that is not understood', { kind: 'used', distancesMs: null }, {}, 10, 0],
  ['strict', { kind: 'used', distancesMs: [] }, { mode: 'strict' }, 10, 0],
  ['no head bound', { kind: 'used', distancesMs: [] }, { headMs: 0 }, 10, 0],
  ['a cap below the head bound', { kind: 'used', distancesMs: [] }, { capMs: 1_000 }, 10, 1_000],
  ['a cap of nothing', { kind: 'used', distancesMs: [] }, { capMs: 0 }, 10, 0],
  ['a Broker whose clock is not known', { kind: 'used', distancesMs: [] }, {}, undefined, 0],
  ['a Broker whose clock is known badly', { kind: 'used', distancesMs: [] }, {}, 5_000, 0],
] as const)('the tick of a statement with %s', (_, now, rules, clockErrorMs, tick) => {
  expect(tickMs({ ...RULES, ...rules }, now, clockErrorMs)).toBe(tick)
})

test.each([
  ['no use of now, whatever the clock shows', { kind: 'none' }, {}, undefined, true],
  ['a long way back, and a second at most', { kind: 'used', distancesMs: [24 * HOUR_MS] }, {}, 1_000, true],
  ['a minute back, and a tick that holds it', { kind: 'used', distancesMs: [60_000] }, {}, 300, true],
  ['a minute back, and a tick that is too short', { kind: 'used', distancesMs: [60_000] }, {}, 301, false],
  ['half a second back', { kind: 'used', distancesMs: [500] }, {}, 50, true],
  ['half a second back, and a clock known less well', { kind: 'used', distancesMs: [500] }, {}, 51, false],
  ['strict', { kind: 'used', distancesMs: [] }, { mode: 'strict' }, 50, true],
  ['strict, and a clock known less well', { kind: 'used', distancesMs: [] }, { mode: 'strict' }, 51, false],
  ['a clock that is not known', { kind: 'used', distancesMs: [] }, {}, undefined, false],
] as const)('a moment for now is known well enough: %s', (_, now, rules, clockErrorMs, isKnown) => {
  expect(knowsNow({ ...RULES, ...rules }, now, clockErrorMs)).toBe(isKnown)
})
