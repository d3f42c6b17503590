import { expect, test } from 'vitest'
import { windowOf } from '../../src/plan/window.ts'
import { analyse } from '../../src/sql/analyse.ts'
import { type TimeBounds } from '../../src/plan/grouped.ts'

const NOW_MS = Date.parse('2026-11-20T10:17:30.500Z')
const PARAMETERS = '[{"type":"VARCHAR","value":"2026-10-09"}]'

function boundsOf(sql: string, timeZone?: string): TimeBounds | undefined {
  const analysis = analyse(sql, { timeZone, maxLength: 65_536, maxDepth: 64 })
  if (analysis.kind === 'unknown') throw new Error(`${analysis.reason}: ${sql}`)
  return analysis.facts.bounds
}

function iso(ms: number): string {
  return Math.abs(ms) >= 8.64e15 ? '-' : new Date(ms).toISOString().replace('T00:00:00.000Z', '')
}

/** `-/-` where all of time is read, undefined where it isn't known. */
function briefly(
  bounds: TimeBounds | undefined,
  parameters = PARAMETERS,
  nowMs = NOW_MS,
): string | undefined {
  const moment = { nowMs, parameters }
  const window = bounds === undefined ? undefined : windowOf(bounds, moment)
  return window?.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`).join(', ')
}

// Each of these was compared with the intervals of Druid 33.0.0's own plan.
test.each([
  ["__time >= '2026-10-01 00:00:00.000000' AND __time < '2026-10-02'", '2026-10-01/2026-10-02'],
  ["__time >= '2026-10-01T00:00:00.5Z'", '2026-10-01T00:00:00.500Z/-'],
  ["__time > '2026-10-01' AND __time <= '2026-10-02'", '2026-10-01T00:00:00.001Z/2026-10-02T00:00:00.001Z'],
  ["'2026-10-01' < __time AND '2026-10-02' >= __time", '2026-10-01T00:00:00.001Z/2026-10-02T00:00:00.001Z'],
  ["__time BETWEEN '2026-10-01' AND '2026-10-02'", '2026-10-01/2026-10-02T00:00:00.001Z'],
  ["__time = '2026-10-01'", '2026-10-01/2026-10-01T00:00:00.001Z'],
  ["TIMESTAMP '2026-10-01 00:00:00' = __time", '2026-10-01/2026-10-01T00:00:00.001Z'],
  ["__time >= TIMESTAMP '2026-10-01'", '2026-10-01/-'],
  ["__time >= DATE '2026-10-01'", '2026-10-01/-'],
  ["__time >= TIMESTAMP '2026-10-01 00:00:00.123000'", '2026-10-01T00:00:00.123Z/-'],
  ["CAST(__time AS TIMESTAMP) >= CAST('2026-10-01T00:00:00' AS TIMESTAMP)", '2026-10-01/-'],
  ["__time < TIME_PARSE('2026-10-01T00:00:00Z')", '-/2026-10-01'],
  ['__time >= MILLIS_TO_TIMESTAMP(1790812800000)', '2026-10-01/-'],
  ["TIME_IN_INTERVAL(__time, '2026-10-01/P1M')", '2026-10-01/2026-11-01'],
  ["TIME_IN_INTERVAL(__time, '2026-10-31/P1M')", '2026-10-31/2026-11-30'],
  ["TIME_IN_INTERVAL(__time, '2026-10-01T00:00:00Z/2026-10-02T00:00:00')", '2026-10-01/2026-10-02'],
  ["TIME_IN_INTERVAL(__time, '2026-10-01/PT36H')", '2026-10-01/2026-10-02T12:00:00.000Z'],
  [
    "__time >= '2026-10-01' AND (country = 'US' OR city = 'a') AND (__time < '2026-10-05' AND x = 1)",
    '2026-10-01/2026-10-05',
  ],
  ["(((__time >= '2026-10-01')))", '2026-10-01/-'],
  [
    "t.__time >= '2026-10-01' AND t.\"__time\" < '2026-10-02' AND __time >= '2026-09-01'",
    '2026-10-01/2026-10-02',
  ],
  ["__time < '2026-10-02' AND x <> '__time'", '-/2026-10-02'],
])('WHERE %s reads %s', (where, expected) => {
  expect(briefly(boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`))).toBe(expected)
})

