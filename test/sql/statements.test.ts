import { expect, test } from 'vitest'
import { explainSql, isRead, rightsCheckSql } from '../../src/sql/statements.ts'

test.each([
  ['SELECT 1', 'EXPLAIN PLAN FOR SELECT 1'],
  ['SELECT 1 ; -- done', 'EXPLAIN PLAN FOR SELECT 1'],
  ["SELECT ';' ;;", "EXPLAIN PLAN FOR SELECT ';'"],
  ['/* a; */ SELECT 1', '/* a; */ EXPLAIN PLAN FOR SELECT 1'],
  ['-- a\nSELECT 1', '-- a\nEXPLAIN PLAN FOR SELECT 1'],
  [
    "SET sqlTimeZone = 'Etc/UTC'; set a = 1;\nWITH x AS (SELECT 1) SELECT * FROM x;",
    "SET sqlTimeZone = 'Etc/UTC'; set a = 1;\nEXPLAIN PLAN FOR WITH x AS (SELECT 1) SELECT * FROM x",
  ],
  ['SELECT 1 -- end\n', 'EXPLAIN PLAN FOR SELECT 1'],
  ["SELECT 'open", "EXPLAIN PLAN FOR SELECT 'open"],
])('explains %s', (sql, expected) => {
  expect(explainSql(sql)).toBe(expected)
})

test.each([
  ['events', 'SELECT 1 FROM "druid"."events" LIMIT 0'],
  ['a"b; c', 'SELECT 1 FROM "druid"."a""b; c" LIMIT 0'],
])('checks the right to read %s', (table, expected) => {
  expect(rightsCheckSql(table)).toBe(expected)
})

test.each<[boolean, string]>([
  [true, 'SELECT 1'],
  [true, 'select*from t'],
  [true, ' \n(( SELECT 1) UNION ALL SELECT 2)'],
  [true, '-- INSERT\n/* REPLACE */ WITH a AS (SELECT 1) SELECT * FROM a'],
  [true, 'VALUES (1)'],
  [true, 'EXPLAIN PLAN FOR INSERT INTO t SELECT 1'],
  [true, "SET a = 1; set b = '; INSERT'; SELECT REPLACE(x, 'a', 'b') FROM t"],
  [true, `SELECT '${'x'.repeat(100_000)}`],
  [false, 'INSERT INTO t SELECT 1 PARTITIONED BY DAY'],
  [false, 'replace into t overwrite all select 1 partitioned by day'],
  [false, '/* SELECT */ INSERT INTO t SELECT 1'],
  [false, "SET a = ';SELECT'; INSERT INTO t SELECT 1"],
  [false, '-- SELECT 1'],
  [false, '/* open SELECT 1'],
  [false, `${' '.repeat(10_000_000)}SELECT 1`],
  [false, 'SELECTED'],
  [false, 'DROP TABLE t'],
  [false, ''],
  [false, ';SELECT 1'],
])('is a read: %s, %.60s', (expected, sql) => {
  expect(isRead(sql)).toBe(expected)
})
