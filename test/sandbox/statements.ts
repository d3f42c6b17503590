// What the sandbox must answer as Druid does: statements in the manner of the tools that talk to Druid, over `events`.
import { type ColumnKind, DAY_MS } from '../../src/sandbox/store.ts'

export interface Statement {
  readonly name: string
  readonly sql: string
  readonly context?: Readonly<Record<string, unknown>>
  readonly parameters?: readonly { readonly type: string; readonly value: unknown }[]
}

/** Columns of `events` that the statements read: a part of what the real cluster's seed has, in its order. */
export const STATEMENT_COLUMNS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ['__time', 'TIMESTAMP'],
  ['country', 'VARCHAR'],
  ['city', 'VARCHAR'],
  ['channel', 'VARCHAR'],
  ['page', 'VARCHAR'],
  ['user', 'VARCHAR'],
  ['device', 'VARCHAR'],
  ['isRobot', 'BIGINT'],
  ['referrer', 'VARCHAR'],
  ['reqId', 'BIGINT'],
  ['added', 'BIGINT'],
  ['deleted', 'BIGINT'],
  ['delta', 'BIGINT'],
  ['latency', 'FLOAT'],
  ['price', 'DOUBLE'],
])

const NEW_YORK = { sqlTimeZone: 'America/New_York' }
const KOLKATA = { sqlTimeZone: 'Asia/Kolkata' }
const EXACT = { useApproximateCountDistinct: false }

/** All of them; `endMs` is the midnight (UTC) at which `events` ends. Each gives the same rows in the same order again. */
export function statements(endMs: number): readonly Statement[] {
  const at = (days: number, hours = 0): string =>
    new Date(endMs - days * DAY_MS + hours * 3_600_000).toISOString().slice(0, 19)
  const blank = (days: number, hours = 0): string => at(days, hours).replace('T', ' ')
  const range = (from: number, to: number): string =>
    `"__time" >= '${blank(from)}.000000' AND "__time" < '${blank(to)}.000000'`
  const now = { sqlCurrentTimestamp: `${at(2, 5)}.678Z` }
  return [
    ...PLAIN,
    ...TIME_BUCKETS,
    ...superset({ at, blank, range }),
    ...ranges({ at, blank, range }),
    ...others({ at, blank, range }),
    ...RELATIVE.map((one) => ({ ...one, context: { ...now, ...one.context } })),
  ]
}

interface Days {
  readonly at: (days: number, hours?: number) => string
  readonly blank: (days: number, hours?: number) => string
  readonly range: (from: number, to: number) => string
}

