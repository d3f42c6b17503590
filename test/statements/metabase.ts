// Metabase: the druid-jdbc driver and the query builder. Names with schema and table, a remark with the question's hash
// on top, values as parameters (texts for times), DATE_TRUNC and TIME_EXTRACT, LIMIT 2000 for rows.
import { type Days, type Listed, sentBy, type Parameter, type Statement } from './statement.ts'

const TIME = '"druid"."events"."__time"'
const text = (value: string): Parameter => ({ type: 'VARCHAR', value })
const number = (value: number): Parameter => ({
  type: Number.isInteger(value) ? 'BIGINT' : 'DOUBLE',
  value,
})
const ago = (unit: string, amount: number): string =>
  `TIMESTAMPADD(${unit}, CAST(${amount} AS integer), CURRENT_TIMESTAMP)`

export function metabaseStatements(days: Days): readonly Statement[] {
  const parts = [summaries, breakouts, times, filters, nested, native]
  return sentBy('metabase', {}, [...parts.flatMap((part) => part(days)), ...SYNC])
}

const summaries = (): readonly Listed[] => [
  {
    id: 'metabase-001',
    what: 'count of rows, with the remark',
    sql: `-- Metabase:: userID: 1 queryType: MBQL queryHash: 6bb9a1f5b1c7f2b4e6a7c9f01d2e3f4a5b6c7d8e9f00112233445566778899aa
SELECT COUNT(*) AS "count" FROM "druid"."events"`,
  },
  {
    id: 'metabase-002',
    what: 'count where, share, sum where',
    sql: `SELECT SUM(CASE WHEN "druid"."events"."added" < 40 THEN 1 ELSE 0.0 END) AS "count-where", SUM(CASE WHEN "druid"."events"."added" < 40 THEN 1 ELSE 0.0 END) / COUNT(*) AS "share", SUM(CASE WHEN "druid"."events"."device" = ? THEN "druid"."events"."price" ELSE 0.0 END) AS "sum-where" FROM "druid"."events"`,
    parameters: [text('mobile')],
  },
  {
    id: 'metabase-003',
    what: 'an expression over aggregates, with division',
    sql: `SELECT "druid"."events"."device" AS "device", CAST(SUM("druid"."events"."added") AS double) / NULLIF(CAST(SUM("druid"."events"."deleted") AS double), 0.0) AS "expression", COUNT(*) + SUM("druid"."events"."added") AS "expression_2" FROM "druid"."events" GROUP BY "druid"."events"."device" ORDER BY "druid"."events"."device" ASC`,
  },
  {
    id: 'metabase-004',
    what: 'math inside an aggregate',
    sql: `SELECT "druid"."events"."isRobot" AS "isRobot", SUM("druid"."events"."added" + 1) AS "sum", MIN("druid"."events"."added" - "druid"."events"."deleted") AS "min", AVG("druid"."events"."added" * "druid"."events"."isRobot") AS "avg" FROM "druid"."events" GROUP BY "druid"."events"."isRobot" ORDER BY "druid"."events"."isRobot" ASC`,
  },
  {
    id: 'metabase-005',
    what: 'distinct values, ordered by them',
    sql: `SELECT "druid"."events"."channel" AS "channel", "druid"."events"."device" AS "device", COUNT(DISTINCT "druid"."events"."user") AS "count" FROM "druid"."events" GROUP BY "druid"."events"."channel", "druid"."events"."device" ORDER BY "count" DESC, "druid"."events"."channel" ASC, "druid"."events"."device" ASC LIMIT 5`,
  },
  {
    id: 'metabase-006',
    what: 'cumulative count',
    sql: `SELECT DATE_TRUNC('month', ${TIME}) AS "__time", SUM(COUNT(*)) OVER (ORDER BY DATE_TRUNC('month', ${TIME}) ASC ROWS UNBOUNDED PRECEDING) AS "count" FROM "druid"."events" GROUP BY DATE_TRUNC('month', ${TIME}) ORDER BY DATE_TRUNC('month', ${TIME}) ASC`,
    needs: 'heap',
  },
  {
    id: 'metabase-007',
    what: 'difference to the row before',
    sql: `SELECT DATE_TRUNC('day', ${TIME}) AS "__time", COUNT(*) - LAG(COUNT(*), 1) OVER (ORDER BY DATE_TRUNC('day', ${TIME}) ASC) AS "diff" FROM "druid"."events" GROUP BY DATE_TRUNC('day', ${TIME}) ORDER BY DATE_TRUNC('day', ${TIME}) ASC`,
    needs: 'heap',
  },
]

