// Merges partials by group. What comes out is a partial again: merging is associative, so that any of them can be merged
// ahead of need.
import { add, type Long } from './long.ts'
import { type MergePartial, type PartColumn, sizeOf } from './partial.ts'
import { type PartKind } from './value-types.ts'

/** Hot: runs over all groups of all buckets of a window. Doubles are added in the order of `partials`. */
export function mergePartials(partials: readonly MergePartial[], kinds: readonly PartKind[]): MergePartial {
  const [only, ...others] = partials
  if (only !== undefined && others.length === 0 && only.columns.length === kinds.length) return only
  const { keys, targets } = groupsOf(partials)
  const columns = kinds.map((kind, at) => {
    const sums = new Accumulator(kind, keys.length)
    for (const [index, partial] of partials.entries()) {
      const [column, target] = [partial.columns[at], targets[index]]
      if (column !== undefined && target !== undefined) sums.take(column, target)
    }
    return sums.result()
  })
  return { keys, columns, sizeBytes: sizeOf(keys, columns) }
}

/** All groups, in the order in which they are first seen, and for each partial which of them its rows are. */
function groupsOf(partials: readonly MergePartial[]): {
  readonly keys: readonly string[]
  readonly targets: readonly Int32Array[]
} {
  const keys: string[] = []
  const indexes = new Map<string, number>()
  const targets: Int32Array[] = []
  for (const partial of partials) {
    const target = new Int32Array(partial.keys.length)
    for (let row = 0; row < target.length; row += 1) {
      const key = partial.keys[row] ?? ''
      let group = indexes.get(key)
      if (group === undefined) {
        group = keys.push(key) - 1
        indexes.set(key, group)
      }
      target[row] = group
    }
    targets.push(target)
  }
  return { keys, targets }
}

/** One part of an aggregate over all groups, while partials come in. */
class Accumulator {
  readonly #kind: PartKind
  readonly #values: Float64Array
  /** All are null until a value comes. */
  readonly #nulls: Uint8Array
  #nullCount: number
  #longs: Map<number, bigint> | undefined
  #texts: Map<number, string> | undefined

  constructor(kind: PartKind, groups: number) {
    this.#kind = kind
    this.#values = new Float64Array(groups)
    this.#nulls = new Uint8Array(groups).fill(1)
    this.#nullCount = groups
  }

  /** Row `i` of the column belongs to group `target[i]`. */
  take(column: PartColumn, target: Int32Array): void {
    const { combine, type } = this.#kind
    for (const [value, text] of column.texts ?? []) (this.#texts ??= new Map()).set(value, text)
    if (type === 'LONG') this.#takeLongs(column, target)
    else if (combine === 'sum') this.#takeDoubles(column, target, plus)
    // Java's Math.min and Math.max: NaN wins, and -0.0 is below 0.0.
    else this.#takeDoubles(column, target, combine === 'min' ? Math.min : Math.max)
  }

  result(): PartColumn {
    return {
      values: this.#values,
      nulls: this.#nullCount === 0 ? undefined : this.#nulls,
      longs: this.#longs?.size === 0 ? undefined : this.#longs,
      texts: this.#texts,
    }
  }

  #takeDoubles(
    { values, nulls }: PartColumn,
    target: Int32Array,
    combined: (a: number, b: number) => number,
  ): void {
    const own = this.#values
    for (let row = 0; row < target.length; row += 1) {
      if (nulls?.[row] === 1) continue
      const [group, value] = [target[row] ?? 0, values[row] ?? 0]
      if (this.#isFirst(group)) own[group] = value
      else own[group] = combined(own[group] ?? 0, value)
    }
  }

  #takeLongs(column: PartColumn, target: Int32Array): void {
    const { values, nulls, longs } = column
    const own = this.#values
    const isSum = this.#kind.combine === 'sum'
    for (let row = 0; row < target.length; row += 1) {
      if (nulls?.[row] === 1) continue
      const group = target[row] ?? 0
      const value = values[row] ?? 0
      const before = own[group] ?? 0
      // The usual case: both are numbers, and so is their sum. NaN, which stands for a bigint, is never safe.
      if (isSum && Number.isSafeInteger(before + value)) {
        if (this.#nulls[group] === 1) this.#isFirst(group)
        own[group] = before + value
      } else this.#takeLong(group, Number.isNaN(value) ? (longs?.get(row) ?? 0n) : value)
    }
  }

  #takeLong(group: number, value: Long): void {
    if (this.#isFirst(group)) this.#setLong(group, value)
    else {
      const before = this.#longs?.get(group) ?? this.#values[group] ?? 0
      this.#setLong(group, combinedLong(this.#kind.combine, before, value))
    }
  }

  #setLong(group: number, value: Long): void {
    if (typeof value === 'bigint') {
      ;(this.#longs ??= new Map()).set(group, value)
      this.#values[group] = Number.NaN
    } else {
      this.#longs?.delete(group)
      this.#values[group] = value
    }
  }

  #isFirst(group: number): boolean {
    if (this.#nulls[group] === 0) return false
    this.#nulls[group] = 0
    this.#nullCount -= 1
    return true
  }
}

function plus(a: number, b: number): number {
  return a + b
}

function combinedLong(combine: PartKind['combine'], a: Long, b: Long): Long {
  if (combine === 'sum') return add(a, b)
  return a < b === (combine === 'min') ? a : b
}
