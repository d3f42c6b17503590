// Statements in the manner of the tools that talk to Druid, and what is found out about each.
import { expect, test } from 'vitest'
import { type Facts } from '../../src/plan/facts.ts'
import { windowOf } from '../../src/plan/window.ts'
import { analyse } from '../../src/sql/analyse.ts'

const OCTOBER = '2026-10-01/2026-10-08'
const DAY = 86_400_000

interface Expected {
  readonly tables: readonly string[]
  /** Start and end of what is read at a fixed moment, ISO without what is zero; undefined: of all time, or not known. */
  readonly bounds?: string
  /** Distances from now; absent for a statement that doesn't use it. */
  readonly now?: readonly number[] | null
  readonly more?: Partial<Facts>
}

const RANGE = `"__time" >= '2026-10-01 00:00:00.000000' AND "__time" < '2026-10-08 00:00:00.000000'`
const EVENTS: Expected = { tables: ['events'] }
const NOW_MS = Date.parse('2026-11-20T10:17:30.500Z')
const BOUNDED: Expected = { tables: ['events'], bounds: OCTOBER }

const STATEMENTS: Readonly<Record<string, readonly [string, Expected]>> = {
  'superset: time series by metric': [
    `SELECT TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'P1D') AS "__timestamp", COUNT(*) AS "count" FROM "druid"."events"
     WHERE ${RANGE} GROUP BY TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'P1D') ORDER BY "count" DESC LIMIT 10000`,
    BOUNDED,
  ],
  'superset: bucket that hides the column': [
    `SELECT TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'PT1H') AS "__time", SUM("added") AS "a" FROM "druid"."events"
     WHERE ${RANGE} GROUP BY TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'PT1H') ORDER BY SUM("added") DESC LIMIT 50000`,
    BOUNDED,
  ],
  'superset: weeks that begin on Sunday': [
    `SELECT TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) AS w, COUNT(*) AS "count"
     FROM "druid"."events" WHERE ${RANGE} GROUP BY 1 LIMIT 10000`,
    BOUNDED,
  ],
  'superset: series limit by values': [
    `SELECT "country", COUNT(*) FROM "druid"."events" WHERE ${RANGE} AND ("country" = 'US' OR "country" = 'DE' OR "country" IS NULL)
     GROUP BY "country"`,
    BOUNDED,
  ],
  'superset: comparison in time with the range twice': [
    `SELECT COUNT(*) AS "count" FROM "druid"."events" WHERE ${RANGE} AND ${RANGE} LIMIT 50000`,
    BOUNDED,
  ],
  'superset: virtual dataset': [
    `SELECT "city" AS "city", SUM(added) AS "s" FROM (SELECT __time, city, added FROM events WHERE NOT country IS NULL) AS "virtual_table"
     WHERE ${RANGE} GROUP BY "city" HAVING ((SUM(added) > 10000)) ORDER BY "s" DESC LIMIT 1001`,
    BOUNDED,
  ],
  'superset: count of rows over a page': [
    `SELECT COUNT(*) AS "rowcount" FROM (SELECT "page" FROM "druid"."events" WHERE ${RANGE} ORDER BY "__time" DESC LIMIT 50) AS "rowcount_qry"`,
    BOUNDED,
  ],
  'superset: probe of the time format': [
    'SELECT "__time" FROM "druid"."events" WHERE NOT "__time" IS NULL LIMIT 1000',
    EVENTS,
  ],
  'superset: lab': [
    `-- last days\nSELECT channel, COUNT(*) FROM events WHERE __time > CURRENT_TIMESTAMP - INTERVAL '3' DAY GROUP BY channel LIMIT 1001`,
    { tables: ['events'], bounds: '2026-11-17T10:17:30.501Z/-', now: [3 * DAY] },
  ],
  'superset: schemas': [
    'SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA',
    { tables: [], more: { systemTables: true } },
  ],
  'superset: existence of a table': [
    "\n            SELECT COUNT(*) > 0 AS exists_\n            FROM INFORMATION_SCHEMA.TABLES\n            WHERE TABLE_NAME = 'events'",
    { tables: [], more: { systemTables: true } },
  ],
  'superset: ping': ['SELECT 1', { tables: [] }],
  'grafana: milliseconds': [
    `SELECT TIME_FLOOR(__time, 'PT5M') AS t, SUM(added) AS v FROM events
     WHERE __time >= MILLIS_TO_TIMESTAMP(1790812800000) AND __time <= MILLIS_TO_TIMESTAMP(1791417599999) GROUP BY 1 ORDER BY 1`,
    BOUNDED,
  ],
  'grafana: bucket by arithmetic': [
    `SELECT FLOOR(TIMESTAMP_TO_MILLIS(__time) / 300000) * 300000 AS t, AVG(added) FROM events
     WHERE __time BETWEEN MILLIS_TO_TIMESTAMP(1790812800000) AND MILLIS_TO_TIMESTAMP(1791417599999) GROUP BY 1`,
    BOUNDED,
  ],
  'grafana: value list': ['SELECT DISTINCT channel FROM events ORDER BY channel', EVENTS],
  'tableau: quoted everything': [
    `SELECT "events"."country" AS "country", SUM("events"."added") AS "sum:added:ok" FROM "druid"."events" "events"
     WHERE (("events"."__time" >= TIMESTAMP '2026-10-01 00:00:00') AND ("events"."__time" < TIMESTAMP '2026-10-08 00:00:00.000'))
     GROUP BY "events"."country"`,
    BOUNDED,
  ],
  'tableau: dates by truncation': [
    `SELECT FLOOR("events"."__time" TO MONTH) AS "m", COUNT(1) AS "n" FROM "druid"."events" "events"
     WHERE (FLOOR("events"."__time" TO DAY) >= DATE '2026-10-01') GROUP BY FLOOR("events"."__time" TO MONTH)`,
    { tables: ['events'], bounds: '2026-10-01/-' },
  ],
  'tableau: custom SQL': [
    `SELECT "Custom SQL Query"."c" FROM (\n  SELECT country AS c, COUNT(*) AS n FROM events GROUP BY country\n) "Custom SQL Query" GROUP BY 1`,
    EVENTS,
  ],
  'metabase: relative days': [
    `SELECT DATE_TRUNC('day', "events"."__time") AS "__time", COUNT(*) AS "count" FROM "events"
     WHERE "events"."__time" >= DATE_TRUNC('day', TIMESTAMPADD(DAY, -30, CURRENT_TIMESTAMP))
     AND "events"."__time" < DATE_TRUNC('day', CURRENT_TIMESTAMP) GROUP BY DATE_TRUNC('day', "events"."__time") ORDER BY 1 ASC`,
    { tables: ['events'], bounds: '2026-10-21/2026-11-20', now: [30 * DAY] },
  ],
  'metabase: source of a question': [
    `SELECT "source"."country" AS "country", SUM("source"."added") AS "sum" FROM (SELECT * FROM events) AS "source"
     WHERE "source"."__time" BETWEEN TIMESTAMP '2026-10-01 00:00:00' AND TIMESTAMP '2026-10-07 23:59:59.999' GROUP BY 1 LIMIT 10000`,
    BOUNDED,
  ],
  'looker: bounds with CAST and OR': [
    `SELECT (TIME_FORMAT(events.__time, 'yyyy-MM-dd')) AS "events.day", COUNT(*) AS "events.count" FROM druid.events AS events
     WHERE ((( events.__time ) >= ((TIMESTAMP '2026-10-01')) AND ( events.__time ) < ((TIMESTAMP '2026-10-08')))) GROUP BY 1 LIMIT 500`,
    BOUNDED,
  ],
  'looker: last hours': [
    `SELECT COUNT(*) FROM druid.events WHERE ((__time >= (TIMESTAMPADD(HOUR, -23, FLOOR(CURRENT_TIMESTAMP TO HOUR)))
     AND __time < (TIMESTAMPADD(HOUR, 24, TIMESTAMPADD(HOUR, -23, FLOOR(CURRENT_TIMESTAMP TO HOUR))))))`,
    {
      tables: ['events'],
      bounds: '2026-11-19T11:00:00.000Z/2026-11-20T11:00:00.000Z',
      now: [DAY / 24, (23 * DAY) / 24],
    },
  ],
  'cube: parameters': [
    `SELECT "events".country "events__country", count(*) "events__count" FROM druid.events AS "events"
     WHERE ("events".__time >= TIME_PARSE(?) AND "events".__time <= TIME_PARSE(?)) GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    { tables: ['events'], more: { parameters: 2 } },
  ],
  'cube: zone by formatting': [
    `SELECT DATE_TRUNC('day', CAST(TIME_FORMAT("events".__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP)) "d", sum("events".added) "s"
     FROM (SELECT * FROM events) AS "events" WHERE ("events".__time >= TIME_PARSE('2026-10-01T00:00:00.000Z')
     AND "events".__time <= TIME_PARSE('2026-10-07T23:59:59.999Z')) GROUP BY 1 ORDER BY 1 ASC`,
    BOUNDED,
  ],
  'cube: lower-case schemas': [
    "SELECT table_name FROM information_schema.columns WHERE table_schema NOT IN ('sys')",
    { tables: [], more: { systemTables: true } },
  ],
  'plywood: literals on the left': [
    `SELECT SUM("added") AS "added" FROM "events" AS t
     WHERE ((TIMESTAMP '2026-10-01 00:00:00'<="t"."__time" AND "t"."__time"<TIMESTAMP '2026-10-08 00:00:00') AND ("t"."country"=U&'Espa\\00f1a')) GROUP BY ()`,
    BOUNDED,
  ],
  'plywood: period over period': [
    `SELECT TIME_FLOOR("__time",'P1D',NULL,'America/Los_Angeles') AS "T",
     SUM(CASE WHEN (TIMESTAMP '2026-10-01 00:00:00'<="__time" AND "__time"<TIMESTAMP '2026-10-08 00:00:00') THEN "added" ELSE 0 END) AS "a"
     FROM "events" GROUP BY 1 HAVING 100<"a" ORDER BY "a" DESC LIMIT 5`,
    EVENTS,
  ],
  'plywood: filtered count': [
    `SELECT COUNT(DISTINCT "page") FILTER (WHERE "isRobot" = 'false' OR "device" = 'x' AND "city" IN ('a','b')) AS u FROM "events" WHERE ${RANGE}`,
    BOUNDED,
  ],
  'ibis: three levels': [
    `SELECT * FROM (SELECT "t1"."country", COUNT(*) AS "n" FROM (SELECT * FROM "events" AS "t0"
     WHERE "t0"."__time" >= CAST('2026-10-01T00:00:00' AS TIMESTAMP) AND "t0"."__time" < CAST('2026-10-08T00:00:00' AS TIMESTAMP)) AS "t1" GROUP BY 1) AS "t2"
     ORDER BY "t2"."n" DESC NULLS LAST LIMIT 10`,
    { tables: ['events'], bounds: '2026-10-01/2026-10-08' },
  ],
  'ibis: truncation': [
    `SELECT DATE_TRUNC('DAY', "t1"."__time") AS "d", SUM("t1"."added") FROM "events" AS "t1" GROUP BY 1`,
    EVENTS,
  ],
  'ibis: schema by EXPLAIN': [
    'EXPLAIN PLAN FOR SELECT * FROM "events"',
    { tables: [], now: null, more: { kind: 'explain' } },
  ],
  'ibis: rows in memory': ['SELECT * FROM (VALUES (1, \'a\'), (2, \'b\')) AS "m"("x", "y")', { tables: [] }],
  'console: interval': [
    `SELECT "page", COUNT(*) AS "Count" FROM "events" WHERE TIME_IN_INTERVAL("__time", '2026-10-01/P1W') GROUP BY 1 ORDER BY 2 DESC`,
    BOUNDED,
  ],
  'console: segments': [
    'SELECT "datasource", SUM("size") FILTER (WHERE is_active = 1) FROM sys.segments GROUP BY 1',
    { tables: [], more: { systemTables: true } },
  ],
  'console: ingestion': [
    'REPLACE INTO "x" OVERWRITE ALL SELECT * FROM "events" PARTITIONED BY DAY',
    { tables: [], now: null, more: { kind: 'dml' } },
  ],
  'pivot: lookup': [
    `SELECT LOOKUP("country", 'country_name') AS "c", SUM("added") FROM "events" WHERE ${RANGE} GROUP BY 1`,
    { ...BOUNDED, more: { lookups: ['country_name'] } },
  ],
  'hand: join with a lookup': [
    `SELECT l.v, COUNT(*) FROM events e LEFT JOIN lookup.country_name l ON e.country = l.k WHERE e.${RANGE} GROUP BY 1`,
    { ...EVENTS, more: { lookups: ['country_name'] } },
  ],
  'hand: WITH and UNION ALL': [
    `WITH a AS (SELECT page FROM events WHERE ${RANGE}), b AS (SELECT page FROM dst) SELECT page, COUNT(*) FROM (SELECT * FROM a UNION ALL SELECT * FROM b) GROUP BY 1`,
    { tables: ['dst', 'events'] },
  ],
  'hand: window function': [
    `SELECT channel, SUM(added) OVER (PARTITION BY channel ORDER BY __time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM events WHERE ${RANGE}`,
    BOUNDED,
  ],
  'hand: grouping sets': [
    `SELECT country, city, GROUPING(country, city), COUNT(*) FROM events WHERE ${RANGE} GROUP BY GROUPING SETS ((country, city), (country), ())`,
    BOUNDED,
  ],
  'hand: JSON and extraction': [
    `SELECT JSON_VALUE(x, '$.a' RETURNING BIGINT), EXTRACT(HOUR FROM __time), TRIM(BOTH 'x' FROM page), SUBSTRING(page FROM 2 FOR 3) FROM events WHERE ${RANGE}`,
    BOUNDED,
  ],
}

function brief(facts: Facts): unknown {
  const iso = (ms: number): string =>
    Math.abs(ms) >= 8.64e15 ? '-' : new Date(ms).toISOString().replace('T00:00:00.000Z', '')
  const window =
    facts.bounds === undefined ? undefined : windowOf(facts.bounds, { nowMs: NOW_MS, parameters: '' })
  const bounds = window?.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`).join(' ')
  return {
    tables: facts.tables,
    bounds: bounds === '-/-' ? undefined : bounds,
    now: facts.now.kind === 'used' ? facts.now.distancesMs : undefined,
  }
}

test.each(Object.entries(STATEMENTS))('%s', (_, [sql, { tables, bounds, now, more }]) => {
  const analysis = analyse(sql, { timeZone: 'Etc/UTC', maxLength: 65_536, maxDepth: 64 })
  if (analysis.kind === 'unknown') throw new Error(analysis.reason)
  expect(brief(analysis.facts)).toEqual({ tables, bounds, now })
  expect(analysis.facts).toMatchObject({
    kind: 'select',
    systemTables: false,
    external: false,
    lookups: [],
    parameters: 0,
    volatile: [],
    ...more,
  })
})
