// Looker: fields named "view.field", every piece in parentheses, a comment with the question's own number on top, LIMIT
// 500, time frames as texts by TIME_FORMAT, relative filters by TIMESTAMPADD over FLOOR.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

export function lookerStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number): string =>
    `((( events.__time ) >= ((TIMESTAMP '${days.date(from)}')) AND ( events.__time ) < ((TIMESTAMP '${days.date(to)}'))))`
  const parts = [looks, frames, measures, relative, tables]
  return sentBy(
    'looker',
    {},
    parts.flatMap((part) => part(range, days)),
  )
}

type Range = (from: number, to: number) => string

const looks = (range: Range): readonly Listed[] => [
  {
    id: 'looker-001',
    what: 'a single value',
    sql: `SELECT
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${range(7, 0)}
LIMIT 500`,
  },
  {
    id: 'looker-002',
    what: 'by a dimension, the comment that is new each time on top',
    sql: `-- Looker Query Context '{"user_id":7,"history_slug":"a81f00d5","instance_slug":"11bf9e"}'
SELECT
    events.country  AS "events.country",
    COUNT(*) AS "events.count",
    COALESCE(SUM(events.added ), 0) AS "events.total_added"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-003',
    what: 'top ten ascending',
    sql: `SELECT
    events.city  AS "events.city",
    AVG(events.price ) AS "events.average_price"
FROM druid.events  AS events
WHERE ${range(28, 0)}
GROUP BY
    1
ORDER BY
    2
LIMIT 10`,
  },
  {
    id: 'looker-004',
    what: 'totals of a look',
    sql: `SELECT
    COUNT(*) AS "events.count",
    COALESCE(SUM(events.added ), 0) AS "events.total_added",
    COUNT(DISTINCT events."user" ) AS "events.users"
FROM druid.events  AS events
WHERE ${range(7, 0)}
FETCH NEXT 1 ROWS ONLY`,
  },
  {
    id: 'looker-005',
    what: 'limit by FETCH',
    sql: `SELECT
    events.channel  AS "events.channel",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
GROUP BY
    1
ORDER BY
    2 DESC
FETCH NEXT 500 ROWS ONLY`,
  },
  {
    id: 'looker-006',
    what: 'suggestions of a filter',
    sql: `SELECT
    events.page  AS "events.page"
FROM druid.events  AS events
WHERE (UPPER(( events.page  )) LIKE UPPER('/p/1%'))
GROUP BY
    1
ORDER BY
    1
LIMIT 1000`,
  },
  {
    id: 'looker-007',
    what: 'drill down to rows',
    sql: `SELECT
    (TIME_FORMAT(events.__time , 'yyyy-MM-dd HH:mm:ss')) AS "events.created_time",
    events."user"  AS "events.user",
    events.page  AS "events.page"
FROM druid.events  AS events
WHERE (events.country ) = 'DE' AND ${range(1, 0)}
GROUP BY
    1,
    2,
    3
ORDER BY
    1 DESC
LIMIT 500`,
  },
  {
    id: 'looker-008',
    what: 'pivot: five levels with window functions',
    sql: `SELECT * FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering, CASE WHEN z___min_rank = z___rank THEN 1 ELSE 0 END AS z__is_highest_ranked_cell FROM (
SELECT *, MIN(z___rank) OVER (PARTITION BY "events.country") as z___min_rank FROM (
SELECT *, RANK() OVER (ORDER BY CASE WHEN z__pivot_col_rank=1 THEN (CASE WHEN "events.count" IS NOT NULL THEN 0 ELSE 1 END) ELSE 2 END, CASE WHEN z__pivot_col_rank=1 THEN "events.count" ELSE NULL END DESC, "events.count" DESC, z__pivot_col_rank, "events.country") AS z___rank FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY CASE WHEN "events.device" IS NULL THEN 1 ELSE 0 END, "events.device") AS z__pivot_col_rank FROM (
SELECT
    events.country  AS "events.country",
    events.device  AS "events.device",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1,
    2) ww
) bb WHERE z__pivot_col_rank <= 16384
) aa
) xx
) zz
WHERE (z__pivot_col_rank <= 50 OR z__is_highest_ranked_cell = 1) AND (z___pivot_row_rank <= 500 OR z__pivot_col_ordering = 1) ORDER BY z___pivot_row_rank`,
    needs: 'heap',
  },
]

const frames = (range: Range): readonly Listed[] =>
  [
    { id: 'looker-009', frame: 'second', sql: `TIME_FORMAT(events.__time , 'yyyy-MM-dd HH:mm:ss')`, from: 1 },
    { id: 'looker-010', frame: 'minute', sql: `TIME_FORMAT(events.__time , 'yyyy-MM-dd HH:mm')`, from: 1 },
    {
      id: 'looker-011',
      frame: 'minute15',
      sql: `TIME_FORMAT(TIME_FLOOR(events.__time , 'PT15M'), 'yyyy-MM-dd HH:mm')`,
      from: 2,
    },
    { id: 'looker-012', frame: 'hour', sql: `TIME_FORMAT(events.__time , 'yyyy-MM-dd HH')`, from: 7 },
    {
      id: 'looker-013',
      frame: 'hour6',
      sql: `TIME_FORMAT(TIME_FLOOR(events.__time , 'PT6H'), 'yyyy-MM-dd HH')`,
      from: 14,
    },
    { id: 'looker-014', frame: 'date', sql: `TIME_FORMAT(events.__time , 'yyyy-MM-dd')`, from: 28 },
    {
      id: 'looker-015',
      frame: 'week',
      sql: `TIME_FORMAT(FLOOR(events.__time  TO WEEK), 'yyyy-MM-dd')`,
      from: 60,
    },
    { id: 'looker-016', frame: 'month', sql: `TIME_FORMAT(events.__time , 'yyyy-MM')`, from: 60 },
    {
      id: 'looker-017',
      frame: 'quarter',
      sql: `TIME_FORMAT(FLOOR(events.__time  TO QUARTER), 'yyyy-MM')`,
      from: 60,
    },
    { id: 'looker-018', frame: 'year', sql: `EXTRACT(YEAR FROM events.__time )`, from: 60 },
    { id: 'looker-019', frame: 'hour_of_day', sql: `EXTRACT(HOUR FROM events.__time )`, from: 28 },
    {
      id: 'looker-020',
      frame: 'day_of_week_index',
      sql: `MOD(EXTRACT(DOW FROM events.__time ) + 6, 7)`,
      from: 28,
    },
    { id: 'looker-021', frame: 'day_of_week', sql: `TIME_FORMAT(events.__time , 'EEEE')`, from: 28 },
    { id: 'looker-022', frame: 'week_of_year', sql: `EXTRACT(WEEK FROM events.__time )`, from: 60 },
    { id: 'looker-023', frame: 'month_name', sql: `TIME_FORMAT(events.__time , 'MMMM')`, from: 60 },
    {
      id: 'looker-024',
      frame: 'date, in the zone of the user',
      sql: `TIME_FORMAT(events.__time , 'yyyy-MM-dd', 'America/New_York')`,
      from: 28,
    },
    {
      id: 'looker-025',
      frame: 'raw bucket of a day by DATE_TRUNC',
      sql: `DATE_TRUNC('DAY', events.__time )`,
      from: 28,
    },
  ].map(({ id, frame, sql, from }) => ({
    id,
    what: `time frame: ${frame}`,
    sql: `SELECT
    (${sql}) AS "events.created",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${range(from, 0)}
