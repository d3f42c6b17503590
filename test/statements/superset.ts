// Apache Superset: charts, dashboards and SQL Lab over pydruid. Time bounds are plain texts with six decimals; a bucket
// is always TIME_FLOOR over CAST; every chart has a LIMIT; the order is mostly by the first metric.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const bucket = (period: string): string => `TIME_FLOOR(CAST("__time" AS TIMESTAMP), '${period}')`
const SUNDAY = `TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1)`
const SATURDAY = `TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', 5)`

export function supersetStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number): string =>
    `"__time" >= '${days.blank(from)}.000000' AND "__time" < '${days.blank(to)}.000000'`
  const parts = [totals, grains, series, tables, filters, comparisons, datasets, lab]
  return sentBy('superset', { context: {}, body: { header: false } }, [
    ...parts.flatMap((part) => part(range, days)),
    ...METADATA,
  ])
}

type Range = (from: number, to: number) => string

const totals = (range: Range): readonly Listed[] => [
  {
    id: 'superset-001',
    what: 'big number, asked through REST: an order and a limit for one row',
    sql: `SELECT COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)}
ORDER BY "count" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-002',
    what: 'big number, asked by the front end: a limit alone',
    sql: `SELECT SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${range(7, 0)}
LIMIT 50000`,
  },
  {
    id: 'superset-003',
    what: 'big number with a trend line: no order',
    sql: `SELECT ${bucket('P1D')} AS "__timestamp", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(30, 0)}
GROUP BY ${bucket('P1D')}
LIMIT 50000`,
  },
  {
    id: 'superset-004',
    what: 'big number without a time range',
    sql: `SELECT AVG("price") AS "AVG(price)"
FROM "druid"."events"
LIMIT 50000`,
  },
  {
    id: 'superset-005',
    what: 'totals of a table, HAVING without GROUP BY',
    sql: `SELECT COUNT(*) AS "count", SUM("added") AS "SUM(added)", SUM("price") AS "SUM(price)"
FROM "druid"."events"
WHERE ${range(14, 0)}
HAVING ((SUM(added) > 10000))
LIMIT 50000`,
  },
  {
    id: 'superset-006',
    what: 'big number of distinct users',
    sql: `SELECT COUNT(DISTINCT "user") AS "COUNT_DISTINCT(user)"
FROM "druid"."events"
WHERE ${range(1, 0)}
LIMIT 50000`,
  },
]

const grains = (range: Range): readonly Listed[] =>
  [
    { id: 'superset-007', grain: 'second', expression: bucket('PT1S'), where: range(1, 0.9) },
    { id: 'superset-008', grain: '5 seconds', expression: bucket('PT5S'), where: range(1, 0.8) },
    { id: 'superset-009', grain: '30 seconds', expression: bucket('PT30S'), where: range(1, 0.5) },
    { id: 'superset-010', grain: 'minute', expression: bucket('PT1M'), where: range(1, 0) },
    { id: 'superset-011', grain: '5 minutes', expression: bucket('PT5M'), where: range(1, 0) },
    { id: 'superset-012', grain: '10 minutes', expression: bucket('PT10M'), where: range(2, 0) },
    { id: 'superset-013', grain: '15 minutes', expression: bucket('PT15M'), where: range(3, 0) },
    { id: 'superset-014', grain: '30 minutes', expression: bucket('PT30M'), where: range(7, 0) },
    { id: 'superset-015', grain: 'hour', expression: bucket('PT1H'), where: range(7, 0) },
    { id: 'superset-016', grain: '6 hours', expression: bucket('PT6H'), where: range(14, 0) },
    { id: 'superset-017', grain: 'day', expression: bucket('P1D'), where: range(30, 0) },
    { id: 'superset-018', grain: 'week', expression: bucket('P1W'), where: range(60, 0) },
    { id: 'superset-019', grain: 'month', expression: bucket('P1M'), where: range(60, 0) },
    { id: 'superset-020', grain: 'quarter', expression: bucket('P3M'), where: range(60, 0) },
    { id: 'superset-021', grain: 'year', expression: bucket('P1Y'), where: range(60, 0) },
    { id: 'superset-022', grain: 'week starting Sunday', expression: SUNDAY, where: range(60, 0) },
    { id: 'superset-023', grain: 'week ending Saturday', expression: SATURDAY, where: range(60, 0) },
  ].map(({ id, grain, expression, where }) => ({
    id,
    what: `time series by ${grain}, the bucket named as the column, ordered by the metric`,
    sql: `SELECT ${expression} AS "__time", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${where}
GROUP BY ${expression}
ORDER BY "count" DESC
LIMIT 10000`,
  }))

const series = (range: Range): readonly Listed[] => [
  {
    id: 'superset-024',
    what: 'series by a dimension, ordered by an aggregate that is not selected',
    sql: `SELECT ${bucket('P1D')} AS "__time", "device" AS "device", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(14, 0)}
