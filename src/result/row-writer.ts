// Writes answers in each of Druid's formats, byte for byte (`ResultFormat` and its writers, 33.0.0).
import { type ByteSink } from './byte-sink.ts'
import { csvField, isEmptyField } from './csv.ts'
import { type WireFormat } from './format.ts'
import { type Cells } from './row-scan.ts'

/** A row of cells, copied out of the bytes that it came in. */
export interface HeadRow {
  readonly bytes: Buffer
  readonly cells: Cells
}

interface Head {
  readonly names: HeadRow
  readonly types: HeadRow
  readonly sqlTypes: HeadRow
}

export interface RowWriter {
  head(head: Head): void
  row(bytes: Buffer, start: number, end: number, cells: Cells): void
  /** What ends a complete answer. */
  end(): void
}

const NEWLINE = 0x0a
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const NULL = Buffer.from('null')
const TYPE = Buffer.from('"type":')
const SQL_TYPE = Buffer.from('"sqlType":')

/** The writer for a client's format. */
export function rowWriter(wire: WireFormat, out: ByteSink): RowWriter {
  switch (wire.resultFormat) {
    case 'array':
      return new ArrayWriter(wire, out, 'array')
    case 'arrayLines':
      return new ArrayWriter(wire, out, 'lines')
    case 'object':
      return new ObjectWriter(wire, out, 'array')
    case 'objectLines':
      return new ObjectWriter(wire, out, 'lines')
    case 'csv':
      return new CsvWriter(wire, out)
  }
}

/** Rows as one JSON array, or each on a line of its own with an empty line at the end. */
class Framing {
  readonly #out: ByteSink
  readonly #kind: 'array' | 'lines'
  #rows = 0

  constructor(out: ByteSink, kind: 'array' | 'lines') {
    this.#out = out
    this.#kind = kind
  }

  open(): void {
    if (this.#kind === 'array') this.#out.push(OPEN_ARRAY)
  }

  before(): void {
    if (this.#rows > 0) this.#out.push(this.#kind === 'array' ? COMMA : NEWLINE)
    this.#rows += 1
  }

  close(): void {
    if (this.#kind === 'array') this.#out.push(CLOSE_ARRAY)
    else this.#out.push(NEWLINE)
    this.#out.push(NEWLINE)
  }
}

class ArrayWriter implements RowWriter {
  readonly #wire: WireFormat
  readonly #out: ByteSink
  readonly #framing: Framing

  constructor(wire: WireFormat, out: ByteSink, kind: 'array' | 'lines') {
    this.#wire = wire
    this.#out = out
    this.#framing = new Framing(out, kind)
  }

  head(head: Head): void {
    this.#framing.open()
    for (const { bytes } of headRows(this.#wire, head)) this.row(bytes, 0, bytes.length)
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.#framing.before()
    this.#out.copy(bytes, start, end)
  }

  end(): void {
    this.#framing.close()
  }
}

class ObjectWriter implements RowWriter {
  readonly #wire: WireFormat
  readonly #out: ByteSink
  readonly #framing: Framing
  /** `"name":` of each column, but for the first one with a comma before it. */
  #keys: readonly Buffer[] = []

  constructor(wire: WireFormat, out: ByteSink, kind: 'array' | 'lines') {
    this.#wire = wire
    this.#out = out
    this.#framing = new Framing(out, kind)
  }

  head({ names, types, sqlTypes }: Head): void {
    this.#framing.open()
    this.#keys = keysOf(names)
    const { header, typesHeader, sqlTypesHeader } = this.#wire
    if (!header) return
    this.#object((column) => {
      if (!typesHeader && !sqlTypesHeader) return this.#out.append(NULL)
      this.#out.push(OPEN_OBJECT)
      if (typesHeader) this.#typed(TYPE, types, column)
      if (typesHeader && sqlTypesHeader) this.#out.push(COMMA)
      if (sqlTypesHeader) this.#typed(SQL_TYPE, sqlTypes, column)
      this.#out.push(CLOSE_OBJECT)
    })
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    this.#object((column) => this.#out.copy(bytes, cells.starts[column] ?? 0, cells.ends[column] ?? 0))
  }

  end(): void {
    this.#framing.close()
  }

  #object(value: (column: number) => void): void {
    this.#framing.before()
    this.#out.push(OPEN_OBJECT)
    for (const [column, key] of this.#keys.entries()) {
      this.#out.append(key)
      value(column)
    }
    this.#out.push(CLOSE_OBJECT)
  }

  #typed(key: Buffer, { bytes, cells }: HeadRow, column: number): void {
    this.#out.append(key)
    this.#out.copy(bytes, cells.starts[column] ?? 0, cells.ends[column] ?? 0)
  }
}

function keysOf({ bytes, cells }: HeadRow): readonly Buffer[] {
  return Array.from({ length: cells.count }, (_, column) => {
    const name = bytes.subarray(cells.starts[column], cells.ends[column])
    return Buffer.concat([Buffer.from(column === 0 ? '' : ','), name, Buffer.from([COLON])])
  })
}

class CsvWriter implements RowWriter {
  readonly #wire: WireFormat
  readonly #out: ByteSink

  constructor(wire: WireFormat, out: ByteSink) {
    this.#wire = wire
    this.#out = out
  }

  head(head: Head): void {
    for (const { bytes, cells } of headRows(this.#wire, head)) this.row(bytes, 0, bytes.length, cells)
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    const { count, starts, ends } = cells
    // A blank line would be the end of the answer.
    if (count === 1 && isEmptyField(bytes, starts[0] ?? 0, ends[0] ?? 0)) {
      this.#out.push(QUOTE)
      this.#out.push(QUOTE)
    } else {
      for (let i = 0; i < count; i += 1) {
        if (i > 0) this.#out.push(COMMA)
        csvField(this.#out, bytes, starts[i] ?? 0, ends[i] ?? 0)
      }
    }
    this.#out.push(NEWLINE)
  }

  end(): void {
    this.#out.push(NEWLINE)
  }
}

function headRows({ header, typesHeader, sqlTypesHeader }: WireFormat, head: Head): readonly HeadRow[] {
  if (!header) return []
  return [head.names, ...(typesHeader ? [head.types] : []), ...(sqlTypesHeader ? [head.sqlTypes] : [])]
}