GROUP BY
    1
ORDER BY
    1 DESC
LIMIT 500`,
  }))

const measures = (range: Range): readonly Listed[] => [
  {
    id: 'looker-026',
    what: 'filtered measures and a ratio of them',
    sql: `SELECT
    events.country  AS "events.country",
    COUNT(CASE WHEN (events.device  = 'mobile') THEN 1 ELSE NULL END) AS "events.mobile",
    COALESCE(SUM(CASE WHEN (events.isRobot = 0) THEN events.price  ELSE NULL END), 0) AS "events.human_price",
    1.0 * (COUNT(CASE WHEN (events.device  = 'mobile') THEN 1 ELSE NULL END)) / NULLIF((COUNT(*)),0) AS "events.mobile_share"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-027',
    what: 'yes and no, tiers',
    sql: `SELECT
    CASE WHEN events.isRobot = 1  THEN 'Yes' ELSE 'No' END AS "events.is_robot",
    CASE
WHEN events.price  < 10 THEN 'T00 (-inf,10.0)'
WHEN events.price  >= 10 AND events.price  < 50 THEN 'T01 [10.0,50.0)'
WHEN events.price  >= 50 THEN 'T02 [50.0,inf)'
ELSE 'TXX Undefined'
END AS "events.price_tier",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1,
    2
ORDER BY
    3 DESC
LIMIT 500`,
  },
  {
    id: 'looker-028',
    what: 'filter on a measure',
    sql: `SELECT
    events.page  AS "events.page",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${range(28, 0)}
GROUP BY
    1
HAVING (COUNT(*)) > 20
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-029',
    what: 'percentile',
    sql: `SELECT
    events.country  AS "events.country",
    APPROX_QUANTILE_DS(events.price , 0.9) AS "events.p90"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1
ORDER BY
    1
LIMIT 500`,
  },
  {
    id: 'looker-030',
    what: 'list of values',
    sql: `SELECT
    events.device  AS "events.device",
    STRING_AGG(DISTINCT events.channel, '|RECORD|', 4096) AS "events.channels"
FROM druid.events  AS events
WHERE ${range(7, 0)}
GROUP BY
    1
LIMIT 500`,
  },
  {
    id: 'looker-031',
    what: 'median',
    sql: `SELECT
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY events.price ) AS "events.median_price"
FROM druid.events  AS events
LIMIT 500`,
    expect: 'error',
    why: 'no PERCENTILE_CONT (500, not 400)',
  },
  {
    id: 'looker-032',
    what: 'running total as a window',
    sql: `SELECT
    (TIME_FORMAT(events.__time , 'yyyy-MM-dd')) AS "events.created_date",
    SUM(COUNT(*)) OVER (ORDER BY TIME_FORMAT(events.__time , 'yyyy-MM-dd') ROWS UNBOUNDED PRECEDING) AS "events.cumulative"
