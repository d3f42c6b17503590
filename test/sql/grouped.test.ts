// What is found out about grouped aggregates: bounds, buckets, roles, shapes. The team's list of statements and the real
// Druid's own plans are the larger proof; here each rule has its case.
import { describe, expect, test } from 'vitest'
import { type Grouped, type NotGrouped } from '../../src/plan/grouped.ts'
import { windowOf } from '../../src/plan/window.ts'
import { analyse } from '../../src/sql/analyse.ts'
import { mergeText, seriesText } from '../../src/sql/rewrite.ts'

const NOW_MS = Date.parse('2026-11-20T10:17:30.500Z')

function read(sql: string, timeZone?: string): Grouped | NotGrouped {
  const analysis = analyse(sql, { timeZone, maxLength: 65_536, maxDepth: 64 })
  if (analysis.kind === 'unknown') throw new Error(`${analysis.reason}: ${sql}`)
  return analysis.facts.grouped
}

function grouped(sql: string, timeZone?: string): Grouped {
  const found = read(sql, timeZone)
  if (typeof found === 'string') throw new Error(`${found}: ${sql}`)
  return found
}

function iso(ms: number): string {
  return Math.abs(ms) >= 8.64e15 ? '-' : new Date(ms).toISOString().replace('T00:00:00.000Z', '')
}