GROUP BY ${bucket('P1D')}, "device"
ORDER BY SUM("added") DESC
LIMIT 50000`,
  },
  {
    id: 'superset-025',
    what: 'series limit, first statement: the top five',
    sql: `SELECT "country" AS "country", SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${range(14, 0)}
GROUP BY "country"
ORDER BY SUM("added") DESC
LIMIT 5`,
  },
  {
    id: 'superset-026',
    what: 'series limit, second statement: OR of the top five',
    sql: `SELECT ${bucket('PT6H')} AS "__time", "country" AS "country", SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${range(14, 0)} AND ("country" = 'US' OR "country" = 'DE' OR "country" = 'FR' OR "country" = 'GB' OR "country" = 'BR')
GROUP BY ${bucket('PT6H')}, "country"
ORDER BY "SUM(added)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-027',
    what: 'series limit over two dimensions: OR of ANDs',
    sql: `SELECT ${bucket('P1D')} AS "__time", "country" AS "country", "device" AS "device", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)} AND ("country" = 'US' AND "device" = 'desktop' OR "country" = 'US' AND "device" = 'mobile' OR "country" = 'DE' AND "device" = 'desktop')
GROUP BY ${bucket('P1D')}, "country", "device"
ORDER BY "count" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-028',
    what: 'series limit by a join (DRUID_JOINS switched on)',
    sql: `SELECT ${bucket('P1D')} AS "__timestamp", "channel" AS "channel", SUM("added") AS "SUM(added)"
FROM "druid"."events" JOIN (SELECT "channel" AS "channel__", SUM("added") AS "mme_inner__"
FROM "druid"."events"
WHERE ${range(14, 0)} GROUP BY "channel" ORDER BY "mme_inner__" DESC
LIMIT 5) AS "series_limit" ON "channel" = "channel__"
WHERE ${range(14, 0)} GROUP BY ${bucket('P1D')}, "channel" ORDER BY "SUM(added)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-029',
    what: 'series limit, the rest grouped as Others',
    sql: `SELECT ${bucket('P1D')} AS "__time", CASE WHEN ("country" = 'US' OR "country" = 'DE' OR "country" = 'FR') THEN "country" ELSE 'Others' END AS "country", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(14, 0)}
GROUP BY ${bucket('P1D')}, CASE WHEN ("country" = 'US' OR "country" = 'DE' OR "country" = 'FR') THEN "country" ELSE 'Others' END
LIMIT 10000`,
  },
  {
    id: 'superset-030',
    what: 'several metrics over time, custom SQL and ratios among them',
    sql: `SELECT ${bucket('PT1H')} AS "__time", COUNT(*) AS "count", SUM(added) * 1.0 / NULLIF(COUNT(*), 0) AS "added per row", SUM(CASE WHEN device = 'mobile' THEN added ELSE 0 END) AS "mobile", MAX("latency") AS "MAX(latency)", MIN("latency") AS "MIN(latency)"
FROM "druid"."events"
WHERE ${range(3, 0)}
GROUP BY ${bucket('PT1H')}
ORDER BY "count" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-031',
    what: 'the legacy alias __timestamp before a dimension, ordered by time and metric',
    sql: `SELECT ${bucket('P1W')} AS "__timestamp", "channel" AS "channel", AVG("price") AS "AVG(price)"
FROM "druid"."events"
WHERE ${range(60, 0)}
GROUP BY ${bucket('P1W')}, "channel"
ORDER BY "AVG(price)" DESC, "__timestamp" ASC
LIMIT 10000`,
  },
]

const tables = (range: Range): readonly Listed[] => [
  {
    id: 'superset-032',
    what: 'top ten of a dimension with many values',
    sql: `SELECT "page" AS "page", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(30, 0)}