FROM druid.events  AS events
WHERE ${range(28, 0)}
GROUP BY
    TIME_FORMAT(events.__time , 'yyyy-MM-dd')`,
  },
]

const relative = (_: Range, days: Days): readonly Listed[] =>
  [
    {
      id: 'looker-033',
      what: 'last 24 hours',
      where: `((( events.__time ) >= ((TIMESTAMPADD(HOUR, -23, FLOOR(CURRENT_TIMESTAMP TO HOUR)))) AND ( events.__time ) < ((TIMESTAMPADD(HOUR, 24, TIMESTAMPADD(HOUR, -23, FLOOR(CURRENT_TIMESTAMP TO HOUR)))))))`,
    },
    {
      id: 'looker-034',
      what: 'last 7 days',
      where: `((( events.__time ) >= ((TIMESTAMPADD(DAY, -6, FLOOR(CURRENT_TIMESTAMP TO DAY)))) AND ( events.__time ) < ((TIMESTAMPADD(DAY, 7, TIMESTAMPADD(DAY, -6, FLOOR(CURRENT_TIMESTAMP TO DAY)))))))`,
    },
    {
      id: 'looker-035',
      what: 'this month',
      where: `((( events.__time ) >= ((FLOOR(CURRENT_TIMESTAMP TO MONTH))) AND ( events.__time ) < ((TIMESTAMPADD(MONTH, 1, FLOOR(CURRENT_TIMESTAMP TO MONTH))))))`,
    },
    {
      id: 'looker-036',
      what: 'before three days ago',
      where: `(( events.__time ) < (TIMESTAMPADD(DAY, -3, FLOOR(CURRENT_TIMESTAMP TO DAY))))`,
    },
    {
      id: 'looker-037',
      what: 'two ranges',
      where: `((( events.__time ) >= ((TIMESTAMP '${days.date(20)}')) AND ( events.__time ) < ((TIMESTAMP '${days.date(18)}'))) OR (( events.__time ) >= ((TIMESTAMP '${days.date(10)}')) AND ( events.__time ) < ((TIMESTAMP '${days.date(8)}'))))`,
    },
    {
      id: 'looker-038',
      what: 'not within a range',
      where: `NOT (COALESCE((( events.__time ) >= ((TIMESTAMP '${days.date(50)}')) AND ( events.__time ) < ((TIMESTAMP '${days.date(2)}'))), FALSE))`,
    },
    {
      id: 'looker-039',
      what: 'a day of a zone',
      where: `((( events.__time ) >= ((TIME_PARSE('${days.date(4)}', 'yyyy-MM-dd', 'America/New_York'))) AND ( events.__time ) < ((TIME_PARSE('${days.date(3)}', 'yyyy-MM-dd', 'America/New_York')))))`,
    },
    { id: 'looker-040', what: 'any time', where: `1=1 -- no filter on 'events.created_date'` },
  ].map(({ id, what, where }) => ({
    id,
    what: `filter on time: ${what}`,
    sql: `SELECT
    events.device  AS "events.device",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE ${where}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  }))

