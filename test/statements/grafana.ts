// Grafana: the Druid plug-in and dashboards written by hand. Bounds are milliseconds, both ends included; the bucket
// follows from the panel's width; go-druid sends `queryType` in the body and whatever key a user typed as context.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const BODY = { queryType: 'sql', resultFormat: 'array', header: true }

export function grafanaStatements(days: Days): readonly Statement[] {
  const last = (from: number, hours = 0): string =>
    `__time >= MILLIS_TO_TIMESTAMP(${days.ms(from, hours)}) AND __time <= MILLIS_TO_TIMESTAMP(${days.ms(0) - 1})`
  const parts = [panels, rates, bounds, variables]
  return sentBy(
    'grafana',
    { context: { '': '' }, body: BODY },
    parts.flatMap((part) => part(last, days)),
  )
}

type Last = (from: number, hours?: number) => string

const panels = (last: Last, days: Days): readonly Listed[] => [
  ...[
    { id: 'grafana-001', period: 'PT1S', where: last(0, -1) },
    { id: 'grafana-002', period: 'PT10S', where: last(0, -3) },
    { id: 'grafana-003', period: 'PT30S', where: last(0, -6) },
    { id: 'grafana-004', period: 'PT1M', where: last(0, -12) },
    { id: 'grafana-005', period: 'PT2M', where: last(1) },
    { id: 'grafana-006', period: 'PT5M', where: last(2) },
    { id: 'grafana-007', period: 'PT20M', where: last(7) },
    { id: 'grafana-008', period: 'PT1H', where: last(7) },
    { id: 'grafana-009', period: 'PT3H', where: last(14) },
    { id: 'grafana-010', period: 'PT12H', where: last(30) },
    { id: 'grafana-011', period: 'P1D', where: last(60) },
  ].map(({ id, period, where }) => ({
    id,
    what: `a panel by ${period}, in order of time`,
    sql: `SELECT TIME_FLOOR(__time, '${period}') AS "time", COUNT(*) AS "events"
FROM events
WHERE ${where}
GROUP BY 1
ORDER BY 1`,
  })),
  {
    id: 'grafana-012',
    what: 'bucket by arithmetic on milliseconds ($__interval_ms)',
    sql: `SELECT FLOOR(TIMESTAMP_TO_MILLIS(__time) / 300000) * 300000 AS "time", AVG(latency) AS "latency"
FROM events
WHERE __time BETWEEN MILLIS_TO_TIMESTAMP(${days.ms(1)}) AND MILLIS_TO_TIMESTAMP(${days.ms(0)})
GROUP BY 1
ORDER BY 1 ASC`,
  },
  {
    id: 'grafana-013',
    what: 'bucket by arithmetic, back to a time',
    sql: `SELECT MILLIS_TO_TIMESTAMP((TIMESTAMP_TO_MILLIS(__time) / 60000) * 60000) AS "time", SUM(added) AS "added"
FROM events
WHERE ${last(0, -6)}
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-014',
    what: 'one series per country, metric column as Grafana wants it',
    sql: `SELECT TIME_FLOOR(__time, 'PT15M') AS "time", country AS "metric", SUM(price) AS "value"
FROM events
WHERE ${last(1)} AND country IN ('US','DE','FR')
GROUP BY 1, 2
ORDER BY 1, 2`,
  },
  {
    id: 'grafana-015',
    what: 'days of a zone, the origin given as milliseconds',
    sql: `SELECT TIME_FLOOR(__time, 'P1D', MILLIS_TO_TIMESTAMP(0), 'Europe/Paris') AS "time", SUM(added) AS "number"
FROM "events"
WHERE ${last(14)}
GROUP BY 1`,
  },
  {
    id: 'grafana-016',
    what: 'days of a zone without an origin, over the end of summer time',
    sql: `SELECT TIME_FLOOR(__time, 'P1D', NULL, 'America/New_York') AS "time", COUNT(*) AS "n"
FROM dst
WHERE __time >= MILLIS_TO_TIMESTAMP(${Date.parse('2026-10-31T04:00:00Z')}) AND __time < MILLIS_TO_TIMESTAMP(${Date.parse('2026-11-03T05:00:00Z')})
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-017',
    what: 'an origin written as 0, which many copy',
    sql: `SELECT TIME_FLOOR(__time, 'P1D', 0, 'Europe/Paris') AS "time", SUM(added) AS "number"
FROM "events"
WHERE ${last(7)}
GROUP BY 1`,
    expect: 'error',
    why: 'the origin of TIME_FLOOR is a TIMESTAMP, not a number',
  },
  {
    id: 'grafana-018',
    what: 'stat panel',
    sql: `SELECT SUM(price) AS "revenue"
FROM events
WHERE ${last(1)}`,
  },
  {
    id: 'grafana-019',
    what: 'gauge: percent of rows, by FILTER',
    sql: `SELECT 100.0 * COUNT(*) FILTER (WHERE isRobot = 1) / NULLIF(COUNT(*), 0) AS "robots %"
FROM events
WHERE ${last(1)}`,
  },
  {
    id: 'grafana-020',
    what: 'bar gauge: top ten',
    sql: `SELECT page, SUM(added) AS added
FROM events
WHERE ${last(7)}
GROUP BY page
ORDER BY added DESC
LIMIT 10`,
  },
  {
    id: 'grafana-021',
    what: 'table of the latest rows, all columns by name',
    sql: `SELECT "__time", "channel", "city", "country", "page", "user", "added", "deleted", "delta", "latency"
FROM "events"
WHERE "city" = 'Zürich'
AND ${last(2)}`,
  },
  {
    id: 'grafana-022',
    what: 'pie chart',
    sql: `SELECT device, COUNT(*) AS c FROM events WHERE ${last(7)} GROUP BY device ORDER BY c DESC`,
  },
  {
    id: 'grafana-023',
    what: 'histogram: buckets of width 10',
    sql: `SELECT FLOOR(price / 10) * 10 AS bucket, COUNT(*) AS n
FROM events
WHERE ${last(3)} AND price IS NOT NULL
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-024',
    what: 'heat map: hour of day by day',
    sql: `SELECT TIME_FLOOR(__time, 'P1D') AS "time", TIME_EXTRACT(__time, 'HOUR', 'Europe/Berlin') AS "hour", COUNT(*) AS n
FROM events
WHERE ${last(14)}
GROUP BY 1, 2
ORDER BY 1, 2`,
  },
]

const rates = (last: Last): readonly Listed[] => [
  {
    id: 'grafana-025',
    what: 'rate per second',
    sql: `SELECT TIME_FLOOR(__time, 'PT1M') AS "time", COUNT(*) / 60.0 AS "per second"
FROM events
WHERE ${last(0, -6)}
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-026',
    what: 'errors and all, their ratio from a subquery',
    sql: `SELECT "time", bots * 1.0 / total AS ratio
FROM (
  SELECT TIME_FLOOR(__time, 'PT1H') AS "time", COUNT(*) FILTER (WHERE device = 'bot') AS bots, COUNT(*) AS total
  FROM events
  WHERE ${last(2)}
  GROUP BY 1
)
ORDER BY 1`,
  },
  {
    id: 'grafana-027',
    what: 'moving average by a window',
    sql: `SELECT t AS "time", AVG(n) OVER (ORDER BY t ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS smooth
FROM (SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM events WHERE ${last(3)} GROUP BY 1)
ORDER BY 1`,
    needs: 'heap',
  },
  {
    id: 'grafana-028',
    what: 'running total by a window',
    sql: `SELECT t AS "time", SUM(s) OVER (ORDER BY t) AS total
FROM (SELECT TIME_FLOOR(__time, 'P1D') AS t, SUM(added) AS s FROM events WHERE ${last(30)} GROUP BY 1)
ORDER BY 1`,
    needs: 'heap',
  },
  {
    id: 'grafana-029',
    what: 'latency in percentiles, by a sketch',
    sql: `SELECT TIME_FLOOR(__time, 'PT1H') AS "time", APPROX_QUANTILE_DS(latency, 0.95) AS p95, APPROX_QUANTILE_DS(latency, 0.5) AS p50
FROM events
WHERE ${last(1)}
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-030',
    what: 'latest and earliest values',
    sql: `SELECT device, LATEST(latency) AS now_, EARLIEST(latency) AS first_, LATEST(page, 1024) AS page
FROM events
WHERE ${last(1)}
GROUP BY device`,
  },
  {
    id: 'grafana-031',
    what: 'join of two series, one shifted by a day',
    sql: `SELECT a.t AS "time", a.n AS today, b.n AS yesterday
FROM (SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM events WHERE ${last(1)} GROUP BY 1) a
LEFT JOIN (SELECT TIME_SHIFT(TIME_FLOOR(__time, 'PT1H'), 'P1D', 1) AS t, COUNT(*) AS n FROM events WHERE ${last(2)} GROUP BY 1) b
ON a.t = b.t
ORDER BY 1`,
    needs: 'heap',
  },
  {
    id: 'grafana-032',
    what: 'gaps filled with zeros',
    sql: `SELECT TIME_FLOOR(__time, 'PT1M') AS "time", COUNT(*) AS n
FROM events
WHERE ${last(0, -3)} AND device = 'tv'
GROUP BY 1`,
    context: { skipEmptyBuckets: false },
  },
  {
    id: 'grafana-033',
    what: 'annotations',
    sql: `SELECT __time AS "time", page AS "text", user AS "tags"
FROM events
WHERE ${last(1)} AND reqId > 9007199254740992 AND referrer = 'it''s'
ORDER BY __time
LIMIT 100`,
  },
]

const bounds = (_: Last, days: Days): readonly Listed[] => [
  {
    id: 'grafana-034',
    what: 'TIME_IN_INTERVAL with ISO dates ($__from:date:iso)',
    sql: `SELECT TIME_FLOOR(__time, 'PT5M') AS "time", MAX(latency) AS m
FROM events
WHERE TIME_IN_INTERVAL(__time, '${days.at(1)}.000Z/${days.at(0)}.000Z')
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-035',
    what: 'TIME_PARSE of ISO dates',
    sql: `SELECT device, MIN(latency) AS m
FROM events
WHERE __time BETWEEN TIME_PARSE('${days.at(1, 5)}.678Z') AND TIME_PARSE('${days.at(0, -2)}.123Z')
GROUP BY device`,
  },
  {
    id: 'grafana-036',
    what: 'comparison of milliseconds',
    sql: `SELECT COUNT(*) AS n
FROM events
WHERE TIMESTAMP_TO_MILLIS(__time) BETWEEN ${days.ms(1)} AND ${days.ms(0)}`,
  },
  {
    id: 'grafana-037',
    what: 'seconds since 1970, times a thousand',
    sql: `SELECT channel, COUNT(*) AS n
FROM events
WHERE __time >= MILLIS_TO_TIMESTAMP(${days.ms(2) / 1000} * 1000) AND __time < MILLIS_TO_TIMESTAMP(${days.ms(1) / 1000} * 1000)
GROUP BY channel`,
  },
  {
    id: 'grafana-038',
    what: 'a long number cast to a time',
    sql: `SELECT COUNT(*) AS n
FROM events
WHERE CAST(__time AS BIGINT) >= ${days.ms(3)} AND CAST(__time AS BIGINT) < ${days.ms(2)}`,
  },
  {
    id: 'grafana-039',
    what: 'last minutes of the live table',
    sql: `SELECT TIME_FLOOR(__time, 'PT10S') AS "time", COUNT(*) AS n
FROM "stream"
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '15' MINUTE
GROUP BY 1
ORDER BY 1`,
    needs: 'stream',
  },
  {
    id: 'grafana-040',
    what: 'the live table without quotes',
    sql: `SELECT COUNT(*) AS n FROM stream`,
    expect: 'error',
    why: 'STREAM is a keyword of Calcite',
  },
]

