// ibis: expressions compiled by sqlglot. A level of SELECT for every step, aliases t0, t1, ..., literals by CAST; the
// header flag is a text.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

export function ibisStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number): string =>
    `"t0"."__time" >= CAST('${days.at(from)}' AS TIMESTAMP) AND "t0"."__time" < CAST('${days.at(to)}' AS TIMESTAMP)`
  const parts = [scalars, groups, tables]
  return sentBy('ibis', { context: {}, body: { header: 'true' } }, [
    ...parts.flatMap((part) => part(range)),
    ...SCHEMA,
  ])
}

type Range = (from: number, to: number) => string

const scalars = (range: Range): readonly Listed[] => [
  {
    id: 'ibis-001',
    what: 'count()',
    sql: `SELECT
  COUNT(*) AS "CountStar(events)"
FROM "events" AS "t0"`,
  },
  {
    id: 'ibis-002',
    what: 'filter().price.sum()',
    sql: `SELECT
  SUM("t1"."price") AS "Sum(price)"
FROM (
  SELECT
    *
  FROM "events" AS "t0"
  WHERE
    ${range(7, 0)}
) AS "t1"`,
  },
  {
    id: 'ibis-003',
    what: 'nunique() and approx_nunique()',
    sql: `SELECT
  COUNT(DISTINCT "t0"."user") AS "exact",
  APPROX_COUNT_DISTINCT("t0"."user") AS "approx"
FROM "events" AS "t0"`,
  },
  {
    id: 'ibis-004',
    what: 'aggregates with where=',
    sql: `SELECT
  SUM("t0"."added") FILTER(WHERE
    "t0"."device" = 'mobile') AS "mobile",
  COUNT(*) FILTER(WHERE
    "t0"."isRobot" = CAST(1 AS BIGINT)) AS "robots",
  STRING_AGG("t0"."device", ',', 1048576) FILTER(WHERE
    "t0"."added" > CAST(95 AS SMALLINT)) AS "devices"
FROM "events" AS "t0"`,
  },
  {
    id: 'ibis-005',
    what: 'std()',
    sql: `SELECT
  STDDEV_SAMP("t0"."price") AS "StandardDev(price)"
FROM "events" AS "t0"`,
    expect: 'error',
    why: 'needs the extension druid-stats',
  },
]

const groups = (range: Range): readonly Listed[] => [
  {
    id: 'ibis-006',
    what: 'group_by().agg().order_by().limit(): three levels',
    sql: `SELECT
  *
FROM (
  SELECT
    "t1"."country",
    COUNT(*) AS "n",
    SUM("t1"."added") AS "added"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      ${range(7, 0)}
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."n" DESC
LIMIT 10`,
  },
  {
    id: 'ibis-007',
    what: 'the same with NULLS LAST, as sqlglot spells a descending order',
    sql: `SELECT
  *
FROM (
  SELECT
    "t1"."device",
    COUNT(*) AS "n"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      ${range(7, 0)}
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."n" DESC NULLS LAST
LIMIT 10`,
  },
  {
    id: 'ibis-008',
    what: 'ascending order with NULLS LAST',
    sql: `SELECT
  *
FROM (
  SELECT
    "t0"."city",
    AVG("t0"."price") AS "p"
  FROM "events" AS "t0"
  GROUP BY
    1
) AS "t1"
ORDER BY
  "t1"."p" ASC NULLS LAST`,
    expect: 'error',
    why: 'no ASC with NULLS LAST',
  },
  {
    id: 'ibis-009',
    what: 'truncate("D") in a mutate(), grouped',
    sql: `SELECT
  "t2"."d",
  COUNT(*) AS "n"
FROM (
  SELECT
    "t1"."added",
    DATE_TRUNC('DAY', "t1"."__time") AS "d"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      ${range(14, 0)}
  ) AS "t1"
) AS "t2"
GROUP BY
  1`,
  },
  {
    id: 'ibis-010',
    what: 'truncate("M"), having',
    sql: `SELECT
  *
FROM (
  SELECT
    DATE_TRUNC('MONTH', "t0"."__time") AS "m",
    "t0"."channel",
    SUM("t0"."price") AS "p"
  FROM "events" AS "t0"
  GROUP BY
    1,
    2
) AS "t1"
WHERE
  "t1"."p" > CAST(1000.5 AS DOUBLE)`,
  },
  {
    id: 'ibis-011',
    what: 'hour() of a time',
    sql: `SELECT
  EXTRACT(HOUR FROM "t0"."__time") AS "h",
  AVG("t0"."latency") AS "latency"
FROM "events" AS "t0"
GROUP BY
  1`,
  },
  {
    id: 'ibis-012',
    what: 'cases() as a key',
    sql: `SELECT
  "t1"."size",
  COUNT(*) AS "n"
FROM (
  SELECT
    CASE WHEN "t0"."added" > CAST(40 AS SMALLINT) THEN 'big' ELSE 'small' END AS "size"
  FROM "events" AS "t0"
) AS "t1"
GROUP BY
  1`,
  },
  {
    id: 'ibis-013',
    what: 'between() and isin()',
    sql: `SELECT
  "t1"."country",
  MAX("t1"."price") AS "p"
FROM (
  SELECT
    *
  FROM "events" AS "t0"
  WHERE
    ${range(14, 0).replace('"t0"."__time" >= ', '"t0"."__time" BETWEEN ').replace('AND "t0"."__time" < ', 'AND ')}
    AND "t0"."country" IN ('US', 'DE')
    AND NOT "t0"."city" IS NULL
    AND "t0"."page" LIKE '/p/%'
) AS "t1"
GROUP BY
  1`,
  },
]

