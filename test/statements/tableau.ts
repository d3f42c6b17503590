// Tableau over JDBC ("Other Databases"): every name with its table, aliases like "sum:added:ok", generic SQL-92 with
// JDBC escapes for dates, HAVING (COUNT(1) > 0) where nothing is grouped, and probes of what the server can do.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const TIME = '"events"."__time"'
const AS_DATE = `CAST(${TIME} AS DATE)`
const TRUNC_DAY = AS_DATE
const TRUNC_MONTH = `{fn TIMESTAMPADD(SQL_TSI_DAY,CAST({fn TRUNCATE((-1 * (EXTRACT(DAY FROM ${TIME}) - 1)),0)} AS INTEGER),${AS_DATE})}`
const TRUNC_YEAR = `{fn TIMESTAMPADD(SQL_TSI_DAY,CAST({fn TRUNCATE((-1 * ({fn DAYOFYEAR(${TIME})} - 1)),0)} AS INTEGER),${AS_DATE})}`
const TRUNC_QUARTER = `{fn TIMESTAMPADD(SQL_TSI_MONTH,CAST({fn TRUNCATE((3 * (CAST({fn TRUNCATE({fn QUARTER(${TIME})},0)} AS INTEGER) - 1)),0)} AS INTEGER),${TRUNC_YEAR})}`
const TRUNC_WEEK = `{fn TIMESTAMPADD(SQL_TSI_DAY,(-1 * ({fn DAYOFWEEK(${TIME})} - 1)),${AS_DATE})}`
const part = (unit: string): string => `CAST({fn TRUNCATE(EXTRACT(${unit} FROM ${TIME}),0)} AS INTEGER)`

export function tableauStatements(days: Days): readonly Statement[] {
  const range = (from: number, to: number): string =>
    `((${TIME} >= TIMESTAMP '${days.blank(from)}.000') AND (${TIME} < TIMESTAMP '${days.blank(to)}.000'))`
  const parts = [sheets, dates, bounds, calculations, levels, filters]
  return sentBy('tableau', {}, [...parts.flatMap((list) => list(range, days)), ...CONNECT])
}

type Range = (from: number, to: number) => string

const sheets = (range: Range): readonly Listed[] => [
  {
    id: 'tableau-001',
    what: 'number of rows',
    sql: `SELECT SUM(1) AS "sum:Number of Records:ok"
FROM "druid"."events" "events"
HAVING (COUNT(1) > 0)`,
  },
  {
    id: 'tableau-002',
    what: 'total of a measure within a range',
    sql: `SELECT SUM("events"."price") AS "sum:price:ok"
FROM "druid"."events" "events"
WHERE ${range(7, 0)}
HAVING (COUNT(1) > 0)`,
  },
  {
    id: 'tableau-003',
    what: 'bar chart: one dimension, no order, no limit',
    sql: `SELECT "events"."country" AS "country",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
GROUP BY "events"."country"`,
  },
  {
    id: 'tableau-004',
    what: 'cross table: two dimensions, three measures',
    sql: `SELECT "events"."channel" AS "channel",
  "events"."device" AS "device",
  AVG("events"."latency") AS "avg:latency:ok",
  COUNT("events"."city") AS "cnt:city:ok",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ${range(14, 0)}
GROUP BY "events"."channel",
  "events"."device"`,
  },
  {
    id: 'tableau-005',
    what: 'distinct count',
    sql: `SELECT "events"."device" AS "device",
  COUNT(DISTINCT "events"."user") AS "ctd:user:ok"
FROM "druid"."events" "events"
WHERE ${range(7, 0)}
GROUP BY "events"."device"`,
  },
  {
    id: 'tableau-006',
    what: 'minimum and maximum of a number',
    sql: `SELECT MAX("events"."price") AS "max:price:ok",
  MIN("events"."price") AS "min:price:ok"
FROM "druid"."events" "events"
HAVING (COUNT(1) > 0)`,
  },
  {
    id: 'tableau-007',
    what: 'attribute of a text: MIN and MAX of it',
    sql: `SELECT "events"."country" AS "country",
  MIN("events"."city") AS "TEMP(attr:city:nk)(1)(0)",
  MAX("events"."city") AS "TEMP(attr:city:nk)(2)(0)"
FROM "druid"."events" "events"
GROUP BY "events"."country"`,
    expect: 'error',
    why: 'no MIN and MAX of VARCHAR',
  },
  {
    id: 'tableau-008',
    what: 'standard deviation',
    sql: `SELECT STDDEV_SAMP("events"."price") AS "std:price:ok"
FROM "druid"."events" "events"
HAVING (COUNT(1) > 0)`,
    expect: 'error',
    why: 'needs the extension druid-stats',
  },
  {
    id: 'tableau-009',
    what: 'underlying rows',
    sql: `SELECT "events"."__time" AS "__time",
  "events"."country" AS "country",
  "events"."page" AS "page",
  "events"."reqId" AS "reqId",
  "events"."weight" AS "weight"
FROM "druid"."events" "events"
WHERE (("events"."country" = 'DE') AND ${range(1, 0)})
LIMIT 10000`,
  },
]