const PLAIN: readonly Statement[] = [
  { name: 'a connection test', sql: 'SELECT 1' },
  { name: 'a count', sql: 'SELECT COUNT(*) FROM events' },
  { name: 'a comparison in the list', sql: 'SELECT COUNT(*) > 0 AS exists_ FROM events' },
  { name: 'arithmetic', sql: 'SELECT 7/2, 7/2.0, -7/2, 2 + 3 * 4, (2 + 3) * 4, 10 - 4 - 3' },
  {
    name: 'all aggregates',
    sql: 'SELECT COUNT(*) AS c, SUM(added) AS s, MIN(added) AS mn, MAX(added) AS mx, AVG(added) AS a FROM events',
  },
  {
    name: 'aggregates of doubles',
    sql: 'SELECT SUM(price) AS s, MIN(price) AS mn, MAX(price) AS mx, AVG(price) AS a FROM events',
  },
  {
    name: 'aggregates of floats',
    sql: 'SELECT SUM(latency) AS s, MIN(latency) AS mn, MAX(latency) AS mx, AVG(latency) AS a FROM events',
  },
  { name: 'a sum beyond 64 bits', sql: 'SELECT SUM(reqId) AS s, MAX(reqId) AS m FROM events' },
  {
    name: 'aggregates of nothing',
    sql: "SELECT COUNT(*), SUM(added), MIN(price), MAX(latency), AVG(added), MAX(__time), COUNT(country) FROM events WHERE country = 'nowhere'",
  },
  {
    name: 'groups of nothing',
    sql: "SELECT country, SUM(added) FROM events WHERE country = 'nowhere' GROUP BY 1",
  },
  { name: 'the ends of time', sql: 'SELECT MIN(__time) AS a, MAX(__time) AS b FROM events' },
  {
    name: 'distinct, counted exactly',
    sql: 'SELECT COUNT(DISTINCT country) AS a, COUNT(DISTINCT "user") AS b FROM events',
    context: EXACT,
  },
  {
    name: 'filtered aggregates',
    sql: "SELECT COUNT(*) FILTER (WHERE country = 'US') AS us, SUM(added) FILTER (WHERE device = 'nothing') AS n, COUNT(*) FILTER (WHERE device = 'nothing') AS z FROM events",
  },
  { name: 'groups without order', sql: 'SELECT country, device, COUNT(*) FROM events GROUP BY 1, 2' },
  {
    name: 'groups with nulls, up',
    sql: 'SELECT referrer, country, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2',
  },
  {
    name: 'groups with nulls, down',
    sql: 'SELECT referrer, country, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC',
  },
  { name: 'a top list', sql: 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 5' },
  {
    name: 'a top list by a dimension, down: null first',
    sql: 'SELECT referrer, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1 DESC LIMIT 3',
  },
  { name: 'the first groups', sql: 'SELECT referrer, COUNT(*) AS n FROM events GROUP BY 1 LIMIT 3' },
  {
    name: 'having',
    sql: 'SELECT city, SUM(added) AS s FROM events GROUP BY 1 HAVING SUM(added) > 1000 ORDER BY 2 DESC, 1',
  },
  {
    name: 'having by an alias',
    sql: 'SELECT city, COUNT(*) AS "n" FROM events GROUP BY city HAVING 100 < COUNT(*) ORDER BY "n" DESC, city LIMIT 7',
  },
  {
    name: 'limit and offset',
    sql: 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 3 OFFSET 2',
  },
  { name: 'distinct', sql: 'SELECT DISTINCT channel, device FROM events' },
  { name: 'distinct in order', sql: 'SELECT DISTINCT city FROM events ORDER BY city DESC' },
  {
    name: 'a scan in the order of time',
    sql: 'SELECT __time, country, reqId, price, latency, delta FROM events ORDER BY __time LIMIT 20',
  },
  {
    name: 'a scan back in time',
    sql: 'SELECT __time, page, referrer FROM events ORDER BY __time DESC LIMIT 20 OFFSET 10',
  },
  {
    name: 'case',
    sql: "SELECT CASE WHEN country = 'US' THEN 'home' WHEN country IS NULL THEN 'none' ELSE 'abroad' END AS k, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1",
  },
  {
    name: 'a sum of cases',
    sql: "SELECT device, SUM(CASE WHEN country = 'US' THEN 1 ELSE 0 END) AS us, SUM(CASE WHEN country = 'US' THEN added ELSE 0 END) AS s FROM events GROUP BY 1 ORDER BY 1",
  },
  {
    name: 'a sum of cases that never hold is null, and a count of them 0',
    sql: "SELECT SUM(CASE WHEN country = 'xx' THEN added ELSE 0 END) AS s, SUM(CASE WHEN country = 'xx' THEN 1 ELSE 0 END) AS c FROM events",
  },
  {
    name: 'texts of one length are CHAR',
    sql: "SELECT 'x' AS a, CASE WHEN added > 50 THEN 'a' ELSE 'b' END AS b, CASE WHEN added > 50 THEN 'a' END AS c, COUNT(*) AS n FROM events GROUP BY 1, 2, 3 ORDER BY 2, 3",
  },
  {
    name: 'ordered by a sum that wraps',
    sql: 'SELECT country, SUM(reqId) AS s FROM events GROUP BY 1 ORDER BY 2',
  },
  {
    name: 'a ratio of nothing',
    sql: "SELECT SUM(added) / COUNT(*) AS r FROM events WHERE country = 'xx'",
  },
  {
    name: 'a ratio as a double',
    sql: 'SELECT country, SUM(added) * 1.0 / COUNT(*) AS r FROM events GROUP BY 1 ORDER BY 1',
  },
  {
    name: 'a ratio of integers',
    sql: 'SELECT country, SUM(added) / COUNT(*) AS r FROM events GROUP BY 1 ORDER BY 1',
  },
  {
    name: 'lists and patterns',
    sql: "SELECT country, COUNT(*) AS n FROM events WHERE country IN ('US', 'DE', 'FR') AND city LIKE 'B%' AND page NOT LIKE '%9' AND added BETWEEN 5 AND 50 GROUP BY 1 ORDER BY 1",
  },
  {
    name: 'nulls and not',
    sql: "SELECT COUNT(*) FROM events WHERE NOT (referrer IS NULL) AND NOT country = 'US' AND referrer <> ''",
  },
  {
    name: 'or binds less than and',
    sql: "SELECT COUNT(*) FROM events WHERE country = 'US' OR country = 'DE' AND device = 'mobile'",
  },
  {
    name: 'functions of texts',
    sql: "SELECT UPPER(country), LOWER(device), CONCAT(country, '-', device), SUBSTRING(channel, 2, 3), CHAR_LENGTH(channel), COALESCE(referrer, 'none'), COUNT(*) FROM events GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 LIMIT 20",
  },
  {
    name: 'functions of numbers',
    sql: 'SELECT ABS(delta), FLOOR(price), CEIL(price), MOD(added, 7), -added, added * 2 + 1 FROM events ORDER BY __time LIMIT 10',
  },
  {
    name: 'texts beyond ASCII in order',
    sql: 'SELECT city, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1',
  },
  {
    name: 'columns of one name',
    sql: 'SELECT country AS c, device AS c FROM events GROUP BY 1, 2 ORDER BY 1, 2',
  },
  { name: 'booleans', sql: 'SELECT added > 10 AS big, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1' },
  {
    name: 'division by zero of doubles',
    sql: 'SELECT MAX(price) / 0 AS a, -MAX(price) / 0 AS b FROM events',
  },
  {
    name: 'casts',
    sql: "SELECT CAST(added AS VARCHAR), CAST(price AS BIGINT), CAST(latency AS DOUBLE), CAST('12' AS BIGINT), CAST(added AS DOUBLE) FROM events ORDER BY __time LIMIT 5",
  },
  { name: 'a group of everything', sql: 'SELECT SUM(added) AS s FROM events GROUP BY ()' },
  {
    name: 'ties in a top list',
    sql: 'SELECT country, MIN(isRobot) AS m FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 6',
  },
  {
    name: 'a metric that is null, up',
    sql: "SELECT country, SUM(added) FILTER (WHERE city = 'Berlin' AND isRobot = 1 AND added > 400) AS s FROM events GROUP BY country ORDER BY s, country",
  },
  {
    name: 'an expression in GROUP BY',
    sql: 'SELECT MOD(added, 3) AS k, COUNT(*) FROM events GROUP BY MOD(added, 3) ORDER BY k',
  },
]

const TIME_BUCKETS: readonly Statement[] = [
  ...['PT1H', 'PT6H', 'P1D', 'P1W', 'P7D', 'P1M', 'P3M', 'P1Y'].map((period) => ({
    name: `TIME_FLOOR by ${period}`,
    sql: `SELECT TIME_FLOOR(__time, '${period}') AS t, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1`,
  })),
  ...['PT1H', 'PT6H', 'P1D', 'P1W', 'P1M'].map((period) => ({
    name: `TIME_FLOOR by ${period} in a zone`,
    sql: `SELECT TIME_FLOOR(__time, '${period}', NULL, 'America/New_York') AS t, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1`,
  })),
  ...['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'].map((unit) => ({
    name: `FLOOR TO ${unit}`,
    sql: `SELECT FLOOR(__time TO ${unit}) AS t, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 500`,
  })),
  ...['hour', 'DAY', 'week', 'month'].map((unit) => ({
    name: `DATE_TRUNC ${unit}`,
    sql: `SELECT DATE_TRUNC('${unit}', __time) AS t, SUM(deleted) AS n FROM events GROUP BY 1 ORDER BY 1`,
  })),
  ...[NEW_YORK, KOLKATA, { sqlTimeZone: 'Nowhere/Land' }].flatMap((context) =>
    [
      "TIME_FLOOR(__time, 'PT1H')",
      "TIME_FLOOR(__time, 'P1D')",
      'FLOOR(__time TO MONTH)',
      "DATE_TRUNC('week', __time)",
    ].map((bucket) => ({
      name: `${bucket} with the session in ${context.sqlTimeZone}`,
      sql: `SELECT ${bucket} AS t, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1`,
      context,
    })),
  ),
  {
    name: 'a bucket of 2 weeks from an origin',
    sql: "SELECT TIME_FLOOR(__time, 'P2W', TIMESTAMP '2026-09-27 00:00:00') AS t, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1",
  },
  {
    name: 'weeks from Sunday, as Superset writes them',
    sql: `SELECT TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) AS "__time", COUNT(*) AS "count" FROM "druid"."events" GROUP BY TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) ORDER BY 1`,
  },
  {
    name: 'parts of time',
    sql: 'SELECT EXTRACT(HOUR FROM __time) AS h, EXTRACT(DOW FROM __time) AS d, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2',
  },
  {
    name: 'TIME_EXTRACT',
    sql: "SELECT TIME_EXTRACT(__time, 'HOUR') AS h, TIME_EXTRACT(__time, 'MONTH', 'Asia/Tokyo') AS m, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2",
  },
  {
    name: 'parts of time with a session zone',
    sql: 'SELECT EXTRACT(HOUR FROM __time) AS h, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1',
    context: KOLKATA,
  },
  {
    name: 'days by CAST',
    sql: 'SELECT CAST(__time AS DATE) AS d, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1',
  },
  {
    name: 'days by CAST with a session zone',
    sql: 'SELECT CAST(__time AS DATE) AS d, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1',
    context: NEW_YORK,
  },
  {
    name: 'a bucket as a text',
    sql: "SELECT CAST(TIME_FLOOR(__time, 'P1D') AS VARCHAR) AS d, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1 LIMIT 5",
  },
  {
    name: 'TIME_FORMAT',
    sql: "SELECT TIME_FORMAT(__time, 'EEE yyyy-MM-dd HH') AS d, TIME_FORMAT(FLOOR(__time TO HOUR)) AS e, COUNT(*) AS n FROM events GROUP BY 1, 2 ORDER BY 2, 1 LIMIT 30",
  },
  {
    name: 'days in a zone, as Cube writes them',
    sql: `SELECT DATE_TRUNC('day', CAST(TIME_FORMAT("events".__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP)) "t", count(*) "n" FROM events AS "events" GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
  },
  {
    name: 'a scan with a session zone',
    sql: 'SELECT __time, country FROM events ORDER BY __time LIMIT 5',
    context: NEW_YORK,
  },
]

function superset({ range, at }: Days): readonly Statement[] {
  const bucket = `TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'P1D')`
  return [
    {
      name: 'Superset: a time series by its metric',
      sql: `SELECT ${bucket} AS "__time", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(10, 3)} GROUP BY ${bucket} ORDER BY "count" DESC LIMIT 10000`,
    },
    {
      name: 'Superset: ordered by what is not shown',
      sql: `SELECT "country" AS "country", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(7, 0)} GROUP BY "country" ORDER BY SUM("added") DESC LIMIT 10`,
    },
    {
      name: 'Superset: a trend line',
      sql: `SELECT ${bucket} AS "__time", SUM("added") AS "SUM(added)" FROM "druid"."events" WHERE ${range(14, 0)} GROUP BY ${bucket} LIMIT 50000`,
    },
    {
      name: 'Superset: a big number',
      sql: `SELECT COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(7, 0)} ORDER BY "count" DESC LIMIT 1000`,
    },
    {
      name: 'Superset: totals of a table',
      sql: `SELECT SUM("added") AS "s" FROM "druid"."events" WHERE ${range(7, 0)} HAVING ((SUM("added") > 10000)) LIMIT 50000`,
    },
    {
      name: 'Superset: limited series',
      sql: `SELECT ${bucket} AS "__time", "country" AS "country", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(7, 0)} AND ("country" = 'US' OR "country" = 'DE') GROUP BY ${bucket}, "country" ORDER BY "count" DESC, 1, 2 LIMIT 10000`,
    },
    {
      name: 'Superset: a comparison writes its range twice',
      sql: `SELECT "device" AS "device", COUNT(*) AS "count" FROM "druid"."events" WHERE ${range(7, 3)} AND ${range(7, 3)} GROUP BY "device" LIMIT 50000`,
    },
    {
      name: 'Superset: rows counted for pages',
      sql: `SELECT COUNT(*) AS "rowcount" FROM (SELECT "__time", "country" FROM "druid"."events" WHERE ${range(2, 1)} ORDER BY "__time" DESC LIMIT 50) AS "rowcount_qry"`,
    },
    {
      name: 'Superset: a page',
      sql: `SELECT "__time", "country", "page" FROM "druid"."events" WHERE ${range(2, 1)} ORDER BY "__time" DESC LIMIT 50 OFFSET 50`,
    },
    {
      name: 'Superset: a virtual dataset',
      sql: `SELECT "country" AS "country", COUNT(*) AS "count" FROM (SELECT "__time", "country" FROM "druid"."events" WHERE NOT "country" IS NULL) AS "virtual_table" WHERE ${range(7, 0)} GROUP BY "country" ORDER BY "count" DESC LIMIT 10`,
    },
    {
      name: 'Superset: the probe of the time format',
      sql: 'SELECT COUNT("__time") FROM (SELECT "__time" FROM "druid"."events" WHERE NOT "__time" IS NULL LIMIT 1000)',
    },
    {
      name: 'ibis: three levels',
      sql: `SELECT * FROM (SELECT "t1"."country", COUNT(*) AS "n" FROM (SELECT * FROM "events" AS "t0" WHERE "t0"."__time" >= CAST('${at(5)}' AS TIMESTAMP)) AS "t1" GROUP BY 1) AS "t2" ORDER BY "t2"."n" DESC NULLS LAST LIMIT 10`,
    },
    {
      name: 'ibis: a truncated date',
      sql: `SELECT DATE_TRUNC('DAY', "t1"."__time") AS "d", SUM("t1"."added") AS "s" FROM "events" AS "t1" GROUP BY 1 ORDER BY 1`,
    },
  ]
}

function ranges({ at, blank }: Days): readonly Statement[] {
  const [from, to] = [at(6), at(4, 6)]
  const [fromMs, toMs] = [Date.parse(`${from}Z`), Date.parse(`${to}Z`)]
  const count = (where: string): string => `SELECT COUNT(*) AS n, SUM(added) AS s FROM events WHERE ${where}`
  return [
    {
      name: 'a range on the left, as plywood writes it',
      sql: count(`(TIMESTAMP '${blank(6)}'<="__time" AND "__time"<TIMESTAMP '${blank(4, 6)}')`),
    },
    {
      name: 'a range without WHERE',
      sql: `SELECT SUM(CASE WHEN (TIMESTAMP '${blank(6)}'<="__time" AND "__time"<TIMESTAMP '${blank(4, 6)}') THEN added ELSE 0 END) AS s FROM events`,
    },
    {
      name: 'milliseconds, as Grafana writes them',
      sql: count(`__time >= MILLIS_TO_TIMESTAMP(${fromMs}) AND __time <= MILLIS_TO_TIMESTAMP(${toMs})`),
    },
    { name: 'between', sql: count(`__time BETWEEN '${from}Z' AND '${to}Z'`) },
    { name: 'TIME_IN_INTERVAL', sql: count(`TIME_IN_INTERVAL(__time, '${from}/${to}')`) },
    { name: 'TIME_IN_INTERVAL with a period', sql: count(`TIME_IN_INTERVAL(__time, '${from}/P1D')`) },
    { name: 'TIME_PARSE', sql: count(`__time >= TIME_PARSE('${from}Z') AND __time < TIME_PARSE('${to}Z')`) },
    { name: 'a date alone', sql: count(`__time >= '${from.slice(0, 10)}'`) },
    {
      name: 'two ranges',
      sql: count(
        `__time >= '${at(6)}' AND __time < '${at(5)}' OR __time >= '${at(3)}' AND __time < '${at(2)}'`,
      ),
    },
    { name: 'a day by CAST', sql: count(`CAST(__time AS DATE) = DATE '${from.slice(0, 10)}'`) },
    {
      name: 'a range in a session zone',
      sql: count(`__time >= '${blank(6)}' AND __time < TIMESTAMP '${blank(4, 6)}'`),
      context: NEW_YORK,
    },
    { name: 'TIMESTAMP_TO_MILLIS', sql: count(`TIMESTAMP_TO_MILLIS(__time) < ${toMs}`) },
    {
      name: 'parameters',
      sql: 'SELECT country, COUNT(*) AS n FROM events WHERE device = ? AND __time >= ? AND added > ? AND price < ? GROUP BY 1 ORDER BY 1 LIMIT ?',
      parameters: [
        { type: 'VARCHAR', value: 'mobile' },
        { type: 'TIMESTAMP', value: blank(6) },
        { type: 'BIGINT', value: 5 },
        { type: 'DOUBLE', value: 50.5 },
        { type: 'BIGINT', value: 4 },
      ],
    },
    {
      name: 'parameters that are parsed, as Cube sends them',
      sql: `SELECT "events".country "c", count(*) "n" FROM events AS "events" WHERE ("events".__time >= TIME_PARSE(?) AND "events".__time <= TIME_PARSE(?)) GROUP BY 1 ORDER BY 2 DESC LIMIT 10000`,
      parameters: [
        { type: 'VARCHAR', value: `${at(6)}.000Z` },
        { type: 'VARCHAR', value: `${at(4).slice(0, 10)}T23:59:59.999Z` },
      ],
    },
  ]
}

function others({ at }: Days): readonly Statement[] {
  return [
    {
      name: 'plywood: a split',
      sql: `SELECT "country" AS "c", COUNT(*) AS "n" FROM "events" AS t WHERE (TIMESTAMP '${at(3).replace('T', ' ')}'<="__time") GROUP BY 1 HAVING 100<COUNT(*) ORDER BY "n" DESC LIMIT 5`,
    },
    {
      name: 'plywood: everything',
      sql: 'SELECT COUNT(*) AS "n", SUM("added") AS "a" FROM "events" AS t GROUP BY ()',
    },
    {
      name: 'a subquery that groups',
      sql: 'SELECT AVG(n) AS a, MAX(n) AS m FROM (SELECT country, device, COUNT(*) AS n FROM events GROUP BY 1, 2)',
    },
    {
      name: 'the tool kit: an outer limit',
      sql: 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 1',
      context: { sqlOuterLimit: 3 },
    },
    { name: 'the schemas', sql: 'SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA' },
    {
      name: 'columns of a table',
      sql: `SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'druid' AND TABLE_NAME = 'events' AND COLUMN_NAME IN ('__time', 'added', 'price', 'latency')`,
    },
    {
      name: 'whether a table is there',
      sql: `SELECT COUNT(*) > 0 AS exists_ FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'events'`,
    },
  ]
}

const RELATIVE: readonly Statement[] = [
  { name: 'this moment', sql: 'SELECT CURRENT_TIMESTAMP, CURRENT_DATE' },
  { name: 'this moment in a zone', sql: 'SELECT CURRENT_TIMESTAMP, CURRENT_DATE', context: NEW_YORK },
  {
    name: 'the last two days',
    sql: "SELECT COUNT(*) AS n FROM events WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '2' DAY",
  },
  {
    name: 'the last day by TIMESTAMPADD',
    sql: 'SELECT COUNT(*) AS n FROM events WHERE __time >= TIMESTAMPADD(DAY, -1, CURRENT_TIMESTAMP) AND __time < CURRENT_TIMESTAMP',
  },
  {
    name: 'a shift back',
    sql: "SELECT COUNT(*) AS n FROM events WHERE __time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1W', -1) AND __time < CURRENT_TIMESTAMP",
  },
  { name: 'since midnight', sql: 'SELECT COUNT(*) AS n FROM events WHERE __time >= CURRENT_DATE' },
  {
    name: 'since the month began',
    sql: 'SELECT COUNT(*) AS n FROM events WHERE __time >= FLOOR(CURRENT_TIMESTAMP TO MONTH)',
  },
  {
    name: 'since local midnight',
    sql: 'SELECT COUNT(*) AS n FROM events WHERE __time >= CURRENT_DATE',
    context: KOLKATA,
  },
]
