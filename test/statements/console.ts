// Druid's own console: Explore (a SELECT * around the source, relative times as TIME_SHIFT of literals, comparisons as
// WITH and FULL JOIN), the query tab with its outer limit, and the system tables of its other views.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const BODY = { resultFormat: 'array', header: true, typesHeader: true, sqlTypesHeader: true }

export function consoleStatements(days: Days): readonly Statement[] {
  const last = (hours: number): string =>
    `(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -${hours}) <= "__time" AND "__time" < TIMESTAMP '${days.blank(0)}')`
  const parts = [explore, query, system]
  return sentBy(
    'console',
    { context: { sqlOuterLimit: 1001 }, body: BODY },
    parts.flatMap((part) => part(last, days)),
  )
}

type Last = (hours: number) => string

const explore = (last: Last, days: Days): readonly Listed[] => [
  {
    id: 'console-001',
    what: 'explore: a count',
    sql: `SELECT COUNT(*) AS "Count"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(12)} AND "country" = 'US'
ORDER BY "Count" DESC
LIMIT 200`,
  },
  {
    id: 'console-002',
    what: 'explore: a table with a shown column',
    sql: `SELECT
  "channel" AS "Channel",
  CASE WHEN COUNT(DISTINCT "city") = 1 THEN LATEST_BY("city", "__time") ELSE NULL END AS "City",
  COUNT(*) AS "Count",
  AVG("latency") AS "Avg. latency"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(24)} AND "country" = 'US'
GROUP BY 1
ORDER BY "Count" DESC
LIMIT 200`,
  },
  {
    id: 'console-003',
    what: 'explore: comparison by FILTER',
    sql: `SELECT
  COALESCE(COUNT(*) FILTER (WHERE ${last(24)}), 0) AS "Count",
  COALESCE(COUNT(*) FILTER (WHERE TIME_SHIFT(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -24), 'P1D', -1) <= "__time" AND "__time" < TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'P1D', -1)), 0) AS "Count:compare:P1D:value"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE (${last(24)} OR (TIME_SHIFT(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -24), 'P1D', -1) <= "__time" AND "__time" < TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'P1D', -1)))
ORDER BY "Count" DESC
LIMIT 200`,
  },
  {
    id: 'console-004',
    what: 'explore: comparison by WITH and FULL JOIN',
    sql: `WITH
"common" AS (
  SELECT *
  FROM (
    SELECT *
    FROM "events"
  ) AS "t"
  WHERE (${last(24).replaceAll('"__time"', '"t"."__time"')} OR (TIME_SHIFT(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -24), 'P1D', -1) <= "t"."__time" AND "t"."__time" < TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'P1D', -1))) AND "t"."country" = 'US'
),
"top_values" AS (
  SELECT "t"."channel" AS "Channel"
  FROM "common" AS "t"
  GROUP BY 1
  ORDER BY COUNT(*) DESC
  LIMIT 5000
),
"main" AS (
  SELECT
    "t"."channel" AS "Channel",
    COUNT(*) AS "Count"
  FROM "common" AS "t"
  WHERE ${last(24).replaceAll('"__time"', '"t"."__time"')}
  GROUP BY 1
  ORDER BY "Count" DESC
  LIMIT 200
),
"compare_P1D" AS (
  SELECT
    "t"."channel" AS "Channel",
    COUNT(*) AS "Count"
  FROM "common" AS "t"
  INNER JOIN "top_values" ON "t"."channel" IS NOT DISTINCT FROM "top_values"."Channel"
  WHERE TIME_SHIFT(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -24), 'P1D', -1) <= "t"."__time" AND "t"."__time" < TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'P1D', -1)
  GROUP BY 1
)
SELECT
  COALESCE("main"."Channel", "compare_P1D"."Channel") AS "Channel",
  COALESCE(ANY_VALUE("main"."Count"), 0) AS "Count",
  COALESCE(ANY_VALUE("compare_P1D"."Count"), 0) AS "Count:compare:P1D:value",
  COALESCE(ANY_VALUE("main"."Count"), 0) - COALESCE(ANY_VALUE("compare_P1D"."Count"), 0) AS "Count:compare:P1D:delta"
FROM "main"
FULL JOIN "compare_P1D" ON "main"."Channel" IS NOT DISTINCT FROM "compare_P1D"."Channel"
GROUP BY 1
ORDER BY "Count" DESC
LIMIT 200`,
  },
  {
    id: 'console-005',
    what: 'explore: time chart, newest first, the edges widened to the grain',
    sql: `SELECT
  TIME_FLOOR("__time", 'PT1H') AS "t",
  COUNT(*) AS "m"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE (TIME_FLOOR(TIME_SHIFT(TIMESTAMP '${days.blank(0)}', 'PT1H', -72), 'PT1H') <= "__time" AND "__time" < TIME_CEIL(TIMESTAMP '${days.blank(0)}', 'PT1H'))
GROUP BY 1
ORDER BY 1 DESC
LIMIT 10000`,
  },
  {
    id: 'console-006',
    what: 'explore: values for the stacks of a time chart',
    sql: `SELECT CAST("device" AS VARCHAR) AS "v"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(72)}
GROUP BY 1
ORDER BY SUM("added") DESC
LIMIT 4`,
  },
  {
    id: 'console-007',
    what: 'explore: time chart with stacks, the rest as Other',
    sql: `SELECT
  TIME_FLOOR("__time", 'PT6H') AS "t",
  CAST(CASE WHEN "device" IN ('desktop', 'mobile', 'tablet') THEN "device" ELSE 'Other' END AS VARCHAR) AS "s",
  SUM("added") AS "m"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(72)}
GROUP BY 1, 2
ORDER BY 1 DESC
LIMIT 40000`,
  },
  {
    id: 'console-008',
    what: 'explore: pie chart',
    sql: `SELECT
  CAST("channel" AS VARCHAR) AS "name",
  COUNT(*) AS "value"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE TIME_IN_INTERVAL("__time", '${days.at(7)}/${days.at(0)}')
GROUP BY 1
ORDER BY 2 DESC
LIMIT 6`,
  },
  {
    id: 'console-009',
    what: 'explore: the other slices of a pie chart',
    sql: `SELECT COUNT(*) AS "value"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE TIME_IN_INTERVAL("__time", '${days.at(7)}/${days.at(0)}') AND "channel" NOT IN ('#direct', '#en.mail', '#de.app', '#en.web', '#en.app')`,
  },
  {
    id: 'console-010',
    what: 'explore: multi-axis chart with sketches',
    sql: `SELECT
  TIME_FLOOR("__time", 'P1D') AS "time",
  COUNT(*) AS "Count",
  APPROX_COUNT_DISTINCT_DS_HLL("user") AS "Users",
  APPROX_COUNT_DISTINCT_DS_THETA("user") AS "Users (theta)",
  MAX("price") AS "Max price"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE TIME_IN_INTERVAL("__time", '${days.date(14)}/P2W')
GROUP BY 1
ORDER BY 1 DESC`,
  },
  {
    id: 'console-011',
    what: 'explore: the moment of the newest row',
    sql: `SELECT MAX("__time") AS "maxTime" FROM "events"`,
  },
  {
    id: 'console-012',
    what: 'explore: values of a filter, searched',
    sql: `SELECT
  "page" AS "c",
  COUNT(*) AS "n"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ICONTAINS_STRING(CAST("page" AS VARCHAR), '/p/1')
GROUP BY 1
ORDER BY 2 DESC
LIMIT 101`,
  },
  {
    id: 'console-013',
    what: 'explore: records',
    sql: `SELECT *
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(6)}
LIMIT 200`,
  },
  {
    id: 'console-014',
    what: 'explore: filters of every pattern',
    sql: `SELECT
  "country" AS "Country",
  COUNT(*) AS "Count"
FROM (
  SELECT *
  FROM "events"
) AS "t"
WHERE ${last(72)} AND "device" NOT IN ('bot') AND REGEXP_LIKE(CAST("page" AS VARCHAR), '^/p') AND (5 <= "added" AND "added" < 90) AND MV_CONTAINS("tags", ARRAY['promo']) AND NOT ("city" IS NULL)
GROUP BY 1
ORDER BY "Count" DESC
LIMIT 200`,
  },
]