const dates = (range: Range): readonly Listed[] =>
  [
    { id: 'tableau-010', name: 'yr', what: 'year', expression: part('YEAR') },
    { id: 'tableau-011', name: 'mn', what: 'month of the year', expression: part('MONTH') },
    { id: 'tableau-012', name: 'dy', what: 'day of the month', expression: part('DAY') },
    { id: 'tableau-013', name: 'hr', what: 'hour of the day', expression: part('HOUR') },
    {
      id: 'tableau-014',
      name: 'qr',
      what: 'quarter of the year, by the JDBC escape',
      why: 'no function QUARTER',
      expression: `CAST({fn TRUNCATE({fn QUARTER(${TIME})},0)} AS INTEGER)`,
    },
    {
      id: 'tableau-015',
      name: 'wd',
      what: 'day of the week, by the JDBC escape',
      why: 'no function DAYOFWEEK, unless in arithmetic',
      expression: `CAST({fn TRUNCATE({fn DAYOFWEEK(${TIME})},0)} AS INTEGER)`,
    },
    { id: 'tableau-016', name: 'tyr', what: 'years, continuous', expression: TRUNC_YEAR },
    {
      id: 'tableau-017',
      name: 'tqr',
      what: 'quarters, continuous, by the JDBC escape',
      why: 'no function QUARTER',
      expression: TRUNC_QUARTER,
    },
    { id: 'tableau-018', name: 'tmn', what: 'months, continuous', expression: TRUNC_MONTH },
    {
      id: 'tableau-019',
      name: 'twk',
      what: 'weeks, continuous (meant from Sunday; DAYOFWEEK of Druid counts from Monday)',
      expression: TRUNC_WEEK,
    },
    { id: 'tableau-020', name: 'tdy', what: 'days, continuous', expression: TRUNC_DAY },
    {
      id: 'tableau-021',
      name: 'thr',
      what: 'hours, continuous',
      expression: `FLOOR(${TIME} TO HOUR)`,
    },
    {
      id: 'tableau-022',
      name: 'tmi',
      what: 'minutes by DATE_TRUNC, as a connector with a dialect writes them',
      expression: `DATE_TRUNC('MINUTE', ${TIME})`,
    },
    {
      id: 'tableau-023',
      name: 'twk',
      what: 'weeks by DATE_TRUNC and two shifts',
      expression: `TIMESTAMPADD(DAY, -1, DATE_TRUNC('WEEK', TIMESTAMPADD(DAY, 1, ${TIME})))`,
    },
    {
      id: 'tableau-059',
      name: 'qr',
      what: 'quarter of the year, by EXTRACT',
      expression: part('QUARTER'),
    },
    { id: 'tableau-060', name: 'wd', what: 'day of the week, by EXTRACT', expression: part('DOW') },
    {
      id: 'tableau-061',
      name: 'tqr',
      what: 'quarters, continuous, by DATE_TRUNC',
      expression: `DATE_TRUNC('QUARTER', ${TIME})`,
    },
  ].map(({ id, name, what, expression, why }) => ({
    id,
    what: `by ${what}`,
    sql: `SELECT SUM("events"."added") AS "sum:added:ok",
  ${expression} AS "${name}:__time:ok"
FROM "druid"."events" "events"
WHERE ${range(40, 0)}
GROUP BY ${expression}`,
    ...(why === undefined ? {} : { expect: 'error' as const, why }),
  }))