// What isn't understood is a filter like any other: more is read then than the window says, never less.
test.each<[string, string | undefined]>([
  ["__time >= '2026-10-01' OR x = 1", '-/-'],
  ["NOT __time >= '2026-10-01'", '-/2026-10-01'],
  ["__time >= '2026-10-01' AND NOT __time < '2026-11-01'", '2026-11-01/-'],
  ["__time >= '2026-10-01' AND CASE WHEN __time < '2026-11-01' THEN TRUE ELSE x = 1 END", '2026-10-01/-'],
  ["__time >= '2026-10-01' AND TIME_EXTRACT(__time, 'HOUR') = 5", '2026-10-01/-'],
  ["__time >= '2026-10-01' AND FLOOR(__time TO DAY) < '2026-11-01'", '2026-10-01/2026-11-01'],
  ["__time >= '2026-10-01' AND __time < x", '2026-10-01/-'],
  ["__time >= '2026-10-01' AND __time < ?", '2026-10-01/2026-10-09'],
  ["__time >= '2026-10-01' AND __time < CURRENT_TIMESTAMP", '2026-10-01/2026-11-20T10:17:30.500Z'],
  ["__time >= '2026-10-01' AND __time < TIMESTAMP '2026-10-05' + INTERVAL '1' DAY", '2026-10-01/2026-10-06'],
  ["__time IS NOT DISTINCT FROM '2026-10-01'", '-/-'],
  ["__time IS DISTINCT FROM '2026-10-01'", '-/-'],
  ["__time >= CAST('2026-10-01' AS DATE)", '2026-10-01/-'],
  ['__time >= MILLIS_TO_TIMESTAMP(-5)', '1969-12-31T23:59:59.995Z/-'],
  ["CAST(__time AS DATE) >= '2026-10-01'", '2026-10-01/-'],
  ["__time >= '2026-10-02' AND __time < '2026-10-01'", ''],
  ["__time >= '2026-10-01' AND x IN (SELECT x FROM t WHERE __time < '2026-01-01')", undefined],
  ["EXISTS (SELECT 1 FROM t WHERE __time < '2026-01-01')", undefined],
])('WHERE %s reads %s', (where, expected) => {
  expect(briefly(boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`))).toBe(expected)
})

test.each([
  "__time >= '2026-10-01 00:00:00.0001'",
  "__time >= '2026-10-01 10:00'",
  "__time >= '2026-10-01T00:00:00+02:00'",
  "__time >= '2026-02-30'",
  "__time >= TIMESTAMP '2026-10-01T00:00:00'",
  "__time >= DATE '2026-10-01 00:00:00'",
  "__time >= TIME_PARSE('2026-10-01', 'yyyy-MM-dd')",
  "__time >= TIME_PARSE('2026-10-01', NULL, 'Asia/Tokyo')",
  '__time >= MILLIS_TO_TIMESTAMP(5.5)',
  '__time >= 1790812800000',
  "CAST(__time AS TIMESTAMP(0)) >= '2026-10-01'",
  "TIME_IN_INTERVAL(__time, 'P1D/2026-10-31')",
  "TIME_IN_INTERVAL(__time, '2026-10-31/2026-10-01')",
  "TIME_IN_INTERVAL(__time, '2026-10-31/P')",
  "__time.x >= '2026-10-01'",
  'x = 1',
])('WHERE %s bounds nothing', (where) => {
  expect(briefly(boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`))).toBe('-/-')
})

