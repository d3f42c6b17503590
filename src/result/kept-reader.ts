// Reads the form in which answers are kept, however it is cut into chunks:
//
//   [["name",…],["LONG",…],["BIGINT",…],row,row,…]\n
//    names       native     SQL types
import { Cells, INCOMPLETE, MALFORMED, scanRow } from './row-scan.ts'

/** Takes the rows as they are found; bytes and cells are valid during the call only. */
export interface RowSink {
  /** The first three rows: names, native types, SQL types. */
  head(index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void
  row(bytes: Buffer, start: number, end: number, cells: Cells): void
}

const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c
const NEWLINE = 0x0a
const HEAD_ROWS = 3
/** A row that is longer makes the answer malformed: one row is held whole. */
const ROW_MAX_BYTES = 64_000_000
/** A row that goes on past this is looked at again only when twice as much of it is there. */
const RESCAN_BYTES = 65_536

type State = 'start' | 'row' | 'after-row' | 'newline' | 'end' | 'malformed'

export class KeptReader {
  readonly #sink: RowSink
  readonly #cells = new Cells()
  #state: State = 'start'
  #rows = 0
  #columns = 0
  #pending: Buffer[] = []
  #pendingBytes = 0
  #rescanAtBytes = 0

  constructor(sink: RowSink) {
    this.#sink = sink
  }

  /** The answer came to its proper end, and to nothing after it. */
  get complete(): boolean {
    return this.#state === 'end'
  }

  get malformed(): boolean {
    return this.#state === 'malformed'
  }

  /** Takes the next bytes; whole rows go to the sink, the rest waits for more. */
  push(chunk: Buffer): void {
    if (this.#state === 'malformed' || chunk.length === 0) return
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes < this.#rescanAtBytes) return
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending)
    this.#keep(bytes, this.#read(bytes))
  }

  /** To be called after the last chunk: what waited for more is looked at once more. */
  end(): void {
    if (this.#pendingBytes === 0) return
    const bytes = Buffer.concat(this.#pending)
    this.#keep(bytes, this.#read(bytes))
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.length - from
    if (rest > ROW_MAX_BYTES) this.#state = 'malformed'
    const waits = rest > 0 && this.#state !== 'malformed'
    this.#pending = waits ? [bytes.subarray(from)] : []
    this.#pendingBytes = waits ? rest : 0
    this.#rescanAtBytes = this.#pendingBytes > RESCAN_BYTES ? this.#pendingBytes * 2 : 0
  }

  // The offset up to which everything has been dealt with.
  #read(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length) {
      const next = this.#state === 'row' ? this.#row(bytes, at) : this.#between(bytes[at] ?? 0, at)
      if (next === INCOMPLETE) return at
      if (next === MALFORMED) {
        this.#state = 'malformed'
        return bytes.length
      }
      at = next
    }
    return at
  }

  #between(byte: number, at: number): number {
    if (this.#state === 'start' && byte === OPEN) this.#state = 'row'
    else if (this.#state === 'after-row' && byte === COMMA) this.#state = 'row'
    else if (this.#state === 'after-row' && byte === CLOSE && this.#rows >= HEAD_ROWS) this.#state = 'newline'
    else if (this.#state === 'newline' && byte === NEWLINE) this.#state = 'end'
    else return MALFORMED
    return at + 1
  }

  #row(bytes: Buffer, at: number): number {
    const end = scanRow(bytes, at, this.#cells)
    if (end < 0) return end
    if (this.#rows === 0) this.#columns = this.#cells.count
    if (this.#cells.count !== this.#columns) return MALFORMED
    if (this.#rows < HEAD_ROWS) this.#sink.head(this.#rows as 0 | 1 | 2, bytes, this.#cells)
    else this.#sink.row(bytes, at, end, this.#cells)
    this.#rows += 1
    this.#state = 'after-row'
    return end
  }
}