GROUP BY "page"
ORDER BY "count" DESC
LIMIT 10`,
  },
  {
    id: 'superset-033',
    what: 'the bottom ten',
    sql: `SELECT "city" AS "city", AVG("price") AS "AVG(price)"
FROM "druid"."events"
WHERE ${range(30, 0)}
GROUP BY "city"
ORDER BY "AVG(price)" ASC
LIMIT 10`,
  },
  {
    id: 'superset-034',
    what: 'pivot table: several dimensions, a bucket among them',
    sql: `SELECT ${bucket('P1M')} AS "__time", "country" AS "country", "device" AS "device", SUM("added") AS "SUM(added)", SUM("deleted") AS "SUM(deleted)"
FROM "druid"."events"
WHERE ${range(60, 0)}
GROUP BY ${bucket('P1M')}, "country", "device"
ORDER BY "SUM(added)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-035',
    what: 'table with percent metrics, ordered by one',
    sql: `SELECT "device" AS "device", SUM("price") AS "SUM(price)", COUNT(*) AS "%count"
FROM "druid"."events"
WHERE ${range(7, 0)}
GROUP BY "device"
ORDER BY "SUM(price)" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-036',
    what: 'raw records, newest first',
    sql: `SELECT "__time" AS "__time", "country" AS "country", "page" AS "page", "tags" AS "tags", "reqId" AS "reqId", "price" AS "price"
FROM "druid"."events"
WHERE ${range(2, 0)}
ORDER BY "__time" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-037',
    what: 'a page of raw records',
    sql: `SELECT "__time" AS "__time", "user" AS "user", "page" AS "page"
FROM "druid"."events"
WHERE ${range(2, 0)}
ORDER BY "__time" DESC
LIMIT 50 OFFSET 50`,
  },
  {
    id: 'superset-038',
    what: 'count of rows of a page',
    sql: `SELECT COUNT(*) AS "rowcount"
FROM (SELECT "__time" AS "__time", "user" AS "user", "page" AS "page"
FROM "druid"."events"
WHERE ${range(2, 0)} ORDER BY "__time" DESC
 LIMIT 50) AS "rowcount_qry"`,
  },
  {
    id: 'superset-039',
    what: 'a page of groups',
    sql: `SELECT "page" AS "page", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)}
GROUP BY "page"
ORDER BY "count" DESC
LIMIT 20 OFFSET 40`,
  },
  {
    id: 'superset-040',
    what: 'raw records ordered by another column than time',
    sql: `SELECT "__time" AS "__time", "price" AS "price"
FROM "druid"."events"
WHERE ${range(1, 0)}
ORDER BY "price" DESC
LIMIT 100`,
    expect: 'error',
    why: 'rows without a group are ordered by __time alone',
  },
  {
    id: 'superset-041',
    what: 'heat map: hour of day by day of week from calculated columns',
    sql: `SELECT TIME_EXTRACT(__time, 'HOUR') AS "hour", TIME_EXTRACT(__time, 'DOW') AS "weekday", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(28, 0)}
GROUP BY TIME_EXTRACT(__time, 'HOUR'), TIME_EXTRACT(__time, 'DOW')
LIMIT 10000`,
  },
  {
    id: 'superset-042',
    what: 'histogram: the raw column',
    sql: `SELECT "price" AS "price"
FROM "druid"."events"
WHERE ${range(1, 0)} AND "price" IS NOT NULL
LIMIT 10000`,
  },
  {
    id: 'superset-043',
    what: 'box plot: groups per bucket, cut in pandas afterwards',
    sql: `SELECT "device" AS "device", ${bucket('P1D')} AS "__time", AVG("latency") AS "AVG(latency)"
FROM "druid"."events"
WHERE ${range(14, 0)}
GROUP BY "device", ${bucket('P1D')}
ORDER BY "AVG(latency)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-044',
    what: 'bubble chart: three metrics per entity',
    sql: `SELECT "country" AS "country", "channel" AS "channel", SUM("added") AS "x", SUM("deleted") AS "y", COUNT(*) AS "size"
FROM "druid"."events"
WHERE ${range(7, 0)}
GROUP BY "country", "channel"
ORDER BY "x" DESC
LIMIT 100`,
  },
]

const filters = (range: Range, days: Days): readonly Listed[] => [
  {
    id: 'superset-045',
    what: 'filters of every operator on dimensions',
    sql: `SELECT "device" AS "device", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)} AND "country" IN ('US', 'DE', 'FR') AND ("channel" NOT IN ('#direct')) AND "page" LIKE '/p/%' AND lower("city") LIKE lower('%k%') AND "added" >= 10 AND "deleted" != 0 AND "referrer" IS NULL
