// From the form that is kept to the form that a client wants, as the bytes come.
import { ByteSink } from './byte-sink.ts'
import { type WireFormat } from './format.ts'
import { KeptReader, type RowSink } from './kept-reader.ts'
import { Cells } from './row-scan.ts'
import { type HeadRow, rowWriter, type RowWriter } from './row-writer.ts'

export class Transcoder {
  readonly #out = new ByteSink()
  readonly #reader: KeptReader
  readonly #untouched: boolean

  constructor(wire: WireFormat) {
    this.#untouched = isKeptForm(wire)
    const writer = this.#untouched ? NOTHING : rowWriter(wire, this.#out)
    this.#writer = writer
    this.#reader = new KeptReader(new HeadFirst(writer))
  }

  readonly #writer: RowWriter

  /** The client's bytes for all rows that are complete by now. */
  write(chunk: Buffer): Buffer {
    this.#reader.push(chunk)
    return this.#untouched ? chunk : this.#out.take()
  }

  /** To be called after the last chunk. `complete`: it was all there, from its first byte to its proper end. */
  end(): { readonly complete: boolean; readonly tail: Buffer } {
    this.#reader.end()
    const { complete } = this.#reader
    if (complete) this.#writer.end()
    return { complete, tail: this.#out.take() }
  }
}

/** Whether a client wants exactly the bytes that are kept. */
export function isKeptForm({ resultFormat, header, typesHeader, sqlTypesHeader }: WireFormat): boolean {
  return resultFormat === 'array' && header && typesHeader && sqlTypesHeader
}

const NOTHING: RowWriter = { head: () => undefined, row: () => undefined, end: () => undefined }

/** Collects the three rows of the head, and then hands rows on. */
class HeadFirst implements RowSink {
  readonly #writer: RowWriter
  readonly #head: HeadRow[] = []

  constructor(writer: RowWriter) {
    this.#writer = writer
  }

  head(_index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    this.#head.push(copyOf(bytes, cells))
    const [names, types, sqlTypes] = this.#head
    if (names !== undefined && types !== undefined && sqlTypes !== undefined) {
      this.#writer.head({ names, types, sqlTypes })
    }
  }

  row(bytes: Buffer, start: number, end: number, cells: Cells): void {
    this.#writer.row(bytes, start, end, cells)
  }
}

function copyOf(bytes: Buffer, cells: Cells): HeadRow {
  const from = (cells.starts[0] ?? 1) - 1
  const to = (cells.ends[cells.count - 1] ?? from + 1) + 1
  const own = new Cells()
  for (let i = 0; i < cells.count; i += 1) own.add((cells.starts[i] ?? 0) - from, (cells.ends[i] ?? 0) - from)
  return { bytes: Buffer.from(bytes.subarray(from, to)), cells: own }
}
