// What the clients of Druid ask, in the forms of each: taken from recorded traffic, over the tables of the test cluster.
import { type ClientName, type SqlParameter } from './clients.ts'

/** Days before the end of `events`. */
export type Days = (days: number, rest?: string) => string

export interface Asked {
  readonly what: string
  readonly sql: (day: Days) => string
  readonly parameters?: (day: Days) => readonly SqlParameter[]
  /** Fields of the body over those that the client sends always. */
  readonly more?: object
  /** Why it passes; a hit the second time where there is no reason. */
  readonly passes?: string
}

/** Superset's bucket, up to its period: CAST is always there. */
export const BUCKET = 'TIME_FLOOR(CAST("__time" AS TIMESTAMP)'
const AT = ' 00:00:00.000000'
/** Superset's time range, always of plain texts. */
export const range = (day: Days, from: number, to: number): string =>
  `"__time" >= '${day(from, AT)}' AND "__time" < '${day(to, AT)}'`

const SUPERSET: readonly Asked[] = [
  {
    what: 'a series sorted by its metric',
    sql: (day) =>
      `SELECT ${BUCKET}, 'P1D') AS "__timestamp", COUNT(*) AS "count" \nFROM "druid"."events" \nWHERE ${range(day, 20, 0)} GROUP BY ${BUCKET}, 'P1D') ORDER BY "count" DESC\n LIMIT 10000`,
  },
  {
    what: 'a series sorted by what is not selected',
    sql: (day) =>
      `SELECT ${BUCKET}, 'PT1H') AS "__timestamp", "country" AS "country", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(day, 2, 0)} GROUP BY ${BUCKET}, 'PT1H'), "country" ORDER BY SUM("added") DESC LIMIT 10000`,
  },
  {
    what: 'a trend line without an order',
    sql: (day) =>
      `SELECT ${BUCKET}, 'PT1H') AS "__timestamp", SUM("added") AS "SUM(added)" FROM "druid"."events" WHERE ${range(day, 7, 0)} GROUP BY ${BUCKET}, 'PT1H') LIMIT 50000`,
  },
  {
    what: 'a bucket whose name hides the column',
    sql: (day) =>
      `SELECT ${BUCKET}, 'P1D') AS "__time", AVG("price") AS "avg" FROM "druid"."events" WHERE ${range(day, 14, 0)} GROUP BY ${BUCKET}, 'P1D') ORDER BY "__time" DESC LIMIT 10000`,
  },
  {
    what: 'weeks from Sunday',
    sql: (day) =>
      `SELECT TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) AS "__timestamp", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(day, 45, 0)} GROUP BY TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) ORDER BY "count" DESC LIMIT 10000`,
  },
  {
    what: 'a big number, REST',
    sql: (day) =>
      `SELECT COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(day, 7, 0)} ORDER BY "count" DESC LIMIT 1000`,
  },
  {
    what: 'a big number, front end',
    sql: () => 'SELECT SUM("added") AS "SUM(added)" FROM "druid"."events" LIMIT 50000',
  },
  {
    what: 'totals of a table, HAVING without GROUP BY',
    sql: (day) =>
      `SELECT COUNT(*) AS "count", SUM("added") AS "a" FROM "druid"."events" WHERE ${range(day, 7, 0)} HAVING ((SUM(added) > 10000)) LIMIT 50000`,
  },
  {
    what: 'the range written twice, from before the data',
    sql: (day) =>
      `SELECT ${BUCKET}, 'P1D') AS "__timestamp", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(day, 100, 50)} AND ${range(day, 100, 50)} GROUP BY ${BUCKET}, 'P1D') LIMIT 50000`,
  },
  {
    what: 'how many rows a page has',
    sql: (day) =>
      `SELECT COUNT(*) AS "rowcount" FROM (SELECT "__time" AS "__time", "country" AS "country", "page" AS "page" FROM "druid"."events" WHERE ${range(day, 3, 0)} ORDER BY "__time" DESC LIMIT 50) AS "rowcount_qry" LIMIT 50000`,
  },
  {
    what: 'the second page',
    sql: (day) =>
      `SELECT "__time" AS "__time", "country" AS "country", "page" AS "page", "tags" AS "tags", "reqId" FROM "druid"."events" WHERE ${range(day, 3, 0)} ORDER BY "__time" DESC LIMIT 50 OFFSET 50`,
  },
  {
    what: 'a virtual dataset',
    sql: (day) =>
      `SELECT "country" AS "country", sum(n) AS "SUM(n)" FROM (SELECT __time, country, 1 AS n /* a comment; with a semicolon */ FROM druid.events WHERE NOT country IS NULL) AS "virtual_table" WHERE ${range(day, 7, 0)} GROUP BY "country" ORDER BY "SUM(n)" DESC, "country" LIMIT 10000`,
  },
  {
    what: 'period over period by parts, texts with quotes',
    sql: (day) =>
      `SELECT "page" AS "page", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(day, 30, 0)} AND "page" IN ('/p/0?q="x",''y''\\0', '/p/7?q="x",''y''\\7') AND "city" = 'München' GROUP BY "page" ORDER BY "count" DESC, "page" LIMIT 100`,
  },
  {
    what: 'SQL Lab, relative',
    sql: () =>
      "SELECT device, MAX(reqId) AS last\nFROM events\nWHERE __time >= CURRENT_TIMESTAMP - INTERVAL '5' DAY\nGROUP BY device\nORDER BY device\nLIMIT 1001",
  },
  {
    what: 'SQL Lab, a day as text',
    sql: (day) =>
      `SELECT * FROM druid.events WHERE __time >= '${day(1)}' ORDER BY __time /* newest last */ LIMIT 1001`,
  },
  { what: 'a ping', sql: () => 'SELECT 1', passes: 'no-table' },
  {
    what: 'schemata',
    sql: () => 'SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA',
    passes: 'system-table',
  },
  {
    what: 'tables',
    sql: () => `SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'`,
    passes: 'system-table',
  },
  {
    what: 'columns',
    sql: () => `
            SELECT COLUMN_NAME,
                   JDBC_TYPE,
                   IS_NULLABLE,
                   COLUMN_DEFAULT
              FROM INFORMATION_SCHEMA.COLUMNS
             WHERE TABLE_NAME = 'events'
               AND TABLE_SCHEMA = 'druid'`,
    passes: 'system-table',
  },
  {
    what: 'whether a table exists',
    sql: () => `
            SELECT COUNT(*) > 0 AS exists_
              FROM INFORMATION_SCHEMA.TABLES
             WHERE TABLE_NAME = 'events'`,
    passes: 'system-table',
  },
  {
    what: 'which form its times have',
    sql: () => 'SELECT "__time" \nFROM "druid"."events" \nWHERE NOT "__time" IS NULL \n LIMIT 1000',
  },
  { what: 'SET alone', sql: () => `SET x='1';`, passes: 'not-a-select' },
  { what: 'what Druid refuses', sql: () => 'SELECT "nothing" AS "nothing" FROM "druid"."events" LIMIT 10' },
]

