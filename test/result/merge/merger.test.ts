import { describe, expect, test } from 'vitest'
import { type Formula } from '../../../src/plan/grouped.ts'
import { type MergeFacts } from '../../../src/result/merge/merger.ts'
import {
  aggregate,
  dimension,
  factsOf,
  literal,
  merged,
  mergerFor,
  operation,
  partialsOf,
  partsOf,
  type TypeName,
  typesOf,
} from './fixtures.ts'

const [A0, A1, A2] = [aggregate(0), aggregate(1), aggregate(2)]
const D0 = dimension(0)

/** The one cell of a formula over three aggregates, a LONG, a DOUBLE sum and a LONG that is null. */
function cell(
  formula: Formula,
  client: Parameters<typeof typesOf>[0][number],
  long = '7',
  double = '2.5',
): unknown {
  const facts = factsOf({ aggregates: ['sum', 'sum', 'max'], columns: [formula] })
  const rows = merged(facts, {
    parts: ['LONG', 'DOUBLE', 'LONG'],
    client: [client],
    rows: [`[0,${long},${double},null]`],
  })
  return typeof rows === 'string' ? rows : rows[0]?.slice(1, -1)
}

describe('a column is what Druid makes of its formula', () => {
  test.each<[string, Formula, 'LONG' | 'DOUBLE' | 'DECIMAL' | 'BOOLEAN' | 'INTEGER', string]>([
    ['a LONG', A0, 'LONG', '7'],
    ['a DOUBLE', A1, 'DOUBLE', '2.5'],
    ['null', A2, 'LONG', 'null'],
    ['long division', operation('/', A0, literal('2')), 'LONG', '3'],
    ['long division of what is negative', operation('/', operation('-', A0), literal('2')), 'LONG', '-3'],
    ['division by a fraction', operation('/', A0, literal('2.0')), 'DECIMAL', '3.5'],
    ['division of a cast', operation('/', operation('CAST DOUBLE', A0), literal('2')), 'DOUBLE', '3.5'],
    ['a double divided by zero', operation('/', A1, literal('0')), 'DOUBLE', '"Infinity"'],
    ['no number', operation('*', operation('/', A1, literal('0')), literal('0')), 'DOUBLE', '"NaN"'],
    ['a zero below zero', operation('*', operation('-', A1), literal('0')), 'DOUBLE', '-0.0'],
    ['arithmetic with null', operation('+', A0, A2), 'LONG', 'null'],
    ['null divided by zero', operation('/', A2, operation('-', A0, A0)), 'LONG', 'null'],
    ['a folded product', operation('*', A0, operation('*', literal('60'), literal('60'))), 'LONG', '25200'],
    ['a literal below zero', operation('-', A0, operation('-', literal('5'))), 'LONG', '12'],
    ['the cut of a double', operation('CAST BIGINT', operation('-', literal('0.25'), A1)), 'LONG', '-2'],
    ['a cast that changes nothing', operation('CAST BIGINT', A0), 'LONG', '7'],
    ['NULLIF of what is equal', operation('NULLIF', A0, literal('7.0')), 'LONG', 'null'],
    ['NULLIF of what is not', operation('NULLIF', A1, literal('0')), 'DOUBLE', '2.5'],
    ['NULLIF with null', operation('NULLIF', A0, A2), 'LONG', '7'],
    ['COALESCE of null', operation('COALESCE', A2, literal('5')), 'LONG', '5'],
    [
      'COALESCE of both kinds',
      operation('/', operation('COALESCE', A2, literal('5'), A1), literal('2')),
      'DOUBLE',
      '2.5',
    ],
    ['COALESCE of nothing but null', operation('COALESCE', A2, A2), 'LONG', 'null'],
    ['a comparison', operation('>=', A0, literal('7')), 'BOOLEAN', 'true'],
    ['a comparison of both kinds', operation('<', A1, A0), 'BOOLEAN', 'true'],
    ['a comparison with null', operation('=', A0, A2), 'BOOLEAN', 'null'],
    ['IS NULL', operation('IS', A2, literal('NULL')), 'BOOLEAN', 'true'],
    ['IS NOT NULL', operation('IS NOT', A2, literal('NULL')), 'BOOLEAN', 'false'],
    ['NOT of null', operation('NOT', operation('=', A0, A2)), 'BOOLEAN', 'null'],
    ['NOT', operation('NOT', operation('=', A0, literal('7'))), 'BOOLEAN', 'false'],
    ['INTEGER', operation('+', A0, literal('1')), 'INTEGER', '8'],
  ])('%s', (_, formula, client, expected) => {
    expect(cell(formula, client)).toBe(expected)
  })

  const [YES, NO, NONE] = [
    operation('>', A0, literal('5')),
    operation('<', A0, literal('5')),
    operation('>', A2, literal('5')),
  ]
  test.each<[string, readonly Formula[], string]>([
    ['AND', [YES, YES], 'true'],
    ['AND', [YES, NO, YES], 'false'],
    ['AND', [YES, NONE], 'null'],
    ['AND', [NONE, NO], 'false'],
    ['AND', [NO, NONE], 'false'],
    ['OR', [NO, YES], 'true'],
    ['OR', [NONE, YES], 'true'],
    ['OR', [YES, NONE], 'true'],
    ['OR', [NO, NONE, NO], 'null'],
    ['OR', [NO, NO], 'false'],
  ])('%s, case %#', (name, of, expected) => {
    expect(cell(operation(name, ...of), 'BOOLEAN')).toBe(expected)
  })

  test.each<[string, Formula, string]>([
    ['a sum that wraps', operation('+', A0, literal('1')), '-9223372036854775808'],
    ['a product that wraps', operation('*', A0, A0), '1'],
    ['what is past 2^53', operation('-', A0, literal('1')), '9223372036854775806'],
    ['long division past 2^53', operation('/', A0, operation('-', literal('7'))), '-1317624576693539401'],
    ['back among the safe ones', operation('-', A0, A0), '0'],
  ])('%s', (_, formula, expected) => {
    expect(cell(formula, 'LONG', '9223372036854775807')).toBe(expected)
  })

  test('literals are written as Druid writes them', () => {
    const texts = ["'it''s \"x\" \\ ö'", "''", '1', '1.50', '1e2', 'NULL', '3000000000']
    const facts = factsOf({ aggregates: ['count'], columns: texts.map(literal) })
    const given = {
      parts: ['LONG'],
      client: ['STRING', 'STRING', 'INTEGER', 'DECIMAL', 'DOUBLE', 'NULL', 'LONG'],
      rows: ['[0,1]'],
    } as const
    expect(merged(facts, given)).toEqual(['["it\'s \\"x\\" \\\\ ö","",1,1.5,100.0,null,3000000000]'])
  })
})

