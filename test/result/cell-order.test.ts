import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareKeys,
  compareOrdered,
  keyReader,
  type OrderBy,
  type SortKey,
} from '../../src/result/cell-order.ts'

/** The cells in ascending order. */
function sorted(type: string, sqlType: string, cells: readonly string[], by?: OrderBy): string[] {
  const read = keyReader(type, sqlType)
  if (read === undefined) throw new Error(`no order for ${type}`)
  const keyed = cells.map((cell) => {
    const bytes = Buffer.from(`[${cell}]`)
    return { cell, key: read(bytes, 1, bytes.length - 1) }
  })
  return keyed
    .toSorted((a, b) => (by === undefined ? compareKeys(a.key, b.key) : compareOrdered(a.key, b.key, by)))
    .map(({ cell }) => cell)
}

test('texts are in the order of their UTF-16 units, whatever they are', () => {
  const read = keyReader('STRING', 'VARCHAR')
  const key = (text: string): SortKey => {
    const bytes = Buffer.from(JSON.stringify(text))
    return read?.(bytes, 0, bytes.length) ?? null
  }
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('a', 'é', '日', '\uD7FF', '\uE000', '\uFFFF', '😀', '𝔘'),
      fc.string({ unit: 'binary', maxLength: 1 }),
    ),
    maxLength: 4,
  })
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = a < b ? -1 : a > b ? 1 : 0
      expect(Math.sign(compareKeys(key(a), key(b)))).toBe(expected)
    }),
  )
})

describe('cells in Druid’s order', () => {
  test.each([
    ['LONG', 'BIGINT', ['null', '-9223372036854775808', '-1', '0', '9007199254740992', '9007199254740993']],
    [
      'DOUBLE',
      'DOUBLE',
      ['null', '"-Infinity"', '-1.0E7', '-0.0', '0.0', '9.0E-4', '1.0E16', '"Infinity"', '"NaN"'],
    ],
    ['FLOAT', 'FLOAT', ['1.0E-7', '0.1', '67.236']],
    [
      'STRING',
      'VARCHAR',
      [
        'null',
        '""',
        '"A"',
        '"\\u0041b"',
        '"a"',
        '"a\\"b"',
        '"é"',
        '"日"',
        '"日本"',
        '"😀"',
        '"😁"',
        '"\uE000"',
        '"ﬀ"',
        '"\uFFFD"',
      ],
    ],
    ['LONG', 'BOOLEAN', ['null', 'false', 'true']],
    [
      'LONG',
      'TIMESTAMP',
      [
        'null',
        '"2026-11-01T01:00:00.000-04:00"',
        '"2026-11-01T01:00:00.000-05:00"',
        '"2026-11-01T07:00:00.000Z"',
      ],
    ],
    [
      'LONG',
      'TIMESTAMP',
      [
        'null',
        '"-146136543-09-08T08:23:32.096Z"',
        '"-3706-08-05T00:00:00.000Z"',
        '"-0001-12-31T19:03:58.000-04:56:02"',
        '"0000-01-01T00:19:32.001+00:19:32"',
        '"1880-01-01T00:00:00.000-04:56:02"',
        '"2026-11-01T07:00:00.000Z"',
        '"11476-08-15T05:20:00.000Z"',
        '"14645-06-30T15:06:40.000Z"',
        '"292278994-08-17T07:12:55.806Z"',
        '"292278994-08-17T07:12:55.807Z"',
      ],
    ],
    [
      'LONG',
      'DATE',
      ['"-0044-03-15T00:00:00.000Z"', '"2026-11-01T00:00:00.000Z"', '"10000-01-01T00:00:00.000Z"'],
    ],
  ])('%s %s', (type, sqlType, cells) => {
    expect(sorted(type, sqlType, cells.toReversed())).toEqual(cells)
  })

  test.each<[OrderBy, string[]]>([
    [{ descending: false, nulls: 'first' }, ['null', '1', '2']],
    [{ descending: false, nulls: 'last' }, ['1', '2', 'null']],
    [{ descending: true, nulls: 'last' }, ['2', '1', 'null']],
    [{ descending: true, nulls: 'first' }, ['null', '2', '1']],
  ])('%j', (by, expected) => {
    expect(sorted('LONG', 'BIGINT', ['2', 'null', '1'], by)).toEqual(expected)
  })

  test.each(['ARRAY<LONG>', 'COMPLEX<HLLSketch>'])('%s has none', (type) => {
    expect(keyReader(type, 'OTHER')).toBeUndefined()
  })

  test.each(['"2026-11-01"', '"nonsense"', '1793491200000'])('%s is no instant, and none is told', (cell) => {
    const read = keyReader('LONG', 'TIMESTAMP')
    expect(() => read?.(Buffer.from(cell), 0, cell.length)).toThrow('not understood')
  })
})