// Druid 33.0.0 makes a DATE of a text that is compared with one: its time of day falls away.
test.each<[string, string]>([
  ["CAST(__time AS DATE) < '2026-10-02'", '-/2026-10-02'],
  ["CAST(__time AS DATE) = '2026-10-02'", '2026-10-02/2026-10-03'],
  ["CAST(__time AS DATE) < '2026-10-02 23:59:59'", '-/-'],
  ["CAST(__time AS DATE) = '2026-10-02 10:00:00'", '-/-'],
  ["CAST(__time AS DATE) IN ('2026-10-02', '2026-10-03T10:00:00')", '-/-'],
  ["'2026-10-02 10:00:00' < CAST(__time AS DATE)", '-/-'],
  ["CAST(__time AS DATE) BETWEEN '2026-10-02 10:00:00' AND '2026-10-03'", '-/-'],
  ["CAST(__time AS DATE) < TIMESTAMP '2026-10-02 23:59:59'", '-/2026-10-03'],
  ["CAST(__time AS DATE) < CAST('2026-10-02 23:59:59' AS DATE)", '-/2026-10-02'],
  ["CAST(__time AS DATE) < CAST('2026-10-02 23:59:59' AS TIMESTAMP)", '-/2026-10-03'],
])('a day is compared with a day: %s reads %s', (where, expected) => {
  expect(briefly(boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`))).toBe(expected)
})

test.each<[string, unknown, string | undefined]>([
  ['VARCHAR', '2026-10-02', '-/2026-10-02'],
  ['VARCHAR', '2026-10-02 10:00:00', undefined],
  ['VARCHAR', '2026-10-02T00:00:00', undefined],
  ['TIMESTAMP', '2026-10-02', '-/2026-10-02'],
  ['TIMESTAMP', '2026-10-02 10:00:00', '-/2026-10-03'],
  ['TIMESTAMP', Date.parse('2026-10-02T10:00:00Z'), '-/2026-10-03'],
])('a day is compared with a %s of %s', (type, value, expected) => {
  const bounds = boundsOf('SELECT 1 FROM t WHERE CAST(__time AS DATE) < ?')
  expect(briefly(bounds, JSON.stringify([{ type, value }]))).toBe(expected)
})

// In the hour that comes twice Druid 33.0.0 takes one of its two instants for the other, whatever it is computed from.
test.each<[string, string, string, string | undefined]>([
  ['America/New_York', '2026-11-01T06:30:00Z', '__time < CURRENT_TIMESTAMP', undefined],
  ['America/New_York', '2026-11-01T05:30:00Z', "__time >= CURRENT_TIMESTAMP - INTERVAL '6' HOUR", undefined],
  ['America/New_York', '2026-11-01T12:30:00Z', "__time >= CURRENT_TIMESTAMP - INTERVAL '6' HOUR", undefined],
  ['America/New_York', '2026-11-01T04:30:00Z', '__time < CEIL(CURRENT_TIMESTAMP TO HOUR)', undefined],
  ['America/Santiago', '2026-04-04T12:00:00Z', "__time < CURRENT_DATE + INTERVAL '1' DAY", undefined],
  ['America/Havana', '2026-11-01T12:00:00Z', '__time >= CURRENT_DATE', undefined],
  ['America/Havana', '2026-11-01T04:30:00Z', '__time < CEIL(CURRENT_TIMESTAMP TO HOUR)', undefined],
  ['Europe/Berlin', '2026-10-25T12:00:00Z', '__time >= MILLIS_TO_TIMESTAMP(1792886400000)', '-/-'],
  ['Europe/Berlin', '2026-10-25T12:00:00Z', 'TIMESTAMP_TO_MILLIS(__time) >= 1792886400000', '2026-10-25/-'],
  ['Europe/Berlin', '2026-10-25T02:00:00Z', '__time < CURRENT_TIMESTAMP', '-/2026-10-25T02:00:00.000Z'],
  ['UTC', '2026-10-25T00:30:00Z', '__time < CURRENT_TIMESTAMP', '-/2026-10-25T00:30:00.000Z'],
])('where the clock of %s comes twice, at %s: WHERE %s reads %s', (zone, now, where, expected) => {
  const bounds = boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`, zone)
  expect(briefly(bounds, '', Date.parse(now))).toBe(expected)
})

// Druid 33.0.0 takes some of these in one spelling and refuses them in another.
test.each<[string, string | undefined]>([
  ["TIMESTAMP '0000-12-31 23:59:59'", undefined],
  ["DATE '0000-01-01'", undefined],
  ["CAST('0000-01-01' AS DATE)", undefined],
  ["TIMESTAMP '0001-01-01 00:00:00'", '0001-01-01/-'],
  ["TIMESTAMP '1582-10-04 23:59:59'", '1582-10-04T23:59:59.000Z/-'],
  ["TIMESTAMP '1582-10-05 00:00:00'", undefined],
  ["DATE '1582-10-14'", undefined],
  ["DATE '1582-10-15'", '1582-10-15/-'],
  ["'9999-12-31'", '9999-12-31/-'],
  ['MILLIS_TO_TIMESTAMP(253402300799999)', '9999-12-31T23:59:59.999Z/-'],
  ['MILLIS_TO_TIMESTAMP(253402300800000)', undefined],
  ['MILLIS_TO_TIMESTAMP(-62167219200001)', undefined],
])('at the ends of the calendar: __time >= %s reads %s', (instant, expected) => {
  expect(briefly(boundsOf(`SELECT COUNT(*) FROM t WHERE __time >= ${instant}`))).toBe(expected)
})

test.each<[string, unknown]>([
  ['TIMESTAMP', '0000-01-01 00:00:00'],
  ['TIMESTAMP', Date.parse('0000-01-01T00:00:00Z')],
  ['BIGINT', 253_402_300_800_000],
])('a %s of %s is beyond the ends of the calendar', (type, value) => {
  const where = type === 'BIGINT' ? '__time >= MILLIS_TO_TIMESTAMP(?)' : '__time >= ?'
  const bounds = boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`)
  expect(briefly(bounds, JSON.stringify([{ type, value }]))).toBeUndefined()
})

test('milliseconds of a parameter are an instant where the clock does not come twice', () => {
  const bounds = boundsOf('SELECT 1 FROM t WHERE __time >= MILLIS_TO_TIMESTAMP(?)', 'Europe/Berlin')
  const at = (time: string): string | undefined =>
    briefly(bounds, JSON.stringify([{ type: 'BIGINT', value: Date.parse(time) }]))
  expect([at('2026-10-25T00:30:00Z'), at('2026-10-25T02:00:00Z')]).toEqual([
    undefined,
    '2026-10-25T02:00:00.000Z/-',
  ])
})

const SINCE = '"__time" >= \'2026-10-01\''
test.each<[string, string | undefined]>([
  [`SELECT TIME_FLOOR(__time, 'P1D') AS "__time" FROM t WHERE ${SINCE} GROUP BY 1`, '2026-10-01/-'],
  [`SELECT 1 FROM t AS x WHERE ${SINCE}`, '2026-10-01/-'],
  [`SELECT 1 FROM druid.t WHERE ${SINCE} LIMIT 5`, '2026-10-01/-'],
  [
    `SELECT COUNT(*) FROM (SELECT * FROM t WHERE "__time" < '2026-10-05') AS v WHERE ${SINCE}`,
    '2026-10-01/2026-10-05',
  ],
  [`SELECT 1 FROM (SELECT * FROM (SELECT a, t."__time", b AS b FROM t)) AS v WHERE ${SINCE}`, '2026-10-01/-'],
  [`SELECT 1 FROM (SELECT a, MAX(__time) AS "__time" FROM t GROUP BY a) WHERE ${SINCE}`, '-/-'],
  [`SELECT 1 FROM (SELECT x AS "__time" FROM t) WHERE ${SINCE}`, '-/-'],
  [`SELECT 1 FROM (SELECT * FROM t LIMIT 5) WHERE ${SINCE}`, '-/-'],
  [`SELECT 1 FROM (SELECT DISTINCT __time FROM t) WHERE ${SINCE}`, '-/-'],
  [`SELECT 1 FROM (SELECT * FROM t UNION ALL SELECT * FROM t) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t, t AS u WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t JOIN t AS u ON t.x = u.x WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t JOIN lookup.l ON t.x = l.k WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t WHERE ${SINCE} UNION ALL SELECT 1 FROM t`, undefined],
  [`WITH t AS (SELECT 1 FROM u) SELECT 1 FROM t WHERE ${SINCE}`, undefined],
  [`WITH v AS (SELECT __time AS z, x FROM t) SELECT x FROM v AS w WHERE w.z < '2026-10-01'`, '-/2026-10-01'],
  [`SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM t WHERE ${SINCE} GROUP BY x)`, '2026-10-01/-'],
  [`SELECT 1 FROM (SELECT *, x AS "__time" FROM t) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t AS x(a, "__time") WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM sys.t WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM TABLE(APPEND('t')) WHERE ${SINCE}`, undefined],
  [`SELECT (SELECT MAX(__time) FROM t) FROM t WHERE ${SINCE}`, undefined],
  [`SELECT COUNT(*) FILTER (WHERE ${SINCE}) FROM t`, '-/-'],
])('%s reads %s', (sql, expected) => {
  expect(briefly(boundsOf(sql))).toBe(expected)
})

test.each([
  [undefined, '2026-10-01/-'],
  ['UTC', '2026-10-01/-'],
  ['Etc/UTC', '2026-10-01/-'],
  ['Z', '2026-10-01/-'],
  ['Asia/Tokyo', '2026-09-30T15:00:00.000Z/-'],
  ['', '-/-'],
])('literals are local times of the zone %s', (timeZone, expected) => {
  expect(briefly(boundsOf(`SELECT 1 FROM t WHERE ${SINCE}`, timeZone))).toBe(expected)
})

// As Druid 33.0.0 plans them; undefined for those that it refuses, or whose reading here isn't sure.
test.each<[string, unknown, string | undefined, string | undefined]>([
  ['TIMESTAMP', Date.parse('2026-10-01T00:00:00Z'), '2026-10-01/-', '2026-10-01T04:00:00.000Z/-'],
  ['TIMESTAMP', '2026-10-01', '2026-10-01/-', '2026-10-01T04:00:00.000Z/-'],
  ['TIMESTAMP', '2026-10-01 00:00:00', '2026-10-01/-', '2026-10-01T04:00:00.000Z/-'],
  ['TIMESTAMP', '2026-10-01 00:00:00.100', '2026-10-01T00:00:00.100Z/-', '2026-10-01T04:00:00.100Z/-'],
  ['TIMESTAMP', '2026-10-01T00:00:00.000', '2026-10-01/-', '2026-10-01T04:00:00.000Z/-'],
  ['TIMESTAMP', '2026-10-01T00:00:00Z', '2026-10-01/-', undefined],
  ['TIMESTAMP', '2026-10-01 00:00:00.000', undefined, undefined],
  ['TIMESTAMP', '2026-10-01 00:00:00Z', undefined, undefined],
  ['TIMESTAMP', '2026-10-01Z', undefined, undefined],
  ['TIMESTAMP', 8_640_000_000_000_001, undefined, undefined],
  // The clock shows it twice.
  ['TIMESTAMP', Date.parse('2026-11-01T01:30:00Z'), '2026-11-01T01:30:00.000Z/-', undefined],
  ['VARCHAR', '2026-10-01 00:00:00.000', '2026-10-01/-', '2026-10-01T04:00:00.000Z/-'],
  ['VARCHAR', '2026-10-01 00:00:00Z', '2026-10-01/-', undefined],
  ['VARCHAR', '2026-10-01Z', undefined, undefined],
])('a %s of %s is a time of the zone', (type, value, utc, newYork) => {
  const parameters = JSON.stringify([{ type, value }])
  const read = (zone: string): string | undefined =>
    briefly(boundsOf('SELECT 1 FROM t WHERE __time >= ?', zone), parameters)
  expect([read('UTC'), read('America/New_York')]).toEqual([utc, newYork])
})

test('SET sqlTimeZone beats the context', () => {
  const sql = `SET sqlTimeZone = 'Asia/Tokyo'; SELECT 1 FROM t WHERE ${SINCE}`
  expect(briefly(boundsOf(sql, 'UTC'))).toBe('2026-09-30T15:00:00.000Z/-')
})

test('the form of bounds tells how they are written, not what they say', () => {
  const form = (where: string): string | undefined => boundsOf(`SELECT 1 FROM t WHERE ${where}`)?.form
  expect(form("__time >= '2026-10-01' AND __time < '2026-10-02'")).toBe(
    form("__time >= '2025-01-01' AND __time < '2026-12-31'"),
  )
  const forms = [
    "__time >= '2026-10-01'",
    "__time > '2026-10-01'",
    "__time = '2026-10-01'",
    "'2026-10-01' <= __time",
    "__time >= '2026-10-01 00:00:00'",
    "__time >= '2026-10-01T00:00:00'",
    "__time >= '2026-10-01T00:00:00Z'",
    "__time >= '2026-10-01T00:00:00.0Z'",
    "__time >= TIMESTAMP '2026-10-01'",
    "__time >= DATE '2026-10-01'",
    "__time >= TIME_PARSE('2026-10-01')",
    "__time >= CAST('2026-10-01' AS TIMESTAMP)",
    "CAST(__time AS TIMESTAMP) >= '2026-10-01'",
    '__time >= MILLIS_TO_TIMESTAMP(5)',
    "TIME_IN_INTERVAL(__time, '2026-10-01/2026-10-02')",
    "TIME_IN_INTERVAL(__time, '2026-10-01/P1D')",
    "__time >= '2026-10-01' AND __time < '2026-10-02'",
  ].map(form)
  expect(new Set(forms).size).toBe(forms.length)
})