const IBIS: readonly Asked[] = [
  {
    what: 'a grouping three levels deep',
    sql: (day) => `SELECT
  *
FROM (
  SELECT
    "t1"."country",
    COUNT(*) AS "n"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      "t0"."__time" >= CAST('${day(9, 'T00:00:00')}' AS TIMESTAMP)
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."n" DESC NULLS LAST
LIMIT 10`,
  },
  {
    what: 'days',
    sql: (day) =>
      `SELECT DATE_TRUNC('DAY', "t1"."__time") AS "d", SUM("t1"."added") AS "a" FROM (SELECT * FROM "events" AS "t0" WHERE "t0"."__time" >= CAST('${day(9, 'T00:00:00')}' AS TIMESTAMP)) AS "t1" GROUP BY 1`,
  },
  { what: 'a schema', sql: () => 'EXPLAIN PLAN FOR SELECT * FROM events', passes: 'explain' },
  {
    what: 'rows of its own',
    sql: () => `SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS "ibis_pandas_memtable_k3x"("x", "y") ORDER BY 1`,
    passes: 'no-table',
  },
  {
    what: 'distinct pairs',
    sql: () => 'SELECT DISTINCT "t0"."country", "t0"."device" FROM "events" AS "t0"',
  },
]

const CUBE: readonly Asked[] = [
  {
    what: 'days of New York, both ends within',
    sql: () =>
      `SELECT DATE_TRUNC('day', CAST(TIME_FORMAT("events".__time,'yyyy-MM-dd HH:mm:ss','America/New_York') AS TIMESTAMP)) "events__time_day", count(*) "events__count" FROM druid.events AS "events" WHERE ("events".__time >= TIME_PARSE(?) AND "events".__time <= TIME_PARSE(?)) GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    parameters: (day) => [
      { type: 'VARCHAR', value: day(8, 'T05:00:00.000Z') },
      { type: 'VARCHAR', value: day(2, 'T04:59:59.999Z') },
    ],
  },
  {
    what: 'a filter by a text that is not ASCII',
    sql: () =>
      `SELECT "events".city "events__city", sum("events".added) "events__added" FROM druid.events AS "events" WHERE ("events".city = ?) GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: () => [{ type: 'VARCHAR', value: '東京' }],
  },
  {
    what: 'no parameters',
    sql: () => 'SELECT count(*) "events__count" FROM druid.events AS "events" LIMIT 10000',
  },
  {
    what: 'too few parameters',
    sql: () => 'SELECT count(*) c FROM druid.events WHERE country = ? AND device = ?',
    parameters: () => [{ type: 'VARCHAR', value: 'US' }],
  },
  {
    what: 'schemas, in lower case',
    sql: () => `
      SELECT columns.column_name as "column_name", columns.table_name as "table_name"
      FROM information_schema.columns
      WHERE columns.table_schema NOT IN ('information_schema', 'mysql')`,
    passes: 'system-table',
  },
]

