// Superset's charts over `events`.
import { DAY_MS, HOUR_MS, superset } from './ranges.ts'
import { chartsOf, type Listed } from './statement.ts'

const bucket = (period: string): string => `TIME_FLOOR(CAST("__time" AS TIMESTAMP), '${period}')`
const SUNDAY = `TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1)`

const select = (list: string, rest = ''): Listed => ({
  sql: (where) => `SELECT ${list}\nFROM "druid"."events"\nWHERE ${where}\n${rest}`,
})

const values = (column: string): Listed =>
  select(`"${column}" AS "${column}"`, `GROUP BY "${column}"\nORDER BY "${column}" ASC\nLIMIT 1000`)

export const SUPERSET_EVENTS = chartsOf('superset', 'events', [
  {
    title: 'big number with a trend',
    range: superset.days(30),
    statements: [
      {
        ...select(`COUNT(*) AS "count"`, `ORDER BY "count" DESC\nLIMIT 1000`),
        range: superset.untilNow(7 * DAY_MS),
      },
      select(
        `${bucket('P1D')} AS "__timestamp", COUNT(*) AS "count"`,
        `GROUP BY ${bucket('P1D')}\nLIMIT 50000`,
      ),
    ],
  },
  {
    title: 'users today',
    range: superset.today,
    statements: [select(`COUNT(DISTINCT "user") AS "COUNT_DISTINCT(user)"`, 'LIMIT 50000')],
  },
  {
    title: 'minutes and those of yesterday',
    range: superset.untilNow(6 * HOUR_MS),
    statements: [
      select(
        `${bucket('PT1M')} AS "__time", COUNT(*) AS "count"`,
        `GROUP BY ${bucket('PT1M')}\nORDER BY "count" DESC\nLIMIT 10000`,
      ),
      {
        ...select(
          `${bucket('PT1M')} AS "__time", COUNT(*) AS "count"`,
          `GROUP BY ${bucket('PT1M')}\nORDER BY "count" DESC\nLIMIT 50000`,
        ),
        range: superset.before(6 * HOUR_MS, DAY_MS),
      },
    ],
  },
  {
    title: 'top countries over time',
    range: superset.untilNow(DAY_MS),
    statements: [
      select(
        `"country" AS "country", SUM("added") AS "SUM(added)"`,
        `GROUP BY "country"\nORDER BY SUM("added") DESC\nLIMIT 5`,
      ),
      {
        sql: (
          where,
        ) => `SELECT ${bucket('PT1H')} AS "__time", "country" AS "country", SUM("added") AS "SUM(added)"
FROM "druid"."events"
WHERE ${where} AND ("country" = 'US' OR "country" = 'DE' OR "country" = 'FR' OR "country" = 'GB' OR "country" = 'BR')
GROUP BY ${bucket('PT1H')}, "country"
ORDER BY "SUM(added)" DESC
LIMIT 10000`,
      },
    ],
  },
  {
    title: 'table of pages',
    range: superset.days(7),
    statements: [
      select(`"page" AS "page", COUNT(*) AS "count"`, `GROUP BY "page"\nORDER BY "count" DESC\nLIMIT 10`),
      select(
        `COUNT(*) AS "count", SUM("added") AS "SUM(added)", SUM("price") AS "SUM(price)"`,
        `HAVING ((SUM(added) > 10000))\nLIMIT 50000`,
      ),
      {
        sql: (where) => `SELECT COUNT(*) AS "rowcount"
FROM (SELECT "page" AS "page", COUNT(*) AS "count"
FROM "druid"."events"
WHERE ${where} GROUP BY "page" ORDER BY "count" DESC
 LIMIT 1000) AS "rowcount_qry"`,
      },
    ],
  },
  {
    title: 'weeks from Sunday',
    range: superset.untilNow(56 * DAY_MS),
    statements: [
      select(
        `${SUNDAY} AS "__time", COUNT(*) AS "count"`,
        `GROUP BY ${SUNDAY}\nORDER BY "count" DESC\nLIMIT 10000`,
      ),
      select(
        `${SUNDAY} AS "__time", "device" AS "device", COUNT(*) AS "count"`,
        `GROUP BY ${SUNDAY}, "device"\nORDER BY SUM("added") DESC\nLIMIT 50000`,
      ),
    ],
  },
  {
    title: 'latest records',
    range: superset.untilNow(2 * HOUR_MS),
    statements: [
      select(
        `"__time" AS "__time", "country" AS "country", "page" AS "page", "reqId" AS "reqId", "price" AS "price"`,
        `ORDER BY "__time" DESC\nLIMIT 100`,
      ),
      select(`COUNT(*) AS "count"`, 'LIMIT 50000'),
    ],
  },
  { title: 'filters', range: superset.days(30), statements: ['country', 'device', 'channel'].map(values) },
  {
    title: 'pivot by day',
    range: superset.untilNow(14 * DAY_MS),
    statements: [
      select(
        `${bucket('P1D')} AS "__time", "country" AS "country", "device" AS "device", SUM("added") AS "SUM(added)", SUM("deleted") AS "SUM(deleted)"`,
        `GROUP BY ${bucket('P1D')}, "country", "device"\nORDER BY "SUM(added)" DESC\nLIMIT 10000`,
      ),
      select(
        `"device" AS "device", SUM("price") AS "SUM(price)", COUNT(*) AS "%count"`,
        `GROUP BY "device"\nORDER BY "SUM(price)" DESC\nLIMIT 1000`,
      ),
    ],
  },
])