const query = (_: Last, days: Days): readonly Listed[] => [
  {
    id: 'console-015',
    what: 'query tab: an outer limit in the context',
    sql: `SELECT "country", "device", COUNT(*) AS "Count"
FROM "events"
WHERE "__time" >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1D', -7)
GROUP BY 1, 2
ORDER BY 3 DESC`,
  },
  {
    id: 'console-016',
    what: 'query tab: since the start of a day or hour',
    sql: `SELECT TIME_FLOOR("__time", 'PT15M') AS "t", SUM("added") AS "s"
FROM "events"
WHERE "__time" >= TIME_FLOOR(TIMESTAMPADD(DAY, -2, CURRENT_TIMESTAMP), 'PT1H') AND "__time" < CURRENT_TIMESTAMP
GROUP BY 1`,
  },
  {
    id: 'console-017',
    what: 'query tab: since yesterday',
    sql: `SELECT COUNT(*) AS "Count" FROM "events" WHERE "__time" >= CURRENT_DATE - INTERVAL '1' DAY AND "__time" < CURRENT_DATE`,
  },
  {
    id: 'console-018',
    what: 'query tab: since last month began',
    sql: `SELECT "channel", COUNT(*) AS "Count" FROM "events" WHERE "__time" >= FLOOR(CURRENT_TIMESTAMP - INTERVAL '1' MONTH TO MONTH) GROUP BY 1`,
  },
  {
    id: 'console-019',
    what: 'query tab: typed parameters',
    sql: `SELECT "channel", SUM("price") AS "s" FROM "events" WHERE "__time" >= ? AND "__time" < ? AND "country" = ? AND "added" > ? GROUP BY 1 ORDER BY 2 DESC LIMIT ?`,
    parameters: [
      { type: 'TIMESTAMP', value: days.blank(7) },
      { type: 'TIMESTAMP', value: days.ms(1) },
      { type: 'VARCHAR', value: 'US' },
      { type: 'BIGINT', value: 5 },
      { type: 'BIGINT', value: 5 },
    ],
  },
  {
    id: 'console-020',
    what: 'query tab: an OR of days, one excluded',
    sql: `SELECT "device", COUNT(*) AS "Count"
FROM "events"
WHERE (FLOOR("__time" TO DAY) = TIMESTAMP '${days.blank(3)}' OR TIME_IN_INTERVAL("__time", '${days.date(9)}/P2D')) AND NOT TIME_IN_INTERVAL("__time", '${days.date(8)}/P1D')
GROUP BY 1`,
  },
  {
    id: 'console-021',
    what: 'query tab: hours of every day',
    sql: `SELECT TIME_FLOOR("__time", 'P1D') AS "d", COUNT(*) AS "Count" FROM "events" WHERE TIME_EXTRACT("__time", 'HOUR') BETWEEN 8 AND 17 AND "__time" >= TIMESTAMP '${days.date(14)}' GROUP BY 1`,
  },
  {
    id: 'console-022',
    what: 'query tab: nothing lies in the range',
    sql: `SELECT "country", COUNT(*) AS "Count" FROM "events" WHERE "__time" >= TIMESTAMP '${days.date(3)}' AND "__time" < TIMESTAMP '${days.date(5)}' GROUP BY 1`,
  },
  {
    id: 'console-023',
    what: 'query tab: grouping sets',
    sql: `SELECT "country", "device", GROUPING("country", "device") AS "g", COUNT(*) AS "Count"
FROM "events"
WHERE "__time" >= TIMESTAMP '${days.date(7)}'
GROUP BY GROUPING SETS (("country", "device"), ("country"), ())`,
  },
  {
    id: 'console-024',
    what: 'query tab: a bucket among the grouping sets',
    sql: `SELECT TIME_FLOOR("__time", 'P1D') AS "t", "device", SUM("added") AS "s"
FROM "events"
WHERE "__time" >= TIMESTAMP '${days.date(7)}'
GROUP BY GROUPING SETS ((TIME_FLOOR("__time", 'P1D'), "device"), (TIME_FLOOR("__time", 'P1D')), ())`,
  },
  {
    id: 'console-025',
    what: 'query tab: two tables in a UNION ALL',
    sql: `SELECT 'events' AS "source", COUNT(*) AS "n" FROM "events"
UNION ALL
SELECT 'dst', COUNT(*) FROM "dst"`,
  },
  {
    id: 'console-026',
    what: 'query tab: UNNEST of a multi-value dimension',
    sql: `SELECT "tag", COUNT(*) AS "Count"
FROM "events", UNNEST(MV_TO_ARRAY("tags")) AS u("tag")
WHERE "__time" >= TIMESTAMP '${days.date(7)}'
GROUP BY 1
ORDER BY 2 DESC`,
  },
  {
    id: 'console-027',
    what: 'query tab: sketches as values',
    sql: `SELECT "device", DS_HLL("user") AS "h", HLL_SKETCH_ESTIMATE(DS_HLL("user"), TRUE) AS "e", DS_THETA("user") AS "t"
FROM "events"
WHERE "__time" >= TIMESTAMP '${days.date(1)}'
GROUP BY 1`,
  },
  {
    id: 'console-028',
    what: 'query tab: intersection of sketches',
    sql: `SELECT THETA_SKETCH_ESTIMATE(THETA_SKETCH_INTERSECT(DS_THETA("users_theta") FILTER (WHERE "device" = 'mobile'), DS_THETA("users_theta") FILTER (WHERE "device" = 'desktop'))) AS "both"
FROM "events_rollup"`,
  },
  {
    id: 'console-029',
    what: 'query tab: arrays and any values',
    sql: `SELECT "device", ARRAY_AGG(DISTINCT "country") AS "countries", ANY_VALUE("page", 1024) AS "page", BIT_OR("isRobot") AS "b"
FROM "events"
WHERE "__time" >= TIMESTAMP '${days.date(1)}'
GROUP BY 1`,
  },
  {
    id: 'console-030',
    what: 'query tab: zone and exactness in the context',
    sql: `SELECT TIME_FLOOR("__time", 'P1D') AS "d", COUNT(DISTINCT "user") AS "u" FROM "events" WHERE "__time" >= '${days.date(7)}' GROUP BY 1 ORDER BY 1`,
    context: { sqlTimeZone: 'Asia/Kolkata', useApproximateCountDistinct: false, sqlOuterLimit: 1001 },
  },
  {
    id: 'console-031',
    what: 'query tab: the live table, newest first',
    sql: `SELECT * FROM "stream" ORDER BY "__time" DESC LIMIT 20`,
    needs: 'stream',
  },
  {
    id: 'console-032',
    what: 'query tab: EXPLAIN with the outer limit',
    sql: `EXPLAIN PLAN FOR SELECT "country", COUNT(*) FROM "events" GROUP BY 1`,
  },
  {
    id: 'console-041',
    what: 'query tab: an interval taken from a literal',
    sql: `SELECT TIME_FLOOR("__time", 'P1D') AS "d", MIN("price") AS "p" FROM "events" WHERE "__time" >= TIMESTAMP '${days.blank(0)}' - INTERVAL '7' DAY AND "__time" < TIMESTAMP '${days.blank(0)}' GROUP BY 1`,
  },
  {
    id: 'console-042',
    what: 'query tab: an interval added to the column',
    sql: `SELECT COUNT(*) AS "Count" FROM "events" WHERE "__time" + INTERVAL '1' DAY > TIMESTAMP '${days.blank(1)}'`,
  },
  {
    id: 'console-043',
    what: 'query tab: the hour before the newest row',
    sql: `SELECT "device", COUNT(*) AS "Count" FROM "events" WHERE "__time" >= (SELECT TIME_SHIFT(MAX("__time"), 'PT1H', -1) FROM "events") GROUP BY 1`,
  },
  {
    id: 'console-044',
    what: 'query tab: days in a list',
    sql: `SELECT "country", SUM("delta") AS "d" FROM "events" WHERE FLOOR("__time" TO DAY) IN (TIMESTAMP '${days.blank(2)}', TIMESTAMP '${days.blank(4)}') GROUP BY 1`,
  },
  {
    id: 'console-045',
    what: 'query tab: local time and the end of an hour',
    sql: `SELECT COUNT(*) AS "Count" FROM "events" WHERE "__time" >= LOCALTIMESTAMP - INTERVAL '36' HOUR AND "__time" < TIME_CEIL(CURRENT_TIMESTAMP, 'PT1H')`,
    context: { sqlTimeZone: 'America/New_York' },
  },
  {
    id: 'console-033',
    what: 'query tab: a semicolon at the end',
    sql: `SELECT COUNT(*) FROM "events";`,
    expect: 'error',
    why: 'Druid 33 takes no semicolon',
  },
  {
    id: 'console-034',
    what: 'DBeaver: the catalog before the schema',
    sql: `SELECT "__time", "country", "added"
FROM "druid"."druid"."dst"`,
    expect: 'error',
    why: 'a catalog is not part of a name',
  },
]