GROUP BY "device"
ORDER BY "count" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-046',
    what: 'NULL chosen among other values of a filter',
    sql: `SELECT "country" AS "country", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)} AND ("city" IS NULL OR "city" IN ('Berlin', '東京', 'São Paulo'))
GROUP BY "country"
ORDER BY "count" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-047',
    what: 'custom filters in WHERE and HAVING, a row-level rule',
    sql: `SELECT "channel" AS "channel", COUNT(*) AS "count", SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${range(14, 0)} AND (country <> 'CN') AND ((isRobot = 0 OR device = 'bot'))
GROUP BY "channel"
HAVING ((COUNT(*) > 500 AND SUM(added) / COUNT(*) > 2))
ORDER BY "SUM(added)" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-048',
    what: 'filter on a multi-value dimension',
    sql: `SELECT "tags" AS "tags", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(7, 0)} AND "tags" IN ('promo', 'vip')
GROUP BY "tags"
ORDER BY "count" DESC
LIMIT 100`,
  },
  {
    id: 'superset-049',
    what: 'drill by: a bucket as a filter, by TIME_PARSE',
    sql: `SELECT "country" AS "country", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${bucket('P1D')} = TIME_PARSE('${days.at(3)}')
GROUP BY "country"
ORDER BY "count" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-050',
    what: 'drill to detail: one instant of a bucket beside the range',
    sql: `SELECT "__time" AS "__time", "country" AS "country", "device" AS "device", "added" AS "added"
FROM "druid"."events"
WHERE ${range(7, 0)} AND "__time" >= '${days.blank(3)}.000000' AND "__time" < '${days.blank(2)}.000000' AND "country" = 'US'
LIMIT 50 OFFSET 0`,
  },
  {
    id: 'superset-051',
    what: 'values of a filter box',
    sql: `SELECT DISTINCT "country" AS "column_values"
FROM "druid"."events"
LIMIT 10000`,
  },
  {
    id: 'superset-052',
    what: 'values of a native filter, ordered by a metric, in a range of its own',
    sql: `SELECT "channel" AS "channel"
FROM "druid"."events"
WHERE ${range(30, 0)}
GROUP BY "channel"
ORDER BY SUM("added") DESC
LIMIT 1000`,
  },
  {
    id: 'superset-053',
    what: 'values of a native filter, searched',
    sql: `SELECT "page" AS "page"
FROM "druid"."events"
WHERE lower("page") LIKE lower('%/p/12%')
GROUP BY "page"
ORDER BY "page" ASC
LIMIT 1000`,
  },
  {
    id: 'superset-054',
    what: 'range of a numeric filter',
    sql: `SELECT MIN("added") AS "min", MAX("added") AS "max"
FROM "druid"."events"
LIMIT 50000`,
  },
]

const comparisons = (range: Range): readonly Listed[] => [
  {
    id: 'superset-055',
    what: 'time comparison: the same range written twice',
    sql: `SELECT COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(14, 7)} AND ${range(14, 7)}
