// Reads an answer of parts of a merge: the hidden bucket's instant in ms, dimensions, parts of aggregates, and maybe the
// last instant of which a group has a row.
import { type Aggregate, type Dimension } from '../../plan/grouped.ts'
import { type RowSink } from '../kept-reader.ts'
import { type Cells } from '../row-scan.ts'
import { ColumnBuilder } from './column-builder.ts'
import { readLong } from './long.ts'
import { type MergePartial, sizeOf } from './partial.ts'
import { type ColumnTypes, partTypes, type PartTypes } from './value-types.ts'

/** What is asked for: which dimensions and aggregates, and whether times are printed in UTC. */
export interface MergeShape {
  readonly dimensions: readonly Pick<Dimension, 'isFaithful'>[]
  readonly aggregates: readonly Pick<Aggregate, 'kind' | 'isFaithful'>[]
  readonly isUtc: boolean
  /** The last column is each group's last instant. */
  readonly live?: boolean
}

/** What an answer of parts held. */
export interface MergeParts {
  readonly columns: ColumnTypes
  /** By the hidden bucket's instant; buckets without rows aren't there. */
  readonly buckets: ReadonlyMap<number, MergePartial>
  /** The last instants of buckets, ms; undefined where the answer doesn't tell. */
  readonly lasts: ReadonlyMap<number, number> | undefined
  readonly rows: number
  readonly sizeBytes: number
}

type Problem = 'too-large' | 'not-understood'

export class MergeCollector implements RowSink {
  readonly #shape: MergeShape
  readonly #limits: { readonly rows: number; readonly bytes: number }
  readonly #heads: string[][] = []
  readonly #buckets = new Map<number, BucketBuilder>()
  readonly #lasts = new Map<number, number>()
  /** A group has one text for all buckets: less memory, and comparing it with itself costs nothing. */
  readonly #keys = new Map<string, string>()
  #types: PartTypes | undefined
  #rows = 0
  #bytes = 0
  #bad: Problem | undefined
  #bucketMs = Number.NaN
  #bucket: BucketBuilder | undefined

  constructor(shape: MergeShape, limits: { readonly rows: number; readonly bytes: number }) {
    this.#shape = shape
    this.#limits = limits
  }

  /** Why the answer is of no use; undefined while it is. */
  get bad(): Problem | undefined {
    return this.#bad
  }

  head(index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    const count = cells.count - (this.#shape.live === true ? 1 : 0)
    this.#heads[index] = Array.from({ length: count }, (_, at) => textOf(bytes, cells, at))
    if (index < 2) return
    this.#types = partTypes(this.#columns, this.#shape)
    if (this.#types === undefined) this.#bad = 'not-understood'
  }

  row(bytes: Buffer, start: number, end: number, cells: Cells): void {
    if (this.#bad !== undefined || this.#types === undefined) return
    const dimensions = this.#shape.dimensions.length
    const bucketMs = readLong(bytes, cells.starts[0] ?? 0, cells.ends[0] ?? 0)
    if (typeof bucketMs !== 'number' || !this.#takesLast(bucketMs, bytes, cells)) {
      this.#bad = 'not-understood'
      return
    }
    const key = dimensions === 0 ? '' : bytes.toString('latin1', cells.starts[1], cells.ends[dimensions])
    if (!this.#bucketOf(bucketMs, this.#types).add(this.#shared(key), bytes, cells))
      this.#bad = 'not-understood'
    this.#rows += 1
    this.#bytes += end - start
    if (this.#rows > this.#limits.rows || this.#bytes > this.#limits.bytes) this.#bad = 'too-large'
  }

  /** To be called once the answer came to its proper end. Undefined for one that is of no use. */
  result(): MergeParts | undefined {
    if (this.#types === undefined || this.#bad !== undefined) return undefined
    const buckets = new Map([...this.#buckets].map(([ms, bucket]) => [ms, bucket.result()]))
    let sizeBytes = 0
    for (const partial of buckets.values()) sizeBytes += partial.sizeBytes
    const lasts = this.#shape.live === true ? this.#lasts : undefined
    return { columns: this.#columns, buckets, lasts, rows: this.#rows, sizeBytes }
  }

  #takesLast(bucketMs: number, bytes: Buffer, { count, starts, ends }: Cells): boolean {
    if (this.#shape.live !== true) return true
    const last = readLong(bytes, starts[count - 1] ?? 0, ends[count - 1] ?? 0)
    if (typeof last !== 'number') return false
    this.#lasts.set(bucketMs, Math.max(last, this.#lasts.get(bucketMs) ?? last))
    return true
  }

  get #columns(): ColumnTypes {
    return { types: this.#heads[1] ?? [], sqlTypes: this.#heads[2] ?? [] }
  }

  // Rows of a bucket mostly come one after the other.
  #bucketOf(ms: number, types: PartTypes): BucketBuilder {
    if (this.#bucket !== undefined && ms === this.#bucketMs) return this.#bucket
    const bucket = this.#buckets.get(ms) ?? new BucketBuilder(types, this.#shape.dimensions.length)
    this.#buckets.set(ms, bucket)
    this.#bucketMs = ms
    this.#bucket = bucket
    return bucket
  }

  #shared(key: string): string {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    this.#keys.set(key, key)
    return key
  }
}

class BucketBuilder {
  readonly #keys: string[] = []
  readonly #columns: readonly ColumnBuilder[]
  readonly #first: number

  constructor({ parts }: PartTypes, dimensions: number) {
    this.#columns = parts.map(({ type }) => new ColumnBuilder(type))
    this.#first = 1 + dimensions
  }

  add(key: string, bytes: Buffer, cells: Cells): boolean {
    this.#keys.push(key)
    let isUnderstood = true
    for (const [at, column] of this.#columns.entries()) {
      const cell = this.#first + at
      isUnderstood = column.add(bytes, cells.starts[cell] ?? 0, cells.ends[cell] ?? 0) && isUnderstood
    }
    return isUnderstood
  }

  result(): MergePartial {
    const columns = this.#columns.map((column) => column.result())
    return { keys: this.#keys, columns, sizeBytes: sizeOf(this.#keys, columns) }
  }
}

function textOf(bytes: Buffer, cells: Cells, at: number): string {
  const value: unknown = JSON.parse(bytes.toString('utf8', cells.starts[at], cells.ends[at]))
  return typeof value === 'string' ? value : ''
}
