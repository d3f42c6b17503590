import { expect, test } from 'vitest'
import { analyse } from '../../src/sql/analyse.ts'
import { OPEN_END_MS, OPEN_START_MS } from '../../src/sql/instants.ts'
import { type LiteralBounds } from '../../src/plan/facts.ts'

function boundsOf(sql: string, timeZone?: string): LiteralBounds | undefined {
  const analysis = analyse(sql, { timeZone, maxLength: 65_536, maxDepth: 64 })
  if (analysis.kind === 'unknown') throw new Error(`${analysis.reason}: ${sql}`)
  return analysis.facts.bounds
}

function iso(ms: number): string {
  if (ms === OPEN_START_MS) return '-'
  return ms === OPEN_END_MS ? '-' : new Date(ms).toISOString().replace('T00:00:00.000Z', '')
}

function briefly(bounds: LiteralBounds | undefined): string | undefined {
  return bounds?.intervals.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`).join(', ')
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

test.each([
  "__time >= '2026-10-01' OR x = 1",
  "NOT __time >= '2026-10-01'",
  "__time >= '2026-10-01' AND NOT __time < '2026-11-01'",
  "__time >= '2026-10-01' AND CASE WHEN __time < '2026-11-01' THEN TRUE ELSE x = 1 END",
  "__time >= '2026-10-01' AND TIME_EXTRACT(__time, 'HOUR') = 5",
  "__time >= '2026-10-01' AND FLOOR(__time TO DAY) < '2026-11-01'",
  "__time >= '2026-10-01' AND __time < x",
  "__time >= '2026-10-01' AND __time < ?",
  "__time >= '2026-10-01' AND __time < CURRENT_TIMESTAMP",
  "__time >= '2026-10-01' AND __time < TIMESTAMP '2026-10-05' + INTERVAL '1' DAY",
  "__time <> '2026-10-01'",
  "__time IS NOT DISTINCT FROM '2026-10-01'",
  "__time IN ('2026-10-01', '2026-10-02')",
  "__time NOT BETWEEN '2026-10-01' AND '2026-10-02'",
  "__time >= '2026-10-01 00:00:00.0001'",
  "__time >= '2026-10-01 10:00'",
  "__time >= '2026-10-01T00:00:00+02:00'",
  "__time >= '2026-02-30'",
  "__time >= TIMESTAMP '2026-10-01T00:00:00'",
  "__time >= DATE '2026-10-01 00:00:00'",
  "__time >= CAST('2026-10-01' AS DATE)",
  "__time >= TIME_PARSE('2026-10-01', 'yyyy-MM-dd')",
  "__time >= TIME_PARSE('2026-10-01', NULL, 'Asia/Tokyo')",
  '__time >= MILLIS_TO_TIMESTAMP(5.5)',
  '__time >= MILLIS_TO_TIMESTAMP(-5)',
  '__time >= 1790812800000',
  "CAST(__time AS DATE) >= '2026-10-01'",
  "CAST(__time AS TIMESTAMP(0)) >= '2026-10-01'",
  "TIME_IN_INTERVAL(__time, 'P1D/2026-10-31')",
  "TIME_IN_INTERVAL(__time, '2026-10-31/2026-10-01')",
  "TIME_IN_INTERVAL(__time, '2026-10-31/P')",
  "__time >= '2026-10-02' AND __time < '2026-10-01'",
  "__time >= '2026-10-01' AND x IN (SELECT x FROM t WHERE __time < '2026-01-01')",
  "EXISTS (SELECT 1 FROM t WHERE __time < '2026-01-01')",
  "__time.x >= '2026-10-01'",
  'x = 1',
])('WHERE %s has no literal bounds', (where) => {
  expect(boundsOf(`SELECT COUNT(*) FROM t WHERE ${where}`)).toBeUndefined()
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
  [`SELECT 1 FROM (SELECT a, MAX(__time) AS "__time" FROM t GROUP BY a) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM (SELECT x AS "__time" FROM t) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM (SELECT * FROM t LIMIT 5) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM (SELECT DISTINCT __time FROM t) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM (SELECT * FROM t UNION ALL SELECT * FROM t) WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t, t AS u WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t JOIN t AS u ON t.x = u.x WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t JOIN lookup.l ON t.x = l.k WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t WHERE ${SINCE} UNION ALL SELECT 1 FROM t`, undefined],
  [`WITH t AS (SELECT 1 FROM u) SELECT 1 FROM t WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM t AS x(a, "__time") WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM sys.t WHERE ${SINCE}`, undefined],
  [`SELECT 1 FROM TABLE(APPEND('t')) WHERE ${SINCE}`, undefined],
  [`SELECT (SELECT MAX(__time) FROM t) FROM t WHERE ${SINCE}`, undefined],
  [`SELECT COUNT(*) FILTER (WHERE ${SINCE}) FROM t`, undefined],
])('%s reads %s', (sql, expected) => {
  expect(briefly(boundsOf(sql))).toBe(expected)
})

test.each([
  [undefined, true],
  ['UTC', true],
  ['Etc/UTC', true],
  ['Z', true],
  ['Europe/Berlin', false],
  ['', false],
])('in the time zone %s literals are read: %s', (timeZone, read) => {
  expect(boundsOf(`SELECT 1 FROM t WHERE ${SINCE}`, timeZone) !== undefined).toBe(read)
})

test('SET sqlTimeZone beats the context', () => {
  expect(boundsOf(`SET sqlTimeZone = 'Asia/Tokyo'; SELECT 1 FROM t WHERE ${SINCE}`, 'UTC')).toBeUndefined()
  expect(boundsOf(`SET sqlTimeZone = 'UTC'; SELECT 1 FROM t WHERE ${SINCE}`, 'Asia/Tokyo')).toBeDefined()
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