LIMIT 50000`,
  },
  {
    id: 'superset-056',
    what: 'time comparison: the series of a week before',
    sql: `SELECT ${bucket('P1D')} AS "__time", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(14, 7)} AND ${range(14, 7)}
GROUP BY ${bucket('P1D')}
ORDER BY "count" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-057',
    what: 'time comparison: begins before the data',
    sql: `SELECT ${bucket('P1W')} AS "__time", SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${range(150, 50)}
GROUP BY ${bucket('P1W')}
ORDER BY "SUM(added)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-058',
    what: 'open end: since',
    sql: `SELECT ${bucket('P1D')} AS "__time", MAX("added") AS "MAX(added)"
FROM "druid"."events"
WHERE ${range(10, 0).split(' AND ')[0]}
GROUP BY ${bucket('P1D')}
LIMIT 10000`,
  },
  {
    id: 'superset-059',
    what: 'open start: until',
    sql: `SELECT "country" AS "country", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(10, 30).split(' AND ')[1]}
GROUP BY "country"
ORDER BY "count" DESC
LIMIT 100`,
  },
  {
    id: 'superset-060',
    what: 'a moving edge to the microsecond, as "last day : now" has',
    sql: `SELECT ${bucket('PT1H')} AS "__time", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${range(2.007, 1.0035).replaceAll('.000000', '.123456')}
GROUP BY ${bucket('PT1H')}
ORDER BY "count" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-061',
    what: 'the live table',
    sql: `SELECT ${bucket('PT5M')} AS "__time", "device" AS "device", SUM("price") AS "SUM(price)"
FROM "druid"."stream"
GROUP BY ${bucket('PT5M')}, "device"
ORDER BY "SUM(price)" DESC
LIMIT 10000`,
    needs: 'stream',
  },
]