describe('what Druid would say is not told', () => {
  test.each<[string, Formula, 'LONG' | 'DOUBLE' | 'BOOLEAN' | 'INTEGER', string?, string?]>([
    ['division by zero', operation('/', A0, operation('-', A0, A0)), 'LONG'],
    ['division by a literal zero', operation('/', A0, literal('0')), 'LONG'],
    ['NaN compared', operation('=', operation('*', A1, literal('0')), literal('1')), 'BOOLEAN', '7', '"NaN"'],
    [
      '-0.0 compared',
      operation('=', operation('-', operation('*', A1, literal('0'))), literal('0')),
      'BOOLEAN',
    ],
    ['a long past 2^53 beside a double', operation('<', A0, literal('0.5')), 'BOOLEAN', '9007199254740993'],
    [
      'sums that are as good as equal',
      operation('<', A1, literal('0.3')),
      'BOOLEAN',
      '7',
      '0.30000000000000004',
    ],
    [
      'a sum as good as NULLIF wants it',
      operation('NULLIF', A1, literal('0.3')),
      'DOUBLE',
      '7',
      '0.30000000000000004',
    ],
    ['the cut of a sum as good as whole', operation('CAST BIGINT', A1), 'LONG', '7', '2.9999999999999996'],
    ['what is left of sums', operation('-', A1, literal('0.3')), 'DOUBLE', '7', '0.30000000000000004'],
    ['INTEGER out of its range', operation('*', A0, literal('2')), 'INTEGER', '2000000000'],
    [
      'an AND that it may leave early',
      operation(
        'AND',
        operation('<', A0, literal('5')),
        operation('>', operation('/', A0, literal('0')), literal('1')),
      ),
      'BOOLEAN',
    ],
  ])('%s', (_, formula, client, long, double) => {
    expect(cell(formula, client, long, double)).toBe('unsure')
  })

  test('of any group, not only of those that HAVING leaves', () => {
    const facts = factsOf({
      dimensions: 1,
      aggregates: ['sum', 'count'],
      columns: [D0, operation('/', A0, A1)],
      having: operation('>', A1, literal('0')),
    })
    const given = { parts: ['STRING', 'LONG', 'LONG'], client: ['STRING', 'LONG'] } as const
    expect(merged(facts, { ...given, rows: ['[0,"a",6,2]', '[0,"b",6,4]'] })).toEqual(['["a",3]', '["b",1]'])
    expect(merged(facts, { ...given, rows: ['[0,"a",6,2]', '[0,"b",6,0]'] })).toBe('unsure')
  })
})