const TOOLKIT: readonly Asked[] = [
  {
    what: 'an interval, limited from outside',
    sql: (day) =>
      `SELECT "country", COUNT(*) AS "Count", ARRAY_AGG(DISTINCT "device") AS "d" FROM "events" WHERE TIME_IN_INTERVAL("__time", '${day(6)}/${day(4)}') GROUP BY 1 ORDER BY 1`,
  },
  {
    what: 'typed parameters',
    sql: () =>
      'SELECT COUNT(*) AS "Count", MAX(reqId) AS r FROM "events" WHERE "__time" >= ? AND reqId > ? AND price > ?',
    parameters: (day) => [
      { type: 'TIMESTAMP', value: day(5, ' 00:00:00') },
      { type: 'BIGINT', value: 9_007_199_254 },
      { type: 'DOUBLE', value: 0.5 },
    ],
  },
  {
    what: 'every column',
    sql: () => 'SELECT * FROM "events" ORDER BY "__time" DESC',
    more: { context: { sqlOuterLimit: 51 } },
  },
  {
    what: 'an empty answer',
    sql: () => `SELECT "country", "tags", "price" FROM "events" WHERE "country" = 'nowhere'`,
  },
]

const PLYWOOD: readonly Asked[] = [
  {
    what: 'totals, the literal on the left',
    sql: (day) =>
      `SELECT\nSUM("added") AS "added",\nCOUNT(*) AS "count"\nFROM "events" AS t\nWHERE (TIMESTAMP '${day(5, ' 00:00:00')}'<="__time" AND "__time"<TIMESTAMP '${day(0, ' 00:00:00')}')\nGROUP BY ()`,
  },
  {
    what: 'period over period without WHERE',
    sql: (day) =>
      `SELECT "country" AS "country", SUM(CASE WHEN (TIMESTAMP '${day(1, ' 00:00:00')}'<="__time" AND "__time"<TIMESTAMP '${day(0, ' 00:00:00')}') THEN "added" ELSE 0 END) AS "now", SUM(CASE WHEN (TIMESTAMP '${day(2, ' 00:00:00')}'<="__time" AND "__time"<TIMESTAMP '${day(1, ' 00:00:00')}') THEN "added" ELSE 0 END) AS "before" FROM "events" AS t GROUP BY 1 ORDER BY "now" DESC LIMIT 5`,
  },
  {
    what: 'days of Los Angeles, HAVING the number first',
    sql: (day) =>
      `SELECT TIME_FLOOR("__time",'P1D',NULL,'America/Los_Angeles') AS "d", COUNT(*) AS "n" FROM "events" AS t WHERE (TIMESTAMP '${day(9, ' 08:00:00')}'<="__time" AND "__time"<TIMESTAMP '${day(2, ' 08:00:00')}') GROUP BY 1 HAVING 100<"n" ORDER BY "d" ASC`,
  },
  ...['US', 'DE'].map((country) => ({
    what: `the split within ${country}`,
    sql: (day: Days) =>
      `SELECT "device" AS "device", SUM("added") AS "added" FROM "events" AS t WHERE ((TIMESTAMP '${day(5, ' 00:00:00')}'<="__time" AND "__time"<TIMESTAMP '${day(0, ' 00:00:00')}') AND ("country"='${country}')) GROUP BY 1 ORDER BY "added" DESC LIMIT 5`,
  })),
  {
    what: 'tables',
    sql: () => `SELECT TABLE_NAME AS "name" FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'TABLE'`,
    passes: 'system-table',
  },
]

