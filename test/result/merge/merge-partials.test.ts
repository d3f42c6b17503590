import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergePartials } from '../../../src/result/merge/merge-partials.ts'
import { type MergePartial, NO_GROUPS, valueAt } from '../../../src/result/merge/partial.ts'
import { type PartKind } from '../../../src/result/merge/value-types.ts'
import { factsOf, partialsOf, partsOf, typesOf } from './fixtures.ts'

const KINDS: readonly PartKind[] = [
  { combine: 'sum', type: 'LONG' },
  { combine: 'min', type: 'LONG' },
  { combine: 'max', type: 'LONG' },
  { combine: 'sum', type: 'DOUBLE' },
  { combine: 'min', type: 'DOUBLE' },
  { combine: 'max', type: 'DOUBLE' },
]
const FACTS = factsOf({ dimensions: 2, aggregates: ['sum', 'min', 'max', 'sum', 'min', 'max'] })
const TYPES = typesOf(['LONG', 'STRING', 'LONG', 'LONG', 'LONG', 'LONG', 'DOUBLE', 'DOUBLE', 'DOUBLE'])

const long = fc.option(
  fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 53n) - 2n, max: 2n ** 53n + 2n }),
    fc.bigInt({ min: -5n, max: 5n }),
  ),
  { freq: 4 },
)
// Quarters are added without loss, in whatever order.
const double = fc.option(
  fc.integer({ min: -1000, max: 1000 }).map((quarters) => quarters / 4 + 0),
  { freq: 4 },
)
const row = fc.record({
  bucket: fc.integer({ min: 0, max: 4 }),
  text: fc.constantFrom('null', '"a"', '"a,b"', '"x\\"y"', '"ü"'),
  number: fc.constantFrom('null', '1', '9007199254740993'),
  long,
  double,
})
type Row = Readonly<{
  bucket: number
  text: string
  number: string
  long: bigint | null
  double: number | null
}>

function partialsFrom(rows: readonly Row[]): readonly MergePartial[] {
  // A bucket has each group once: rows that would be the same group get a bucket of their own.
  const seen = new Map<string, number>()
  const texts = rows.map(({ bucket, text, number, long: a, double: b }) => {
    const key = `${bucket},${text},${number}`
    const copy = seen.get(key) ?? 0
    seen.set(key, copy + 1)
    const doubles = [b, b, b].map((value) =>
      value === null ? 'null' : Number.isInteger(value) ? `${value}.0` : `${value}`,
    )
    return `[${bucket + copy * 100},${text},${number},${a},${a},${a},${doubles.join()}]`
  })
  return partialsOf(partsOf(FACTS, TYPES, texts))
}

/** What each group comes to, computed one row after the other with bigints. */
function naive(rows: readonly Row[]): ReadonlyMap<string, readonly (bigint | number | null)[]> {
  const groups = new Map<string, Row[]>()
  for (const one of rows) {
    const key = `${one.text},${one.number}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return new Map(
    [...groups].map(([key, some]) => {
      const longs = some.flatMap(({ long: value }) => (value === null ? [] : [value]))
      const doubles = some.flatMap(({ double: value }) => (value === null ? [] : [value]))
      const sum = longs.reduce((a, b) => BigInt.asIntN(64, a + b), 0n)
      return [
        key,
        [
          longs.length === 0 ? null : sum,
          longs.length === 0 ? null : longs.reduce((a, b) => (b < a ? b : a)),
          longs.length === 0 ? null : longs.reduce((a, b) => (b > a ? b : a)),
          doubles.length === 0 ? null : doubles.reduce((a, b) => a + b, 0),
          doubles.length === 0 ? null : Math.min(...doubles),
          doubles.length === 0 ? null : Math.max(...doubles),
        ],
      ]
    }),
  )
}

/** Longs as bigints, to be compared with those of `naive`. */
function groupsOf({ keys, columns }: MergePartial): ReadonlyMap<string, readonly (bigint | number | null)[]> {
  return new Map(
    keys.map((key, group) => [
      Buffer.from(key, 'latin1').toString(),
      columns.map((column, at) => {
        const value = valueAt(column, group)
        return typeof value === 'number' && KINDS[at]?.type === 'LONG' ? BigInt(value) : value
      }),
    ]),
  )
}

describe('partials are merged by group', () => {
  test('as if all rows were added up at once', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        expect(groupsOf(mergePartials(partialsFrom(rows), KINDS))).toEqual(naive(rows))
      }),
      { numRuns: 500 },
    )
  })

  test('in any order and in any steps', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), fc.nat(), (rows, at) => {
        const partials = partialsFrom(rows)
        const cut = at % (partials.length + 1)
        const steps = [
          mergePartials(partials.slice(cut), KINDS),
          mergePartials(partials.slice(0, cut), KINDS),
        ]
        expect(groupsOf(mergePartials(steps, KINDS))).toEqual(groupsOf(mergePartials(partials, KINDS)))
      }),
      { numRuns: 300 },
    )
  })

  test('and never changed', () => {
    const partials = partialsFrom([
      { bucket: 0, text: '"a"', number: '1', long: 2n ** 62n, double: 1 },
      { bucket: 1, text: '"a"', number: '1', long: 2n ** 62n, double: null },
    ])
    const before = structuredClone(partials)
    mergePartials(partials, KINDS)
    expect(partials).toEqual(before)
  })

  test('buckets without rows add nothing', () => {
    const [partial] = partialsFrom([{ bucket: 0, text: '"a"', number: '1', long: 5n, double: 0.5 }])
    expect(groupsOf(mergePartials([NO_GROUPS, partial!, NO_GROUPS], KINDS))).toEqual(groupsOf(partial!))
    expect(mergePartials([], KINDS).keys).toEqual([])
  })

  test('-0.0 is below 0.0, and NaN is all that is left', () => {
    const kinds: readonly PartKind[] = [
      { combine: 'min', type: 'DOUBLE' },
      { combine: 'max', type: 'DOUBLE' },
    ]
    const facts = factsOf({ aggregates: ['min', 'max'] })
    const of = (...texts: readonly string[]): readonly unknown[] => {
      const rows = texts.map((text, bucket) => `[${bucket},${text},${text}]`)
      const { columns } = mergePartials(
        partialsOf(partsOf(facts, typesOf(['LONG', 'DOUBLE', 'DOUBLE']), rows)),
        kinds,
      )
      return columns.map((column) => valueAt(column, 0))
    }
    expect(of('0.0', '-0.0')).toEqual([-0, 0])
    expect(of('1.0', '"NaN"', '2.0')).toEqual([Number.NaN, Number.NaN])
    expect(of('1.0', '"-Infinity"', 'null')).toEqual([Number.NEGATIVE_INFINITY, 1])
  })
})