describe('what is not known is not computed', () => {
  test.each<[string, Formula]>([
    ['CASE', operation('CASE', operation('>', A0, literal('5')), literal('1'), literal('0'))],
    ['a plus with one operand', operation('+', A0)],
    ['arithmetic over texts', operation('+', D0, literal('1'))],
    ['arithmetic over FLOAT', operation('+', aggregate(3), literal('1'))],
    ['a comparison of times', operation('=', aggregate(4), aggregate(4))],
    ['texts by their order', operation('<', D0, literal("'a'"))],
    ['literals compared', operation('>', literal('3'), literal('2'))],
    ['decimals folded', operation('*', A0, operation('/', literal('1.0'), literal('3')))],
    ['integers folded past INTEGER', operation('*', A0, operation('*', literal('65536'), literal('65536')))],
    ['integers folded by zero', operation('*', A0, operation('/', literal('1'), literal('0')))],
    ['a cast back', operation('CAST DOUBLE', operation('CAST BIGINT', A1))],
    ['a long literal', operation('+', A0, literal('1234567890123456'))],
    ['a text past the basic plane', operation('=', D0, literal("'🌍'"))],
    ['a text with a control character', operation('=', D0, literal("'a\nb'"))],
    ['a text with escapes', operation('=', D0, literal("U&'\\00e4'"))],
    ['a test for null of a literal', operation('IS', literal('1'), literal('NULL'))],
    ['a test for something else', operation('IS', A0, literal('1'))],
    ['a condition of numbers', operation('AND', A0, A1)],
    ['NULL in arithmetic', operation('+', A0, literal('NULL'))],
    ['an aggregate that is not there', aggregate(9)],
  ])('%s', (_, formula) => {
    const facts = factsOf({
      dimensions: 1,
      aggregates: ['sum', 'sum', 'max', 'max', 'max'],
      columns: [formula],
    })
    const parts = ['STRING', 'LONG', 'DOUBLE', 'LONG', 'FLOAT', 'TIMESTAMP'] as const
    const clients = ['LONG', 'DOUBLE', 'BOOLEAN', 'STRING', 'FLOAT'] as const
    expect(clients.map((client) => mergerFor(facts, { parts, client: [client] }))).toEqual(
      clients.map(() => undefined),
    )
  })

  test('and a column of another type than ours is not ours', () => {
    const facts = factsOf({ aggregates: ['sum'], columns: [A0] })
    expect(mergerFor(facts, { parts: ['LONG'], client: ['LONG'] })).toBeDefined()
    for (const client of ['DOUBLE', 'STRING', 'BOOLEAN', 'TIMESTAMP'] as const)
      expect(mergerFor(facts, { parts: ['LONG'], client: [client] })).toBeUndefined()
    expect(mergerFor(facts, { parts: ['LONG'], client: ['LONG', 'LONG'] })).toBeUndefined()
    const dimensions = factsOf({ dimensions: 1, aggregates: [], columns: [D0] })
    expect(mergerFor(dimensions, { parts: ['STRING'], client: ['LONG'] })).toBeUndefined()
  })

  test.each(['INTEGER', 'DATE'] as const)(
    'and a %s of which Druid may print less is not computed with',
    (type) => {
      const of = (isFaithful: boolean): readonly MergeFacts[] => [
        factsOf({ isFaithful, aggregates: ['max'], columns: [A0] }),
        factsOf({ isFaithful, dimensions: 1, aggregates: [], columns: [D0] }),
      ]
      for (const facts of of(true)) expect(mergerFor(facts, { parts: [type], client: [type] })).toBeDefined()
      for (const facts of of(false))
        expect(mergerFor(facts, { parts: [type], client: [type] })).toBeUndefined()
    },
  )

  test.each<[TypeName, TypeName, string, string]>([
    ['LONG', 'INTEGER', '2147483647', '2147483648'],
    ['LONG', 'INTEGER', '-2147483647', '-9007199254740993'],
    ['TIMESTAMP', 'DATE', '"2026-10-01T00:00:00.000Z"', '"2026-10-01T01:00:00.000Z"'],
  ])('and %s that is shown as %s is shown whole, or by Druid', (part, client, whole, cut) => {
    const facts = factsOf({ aggregates: ['max'], columns: [A0] })
    const shown = (text: string): unknown =>
      merged(facts, { parts: [part], client: [client], rows: [`[0,${text}]`] })
    expect(shown(whole)).toEqual([`[${whole}]`])
    expect(shown(cut)).toBe('unsure')
  })

  test.each<[string, Formula, 'having' | 'order', boolean]>([
    ['a dimension in HAVING', operation('=', D0, literal("'a'")), 'having', false],
    ['a number of a dimension in HAVING', operation('=', dimension(1), literal('1')), 'having', false],
    ['a number in HAVING', A0, 'having', false],
    ['a cut double in HAVING', operation('=', operation('CAST BIGINT', A1), literal('1')), 'having', false],
    ['a condition in HAVING', operation('>', A1, literal('1')), 'having', true],
    ['a text that is computed, to order by', operation('COALESCE', D0, literal("'x'")), 'order', false],
    ['a cut double to order by', operation('CAST BIGINT', A1), 'order', false],
    ['a literal NULL to order by', literal('NULL'), 'order', false],
    ['an array to order by', dimension(2), 'order', false],
    ['a dimension to order by', D0, 'order', true],
    ['a condition to order by', operation('>', A0, literal('1')), 'order', true],
  ])('%s', (_, formula, where, isKnown) => {
    const facts = factsOf({
      dimensions: 3,
      aggregates: ['sum', 'sum'],
      columns: [A0],
      ...(where === 'having' ? { having: formula } : { order: [formula] }),
    })
    const merger = mergerFor(facts, {
      parts: ['STRING', 'LONG', 'ARRAY', 'LONG', 'DOUBLE'],
      client: ['LONG'],
    })
    expect(merger !== undefined).toBe(isKnown)
  })
})

