// Conditions of DuckDB as filters of native queries.
import { describe, expect, test } from 'vitest'
import { conjunctsOf, filterOf, unwrapped } from '../../src/sandbox/native-filter.ts'

const US = { type: 'equals', column: 'country', matchValueType: 'STRING', matchValue: 'US' }
const expression = (text: string): object => ({ type: 'expression', expression: text })

describe('a filter', () => {
  test.each<[string, string, unknown]>([
    ['none', '', undefined],
    ['TRUE', '(TRUE)', undefined],
    ['what says nothing', '((1 = 1))', undefined],
    ['a constant', '(0 = 1)', 'constant'],
    ['a comparison with a text', `("country" = 'US')`, US],
    ['its opposite', `("country" <> 'US')`, { type: 'not', field: US }],
    ['a null', '("country" IS NULL)', { type: 'null', column: 'country' }],
    ['no null', '("a""b" IS NOT NULL)', { type: 'not', field: { type: 'null', column: 'a"b' } }],
    [
      'AND, flat',
      `((("country" = 'US') AND ("a" > 1)) AND (("b" > 2)))`,
      { type: 'and', fields: [US, expression('"a" > 1'), expression('"b" > 2')] },
    ],
    ['AND beside what says nothing', `(("country" = 'US') AND (1 = 1))`, US],
    ['OR', `(("country" = 'US') OR ("a" > 1))`, { type: 'or', fields: [US, expression('"a" > 1')] }],
    ['NOT', `(NOT ("country" = 'US'))`, { type: 'not', field: US }],
    ['words within texts', `("a" LIKE 'x AND (y')`, expression(`"a" LIKE 'x AND (y'`)],
    ['BETWEEN', '("a" BETWEEN 1 AND 2)', expression('"a" BETWEEN 1 AND 2')],
    [
      'CASE',
      '(CASE WHEN "a" > 1 AND "b" > 2 THEN TRUE END)',
      expression('CASE WHEN "a" > 1 AND "b" > 2 THEN TRUE END'),
    ],
  ])('of %s', (_, condition, filter) => {
    expect(filterOf(condition)).toEqual(filter)
  })

  test('conditions are told apart however they are bracketed', () => {
    expect(conjunctsOf('((("a" > 1) AND ("b" > 2)) AND ("c" IN (1, 2)))')).toEqual([
      '"a" > 1',
      '"b" > 2',
      '"c" IN (1, 2)',
    ])
  })

  test('brackets are taken off only where they are round all of it', () => {
    expect(unwrapped('((a) + (b))')).toBe('(a) + (b)')
  })
})
