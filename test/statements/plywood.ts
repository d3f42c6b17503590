// Plywood (the engine of Turnilo and Pivot) in its SQL form: literals on the left of a comparison, GROUP BY () for
// totals, positions for splits, one statement per nested split; context says time-out, priority and zone.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const CONTEXT = { timeout: 40000, priority: 1, sqlTimeZone: 'Etc/UTC' }
const ZONE = 'America/Los_Angeles'

export function plywoodStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number, time = '"__time"'): string =>
    `(TIMESTAMP '${days.blank(from)}'<=${time} AND ${time}<TIMESTAMP '${days.blank(to)}')`
  const parts = [totals, splits, times, filters, custom]
  return sentBy('plywood', { context: CONTEXT }, [
    ...parts.flatMap((part) => part(range, days)),
    ...INTROSPECTION,
  ])
}

type Range = (from: number, to: number, time?: string) => string

const totals = (range: Range): readonly Listed[] => [
  {
    id: 'plywood-001',
    what: 'totals',
    sql: `SELECT
COUNT(*) AS "count",
SUM("added") AS "added",
COUNT(DISTINCT "user") AS "users"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY ()`,
  },
  {
    id: 'plywood-002',
    what: 'totals of a range that ends within a second',
    sql: `SELECT
MAX("__time") AS "MaxTime",
MIN("__time") AS "MinTime"
FROM "events" AS t
GROUP BY ()`,
  },
  {
    id: 'plywood-003',
    what: 'totals grouped by an empty text, as older versions write them',
    sql: `SELECT
SUM("added") AS "TotalAdded",
AVG("price") AS "AvgPrice"
FROM "events" AS t
WHERE ("country"='DE')
GROUP BY ''`,
  },
  {
    id: 'plywood-004',
    what: 'filtered measures as CASE in SUM',
    sql: `SELECT
SUM(CASE WHEN ("device"='mobile') THEN "added" ELSE 0 END) AS "mobile",
SUM(CASE WHEN ("device"='bot') THEN 1 ELSE 0 END) AS "bots",
COUNT(DISTINCT CASE WHEN ("device"='mobile') THEN "page" END) AS "pages"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY ()`,
  },
  {
    id: 'plywood-005',
    what: 'filtered measures as FILTER',
    sql: `SELECT
COUNT(*) FILTER (WHERE ("device"='mobile')) AS "mobile",
SUM("added") FILTER (WHERE ("country"='US') OR ("country" IS NULL)) AS "us",
(SUM("price")*1.0/COUNT(*)) AS "perRow"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY ()`,
  },
]

