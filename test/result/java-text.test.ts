import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { doubleText, floatText, olderDoubleText } from '../../src/result/java-text.ts'

const RUNS = { numRuns: 10_000 }
const JAVA = /^-?(0|[1-9]\d{0,6})\.(0|\d*[1-9])$|^-?[1-9]\.(0|\d*[1-9])E-?[1-9]\d*$/

// Druid 33.0.0 printed the same (JDK 17).
describe('doubles are printed as Java prints them', () => {
  test.each<[number, string]>([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-58, '-58.0'],
    [100_000, '100000.0'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [12_345_678.9, '1.23456789E7'],
    [1e16, '1.0E16'],
    [0.001, '0.001'],
    [9e-4, '9.0E-4'],
    [1e-7, '1.0E-7'],
    [0.1 + 0.2, '0.30000000000000004'],
    [Number.MIN_VALUE, '4.9E-324'],
    [1e-323, '9.9E-324'],
    [2e-323, '2.0E-323'],
    [Number.MAX_VALUE, '1.7976931348623157E308'],
    [119.777_385_159_010_6, '119.7773851590106'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [Number.NaN, 'NaN'],
  ])('%d → %s', (value, text) => {
    expect(doubleText(value)).toBe(text)
  })

  test('every double is told from every other, in the form of Java', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = doubleText(value)
        expect(Number(text)).toBe(value)
        expect(text).toMatch(JAVA)
      }),
      RUNS,
    )
  })
})

describe('floats are printed with the digits that tell them from other floats', () => {
  test.each<[number, string]>([
    [67.236, '67.236'],
    [12_345_679, '1.2345679E7'],
    [0.1, '0.1'],
    [16_777_216, '1.6777216E7'],
    [0, '0.0'],
    [-1.5, '-1.5'],
    [1e-45, '1.4E-45'],
    [3.402_823_5e38, '3.4028235E38'],
    [9e-4, '9.0E-4'],
    [1e10, '1.0E10'],
  ])('%d → %s', (value, text) => {
    expect(floatText(Math.fround(value))).toBe(text)
  })

  test('every float is told from every other', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = floatText(value)
        expect(Math.fround(Number(text))).toBe(value)
        expect(text).toMatch(JAVA)
      }),
      RUNS,
    )
  })
})

// Druid 33.0.0 printed these (JDK 17).
describe('integers past 2^53 are printed as Java printed them before version 19', () => {
  test.each<string>([
    '9.007199254740994E15',
    '1.8014398509814768E16',
    '-9.0071992549072336E16',
    '-1.57625986960874176E17',
    '1.23550857177097498E18',
    '8.2956305140979333E18',
    '1.5E21',
    '1.23456789E7',
    '0.1',
  ])('%s', (text) => {
    expect(olderDoubleText(Number(text))).toBe(text)
  })
})