function window(where: string, parameters = ''): string | undefined {
  const facts = grouped(`SELECT COUNT(*) FROM t WHERE ${where}`)
  const intervals = windowOf(facts, { nowMs: NOW_MS, parameters })
  return intervals?.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`).join(', ')
}

describe('bounds', () => {
  test.each([
    [
      "__time >= '2026-10-01 00:00:00.000000' AND __time < '2026-10-02 00:00:00.000000'",
      '2026-10-01/2026-10-02',
    ],
    ["'2026-10-01' <= __time AND __time < TIMESTAMP '2026-10-02'", '2026-10-01/2026-10-02'],
    [
      '(TIMESTAMP \'2026-10-01 00:00:00\'<="__time" AND "__time"<TIMESTAMP \'2026-10-02 00:00:00\')',
      '2026-10-01/2026-10-02',
    ],
    ["__time BETWEEN '2026-10-01' AND '2026-10-02'", '2026-10-01/2026-10-02T00:00:00.001Z'],
    ["__time NOT BETWEEN '2026-10-01' AND '2026-10-02'", '-/2026-10-01, 2026-10-02T00:00:00.001Z/-'],
    ["__time >= '2026-10-01' AND NOT (__time >= '2026-10-03')", '2026-10-01/2026-10-03'],
    [
      "__time < '2026-10-01' OR __time >= '2026-10-03' AND __time < '2026-10-04'",
      '-/2026-10-01, 2026-10-03/2026-10-04',
    ],
    ["__time <> '2026-10-01'", '-/2026-10-01, 2026-10-01T00:00:00.001Z/-'],
    [
      "__time IN ('2026-10-01', '2026-10-02')",
      '2026-10-01/2026-10-01T00:00:00.001Z, 2026-10-02/2026-10-02T00:00:00.001Z',
    ],
    [
      "TIME_IN_INTERVAL(__time, '2026-10-01/P1D') OR TIME_IN_INTERVAL(__time, '2026-10-03/P1D')",
      '2026-10-01/2026-10-02, 2026-10-03/2026-10-04',
    ],
    ["FLOOR(__time TO DAY) = '2026-10-01'", '2026-10-01/2026-10-02'],
    ["FLOOR(__time TO DAY) = '2026-10-01 00:00:01'", ''],
    ["TIME_FLOOR(__time, 'P1D') IN ('2026-10-01', '2026-10-02')", '2026-10-01/2026-10-03'],
    [
      "DATE_TRUNC('month', __time) >= '2026-09-15' AND DATE_TRUNC('month', __time) < '2026-11-15'",
      '2026-10-01/2026-12-01',
    ],
    [
      "DATE_TRUNC('month', __time) > '2026-09-15' AND DATE_TRUNC('month', __time) <= '2026-11-15'",
      '2026-10-01/2026-12-01',
    ],
    ["CAST(__time AS DATE) = DATE '2026-10-01'", '2026-10-01/2026-10-02'],
    [
      'TIMESTAMP_TO_MILLIS(__time) >= 1790812800000 AND CAST(__time AS BIGINT) < 1790899200000',
      '2026-10-01/2026-10-02',
    ],
    ['__time >= MILLIS_TO_TIMESTAMP(1790812800 * 1000)', '2026-10-01/-'],
    ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY", '2026-11-19T10:17:30.500Z/-'],
    ["__time >= CURRENT_DATE - INTERVAL '7' DAY AND __time < CURRENT_DATE", '2026-11-13/2026-11-20'],
    ['__time >= TIMESTAMPADD(DAY, CAST(-2 AS integer), CURRENT_TIMESTAMP)', '2026-11-18T10:17:30.500Z/-'],
    ['__time >= {fn TIMESTAMPADD(SQL_TSI_DAY,-9,{fn CURDATE()})}', '2026-11-11/-'],
    ["__time >= TIMESTAMPADD(WEEK, 1, TIMESTAMP '2026-10-01')", '2026-10-08/-'],
    ["__time >= TIMESTAMPADD(QUARTER, -1, TIMESTAMP '2026-10-01')", '2026-07-01/-'],
    ["__time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1M', -1)", '2026-10-20T10:17:30.500Z/-'],
    ["__time >= FLOOR(CURRENT_TIMESTAMP - INTERVAL '1' MONTH TO MONTH)", '2026-10-01/-'],
    ["__time >= TIME_CEIL(CURRENT_TIMESTAMP, 'PT1H')", '2026-11-20T11:00:00.000Z/-'],
    ["__time IS NOT NULL AND __time >= '2026-10-01'", '2026-10-01/-'],
    ["__time >= '2026-10-05' AND __time < '2026-10-01'", ''],
    ["country = 'US'", '-/-'],
  ])('WHERE %s: %s', (where, expected) => {
    expect(window(where)).toBe(expected)
  })

  test.each([
    ['__time >= ?', '[{"type":"TIMESTAMP","value":"2026-10-01 00:00:00"}]', '2026-10-01/-'],
    ['__time >= ?', '[{"type":"TIMESTAMP","value":1790812800000}]', '2026-10-01/-'],
    [
      'country = ? AND __time >= TIME_PARSE(?)',
      '[{"type":"VARCHAR","value":"US"},{"type":"VARCHAR","value":"2026-10-01T00:00:00.000Z"}]',
      '2026-10-01/-',
    ],
    ['__time >= MILLIS_TO_TIMESTAMP(?)', '[{"type":"BIGINT","value":1790812800000}]', '2026-10-01/-'],
    ['__time >= ?', '[{"type":"DOUBLE","value":1.5}]', undefined],
    ['__time >= ?', '[]', undefined],
  ])('WHERE %s with %s: %s', (where, parameters, expected) => {
    expect(window(where, parameters)).toBe(expected)
  })

  // Whatever isn't understood is a filter: a part of the question, and never taken for a bound.
  test.each([
    "TIME_EXTRACT(__time, 'HOUR') BETWEEN 8 AND 17",
    "__time >= '2026-10-01' OR country = 'US'",
    "__time >= '2026-10-01 00:00:00.123456'",
    "__time + INTERVAL '1' DAY >= '2026-10-01'",
    "__time >= CASE WHEN country = 'US' THEN TIMESTAMP '2026-10-01' ELSE TIMESTAMP '2026-09-01' END",
    '__time >= added',
  ])('WHERE %s bounds nothing', (where) => {
    const found = grouped(`SELECT COUNT(*) FROM t WHERE ${where}`)
    expect([found.time, found.timeTexts]).toEqual([{ kind: 'all', of: [] }, []])
  })
})

describe('buckets', () => {
  test.each([
    ['TIME_FLOOR(CAST("__time" AS TIMESTAMP), \'P1D\')', 'P1D', 0, { kind: 'moved', ms: 0 }],
    ['FLOOR(__time TO HOUR)', 'PT1H', 0, { kind: 'moved', ms: 0 }],
    ['DATE_TRUNC(\'DAY\', "t"."__time")', 'P1D', 0, { kind: 'moved', ms: 0 }],
    ['CAST(__time AS DATE)', 'P1D', 0, { kind: 'moved', ms: 0 }],
    [
      "TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST(__time AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1)",
      'P1W',
      -86_400_000,
      { kind: 'moved', ms: 0 },
    ],
    [
      "TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(__time, 'P1D', 1), 'P1W'), 'P1D', 5)",
      'P1W',
      -86_400_000,
      { kind: 'moved', ms: 518_400_000 },
    ],
    [
      "TIMESTAMPADD(DAY, -1, DATE_TRUNC('WEEK', TIMESTAMPADD(DAY, 1, __time)))",
      'P1W',
      -86_400_000,
      { kind: 'moved', ms: 0 },
    ],
    [
      "DATE_TRUNC('day', CAST(TIME_FORMAT(__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP))",
      'P1D',
      0,
      { kind: 'local', zone: 'America/New_York' },
    ],
  ])('%s', (text, period, movedMs, label) => {
    const { bucket, dimensions } = grouped(
      `SELECT ${text} AS b, country, COUNT(*) FROM t GROUP BY 1, country`,
    )
    expect(bucket).toMatchObject({ grid: { period }, movedMs, label })
    expect(dimensions).toHaveLength(1)
  })

  test.each([
    "DATE_TRUNC('hour', CAST(TIME_FORMAT(__time, 'yyyy-MM-dd HH:mm:ss', 'America/New_York') AS TIMESTAMP))",
    "TIME_SHIFT(TIME_FLOOR(__time, 'P1D'), 'P1M', 1)",
    "TIME_FLOOR(TIME_SHIFT(__time, 'P1M', 1), 'P1D')",
    'TIME_FLOOR(__time, period)',
    "TIME_EXTRACT(__time, 'HOUR')",
  ])('%s is a dimension like any other', (text) => {
    const { bucket, dimensions } = grouped(`SELECT ${text} AS b, COUNT(*) FROM t GROUP BY 1`)
    expect([bucket, dimensions.length]).toEqual([undefined, 1])
  })

  test('of two buckets the finer one counts', () => {
    const { bucket } = grouped(
      'SELECT FLOOR(__time TO DAY), FLOOR(__time TO HOUR), COUNT(*) FROM t GROUP BY 1, 2',
    )
    expect(bucket?.grid.period).toBe('PT1H')
  })
})

describe('levels', () => {
  test.each([
    [
      'SELECT * FROM (SELECT country, COUNT(*) AS n FROM (SELECT * FROM t WHERE x = 1) AS a GROUP BY 1) AS b ORDER BY n DESC LIMIT 10',
      1,
    ],
    [
      "SELECT country, COUNT(*) FROM (SELECT * FROM t WHERE NOT country IS NULL) AS v WHERE __time >= '2026-10-01' GROUP BY country",
      0,
    ],
  ])('%s', (sql, orders) => {
    expect(grouped(sql).order).toHaveLength(orders)
  })

  /** Roles of the columns, the bucket's period, how many dimensions, keys of the order: column or `-`, and the window. */
  function briefly(sql: string): string {
    const facts = grouped(sql)
    const { columns, bucket, dimensions, order, having } = facts
    const intervals = windowOf(facts, { nowMs: NOW_MS, parameters: '' }) ?? []
    return [
      columns.map(({ role }) => role).join(),
      bucket?.grid.period ?? '-',
      dimensions.length,
      order.map(({ column }) => column ?? '-').join(),
      having === undefined ? 'all' : having.formula === undefined ? 'unknown' : 'having',
      ...intervals.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`),
    ].join(' ')
  }

  const HOURS = "SELECT TIME_FLOOR(__time, 'PT1H') AS h, COUNT(*) AS n, SUM(x) AS s FROM t GROUP BY 1"
  test.each([
    [`SELECT h, n FROM (${HOURS}) ORDER BY h LIMIT 5`, 'bucket,measure PT1H 0 0 all -/-'],
    [
      `SELECT s * 1.0 / n AS r, q.h FROM (${HOURS}) AS q ORDER BY 2, n DESC`,
      'measure,bucket PT1H 0 1,- all -/-',
    ],
    [`SELECT h AS t FROM (${HOURS} ORDER BY n) WHERE n > 5 AND s < 9`, 'bucket PT1H 0  having -/-'],
    [`SELECT h, n FROM (${HOURS} ORDER BY n DESC LIMIT 5)`, 'bucket,measure PT1H 0 1 all -/-'],
    [
      'SELECT COUNT(*) > 1 AS f FROM (SELECT a AS b, CASE WHEN x > 1 THEN 2 END AS c FROM t) GROUP BY b, c',
      'measure - 2  all -/-',
    ],
    [
      "WITH a AS (SELECT *, __time AS z FROM t WHERE x > 1), b AS (SELECT FLOOR(z TO DAY) AS d, y FROM a WHERE z < '2026-10-01') SELECT d, y, COUNT(*) FROM b GROUP BY 1, 2 ORDER BY y",
      'bucket,dimension,measure P1D 1 1 all -/2026-10-01',
    ],
    ['SELECT DISTINCT country, FLOOR(__time TO DAY) FROM t', 'dimension,bucket P1D 1  all -/-'],
    ['SELECT COUNT(*) AS n FROM t GROUP BY country HAVING n > 5', 'measure - 1  having -/-'],
    [
      'SELECT COUNT(*) AS n FROM t GROUP BY country HAVING COUNT(*) IS NOT DISTINCT FROM 5',
      'measure - 1  unknown -/-',
    ],
    // A column of the SELECT that groups, not the words that it is written with.
    ['SELECT UPPER(c) FROM (SELECT UPPER(c) AS c, COUNT(*) FROM t GROUP BY UPPER(c))', 'other - 1  all -/-'],
    [
      'SELECT * FROM (SELECT UPPER(c) AS c, COUNT(*) FROM t GROUP BY UPPER(c)) ORDER BY UPPER(c)',
      'dimension,measure - 1 - all -/-',
    ],
  ])('%s: %s', (sql, expected) => {
    expect(briefly(sql)).toBe(expected)
  })

  test.each<[string, NotGrouped]>([
    ['SELECT MAX(n) FROM (SELECT country, COUNT(*) AS n FROM t GROUP BY 1)', 'subquery'],
    ['SELECT * FROM (SELECT country, COUNT(*) AS n FROM t GROUP BY 1 LIMIT 3) LIMIT 2', 'subquery'],
    ['SELECT * FROM t LIMIT 10', 'not-grouped'],
    ['SELECT DISTINCT * FROM t', 'not-grouped'],
    ['SELECT DISTINCT n FROM (SELECT COUNT(*) AS n FROM t GROUP BY country)', 'subquery'],
    ['SELECT n FROM (SELECT country, COUNT(*) AS n FROM t GROUP BY 1 LIMIT 3) WHERE n > 2', 'subquery'],
    ['SELECT * FROM (SELECT country, COUNT(*) AS n FROM t GROUP BY 1 LIMIT 3) ORDER BY 2', 'subquery'],
    ['SELECT *, n + 1 FROM (SELECT country, COUNT(*) AS n FROM t GROUP BY 1)', 'subquery'],
    ['SELECT n FROM (SELECT COUNT(*) AS n, SUM(x) AS n FROM t)', 'subquery'],
    ['SELECT other.n FROM (SELECT COUNT(*) AS n FROM t) AS a', 'subquery'],
    [
      'SELECT h FROM (SELECT FLOOR(__time TO HOUR) AS h FROM t GROUP BY 1 ORDER BY COUNT(*) LIMIT 3)',
      'subquery',
    ],
    ['SELECT COUNT(*) FROM (SELECT * FROM t LIMIT 3)', 'subquery'],
    [
      'SELECT * FROM (SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM t GROUP BY 1) ORDER BY n + 1',
      'subquery',
    ],
    ['WITH a AS (SELECT x FROM t) SELECT COUNT(*) FROM a WHERE x IN (SELECT x FROM a)', 'subquery'],
    ['SELECT DISTINCT COUNT(*) FROM t GROUP BY country', 'distinct'],
    ['SELECT country, SUM(COUNT(*)) OVER () FROM t GROUP BY 1', 'window-function'],
    [
      "SELECT COUNT(*) FILTER (WHERE __time > CURRENT_TIMESTAMP - INTERVAL '1' DAY) FROM t",
      'now-outside-bounds',
    ],
    ['SELECT COUNT(*) FROM t WHERE __time > CURRENT_TIMESTAMP(0)', 'now-outside-bounds'],
    ["SELECT COUNT(*) FROM t WHERE __time > CURRENT_TIMESTAMP - INTERVAL '1' WEEK", 'now-outside-bounds'],
    ['SELECT COUNT(*) FROM t JOIN u ON t.a = u.a', 'several-tables'],
    ['SELECT COUNT(*) FROM t UNION ALL SELECT COUNT(*) FROM t', 'several-tables'],
  ])('%s: %s', (sql, reason) => {
    expect(read(sql)).toBe(reason)
  })
})