const splits = (range: Range): readonly Listed[] => [
  {
    id: 'plywood-006',
    what: 'a split of a nested table: the outer one',
    sql: `SELECT
"country" AS "country",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "count" DESC
LIMIT 5`,
  },
  {
    id: 'plywood-007',
    what: 'a split of a nested table: one of the inner ones',
    sql: `SELECT
"device" AS "device",
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(7, 0)} AND ("country"='US'))
GROUP BY 1
ORDER BY "count" DESC
LIMIT 5`,
  },
  {
    id: 'plywood-008',
    what: 'ascending, of an arithmetic measure',
    sql: `SELECT
"channel" AS "channel",
(SUM("added")*1.0/SUM("deleted")) AS "ratio"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "ratio" ASC
LIMIT 10`,
  },
  {
    id: 'plywood-009',
    what: 'HAVING with the literal on the left',
    sql: `SELECT
"page" AS "page",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(28, 0)}
GROUP BY 1
HAVING 20<"count"
ORDER BY "count" DESC
LIMIT 100`,
  },
  {
    id: 'plywood-010',
    what: 'two splits at once',
    sql: `SELECT
"country" AS "country",
"device" AS "device",
SUM("added") AS "added"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1, 2
ORDER BY "added" DESC
LIMIT 50`,
  },
  {
    id: 'plywood-011',
    what: 'split of a multi-value dimension',
    sql: `SELECT
"tags" AS "tags",
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(7, 0)} AND MV_OVERLAP("tags",ARRAY['promo','vip']))
GROUP BY 1
ORDER BY "count" DESC
LIMIT 50`,
  },
  {
    id: 'plywood-012',
    what: 'split by a bucket of numbers',
    sql: `SELECT
FLOOR("price" / 10) * 10 AS "price",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "price" ASC
LIMIT 100`,
  },
  {
    id: 'plywood-013',
    what: 'split by a lookup',
    sql: `SELECT
LOOKUP("country", 'country_name') AS "name",
SUM("added") AS "added"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "added" DESC
LIMIT 5`,
  },
  {
    id: 'plywood-014',
    what: 'split by a regular expression and a fallback',
    sql: `SELECT
COALESCE(REGEXP_EXTRACT("page", '/p/(\\d)', 1), 'other') AS "first",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "count" DESC
LIMIT 20`,
  },
  {
    id: 'plywood-015',
    what: 'period over period: two ranges in the measures, one OR in WHERE',
    sql: `SELECT
"channel" AS "channel",
SUM(CASE WHEN ${range(14, 7)} THEN "added" ELSE 0 END) AS "_previous__added",
SUM(CASE WHEN ${range(7, 0)} THEN "added" ELSE 0 END) AS "added",
(SUM(CASE WHEN ${range(7, 0)} THEN "added" ELSE 0 END)-SUM(CASE WHEN ${range(14, 7)} THEN "added" ELSE 0 END)) AS "_delta__added"
FROM "events" AS t
WHERE (${range(14, 7)} OR ${range(7, 0)})
GROUP BY 1
ORDER BY "added" DESC
LIMIT 50`,
  },
  {
    id: 'plywood-016',
    what: 'period over period without WHERE',
    sql: `SELECT
"device" AS "device",
SUM(CASE WHEN ${range(14, 7)} THEN "price" ELSE 0 END) AS "before",
SUM(CASE WHEN ${range(7, 0)} THEN "price" ELSE 0 END) AS "now"
FROM "events" AS t
GROUP BY 1
ORDER BY "now" DESC
LIMIT 50`,
  },
]

const times = (range: Range): readonly Listed[] => [
  ...[
    { id: 'plywood-017', duration: 'PT1M', zone: 'Etc/UTC', from: 1 },
    { id: 'plywood-018', duration: 'PT5M', zone: 'Etc/UTC', from: 1 },
    { id: 'plywood-019', duration: 'PT1H', zone: ZONE, from: 7 },
    { id: 'plywood-020', duration: 'PT6H', zone: 'Etc/UTC', from: 14 },
    { id: 'plywood-021', duration: 'P1D', zone: ZONE, from: 28 },
    { id: 'plywood-022', duration: 'P1W', zone: ZONE, from: 60 },
    { id: 'plywood-023', duration: 'P1M', zone: 'Asia/Kolkata', from: 60 },
    { id: 'plywood-024', duration: 'P3M', zone: 'Etc/UTC', from: 60 },
  ].map(({ id, duration, zone, from }) => ({
    id,
    what: `split by ${duration} in ${zone}`,
    sql: `SELECT
TIME_FLOOR("__time", '${duration}', NULL, '${zone}') AS "__time",
SUM("added") AS "added",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(from, 0)}
GROUP BY 1
ORDER BY "__time" ASC`,
  })),
  {
    id: 'plywood-025',
    what: 'split by days over the end of summer time, largest first',
    sql: `SELECT
TIME_FLOOR("__time", 'P1D', NULL, 'America/New_York') AS "Timestamp",
SUM("added") AS "TotalAdded"
FROM "dst" AS t
WHERE (TIMESTAMP '2026-10-31 04:00:00'<="__time" AND "__time"<TIMESTAMP '2026-11-03 05:00:00')
GROUP BY 1
ORDER BY "TotalAdded" DESC
LIMIT 3`,
  },
  {
    id: 'plywood-026',
    what: 'heat map: day of week by hour of a zone',
    sql: `SELECT
MOD(CAST((TIME_EXTRACT("__time",'DOW','${ZONE}')+6) AS int),7)+1 AS "day",
TIME_EXTRACT("__time",'HOUR','${ZONE}') AS "hour",
COUNT(*) AS "count"
FROM "events" AS t
WHERE ${range(28, 0)}
GROUP BY 1, 2
ORDER BY "count" DESC
LIMIT 500`,
  },
  {
    id: 'plywood-027',
    what: 'shifted buckets of a comparison',
    sql: `SELECT
TIME_FLOOR(CASE WHEN ${range(14, 7)} THEN TIME_SHIFT("__time", 'P1W', 1, 'Etc/UTC') ELSE "__time" END, 'P1D', NULL, 'Etc/UTC') AS "day",
SUM("added") AS "added"
FROM "events" AS t
WHERE ${range(14, 0)}
GROUP BY 1
ORDER BY "day" ASC`,
  },
]