const bounds = (_: Range, days: Days): readonly Listed[] => [
  {
    id: 'tableau-024',
    what: 'range of days, both ends included',
    sql: `SELECT "events"."device" AS "device",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ((${TRUNC_DAY} >= {d '${days.date(7)}'}) AND (${TRUNC_DAY} <= {d '${days.date(3)}'}))
GROUP BY "events"."device"`,
  },
  {
    id: 'tableau-025',
    what: 'range of moments by JDBC escapes',
    sql: `SELECT "events"."device" AS "device",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ((${TIME} >= {ts '${days.blank(7)}'}) AND (${TIME} <= {ts '${days.blank(3, 23)}'}))
GROUP BY "events"."device"`,
  },
  {
    id: 'tableau-026',
    what: 'last nine days, relative to today',
    sql: `SELECT ${TRUNC_DAY} AS "tdy:__time:ok",
  COUNT(DISTINCT "events"."user") AS "usr:Calculation_683139814283419648:ok"
FROM "druid"."events" "events"
WHERE ((${TIME} >= {fn TIMESTAMPADD(SQL_TSI_DAY,-9,CAST({fn CURRENT_TIMESTAMP(0)} AS DATE))}) AND (${TIME} < {fn TIMESTAMPADD(SQL_TSI_DAY,1,CAST({fn CURRENT_TIMESTAMP(0)} AS DATE))}))
GROUP BY ${TRUNC_DAY}`,
    expect: 'error',
    why: 'no escape {fn CURRENT_TIMESTAMP(0)}',
  },
  {
    id: 'tableau-062',
    what: 'last nine days, relative to {fn CURDATE()}',
    sql: `SELECT ${TRUNC_DAY} AS "tdy:__time:ok",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ((${TIME} >= {fn TIMESTAMPADD(SQL_TSI_DAY,-9,{fn CURDATE()})}) AND (${TIME} < {fn TIMESTAMPADD(SQL_TSI_DAY,1,{fn CURDATE()})}))
GROUP BY ${TRUNC_DAY}`,
  },
  {
    id: 'tableau-027',
    what: 'last nine days, with functions that take no argument',
    sql: `SELECT SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ((${TIME} >= TIMESTAMPADD(DAY, -9, CURRENT_DATE)) AND (${TIME} < TIMESTAMPADD(DAY, 1, CURRENT_DATE)))
HAVING (COUNT(1) > 0)`,
  },
  {
    id: 'tableau-028',
    what: 'one year chosen',
    sql: `SELECT "events"."country" AS "country",
  SUM(1) AS "usr:Number of Records:ok"
FROM "druid"."events" "events"
WHERE (${part('YEAR')} = ${days.date(1).slice(0, 4)})
GROUP BY "events"."country"`,
  },
  {
    id: 'tableau-029',
    what: 'months chosen',
    sql: `SELECT "events"."country" AS "country",
  SUM(1) AS "sum:Number of Records:ok"
FROM "druid"."events" "events"
WHERE (${TRUNC_MONTH} IN ({d '${days.date(1).slice(0, 7)}-01'}, {d '${days.date(40).slice(0, 7)}-01'}))
GROUP BY "events"."country"`,
  },
  {
    id: 'tableau-030',
    what: 'days chosen one by one',
    sql: `SELECT SUM("events"."added") AS "sum:added:ok",
  ${TRUNC_DAY} AS "tdy:__time:ok"
FROM "druid"."events" "events"
WHERE (${TRUNC_DAY} IN ({d '${days.date(3)}'}, {d '${days.date(5)}'}, {d '${days.date(9)}'}))
GROUP BY ${TRUNC_DAY}`,
  },
  {
    id: 'tableau-031',
    what: 'the bounds of a date filter',
    sql: `SELECT MAX(${TIME}) AS "upper",
  MIN(${TIME}) AS "lower"
FROM "druid"."events" "events"
HAVING (COUNT(1) > 0)`,
  },
  {
    id: 'tableau-032',
    what: 'a time that is not null, as every continuous axis asks',
    sql: `SELECT "events"."device" AS "device",
  SUM("events"."price") AS "sum:price:ok"
FROM "druid"."events" "events"
WHERE ((NOT (${TIME} IS NULL)) AND (${TIME} >= TIMESTAMP '${days.blank(3)}'))
GROUP BY "events"."device"`,
  },
]

