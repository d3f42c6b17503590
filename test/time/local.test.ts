import { describe, expect, test } from 'vitest'
import { onlyInstant, showsOnce } from '../../src/time/local.ts'

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

describe('whether a clock shows an instant once', () => {
  test.each([
    ['2026-11-01T05:30', 'UTC', true],
    ['2026-11-01T04:59', NEW_YORK, true],
    ['2026-11-01T05:00', NEW_YORK, false],
    ['2026-11-01T06:59', NEW_YORK, false],
    ['2026-11-01T07:00', NEW_YORK, true],
    ['2026-03-08T07:00', NEW_YORK, true],
    ['2026-10-25T00:00', 'Europe/Berlin', false],
    ['2026-10-25T01:59', 'Europe/Berlin', false],
    ['2026-10-25T02:00', 'Europe/Berlin', true],
    // Half an hour comes twice.
    ['2026-04-04T14:29', 'Australia/Lord_Howe', true],
    ['2026-04-04T14:30', 'Australia/Lord_Howe', false],
    ['2026-04-04T15:30', 'Australia/Lord_Howe', true],
    ['2026-07-01T00:00', 'Nowhere/Land', false],
    ['2150-07-01T00:00', NEW_YORK, false],
  ])('%s in %s: %s', (instant, zone, once) => {
    expect(showsOnce(Date.parse(`${instant}Z`), zone)).toBe(once)
  })
})
