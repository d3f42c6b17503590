// Rows that travel come back as they were; bytes that are no such rows are none, and never throw.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BucketRows, joinedRows } from '../../../src/result/bucket-rows.ts'
import { type MergePartial, type PartColumn, sizeOf } from '../../../src/result/merge/partial.ts'
import { type MergeRows, mergeRowsOf } from '../../../src/result/merge-rows.ts'
import { packRows, unpackRows } from '../../../src/result/packed/bucket-rows.ts'
import { packHead, unpackHead, unpackTypes } from '../../../src/result/packed/heads.ts'
import { packPartials, unpackPartials } from '../../../src/result/packed/merge-rows.ts'
import { pack, unpack } from '../../../src/result/packed/packed.ts'
import { type PartHead } from '../../../src/result/part-rows.ts'
import { aggregate, factsOf, mergerFor, partsOf, typesOf } from '../merge/fixtures.ts'

const BUCKETS_MAX = 6
const ROWS_MAX = 4
const FIRST_MS = Date.UTC(2026, 9, 1)

/** Instants of buckets, ascending. */
const instants = fc
  .uniqueArray(fc.integer({ min: -1_000, max: 1_000 }), { maxLength: BUCKETS_MAX })
  .map((all) => Float64Array.from(all.toSorted((a, b) => a - b).map((at) => FIRST_MS + at * 60_000)))
const cell = fc.constantFrom('null', '1', '-9223372036854775808', '"é\\n"', '"a,b]"', '1.0E7')

function lastsFor(buckets: Float64Array): fc.Arbitrary<Float64Array | undefined> {
  const last = fc.oneof(fc.constant(Number.NaN), fc.integer().map(Number))
  const all = fc.array(last, { minLength: buckets.length, maxLength: buckets.length })
  return fc.option(
    all.map((some) => Float64Array.from(some)),
    { nil: undefined },
  )
}

const bucketRows: fc.Arbitrary<BucketRows> = instants.chain((buckets) =>
  fc
    .record({
      counts: fc.array(fc.integer({ min: 1, max: ROWS_MAX }), {
        minLength: buckets.length,
        maxLength: buckets.length,
      }),
      cells: fc.array(cell, { minLength: 1, maxLength: 20 }),
      addedCount: fc.integer({ min: 0, max: 2 }),
      lasts: lastsFor(buckets),
    })
    .map(({ counts, cells, addedCount, lasts }) => {
      const total = counts.reduce((sum, count) => sum + count, 0)
      const one = (at: number): string => cells[at % cells.length] ?? ''
      const texts = Array.from({ length: total }, (_, row) => Buffer.from(`[${one(row)}],`))
      const ends = texts.map((_, row) => Buffer.concat(texts.slice(0, row + 1)).length - 1)
      const firstRows = [0, ...counts.map((_, at) => counts.slice(0, at + 1).reduce((a, b) => a + b, 0))]
      const added = Array.from({ length: total * addedCount }, (_, at) => Buffer.from(one(at + 1)))
      return {
        bytes: Buffer.concat(texts),
        ends: Uint32Array.from(ends),
        buckets,
        firstRows: Uint32Array.from(firstRows),
        lasts,
        added,
        addedCount,
      }
    }),
)

const number = fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY))

/** As they are collected: by the value that is written so, of a FLOAT or a DOUBLE, and not by the group that has it. */
const texted = fc
  .constantFrom('1.9999999999999998E23', '-2.0E-3', '0.25', '1.8014398509814768E16', '1.23456792E8')
  .chain((text) =>
    fc.constantFrom(Number(text), Math.fround(Number(text))).map((value) => [value, text] as const),
  )

