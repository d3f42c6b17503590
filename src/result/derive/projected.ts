// Rows of other rows: some of their columns, in another order maybe.
import { type BucketRows, type BucketSlice, rowStart } from '../bucket-rows.ts'
import { ByteSink } from '../byte-sink.ts'
import { Cells, scanRow } from '../row-scan.ts'

const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c

/** The rows of a slice with these columns of theirs only, cells as they are. */
export function projected({ rows, from, to }: BucketSlice, columns: readonly number[]): BucketRows {
  const sink = new ByteSink()
  const cells = new Cells()
  const ends: number[] = []
  const firstRows = [0]
  for (let bucket = from; bucket < to; bucket += 1) {
    for (let row = rows.firstRows[bucket] ?? 0; row < (rows.firstRows[bucket + 1] ?? 0); row += 1) {
      scanRow(rows.bytes, rowStart(rows, row), cells)
      sink.push(OPEN)
      for (const [at, column] of columns.entries()) {
        if (at > 0) sink.push(COMMA)
        sink.copy(rows.bytes, cells.starts[column] ?? 0, cells.ends[column] ?? 0)
      }
      sink.push(CLOSE)
      ends.push(sink.length)
      sink.push(COMMA)
    }
    firstRows.push(ends.length)
  }
  return {
    // The sink's buffer is larger than what it holds, and this is kept for long.
    bytes: Buffer.from(sink.take()),
    ends: Uint32Array.from(ends),
    buckets: rows.buckets.slice(from, to),
    firstRows: Uint32Array.from(firstRows),
    lasts: rows.lasts?.slice(from, to),
    added: [],
    addedCount: 0,
  }
}