const calculations = (range: Range): readonly Listed[] => [
  {
    id: 'tableau-033',
    what: 'calculated dimension',
    sql: `SELECT (CASE WHEN ("events"."added" > 40) THEN 'big' WHEN NOT ("events"."added" > 40) THEN 'small' ELSE NULL END) AS "Calculation_162692564973015040",
  SUM(1) AS "sum:Number of Records:ok"
FROM "druid"."events" "events"
WHERE ${range(7, 0)}
GROUP BY (CASE WHEN ("events"."added" > 40) THEN 'big' WHEN NOT ("events"."added" > 40) THEN 'small' ELSE NULL END)`,
  },
  {
    id: 'tableau-034',
    what: 'calculated measure: a ratio per row',
    sql: `SELECT "events"."country" AS "country",
  SUM((CASE WHEN "events"."deleted" = 0 THEN NULL ELSE CAST("events"."added" AS DOUBLE) / "events"."deleted" END)) AS "sum:Calculation_582934706662502402:ok"
FROM "druid"."events" "events"
WHERE ${range(7, 0)}
GROUP BY "events"."country"`,
  },
  {
    id: 'tableau-035',
    what: 'calculated measure: a ratio of sums',
    sql: `SELECT "events"."country" AS "country",
  (CASE WHEN SUM("events"."added") = 0 THEN NULL ELSE SUM("events"."price") / SUM("events"."added") END) AS "usr:Calculation_920986154656493569:ok"
FROM "druid"."events" "events"
WHERE ${range(7, 0)}
GROUP BY "events"."country"`,
  },
  {
    id: 'tableau-036',
    what: 'bins',
    sql: `SELECT CAST({fn FLOOR(("events"."price" / 10.0))} AS INTEGER) AS "price (bin)",
  SUM(1) AS "cnt:price:ok"
FROM "druid"."events" "events"
GROUP BY CAST({fn FLOOR(("events"."price" / 10.0))} AS INTEGER)`,
  },
  {
    id: 'tableau-037',
    what: 'text functions by JDBC escapes',
    sql: `SELECT {fn LEFT("events"."page", 4)} AS "Calculation_1",
  SUM({fn CONVERT(1, SQL_BIGINT)}) AS "sum_Number_of_Records_ok"
FROM "druid"."events" "events"
WHERE ({fn LENGTH("events"."page")} > 4)
GROUP BY {fn LEFT("events"."page", 4)}`,
  },
  {
    id: 'tableau-038',
    what: 'grouped values of a dimension',
    sql: `SELECT (CASE WHEN ("events"."country" IN ('DE', 'FR', 'GB')) THEN 'Europe' ELSE "events"."country" END) AS "country (group)",
  SUM("events"."price") AS "sum:price:ok"
FROM "druid"."events" "events"
GROUP BY (CASE WHEN ("events"."country" IN ('DE', 'FR', 'GB')) THEN 'Europe' ELSE "events"."country" END)`,
  },
]

