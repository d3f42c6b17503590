// Of which INTEGERs and DATEs it is known that Druid prints them as it computes with them. What Druid gives for them is compared
// in `test/cluster/merge-statements.ts`.
import { describe, expect, test } from 'vitest'
import { analyse } from '../../src/sql/analyse.ts'

/** Of the expression as a dimension, and as what an extreme is of. */
function faithful(expression: string, from = 't'): readonly (boolean | undefined)[] {
  const sql = `SELECT ${expression} AS x, MAX(${expression}), COUNT(*) FROM ${from} WHERE __time >= '2026-10-01' GROUP BY 1`
  const analysis = analyse(sql, { timeZone: undefined, maxLength: 65_536, maxDepth: 64 })
  if (analysis.kind === 'unknown' || typeof analysis.facts.grouped === 'string') throw new Error(sql)
  const { dimensions, aggregates, bucket } = analysis.facts.grouped
  return [bucket === undefined ? dimensions[0]?.isFaithful : true, aggregates[0]?.isFaithful]
}

describe('integers within 32 bits', () => {
  test.each([
    '2147483647',
    '-2147483647',
    '60 * 60',
    'CAST(7 AS INTEGER)',
    'CHAR_LENGTH(page)',
    'CHARACTER_LENGTH(page)',
    'length(page)',
    'STRLEN(page)',
    "STRPOS(page, '/')",
    "POSITION('/' IN page)",
    "POSITION('/' IN page FROM 3)",
    'ARRAY_LENGTH(MV_TO_ARRAY(tags))',
    "ARRAY_OFFSET_OF(MV_TO_ARRAY(tags), 'vip')",
    "ARRAY_ORDINAL_OF(MV_TO_ARRAY(tags), 'vip')",
    'MV_LENGTH(tags)',
    "MV_OFFSET_OF(tags, 'vip')",
    "MV_ORDINAL_OF(tags, 'vip')",
    'CAST(CHAR_LENGTH(page) AS INTEGER)',
    'CAST(EXTRACT(YEAR FROM ts) AS INTEGER)',
    'CAST({fn TRUNCATE(EXTRACT(MONTH FROM ts),0)} AS INTEGER)',
    'CAST({fn TRUNCATE({fn QUARTER(ts)},0)} AS INTEGER)',
    'TRUNCATE(CHAR_LENGTH(page))',
    '-CHAR_LENGTH(page)',
    'MOD(added, 7)',
    'MOD(added * 1000000000, -7)',
    "CASE WHEN country = 'US' THEN 1 ELSE 0 END",
    'CASE WHEN a = 1 THEN 1 WHEN a = 2 THEN CHAR_LENGTH(page) END',
    'CASE WHEN a = 1 THEN NULL ELSE 3 END',
    'CASE a WHEN 3000000000 THEN 1 WHEN b * 5 THEN 2 ELSE MOD(a, 3) END',
    'COALESCE(CHAR_LENGTH(city), 0)',
    'NVL(CHAR_LENGTH(city), 0)',
    'NULLIF(CHAR_LENGTH(city), 3000000000)',
  ])('%s', (expression) => {
    expect(faithful(expression)).toEqual([true, true])
  })

  test.each([
    '2147483648',
    '-2147483648',
    '3000000 * 3000000',
    'CAST(5000000000 AS INTEGER)',
    "CAST('5000000000' AS INTEGER)",
    'CAST(added AS INTEGER)',
    'CAST(EXTRACT(EPOCH FROM ts) AS INTEGER)',
    'CAST({fn TRUNCATE(added,0)} AS INTEGER)',
    'TRUNCATE(CHAR_LENGTH(page), 3)',
    'CHAR_LENGTH(page) / 2',
    'CAST(CHAR_LENGTH(page) AS VARCHAR)',
    'CHAR_LENGTH(page) * 2',
    'CHAR_LENGTH(page) + 1',
    'MOD(added, 7) * 1000000000',
    'MOD(added, CHAR_LENGTH(page) * 7)',
    'MOD(added, 3000000000)',
    "TIMESTAMPDIFF(MILLISECOND, TIMESTAMP '2026-01-01', ts)",
    'CASE WHEN a = 1 THEN 1 ELSE CAST(added AS INTEGER) END',
    'CASE a WHEN 1 THEN CAST(added AS INTEGER) ELSE 2 END',
    'CASE WHEN a = 1 THEN CAST(added AS INTEGER) WHEN a = 2 THEN 1 END',
    'COALESCE(CHAR_LENGTH(city), CAST(added AS INTEGER))',
    'NULLIF(CAST(added AS INTEGER), 1)',
    'added',
  ])('not %s', (expression) => {
    expect(faithful(expression)).toEqual([false, false])
  })
})