describe('a merge', () => {
  test('puts groups of several buckets together', () => {
    const facts = factsOf({
      dimensions: 2,
      aggregates: ['count', 'sum', 'min', 'max', 'avg'],
      columns: [dimension(1), D0, A0, A1, A2, aggregate(3), aggregate(4)],
    })
    const rows = merged(facts, {
      parts: ['STRING', 'LONG', 'LONG', 'LONG', 'FLOAT', 'TIMESTAMP', 'DOUBLE', 'LONG'],
      client: ['LONG', 'STRING', 'LONG', 'LONG', 'FLOAT', 'TIMESTAMP', 'DOUBLE'],
      rows: [
        '[0,"x,\\"y",1,2,9223372036854775807,1.5,"2026-11-01T00:00:00.000Z",9.223372036854776E18,1]',
        '[0,null,1,5,null,null,null,null,0]',
        '[60000,"x,\\"y",1,3,1,0.25,"2026-10-01T00:00:00.000Z",1.0,1]',
        '[60000,"ö🌍",null,1,1,67.236,null,1.0,4]',
      ],
    })
    expect(rows).toEqual([
      '[1,"x,\\"y",5,-9223372036854775808,0.25,"2026-11-01T00:00:00.000Z",4.611686018427388E18]',
      '[1,null,5,null,null,null,null]',
      '[null,"ö🌍",1,1,67.236,null,0.25]',
    ])
  })

  test('keeps what HAVING says is true', () => {
    const facts = factsOf({
      dimensions: 1,
      aggregates: ['sum'],
      columns: [D0, A0],
      having: operation('>', A0, literal('5')),
    })
    const given = { parts: ['STRING', 'LONG'], client: ['STRING', 'LONG'] } as const
    const rows = ['[0,"a",3]', '[0,"b",3]', '[0,"c",null]', '[1,"a",3]', '[1,"b",2]']
    expect(merged(facts, { ...given, rows })).toEqual(['["a",6]'])
    const merger = mergerFor(facts, given)
    const parts = partsOf(facts, typesOf(['LONG', ...given.parts]), rows)
    expect(merger?.merge(partialsOf(parts))?.countBefore).toBe(3)
  })

  test('over nothing has one row, or none where there are groups', () => {
    const over = (dimensions: number, sql = 'SUM(x)'): unknown => {
      const facts = factsOf({
        dimensions,
        aggregates: ['count', 'sum', 'avg', 'max'],
        columns: [A0, A1, A2, aggregate(3)],
      })
      const aggregates = facts.aggregates.map((one) => ({ ...one, text: { from: 0, to: sql.length } }))
      return merged(
        { ...facts, aggregates },
        {
          parts: [
            ...(dimensions === 0 ? [] : (['STRING'] as const)),
            'LONG',
            'LONG',
            'DOUBLE',
            'LONG',
            'TIMESTAMP',
          ],
          client: ['LONG', 'LONG', 'DOUBLE', 'TIMESTAMP'],
          rows: [],
          sql,
        },
      )
    }
    expect(over(0)).toEqual(['[0,null,null,null]'])
    expect(over(1)).toEqual([])
    // Of this Druid makes a count, which is 0.
    expect(over(0, 'SUM(case WHEN y THEN 1 ELSE 0 END)')).toBe('unsure')
    expect(over(1, 'SUM(case WHEN y THEN 1 ELSE 0 END)')).toEqual([])
  })

  test('writes the text of a double that Druid wrote', () => {
    const facts = factsOf({ aggregates: ['sum', 'max'], columns: [A0, A1] })
    const rows = ['[0,1.9999999999999998E23,1.9999999999999998E23]', '[1,null,1.0]']
    expect(merged(facts, { parts: ['DOUBLE', 'DOUBLE'], client: ['DOUBLE', 'DOUBLE'], rows })).toEqual([
      '[1.9999999999999998E23,1.9999999999999998E23]',
    ])
  })

  test('writes doubles that it computed in the manner of the Java that wrote the parts', () => {
    const facts = factsOf({ aggregates: ['sum'], columns: [operation('*', A0, literal('2'))] })
    const given = { parts: ['DOUBLE'], client: ['DOUBLE'] } as const
    expect(merged(facts, { ...given, rows: ['[0,9.0071992549073E15]'] })).toEqual(['[1.80143985098146E16]'])
    expect(merged(facts, { ...given, rows: ['[0,9.007199254907384E15]'] })).toEqual([
      '[1.801439850981477E16]',
    ])
    const older = ['[0,1.8014398509814768E16]', '[1,0.0]']
    expect(merged(facts, { ...given, rows: older })).toEqual(['[3.6028797019629536E16]'])
  })

  test('gives what an order compares', () => {
    const facts = factsOf({
      dimensions: 2,
      aggregates: ['sum', 'sum'],
      columns: [A0],
      order: [A0, operation('/', A1, A0), D0, operation('>', A0, literal('5'))],
    })
    const given = { parts: ['STRING', 'DOUBLE', 'LONG', 'DOUBLE'], client: ['LONG'] } as const
    const rows = [
      '[0,"a\\u0041",-0.0,9007199254740993,1.0]',
      '[0,null,null,4,2.0]',
      '[0,"b",1.5,4,2.0000000000000004]',
    ]
    const groups = mergerFor(facts, given)?.merge(
      partialsOf(partsOf(facts, typesOf(['LONG', ...given.parts]), rows)),
    )
    const keys = (group: number): readonly unknown[] =>
      [0, 1, 2, 3].map((key) => groups?.orderKey(key, group))
    expect(keys(0)).toEqual([9_007_199_254_740_993n, 1 / 2 ** 53, Buffer.from('aA'), 1])
    expect(keys(1)).toEqual([4, 0.5, null, 0])
    expect([0, 1, 2].map((group) => groups?.dimensionKey(1, group))).toEqual([-0, null, 1.5])
    expect(groups?.isUnsure(1, 1, 2)).toBe(true)
    expect(groups?.isUnsure(1, 0, 1)).toBe(false)
    expect(groups?.isUnsure(0, 1, 2)).toBe(false)
  })
})