const filters = (range: Range, days: Days): readonly Listed[] => [
  {
    id: 'plywood-028',
    what: 'filters of every kind',
    sql: `SELECT
"channel" AS "channel",
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(7, 0)} AND "country" IN ('US','DE','FR') AND NOT("device"='bot') AND CONTAINS_STRING("page",'/p/') AND REGEXP_LIKE("page", '^/p/[0-9]+$') AND (5<="added" AND "added"<100))
GROUP BY 1
ORDER BY "count" DESC
LIMIT 50`,
  },
  {
    id: 'plywood-029',
    what: 'null among the values of a filter',
    sql: `SELECT
"city" AS "city",
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(7, 0)} AND ("city" IS NULL OR "city" IN ('Berlin','Kraków')))
GROUP BY 1
ORDER BY "count" DESC
LIMIT 50`,
  },
  {
    id: 'plywood-030',
    what: 'text in escapes',
    sql: `SELECT
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(7, 0, '"t"."__time"')} AND ("t"."city"=U&'M\\00fcnchen'))
GROUP BY ()`,
  },
  {
    id: 'plywood-031',
    what: 'a range that includes its end, milliseconds in it',
    sql: `SELECT
COUNT(*) AS "count"
FROM "events" AS t
WHERE (TIMESTAMP '${days.blank(2, 1)}.123'<"__time" AND "__time"<=TIMESTAMP '${days.blank(1, 2)}.456')
GROUP BY ()`,
  },
  {
    id: 'plywood-032',
    what: 'search of values',
    sql: `SELECT
"page" AS "page",
COUNT(*) AS "count"
FROM "events" AS t
WHERE (${range(28, 0)} AND ICONTAINS_STRING("page",'P/12'))
GROUP BY 1
ORDER BY "count" DESC
LIMIT 101`,
  },
  {
    id: 'plywood-033',
    what: 'raw rows',
    sql: `SELECT
"__time", "country", "channel", "page", "tags", "added", "latency"
FROM "events" AS t
WHERE ${range(1, 0)}
ORDER BY "__time" DESC
LIMIT 200`,
  },
]

const custom = (range: Range): readonly Listed[] => [
  {
    id: 'plywood-034',
    what: 'measures and a split in SQL of the user',
    sql: `SELECT
(CONCAT(channel, '~')) AS "Channel",
(SUM(t."added")) AS "Added",
(SQRT(SUM(t."added" * t."added"))) AS "Fancy"
FROM "events" AS t
WHERE ${range(7, 0)}
GROUP BY 1
ORDER BY "Added" DESC
LIMIT 3`,
  },
  {
    id: 'plywood-035',
    what: 'a source in SQL of the user, as WITH',
    sql: `WITH __with__ AS (SELECT *, CONCAT("channel", '-x') AS "channelX" FROM events WHERE country = 'US')
SELECT
(t.channelX) AS "ChannelX",
COUNT(*) AS "Count"
FROM __with__ AS t
GROUP BY 1
ORDER BY "Count" DESC
LIMIT 3`,
  },
  {
    id: 'plywood-036',
    what: 'sketches kept at ingestion',
    sql: `SELECT
TIME_FLOOR("__time", 'P1D', NULL, 'Etc/UTC') AS "day",
APPROX_COUNT_DISTINCT_DS_THETA("users_theta") AS "users",
APPROX_QUANTILE_DS("price_q", 0.95) AS "p95",
SUM("cnt") AS "count"
FROM "events_rollup" AS t
WHERE ${range(14, 0)}
GROUP BY 1
ORDER BY "day" ASC`,
  },
]

const INTROSPECTION: readonly Listed[] = [
  {
    id: 'plywood-037',
    what: 'sources',
    sql: `SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid' AND TABLE_TYPE = 'TABLE'`,
  },
  {
    id: 'plywood-038',
    what: 'columns',
    sql: `SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'druid' AND TABLE_NAME = 'events'`,
  },
]
