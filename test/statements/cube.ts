// Cube: the Druid driver. Cubes are aliases, values are VARCHAR parameters, bounds are parsed from them with the last
// millisecond included, zones by TIME_FORMAT and back, GROUP BY and ORDER BY by position.
import { type Days, type Listed, sentBy, type Parameter, type Statement } from './statement.ts'

const BODY = { header: true, sqlTypesHeader: true, resultFormat: 'object' }
const text = (value: string): Parameter => ({ type: 'VARCHAR', value })
const local = (zone: string): string =>
  `CAST(TIME_FORMAT("events".__time, 'yyyy-MM-dd HH:mm:ss', '${zone}') AS TIMESTAMP)`
const UTC = local('UTC')
const BETWEEN = `("events".__time >= TIME_PARSE(?) AND "events".__time <= TIME_PARSE(?))`

export function cubeStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number): readonly Parameter[] => [
    text(`${days.at(from)}.000Z`),
    text(`${days.date(to + 1)}T23:59:59.999Z`),
  ]
  const parts = [queries, times, filters, joins]
  return sentBy('cube', { body: BODY }, [...parts.flatMap((part) => part(range, days)), ...SCHEMA]).map(
    (one) => ({ ...one, parameters: one.parameters ?? [] }),
  )
}

type Range = (from: number, to: number) => readonly Parameter[]

