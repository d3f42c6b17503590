// Two answers in the form that is kept (array, all heads) beside each other, cell by cell as text: no number is ever read
// but where the last bits of floating point numbers are to be told from other differences.
import { KeptReader, type RowSink } from '../../result/kept-reader.ts'
import { type Cells } from '../../result/row-scan.ts'
import { isClose, nearly } from './floating.ts'

export type Comparison =
  | { readonly kind: 'same' | 'order' | 'floating' }
  /** `what`: the first difference in words, Ovate's side first. */
  | { readonly kind: 'different'; readonly what: string }

/** Bodies of 200s; what is no whole answer is different from everything. */
export function compareAnswers(ours: Buffer, theirs: Buffer): Comparison {
  if (ours.equals(theirs)) return { kind: 'same' }
  const [mine, own] = [readAnswer(ours), readAnswer(theirs)]
  if (mine === undefined) return different("Ovate's answer is not whole")
  if (own === undefined) return different("Druid's answer is not whole")
  const head = HEADS.findIndex((_, index) => mine.heads[index]?.join() !== own.heads[index]?.join())
  if (head >= 0)
    return different(`${HEADS[head] ?? ''}: ${text(mine.heads[head])} instead of ${text(own.heads[head])}`)
  return compareRows(mine.rows, own.rows, own.heads[1] ?? [])
}

type Row = readonly string[]

interface Answer {
  /** Names, native types, SQL types. */
  readonly heads: readonly Row[]
  readonly rows: readonly Row[]
}

const HEADS = ['names', 'types', 'SQL types']

class Collector implements RowSink {
  readonly heads: Row[] = []
  readonly rows: Row[] = []

  head(_: number, bytes: Buffer, cells: Cells): void {
    this.heads.push(tokens(bytes, cells))
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    this.rows.push(tokens(bytes, cells))
  }
}

function tokens(bytes: Buffer, cells: Cells): Row {
  return Array.from({ length: cells.count }, (_, at) =>
    bytes.toString('utf8', cells.starts[at], cells.ends[at]),
  )
}

function readAnswer(body: Buffer): Answer | undefined {
  const collector = new Collector()
  const reader = new KeptReader(collector)
  reader.push(body)
  reader.end()
  return reader.complete ? collector : undefined
}

/** `types`: native ones, by column. */
function compareRows(mine: readonly Row[], own: readonly Row[], types: Row): Comparison {
  if (mine.length !== own.length) return different(`${mine.length} rows instead of ${own.length}`)
  const isSame = (row: Row, other: Row | undefined): boolean =>
    other !== undefined && row.every((cell, at) => isSameCell(cell, other[at] ?? '', types[at]))
  const odd = mine.findIndex((row, at) => !isSame(row, own[at]))
  if (odd < 0) return { kind: 'floating' }
  const [left, right] = [inOneOrder(mine, types), inOneOrder(own, types)]
  if (left.every((row, at) => isSame(row, right[at]))) return { kind: 'order' }
  return different(`row ${odd + 1}: ${text(mine[odd])} instead of ${text(own[odd])}`)
}

/** By native type: how far apart sums of the same rows may be. */
const CLOSE: Readonly<Record<string, number>> = { '"DOUBLE"': 1e-9, '"FLOAT"': 1e-5 }
const DIGITS: Readonly<Record<string, number>> = { '"DOUBLE"': 8, '"FLOAT"': 4 }

function isSameCell(mine: string, own: string, type = ''): boolean {
  const close = CLOSE[type]
  return close === undefined ? mine === own : isClose(mine, own, close)
}

function inOneOrder(rows: readonly Row[], types: Row): readonly Row[] {
  const keyOf = (row: Row): string =>
    row.map((cell, at) => nearly(cell, DIGITS[types[at] ?? ''] ?? MAX_DIGITS)).join()
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ row }) => row)
}

/** Of `toPrecision`. */
const MAX_DIGITS = 100

function different(what: string): Comparison {
  return { kind: 'different', what }
}

const TEXT_MAX = 200

function text(row: Row | undefined): string {
  const all = `[${row?.join() ?? ''}]`
  return all.length <= TEXT_MAX ? all : `${all.slice(0, TEXT_MAX)}…`
}
