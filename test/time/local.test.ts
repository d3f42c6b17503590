import { describe, expect, test } from 'vitest'
import { onlyInstant } from '../../src/time/local.ts'

const NEW_YORK = 'America/New_York'

describe('the instant of a local time', () => {
  test.each([
    ['2026-07-01T00:00', 'UTC', '2026-07-01T00:00'],
    ['2026-07-01T00:00', NEW_YORK, '2026-07-01T04:00'],
    ['2026-11-01T00:59', NEW_YORK, '2026-11-01T04:59'],
    // The clock shows it twice.
    ['2026-11-01T01:00', NEW_YORK, undefined],
    ['2026-11-01T01:59', NEW_YORK, undefined],
    ['2026-11-01T02:00', NEW_YORK, '2026-11-01T07:00'],
    ['2026-03-08T01:59', NEW_YORK, '2026-03-08T06:59'],
    // … never.
    ['2026-03-08T02:00', NEW_YORK, undefined],
    ['2026-03-08T03:00', NEW_YORK, '2026-03-08T07:00'],
    ['2011-12-30T12:00', 'Pacific/Apia', undefined],
    ['2026-07-01T00:00', '+05:30', '2026-06-30T18:30'],
    ['2026-07-01T00:00', 'Nowhere/Land', undefined],
  ])('%s in %s', (local, zone, instant) => {
    const ms = onlyInstant(Date.parse(`${local}Z`), zone)
    expect(ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16)).toBe(instant)
  })
})
