// The charts over the live `stream`: Grafana, Superset and Metabase.
import { ALWAYS, DAY_MS, grafana, HOUR_MS, metabase, MINUTE_MS, superset } from './ranges.ts'
import { type Chart, chartsOf, type Listed } from './statement.ts'

const QUARTER = 15 * MINUTE_MS
const bucket = (period: string): string => `TIME_FLOOR(CAST("__time" AS TIMESTAMP), '${period}')`
const panel = (list: string, rest = ''): Pick<Listed, 'sql'> => ({
  sql: (where) => `SELECT ${list}\nFROM "stream"\nWHERE ${where}\n${rest}`,
})
const time = (period: string): string => `TIME_FLOOR(__time, '${period}') AS "time"`

const GRAFANA = chartsOf('grafana', 'stream', [
  {
    title: 'ten seconds',
    range: grafana.last(QUARTER),
    statements: [
      {
        ...panel(`${time('PT10S')}, COUNT(*) AS "events"`, 'GROUP BY 1\nORDER BY 1'),
        counts: { column: 1, bucketMs: 10_000 },
      },
      {
        ...panel(`${time('PT10S')}, device AS "metric", COUNT(*) AS "value"`, 'GROUP BY 1, 2\nORDER BY 1, 2'),
        counts: { column: 2, bucketMs: 10_000 },
      },
    ],
  },
  {
    title: 'minutes',
    range: grafana.last(HOUR_MS),
    statements: [
      {
        ...panel(
          `${time('PT1M')}, COUNT(*) AS "n", COUNT(*) / 60.0 AS "per second"`,
          'GROUP BY 1\nORDER BY 1',
        ),
        counts: { column: 1, bucketMs: MINUTE_MS },
      },
      {
        ...panel(
          `${time('PT1M')}, country AS "metric", COUNT(*) AS n, SUM(added) AS "value"`,
          'GROUP BY 1, 2\nORDER BY 1, 2',
        ),
        counts: { column: 2, bucketMs: MINUTE_MS },
      },
      {
        ...panel(`${time('PT1M')}, COUNT(*) AS n, AVG(price) AS "price"`, 'GROUP BY 1\nORDER BY 1'),
        counts: { column: 1, bucketMs: MINUTE_MS },
      },
    ],
  },
  {
    title: 'stats',
    range: grafana.last(QUARTER),
    statements: [
      { ...panel('COUNT(*) AS "events"'), counts: { column: 0 } },
      { ...panel('COUNT(*) AS "n", SUM(price) AS "revenue"'), counts: { column: 0 } },
      {
        ...panel(
          `COUNT(*) AS n, 100.0 * COUNT(*) FILTER (WHERE device = 'mobile') / NULLIF(COUNT(*), 0) AS "mobile %"`,
        ),
        counts: { column: 0 },
      },
    ],
  },
  {
    title: 'top of an hour',
    range: grafana.last(HOUR_MS),
    statements: [
      {
        ...panel(`"user", SUM(added) AS added`, 'GROUP BY "user"\nORDER BY added DESC\nLIMIT 10'),
        approximate: true,
      },
      {
        ...panel('country, COUNT(*) AS c', 'GROUP BY country\nORDER BY c DESC'),
        counts: { column: 1 },
      },
    ],
  },
  {
    title: 'written by hand',
    range: grafana.current(15),
    statements: [
      {
        ...panel(`${time('PT10S')}, COUNT(*) AS n`, 'GROUP BY 1\nORDER BY 1'),
        counts: { column: 1, bucketMs: 10_000 },
      },
      {
        ...panel('device, COUNT(*) AS n, MAX(price) AS p', 'GROUP BY 1\nORDER BY 2 DESC'),
        counts: { column: 1 },
      },
      { ...panel('COUNT(*) AS n, SUM(added) AS a'), counts: { column: 0 } },
    ],
  },
  {
    title: 'rows and variables',
    range: grafana.last(QUARTER),
    statements: [
      panel('__time AS "time", country, device, seq', 'ORDER BY __time DESC\nLIMIT 20'),
      { sql: () => 'SELECT DISTINCT country FROM "stream" ORDER BY country' },
      panel('device', 'AND device IS NOT NULL GROUP BY device ORDER BY 1'),
    ],
  },
])