const system = (): readonly Listed[] => [
  {
    id: 'console-035',
    what: 'datasources view',
    sql: `SELECT
datasource,
COUNT(*) FILTER (WHERE is_active = 1) AS num_segments,
COUNT(*) FILTER (WHERE is_published = 1 AND is_overshadowed = 0 AND is_available = 0 AND replication_factor > 0) AS num_segments_to_load,
SUM("size") FILTER (WHERE is_active = 1) AS total_data_size,
SUM("num_rows") FILTER (WHERE is_active = 1) AS total_rows,
CASE WHEN SUM("num_rows") FILTER (WHERE is_available = 1) <> 0 THEN (SUM("size") FILTER (WHERE is_available = 1) / SUM("num_rows") FILTER (WHERE is_available = 1)) ELSE 0 END AS avg_row_size
FROM sys.segments
GROUP BY datasource
ORDER BY datasource`,
    context: { engine: 'native' },
  },
  {
    id: 'console-036',
    what: 'running tasks of the datasources view',
    sql: `SELECT
  "datasource", "type", COUNT(*) AS "num_running_tasks"
FROM sys.tasks WHERE "status" = 'RUNNING' AND "runner_status" = 'RUNNING'
GROUP BY 1, 2`,
  },
  {
    id: 'console-037',
    what: 'segments view',
    sql: `SELECT "segment_id", "datasource", "start", "end", "version", "partition_num", "size", "num_rows"
FROM sys.segments
WHERE "datasource" = 'events' AND "is_active" = 1
ORDER BY "start" DESC, "version" DESC
LIMIT 25`,
  },
  {
    id: 'console-038',
    what: 'services view',
    sql: `SELECT "server" AS "service", "server_type" AS "service_type", "tier", "host", "plaintext_port", "tls_port", "curr_size", "max_size", "is_leader", "start_time"
FROM sys.servers
ORDER BY "service_type" ASC, "service" DESC`,
  },
  {
    id: 'console-039',
    what: 'columns for the autocompletion',
    sql: `SELECT "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE" FROM "INFORMATION_SCHEMA"."COLUMNS"`,
  },
  {
    id: 'console-040',
    what: 'probe of SQL and of the system tables',
    sql: 'SELECT 1337',
  },
]
