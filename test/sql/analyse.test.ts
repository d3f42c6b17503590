import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Facts } from '../../src/plan/facts.ts'
import { analyse } from '../../src/sql/analyse.ts'

const OPTIONS = { timeZone: undefined, maxLength: 65_536, maxDepth: 64 }

function factsOf(sql: string, timeZone?: string): Facts {
  const analysis = analyse(sql, { ...OPTIONS, timeZone })
  if (analysis.kind === 'unknown') throw new Error(`${analysis.reason}: ${sql}`)
  return analysis.facts
}

test.each([
  ['SELECT 1', 'select'],
  ['with a AS (SELECT 1) SELECT * FROM a', 'select'],
  ['(SELECT 1 FROM a) UNION ALL (SELECT 2 FROM b)', 'select'],
  ['VALUES (1)', 'select'],
  ['explain PLAN FOR SELECT 1', 'explain'],
  ['INSERT INTO a SELECT 1 PARTITIONED BY ALL', 'dml'],
  ['replace INTO a OVERWRITE ALL SELECT 1 PARTITIONED BY ALL', 'dml'],
  ['TABLE a', 'other'],
  ['DESCRIBE a', 'other'],
  ['', 'other'],
  ['SET a = 1;', 'other'],
])('%s is a statement of kind %s', (sql, kind) => {
  expect(factsOf(sql).kind).toBe(kind)
})

test.each([
  ['x'.repeat(65_537), 'sql-too-long'],
  [`SELECT ${'('.repeat(65)}1${')'.repeat(65)}`, 'sql-too-deep'],
  [`SELECT ${'('.repeat(64)}1${')'.repeat(64)}`, undefined],
  ["SELECT 'a", 'sql-not-understood'],
  ['SELECT (1', 'sql-not-understood'],
  ['SELECT 1)', 'sql-not-understood'],
  ['SELECT (1]', 'sql-not-understood'],
  ['SELECT FROM', 'sql-not-understood'],
  ['SELECT 1; SELECT 2', 'sql-not-understood'],
  ['SELECT /*+ a(b) */ 1', 'sql-not-understood'],
  ['SELECT a FROM t PIVOT (SUM(a) FOR b IN (1))', 'sql-not-understood'],
  ['WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a', 'sql-not-understood'],
  ['SELECT {fn NOW() + 1}', 'sql-not-understood'],
  ['SELECT {fn NOW}', 'sql-not-understood'],
  ['SELECT 1 FROM t TABLESAMPLE BERNOULLI (10)', 'sql-not-understood'],
  ["SELECT 'a' 'b'", 'sql-not-understood'],
  ['SET a = b; SELECT 1', 'sql-not-understood'],
  ['SET a = ARRAY[1]; SELECT 1', 'sql-not-understood'],
  ['SELECT a::bigint FROM t', 'sql-not-understood'],
  ['SELECT CASE WHEN a THEN b FROM t', 'sql-not-understood'],
  ['SELECT a FROM t WHERE b END', 'sql-not-understood'],
  ['SELECT x desc FROM t', 'sql-not-understood'],
  ['(WITH a AS (SELECT 1 FROM x) SELECT 1 FROM a) UNION ALL SELECT 1 FROM a', 'sql-not-understood'],
  [
    'SELECT 1 FROM (((WITH a AS (SELECT 1 FROM x) SELECT 1 FROM a)) UNION ALL SELECT 1 FROM a)',
    'sql-not-understood',
  ],
  ['SELECT 1 FROM b UNION ALL (WITH a AS (SELECT 1 FROM x) SELECT 1 FROM a)', 'sql-not-understood'],
  ['SELECT 1 FROM t UNION ALL TABLE u', 'sql-not-understood'],
  ['SELECT 1 FROM (TABLE u)', 'sql-not-understood'],
  ['SELECT 1 FROM t NATURAL JOIN u', 'sql-not-understood'],
  ['SELECT 1 FROM t MINUS SELECT 1 FROM u', 'sql-not-understood'],
  ['SELECT x desc, y FROM t', 'sql-not-understood'],
])('%s is unknown: %s', (sql, reason) => {
  const analysis = analyse(sql, OPTIONS)
  expect(analysis.kind === 'unknown' ? analysis.reason : undefined).toBe(reason)
})

