// Rows of buckets in Druid's order, beside a plain sort of the same rows as JavaScript values.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assembled, canOrder, type Order } from '../../src/result/assemble.ts'
import { joinedRows, sizeOf, sliceOf } from '../../src/result/bucket-rows.ts'
import { KeptReader } from '../../src/result/kept-reader.ts'
import { PartCollector, type PartRows } from '../../src/result/part-rows.ts'

interface Row {
  readonly bucket: number
  readonly name: string | null
  readonly n: number | null
  readonly hidden: number | null
}

const HEAD =
  '["b","name","n","__ovate_bucket","__ovate_order_0"],["LONG","STRING","LONG","LONG","DOUBLE"],["TIMESTAMP","VARCHAR","BIGINT","BIGINT","DOUBLE"]'
const VISIBLE = 3

function textOf({ bucket, name, n }: Row): string {
  return JSON.stringify([new Date(bucket).toISOString(), name, n])
}

function collected(rows: readonly Row[]): PartRows {
  const collector = new PartCollector(VISIBLE, { rows: 10_000, bytes: 1_000_000 })
  const reader = new KeptReader(collector)
  const texts = rows.map((row) => `${textOf(row).slice(0, -1)},${row.bucket},${row.hidden}]`)
  reader.push(Buffer.from(`[${[HEAD, ...texts].join(',')}]\n`))
  reader.end()
  const parts = collector.result()
  if (!reader.complete || parts === undefined) throw new Error('the answer of the test is broken')
  return parts
}

const HOUR_MS = 3_600_000
const rows = fc.array(
  fc.record({
    bucket: fc.nat(5).map((hour) => hour * HOUR_MS),
    name: fc.option(fc.constantFrom('a', 'b', 'é', 'ﬀ', '😀', '"', '\\')),
    n: fc.option(fc.integer({ min: -3, max: 3 })),
    hidden: fc.option(fc.integer({ min: -2, max: 2 })),
  }),
  { maxLength: 40 },
)

const COLUMNS = ['bucket', 1, 2, 4] as const
const orders = fc
  .uniqueArray(
    fc.record({
      of: fc.constantFrom(...COLUMNS),
      descending: fc.boolean(),
      nulls: fc.constantFrom('first', 'last'),
    }),
    { minLength: 1, maxLength: 3, selector: ({ of }) => of },
  )
  .map((keys): Order => ({ keys: keys.map((key) => ({ ...key, compare: undefined })) as Order['keys'] }))
const cuts = fc.record({
  offset: fc.nat(5),
  limit: fc.oneof(fc.nat(12), fc.constant(Number.POSITIVE_INFINITY)),
})

/** -1, 0 or 1 for ascending values that are no nulls. */
function plain(a: number | string, b: number | string): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a !== b)
  return Number(a) - Number(b)
}

function valueOf(row: Row, of: 'bucket' | number): number | string | null {
  return of === 'bucket' ? row.bucket : of === 1 ? row.name : of === 2 ? row.n : row.hidden
}

function expectedTexts(
  all: readonly Row[],
  { keys }: Order,
  offset: number,
  limit: number,
): readonly string[] {
  const order = (a: Row, b: Row): number => {
    for (const { of, descending, nulls } of keys) {
      const [x, y] = [valueOf(a, of), valueOf(b, of)]
      if (x === null && y === null) continue
      if (x === null || y === null) return (x === null) === (nulls === 'first') ? -1 : 1
      const found = plain(x, y)
      if (found !== 0) return descending ? -found : found
    }
    return 0
  }
  // Ties stay in order of time, and then as they came.
  const inTime = all.toSorted((a, b) => a.bucket - b.bucket)
  return inTime
    .toSorted(order)
    .slice(offset, offset + limit)
    .map(textOf)
}

function answer(texts: readonly string[]): string {
  const head = '["b","name","n"],["LONG","STRING","LONG"],["TIMESTAMP","VARCHAR","BIGINT"]'
  return `[${[head, ...texts].join(',')}]\n`
}