const levels = (range: Range): readonly Listed[] => [
  {
    id: 'tableau-039',
    what: 'top ten by a join',
    sql: `SELECT "events"."page" AS "page",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
  INNER JOIN (
  SELECT "events"."page" AS "page",
    SUM("events"."added") AS "$__alias__0"
  FROM "druid"."events" "events"
  WHERE ${range(7, 0)}
  GROUP BY "events"."page"
  ORDER BY "$__alias__0" DESC
  LIMIT 10
) "t0" ON ("events"."page" = "t0"."page")
WHERE ${range(7, 0)}
GROUP BY "events"."page"`,
  },
  {
    id: 'tableau-040',
    what: 'top series over time by a join',
    sql: `SELECT "events"."channel" AS "channel",
  SUM("events"."added") AS "sum:added:ok",
  ${TRUNC_DAY} AS "tdy:__time:ok"
FROM "druid"."events" "events"
  INNER JOIN (
  SELECT "events"."channel" AS "channel",
    COUNT(1) AS "$__alias__0"
  FROM "druid"."events" "events"
  GROUP BY "events"."channel"
  ORDER BY "$__alias__0" DESC
  LIMIT 5
) "t0" ON ("events"."channel" = "t0"."channel")
GROUP BY "events"."channel",
  ${TRUNC_DAY}`,
  },
  {
    id: 'tableau-041',
    what: 'FIXED: a total per country beside the rows of a device',
    sql: `SELECT "t0"."device" AS "device",
  SUM("t1"."__measure__1") AS "sum:Calculation_2:ok"
FROM (
  SELECT "events"."country" AS "country",
    "events"."device" AS "device"
  FROM "druid"."events" "events"
  GROUP BY "events"."country",
    "events"."device"
) "t0"
  INNER JOIN (
  SELECT "events"."country" AS "country",
    SUM("events"."added") AS "__measure__1"
  FROM "druid"."events" "events"
  GROUP BY "events"."country"
) "t1" ON ("t0"."country" = "t1"."country")
GROUP BY "t0"."device"`,
  },
  {
    id: 'tableau-042',
    what: 'INCLUDE: an average of sums, two levels',
    sql: `SELECT "t0"."country" AS "country",
  AVG("t0"."__measure__0") AS "avg:Calculation_3:ok"
FROM (
  SELECT "events"."country" AS "country",
    SUM("events"."added") AS "__measure__0"
  FROM "druid"."events" "events"
  GROUP BY "events"."country",
    "events"."channel"
) "t0"
GROUP BY "t0"."country"`,
  },
  {
    id: 'tableau-043',
    what: 'three levels of subqueries',
    sql: `SELECT "t2"."n" AS "n",
  COUNT(1) AS "cnt"
FROM (
  SELECT "t1"."country" AS "country",
    MAX("t1"."n") AS "n"
  FROM (
    SELECT "t0"."country" AS "country",
      "t0"."device" AS "device",
      COUNT(1) AS "n"
    FROM (
      SELECT "events"."country" AS "country",
        "events"."device" AS "device"
      FROM "druid"."events" "events"
      WHERE ${range(7, 0)}
    ) "t0"
    GROUP BY "t0"."country",
      "t0"."device"
  ) "t1"
  GROUP BY "t1"."country"
) "t2"
GROUP BY "t2"."n"`,
  },
  {
    id: 'tableau-044',
    what: 'custom SQL as a table',
    sql: `SELECT "Custom SQL Query"."c" AS "c",
  SUM("Custom SQL Query"."n") AS "sum:n:ok"
FROM (
  select country as c, device, count(*) as n from events where isRobot = 0 group by country, device
) "Custom SQL Query"
GROUP BY 1`,
  },
  {
    id: 'tableau-045',
    what: 'blend: the other source',
    sql: `SELECT "events_rollup"."country" AS "country",
  SUM("events_rollup"."cnt") AS "sum:cnt:ok"
FROM "druid"."events_rollup" "events_rollup"
GROUP BY "events_rollup"."country"`,
  },
]