// What would hold up the process for long: within the length limit, but passed on.
test.each([
  ['conditions', `SELECT 1 FROM t WHERE ${Array(5000).fill('a = 1').join(' AND ')}`],
  ['columns', `SELECT ${Array(10_000).fill('a').join(', ')} FROM t`],
  ['joins', `SELECT 1 FROM t ${Array(101).fill('JOIN u ON a = b').join(' ')}`],
  ['queries in select lists', `SELECT ${'(SELECT '.repeat(30)}1${' FROM t)'.repeat(30)} FROM t`],
  ['brackets round AND', `SELECT 1 FROM t WHERE ${'('.repeat(60)}a${' AND b)'.repeat(60)}`],
  ['unions', Array(101).fill('SELECT 1 FROM t').join(' UNION ALL ')],
])('too many %s are too long', (_, sql) => {
  expect(analyse(sql, OPTIONS)).toEqual({ kind: 'unknown', reason: 'sql-too-long' })
})

test.each([
  ['an IN list', `SELECT 1 FROM t WHERE a IN (${Array(10_000).fill("'x'").join(', ')})`, ['t']],
  [
    'a list of negative numbers',
    `SELECT 1 FROM t WHERE a NOT IN (${Array(10_000).fill('-1').join(', ')})`,
    ['t'],
  ],
  ['SETs', `${'SET a = 1; '.repeat(4000)} SELECT 1 FROM t`, ['t']],
  ['queries in FROM', `SELECT 1 FROM ${'(SELECT * FROM '.repeat(30)}t${')'.repeat(30)}`, ['t']],
  ['50 joins', `SELECT 1 FROM t ${Array(50).fill('JOIN u ON a = b').join(' ')}`, ['t', 'u']],
])('%s may be long', (_, sql, tables) => {
  expect(factsOf(sql).tables).toEqual(tables)
})