const queries = (range: Range): readonly Listed[] => [
  {
    id: 'cube-001',
    what: 'one measure',
    sql: `SELECT
      count(*) "events__count"
    FROM
      druid.events AS "events"  LIMIT 10000`,
  },
  {
    id: 'cube-002',
    what: 'measures within a range',
    sql: `SELECT
      count(*) "events__count", sum("events".price) "events__revenue", 1.0 * (sum("events".price)) / NULLIF((count(*)), 0) "events__per_row"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} LIMIT 10000`,
    parameters: range(7, 0),
  },
  {
    id: 'cube-003',
    what: 'by a dimension, ordered by the measure',
    sql: `SELECT
      "events".country "events__country", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: range(7, 0),
  },
  {
    id: 'cube-004',
    what: 'a cube over a SELECT',
    sql: `SELECT
      "events".channel "events__channel", sum("events".added) "events__added", avg("events".latency) "events__latency"
    FROM
      (select * from events) AS "events"  WHERE ${BETWEEN} GROUP BY 1 ORDER BY 2 DESC LIMIT 5 OFFSET 5`,
    parameters: range(14, 0),
  },
  {
    id: 'cube-005',
    what: 'filtered measures',
    sql: `SELECT
      "events".device "events__device", count(CASE WHEN ("events".isRobot = 1) THEN 1 END) "events__robots", sum(CASE WHEN ("events".country = 'DE') THEN "events".price END) "events__germany", count(distinct "events".user) "events__users"
    FROM
      druid.events AS "events"  GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    expect: 'error',
    why: 'USER is a keyword: a column of that name needs quotes',
  },
  {
    id: 'cube-006',
    what: 'filtered measures and a distinct count',
    sql: `SELECT
      "events".device "events__device", count(CASE WHEN ("events".isRobot = 1) THEN 1 END) "events__robots", sum(CASE WHEN ("events".country = 'DE') THEN "events".price END) "events__germany", count(distinct "events"."user") "events__users"
    FROM
      druid.events AS "events"  GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
  },
  {
    id: 'cube-007',
    what: 'a filter on a measure',
    sql: `SELECT
      "events".page "events__page", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1 HAVING (count(*) > CAST(? AS BIGINT)) ORDER BY 2 DESC LIMIT 10000`,
    parameters: [...range(28, 0), text('20')],
  },
  {
    id: 'cube-008',
    what: 'rows without a group',
    sql: `SELECT
      "events".country "events__country", "events".page "events__page", "events".price "events__price"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} LIMIT 100`,
    parameters: range(1, 0),
  },
  {
    id: 'cube-009',
    what: 'total number of groups',
    sql: `SELECT count(*) "total_count" FROM (SELECT
      "events".country "events__country", "events".device "events__device", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1, 2) AS original_query`,
    parameters: range(7, 0),
  },
]

const times = (range: Range): readonly Listed[] => [
  ...[
    { id: 'cube-010', grain: 'second', from: 1 },
    { id: 'cube-011', grain: 'minute', from: 1 },
    { id: 'cube-012', grain: 'hour', from: 7 },
    { id: 'cube-013', grain: 'day', from: 28 },
    { id: 'cube-014', grain: 'week', from: 60 },
    { id: 'cube-015', grain: 'month', from: 60 },
    { id: 'cube-016', grain: 'quarter', from: 60 },
    { id: 'cube-017', grain: 'year', from: 60 },
  ].map(({ id, grain, from }) => ({
    id,
    what: `by ${grain}`,
    sql: `SELECT
      DATE_TRUNC('${grain}', ${UTC}) "events__created_at_${grain}", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    parameters: range(from, 0),
  })),
  {
    id: 'cube-018',
    what: 'by day of a zone, by a dimension, ordered by time',
    sql: `SELECT
      "events".device "events__device", DATE_TRUNC('day', ${local('America/New_York')}) "events__created_at_day", sum("events".added) "events__added"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1, 2 ORDER BY 2 ASC LIMIT 10000`,
    parameters: range(14, 0),
  },
  {
    id: 'cube-019',
    what: 'by day of a zone over the end of summer time',
    sql: `SELECT
      DATE_TRUNC('day', CAST(TIME_FORMAT("dst".__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP)) "dst__created_at_day", sum("dst".price) "dst__price"
    FROM
      druid.dst AS "dst"  WHERE ("dst".__time >= TIME_PARSE(?) AND "dst".__time <= TIME_PARSE(?)) GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    parameters: [text('2026-10-31T04:00:00.000Z'), text('2026-11-03T04:59:59.999Z')],
  },
  {
    id: 'cube-020',
    what: 'latest first, one dimension of time alone',
    sql: `SELECT
      ${UTC} "events__created_at", "events".page "events__page"
    FROM
      druid.events AS "events"  WHERE ("events".country = ?) GROUP BY 1, 2 ORDER BY 1 DESC LIMIT 100`,
    parameters: [text('TR')],
  },
  {
    id: 'cube-021',
    what: 'rolling window: a series of dates joined by a range',
    sql: `SELECT q_0."events__created_at_day", "events__rolling" FROM (SELECT "events.created_at_series"."date_from" "events__created_at_day", sum("events__rolling") "events__rolling" FROM (SELECT TIME_PARSE(dates.f) date_from, TIME_PARSE(dates.t) date_to FROM (select '2026-11-01T00:00:00.000' f, '2026-11-01T23:59:59.999' t UNION ALL select '2026-11-02T00:00:00.000' f, '2026-11-02T23:59:59.999' t) AS dates) AS "events.created_at_series" LEFT JOIN (SELECT DATE_TRUNC('day', ${UTC}) "events__created_at_day", sum("events".added) "events__rolling" FROM druid.events AS "events" GROUP BY 1) AS "events_rolling_base" ON "events__created_at_day" > ("events.created_at_series"."date_to" + INTERVAL '-7' DAY) AND "events__created_at_day" <= "events.created_at_series"."date_to" GROUP BY 1) as q_0 ORDER BY 1 ASC LIMIT 10000`,
    expect: 'error',
    why: 'UNION ALL takes tables, not rows written in the text',
  },
]

const filters = (range: Range, days: Days): readonly Listed[] => [
  {
    id: 'cube-022',
    what: 'equals, several values, nulls kept',
    sql: `SELECT
      "events".channel "events__channel", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} AND ("events".device = ?) AND ("events".country IN (?, ?)) AND ("events".city NOT IN (?) OR "events".city IS NULL) AND ("events".referrer IS NOT NULL) GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: [...range(28, 0), text('mobile'), text('US'), text('DE'), text('Berlin')],
  },
  {
    id: 'cube-023',
    what: 'contains, with an escape character',
    sql: `SELECT
      count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE (LOWER("events".page) LIKE CONCAT('%', LOWER(?), '%') ESCAPE '\\' OR LOWER("events".page) LIKE CONCAT('%', LOWER(?), '%') ESCAPE '\\') LIMIT 10000`,
    parameters: [text('/P/1'), text('a\\_b')],
  },
  {
    id: 'cube-024',
    what: 'groups of filters by OR and AND',
    sql: `SELECT
      "events".device "events__device", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ((("events".country = ?) AND ("events".added > CAST(? AS DOUBLE))) OR ("events".isRobot = 1)) AND ${BETWEEN} GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: [text('US'), text('10.5'), ...range(7, 0)],
  },
  {
    id: 'cube-025',
    what: 'a number compared with a text',
    sql: `SELECT
      count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ("events".added > ?) LIMIT 10000`,
    parameters: [text('10')],
  },
  {
    id: 'cube-026',
    what: 'before and after a day',
    sql: `SELECT
      "events".device "events__device", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ("events".__time < TIME_PARSE(?)) AND ("events".__time > TIME_PARSE(?)) GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: [text(`${days.at(2)}.000Z`), text(`${days.at(5)}.999Z`)],
  },
  {
    id: 'cube-027',
    what: 'not in a range of days',
    sql: `SELECT
      count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ("events".__time < TIME_PARSE(?) OR "events".__time > TIME_PARSE(?)) LIMIT 10000`,
    parameters: range(50, 3),
  },
  {
    id: 'cube-028',
    what: 'compared ranges: the one before',
    sql: `SELECT
      DATE_TRUNC('day', ${UTC}) "events__created_at_day", count(*) "events__count"
    FROM
      druid.events AS "events"  WHERE ${BETWEEN} GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    parameters: range(14, 7),
  },
]

const joins = (range: Range): readonly Listed[] => [
  {
    id: 'cube-029',
    what: 'two cubes joined',
    sql: `SELECT
      "country_name".v "country_name__name", count(*) "events__count"
    FROM
      druid.events AS "events"
LEFT JOIN lookup.country_name AS "country_name" ON "events".country = "country_name".k  WHERE ${BETWEEN} GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
    parameters: range(7, 0),
  },
  {
    id: 'cube-030',
    what: 'two facts joined on their dimension, nulls included',
    sql: `SELECT q_0."events__country", "events__count", "dst__added" FROM (SELECT
      "events".country "events__country", count(*) "events__count"
    FROM
      druid.events AS "events"  GROUP BY 1) as q_0 INNER JOIN (SELECT
      "dst".country "events__country", sum("dst".added) "dst__added"
    FROM
      druid.dst AS "dst"  GROUP BY 1) as q_1 ON (q_0."events__country" = q_1."events__country" OR (q_0."events__country" IS NULL AND q_1."events__country" IS NULL)) ORDER BY 2 DESC LIMIT 10000`,
    needs: 'heap',
  },
  {
    id: 'cube-031',
    what: 'a dimension from a subquery',
    sql: `SELECT
      "sizes".size "sizes__size", count(*) "events__count"
    FROM
      druid.events AS "events"
LEFT JOIN (select country, case when sum(added) > 100000 then 'big' else 'small' end as size from events group by country) AS "sizes" ON "events".country = "sizes".country  GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
  },
  {
    id: 'cube-032',
    what: 'sketches of the rolled-up table',
    sql: `SELECT
      DATE_TRUNC('day', CAST(TIME_FORMAT("r".__time, 'yyyy-MM-dd HH:mm:ss', 'UTC') AS TIMESTAMP)) "r__created_at_day", APPROX_COUNT_DISTINCT_DS_HLL("r".users_hll) "r__users", sum("r".cnt) "r__rows"
    FROM
      druid.events_rollup AS "r"  WHERE ("r".__time >= TIME_PARSE(?) AND "r".__time <= TIME_PARSE(?)) GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    parameters: range(28, 0),
  },
]

