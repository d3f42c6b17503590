import { expect, test, vi } from 'vitest'
import { zoneNames } from '../../src/time/zone-names.ts'
import { END_MS, FIRST_MS, UTC, zoneOf } from '../../src/time/zone.ts'

const HOUR_MS = 3_600_000

test.each(['Z', 'UTC', '+00:00', '-00:00'])('%s is UTC', (name) => {
  expect(zoneOf(name)).toBe(UTC)
})

// What Druid 33.0.0 makes of them: UTC of the first six, something else of the others.
test.each([
  'Nope/Zone',
  'america/new_york',
  'utc',
  '',
  '+5:30',
  '+24:00',
  'EST',
  'IST',
  'PST',
  'GMT+5',
  '+05',
  '+0530',
  '+05:30:00',
  'toString',
])('%s is not known', (name) => {
  expect(zoneOf(name)).toBeUndefined()
})

test.each([
  ['+05:30', 5.5],
  ['-11:15', -11.25],
  ['+23:59', 24 - 1 / 60],
  ['Etc/GMT+5', -5],
  ['Etc/GMT-14', 14],
  ['GMT0', 0],
  ['Etc/UTC', 0],
])('%s is %d hours ahead, always', (name, hours) => {
  const zone = zoneOf(name)
  expect(zone).toMatchObject({ id: name, isFixed: true, startMs: FIRST_MS, endMs: END_MS })
  expect([FIRST_MS, 0, END_MS - 1].map((ms) => zone?.offsetAt(ms))).toEqual(Array(3).fill(hours * HOUR_MS))
  expect([FIRST_MS - 1, END_MS, Number.NaN].map((ms) => zone?.offsetAt(ms))).toEqual(
    Array(3).fill(Number.NaN),
  )
})

test('offsets change where they should', () => {
  const zone = zoneOf('America/New_York')
  const change = Date.UTC(2026, 10, 1, 6)
  expect(zone).toMatchObject({ id: 'America/New_York', isFixed: false })
  expect([change - 1, change].map((ms) => zone?.offsetAt(ms))).toEqual([-4 * HOUR_MS, -5 * HOUR_MS])
  expect(zone?.nextTransition(change - 1)).toBe(change)
  expect(zone?.nextTransition(change)).toBe(Date.UTC(2027, 2, 14, 7))
  expect(zone?.previousTransition(change)).toBe(change - 1)
  expect(zone?.previousTransition(change - 1)).toBe(Date.UTC(2026, 2, 8, 7) - 1)
  expect(UTC.nextTransition(END_MS)).toBe(END_MS)
  expect(UTC.previousTransition(FIRST_MS - 1)).toBe(FIRST_MS - 1)
})

test.each([
  // Recife went to summer time for a week, which a wide step doesn't see.
  ['America/Recife', Date.UTC(2000, 9, 10), -2],
  ['America/Recife', Date.UTC(2000, 9, 20), -3],
  ['Africa/Monrovia', Date.UTC(1971, 0), -44.5 / 60],
  ['Asia/Kathmandu', Date.UTC(2026, 0), 5.75],
  ['Pacific/Apia', Date.UTC(2011, 11, 30, 9), -10],
  ['Pacific/Apia', Date.UTC(2011, 11, 30, 11), 14],
])('%s at %d', (name, ms, hours) => {
  expect(zoneOf(name)?.offsetAt(ms)).toBe(hours * HOUR_MS)
})

// DateTimeZone.getOffsetFromLocal and convertLocalToUTC of Joda-Time 2.12.5.
test.each([
  ['America/New_York', 'gap', '2026-03-08T02:30', '2026-03-08T07:30', '2026-03-08T07:30'],
  ['Europe/Berlin', 'gap', '2026-03-29T02:30', '2026-03-29T01:30', '2026-03-29T01:30'],
  ['America/New_York', 'overlap', '2026-11-01T01:30', '2026-11-01T05:30', '2026-11-01T06:30'],
  ['Europe/Berlin', 'overlap', '2026-10-25T02:30', '2026-10-25T00:30', '2026-10-25T01:30'],
  ['Australia/Lord_Howe', 'overlap', '2026-04-05T01:45', '2026-04-04T14:45', '2026-04-04T15:15'],
])('in %s an %s has the first clock when added, its own when rounded', (name, _, local, added, rounded) => {
  const zone = zoneOf(name)!
  const localMs = Date.parse(`${local}Z`)
  expect(localMs - zone.offsetFromLocal(localMs)).toBe(Date.parse(`${added}Z`))
  expect(zone.toInstant(localMs, Date.parse(`${added}Z`))).toBe(Date.parse(`${added}Z`))
  expect(zone.toInstant(localMs, Date.parse(`${rounded}Z`))).toBe(Date.parse(`${rounded}Z`))
})

test("nothing is known where Joda-Time's versions and Node differ", () => {
  const lisbon = zoneOf('Europe/Lisbon')
  expect(lisbon?.offsetAt(Date.UTC(1977, 0))).toBe(0)
  expect(lisbon?.offsetAt(Date.UTC(1980, 0))).toBeNaN()
  expect(lisbon?.offsetAt(Date.UTC(2026, 0))).toBe(0)
  expect(zoneOf('America/Vancouver')?.offsetAt(Date.UTC(2026, 8))).toBe(-7 * HOUR_MS)
  expect(zoneOf('America/Vancouver')?.offsetAt(Date.UTC(2026, 11))).toBeNaN()
  expect(zoneOf('Antarctica/Vostok')).toBeUndefined()
})

test('a Node with other rules, or none, knows nothing of a zone', () => {
  const { DateTimeFormat } = Intl
  const formatter = vi.spyOn(Intl, 'DateTimeFormat')
  formatter.mockImplementation(function other(locale, options) {
    return new DateTimeFormat(locale, { ...options, timeZone: 'Europe/Moscow' })
  })
  expect(zoneOf('Europe/Kyiv')).toBeUndefined()
  formatter.mockImplementation(function unknown() {
    throw new RangeError('unknown zone')
  })
  expect(zoneOf('Europe/Rome')).toBeUndefined()
  formatter.mockImplementation(function words() {
    return { format: () => 'yesterday' } as unknown as Intl.DateTimeFormat
  })
  expect(zoneOf('Europe/Madrid')).toBeUndefined()
})

test('this Node knows the zones of the table as Joda-Time does', () => {
  const names = [...zoneNames()]
  expect(names.length).toBeGreaterThan(580)
  // A few of all, since each takes some ms; the cluster's tests take them all.
  const some = names.filter((_, index) => index % 20 === 0)
  expect(some.filter((name) => zoneOf(name) === undefined)).toEqual([])
})
