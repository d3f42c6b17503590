// Rows of time buckets in compact form: bytes as Druid wrote them, one after the other, and where each bucket begins.
//
//   bytes     [a,1],[b,2],[a,3],[c,1],
//   ends           ^     ^     ^     ^        of each row, its comma behind it
//   firstRows 0           2           4       of each bucket that has rows, and one past the last
//   buckets   00:00       02:00               their instants, ms
//   lasts     00:42       02:59               the last instant of which each has a row, ms, NaN where that isn't known

/** Rows sorted by bucket; inside a bucket in the order in which Druid gave them. */
export interface BucketRows {
  readonly bytes: Buffer
  readonly ends: Uint32Array
  readonly buckets: Float64Array
  readonly firstRows: Uint32Array
  readonly lasts: Float64Array | undefined
  /** Cells of the columns that are there for ordering only, `addedCount` for each row, as they came. */
  readonly added: readonly Buffer[]
  readonly addedCount: number
}

/** Whatever lies in buckets, sorted by their instants, ms. */
export interface Bucketed {
  readonly buckets: Float64Array
  /** The last instant of which each bucket has a row, ms, NaN where that isn't known; undefined: of none. */
  readonly lasts: Float64Array | undefined
}

/** Buckets `[from, to)`, by their place in `buckets`. */
export interface Slice<Rows extends Bucketed> {
  readonly rows: Rows
  readonly from: number
  readonly to: number
}

export type BucketSlice = Slice<BucketRows>

/** What a row costs beside its bytes, and what a run of them does. */
const ADDED_CELL_BYTES = 120
const RUN_BYTES = 700

export const NO_ROWS: BucketRows = {
  bytes: Buffer.alloc(0),
  ends: new Uint32Array(0),
  buckets: new Float64Array(0),
  firstRows: new Uint32Array(1),
  lasts: undefined,
  added: [],
  addedCount: 0,
}

/** Bytes that they take in memory. */
export function sizeOf({ bytes, ends, buckets, firstRows, lasts, added }: BucketRows): number {
  const addedBytes = added.reduce((sum, cell) => sum + cell.length + ADDED_CELL_BYTES, 0)
  const columns = [ends, buckets, firstRows, lasts].reduce((sum, one) => sum + (one?.byteLength ?? 0), 0)
  return bytes.length + columns + addedBytes + RUN_BYTES
}

/** The last instants of slices' buckets, one after the other; undefined where none is known. */
export function lastsOf(slices: readonly Slice<Bucketed>[]): Float64Array | undefined {
  if (slices.every(({ rows }) => rows.lasts === undefined)) return undefined
  return Float64Array.from(
    slices.flatMap(({ rows: { lasts }, from, to }) =>
      lasts === undefined
        ? Array.from({ length: to - from }, () => Number.NaN)
        : [...lasts.subarray(from, to)],
    ),
  )
}

/** Where a row begins. */
export function rowStart({ ends }: BucketRows, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0) + 1
}

export function rowEnd({ ends }: BucketRows, row: number): number {
  return ends[row] ?? 0
}

/** The buckets that begin in `[startMs, endMs)`. */
export function sliceOf<Rows extends Bucketed>(rows: Rows, startMs: number, endMs: number): Slice<Rows> {
  return { rows, from: firstAtOrAfter(rows.buckets, startMs), to: firstAtOrAfter(rows.buckets, endMs) }
}

export function rowsIn({ rows, from, to }: BucketSlice): number {
  return (rows.firstRows[to] ?? 0) - (rows.firstRows[from] ?? 0)
}

function firstAtOrAfter(buckets: Float64Array, ms: number): number {
  let [low, high] = [0, buckets.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((buckets[middle] ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}

/** Slices, in order of time and apart, as rows of their own: what they were cut from is let go. */
export function joinedRows(slices: readonly BucketSlice[]): BucketRows {
  const filled = slices.filter((slice) => rowsIn(slice) > 0)
  // What holds no rows may not know how many columns its shape adds.
  const addedCount = (filled[0] ?? slices[0])?.rows.addedCount ?? 0
  const parts: Buffer[] = []
  const ends: number[] = []
  const buckets: number[] = []
  const firstRows: number[] = [0]
  const added: Buffer[] = []
  let offset = 0
  for (const { rows, from, to } of filled) {
    const [firstRow, endRow] = [rows.firstRows[from] ?? 0, rows.firstRows[to] ?? 0]
    const start = rowStart(rows, firstRow)
    const end = rowEnd(rows, endRow - 1) + 1
    parts.push(rows.bytes.subarray(start, end))
    const base = ends.length - firstRow
    for (let row = firstRow; row < endRow; row += 1) ends.push(rowEnd(rows, row) - start + offset)
    for (let bucket = from; bucket < to; bucket += 1) {
      buckets.push(rows.buckets[bucket] ?? 0)
      firstRows.push((rows.firstRows[bucket + 1] ?? 0) + base)
    }
    for (let at = firstRow * addedCount; at < endRow * addedCount; at += 1) {
      const cell = rows.added[at]
      if (cell !== undefined) added.push(cell)
    }
    offset += end - start
  }
  return {
    bytes: Buffer.concat(parts),
    ends: Uint32Array.from(ends),
    buckets: Float64Array.from(buckets),
    firstRows: Uint32Array.from(firstRows),
    lasts: lastsOf(filled),
    added,
    addedCount,
  }
}