const datasets = (range: Range, days: Days): readonly Listed[] => [
  {
    id: 'superset-062',
    what: 'virtual dataset: a filter inside, the range outside',
    sql: `SELECT ${bucket('P1D')} AS "__time", SUM(added) AS "SUM(added)"
FROM (SELECT
  __time,
  city,
  country,
  added
FROM events
WHERE
  NOT country IS NULL
) AS "virtual_table"
WHERE ${range(14, 0)}
GROUP BY ${bucket('P1D')}
ORDER BY "SUM(added)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-063',
    what: 'virtual dataset that groups already',
    sql: `SELECT "country" AS "country", MAX(n) AS "MAX(n)"
FROM (SELECT
  TIME_FLOOR(__time, 'PT1H') AS hour_,
  country,
  COUNT(*) AS n
FROM events
WHERE
  __time >= TIMESTAMP '${days.blank(7)}'
GROUP BY
  1,
  2
) AS "virtual_table"
GROUP BY "country"
ORDER BY "MAX(n)" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-064',
    what: 'virtual dataset of a template that holds the bounds itself',
    sql: `SELECT "device" AS "device", SUM(added) AS "SUM(added)"
FROM (SELECT
  *
FROM events
WHERE
  __time >= TIME_PARSE('${days.at(5)}') AND __time < TIME_PARSE('${days.at(2)}')
) AS "virtual_table"
WHERE ${range(5, 2)}
GROUP BY "device"
ORDER BY "SUM(added)" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-065',
    what: 'virtual dataset with WITH, pulled to the front',
    sql: `WITH "__cte" AS (
  SELECT
    __time,
    device,
    price
  FROM events
  WHERE
    price > 10
)
SELECT ${bucket('P1D')} AS "__time", AVG("price") AS "AVG(price)"
FROM "__cte"
WHERE ${range(14, 0)}
GROUP BY ${bucket('P1D')}
ORDER BY "AVG(price)" DESC
LIMIT 10000`,
  },
  {
    id: 'superset-066',
    what: 'virtual dataset that joins a lookup',
    sql: `SELECT "name" AS "name", COUNT(*) AS "count"
FROM (SELECT
  e.__time,
  l.v AS name
FROM events AS e
LEFT JOIN lookup.country_name AS l
  ON e.country = l.k
) AS "virtual_table"
WHERE ${range(7, 0)}
GROUP BY "name"
ORDER BY "count" DESC
LIMIT 1000`,
  },
  {
    id: 'superset-067',
    what: 'sketches kept at ingestion, as metrics',
    sql: `SELECT ${bucket('P1D')} AS "__time", APPROX_COUNT_DISTINCT_DS_HLL(users_hll) AS "users", APPROX_COUNT_DISTINCT_DS_THETA(users_theta) AS "users (theta)", SUM(cnt) AS "rows"
FROM "druid"."events_rollup"
WHERE ${range(30, 0)}
GROUP BY ${bucket('P1D')}
ORDER BY "users" DESC
LIMIT 10000`,
  },
]

const lab = (_: Range, days: Days): readonly Listed[] => [
  {
    id: 'superset-068',
    what: 'SQL Lab: relative to now, the limit written by Superset',
    sql: `SELECT
  channel,
  COUNT(*)
FROM events
WHERE
  __time > CURRENT_TIMESTAMP - INTERVAL '3' DAY
GROUP BY
  channel
LIMIT 1001`,
  },
  {
    id: 'superset-069',
    what: 'SQL Lab: a comment moved by sqlglot, a date as a bound',
    sql: `/* top cities */
SELECT
  city,
  SUM(price) AS revenue
FROM events
WHERE
  __time >= '${days.date(5)}'
GROUP BY
  city
ORDER BY
  revenue DESC
LIMIT 1001`,
  },
  {
    id: 'superset-070',
    what: 'SQL Lab: TIMESTAMP literal rewritten as CAST',
    sql: `SELECT
  FLOOR(__time TO HOUR) AS h,
  COUNT(*) FILTER(WHERE
    isRobot = 1) AS robots
FROM events
WHERE
  __time BETWEEN CAST('${days.blank(2)}' AS TIMESTAMP) AND CAST('${days.blank(1)}' AS TIMESTAMP)
GROUP BY
  1
LIMIT 1001`,
  },
  {
    id: 'superset-071',
    what: 'SQL Lab: SET as a statement of its own',
    sql: `SET useCache = FALSE`,
    expect: 'error',
    why: 'Druid 33 has no SET',
  },
  {
    id: 'superset-072',
    what: 'SQL Lab: preview of a table',
    sql: `SELECT
  "__time" AS "__time",
  "country" AS "country",
  "channel" AS "channel",
  "device" AS "device",
  "isRobot" AS "isRobot",
  "added" AS "added"
FROM "druid"."events_rollup"
LIMIT 100`,
  },
  {
    id: 'superset-073',
    what: 'SQL Lab: cost estimate by EXPLAIN',
    sql: `EXPLAIN PLAN FOR SELECT country, COUNT(*) FROM events GROUP BY country`,
  },
]

const METADATA: readonly Listed[] = [
  { id: 'superset-074', what: 'test of a connection', sql: 'SELECT 1' },
  {
    id: 'superset-075',
    what: 'names of the schemas',
    sql: 'SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA',
  },
  {
    id: 'superset-076',
    what: 'tables of a schema',
    sql: "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'",
  },
  {
    id: 'superset-077',
    what: 'columns of a table, as pydruid indents it',
    sql: `
            SELECT COLUMN_NAME,
                   JDBC_TYPE,
                   IS_NULLABLE,
                   COLUMN_DEFAULT
              FROM INFORMATION_SCHEMA.COLUMNS
             WHERE TABLE_NAME = 'events'
         AND TABLE_SCHEMA = 'druid'`,
  },
  {
    id: 'superset-078',
    what: 'whether a table is there',
    sql: `
            SELECT COUNT(*) > 0 AS exists_
              FROM INFORMATION_SCHEMA.TABLES
             WHERE TABLE_NAME = 'events'`,
  },
  {
    id: 'superset-079',
    what: 'probe of the time format',
    sql: `SELECT "__time"
FROM "druid"."events"
WHERE NOT "__time" IS NULL
LIMIT 1000`,
  },
  {
    id: 'superset-080',
    what: 'probe of a metric that a user typed',
    sql: `SELECT SUM(added) / COUNT(*) AS "test_metric"
FROM "druid"."events"
WHERE 0 = 1`,
  },
]