const filters = (range: Range): readonly Listed[] => [
  {
    id: 'tableau-046',
    what: 'values of a quick filter',
    sql: `SELECT "events"."country" AS "country"
FROM "druid"."events" "events"
GROUP BY "events"."country"
ORDER BY "country" ASC NULLS FIRST`,
  },
  {
    id: 'tableau-047',
    what: 'only relevant values of a quick filter',
    sql: `SELECT "events"."city" AS "city"
FROM "druid"."events" "events"
WHERE (("events"."country" = 'US') AND ${range(30, 0)})
GROUP BY "events"."city"`,
  },
  {
    id: 'tableau-048',
    what: 'values excluded, nulls kept',
    sql: `SELECT "events"."referrer" AS "referrer",
  SUM(1) AS "sum:Number of Records:ok"
FROM "druid"."events" "events"
WHERE ((NOT ("events"."country" IN ('CN', 'KR'))) OR ("events"."country" IS NULL))
GROUP BY "events"."referrer"`,
  },
  {
    id: 'tableau-049',
    what: 'wildcard filter, range of a measure',
    sql: `SELECT "events"."page" AS "page",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE (({fn LOCATE('/p/1',{fn LCASE("events"."page")})} > 0) AND ("events"."price" BETWEEN 9.99 AND 50.01))
GROUP BY "events"."page"`,
  },
  {
    id: 'tableau-050',
    what: 'wildcard filter by LIKE',
    sql: `SELECT "events"."page" AS "page",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ("events"."page" LIKE '/p/1%')
GROUP BY "events"."page"`,
  },
  {
    id: 'tableau-051',
    what: 'filter on an aggregate',
    sql: `SELECT "events"."page" AS "page",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
GROUP BY "events"."page"
HAVING ((SUM("events"."added") >= 500) AND (SUM("events"."added") <= 100000))`,
  },
  {
    id: 'tableau-052',
    what: 'an action filter from another sheet',
    sql: `SELECT ${TRUNC_DAY} AS "tdy:__time:ok",
  SUM("events"."price") AS "sum:price:ok"
FROM "druid"."events" "events"
WHERE (("events"."country" = 'US') AND ("events"."device" = 'mobile') AND ${range(14, 0)})
GROUP BY ${TRUNC_DAY}`,
  },
]

const CONNECT: readonly Listed[] = [
  {
    id: 'tableau-053',
    what: 'columns of a table',
    sql: 'SELECT * FROM "druid"."events" "events" WHERE 1 = 0',
  },
  { id: 'tableau-054', what: 'probe: subquery', sql: 'SELECT 1 FROM (SELECT 1 AS "COL") AS "SUBQUERY"' },
  {
    id: 'tableau-055',
    what: 'probe: TOP',
    sql: 'SELECT TOP 1 1 AS "COL" FROM (SELECT 1 AS "COL") AS "CHECKTOP"',
    expect: 'error',
    why: 'no TOP',
  },
  {
    id: 'tableau-056',
    what: 'probe: temporary tables',
    sql: 'CREATE LOCAL TEMPORARY TABLE "#Tableau_1_1_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS',
    expect: 'error',
    why: 'no CREATE TABLE',
  },
  {
    id: 'tableau-057',
    what: 'probe: SELECT INTO',
    sql: 'SELECT * INTO "#Tableau_1_2_Connect" FROM (SELECT 1 AS "COL") AS "CHECKTEMP"',
    expect: 'error',
    why: 'no SELECT INTO',
  },
  {
    id: 'tableau-058',
    what: 'preview of a table',
    sql: `SELECT "dst"."__time" AS "__time",
  "dst"."added" AS "added",
  "dst"."country" AS "country",
  "dst"."device" AS "device",
  "dst"."price" AS "price"
FROM "druid"."dst" "dst"
LIMIT 100`,
  },
]
