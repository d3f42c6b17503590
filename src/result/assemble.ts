// Rows of buckets into one answer: in Druid's order, cut, and written in the form that is kept.
import { type Interval } from '../plan/facts.ts'
import { type BucketRows, type BucketSlice, rowEnd, rowsIn, rowStart } from './bucket-rows.ts'
import { compareOrdered, keyReader, type KeyReader, type SortKey } from './cell-order.ts'
import { type PartHead } from './part-rows.ts'
import { Cells, scanRow } from './row-scan.ts'

/** One key of an order: the bucket's instant, or a column by its place in the answer that the parts came in. */
interface OrderKey {
  readonly of: 'bucket' | number
  readonly descending: boolean
  readonly nulls: 'first' | 'last'
  readonly compare: 'numeric' | 'lexicographic' | undefined
}

export interface Order {
  readonly keys: readonly OrderKey[]
}

/** How many rows are left out at the beginning, and how many are given at most. */
export interface Cut {
  readonly offset: number
  readonly limit: number
}

/** One row of some rows. */
interface RowAt {
  readonly rows: BucketRows
  readonly row: number
  readonly bucketMs: number
  keys: readonly SortKey[]
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const END = Buffer.from(']\n')

/** Whether cells of these types can be compared as an order wants them. `mayBeCut`: Druid may print less than it orders by. */
export function canOrder(
  { keys }: Order,
  head: PartHead,
  mayBeCut: (column: number, sqlType: string) => boolean,
): boolean {
  return keys.every(({ of, compare }) => {
    if (of === 'bucket') return true
    if (mayBeCut(of, head.sqlTypes[of] ?? '')) return false
    const isText = head.types[of] === 'STRING' && head.sqlTypes[of] !== 'BOOLEAN'
    return (
      readerOf(head, of) !== undefined && (compare === undefined || (compare === 'lexicographic') === isText)
    )
  })
}

/**
 * From the first to the last of the instants that an order reads from cells, as they are printed there; undefined: from
 * none. In the hour that a zone has twice, Druid prints two instants alike (33.0.0).
 */
export function printedTimes(
  slices: readonly BucketSlice[],
  { keys }: Order,
  head: PartHead,
): Interval | undefined {
  const times = keys.filter(({ of }) => of !== 'bucket' && TIMES.has(head.sqlTypes[of] ?? ''))
  if (times.length === 0) return undefined
  const comparing = new Comparing(head, times)
  let found: Interval | undefined
  for (const row of allRows(slices)) {
    for (const key of comparing.keysOf(row)) {
      if (key === null) continue
      const ms = Number(key)
      const { startMs, endMs } = found ?? { startMs: ms, endMs: ms }
      found = { startMs: Math.min(startMs, ms), endMs: Math.max(endMs, ms) }
    }
  }
  return found
}

const TIMES = new Set(['TIMESTAMP', 'DATE'])

/** The answer of slices that lie in order of time, apart from each other; `canOrder` was asked before. */
export function assembled(
  slices: readonly BucketSlice[],
  { head, order, cut }: { readonly head: PartHead; readonly order: Order; readonly cut: Cut },
): Buffer {
  const parts = inOrder(slices, head, order, cut)
  const [names, types, sqlTypes] = head.rows
  const out = [OPEN, names, COMMA, types, COMMA, sqlTypes]
  for (const part of parts) out.push(COMMA, part)
  out.push(END)
  return Buffer.concat(out)
}

/** Stretches of rows, in the order in which they are given. */
function inOrder(
  slices: readonly BucketSlice[],
  head: PartHead,
  { keys }: Order,
  cut: Cut,
): readonly Buffer[] {
  const [first, ...rest] = keys
  if (first?.of !== 'bucket') return cutRows(sorted(allRows(slices), new Comparing(head, keys)), cut)
  const comparing = new Comparing(head, rest)
  const apart = slices.every(
    ({ rows, from, to }) => isOneRowEach(rows, from, to) || comparing.areSorted(rows),
  )
  if (apart && !first.descending) return cutStretches(slices, cut)
  const buckets = slices.flatMap((slice) => bucketsOf(slice))
  if (first.descending) buckets.reverse()
  if (apart) return cutStretches(buckets, cut)
  return cutRows(
    buckets.flatMap((bucket) => sorted(allRows([bucket]), comparing)),
    cut,
  )
}

function isOneRowEach({ firstRows }: BucketRows, from: number, to: number): boolean {
  return (firstRows[to] ?? 0) - (firstRows[from] ?? 0) === to - from
}

function bucketsOf({ rows, from, to }: BucketSlice): BucketSlice[] {
  return Array.from({ length: to - from }, (_, at) => ({ rows, from: from + at, to: from + at + 1 }))
}

function allRows(slices: readonly BucketSlice[]): RowAt[] {
  const all: RowAt[] = []
  for (const { rows, from, to } of slices) {
    for (let bucket = from; bucket < to; bucket += 1) {
      const bucketMs = rows.buckets[bucket] ?? 0
      for (let row = rows.firstRows[bucket] ?? 0; row < (rows.firstRows[bucket + 1] ?? 0); row += 1)
        all.push({ rows, row, bucketMs, keys: NO_KEYS })
    }
  }
  return all
}

const NO_KEYS: readonly SortKey[] = []

function sorted(all: RowAt[], comparing: Comparing): RowAt[] {
  if (all.length < 2) return all
  for (const one of all) one.keys = comparing.keysOf(one)
  return all.sort((a, b) => comparing.compare(a.keys, b.keys))
}

function cutRows(all: readonly RowAt[], { offset, limit }: Cut): readonly Buffer[] {
  return all
    .slice(offset, offset + limit)
    .map(({ rows, row }) => rows.bytes.subarray(rowStart(rows, row), rowEnd(rows, row)))
}

/** Neighbours of one bytes go out as one stretch. */
function cutStretches(slices: readonly BucketSlice[], { offset, limit }: Cut): readonly Buffer[] {
  const parts: Buffer[] = []
  let skip = offset
  let left = limit
  for (const slice of slices) {
    const count = rowsIn(slice)
    const skipped = Math.min(skip, count)
    const taken = Math.min(left, count - skipped)
    skip -= skipped
    left -= taken
    if (taken === 0) continue
    const first = (slice.rows.firstRows[slice.from] ?? 0) + skipped
    parts.push(slice.rows.bytes.subarray(rowStart(slice.rows, first), rowEnd(slice.rows, first + taken - 1)))
  }
  return parts
}

function readerOf({ types, sqlTypes }: PartHead, column: number): KeyReader | undefined {
  return keyReader(types[column] ?? '', sqlTypes[column] ?? '')
}

class Comparing {
  readonly #head: PartHead
  readonly #keys: readonly OrderKey[]
  readonly #cells = new Cells()
  readonly #name: string