test.each<[string, readonly string[]]>([
  ['SELECT 1 FROM a', ['a']],
  ['SELECT 1 FROM "a b"', ['a b']],
  ['SELECT 1 FROM "a""b"', ['a"b']],
  ['SELECT 1 FROM U&"\\00e9"', ['é']],
  ['SELECT 1 FROM druid.a, "druid"."b" x, c AS d', ['a', 'b', 'c']],
  ['SELECT 1 FROM b JOIN a ON a.x = b.x LEFT JOIN c USING (x)', ['a', 'b', 'c']],
  ['SELECT 1 FROM a CROSS JOIN b', ['a', 'b']],
  ['SELECT 1 FROM (a JOIN b ON a.x = b.x) JOIN c ON a.x = c.x', ['a', 'b', 'c']],
  ['SELECT 1 FROM a AS b, b', ['a', 'b']],
  ['SELECT 1 FROM a UNION ALL SELECT 1 FROM b UNION ALL SELECT 1 FROM a', ['a', 'b']],
  ['SELECT 1 FROM (SELECT 1 FROM (SELECT 1 FROM a))', ['a']],
  [
    'SELECT (SELECT MAX(x) FROM b) FROM a WHERE y IN (SELECT y FROM c) AND EXISTS (SELECT 1 FROM d)',
    ['a', 'b', 'c', 'd'],
  ],
  [
    'SELECT 1 FROM a GROUP BY x HAVING COUNT(*) > (SELECT 1 FROM b) ORDER BY (SELECT 1 FROM c)',
    ['a', 'b', 'c'],
  ],
  ['SELECT COUNT(*) FILTER (WHERE x IN (SELECT x FROM b)) FROM a', ['a', 'b']],
  ['SELECT CASE WHEN x THEN (SELECT 1 FROM b) END FROM a', ['a', 'b']],
  ['SELECT ARRAY(SELECT x FROM b) FROM a', ['a', 'b']],
  ['SELECT SUM(x) OVER (PARTITION BY (SELECT 1 FROM b)) FROM a', ['a', 'b']],
  ['WITH w AS (SELECT 1 FROM a) SELECT 1 FROM w, b', ['a', 'b']],
  ['WITH a AS (SELECT 1 FROM a) SELECT 1 FROM a', ['a']],
  ['WITH x AS (SELECT 1 FROM y), y AS (SELECT 1 FROM x) SELECT 1 FROM x, y', ['y']],
  ['WITH "W" AS (SELECT 1) SELECT 1 FROM w', ['w']],
  ['WITH w AS (SELECT 1) SELECT 1 FROM druid.w', ['w']],
  ['WITH w(c) AS (SELECT 1 FROM a) SELECT c FROM w', ['a']],
  [
    'WITH a AS (SELECT 1 FROM x UNION ALL SELECT 1 FROM a) SELECT 1 FROM a UNION ALL SELECT 1 FROM a',
    ['a', 'x'],
  ],
  ['SELECT 1 FROM (WITH w AS (SELECT 1 FROM a) SELECT 1 FROM w), w', ['a', 'w']],
  ["SELECT 1 FROM TABLE(APPEND('a','b', 'c d'))", ['a', 'b', 'c d']],
  ['SELECT c FROM a, UNNEST(MV_TO_ARRAY(x)) AS u(c)', ['a']],
  ['SELECT c FROM a CROSS JOIN UNNEST(ARRAY[1, 2]) AS u(c)', ['a']],
  ['SELECT 1 FROM (VALUES (1, 2), (3, 4)) AS v(x, y)', []],
  ['SELECT 1', []],
  ['SELECT \'FROM x\' AS "FROM" FROM a -- FROM b', ['a']],
  ['SELECT 1 FROM a WHERE x = ANY (SELECT x FROM b)', ['a', 'b']],
])('%s reads %j', (sql, tables) => {
  const facts = factsOf(sql)
  expect([facts.tables, facts.external, facts.systemTables, facts.lookups]).toEqual([
    tables,
    false,
    false,
    [],
  ])
})

test.each<[string, readonly string[]]>([
  ["SELECT LOOKUP(x, 'l') FROM a", ['l']],
  ["SELECT lookup(x, 'l', 'none'), \"LOOKUP\"(y, 'm') FROM a", ['l', 'm']],
  ["SELECT LOOKUP(UPPER(x), 'it''s') FROM a GROUP BY LOOKUP(x, 'b')", ['b', "it's"]],
  ["SELECT LOOKUP(x, 'l' || 'm') FROM a", ['*']],
  ['SELECT LOOKUP(x, ?) FROM a', ['*']],
  ["SELECT SUM(x) OVER w FROM a WINDOW w AS (PARTITION BY LOOKUP(y, 'l'))", ['*']],
  ['SELECT 1 FROM a JOIN lookup.l ON a.x = l.k', ['l']],
  ['SELECT 1 FROM a JOIN "lookup"."l x" AS l ON a.x = l.k', ['l x']],
  ['SELECT lookup FROM a', []],
  ['SELECT "loo\u212aup"(x, \'l\') FROM a', ['l']],
])('%s uses lookups %j', (sql, lookups) => {
  const facts = factsOf(sql)
  expect([facts.tables, facts.lookups]).toEqual([['a'], lookups])
})