const tables = (range: Range): readonly Listed[] => [
  {
    id: 'looker-041',
    what: 'derived table as WITH',
    sql: `WITH daily AS (SELECT
        FLOOR(__time TO DAY) AS day_,
        country,
        SUM(added) AS added
      FROM druid.events
      GROUP BY 1, 2
       )
SELECT
    daily.country  AS "daily.country",
    AVG(daily.added ) AS "daily.average_added"
FROM daily
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-042',
    what: 'rank of a derived table joined for the top series',
    sql: `WITH ranks AS (SELECT country, RANK() OVER (ORDER BY SUM(added) DESC) AS rnk FROM druid.events GROUP BY country)
SELECT
    CASE WHEN ranks.rnk <= 5 THEN ranks.country ELSE 'Other' END AS "ranks.name",
    COALESCE(SUM(events.added ), 0) AS "events.total_added"
FROM druid.events  AS events
INNER JOIN ranks ON events.country = ranks.country
WHERE ${range(7, 0)}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-043',
    what: 'joined lookup',
    sql: `SELECT
    country_name.v  AS "country_name.name",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
LEFT JOIN lookup.country_name  AS country_name ON events.country = country_name.k
WHERE ${range(7, 0)}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  {
    id: 'looker-044',
    what: 'filters of texts and numbers',
    sql: `SELECT
    events.channel  AS "events.channel",
    COUNT(*) AS "events.count"
FROM druid.events  AS events
WHERE (((events.city ) NOT LIKE 'B%' OR (events.city ) IS NULL)) AND ((((events.added ) > 5 AND (events.added ) <= 80))) AND (events.country  IN ('DE', 'US')) AND (events.referrer  IS NULL OR LENGTH(events.referrer ) = 0) AND ${range(14, 0)}
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500`,
  },
  { id: 'looker-045', what: 'SQL Runner', sql: 'SELECT * FROM druid.dst LIMIT 10' },
  {
    id: 'looker-046',
    what: 'columns of all tables',
    sql: `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, ORDINAL_POSITION FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'druid' ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  },
]
