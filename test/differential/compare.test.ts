// What two answers may differ in, and what not.
import { describe, expect, test } from 'vitest'
import { RESULT_FORMATS, type WireFormat } from '../../src/result/format.ts'
import { bodyOf, bodyText, cellsOf, rowWith } from './body.ts'
import { compare } from './compare.ts'
import { type Ordered } from './question.ts'

const wireOf = (resultFormat: WireFormat['resultFormat'], header = false): WireFormat => ({
  resultFormat,
  header,
  typesHeader: header,
  sqlTypesHeader: header,
})
const ARRAY = wireOf('array')
const ANY: Ordered = []

function kind(ours: string, theirs: string, ordered: Ordered, wire = ARRAY): string {
  const answers = [ours, theirs].map((body) => ({ status: 200, body }))
  const [mine, own] = answers
  return compare(mine ?? { status: 0, body: '' }, own ?? { status: 0, body: '' }, { wire, ordered }).kind
}

describe('an answer', () => {
  test.each<[string, string, string, Ordered, string]>([
    ['that is the same', '[[1]]\n', '[[1]]\n', 'exactly', 'same'],
    ['of nothing', '[]\n', '[]\n', 'exactly', 'same'],
    ['with the last bits of a sum', '[[0.30000000000000004]]\n', '[[0.3]]\n', 'exactly', 'last bits'],
    ['with another double', '[[0.31]]\n', '[[0.3]]\n', ANY, 'different'],
    ['with another integer past 2^53', '[[9007199254740993]]\n', '[[9007199254740992]]\n', ANY, 'different'],
    ['with a double that is an integer', '[[1]]\n', '[[1.0]]\n', ANY, 'different'],
    ['with a text that looks like a double', '[["0.3"]]\n', '[["0.30000000000000004"]]\n', ANY, 'different'],
    ['in an order that was left open', '[["a",1],["b",2]]\n', '[["b",2],["a",1]]\n', ANY, 'reordered'],
    ['in an order that counts', '[["a",1],["b",2]]\n', '[["b",2],["a",1]]\n', [1], 'different'],
    ['in an order that ties leave open', '[["a",1],["b",1]]\n', '[["b",1],["a",1]]\n', [1], 'reordered'],
    ["in an order that is Druid's own", '[["a",1],["b",1]]\n', '[["b",1],["a",1]]\n', 'exactly', 'different'],
    ['with a row twice', '[["a"],["a"],["b"]]\n', '[["a"],["b"],["b"]]\n', ANY, 'different'],
    ['with a row less', '[["a"]]\n', '[["a"],["b"]]\n', ANY, 'different'],
    ['that was cut', '[["a"],["b"]', '[["a"],["b"]]\n', ANY, 'different'],
    [
      'reordered and with last bits',
      '[["a",0.1],["b",0.2]]\n',
      '[["b",0.20000000000000001],["a",0.1]]\n',
      ANY,
      'reordered',
    ],
  ])('%s', (_, ours, theirs, ordered, expected) => {
    expect(kind(ours, theirs, ordered)).toBe(expected)
  })

  test('with another status is different', () => {
    const [ours, theirs] = [200, 500].map((status) => ({ status, body: '[]\n' }))
    expect(compare(ours!, theirs!, { wire: ARRAY, ordered: ANY }).kind).toBe('different')
  })
})

const HEADED: Readonly<Record<WireFormat['resultFormat'], string>> = {
  object: '[{"a":{"type":"STRING","sqlType":"VARCHAR"},"b":{}},{"a":"x,\\"y","b":null},{"a":"","b":1.5}]\n',
  array: '[["a","b"],["STRING","DOUBLE"],["VARCHAR","DOUBLE"],["x,\\"y",null],["",1.5]]\n',
  objectLines: '{"a":{"type":"STRING"},"b":{}}\n{"a":"x,\\"y","b":null}\n{"a":"","b":1.5}\n\n',
  arrayLines: '["a","b"]\n["STRING","DOUBLE"]\n["VARCHAR","DOUBLE"]\n["x,\\"y",null]\n["",1.5]\n\n',
  csv: 'a,b\nSTRING,DOUBLE\nVARCHAR,DOUBLE\n"x,""y",\n,1.5\n\n',
}

test.each(RESULT_FORMATS)('a body of %s is taken apart, and put together as it was', (format) => {
  const wire = wireOf(format, true)
  const body = bodyOf(HEADED[format], wire)
  const cells = body?.rows.map((row) => cellsOf(row, wire)) ?? []
  const [text, nothing] = format === 'csv' ? ['"x,""y"', ''] : ['"x,\\"y"', 'null']
  expect(cells).toEqual([
    [text, nothing],
    [format === 'csv' ? '' : '""', '1.5'],
  ])
  expect(body?.rows.map((row, index) => rowWith(row, cells[index] ?? [], wire))).toEqual(body?.rows)
  expect(body === undefined ? '' : bodyText(body)).toBe(HEADED[format])
})

test.each(RESULT_FORMATS)('an empty body of %s has no rows', (format) => {
  const empty = format === 'array' || format === 'object' ? '[]\n' : '\n'
  const body = bodyOf(empty, wireOf(format))
  expect([body?.rows, body === undefined ? '' : bodyText(body)]).toEqual([[], empty])
})