test.each<[string, Partial<Facts>]>([
  ['SELECT 1 FROM sys.segments', { systemTables: true, tables: [] }],
  ['SELECT 1 FROM "sys"."segments", a', { systemTables: true, tables: ['a'] }],
  ['SELECT 1 FROM information_schema.columns', { systemTables: true }],
  ['SELECT 1 FROM a WHERE x IN (SELECT table_name FROM INFORMATION_SCHEMA.TABLES)', { systemTables: true }],
  ['SELECT 1 FROM view.a', { external: true, tables: [] }],
  ['SELECT 1 FROM x.y.z', { external: true }],
  ['SELECT 1 FROM Druid.a', { external: true }],
  ["SELECT 1 FROM TABLE(EXTERN('{}', '{}', '[]'))", { external: true }],
  ["SELECT 1 FROM TABLE(INLINE(data => 'x', format => 'csv'))", { external: true }],
  ["SELECT 1 FROM TABLE(APPEND('a', ?))", { external: true }],
  ['SELECT 1 FROM a WHERE rand() < 0.5 AND "UUID"() = x', { volatile: ['RAND', 'UUID'] }],
  ['SELECT rand FROM a', { volatile: [] }],
  ["SELECT ? FROM a WHERE x = ? AND y = '?' LIMIT ?", { parameters: 3 }],
])('%s: %j', (sql, expected) => {
  expect(factsOf(sql)).toMatchObject(expected)
})

test.each<[string, Facts['options']]>([
  ['SELECT 1', []],
  [
    'SET sqlTimeZone = \'Asia/Tokyo\'; set "a b" = -1.5; SET t = TRUE; SELECT 1;',
    [
      { name: 'sqlTimeZone', literal: '"Asia/Tokyo"' },
      { name: 'a b', literal: '-1.5' },
      { name: 't', literal: 'true' },
    ],
  ],
  ["SET a = 'x\"y\\'; SELECT 1", [{ name: 'a', literal: '"x\\"y\\\\"' }]],
])('%s has options %j', (sql, options) => {
  expect(factsOf(sql).options).toEqual(options)
})