describe('what is ordered by', () => {
  /** For each key its column, `formula` where it is none and is understood, or `-`. */
  function keys(sql: string): readonly (number | string)[] {
    return grouped(sql).order.map(
      ({ column, formula }) => column ?? (formula === undefined ? '-' : 'formula'),
    )
  }

  const OF_GROUPS = 'SELECT added AS a, SUM(deleted) AS added, COUNT(*) AS n FROM t GROUP BY 1 ORDER BY'
  const OUTSIDE = 'FROM (SELECT country, COUNT(*) AS n, SUM(x) AS s FROM t GROUP BY 1) ORDER BY'
  test.each<[string, readonly (number | string)[]]>([
    [`${OF_GROUPS} added DESC, a`, [1, 0]],
    [`${OF_GROUPS} 3, (2)`, [2, 1]],
    [`${OF_GROUPS} COUNT(*), SUM(deleted) * 2`, [2, 'formula']],
    [`SELECT country, n ${OUTSIDE} n * 2, n`, ['formula', 1]],
    // A number is an ordinal, however it is written (Calcite).
    [`${OF_GROUPS} 2.0, 2e0, 2.5, 4`, ['-', '-', '-', '-']],
    // An alias stands for its column inside of an expression, too.
    [`${OF_GROUPS} added * 2, -added, SUM(added)`, ['-', '-', '-']],
    ['SELECT added AS deleted, SUM(deleted) FROM t GROUP BY 1 ORDER BY SUM(deleted)', ['-']],
    ['SELECT UPPER(c) AS c, COUNT(*) FROM t GROUP BY UPPER(c) ORDER BY UPPER(c)', ['-']],
    [`SELECT country, 1000 - n AS n ${OUTSIDE} n * 2, n`, ['-', 1]],
    [`SELECT n AS m, s AS n ${OUTSIDE} n, m`, [1, 0]],
  ])('%s: %j', (sql, expected) => {
    expect(keys(sql)).toEqual(expected)
  })
})

