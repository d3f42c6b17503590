// Groups of longer buckets, or of fewer measures, from rows and partials of others.
import { type BucketRows, type BucketSlice, joinedRows, rowStart, type Slice } from '../bucket-rows.ts'
import { ByteSink } from '../byte-sink.ts'
import { type MergeRows, mergeRowsOf } from '../merge-rows.ts'
import { type MergeFacts, mergerOf } from '../merge/merger.ts'
import { mergePartials } from '../merge/merge-partials.ts'
import { MergeCollector, type MergeShape } from '../merge/part-collector.ts'
import { type MergePartial, sizeOf } from '../merge/partial.ts'
import { type ColumnTypes, type PartKind } from '../merge/value-types.ts'
import { Cells, scanRow } from '../row-scan.ts'

const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c
const NO_LIMITS = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

/**
 * Rows of a series as partials of their buckets: `columns` are those of dimensions and then of aggregates, `types` what
 * the text that fetches such partials would have in its head. Undefined for cells that aren't what the types promise.
 */
export function partialsOfRows(
  slices: readonly BucketSlice[],
  columns: readonly number[],
  { types, shape }: { readonly types: ColumnTypes; readonly shape: MergeShape },
): MergeRows | undefined {
  const collector = new MergeCollector(shape, NO_LIMITS)
  for (const [index, names] of [types.types, types.types, types.sqlTypes].entries()) {
    const { bytes, cells } = scanned(Buffer.from(JSON.stringify(names)))
    collector.head(index as 0 | 1 | 2, bytes, cells)
  }
  const source = new Cells()
  const sink = new ByteSink()
  for (const { rows, from, to } of slices) {
    for (let bucket = from; bucket < to; bucket += 1) {
      const instant = Buffer.from(String(rows.buckets[bucket] ?? 0))
      for (let row = rows.firstRows[bucket] ?? 0; row < (rows.firstRows[bucket + 1] ?? 0); row += 1) {
        scanRow(rows.bytes, rowStart(rows, row), source)
        sink.push(OPEN)
        sink.append(instant)
        for (const column of columns) {
          sink.push(COMMA)
          sink.copy(rows.bytes, source.starts[column] ?? 0, source.ends[column] ?? 0)
        }
        sink.push(CLOSE)
        const { bytes, cells } = scanned(sink.take())
        collector.row(bytes, 0, bytes.length, cells)
      }
    }
  }
  const result = collector.result()
  return result === undefined ? undefined : mergeRowsOf(result.buckets)
}

function scanned(bytes: Buffer): { readonly bytes: Buffer; readonly cells: Cells } {
  const cells = new Cells()
  scanRow(bytes, 0, cells)
  return { bytes, cells }
}

/** The same groups with some of their parts; `columns` are places among the source's parts. */
export function picked(
  { rows, from, to }: Slice<MergeRows>,
  columns: readonly number[],
): MergeRows | undefined {
  const partials: MergePartial[] = []
  for (const { keys, columns: all } of rows.partials.slice(from, to)) {
    const own = columns.flatMap((column) => all[column] ?? [])
    if (own.length !== columns.length) return undefined
    partials.push({ keys, columns: own, sizeBytes: sizeOf(keys, own) })
  }
  return { buckets: rows.buckets.slice(from, to), partials, lasts: rows.lasts?.slice(from, to) }
}

/** Merged by longer buckets, of which `starts` are the first instants, in order; nothing lies before the first. */
export function coarsened(
  { buckets, partials }: MergeRows,
  starts: readonly number[],
  kinds: readonly PartKind[],
): MergeRows {
  const groups = new Map<number, MergePartial[]>()
  let at = 0
  for (const [index, ms] of buckets.entries()) {
    while (at + 1 < starts.length && (starts[at + 1] ?? 0) <= ms) at += 1
    const partial = partials[index]
    const start = starts[at] ?? ms
    const group = groups.get(start)
    if (partial === undefined) continue
    if (group === undefined) groups.set(start, [partial])
    else group.push(partial)
  }
  return mergeRowsOf(new Map([...groups].map(([start, all]) => [start, mergePartials(all, kinds)])))
}

/** What the client's columns of a series are made of; labels are its first dimension. */
export interface SeriesFacts {
  readonly facts: MergeFacts
  /** Where the facts' texts stand. */
  readonly sql: string
  readonly client: ColumnTypes
  /** Head of the partials, their bucket first. */
  readonly parts: ColumnTypes
  /** By how much a label is later than its bucket's start, ms. */
  readonly labelMs: number
  /** So many of the columns, the last ones, are there for ordering only. */
  readonly addedCount?: number
}

/** Partials of buckets as rows of the client's own columns; undefined where a cell can't be told. */
export function rowsOfPartials(
  { buckets, partials }: MergeRows,
  { facts, sql, client, parts, labelMs, addedCount = 0 }: SeriesFacts,
): BucketRows | undefined {
  const labelled = {
    types: ['LONG', 'LONG', ...parts.types.slice(1)],
    sqlTypes: ['BIGINT', 'TIMESTAMP', ...parts.sqlTypes.slice(1)],
  }
  const merger = mergerOf(facts, { sql, client, parts: labelled })
  if (merger === undefined) return undefined
  const slices: BucketSlice[] = []
  for (const [index, partial] of partials.entries()) {
    const ms = buckets[index] ?? 0
    // As Druid prints a TIMESTAMP in UTC.
    const text = JSON.stringify(new Date(ms + labelMs).toISOString())
    const keys = partial.keys.map((key) => (facts.dimensions.length === 1 ? text : `${text},${key}`))
    const merged = merger.merge([{ ...partial, keys }])
    if (merged === undefined) return undefined
    slices.push({
      rows: bucketOf(
        ms,
        merged.groups.map((group) => merged.row(group)),
        { addedCount, columns: facts.columns.length },
      ),
      from: 0,
      to: 1,
    })
  }
  return { ...joinedRows(slices), addedCount }
}

function bucketOf(
  ms: number,
  all: readonly Buffer[],
  { addedCount, columns }: { readonly addedCount: number; readonly columns: number },
): BucketRows {
  const cut = all.map((row) => (addedCount === 0 ? { row, added: [] } : parted(row, columns - addedCount)))
  const rows = cut.map(({ row }) => row)
  const ends: number[] = []
  let length = 0
  const pieces = rows.flatMap((row) => {
    ends.push(length + row.length)
    length += row.length + 1
    return [row, COMMA_BYTES]
  })
  return {
    bytes: Buffer.concat(pieces),
    ends: Uint32Array.from(ends),
    buckets: Float64Array.of(ms),
    firstRows: Uint32Array.of(0, rows.length),
    lasts: undefined,
    added: cut.flatMap(({ added }) => added),
    addedCount,
  }
}

/** A row's first cells as a row, and the cells behind them. */
function parted(bytes: Buffer, visible: number): { readonly row: Buffer; readonly added: readonly Buffer[] } {
  const { cells } = scanned(bytes)
  const added: Buffer[] = []
  for (let at = visible; at < cells.count; at += 1)
    added.push(Buffer.from(bytes.subarray(cells.starts[at], cells.ends[at])))
  return { row: Buffer.concat([bytes.subarray(0, cells.ends[visible - 1]), CLOSE_BYTES]), added }
}

const CLOSE_BYTES = Buffer.from(']')
const COMMA_BYTES = Buffer.from(',')