describe('an answer put together', () => {
  test('has its rows in order, cut, whatever runs they come from', () => {
    fc.assert(
      fc.property(rows, orders, cuts, fc.array(fc.nat(6), { maxLength: 3 }), (all, order, cut, borders) => {
        const { head, rows: found } = collected(all)
        expect(canOrder(order, head, () => false)).toBe(true)
        const at = [0, ...borders.toSorted((a, b) => a - b), 6].map((hour) => hour * HOUR_MS)
        const slices = at.slice(1).map((end, index) => sliceOf(found, at[index] ?? 0, end))
        // Each once as a part of what came, and once as rows of its own.
        for (const given of [slices, slices.map((slice) => sliceOf(joinedRows([slice]), 0, 6 * HOUR_MS))]) {
          const text = assembled(given, { head, order, cut }).toString()
          expect(text).toBe(answer(expectedTexts(all, order, cut.offset, cut.limit)))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('runs that are joined are what they were', () => {
    fc.assert(
      fc.property(rows, fc.nat(6), (all, border) => {
        const { rows: found } = collected(all)
        const parts = [sliceOf(found, 0, border * HOUR_MS), sliceOf(found, border * HOUR_MS, 6 * HOUR_MS)]
        const joined = joinedRows(parts)
        expect(joined).toEqual({ ...found, bytes: Buffer.from(joined.bytes) })
        expect(joined.bytes.equals(found.bytes)).toBe(true)
        expect(sizeOf(joined)).toBeGreaterThan(joined.bytes.length)
      }),
    )
  })

  test('runs that are joined keep what their rows are ordered by, wherever one of them has no rows', () => {
    const { head, rows: some } = collected([
      { bucket: 0, name: 'a', n: 1, hidden: 1 },
      { bucket: 0, name: 'b', n: 2, hidden: 9 },
    ])
    const whole = sliceOf(some, 0, HOUR_MS)
    const empty = sliceOf(joinedRows([]), 0, HOUR_MS)
    const key = { of: 4, descending: true, nulls: 'last', compare: undefined } as const
    for (const slices of [[empty, whole], [whole, empty], [whole]]) {
      const joined = joinedRows(slices)
      expect(joined.added.map(String)).toEqual(['1', '9'])
      const given = { head, order: { keys: [key] }, cut: { offset: 0, limit: 1 } }
      expect(assembled([sliceOf(joined, 0, HOUR_MS)], given).toString()).toContain('"b",2]]')
    }
    expect(joinedRows([sliceOf(some, HOUR_MS, HOUR_MS)])).toMatchObject({ addedCount: 1, added: [] })
  })

  test('an order by a column of which less may be printed is none', () => {
    const { head } = collected([])
    const order: Order = { keys: [{ of: 2, descending: false, nulls: 'first', compare: 'numeric' }] }
    const asked = (cut: number): boolean =>
      canOrder(order, head, (column, sqlType) => column === cut && sqlType === head.sqlTypes[cut])
    expect(asked(1)).toBe(true)
    expect(asked(2)).toBe(false)
  })

  test('an order by cells that cannot be compared is none', () => {
    const { head } = collected([])
    const key = { of: 1, descending: false, nulls: 'first' } as const
    const none = (): boolean => false
    expect(canOrder({ keys: [{ ...key, compare: 'numeric' }] }, head, none)).toBe(false)
    expect(canOrder({ keys: [{ ...key, compare: 'lexicographic' }] }, head, none)).toBe(true)
    expect(canOrder({ keys: [{ ...key, of: 2, compare: 'lexicographic' }] }, head, none)).toBe(false)
    expect(
      canOrder(
        { keys: [{ ...key, compare: undefined }] },
        { ...head, types: head.types.map(() => 'COMPLEX<x>') },
        none,
      ),
    ).toBe(false)
  })
})
