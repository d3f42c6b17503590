// Reads an answer of parts: rows of the client's own columns, and behind them the columns that Ovate added, the first of
// which is the bucket's instant in ms; the last of them may be the last instant of which a group has a row. Or an answer to the client's own text, whose rows show their buckets' labels.
import { type BucketRows, NO_ROWS } from './bucket-rows.ts'
import { ByteSink } from './byte-sink.ts'
import { type RowSink } from './kept-reader.ts'
import { type Cells } from './row-scan.ts'

/** What an answer of parts held. */
export interface PartRows {
  readonly head: PartHead
  readonly rows: BucketRows
}

export interface PartHead {
  /** The three rows of the head, without added columns. */
  readonly rows: readonly [Buffer, Buffer, Buffer]
  /** Native and SQL types of all columns, those that were added too. */
  readonly types: readonly string[]
  readonly sqlTypes: readonly string[]
  /** How many columns are the client's own. */
  readonly visible: number
}

/** The instant of a row's bucket, ms; undefined where it can't be told. */
type BucketReader = (bytes: Buffer, cells: Cells) => number | undefined

/** Reads it from a label in a column of TIMESTAMP. */
export function labelReader(column: number): BucketReader {
  return (bytes, cells) => {
    const text = bytes.toString('latin1', cells.starts[column], cells.ends[column])
    const ms = LABEL.test(text) ? Date.parse(text.slice(1, -1)) : Number.NaN
    return Number.isNaN(ms) ? undefined : ms
  }
}

const LABEL = /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d)"$/

const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c

/** As the column of instants has it. */
const BUCKET_HEAD = ['', 'LONG', 'BIGINT']

export class PartCollector implements RowSink {
  readonly #visible: number
  readonly #limits: { readonly rows: number; readonly bytes: number }
  readonly #bucketOf: BucketReader | undefined
  readonly #live: boolean
  readonly #head: Buffer[] = []
  readonly #types: string[][] = []
  readonly #sink = new ByteSink()
  /** Of each row, as they came. */
  readonly #ends: number[] = []
  readonly #buckets: number[] = []
  readonly #added: Buffer[] = []
  /** By bucket. */
  readonly #lasts = new Map<number, number>()
  #addedCount = 0
  #sorted = true
  #bad: 'too-large' | 'not-understood' | undefined

  /**
   * `visible`: how many columns are the client's own. With `bucketOf` there are no others, and it tells a row's bucket.
   * With `live` the last column is each group's last instant.
   */
  constructor(
    visible: number,
    limits: { readonly rows: number; readonly bytes: number },
    { bucketOf, live = false }: { readonly bucketOf?: BucketReader; readonly live?: boolean } = {},
  ) {
    this.#visible = visible
    this.#limits = limits
    this.#bucketOf = bucketOf
    this.#live = live
  }

  /** Why the answer is of no use; undefined while it is. */
  get bad(): 'too-large' | 'not-understood' | undefined {
    return this.#bad
  }

