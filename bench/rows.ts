// Rows of any number in the two forms that matter, written here by hand: what Ovate makes of one is compared with the
// other, so nothing of Ovate's own has a part in what is expected.

export type Form = 'kept' | 'object'

/** A table's rows: some that differ, over and over. */
export class Rows {
  readonly #blocks: Readonly<Record<Form, Buffer>>
  readonly #repeat: number

  /** `count` rows in a block, the block `repeat` times. */
  constructor(count: number, repeat: number) {
    const rows = Array.from({ length: count }, (_, index) => cellsOf(index))
    this.#blocks = {
      kept: Buffer.from(rows.map((cells) => `[${cells.join()}]`).join()),
      object: Buffer.from(rows.map((cells) => `{${cells.map(member).join()}}`).join()),
    }
    this.#repeat = repeat
  }

  /** As many rows as it takes for the client's form to have this many bytes, or a little more. */
  static ofBytes(bytes: number): Rows {
    const blockBytes = new Rows(BLOCK_ROWS, 1).#blocks.object.length + 1
    return new Rows(BLOCK_ROWS, Math.ceil(bytes / blockBytes))
  }

  /** The body of an answer, piece by piece, as Druid 33.0.0 writes it. */
  *chunks(form: Form): Generator<Buffer, undefined> {
    const block = this.#blocks[form]
    const next = Buffer.concat([Buffer.from(','), block])
    yield form === 'kept' ? Buffer.from(`[${HEADER},`) : Buffer.from('[')
    yield block
    for (let index = 1; index < this.#repeat; index += 1) yield next
    yield Buffer.from(']\n')
  }

  bytes(form: Form): Buffer {
    return Buffer.concat([...this.chunks(form)])
  }
}

const BLOCK_ROWS = 1_000
const NAMES = ['day', 'country', 'edits', 'weight']
const HEADER = `${JSON.stringify(NAMES)},["LONG","STRING","LONG","DOUBLE"],["TIMESTAMP","VARCHAR","BIGINT","DOUBLE"]`
// 2^53 + 1: the first integer that a JS number cannot hold.
const FIRST = 9_007_199_254_740_993n

function cellsOf(index: number): readonly string[] {
  const day = new Date(Date.UTC(2026, 9, 1) + (index % 31) * 86_400_000).toISOString()
  const country = ['"US"', '"Zürich, \\"x\\""', 'null', '""'][index % 4] ?? 'null'
  return [`"${day}"`, country, String(FIRST + BigInt(index)), `${index}.0E-4`]
}

function member(cell: string, index: number): string {
  return `"${NAMES[index] ?? ''}":${cell}`
}