const breakouts = (): readonly Listed[] => [
  ...[
    { id: 'metabase-008', unit: 'minute' },
    { id: 'metabase-009', unit: 'hour' },
    { id: 'metabase-010', unit: 'day' },
    { id: 'metabase-011', unit: 'week' },
    { id: 'metabase-012', unit: 'month' },
    { id: 'metabase-013', unit: 'quarter' },
    { id: 'metabase-014', unit: 'year' },
  ].map(({ id, unit }) => ({
    id,
    what: `by ${unit}, relative to now`,
    sql: `SELECT DATE_TRUNC('${unit}', ${TIME}) AS "__time", COUNT(*) AS "count" FROM "druid"."events" WHERE ${TIME} >= DATE_TRUNC('day', ${ago('day', unit === 'minute' ? -2 : -30)}) AND ${TIME} < DATE_TRUNC('day', CURRENT_TIMESTAMP) GROUP BY DATE_TRUNC('${unit}', ${TIME}) ORDER BY DATE_TRUNC('${unit}', ${TIME}) ASC`,
  })),
  ...[
    { id: 'metabase-015', unit: 'hour', what: 'hour of day' },
    { id: 'metabase-016', unit: 'dow', what: 'day of week' },
    { id: 'metabase-017', unit: 'doy', what: 'day of year' },
    { id: 'metabase-018', unit: 'month', what: 'month of year' },
  ].map(({ id, unit, what }) => ({
    id,
    what: `by ${what}`,
    sql: `SELECT TIME_EXTRACT(${TIME}, '${unit}') AS "__time", SUM("druid"."events"."added") AS "sum" FROM "druid"."events" GROUP BY TIME_EXTRACT(${TIME}, '${unit}') ORDER BY TIME_EXTRACT(${TIME}, '${unit}') ASC`,
  })),
  {
    id: 'metabase-019',
    what: 'by day and country',
    sql: `SELECT DATE_TRUNC('day', ${TIME}) AS "__time", "druid"."events"."country" AS "country", AVG("druid"."events"."price") AS "avg" FROM "druid"."events" WHERE ${TIME} >= DATE_TRUNC('day', ${ago('day', -7)}) AND ${TIME} < DATE_TRUNC('day', CURRENT_TIMESTAMP) GROUP BY DATE_TRUNC('day', ${TIME}), "druid"."events"."country" ORDER BY DATE_TRUNC('day', ${TIME}) ASC, "druid"."events"."country" ASC`,
  },
  {
    id: 'metabase-020',
    what: 'histogram with bins of ten',
    sql: `SELECT (FLOOR((("druid"."events"."price" - 0.0) / 10.0)) * 10.0) + 0.0 AS "price", COUNT(*) AS "count" FROM "druid"."events" GROUP BY (FLOOR((("druid"."events"."price" - 0.0) / 10.0)) * 10.0) + 0.0 ORDER BY (FLOOR((("druid"."events"."price" - 0.0) / 10.0)) * 10.0) + 0.0 ASC`,
  },
  {
    id: 'metabase-021',
    what: 'pivot: one statement per grouping',
    sql: `SELECT "druid"."events"."country" AS "country", ABS(1) AS "pivot-grouping", COUNT(*) AS "count" FROM "druid"."events" GROUP BY "druid"."events"."country", ABS(1) ORDER BY "druid"."events"."country" ASC, ABS(1) ASC`,
  },
  {
    id: 'metabase-022',
    what: 'report zone of the connection',
    sql: `SELECT DATE_TRUNC('day', ${TIME}) AS "__time", COUNT(*) AS "count" FROM "druid"."events" GROUP BY DATE_TRUNC('day', ${TIME}) ORDER BY DATE_TRUNC('day', ${TIME}) ASC`,
    context: { sqlTimeZone: 'America/Los_Angeles' },
  },
]

