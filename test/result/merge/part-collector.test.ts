import { describe, expect, test } from 'vitest'
import { valueAt } from '../../../src/result/merge/partial.ts'
import { collect, factsOf, partsOf, typesOf } from './fixtures.ts'

const TYPES = typesOf(['LONG', 'STRING', 'LONG', 'DOUBLE', 'FLOAT', 'TIMESTAMP', 'BOOLEAN'])
const FACTS = factsOf({ dimensions: 1, aggregates: ['sum', 'sum', 'max', 'min', 'max'] })
const DAY = '"2026-11-01T00:00:00.000Z"'

describe('an answer of parts', () => {
  test('gives groups by hidden bucket', () => {
    const found = partsOf(FACTS, TYPES, [
      `[0,"a",1,0.5,1.5,${DAY},true]`,
      `[3600000,"b",9007199254740993,1.0E7,null,null,false]`,
      `[0,null,-9223372036854775808,"NaN",67.236,${DAY},null]`,
    ])
    expect(found.rows).toBe(3)
    expect(found.columns).toEqual(TYPES)
    expect([...found.buckets.keys()]).toEqual([0, 3_600_000])
    const [first, second] = [...found.buckets.values()]
    expect(first?.keys).toEqual(['"a"', 'null'])
    const values = (of: typeof first, group: number): readonly unknown[] =>
      (of?.columns ?? []).map((column) => valueAt(column, group))
    expect(values(first, 0)).toEqual([1, 0.5, 1.5, Date.UTC(2026, 10, 1), 1])
    expect(values(first, 1)).toEqual([
      -9_223_372_036_854_775_808n,
      Number.NaN,
      Math.fround(67.236),
      Date.UTC(2026, 10, 1),
      null,
    ])
    expect(values(second, 0)).toEqual([9_007_199_254_740_993n, 1e7, null, null, 0])
    expect(found.sizeBytes).toBe((first?.sizeBytes ?? 0) + (second?.sizeBytes ?? 0))
  })

  test('keeps texts of doubles that Java writes with more digits than needed', () => {
    const found = partsOf(factsOf({ aggregates: ['sum', 'max'] }), typesOf(['LONG', 'DOUBLE', 'FLOAT']), [
      '[0,1.9999999999999998E23,1.00000003E16]',
      '[0,1.0E23,0.5]',
    ])
    const [partial] = [...found.buckets.values()]
    expect(partial?.columns.map(({ texts }) => [...(texts ?? [])])).toEqual([
      [[2e23, '1.9999999999999998E23']],
      [[Math.fround(1e16), '1.00000003E16']],
    ])
  })

  test.each<[string, string]>([
    ['a bucket that is no instant', `[null,"a",1,0.5,1.5,${DAY},true]`],
    ['a LONG that is none', `[0,"a",1.5,0.5,1.5,${DAY},true]`],
    ['a DOUBLE that is none', `[0,"a",1,true,1.5,${DAY},true]`],
    ['a text for a DOUBLE', `[0,"a",1,"0.5",1.5,${DAY},true]`],
    ['a DOUBLE in words that Java does not use', `[0,"a",1,"+Infinity",1.5,${DAY},true]`],
    ['a time past the year 9999', `[0,"a",1,0.5,1.5,"+10000-01-01T00:00:00.000Z",true]`],
    ['a time with an offset', `[0,"a",1,0.5,1.5,"2026-11-01T01:00:00.000-04:00",true]`],
    ['a BOOLEAN that is none', `[0,"a",1,0.5,1.5,${DAY},1]`],
  ])('%s is not understood', (_, row) => {
    const collector = collect(FACTS, TYPES, [row, `[0,"a",1,0.5,1.5,${DAY},true]`])
    expect(collector.bad).toBe('not-understood')
    expect(collector.result()).toBeUndefined()
  })

  test.each<[string, { rows: number; bytes: number }]>([
    ['rows', { rows: 1, bytes: 10_000 }],
    ['bytes', { rows: 10, bytes: 40 }],
  ])('with too many %s is given up', (_, limits) => {
    const rows = Array.from({ length: 2 }, () => `[0,"a",1,0.5,1.5,${DAY},true]`)
    expect(collect(FACTS, TYPES, rows, limits).bad).toBe('too-large')
  })

  test.each<[string, Parameters<typeof factsOf>[0], Parameters<typeof typesOf>[0]]>([
    ['times in another zone', { aggregates: ['min'], zone: 'Europe/Berlin' }, ['LONG', 'TIMESTAMP']],
    [
      'times to group by in another zone',
      { dimensions: 1, aggregates: ['count'], zone: 'Asia/Tokyo' },
      ['LONG', 'TIMESTAMP', 'LONG'],
    ],
    ['a sum of times', { aggregates: ['sum'] }, ['LONG', 'TIMESTAMP']],
    ['a sum of FLOAT', { aggregates: ['sum'] }, ['LONG', 'FLOAT']],
    ['the least text', { aggregates: ['min'] }, ['LONG', 'STRING']],
    ['a count that is none', { aggregates: ['count'] }, ['LONG', 'DOUBLE']],
    ['an average without its count', { aggregates: ['avg'] }, ['LONG', 'DOUBLE']],
    ['an average of longs', { aggregates: ['avg'] }, ['LONG', 'LONG', 'LONG']],
    ['a column too many', { aggregates: ['count'] }, ['LONG', 'LONG', 'LONG']],
    ['no bucket', { aggregates: ['count'] }, ['TIMESTAMP', 'LONG']],
  ])('%s: not understood', (_, facts, types) => {
    expect(collect(factsOf(facts), typesOf(types), []).bad).toBe('not-understood')
  })

  test('without rows is empty', () => {
    const found = partsOf(FACTS, TYPES, [])
    expect(found.buckets.size).toBe(0)
    expect(found.sizeBytes).toBe(0)
  })
})
