// The groups of a merge that HAVING left, to be ordered and cut, and written as rows.
import { type SortKey } from '../cell-order.ts'
import { type Compiled } from './compiled.ts'
import { type GroupTable } from './group-table.ts'
import { type MergedColumn } from './merged-column.ts'
import { isNear } from './near.ts'

/** What one key of ORDER BY compares. */
export type MergedOrderKey =
  | { readonly kind: 'dimension'; readonly index: number }
  | { readonly kind: 'computed'; readonly of: Compiled }

export class MergedGroups {
  /** In no order that means anything. */
  readonly groups: readonly number[]
  /** How many there were before HAVING: what the topN rule is about. */
  readonly countBefore: number
  readonly #table: GroupTable
  readonly #columns: readonly MergedColumn[]
  readonly #order: readonly MergedOrderKey[]

  constructor(made: {
    readonly table: GroupTable
    readonly groups: readonly number[]
    readonly before: number
    readonly columns: readonly MergedColumn[]
    readonly order: readonly MergedOrderKey[]
  }) {
    this.groups = made.groups
    this.countBefore = made.before
    this.#table = made.table
    this.#columns = made.columns
    this.#order = made.order
  }

  /** What the `key`-th key of ORDER BY compares for a group. */
  orderKey(key: number, group: number): SortKey {
    const by = this.#order[key]
    if (by === undefined) return null
    if (by.kind === 'dimension') return this.#table.dimensionKey(by.index, group)
    const value = by.of.evaluate(this.#table, group)
    return typeof value === 'number' || typeof value === 'bigint' ? value : null
  }

  /**
   * Whether Druid may have two groups the other way round by a key: they are doubles that were added up, and as good as
   * equal.
   */
  isUnsure(key: number, a: number, b: number): boolean {
    const by = this.#order[key]
    if (by?.kind !== 'computed' || !by.of.isInexact) return false
    const [x, y] = [this.orderKey(key, a), this.orderKey(key, b)]
    return typeof x === 'number' && typeof y === 'number' && isNear(x, y)
  }

  /** The value of a dimension, for ties: Druid has them ascending by dimension. */
  dimensionKey(dimension: number, group: number): SortKey {
    return this.#table.dimensionKey(dimension, group)
  }

  /** `[cell,cell,…]` with the client's columns, as answers are kept. */
  row(group: number): Buffer {
    let text = ''
    for (const { cell } of this.#columns) text += `${text === '' ? '[' : ','}${cell(this.#table, group)}`
    return Buffer.from(`${text}]`, 'latin1')
  }
}