const tables = (range: Range): readonly Listed[] => [
  {
    id: 'ibis-014',
    what: 'head()',
    sql: `SELECT
  *
FROM "events" AS "t0"
LIMIT 5`,
  },
  {
    id: 'ibis-015',
    what: 'select() of a filter',
    sql: `SELECT
  "t0"."__time",
  "t0"."country",
  "t0"."added" * CAST(2 AS TINYINT) AS "twice"
FROM "events" AS "t0"
WHERE
  ${range(0.5, 0)}
LIMIT 1000`,
  },
  {
    id: 'ibis-016',
    what: 'distinct() with a column that the user did not ask for',
    sql: `SELECT DISTINCT
  "t0"."country",
  "t0"."device"
FROM "events" AS "t0"
WHERE
  ${range(7, 0)}`,
  },
  {
    id: 'ibis-017',
    what: 'join with rows in memory',
    sql: `SELECT
  "t3"."label",
  COUNT(*) AS "n"
FROM (
  SELECT
    "t1"."added",
    "t2"."label"
  FROM "events" AS "t1"
  INNER JOIN (
    SELECT
      "code",
      "label"
    FROM (VALUES
      ('DE', 'Germany'),
      ('US', 'United States')) AS "ibis_pandas_memtable_x7f3"("code", "label")
  ) AS "t2"
    ON "t1"."country" = "t2"."code"
) AS "t3"
GROUP BY
  1`,
  },
  {
    id: 'ibis-018',
    what: 'union() of two tables',
    sql: `SELECT
  "t4"."country",
  SUM("t4"."added") AS "added"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t0"."country",
      "t0"."added"
    FROM "events" AS "t0"
  ) AS "t2"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t1"."country",
      "t1"."added"
    FROM "dst" AS "t1"
  ) AS "t3"
) AS "t4"
GROUP BY
  1`,
  },
  {
    id: 'ibis-019',
    what: 'a window over groups',
    sql: `SELECT
  "t1"."d",
  "t1"."n",
  SUM("t1"."n") OVER (ORDER BY "t1"."d" ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS "total"
FROM (
  SELECT
    DATE_TRUNC('DAY', "t0"."__time") AS "d",
    COUNT(*) AS "n"
  FROM "events" AS "t0"
  GROUP BY
    1
) AS "t1"`,
  },
]

const SCHEMA: readonly Listed[] = [
  { id: 'ibis-020', what: 'columns of a table by EXPLAIN', sql: 'EXPLAIN PLAN FOR SELECT * FROM "events"' },
  { id: 'ibis-021', what: 'list_tables()', sql: 'SELECT "TABLE_NAME" FROM "INFORMATION_SCHEMA"."TABLES"' },
  {
    id: 'ibis-022',
    what: 'version',
    sql: 'SELECT version()',
    expect: 'error',
    why: 'no function VERSION',
  },
  {
    id: 'ibis-023',
    what: 'memtable() alone',
    sql: `SELECT
  "x",
  "y"
FROM (VALUES
  (1, 'a'),
  (2, 'b')) AS "ibis_pandas_memtable_kq2d"("x", "y")`,
  },
]
