// Partials of a merge by their hidden buckets.
import { lastsOf, type Slice } from './bucket-rows.ts'
import { type MergePartial } from './merge/partial.ts'

export interface MergeRows {
  readonly buckets: Float64Array
  /** One for each bucket that has rows. */
  readonly partials: readonly MergePartial[]
  /** The last instant of which each bucket has a row, ms, NaN where that isn't known; undefined: of none. */
  readonly lasts: Float64Array | undefined
}

const BUCKET_BYTES = 100

export function partialsIn({ rows, from, to }: Slice<MergeRows>): readonly MergePartial[] {
  return rows.partials.slice(from, to)
}

/** How many groups the buckets have together, each bucket's counted apart. */
export function groupsIn(slice: Slice<MergeRows>): number {
  return partialsIn(slice).reduce((sum, { keys }) => sum + keys.length, 0)
}

export function joinedMergeRows(slices: readonly Slice<MergeRows>[]): MergeRows {
  return {
    buckets: Float64Array.from(slices.flatMap(({ rows, from, to }) => [...rows.buckets.subarray(from, to)])),
    partials: slices.flatMap((slice) => partialsIn(slice)),
    lasts: lastsOf(slices),
  }
}

/** Bytes that they take in memory. */
export function sizeOfMergeRows({ partials }: MergeRows): number {
  return partials.reduce((sum, { sizeBytes }) => sum + sizeBytes + BUCKET_BYTES, 0)
}

/** Partials as they were collected, in order of time, and the last instants of their buckets. */
export function mergeRowsOf(
  buckets: ReadonlyMap<number, MergePartial>,
  lasts?: ReadonlyMap<number, number>,
): MergeRows {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b)
  return {
    buckets: Float64Array.from(sorted.map(([ms]) => ms)),
    partials: sorted.map(([, partial]) => partial),
    lasts: lasts && Float64Array.from(sorted, ([ms]) => lasts.get(ms) ?? Number.NaN),
  }
}