const times = (days: Days): readonly Listed[] =>
  [
    {
      id: 'metabase-023',
      what: 'a month',
      where: `${TIME} >= ? AND ${TIME} < ?`,
      parameters: [text(`${days.date(30).slice(0, 7)}-01 00:00:00`), text(`${days.blank(0)}`)],
    },
    {
      id: 'metabase-024',
      what: 'after a moment',
      where: `${TIME} > ?`,
      parameters: [text(days.blank(4))],
    },
    {
      id: 'metabase-025',
      what: 'between two days',
      where: `${TIME} BETWEEN ? AND ?`,
      parameters: [text(days.blank(6)), text(days.blank(2))],
    },
    {
      id: 'metabase-026',
      what: 'values written into the text, as an export does',
      where: `${TIME} >= '${days.blank(6)}' AND ${TIME} < '${days.blank(2)}'`,
    },
    {
      id: 'metabase-027',
      what: 'the last 24 hours, this one included',
      where: `${TIME} >= DATE_TRUNC('hour', ${ago('hour', -24)}) AND ${TIME} < DATE_TRUNC('hour', ${ago('hour', 1)})`,
    },
    {
      id: 'metabase-028',
      what: 'a range before another ("starting 7 days ago")',
      where: `${TIME} >= DATE_TRUNC('day', TIMESTAMPADD(day, CAST(-7 AS integer), ${ago('day', -7)})) AND ${TIME} < DATE_TRUNC('day', TIMESTAMPADD(day, CAST(-7 AS integer), CURRENT_TIMESTAMP))`,
    },
    {
      id: 'metabase-029',
      what: 'this week',
      where: `${TIME} >= DATE_TRUNC('week', CURRENT_TIMESTAMP) AND ${TIME} < DATE_TRUNC('week', ${ago('week', 1)})`,
    },
    {
      id: 'metabase-030',
      what: 'weekends excluded',
      where: `${TIME} >= DATE_TRUNC('day', ${ago('day', -14)}) AND (TIME_EXTRACT(${TIME}, 'dow') NOT IN (6, 7))`,
    },
  ].map(({ id, what, where, parameters }) => ({
    id,
    what: `filter on time: ${what}`,
    sql: `SELECT "druid"."events"."device" AS "device", COUNT(*) AS "count" FROM "druid"."events" WHERE ${where} GROUP BY "druid"."events"."device" ORDER BY "druid"."events"."device" ASC`,
    ...(parameters === undefined ? {} : { parameters }),
  }))

const filters = (): readonly Listed[] => [
  {
    id: 'metabase-031',
    what: 'filters of texts',
    sql: `SELECT "druid"."events"."country" AS "country", COUNT(*) AS "count" FROM "druid"."events" WHERE (LOWER("druid"."events"."page") LIKE ?) AND ("druid"."events"."device" <> ? OR "druid"."events"."device" IS NULL) AND ("druid"."events"."channel" = ? OR "druid"."events"."channel" = ?) AND ("druid"."events"."referrer" IS NULL OR "druid"."events"."referrer" = ?) GROUP BY "druid"."events"."country" ORDER BY "druid"."events"."country" ASC`,
    parameters: [text('%/p/1%'), text('bot'), text('#de.app'), text('#direct'), text('')],
  },
  {
    id: 'metabase-032',
    what: 'filters of numbers',
    sql: `SELECT COUNT(*) AS "count" FROM "druid"."events" WHERE "druid"."events"."price" BETWEEN ? AND ? AND "druid"."events"."added" >= ? AND NOT ("druid"."events"."isRobot" = ?)`,
    parameters: [number(10.5), number(50), number(3), number(1)],
  },
  {
    id: 'metabase-033',
    what: 'does not contain',
    sql: `SELECT COUNT(*) AS "count" FROM "druid"."events" WHERE (NOT (LOWER("druid"."events"."city") LIKE ?) OR "druid"."events"."city" IS NULL)`,
    parameters: [text('%k%')],
  },
  {
    id: 'metabase-034',
    what: 'filter on a summary: a subquery around it',
    sql: `SELECT "source"."country" AS "country", "source"."count" AS "count" FROM (SELECT "druid"."events"."country" AS "country", COUNT(*) AS "count" FROM "druid"."events" GROUP BY "druid"."events"."country" ORDER BY "druid"."events"."country" ASC) AS "source" WHERE "source"."count" > 2500 LIMIT 2000`,
  },
  {
    id: 'metabase-035',
    what: 'rows of a table',
    sql: `SELECT "druid"."events"."__time" AS "__time", "druid"."events"."country" AS "country", "druid"."events"."city" AS "city", "druid"."events"."tags" AS "tags", "druid"."events"."reqId" AS "reqId", "druid"."events"."latency" AS "latency" FROM "druid"."events" LIMIT 2000`,
  },
  {
    id: 'metabase-036',
    what: 'rows of a group, zoomed in',
    sql: `SELECT "druid"."events"."__time" AS "__time", "druid"."events"."page" AS "page" FROM "druid"."events" WHERE "druid"."events"."country" = ? AND ${TIME} >= DATE_TRUNC('day', ${ago('day', -3)}) AND ${TIME} < DATE_TRUNC('day', CURRENT_TIMESTAMP) LIMIT 2000`,
    parameters: [text('DE')],
  },
]

