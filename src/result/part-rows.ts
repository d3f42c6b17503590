// Reads an answer of parts: rows of the client's own columns, and behind them the columns that Ovate added, the first of
// which is the bucket's instant in ms.
import { type RowSink } from './kept-reader.ts'
import { type Cells } from './row-scan.ts'

/** What an answer of parts held. */
export interface PartRows {
  /** The three rows of the head, without added columns. */
  readonly head: readonly [Buffer, Buffer, Buffer]
  /** Native and SQL types of all columns, those that were added too. */
  readonly types: readonly string[]
  readonly sqlTypes: readonly string[]
  /** Rows by the bucket's instant, in the order in which they came; `[a,b]` without added columns. */
  readonly buckets: ReadonlyMap<number, readonly PartRow[]>
  readonly rows: number
  readonly sizeBytes: number
}

export interface PartRow {
  /** As the client gets it. */
  readonly bytes: Buffer
  /** Cells of the columns that were added for ordering, as they came. */
  readonly added: readonly Buffer[]
}

const OPEN = 0x5b
const CLOSE = 0x5d

export class PartCollector implements RowSink {
  readonly #visible: number
  readonly #limits: { readonly rows: number; readonly bytes: number }
  readonly #head: Buffer[] = []
  readonly #types: string[][] = []
  readonly #buckets = new Map<number, PartRow[]>()
  #rows = 0
  #bytes = 0
  #bad: 'too-large' | 'not-understood' | undefined

  /** `visible`: how many columns are the client's own. */
  constructor(visible: number, limits: { readonly rows: number; readonly bytes: number }) {
    this.#visible = visible
    this.#limits = limits
  }

  /** Why the answer is of no use; undefined while it is. */
  get bad(): 'too-large' | 'not-understood' | undefined {
    return this.#bad
  }

  head(index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    if (cells.count <= this.#visible) {
      this.#bad = 'not-understood'
      return
    }
    this.#head[index] = this.#own(bytes, cells)
    this.#types[index] = Array.from({ length: cells.count }, (_, at) => cellText(bytes, cells, at))
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    if (this.#bad !== undefined) return
    const bucket = instantOf(bytes, cells.starts[this.#visible] ?? 0, cells.ends[this.#visible] ?? 0)
    if (bucket === undefined) {
      this.#bad = 'not-understood'
      return
    }
    const row = { bytes: this.#own(bytes, cells), added: this.#added(bytes, cells) }
    const same = this.#buckets.get(bucket)
    if (same === undefined) this.#buckets.set(bucket, [row])
    else same.push(row)
    this.#rows += 1
    this.#bytes += row.bytes.length
    if (this.#rows > this.#limits.rows || this.#bytes > this.#limits.bytes) this.#bad = 'too-large'
  }

  /** To be called once the answer came to its proper end. Undefined without a head. */
  result(): PartRows | undefined {
    const [names, types, sqlTypes] = this.#head
    if (names === undefined || types === undefined || sqlTypes === undefined) return undefined
    return {
      head: [names, types, sqlTypes],
      types: this.#types[1] ?? [],
      sqlTypes: this.#types[2] ?? [],
      buckets: this.#buckets,
      rows: this.#rows,
      sizeBytes: this.#bytes,
    }
  }

  // A copy: the bytes that came are valid during the call only.
  #own(bytes: Buffer, cells: Cells): Buffer {
    const from = cells.starts[0] ?? 0
    const to = cells.ends[this.#visible - 1] ?? from
    const own = Buffer.allocUnsafe(to - from + 2)
    own[0] = OPEN
    bytes.copy(own, 1, from, to)
    own[own.length - 1] = CLOSE
    return own
  }

  #added(bytes: Buffer, cells: Cells): readonly Buffer[] {
    if (cells.count <= this.#visible + 1) return NONE
    const added: Buffer[] = []
    for (let at = this.#visible + 1; at < cells.count; at += 1)
      added.push(Buffer.from(bytes.subarray(cells.starts[at], cells.ends[at])))
    return added
  }
}

const NONE: readonly Buffer[] = []

function cellText(bytes: Buffer, cells: Cells, at: number): string {
  const value: unknown = JSON.parse(bytes.toString('utf8', cells.starts[at], cells.ends[at]))
  return typeof value === 'string' ? value : ''
}

function instantOf(bytes: Buffer, start: number, end: number): number | undefined {
  const ms = Number(bytes.toString('latin1', start, end))
  return end > start && Number.isSafeInteger(ms) ? ms : undefined
}