function columnOf(groups: number): fc.Arbitrary<PartColumn> {
  const at = fc.integer({ min: 0, max: groups - 1 })
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const beside = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<ReadonlyMap<number, Value> | undefined> =>
    fc.option(
      fc.array(fc.tuple(at, value), { minLength: 1, maxLength: 3 }).map((all) => new Map(all)),
      { nil: undefined },
    )
  return fc.record({
    values: fc.array(number, { minLength: groups, maxLength: groups }).map((all) => Float64Array.from(all)),
    nulls: fc.option(
      at.map((one) => Uint8Array.from({ length: groups }, (_, group) => (group === one ? 1 : 0))),
      { nil: undefined },
    ),
    longs: beside(long),
    texts: fc.option(
      fc.array(texted, { minLength: 1, maxLength: 3 }).map((all) => new Map(all)),
      { nil: undefined },
    ),
  })
}

function partialOf(width: number): fc.Arbitrary<MergePartial> {
  return fc
    .array(
      fc.tuple(cell, cell).map((cells) => cells.join()),
      { minLength: 1, maxLength: ROWS_MAX },
    )
    .chain((keys) =>
      fc.array(columnOf(keys.length), { minLength: width, maxLength: width }).map((columns) => ({
        keys: keys.map((key) => Buffer.from(key).toString('latin1')),
        columns,
        sizeBytes: sizeOf(keys, columns),
      })),
    )
}

const mergeRows: fc.Arbitrary<MergeRows> = fc
  .tuple(instants, fc.integer({ min: 0, max: 3 }))
  .chain(([buckets, width]) =>
    fc.record({
      buckets: fc.constant(buckets),
      partials: fc.array(partialOf(width), { minLength: buckets.length, maxLength: buckets.length }),
      lasts: lastsFor(buckets),
    }),
  )

/** Without what is only counted. */
function told({ buckets, partials, lasts }: MergeRows): unknown {
  return { buckets, lasts, partials: partials.map(({ keys, columns }) => ({ keys, columns })) }
}

test('rows of buckets come back as they were', () => {
  fc.assert(
    fc.property(bucketRows, (rows) => {
      expect(unpackRows(packRows(rows))).toEqual(rows)
    }),
  )
})

test('partials come back as they were', () => {
  fc.assert(
    fc.property(mergeRows, (rows) => {
      const packed = packPartials(rows)
      const found = packed && unpackPartials(packed)
      expect(found && told(found)).toEqual(told(rows))
    }),
  )
})

test.each<readonly ['min' | 'max' | 'sum', 'FLOAT' | 'DOUBLE', readonly string[], string]>([
  ['max', 'FLOAT', ['1.23456792E8', '5.0'], '1.23456792E8'],
  ['max', 'FLOAT', ['5.0', '1.23456792E8'], '1.23456792E8'],
  ['min', 'FLOAT', ['-1.23456792E8', '5.0'], '-1.23456792E8'],
  ['max', 'FLOAT', ['1.00000003E16', '5.0'], '1.00000003E16'],
  ['max', 'DOUBLE', ['1.8014398509814768E16', '2.0'], '1.8014398509814768E16'],
  // Neither of them has it: only that Java's older way of writing was seen tells it.
  ['sum', 'DOUBLE', ['1.8014398509814768E16', '1.8014398509814768E16'], '3.6028797019629536E16'],
])('the %s of %s cells %j is written as if they had not travelled', (kind, type, cells, expected) => {
  const facts = factsOf({ aggregates: [kind], columns: [aggregate(0)] })
  const parts = partsOf(
    facts,
    typesOf(['LONG', type]),
    cells.map((one, at) => `[${at * 3_600_000},${one}]`),
  )
  const rows = mergeRowsOf(parts.buckets)
  const packed = packPartials(rows)
  const found = packed && unpackPartials(packed)
  for (const partials of [rows.partials, found?.partials ?? []]) {
    const merged = mergerFor(facts, { parts: [type], client: [type] })?.merge(partials)
    expect(merged?.groups.map((group) => merged.row(group).toString())).toEqual([`[${expected}]`])
  }
})

test('no rows are rows, too', () => {
  const none = joinedRows([])
  expect(unpackRows(packRows(none))).toEqual(none)
  const packed = packPartials({ buckets: new Float64Array(), partials: [], lasts: undefined })
  expect(packed && unpackPartials(packed)?.partials).toEqual([])
})