const nested = (): readonly Listed[] => [
  {
    id: 'metabase-037',
    what: 'question over a question',
    sql: `SELECT AVG("source"."sum") AS "avg" FROM (SELECT DATE_TRUNC('day', ${TIME}) AS "__time", SUM("druid"."events"."added") AS "sum" FROM "druid"."events" GROUP BY DATE_TRUNC('day', ${TIME}) ORDER BY DATE_TRUNC('day', ${TIME}) ASC) AS "source"`,
  },
  {
    id: 'metabase-038',
    what: 'custom column grouped outside',
    sql: `SELECT "source"."size" AS "size", COUNT(*) AS "count" FROM (SELECT "druid"."events"."added" AS "added", CASE WHEN "druid"."events"."added" > 40 THEN 'big' ELSE 'small' END AS "size" FROM "druid"."events") AS "source" GROUP BY "source"."size" ORDER BY "source"."size" ASC`,
  },
  {
    id: 'metabase-039',
    what: 'join of another table that is grouped',
    sql: `SELECT "druid"."events"."country" AS "country", MAX("Dst"."sum") AS "dst", COUNT(*) AS "count" FROM "druid"."events" LEFT JOIN (SELECT "druid"."dst"."country" AS "country", SUM("druid"."dst"."added") AS "sum" FROM "druid"."dst" GROUP BY "druid"."dst"."country") AS "Dst" ON "druid"."events"."country" = "Dst"."country" GROUP BY "druid"."events"."country" ORDER BY "druid"."events"."country" ASC`,
  },
  {
    id: 'metabase-040',
    what: 'a SQL question as the source',
    sql: `SELECT "source"."device" AS "device", SUM("source"."n") AS "sum" FROM (SELECT device, country, COUNT(*) AS n FROM events WHERE isRobot = 0 GROUP BY device, country) AS "source" GROUP BY "source"."device" ORDER BY "sum" DESC, "source"."device" ASC`,
  },
]

const native = (days: Days): readonly Listed[] => [
  {
    id: 'metabase-041',
    what: 'SQL with a date variable, in small letters',
    sql: `select count(1) from events where __time >= '${days.date(3)}'`,
  },
  {
    id: 'metabase-042',
    what: 'SQL with a date variable as a parameter',
    sql: `select count(1) from events where __time >= ?`,
    parameters: [{ type: 'DATE', value: days.date(3) }],
  },
  {
    id: 'metabase-043',
    what: 'SQL with a parameter inside an INTERVAL',
    sql: `SELECT page, COUNT(*) AS "Count" FROM "events" WHERE "__time" >= CURRENT_TIMESTAMP - INTERVAL ? DAY GROUP BY 1 ORDER BY "Count" DESC`,
    parameters: [number(7)],
    expect: 'error',
    why: 'an INTERVAL takes no parameter',
  },
  {
    id: 'metabase-044',
    what: 'SQL with an optional clause left out',
    sql: `SELECT channel, SUM(price) AS revenue
FROM events
WHERE __time >= TIMESTAMP '${days.blank(7)}'
  
  -- filters of the dashboard
GROUP BY channel
ORDER BY revenue DESC`,
  },
]

const SYNC: readonly Listed[] = [
  {
    id: 'metabase-045',
    what: 'values of a field',
    sql: `SELECT "druid"."events"."country" AS "country" FROM "druid"."events" GROUP BY "druid"."events"."country" ORDER BY "druid"."events"."country" ASC LIMIT 1000`,
  },
  {
    id: 'metabase-046',
    what: 'fingerprint: a sample with long texts cut',
    sql: `SELECT "source"."__time" AS "__time", "source"."substring57671" AS "page", "source"."price" AS "price" FROM (SELECT "druid"."events"."__time" AS "__time", SUBSTRING("druid"."events"."page", 1, 1234) AS "substring57671", "druid"."events"."price" AS "price" FROM "druid"."events") AS "source" LIMIT 10000`,
  },
  { id: 'metabase-047', what: 'test of a connection', sql: 'SELECT 1' },
  {
    id: 'metabase-048',
    what: 'right to read a table',
    sql: `SELECT TRUE FROM "druid"."events" WHERE 1 <> 1 LIMIT 0`,
  },
]