const GRAFANA: readonly Asked[] = [
  {
    what: 'a panel, both ends within',
    sql: (day) =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS "time", COUNT(*) AS "n" FROM events WHERE __time >= MILLIS_TO_TIMESTAMP(${Date.parse(day(2))}) AND __time <= MILLIS_TO_TIMESTAMP(${Date.parse(day(0))}) GROUP BY 1 ORDER BY 1`,
  },
  {
    what: 'buckets of milliseconds',
    sql: (day) =>
      `SELECT FLOOR(TIMESTAMP_TO_MILLIS(__time) / 3600000) * 3600000 AS "time", device, SUM(added) AS a FROM events WHERE __time BETWEEN MILLIS_TO_TIMESTAMP(${Date.parse(day(2))}) AND MILLIS_TO_TIMESTAMP(${Date.parse(day(0)) - 1}) GROUP BY 1, 2 ORDER BY 1, 2`,
  },
  {
    what: 'a variable',
    sql: () => `SELECT DISTINCT country FROM events WHERE country LIKE '%U%' ESCAPE '\\' ORDER BY 1`,
  },
  { what: 'what Druid refuses', sql: () => 'SELECT nothing FROM events' },
]

/** Each client's own name in it: what one asked for would be a hit for the other, whatever their forms. */
const plain = (client: string): readonly Asked[] => [
  {
    what: 'groups',
    sql: () =>
      `SELECT city, device, COUNT(*) AS n, AVG(price) AS "Durchschnitt – €, ${client}" FROM events GROUP BY 1, 2 ORDER BY 1, 2`,
  },
  {
    what: 'rows',
    sql: (day) =>
      `SELECT __time, city, page, tags, referrer, reqId, weight, latency AS "${client}" FROM events WHERE __time >= '${day(1)}' ORDER BY __time LIMIT 200`,
  },
]

/** By client; dates are told by the days before the end of the data. */
export const ASKED: Readonly<Record<ClientName, readonly Asked[]>> = {
  superset: SUPERSET,
  ibis: IBIS,
  cube: CUBE,
  toolkit: TOOLKIT,
  plywood: PLYWOOD,
  grafana: GRAFANA,
  'druid-query': plain('druid-query'),
  druidry: plain('druidry'),
}
