// The charts over `events`: those of Superset, and Tableau, Looker, Metabase, Cube and Turnilo.
import { cube, DAY_MS, looker, metabase, plywood, tableau } from './ranges.ts'
import { type Chart, chartsOf, type Listed } from './statement.ts'
import { SUPERSET_EVENTS } from './superset-events-charts.ts'

const TIME = '"druid"."events"."__time"'

const TABLEAU = chartsOf('tableau', 'events', [
  {
    title: 'cross table',
    range: tableau.days(14),
    statements: [
      {
        sql: (where) => `SELECT "events"."channel" AS "channel",
  "events"."device" AS "device",
  AVG("events"."price") AS "avg:price:ok",
  COUNT("events"."city") AS "cnt:city:ok",
  SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ${where}
GROUP BY "events"."channel",
  "events"."device"`,
      },
      {
        sql: (where) => `SELECT SUM("events"."added") AS "sum:added:ok"
FROM "druid"."events" "events"
WHERE ${where}
HAVING (COUNT(1) > 0)`,
      },
    ],
  },
  {
    title: 'days and extremes',
    range: tableau.hours(48),
    statements: [
      {
        sql: (where) => `SELECT CAST("events"."__time" AS DATE) AS "tdy:__time:ok",
  "events"."country" AS "country",
  SUM(1) AS "sum:Number of Records:ok"
FROM "druid"."events" "events"
WHERE ${where}
GROUP BY CAST("events"."__time" AS DATE),
  "events"."country"`,
      },
      {
        sql: (where) => `SELECT MAX("events"."price") AS "max:price:ok",
  MIN("events"."price") AS "min:price:ok"
FROM "druid"."events" "events"
WHERE ${where}
HAVING (COUNT(1) > 0)`,
      },
    ],
  },
])

const look = (fields: string, rest: string): Listed => ({
  sql: (where) => `SELECT\n    ${fields}\nFROM druid.events  AS events\nWHERE ${where}\n${rest}`,
})

const LOOKER = chartsOf('looker', 'events', [
  {
    title: 'last 24 hours',
    range: looker.last(24, 'HOUR'),
    statements: [
      look(
        'events.device  AS "events.device",\n    COUNT(*) AS "events.count"',
        'GROUP BY\n    1\nORDER BY\n    2 DESC\nLIMIT 500',
      ),
      look(
        'events.channel  AS "events.channel",\n    COUNT(*) AS "events.count",\n    COALESCE(SUM(events.added ), 0) AS "events.total_added"',
        'GROUP BY\n    1\nORDER BY\n    2 DESC\nLIMIT 500',
      ),
      look(
        'COUNT(*) AS "events.count",\n    COALESCE(SUM(events.added ), 0) AS "events.total_added",\n    COUNT(DISTINCT events."user" ) AS "events.users"',
        'FETCH NEXT 1 ROWS ONLY',
      ),
    ],
  },
  {
    title: 'last 7 days',
    range: looker.last(7, 'DAY'),
    statements: [
      look(
        'FLOOR(events.__time TO DAY) AS "events.created_date",\n    COUNT(*) AS "events.count"',
        'GROUP BY\n    1\nORDER BY\n    1 DESC\nLIMIT 500',
      ),
      look(
        'events.city  AS "events.city",\n    AVG(events.price ) AS "events.average_price"',
        'GROUP BY\n    1\nORDER BY\n    2\nLIMIT 10',
      ),
    ],
  },
])

const METABASE = chartsOf('metabase', 'events', [
  {
    title: 'hours and days',
    range: metabase.last('events', 2, 'DAY'),
    statements: [
      {
        sql: (where) =>
          `SELECT DATE_TRUNC('hour', ${TIME}) AS "__time", COUNT(*) AS "count" FROM "druid"."events" WHERE ${where} GROUP BY DATE_TRUNC('hour', ${TIME}) ORDER BY DATE_TRUNC('hour', ${TIME}) ASC`,
      },
      {
        range: metabase.last('events', 30, 'DAY'),
        context: { sqlTimeZone: 'America/Los_Angeles' },
        sql: (where) =>
          `SELECT DATE_TRUNC('day', ${TIME}) AS "__time", "druid"."events"."country" AS "country", AVG("druid"."events"."price") AS "avg" FROM "druid"."events" WHERE ${where} GROUP BY DATE_TRUNC('day', ${TIME}), "druid"."events"."country" ORDER BY DATE_TRUNC('day', ${TIME}) ASC, "druid"."events"."country" ASC`,
      },
      {
        range: metabase.last('events', 24, 'HOUR'),
        sql: (where) =>
          `SELECT "druid"."events"."device" AS "device", COUNT(*) AS "count" FROM "druid"."events" WHERE ${where} GROUP BY "druid"."events"."device" ORDER BY "druid"."events"."device" ASC`,
      },
    ],
  },
  {
    title: 'rows of a country',
    range: metabase.last('events', 3, 'DAY', true),
    statements: [
      {
        parameters: [{ type: 'VARCHAR', value: 'DE' }],
        ordered: [],
        sql: (where) =>
          `SELECT "druid"."events"."__time" AS "__time", "druid"."events"."page" AS "page" FROM "druid"."events" WHERE ${where} AND "druid"."events"."country" = ? LIMIT 2000`,
      },
    ],
  },
])

const cubed = (fields: string, rest: string): Listed => ({
  sql: (where) => `SELECT\n      ${fields}\n    FROM\n      druid.events AS "events"  WHERE ${where} ${rest}`,
})

const CUBE = chartsOf('cube', 'events', [
  {
    title: 'revenue',
    range: cube.last(24, 'HOUR'),
    statements: [
      cubed(
        'count(*) "events__count", sum("events".price) "events__revenue", 1.0 * (sum("events".price)) / NULLIF((count(*)), 0) "events__per_row"',
        'LIMIT 10000',
      ),
      cubed(
        '"events".country "events__country", count(*) "events__count"',
        'GROUP BY 1 ORDER BY 2 DESC LIMIT 10000',
      ),
      {
        ...cubed(
          `DATE_TRUNC('day', CAST(TIME_FORMAT("events".__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP)) "events__day", count(*) "events__count"`,
          'GROUP BY 1 ORDER BY 1 ASC LIMIT 10000',
        ),
        range: cube.last(7, 'DAY'),
      },
    ],
  },
])

const split = (fields: string, rest: string): Listed => ({
  sql: (where) => `SELECT\n${fields}\nFROM "events" AS t\nWHERE ${where}\n${rest}`,
})

const TURNILO = chartsOf('plywood', 'events', [
  {
    title: 'latest day',
    range: plywood.last(DAY_MS),
    statements: [
      split('COUNT(*) AS "count",\nSUM("added") AS "added"', 'GROUP BY ()'),
      split(
        '"country" AS "country",\nSUM("added") AS "added"',
        'GROUP BY 1\nORDER BY "added" DESC\nLIMIT 10',
      ),
      split(
        `TIME_FLOOR("__time",'PT1H',NULL,'America/Los_Angeles') AS "hour",\nSUM("added") AS "added"`,
        'GROUP BY 1\nORDER BY "hour" ASC\nLIMIT 100',
      ),
      split(
        '"channel" AS "channel",\nCOUNT(*) AS "n"',
        'GROUP BY 1\nHAVING 20<COUNT(*)\nORDER BY "n" DESC\nLIMIT 50',
      ),
    ],
  },
])

export const EVENTS_CHARTS: readonly Chart[] = [
  ...SUPERSET_EVENTS,
  ...TABLEAU,
  ...LOOKER,
  ...METABASE,
  ...CUBE,
  ...TURNILO,
]
