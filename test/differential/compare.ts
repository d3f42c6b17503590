// Whether two answers to one question are the same, but for what design §1 allows: the order of rows that the statement
// leaves open, and the last bits of sums of doubles.
import { isClose, nearly } from '../../src/app/verify/floating.ts'
import { type WireFormat } from '../../src/result/format.ts'
import { bodyOf, cellsOf } from './body.ts'
import { type Ordered } from './question.ts'

export type Likeness = 'same' | 'reordered' | 'last bits'
export type Comparison = { readonly kind: Likeness } | { readonly kind: 'different'; readonly what: string }

export interface Answer {
  readonly status: number
  readonly body: string
}

/** `ours` may be unlike `theirs` only as far as a question in this order, written like this, allows. */
export function compare(
  ours: Answer,
  theirs: Answer,
  { wire, ordered }: { readonly wire: WireFormat; readonly ordered: Ordered },
): Comparison {
  if (ours.status !== theirs.status)
    return different(
      `status ${ours.status} instead of ${theirs.status}: ${short(ours.body)} instead of ${short(theirs.body)}`,
    )
  if (pageless(ours.body) === pageless(theirs.body)) return { kind: 'same' }
  const [mine, own] = [bodyOf(ours.body, wire), bodyOf(theirs.body, wire)]
  if (theirs.status !== 200 || mine === undefined || own === undefined)
    return different(`${short(ours.body)} instead of ${short(theirs.body)}`)
  if (mine.heads.join() !== own.heads.join() || mine.before !== own.before || mine.after !== own.after)
    return different(`head or end: ${short(ours.body)} instead of ${short(theirs.body)}`)
  if (mine.rows.length !== own.rows.length)
    return different(`${mine.rows.length} rows instead of ${own.rows.length}${firstOdd(mine.rows, own.rows)}`)
  return compareRows(rowsOf(mine.rows, wire), rowsOf(own.rows, wire), ordered)
}

/** Pages of Jetty's name an object of the Broker that made them: their title tells enough. */
function pageless(body: string): string {
  return body.startsWith('<html>') ? (/<title>.*<\/title>/.exec(body)?.[0] ?? body) : body
}

type Row = readonly string[]

function rowsOf(rows: readonly string[], wire: WireFormat): readonly Row[] {
  return rows.map((row) => cellsOf(row, wire))
}

function compareRows(mine: readonly Row[], own: readonly Row[], ordered: Ordered): Comparison {
  const at = mine.findIndex((row, index) => !isSameRow(row, own[index] ?? []))
  if (at < 0) return { kind: 'last bits' }
  const told = `row ${at}: ${String(mine[at])} instead of ${String(own[at])}`
  if (ordered === 'exactly') return different(told)
  const keysOf = (row: Row): Row => ordered.map((column) => row[column] ?? '')
  if (!mine.every((row, index) => isSameRow(keysOf(row), keysOf(own[index] ?? [])))) return different(told)
  const [left, right] = [sorted(mine), sorted(own)]
  return left.every((row, index) => isSameRow(row, right[index] ?? []))
    ? { kind: 'reordered' }
    : different(told)
}

// By what doubles are nearly, so that last bits don't move rows.
function sorted(rows: readonly Row[]): readonly Row[] {
  const keyOf = (row: Row): string => row.map((cell) => nearly(cell)).join(',')
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row)
}

function isSameRow(mine: Row, own: Row): boolean {
  return mine.length === own.length && mine.every((cell, index) => isClose(cell, own[index] ?? ''))
}

function firstOdd(mine: readonly string[], own: readonly string[]): string {
  const missing = own.find((row) => !mine.includes(row))
  const extra = mine.find((row) => !own.includes(row))
  return `${missing === undefined ? '' : `, without ${missing}`}${extra === undefined ? '' : `, with ${extra}`}`
}

function different(what: string): Comparison {
  return { kind: 'different', what: short(what) }
}

function short(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}…`
}
