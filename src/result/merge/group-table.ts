// Merged groups to be read cell by cell: what formulas are computed from.
import { keyReader, type KeyReader, type SortKey } from '../cell-order.ts'
import { Cells, scanRow } from '../row-scan.ts'
import { type MergePartial, type PartColumn, sizeOf, valueAt } from './partial.ts'
import { type ColumnTypes, type PartTypes } from './value-types.ts'

export class GroupTable {
  readonly #partial: MergePartial
  readonly #types: PartTypes
  readonly #keyReaders: readonly (KeyReader | undefined)[]
  readonly #isOfOlderJava: boolean
  /** Cells of dimensions by group, once somebody asked for one. */
  readonly #cells: (readonly string[] | undefined)[] = []

  constructor(partial: MergePartial, types: PartTypes, columns: ColumnTypes) {
    this.#partial = partial
    this.#types = types
    this.#isOfOlderJava = partial.columns.some(({ texts }) => texts !== undefined)
    this.#keyReaders = types.dimensions.map((_, at) =>
      keyReader(columns.types[at + 1] ?? '', columns.sqlTypes[at + 1] ?? ''),
    )
  }

  get count(): number {
    return this.#partial.keys.length
  }

  /** A LONG in its one form, anything else a number: an instant's ms, 1 for true. */
  aggregate(index: number, group: number): number | bigint | null {
    const kind = this.#types.aggregates[index]
    if (kind === undefined) return null
    const value = valueAt(this.#partial.columns[kind.at], group)
    return kind.kind === 'avg' ? this.#average(value, kind.at + 1, group) : value
  }

  /** Texts of an aggregate's doubles that Druid writes in another way than we do. */
  texts(index: number): PartColumn['texts'] {
    const kind = this.#types.aggregates[index]
    return kind === undefined || kind.kind === 'avg' ? undefined : this.#partial.columns[kind.at]?.texts
  }

  /** Some double came in a text that Java writes no more as of version 19. */
  get isOfOlderJava(): boolean {
    return this.#isOfOlderJava
  }

  /** The cell as Druid wrote it, bytes as latin1. */
  dimension(index: number, group: number): string {
    if (this.#types.dimensions.length === 1) return this.#partial.keys[group] ?? ''
    const cells = this.#cells[group] ?? cellsOf(this.#partial.keys[group] ?? '')
    this.#cells[group] = cells
    return cells[index] ?? ''
  }

  /** What an order compares. */
  dimensionKey(index: number, group: number): SortKey {
    const bytes = Buffer.from(this.dimension(index, group), 'latin1')
    return this.#keyReaders[index]?.(bytes, 0, bytes.length) ?? null
  }

  // Druid's `quotient` of a double sum and a count; null where there was nothing to add (33.0.0).
  #average(sum: number | bigint | null, countAt: number, group: number): number | null {
    const count = Number(valueAt(this.#partial.columns[countAt], group) ?? 0)
    return sum === null || count === 0 ? null : Number(sum) / count
  }
}

/** The one group of aggregates over no rows at all: counts are 0, the rest is null. */
export function overNothing({ aggregates, parts }: PartTypes): MergePartial {
  const counts = new Set(aggregates.filter(({ kind }) => kind === 'count').map(({ at }) => at))
  const columns = parts.map((_, at): PartColumn => ({
    values: new Float64Array(1),
    nulls: counts.has(at) ? undefined : Uint8Array.of(1),
    longs: undefined,
    texts: undefined,
  }))
  return { keys: [''], columns, sizeBytes: sizeOf([''], columns) }
}

const CELLS = new Cells()

function cellsOf(key: string): readonly string[] {
  scanRow(Buffer.from(`[${key}]`, 'latin1'), 0, CELLS)
  return Array.from({ length: CELLS.count }, (_, at) =>
    key.slice((CELLS.starts[at] ?? 1) - 1, (CELLS.ends[at] ?? 1) - 1),
  )
}
