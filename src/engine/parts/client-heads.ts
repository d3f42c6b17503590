// Names and types of the answers to clients' own texts, by shape: learnt from what Druid gave.
import { LRUCache } from 'lru-cache'
import { type Parts } from '../../plan/plan.ts'
import { KeptReader, type RowSink } from '../../result/kept-reader.ts'
import { type ColumnTypes } from '../../result/merge/value-types.ts'
import { type PartHead } from '../../result/part-rows.ts'
import { type Cells } from '../../result/row-scan.ts'

export interface ClientHead extends ColumnTypes {
  /** Names, native types and SQL types, each as a row of JSON. */
  readonly rows: readonly Buffer[]
}

const HEADS_MAX = 20_000
const HEAD_MAX_BYTES = 20_000
const HEAD_ROWS = 3

/** The head that a fetch of a series' parts would have had; `added`: columns that are there for ordering only. */
export function seriesHead(client: ClientHead, added: ColumnTypes = NO_COLUMNS): PartHead {
  const [names = NONE, types = NONE, sqlTypes = NONE] = client.rows
  return {
    rows: [names, types, sqlTypes],
    types: [...client.types, 'LONG', ...added.types],
    sqlTypes: [...client.sqlTypes, 'BIGINT', ...added.sqlTypes],
    visible: client.types.length,
  }
}

const NONE = Buffer.alloc(0)
const NO_COLUMNS: ColumnTypes = { types: [], sqlTypes: [] }

export class ClientHeads {
  readonly #heads = new LRUCache<string, ClientHead>({ max: HEADS_MAX })

  /** Remembers the head of an answer that Druid gave to a client's own text, in the form that is kept. */
  learn({ shape }: Parts, kept: Buffer): void {
    const head = new HeadReader()
    const reader = new KeptReader(head)
    reader.push(kept.subarray(0, HEAD_MAX_BYTES))
    if (head.rows.length === HEAD_ROWS) this.#heads.set(shape, head)
  }

  get(shape: string): ClientHead | undefined {
    return this.#heads.get(shape)
  }
}

class HeadReader implements RowSink {
  readonly rows: Buffer[] = []
  readonly #texts: string[][] = []

  get types(): readonly string[] {
    return this.#texts[1] ?? []
  }

  get sqlTypes(): readonly string[] {
    return this.#texts[2] ?? []
  }

  head(_index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    const from = (cells.starts[0] ?? 1) - 1
    const to = (cells.ends[cells.count - 1] ?? from + 1) + 1
    this.rows.push(Buffer.from(bytes.subarray(from, to)))
    this.#texts.push(JSON.parse(bytes.toString('utf8', from, to)) as string[])
  }

  row(): void {
    // Only the head is wanted.
  }
}
