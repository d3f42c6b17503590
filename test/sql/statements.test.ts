import { expect, test } from 'vitest'
import { explainSql, rightsCheckSql } from '../../src/sql/statements.ts'

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