describe('shapes', () => {
  const base = "SELECT country, COUNT(*) AS n FROM t WHERE __time >= '2026-10-01' AND x = 1 GROUP BY country"
  test.each([
    ['another window', base.replace('2026-10-01', '2026-11-01'), true],
    ['an order and a limit', `${base} ORDER BY n DESC LIMIT 5`, true],
    [
      'quotes, case, comments',
      base.replace('country, COUNT', '"country" , /* c */ count').replace('FROM t', 'FROM "t"'),
      true,
    ],
    ['another filter', base.replace('x = 1', 'x = 2'), false],
    ['another name', base.replace('AS n', 'AS m'), false],
    ['another column', base.replaceAll('country', 'city'), false],
    ['more bounds', base.replace('AND x', "AND __time < '2026-12-01' AND x"), false],
  ])('%s', (_, sql, same) => {
    expect(grouped(sql).shape === grouped(base).shape).toBe(same)
  })

  /** Its shape; undefined where nothing is found out about it. */
  function shapeOf(sql: string): string | undefined {
    const analysis = analyse(sql, { timeZone: undefined, maxLength: 65_536, maxDepth: 64 })
    return analysis.kind === 'unknown' ? undefined : grouped(sql).shape
  }

  // Druid takes these in quotes only (33.0.0).
  test.each(['count', 'METHOD', 'language', 'result', 'value', 'user', 'year', 'Day', 'hour'])(
    'a bare %s never has the shape of the quoted one',
    (word) => {
      const statements = (name: string): readonly string[] => [
        `SELECT x, SUM(${name}) AS n FROM t GROUP BY x`,
        `SELECT ${name}, COUNT(*) AS n FROM t GROUP BY ${name}`,
        `SELECT x, COUNT(*) AS ${name} FROM t GROUP BY x`,
        `SELECT x, COUNT(*) AS n FROM t AS ${name} GROUP BY x`,
      ]
      const quoted = statements(`"${word}"`).map(shapeOf)
      expect(quoted).not.toContain(undefined)
      expect(statements(word).filter((sql, at) => shapeOf(sql) === quoted[at])).toEqual([])
    },
  )

  test('a bare word that is not reserved has that of the quoted one', () => {
    expect(shapeOf('SELECT SUM(channel) AS week FROM t')).toBe(
      shapeOf('SELECT SUM("channel") AS "week" FROM "t"'),
    )
  })
})

