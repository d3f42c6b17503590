// The groups of one hidden bucket, or of several that were merged: dimensions as text, parts of aggregates as numbers.
//
//   keys      `"US","tv"`   `null,"tv"`   …    cells of dimensions as Druid wrote them, bytes as latin1
//   columns   12            7             …    one Float64Array for each part of an aggregate

/** One part of an aggregate over all groups. */
export interface PartColumn {
  /** By group. NaN in a LONG column stands for what `longs` has; where a group is null it has no meaning. */
  readonly values: Float64Array
  /** 1 where a group is null; undefined: nowhere. */
  readonly nulls: Uint8Array | undefined
  /** By group, the values past 2^53. */
  readonly longs: ReadonlyMap<number, bigint> | undefined
  /** By value: texts of doubles that Java writes in another way than we do: JDK 17 has more digits than needed for some. */
  readonly texts: ReadonlyMap<number, string> | undefined
}

/** Never changed once made, so that it can be kept and shared. */
export interface MergePartial {
  readonly keys: readonly string[]
  readonly columns: readonly PartColumn[]
  /** About what it takes in memory. */
  readonly sizeBytes: number
}

/** A bucket without rows. */
export const NO_GROUPS: MergePartial = { keys: [], columns: [], sizeBytes: 0 }

/** What a column has for a group. */
export function valueAt(column: PartColumn | undefined, group: number): number | bigint | null {
  if (column === undefined || column.nulls?.[group] === 1) return null
  const value = column.values[group] ?? 0
  return Number.isNaN(value) ? (column.longs?.get(group) ?? value) : value
}

const KEY_BYTES = 24
const VALUE_BYTES = 8
const ENTRY_BYTES = 64
const FIXED_BYTES = 200

export function sizeOf(keys: readonly string[], columns: readonly PartColumn[]): number {
  let bytes = FIXED_BYTES
  for (const key of keys) bytes += key.length + KEY_BYTES
  for (const { values, nulls, longs, texts } of columns) {
    bytes += FIXED_BYTES + values.length * VALUE_BYTES + (nulls?.length ?? 0)
    bytes += ((longs?.size ?? 0) + (texts?.size ?? 0)) * ENTRY_BYTES
  }
  return bytes
}
