// Statements whose answers are put together from buckets, in each order that Druid has for them.

const HOUR_MS = 3_600_000
const NEW_YORK = { sqlTimeZone: 'America/New_York' }

/** A statement with `{range}` for its window and `{table}` for its datasource. */
export interface SeriesForm {
  readonly name: string
  readonly sql: string
  readonly context?: Readonly<Record<string, unknown>>
  /** By how much the window slides; a day unless told. */
  readonly slideMs?: number
  /** Days before the last one at which the first window ends. */
  readonly endsBefore?: number
}

const day = "TIME_FLOOR(__time, 'P1D')"
const hour = "TIME_FLOOR(__time, 'PT1H')"
const daily = (list: string, rest = ''): string =>
  `SELECT ${day} AS t, ${list} FROM {table} WHERE {range} ${rest}`
const SUMS = 'COUNT(*) AS n, SUM(added) AS s'

/** Those whose windows are given. */
export const FORMS: readonly SeriesForm[] = [
  { name: 'a timeseries', sql: daily(SUMS, 'GROUP BY 1') },
  { name: 'in its order', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1') },
  { name: 'backwards', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1 DESC') },
  { name: 'the first buckets', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1 LIMIT 4') },
  { name: 'the last buckets', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1 DESC LIMIT 4') },
  { name: 'a page of buckets', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1 LIMIT 4 OFFSET 2') },
  { name: 'buckets by a metric', sql: daily(SUMS, 'GROUP BY 1 ORDER BY s DESC') },
  { name: 'a top list of buckets', sql: daily(SUMS, 'GROUP BY 1 ORDER BY n DESC LIMIT 5') },
  { name: 'a top list of buckets, up', sql: daily(SUMS, 'GROUP BY 1 ORDER BY SUM(price) LIMIT 5') },
  {
    name: 'FLOOR TO',
    sql: `SELECT FLOOR(__time TO HOUR) AS t, ${SUMS} FROM {table} WHERE {range} GROUP BY FLOOR(__time TO HOUR)`,
    slideMs: 3 * HOUR_MS,
  },
  {
    name: 'DATE_TRUNC',
    sql: `SELECT DATE_TRUNC('DAY', __time) AS t, MIN(price) AS a, MAX(added) AS b FROM {table} WHERE {range} GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'a day by CAST',
    sql: `SELECT CAST(__time AS DATE) AS t, AVG(price) AS a FROM {table} WHERE {range} GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'weeks',
    sql: `SELECT TIME_FLOOR(__time, 'P1W') AS t, ${SUMS} FROM {table} WHERE {range} GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'weeks from Sunday',
    sql: `SELECT TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) AS t, ${SUMS} FROM {table} WHERE {range} GROUP BY TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1) ORDER BY 1`,
  },
  {
    name: 'six hours',
    sql: `SELECT TIME_FLOOR(__time, 'PT6H') AS t, device, ${SUMS} FROM {table} WHERE {range} GROUP BY 1, 2 ORDER BY 1, 2`,
    slideMs: 6 * HOUR_MS,
  },
  {
    name: 'a zone by argument',
    sql: `SELECT TIME_FLOOR(__time, 'P1D', NULL, 'America/New_York') AS t, ${SUMS} FROM {table} WHERE {range} GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'local days, as Cube writes them',
    sql: `SELECT DATE_TRUNC('day', CAST(TIME_FORMAT({table}.__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP)) t, ${SUMS} FROM {table} AS {table} WHERE {range} GROUP BY 1 ORDER BY 1 ASC LIMIT 10000`,
    // Where the clock changes these are not taken apart: two hours have one label.
    endsBefore: 3,
  },
  { name: 'a zone of the session', sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1'), context: NEW_YORK },
  {
    name: 'hours across the end of summer time',
    sql: `SELECT ${hour} AS t, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1 ORDER BY 1`,
    context: NEW_YORK,
  },
  {
    name: 'half an hour off',
    sql: daily(SUMS, 'GROUP BY 1 ORDER BY 1'),
    context: { sqlTimeZone: 'Asia/Kolkata' },
  },
  { name: 'a dimension', sql: daily(`country, ${SUMS}`, 'GROUP BY 1, 2') },
  { name: 'a dimension in order', sql: daily(`country, ${SUMS}`, 'GROUP BY 1, 2 ORDER BY 1, 2') },
  { name: 'a dimension first', sql: daily(`country, ${SUMS}`, 'GROUP BY 1, 2 ORDER BY country, t') },
  {
    name: 'a dimension down, nulls last',
    sql: daily(`country, ${SUMS}`, 'GROUP BY 1, 2 ORDER BY 2 DESC, 1'),
  },
  { name: 'another order of grouping', sql: daily(`city, ${SUMS}`, 'GROUP BY city, 1') },
  {
    name: 'by a metric, ties by bucket and dimension',
    sql: daily('country, COUNT(*) AS n', 'GROUP BY 1, 2 ORDER BY n DESC LIMIT 20'),
  },
  {
    name: 'by a metric up, with an offset',
    sql: daily('country, COUNT(*) AS n', 'GROUP BY 1, 2 ORDER BY n LIMIT 20 OFFSET 5'),
  },
  {
    name: 'two dimensions',
    sql: daily(`country, device, ${SUMS}`, 'GROUP BY 1, 2, 3 ORDER BY t DESC, s DESC LIMIT 50'),
  },
  {
    name: 'by an aggregate that is not shown',
    sql: daily('country, COUNT(*) AS n', 'GROUP BY 1, 2 ORDER BY SUM(added) DESC, 1, 2 LIMIT 30'),
  },
  {
    name: 'by an aggregate that is not shown and may be null',
    sql: daily('country', 'GROUP BY 1, 2 ORDER BY MAX(price) FILTER (WHERE isRobot = 1), 1, 2'),
  },
  {
    name: 'a metric that may be null, up, in a topN',
    sql: daily(
      "SUM(price) FILTER (WHERE city = 'Berlin' AND isRobot = 1) AS p",
      'GROUP BY 1 ORDER BY 2 LIMIT 9',
    ),
  },
  {
    name: 'a metric that may be null, up, not in a topN',
    sql: daily(
      "SUM(price) FILTER (WHERE city = 'Berlin' AND isRobot = 1) AS p",
      'GROUP BY 1 ORDER BY 2 LIMIT 9',
    ),
    context: { useApproximateTopN: false },
  },
  { name: 'HAVING', sql: daily(`country, ${SUMS}`, 'GROUP BY 1, 2 HAVING COUNT(*) > 5 ORDER BY 1, 2') },
  {
    name: 'HAVING of several',
    sql: daily(
      `country, ${SUMS}`,
      'GROUP BY 1, 2 HAVING COUNT(*) > 5 AND SUM(added) < 2000 ORDER BY 4 DESC LIMIT 9',
    ),
  },
  {
    name: 'FILTER',
    sql: daily(
      "COUNT(*) FILTER (WHERE country = 'US') AS us, SUM(added) FILTER (WHERE device = 'tablet') AS s",
      'GROUP BY 1',
    ),
  },
  {
    name: 'COUNT DISTINCT',
    sql: daily('COUNT(DISTINCT country) AS c, COUNT(DISTINCT city) AS d', 'GROUP BY 1 ORDER BY 1'),
  },
  {
    name: 'arithmetic',
    sql: daily(
      'device, SUM(added) * 1.0 / COUNT(*) AS r, MAX(price) - MIN(price) AS w',
      'GROUP BY 1, 2 ORDER BY r DESC',
    ),
  },
  {
    name: 'a sum of cases',
    sql: daily(
      "SUM(CASE WHEN country = 'US' THEN 1 ELSE 0 END) AS us, SUM(CASE WHEN isRobot = 1 THEN price ELSE 0 END) AS r",
      'GROUP BY 1',
    ),
  },
  {
    name: 'a filter with OR',
    sql: daily(SUMS, "AND (country = 'US' OR city IS NULL AND device <> 'tablet') GROUP BY 1 ORDER BY 1"),
  },
  {
    name: 'an expression for a dimension',
    sql: daily(
      "COALESCE(city, 'none') AS c, COUNT(*) AS n",
      "GROUP BY 1, COALESCE(city, 'none') ORDER BY 2, 1",
    ),
  },
  {
    name: 'a SELECT inside',
    sql: `SELECT ${day} AS t, country, COUNT(*) AS n FROM (SELECT __time, country FROM {table} WHERE country IS NOT NULL) AS v WHERE {range} GROUP BY ${day}, country ORDER BY n DESC LIMIT 15`,
  },
  {
    name: 'a SELECT outside',
    sql: `SELECT * FROM (SELECT ${day} AS t, country, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1, 2) AS o ORDER BY n DESC LIMIT 15`,
  },
]

/** A bucket between dimensions goes before them all when Druid 33 puts rows in order, whatever ORDER BY says of them. */
export const MIDDLE: readonly SeriesForm[] = [
  {
    name: 'a bucket between dimensions',
    sql: `SELECT device, ${hour} AS t, city, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1, 2, 3`,
  },
  {
    name: 'a bucket between dimensions, in order',
    sql: `SELECT device, ${hour} AS t, city, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  },
  {
    name: 'a bucket between dimensions, ties of a metric',
    sql: `SELECT device, ${hour} AS t, city, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 40`,
  },
]

/** The same, where segments are cut by the limit, and Druid keeps to the order of the groups. */
export const MIDDLE_CUT: readonly SeriesForm[] = [
  {
    name: 'a bucket between dimensions, cut',
    sql: `SELECT device, ${hour} AS t, city, COUNT(*) AS n FROM {table} WHERE {range} GROUP BY 1, 2, 3 ORDER BY 1 LIMIT 40`,
  },
]

/** Those whose windows move by themselves. */
export const RELATIVE: readonly SeriesForm[] = [
  {
    name: 'the last days',
    sql: `SELECT ${day} AS t, ${SUMS} FROM {table} WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '9' DAY GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'the last hours, to the moment',
    sql: `SELECT ${hour} AS t, country, COUNT(*) AS n FROM {table} WHERE __time >= TIMESTAMPADD(HOUR, -60, CURRENT_TIMESTAMP) AND __time < CURRENT_TIMESTAMP GROUP BY 1, 2`,
  },
  {
    name: 'whole days up to this one',
    sql: `SELECT FLOOR(__time TO DAY) AS t, ${SUMS} FROM {table} WHERE __time >= TIME_SHIFT(FLOOR(CURRENT_TIMESTAMP TO DAY), 'P1D', -8) AND __time < CURRENT_DATE GROUP BY 1 ORDER BY 2 DESC LIMIT 5`,
  },
]

/** Bounds on `__time`. */
export function rangeText(fromMs: number, toMs: number): string {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 19).replace('T', ' '))
  return `__time >= TIMESTAMP '${from}' AND __time < TIMESTAMP '${to}'`
}
