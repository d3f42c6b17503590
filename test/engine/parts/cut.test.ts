// LIMIT and OFFSET as Druid reads them: as ints (33.0.0: `LIMIT 2.9` gives 2 rows, `LIMIT 4294967298` too).
import { expect, test } from 'vitest'
import { cutOf } from '../../../src/engine/parts/cut.ts'
import { analyse } from '../../../src/sql/analyse.ts'
import { type Grouped } from '../../../src/plan/grouped.ts'

const NONE = Number.POSITIVE_INFINITY

function grouped(tail: string): Grouped {
  const sql = `SELECT k, SUM(v) AS s FROM t GROUP BY 1 ORDER BY 2 ${tail}`
  const analysis = analyse(sql, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 })
  if (analysis.kind !== 'facts' || typeof analysis.facts.grouped === 'string') throw new Error(sql)
  return analysis.facts.grouped
}

function cut(tail: string, parameters: readonly unknown[] = [], outerLimit = NONE): unknown {
  const of = {
    kind: 'merge' as const,
    shape: '' as never,
    grouped: grouped(tail),
    parameters: '',
    timeForm: '',
    pinnedNowMs: undefined,
    outerLimit,
    family: '',
  }
  return cutOf(of, parameters.length === 0 ? '' : JSON.stringify(parameters))
}

test.each<[string, { limit: number; offset: number }]>([
  ['', { limit: NONE, offset: 0 }],
  ['LIMIT 2', { limit: 2, offset: 0 }],
  ['LIMIT 0', { limit: 0, offset: 0 }],
  ['LIMIT 2.0', { limit: 2, offset: 0 }],
  ['OFFSET 0', { limit: NONE, offset: 0 }],
  ['LIMIT 2147483647', { limit: 2_147_483_647, offset: 0 }],
  ['LIMIT 2147483646 OFFSET 1', { limit: 2_147_483_646, offset: 1 }],
])('%s', (tail, wanted) => {
  expect(cut(tail)).toEqual(wanted)
})

test.each([
  'LIMIT 2.9',
  'LIMIT 3 OFFSET 1.9',
  'LIMIT 2147483648',
  'LIMIT 4294967298',
  'LIMIT 2 OFFSET 4294967297',
  'OFFSET 1',
  'LIMIT 2147483647 OFFSET 1',
  'LIMIT 10 OFFSET 2147483640',
])('%s is left to Druid', (tail) => {
  expect(cut(tail)).toBeUndefined()
})

test.each<[unknown, unknown]>([
  [2, { limit: 2, offset: 0 }],
  [4_294_967_298, undefined],
  [2.9, undefined],
  [-1, undefined],
  ['2', undefined],
])('LIMIT ? of %s', (value, wanted) => {
  expect(cut('LIMIT ?', [{ type: 'BIGINT', value }])).toEqual(wanted)
})

test('a limit round all of it is one of those that Druid adds up', () => {
  expect(cut('LIMIT 20 OFFSET 1', [], 10)).toEqual({ limit: 10, offset: 1 })
  expect(cut('OFFSET 1', [], 10)).toEqual({ limit: 10, offset: 1 })
  expect(cut('OFFSET 2147483640', [], 10)).toBeUndefined()
})