test('texts by the places of groups, as they were packed before, are no partials', () => {
  const column = { values: Float64Array.of(5), nulls: undefined, longs: undefined, texts: undefined }
  const partial: MergePartial = { keys: ['1'], columns: [column], sizeBytes: 0 }
  const packed = packPartials({ buckets: Float64Array.of(0), partials: [partial], lasts: undefined })
  const found = unpack(packed ?? Buffer.alloc(0))
  const before = { kind: 'partials', hasLasts: false, columns: [{ longs: [], texts: [[0, '5.00']] }] }
  expect(unpackPartials(pack({ head: before, blobs: found?.blobs ?? [] }))).toBeUndefined()
  const now = { ...before, columns: [{ longs: [], texts: [[0, 5, '5.00']] }] }
  expect(unpackPartials(pack({ head: now, blobs: found?.blobs ?? [] }))?.partials[0]?.columns).toEqual([
    { ...column, texts: new Map([[5, '5.00']]) },
  ])
})

test('partials of different columns stay at home', () => {
  const one: MergePartial = { keys: ['1'], columns: [], sizeBytes: 0 }
  const column = { values: new Float64Array(1), nulls: undefined, longs: undefined, texts: undefined }
  const rows = {
    buckets: Float64Array.from([1, 2]),
    partials: [one, { ...one, columns: [column] }],
    lasts: undefined,
  }
  expect(packPartials(rows)).toBeUndefined()
})

/** Cut, with a bit turned, or with more behind them. */
const damage = fc.record({ cut: fc.double({ min: 0, max: 1, noNaN: true }), flip: fc.nat(), more: fc.nat(3) })

function damaged(bytes: Buffer, { cut, flip, more }: { cut: number; flip: number; more: number }): Buffer {
  const own = Buffer.concat([bytes.subarray(0, Math.round(bytes.length * cut)), Buffer.alloc(more)])
  if (own.length > 0) own[flip % own.length] = (own[flip % own.length] ?? 0) ^ (1 << (flip % 8))
  return own
}

test('damaged bytes are no rows, or rows that hang together', () => {
  fc.assert(
    fc.property(bucketRows, damage, (rows, how) => {
      const found = unpackRows(damaged(packRows(rows), how))
      if (found === undefined) return
      expect(found.firstRows.at(-1)).toBe(found.ends.length)
      expect(found.firstRows).toHaveLength(found.buckets.length + 1)
      expect(found.added).toHaveLength(found.addedCount * found.ends.length)
      // Whatever lies in them can be cut and joined.
      joinedRows([{ rows: found, from: 0, to: found.buckets.length }])
    }),
  )
  fc.assert(
    fc.property(mergeRows, damage, (rows, how) => {
      const packed = packPartials(rows)
      const found = packed && unpackPartials(damaged(packed, how))
      if (found === undefined) return
      expect(found.partials).toHaveLength(found.buckets.length)
      for (const { keys, columns } of found.partials)
        for (const { values } of columns) expect(values).toHaveLength(keys.length)
    }),
  )
})

test('heads come back as they were, and what is none is none', () => {
  const head: PartHead = {
    rows: [Buffer.from('["é"]'), Buffer.from('["LONG"]'), Buffer.from('["BIGINT"]')],
    types: ['LONG', 'LONG'],
    sqlTypes: ['BIGINT', 'BIGINT'],
    visible: 1,
  }
  expect(unpackHead(JSON.parse(JSON.stringify(packHead(head))))).toEqual(head)
  const types = { types: ['LONG'], sqlTypes: ['BIGINT'] }
  expect(unpackTypes(types)).toEqual(types)
  for (const none of [undefined, null, 1, [], {}, { rows: [] }, { ...types, more: 1 }]) {
    expect([unpackHead(none), unpackTypes(none)]).toEqual([undefined, undefined])
  }
})