describe('texts that fetch parts', () => {
  const RANGES = [
    { startMs: 0, endMs: 1_000 },
    { startMs: 2_000, endMs: 3_000 },
  ]
  const CONDITION =
    '(("__time" >= MILLIS_TO_TIMESTAMP(0) AND "__time" < MILLIS_TO_TIMESTAMP(1000)) OR ("__time" >= MILLIS_TO_TIMESTAMP(2000) AND "__time" < MILLIS_TO_TIMESTAMP(3000)))'
  const instant = (label: string): string => `TIMESTAMP_TO_MILLIS(CAST(${label} AS TIMESTAMP))`

  test('of a series: the client’s text with other bounds, the instant, what it orders by, and no end', () => {
    const sql = `SELECT FLOOR(__time TO DAY) AS "__time", country -- c
      FROM t WHERE __time >= '2026-10-01' AND x = 1 AND __time < '2026-11-01' GROUP BY 1, 2 HAVING COUNT(*) > 1
      ORDER BY SUM(added) DESC LIMIT 5`
    expect(seriesText(sql, grouped(sql), RANGES)).toBe(
      `SELECT FLOOR(__time TO DAY) AS "__time", country, ${instant('FLOOR(__time TO DAY)')} AS "__ovate_bucket", SUM(added) AS "__ovate_order_0" -- c
      FROM t WHERE ${CONDITION} AND x = 1 AND TRUE GROUP BY 1, 2 HAVING COUNT(*) > 1
      `,
    )
  })

  test('of a merge: hidden buckets, dimensions, and the parts of each aggregate under its own filter', () => {
    const sql =
      'SELECT AVG(price) FILTER (WHERE x = 1) AS a, country, SUM(added) / COUNT(*) AS r FROM t WHERE x = 1 OR y = 2 GROUP BY country HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 5'
    const bucket = `TIME_FLOOR("__time", 'PT1H', NULL, 'UTC')`
    expect(
      mergeText(sql, grouped(sql), { ranges: RANGES, steps: { kind: 'period', period: 'PT1H' } }).trim(),
    ).toBe(
      `SELECT ${instant(bucket)} AS "__ovate_bucket", country AS "__ovate_d0", SUM(CAST(price AS DOUBLE)) FILTER (WHERE x = 1) AS "__ovate_a0", COUNT(price) FILTER (WHERE x = 1) AS "__ovate_a1", SUM(added) AS "__ovate_a2", COUNT(*) AS "__ovate_a3" FROM t WHERE ${CONDITION} AND (x = 1 OR y = 2)  GROUP BY ${bucket}, country`,
    )
  })

  test('of a series inside of other SELECTs: what was added is shown by each of them', () => {
    const sql = `WITH a AS (SELECT x, __time AS z FROM t), b AS (SELECT FLOOR(z TO DAY) AS d, SUM(x) AS s FROM a WHERE z >= '2026-10-01' GROUP BY 1 ORDER BY 2)
      SELECT s / 2 AS h FROM (SELECT * FROM b) WHERE s > 1 ORDER BY d LIMIT 5`
    expect(seriesText(sql, grouped(sql), RANGES).trim()).toBe(
      `WITH a AS (SELECT x, __time AS z FROM t WHERE ${CONDITION}), b AS (SELECT FLOOR(z TO DAY) AS d, SUM(x) AS s, ${instant('FLOOR(z TO DAY)')} AS "__ovate_bucket" FROM a WHERE TRUE GROUP BY 1 )
      SELECT s / 2 AS h, "__ovate_bucket", d AS "__ovate_order_0" FROM (SELECT * FROM b) WHERE s > 1`,
    )
  })

  test('of a series inside of other SELECTs, with the last instant of each group', () => {
    const sql =
      'SELECT d FROM (SELECT * FROM (SELECT FLOOR(z TO DAY) AS d FROM (SELECT __time AS z FROM t) GROUP BY 1)) ORDER BY d'
    expect(seriesText(sql, grouped(sql), RANGES, true).trim()).toBe(
      `SELECT d, "__ovate_bucket", "__ovate_last" FROM (SELECT * FROM (SELECT FLOOR(z TO DAY) AS d, ${instant('FLOOR(z TO DAY)')} AS "__ovate_bucket", TIMESTAMP_TO_MILLIS(MAX("z")) AS "__ovate_last" FROM (SELECT __time AS z FROM t WHERE ${CONDITION}) GROUP BY 1))`,
    )
  })

  test('of a merge inside of other SELECTs, and round others that leave the time out', () => {
    const sql =
      'SELECT n * 2 AS m FROM (SELECT c, COUNT(*) AS n FROM (SELECT x AS c FROM (SELECT __time AS z, x FROM t) AS i WHERE x > 1) GROUP BY c) WHERE n > 5'
    const bucket = `TIME_FLOOR("__ovate_time", 'PT1H', NULL, 'UTC')`
    expect(
      mergeText(sql, grouped(sql), { ranges: RANGES, steps: { kind: 'period', period: 'PT1H' } }).trim(),
    ).toBe(
      `SELECT * FROM (SELECT ${instant(bucket)} AS "__ovate_bucket", c AS "__ovate_d0", COUNT(*) AS "__ovate_a0" FROM (SELECT x AS c, "z" AS "__ovate_time" FROM (SELECT __time AS z, x FROM t WHERE ${CONDITION}) AS i WHERE x > 1)  GROUP BY ${bucket}, c )`,
    )
  })

  test('of instants that a clock shows twice: by their milliseconds', () => {
    const sql = 'SELECT FLOOR(__time TO HOUR) AS h FROM t GROUP BY 1'
    const startMs = Date.parse('2026-10-25T00:00:00Z')
    const ranges = [
      { startMs: startMs - 7_200_000, endMs: startMs - 3_600_000 },
      { startMs, endMs: startMs + 86_400_000 },
    ]
    const textIn = (zone: string): string => seriesText(sql, grouped(sql, zone), ranges)
    const ms = 'TIMESTAMP_TO_MILLIS("__time")'
    const each = ranges.map((range) => `(${ms} >= ${range.startMs} AND ${ms} < ${range.endMs})`)
    expect(textIn('Europe/Berlin')).toContain(`WHERE (${each.join(' OR ')}) GROUP BY`)
    expect(textIn('America/New_York')).toContain(`"__time" >= MILLIS_TO_TIMESTAMP(${startMs})`)
  })

  test('of a merge in steps: their ends by milliseconds', () => {
    const sql = 'SELECT COUNT(*) FROM t'
    const steps = { kind: 'mixed', period: 'PT1H', beforeMs: 500, fromMs: 2_500 } as const
    const ends = 'TIMESTAMP_TO_MILLIS("__time") < 500 OR TIMESTAMP_TO_MILLIS("__time") >= 2500'
    expect(mergeText(sql, grouped(sql), { ranges: RANGES, steps })).toContain(
      `CASE WHEN ${ends} THEN "__time" ELSE TIME_FLOOR("__time", 'PT1H', NULL, 'UTC') END`,
    )
  })

  test('of a series with DISTINCT: what it stands for', () => {
    const sql = 'SELECT DISTINCT FLOOR(__time TO DAY) AS d, c FROM t ORDER BY c'
    expect(seriesText(sql, grouped(sql), RANGES).trim()).toBe(
      `SELECT  FLOOR(__time TO DAY) AS d, c, ${instant('FLOOR(__time TO DAY)')} AS "__ovate_bucket" FROM t WHERE ${CONDITION} GROUP BY FLOOR(__time TO DAY), c`,
    )
  })

  test('of DISTINCT', () => {
    const sql = 'SELECT DISTINCT c FROM t ORDER BY c'
    const bucket = `TIME_FLOOR("__time", 'PT1H', NULL, 'UTC')`
    expect(
      mergeText(sql, grouped(sql), { ranges: RANGES, steps: { kind: 'period', period: 'PT1H' } }).trim(),
    ).toBe(
      `SELECT ${instant(bucket)} AS "__ovate_bucket", c AS "__ovate_d0" FROM t WHERE ${CONDITION} GROUP BY ${bucket}, c`,
    )
  })

  test('with no WHERE and no GROUP BY', () => {
    const sql = 'SELECT COUNT(*) FROM t'
    expect(
      mergeText(sql, grouped(sql), {
        ranges: RANGES.slice(0, 1),
        steps: { kind: 'period', period: 'P1D' },
      }).trim(),
    ).toBe(
      `SELECT ${instant(`TIME_FLOOR("__time", 'P1D', NULL, 'UTC')`)} AS "__ovate_bucket", COUNT(*) AS "__ovate_a0" FROM t WHERE (("__time" >= MILLIS_TO_TIMESTAMP(0) AND "__time" < MILLIS_TO_TIMESTAMP(1000))) GROUP BY TIME_FLOOR("__time", 'P1D', NULL, 'UTC')`,
    )
  })
})