const variables = (last: Last): readonly Listed[] => [
  {
    id: 'grafana-041',
    what: 'variable: values of a dimension',
    sql: 'SELECT DISTINCT channel FROM events ORDER BY channel',
  },
  {
    id: 'grafana-042',
    what: 'variable: values within the range',
    sql: `SELECT city FROM events WHERE ${last(7)} AND city IS NOT NULL GROUP BY city ORDER BY 1`,
  },
  {
    id: 'grafana-043',
    what: 'a variable of several values and one for all',
    sql: `SELECT TIME_FLOOR(__time, 'PT30M') AS "time", SUM(delta) AS d
FROM events
WHERE ${last(2)} AND ('$__all' = '$__all' OR country IN ('US')) AND device IN ('mobile','tablet')
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'grafana-044',
    what: 'a regular expression as filter',
    sql: `SELECT TIME_FLOOR(__time, 'PT1H') AS "time", COUNT(*) AS n
FROM events
WHERE ${last(2)} AND REGEXP_LIKE(page, '^/p/(1|2|3)$')
GROUP BY 1`,
  },
  {
    id: 'grafana-045',
    what: 'macro that nothing replaced',
    sql: `SELECT $__timeGroup(__time, '5m') AS "time", COUNT(*) FROM events WHERE $__timeFilter(__time) GROUP BY 1`,
    expect: 'error',
    why: 'the plug-in knows no macros: $__timeGroup is an unknown function',
  },
]