const from = (list: string, rest: string): Pick<Listed, 'sql'> => ({
  sql: (where) => `SELECT ${list}\nFROM "druid"."stream"\nWHERE ${where}\n${rest}`,
})

const SUPERSET = chartsOf('superset', 'stream', [
  {
    title: 'five minutes live',
    range: superset.untilNow(6 * HOUR_MS),
    statements: [
      {
        ...from(
          `${bucket('PT5M')} AS "__time", COUNT(*) AS "count"`,
          `GROUP BY ${bucket('PT5M')}\nORDER BY "count" DESC\nLIMIT 10000`,
        ),
        counts: { column: 1, bucketMs: 5 * MINUTE_MS },
      },
      from(
        `"country" AS "country", SUM("added") AS "SUM(added)"`,
        `GROUP BY "country"\nHAVING ((SUM(added) > 1000))\nORDER BY SUM("added") DESC\nLIMIT 5`,
      ),
      {
        ...from(
          `${bucket('PT5M')} AS "__time", "country" AS "country", COUNT(*) AS "count"`,
          `AND ("country" = 'US' OR "country" = 'DE')\nGROUP BY ${bucket('PT5M')}, "country"\nORDER BY "count" DESC\nLIMIT 10000`,
        ),
        counts: {
          column: 2,
          bucketMs: 5 * MINUTE_MS,
          of: ({ country }) => country === 'US' || country === 'DE',
        },
      },
    ],
  },
  {
    title: 'all of it',
    range: ALWAYS,
    statements: [
      {
        sql: () => `SELECT COUNT(*) AS "count"\nFROM "druid"."stream"\nLIMIT 50000`,
        counts: { column: 0 },
      },
      {
        sql: () =>
          `SELECT MAX("added") AS "MAX(added)", COUNT(*) AS "count"\nFROM "druid"."stream"\nLIMIT 50000`,
        counts: { column: 1 },
      },
      {
        ...from(`COUNT(DISTINCT "user") AS "users"`, 'LIMIT 50000'),
        range: superset.untilNow(DAY_MS),
      },
    ],
  },
])

const LIVE = '"druid"."stream"."__time"'

const METABASE = chartsOf('metabase', 'stream', [
  {
    title: 'live by hour and minute',
    range: metabase.last('stream', 6, 'HOUR'),
    statements: [
      {
        sql: (where) =>
          `SELECT DATE_TRUNC('minute', ${LIVE}) AS "__time", COUNT(*) AS "count" FROM "druid"."stream" WHERE ${where} GROUP BY DATE_TRUNC('minute', ${LIVE}) ORDER BY DATE_TRUNC('minute', ${LIVE}) ASC`,
        counts: { column: 1, bucketMs: MINUTE_MS },
      },
      {
        sql: (where) =>
          `SELECT DATE_TRUNC('hour', ${LIVE}) AS "__time", COUNT(*) AS "count" FROM "druid"."stream" WHERE ${where} GROUP BY DATE_TRUNC('hour', ${LIVE}) ORDER BY DATE_TRUNC('hour', ${LIVE}) ASC`,
        context: { sqlTimeZone: 'America/Los_Angeles' },
        counts: { column: 1, bucketMs: HOUR_MS },
      },
      {
        sql: (where) =>
          `SELECT "druid"."stream"."device" AS "device", COUNT(*) AS "count" FROM "druid"."stream" WHERE ${where} GROUP BY "druid"."stream"."device" ORDER BY "druid"."stream"."device" ASC`,
        counts: { column: 1 },
      },
    ],
  },
])

export const STREAM_CHARTS: readonly Chart[] = [...GRAFANA, ...SUPERSET, ...METABASE]