describe('starts of days', () => {
  test.each([
    'CAST(ts AS DATE)',
    "CAST('2026-10-01 05:00:00' AS DATE)",
    "CAST(TIME_SHIFT(__time, 'PT1H', isRobot) AS DATE)",
    'CAST(TIME_PARSE(page) AS DATE)',
    'CAST(FLOOR(ts TO HOUR) AS DATE)',
    'CAST(CAST(page AS TIMESTAMP) AS DATE)',
    'FLOOR(CAST(ts AS DATE) TO MONTH)',
    'CEIL(CAST(ts AS DATE) TO WEEK)',
    'TIMESTAMPADD(DAY, 3, CAST(ts AS DATE))',
    '{fn TIMESTAMPADD(SQL_TSI_DAY,(-1 * ({fn DAYOFWEEK(ts)} - 1)),CAST(ts AS DATE))}',
    '{fn TIMESTAMPADD(SQL_TSI_MONTH,CAST({fn TRUNCATE((3 * (CAST({fn TRUNCATE({fn QUARTER(ts)},0)} AS INTEGER) - 1)),0)} AS INTEGER),CAST(ts AS DATE))}',
    'CASE WHEN a = 1 THEN CAST(ts AS DATE) ELSE CAST(other AS DATE) END',
    'COALESCE(CAST(ts AS DATE), CAST(other AS DATE))',
  ])('%s', (expression) => {
    expect(faithful(expression)).toEqual([true, true])
  })

  test.each([
    "CAST(ts AS DATE) + INTERVAL '1' HOUR * isRobot",
    "CAST(CAST(ts AS DATE) + INTERVAL '1' HOUR * isRobot AS DATE)",
    "CAST(CAST(CAST(ts AS DATE) + INTERVAL '1' HOUR AS TIMESTAMP) AS DATE)",
    'TIMESTAMPADD(HOUR, 3, CAST(ts AS DATE))',
    'TIMESTAMPADD(DAY, added, CAST(ts AS DATE))',
    'TIMESTAMPADD(DAY, MOD(CAST(weight AS DECIMAL), 7), CAST(ts AS DATE))',
    'TIMESTAMPADD(WEEK, 5 * CHAR_LENGTH(page), CAST(ts AS DATE))',
    'TIMESTAMPADD(DAY, 1, ts)',
    "FLOOR(CAST(ts AS DATE) + INTERVAL '1' HOUR TO MINUTE)",
    "CASE WHEN a = 1 THEN CAST(ts AS DATE) + INTERVAL '1' HOUR ELSE CAST(ts AS DATE) END",
    'FLOOR(ts TO DAY)',
  ])('not %s', (expression) => {
    expect(faithful(expression)).toEqual([false, false])
  })
})

test('a name is what the SELECT inside makes of it', () => {
  const inside = (x: string): string => `(SELECT __time, ${x} AS y FROM t)`
  expect(faithful('y', inside('CHAR_LENGTH(page)'))).toEqual([true, true])
  expect(faithful('y', inside('CAST(added AS INTEGER)'))).toEqual([false, false])
  expect(faithful('CAST(y AS DATE)', inside('ts'))).toEqual([true, true])
  expect(faithful('CAST(y AS DATE)', inside("CAST(ts AS DATE) + INTERVAL '1' HOUR"))).toEqual([false, false])
})