  head(index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    const least = this.#visible + (this.#live ? 2 : 1)
    if (this.#bucketOf === undefined ? cells.count < least : cells.count !== this.#visible) {
      this.#bad = 'not-understood'
      return
    }
    const own = new ByteSink()
    this.#write(own, bytes, cells)
    this.#head[index] = own.take()
    const count = cells.count - (this.#live ? 1 : 0)
    const texts = Array.from({ length: count }, (_, at) => cellText(bytes, cells, at))
    this.#types[index] = this.#bucketOf === undefined ? texts : [...texts, BUCKET_HEAD[index] ?? '']
    this.#addedCount = Math.max(0, count - this.#visible - 1)
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    if (this.#bad !== undefined) return
    const bucket =
      this.#bucketOf === undefined ? instantAt(bytes, cells, this.#visible) : this.#bucketOf(bytes, cells)
    const last = this.#live ? instantAt(bytes, cells, cells.count - 1) : Number.NaN
    if (bucket === undefined || last === undefined) {
      this.#bad = 'not-understood'
      return
    }
    this.#write(this.#sink, bytes, cells)
    this.#ends.push(this.#sink.length)
    this.#sink.push(COMMA)
    if (bucket < (this.#buckets.at(-1) ?? bucket)) this.#sorted = false
    this.#buckets.push(bucket)
    if (this.#live) this.#lasts.set(bucket, Math.max(last, this.#lasts.get(bucket) ?? last))
    for (let at = this.#visible + 1; at <= this.#visible + this.#addedCount; at += 1)
      this.#added.push(Buffer.from(bytes.subarray(cells.starts[at], cells.ends[at])))
    if (this.#ends.length > this.#limits.rows || this.#sink.length > this.#limits.bytes)
      this.#bad = 'too-large'
  }

  /** To be called, once, when the answer came to its proper end. Undefined without a head. */
  result(): PartRows | undefined {
    const [names, types, sqlTypes] = this.#head
    if (names === undefined || types === undefined || sqlTypes === undefined) return undefined
    const head: PartHead = {
      rows: [names, types, sqlTypes],
      types: this.#types[1] ?? [],
      sqlTypes: this.#types[2] ?? [],
      visible: this.#visible,
    }
    return { head, rows: this.#rows() }
  }

  #rows(): BucketRows {
    const bytes = this.#sink.take()
    const order = this.#ends.map((_, row) => row)
    const bucketOf = (row: number): number => this.#buckets[row] ?? 0
    // Stable: inside a bucket rows stay as they came.
    if (!this.#sorted) order.sort((a, b) => bucketOf(a) - bucketOf(b) || a - b)
    if (order.length === 0) return { ...NO_ROWS, addedCount: this.#addedCount }
    const buckets: number[] = []
    const firstRows: number[] = []
    for (const [at, row] of order.entries()) {
      if (at > 0 && bucketOf(row) === buckets.at(-1)) continue
      buckets.push(bucketOf(row))
      firstRows.push(at)
    }
    firstRows.push(order.length)
    return {
      ...this.#layOut(bytes, order),
      buckets: Float64Array.from(buckets),
      firstRows: Uint32Array.from(firstRows),
      lasts: this.#live
        ? Float64Array.from(buckets, (bucket) => this.#lasts.get(bucket) ?? Number.NaN)
        : undefined,
      addedCount: this.#addedCount,
    }
  }

  #layOut(bytes: Buffer, order: readonly number[]): Pick<BucketRows, 'bytes' | 'ends' | 'added'> {
    // The sink's buffer is larger than what it holds, and this is kept for long.
    if (this.#sorted)
      return { bytes: Buffer.from(bytes), ends: Uint32Array.from(this.#ends), added: this.#added }
    const out = Buffer.allocUnsafeSlow(bytes.length)
    const ends = new Uint32Array(order.length)
    const added: Buffer[] = []
    let at = 0
    for (const [index, row] of order.entries()) {
      const start = row === 0 ? 0 : (this.#ends[row - 1] ?? 0) + 1
      const end = this.#ends[row] ?? start
      at += bytes.copy(out, at, start, end + 1)
      ends[index] = at - 1
      for (let cell = row * this.#addedCount; cell < (row + 1) * this.#addedCount; cell += 1)
        added.push(this.#added[cell] ?? Buffer.alloc(0))
    }
    return { bytes: out, ends, added }
  }

  // A copy: the bytes that came are valid during the call only.
  #write(to: ByteSink, bytes: Buffer, cells: Cells): void {
    const from = cells.starts[0] ?? 0
    to.push(OPEN)
    to.copy(bytes, from, cells.ends[this.#visible - 1] ?? from)
    to.push(CLOSE)
  }
}

function cellText(bytes: Buffer, cells: Cells, at: number): string {
  const value: unknown = JSON.parse(bytes.toString('utf8', cells.starts[at], cells.ends[at]))
  return typeof value === 'string' ? value : ''
}

function instantAt(bytes: Buffer, { starts, ends }: Cells, column: number): number | undefined {
  const [start = 0, end = 0] = [starts[column], ends[column]]
  const ms = Number(bytes.toString('latin1', start, end))
  return end > start && Number.isSafeInteger(ms) ? ms : undefined
}