const HOUR = 3_600_000
const DAY = 24 * HOUR
test.each<[string, readonly number[] | null | undefined]>([
  ["'CURRENT_TIMESTAMP' = x", undefined],
  ['"CURRENT_TIMESTAMP" = x', undefined],
  ['__time < CURRENT_TIMESTAMP', []],
  ['__time < current_timestamp(3)', []],
  ['__time >= CURRENT_DATE', []],
  ['__time < LOCALTIMESTAMP', []],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY", [DAY]],
  ["__time >= INTERVAL '2' HOURS + CURRENT_TIMESTAMP", [2 * HOUR]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL -'1' DAY", [DAY]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '-1' DAY", [DAY]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1 02:03' DAY TO MINUTE", [DAY + 2 * HOUR + 180_000]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1-2' YEAR TO MONTH", [(365 + 56) * DAY]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1:2.5' MINUTE TO SECOND", [62_500]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '300' SECOND(3)", [300_000]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' MONTH", [28 * DAY]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' WEEK", [HOUR]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL 'x' DAY", null],
  ['__time >= TIMESTAMPADD(DAY, -1, CURRENT_TIMESTAMP)', [DAY]],
  ['__time >= timestampadd(week, 2, current_timestamp)', [14 * DAY]],
  // Metabase writes counts so.
  ['__time >= TIMESTAMPADD(DAY, CAST(-3 AS integer), CURRENT_TIMESTAMP)', [3 * DAY]],
  ['__time >= TIMESTAMPADD(DAY, -CAST(3 AS BIGINT), CURRENT_TIMESTAMP)', [3 * DAY]],
  ['__time >= TIMESTAMPADD(DAY, CAST(CAST(-3 AS BIGINT) AS INTEGER), CURRENT_TIMESTAMP)', [3 * DAY]],
  ["__time >= DATE_TRUNC('day', TIMESTAMPADD(DAY, CAST(-3 AS integer), CURRENT_TIMESTAMP))", [3 * DAY]],
  ["__time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1D', CAST(-1 AS INTEGER))", [DAY]],
  ['__time >= TIMESTAMPADD(DAY, CAST(-3 AS DOUBLE), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, CAST(-3 AS TINYINT), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, CAST(-3 AS DECIMAL(9, 0)), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, CAST(-3.5 AS INTEGER), CURRENT_TIMESTAMP)', null],
  ["__time >= TIMESTAMPADD(DAY, CAST('-3' AS INTEGER), CURRENT_TIMESTAMP)", null],
  ['__time >= TIMESTAMPADD(DAY, CAST(n AS INTEGER), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, CAST(? AS INTEGER), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, CAST(-3 AS INTEGER ARRAY), CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, n, CURRENT_TIMESTAMP)', null],
  ['__time >= TIMESTAMPADD(DAY, -?, CURRENT_TIMESTAMP)', null],
  ["__time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1D', -1)", [DAY]],
  ["__time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'P1M2DT3H', -2, 'Asia/Tokyo')", [2 * (30 * DAY + 3 * HOUR)]],
  ["__time >= TIME_SHIFT(CURRENT_TIMESTAMP, 'PXD', -1)", null],
  ["__time >= FLOOR(CURRENT_TIMESTAMP TO DAY) - INTERVAL '1' DAY", [DAY]],
  ["__time >= TIME_FLOOR(CURRENT_TIMESTAMP - INTERVAL '1' DAY, 'PT1H')", [DAY]],
  ["__time >= DATE_TRUNC('hour', TIMESTAMPADD(HOUR, -1, CURRENT_TIMESTAMP))", [HOUR]],
  ['__time >= CAST(CURRENT_TIMESTAMP AS DATE)', []],
  ['__time >= CAST(CURRENT_TIMESTAMP AS BIGINT)', null],
  ['__time >= CEIL(CURRENT_TIMESTAMP TO DAY)', null],
  [
    "__time BETWEEN CURRENT_TIMESTAMP - INTERVAL '2' DAY AND CURRENT_TIMESTAMP - INTERVAL '1' DAY",
    [DAY, 2 * DAY],
  ],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' MONTH + INTERVAL '29' DAY", null],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '7' DAY + INTERVAL '1' DAY", [6 * DAY]],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY - INTERVAL '1' HOUR + INTERVAL '1' DAY", null],
  ["__time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY - INTERVAL '1' HOUR", [DAY + HOUR]],
  ["x = 1 OR NOT __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR", [HOUR]],
  ["CASE WHEN __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR THEN 1 ELSE 0 END = 1", [HOUR]],
  ["CASE WHEN x = 1 THEN CURRENT_TIMESTAMP END - INTERVAL '1' HOUR <= __time", null],
  ["CURRENT_TIMESTAMP < (SELECT MAX(__time) + INTERVAL '1' HOUR FROM u)", null],
  ["__time + INTERVAL '1' DAY >= CURRENT_TIMESTAMP", null],
  ['TIMESTAMPADD(DAY, 1, __time) >= CURRENT_TIMESTAMP', null],
  ['FLOOR(__time TO DAY) >= CURRENT_TIMESTAMP', []],
  ['TIMESTAMPDIFF(DAY, __time, CURRENT_TIMESTAMP) < 1', null],
  ['TIMESTAMP_TO_MILLIS(CURRENT_TIMESTAMP) - 1000 < x', null],
  ['CURRENT_TIMESTAMP', null],
  ['__time >= NOW()', null],
  ['__time >= {fn CURDATE()}', []],
  ['__time >= {fn TIMESTAMPADD(SQL_TSI_DAY, -9, {fn CURDATE()})}', [9 * DAY]],
  ['__time >= {fn CURTIME()}', null],
  ["__time >= (SELECT CURRENT_TIMESTAMP - INTERVAL '1' DAY)", null],
  ["x IN (SELECT x FROM u WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY)", [DAY]],
])('WHERE %s: distances from now %j', (where, distancesMs) => {
  const now = distancesMs === undefined ? { kind: 'none' } : { kind: 'used', distancesMs }
  expect(factsOf(`SELECT 1 FROM t WHERE ${where}`).now).toEqual(now)
})

test.each<[string, readonly number[] | null]>([
  ['SELECT CURRENT_TIMESTAMP, x FROM t', []],
  ["SELECT CURRENT_DATE - INTERVAL '1' DAY FROM t", [DAY]],
  ["SELECT COUNT(*) FILTER (WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR) FROM t", [HOUR]],
  ["SELECT SUM(CASE WHEN __time >= CURRENT_TIMESTAMP - INTERVAL '1' HOUR THEN x END) FROM t", [HOUR]],
  ['SELECT 1 FROM (SELECT CURRENT_TIMESTAMP AS n FROM t)', null],
  ['SELECT SUM(x) OVER w FROM t WINDOW w AS (ORDER BY CURRENT_TIMESTAMP)', null],
  ['SELECT 1 FROM t GROUP BY CURRENT_TIMESTAMP', null],
])('%s: distances from now %j', (sql, distancesMs) => {
  expect(factsOf(sql).now).toEqual({ kind: 'used', distancesMs })
})

test.each<[string, string, boolean]>([
  ['SELECT 1 FROM a', 'select  1\nfrom\ta -- comment', true],
  ['SELECT 1 FROM a', 'SELECT/**/1/**/FROM a', true],
  ['SELECT 1 FROM a', 'SELECT 1 FROM a;', false],
  ['SELECT 1 FROM a;', 'SELECT 1 FROM a;;', false],
  ['SELECT 1 FROM a ;', 'SELECT 1 FROM a; -- end', true],
  ['SELECT CURRENT_DATE FROM a', 'SELECT current_date FROM a', false],
  ['SELECT LOCALTIMESTAMP FROM a', 'SELECT LocalTimestamp FROM a', false],
  ['SELECT 1 FROM a', 'SET x = 1; SELECT 1 FROM a', true],
  ['SELECT COUNT(*) FROM a', 'select count(*) from a', true],
  ['SELECT a FROM t ORDER BY a DESC NULLS LAST', 'SELECT a FROM t ORDER BY a desc nulls last', true],
  ["SELECT TIMESTAMP '2020-01-01' FROM a", "SELECT timestamp'2020-01-01' FROM a", true],
  ['SELECT a FROM t', 'SELECT A FROM t', false],
  ['SELECT a FROM t', 'SELECT a FROM T', false],
  ['SELECT "CURRENT_DATE" FROM t', 'SELECT CURRENT_DATE FROM t', false],
  ['SELECT a b FROM t', 'SELECT a B FROM t', false],
  ['SELECT count FROM t', 'SELECT COUNT FROM t', false],
  ["SELECT 'a b' FROM t", "SELECT 'a  b' FROM t", false],
  ["SELECT 'a' , 'b' FROM t", "SELECT 'a'' , ''b' FROM t", false],
  ["SELECT 'x' FROM t", "SELECT 'X' FROM t", false],
  ['SELECT "a" , "b" FROM t', 'SELECT "a"" , ""b" FROM t', false],
  ['SELECT 1.0 FROM t', 'SELECT 1.00 FROM t', false],
  ['SELECT a - -1 FROM t', 'SELECT a - 1 FROM t', false],
  ['WITH t(a) AS (SELECT 1) SELECT a FROM t', 'WITH T(a) AS (SELECT 1) SELECT a FROM t', false],
  ['SELECT c FROM t, UNNEST(x) AS u(c)', 'SELECT c FROM t, UNNEST(x) AS U(c)', false],
  ['SELECT ? FROM t', "SELECT '?' FROM t", false],
  ['SELECT 1 -- 2\n + 3 FROM t', 'SELECT 1 -- 2 + 3 FROM t\n FROM t', false],
])('%s | %s: the same text: %s', (a, b, same) => {
  expect(factsOf(a).canonical === factsOf(b).canonical).toBe(same)
})

test.each<[string, string, boolean]>([
  ["SELECT 'a', 1 FROM t WHERE x > 2.5", "SELECT '', 99 FROM t WHERE x > 1e5", true],
  [
    "SELECT 1 FROM t WHERE __time > TIMESTAMP '2020-01-01'",
    "SELECT 1 FROM t WHERE __time > TIMESTAMP '2021-01-01'",
    true,
  ],
  ["SELECT LOOKUP(x, 'a') FROM t", "SELECT LOOKUP(x, 'b') FROM t", false],
  ["SELECT 1 FROM TABLE(APPEND('a', 'b'))", "SELECT 1 FROM TABLE(APPEND('a', 'c'))", false],
  ['SELECT 1 FROM t LIMIT 5', 'SELECT 1 FROM t', false],
  ["SELECT 'a' FROM t", 'SELECT 1 FROM t', false],
  ["SELECT 'a' FROM t", 'SELECT a FROM t', false],
  ['SELECT ? FROM t', 'SELECT 1 FROM t', false],
  ["SELECT '#n' FROM t", 'SELECT 1 FROM t', false],
])('%s | %s: the same form: %s', (a, b, same) => {
  expect(factsOf(a).form === factsOf(b).form).toBe(same)
})

const pieces = fc.array(
  fc.constantFrom(
    'SELECT',
    'FROM',
    'WHERE',
    'a',
    '"a"',
    "'a'",
    '1',
    '(',
    ')',
    ',',
    'AND',
    'OR',
    'NOT',
    '__time',
    '>=',
    "TIMESTAMP '2020-01-01'",
    'CURRENT_TIMESTAMP',
    '-',
    "INTERVAL '1' DAY",
    'CASE',
    'WHEN',
    'THEN',
    'END',
    'BETWEEN',
    'IN',
    ';',
    'WITH',
    'AS',
    '*',
    '?',
    'f(',
    'LOOKUP(',
    'JOIN',
    'ON',
    'GROUP BY',
    'ORDER BY',
    'DESC',
    'LIMIT',
    '.',
    '[',
    ']',
    '{',
    '}',
    'OVER',
    'FILTER',
    'INTERVAL',
    'CAST(',
    'TABLE(',
    'EXTRACT(',
    'TO',
    'VALUES',
    'UNION ALL',
    'FETCH',
    'WINDOW',
    'GROUPING SETS',
    'IS',
    'DISTINCT',
    'ARRAY',
    'SET',
    '=',
  ),
  { maxLength: 25 },
)

test.each([
  ['SELECT SUM(a) FROM t', 'SELECT ſum(a) FROM t'],
  ['SELECT MIN(a) FROM t', 'SELECT mın(a) FROM t'],
  ['SELECT a FROM t ORDER BY 1 DESC', 'SELECT a FROM t ORDER BY 1 DEſC'],
  ['SELECT a FROM t WHERE a IS NOT NULL', 'SELECT a FROM t WHERE a ıs NOT NULL'],
  ['SELECT 1 FROM (SELECT 1) CROSS JOIN (SELECT 2)', 'SELECT 1 FROM (SELECT 1) CROß JOIN (SELECT 2)'],
])('%s isn’t %s: Druid takes letters outside of ASCII for no others', (sql, other) => {
  const { canonical } = factsOf(sql)
  const analysis = analyse(other, OPTIONS)
  expect(analysis.kind === 'facts' ? analysis.facts.canonical : '').not.toBe(canonical)
})

test('no text throws, and reading a canonical text again gives it back', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((parts) => parts.join(' ')),
      ),
      (sql) => {
        const analysis = analyse(`SELECT ${sql}`, OPTIONS)
        if (analysis.kind === 'unknown') return
        expect(factsOf(analysis.facts.canonical)).toEqual({ ...analysis.facts, options: [] })
      },
    ),
    { numRuns: 2000 },
  )
})