const SCHEMA: readonly Listed[] = [
  {
    id: 'cube-033',
    what: 'refresh key: every two minutes',
    sql: 'SELECT FLOOR((EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)) / 120) as refresh_key',
  },
  {
    id: 'cube-034',
    what: 'refresh key of older versions',
    sql: 'SELECT FLOOR((EXTRACT(EPOCH FROM NOW())) / 10) as refresh_key',
    expect: 'error',
    why: 'no function NOW',
  },
  {
    id: 'cube-035',
    what: 'refresh key: the newest row',
    sql: 'select max("events".__time) from events AS "events"',
  },
  {
    id: 'cube-036',
    what: 'columns of all tables',
    sql: `
        SELECT
            COLUMN_NAME as "column_name",
            TABLE_NAME as "table_name",
            TABLE_SCHEMA as "table_schema",
            DATA_TYPE as "data_type"
        FROM INFORMATION_SCHEMA.COLUMNS
        WHERE TABLE_SCHEMA NOT IN ('INFORMATION_SCHEMA', 'sys')
    `,
  },
  {
    id: 'cube-037',
    what: 'names of schemas, in small letters',
    sql: `SELECT table_schema as "schema_name" FROM information_schema.tables GROUP BY table_schema`,
    expect: 'error',
    why: 'INFORMATION_SCHEMA is known in capitals only',
  },
  {
    id: 'cube-038',
    what: 'tables of a schema',
    sql: 'SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ?',
    parameters: [text('druid')],
  },
]