  constructor(head: PartHead, keys: readonly OrderKey[]) {
    this.#head = head
    this.#keys = keys
    this.#name = JSON.stringify(keys)
  }

  keysOf({ rows, row, bucketMs }: RowAt): readonly SortKey[] {
    const isScanned = this.#keys.some(({ of }) => of !== 'bucket' && of < this.#head.visible)
    if (isScanned) scanRow(rows.bytes, rowStart(rows, row), this.#cells)
    return this.#keys.map(({ of }) => {
      if (of === 'bucket' || of === this.#head.visible) return bucketMs
      const reader = readerOf(this.#head, of)
      if (of < this.#head.visible)
        return reader?.(rows.bytes, this.#cells.starts[of] ?? 0, this.#cells.ends[of] ?? 0) ?? null
      const cell = rows.added[row * rows.addedCount + of - this.#head.visible - 1]
      return cell === undefined ? null : (reader?.(cell, 0, cell.length) ?? null)
    })
  }

  compare(a: readonly SortKey[], b: readonly SortKey[]): number {
    for (const [at, key] of this.#keys.entries()) {
      const found = compareOrdered(a[at] ?? null, b[at] ?? null, key)
      if (found !== 0) return found
    }
    return 0
  }

  /** Whether each bucket's rows lie in this order already: remembered, since rows never change. */
  areSorted(rows: BucketRows): boolean {
    const known = sortedBy.get(rows)
    const answer = known?.get(this.#name)
    if (answer !== undefined) return answer
    const found = this.#areSorted(rows)
    if (known === undefined || known.size >= REMEMBERED_MAX)
      sortedBy.set(rows, new Map([[this.#name, found]]))
    else known.set(this.#name, found)
    return found
  }

  #areSorted(rows: BucketRows): boolean {
    for (let bucket = 0; bucket < rows.buckets.length; bucket += 1) {
      const [first = 0, end = 0] = [rows.firstRows[bucket], rows.firstRows[bucket + 1]]
      let last: readonly SortKey[] | undefined
      for (let row = first; end - first > 1 && row < end; row += 1) {
        const keys = this.keysOf({ rows, row, bucketMs: rows.buckets[bucket] ?? 0, keys: NO_KEYS })
        if (last !== undefined && this.compare(last, keys) > 0) return false
        last = keys
      }
    }
    return true
  }
}

/** Orders that are remembered of some rows. */
const REMEMBERED_MAX = 16
const sortedBy = new WeakMap<BucketRows, Map<string, boolean>>()
