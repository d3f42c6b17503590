// Faults that an engine which puts answers together from parts could have, done to its answers on purpose: the proof that
// the comparison notices them.
import { type WireFormat } from '../../src/result/format.ts'
import { type Body, bodyOf, bodyText, cellsOf, isNull, rowWith } from './body.ts'
import { columnsOf, type Grouped } from './question.ts'
import { type Mutation } from './sequence.ts'

interface Altered {
  readonly body: Body
  readonly question: Grouped
  readonly wire: WireFormat
  readonly cells: readonly (readonly string[])[]
  /** Where the bucket stands among the columns; -1: there is none. */
  readonly bucketAt: number
}

/** Rows instead of those that came; undefined: nothing to do here. */
type Alter = (given: Altered) => readonly string[] | undefined

const byRows =
  (alter: Alter): Mutation =>
  (text, { question, asked: { wire } }) => {
    const body = bodyOf(text, wire)
    if (body === undefined || question.kind !== 'grouped') return undefined
    const cells = body.rows.map((row) => cellsOf(row, wire))
    const bucketAt = question.bucket === undefined ? -1 : columnsOf(question).indexOf(question.bucket.sql)
    const rows = alter({ body, question, wire, cells, bucketAt })
    return rows === undefined ? undefined : bodyText({ ...body, rows })
  }

/** An edge that was asked for too narrowly: a row of the last bucket is not there. */
const edgeLost = byRows(({ body: { rows }, cells, bucketAt }) => {
  if (bucketAt < 0 || rows.length === 0) return undefined
  const labels = cells.map((row) => row[bucketAt] ?? '')
  const last = labels.toSorted().at(-1) ?? ''
  return rows.toSpliced(labels.indexOf(last), 1)
})

/** Nulls at the other end of the order. */
const nullsMoved = byRows(({ body: { rows }, question, wire, cells }) => {
  const [key] = question.order
  if (key?.column === undefined || wire.resultFormat === 'csv') return undefined
  const areNull = cells.map((row) => isNull(row[key.column ?? 0] ?? '', wire))
  const nulls = rows.filter((_, index) => areNull[index])
  const others = rows.filter((_, index) => areNull[index] !== true)
  if (nulls.length === 0 || others.length === 0) return undefined
  return areNull[0] === true ? [...others, ...nulls] : [...nulls, ...others]
})

/** A group that one part lacks. */
const groupCut = byRows(({ body: { rows }, question }) =>
  question.dimensions.length === 0 || rows.length < 3 ? undefined : rows.toSpliced(rows.length >> 1, 1),
)

/** A bucket under the label of another one. */
const labelShifted = byRows(({ body: { rows }, wire, cells, bucketAt }) => {
  const [row, first] = [rows[0], cells[0]]
  const label = first?.[bucketAt]
  if (row === undefined || first === undefined || label === undefined) return undefined
  const other = label.replace(/\d\d(?=:)/, (hour) => String((Number(hour) + 1) % 24).padStart(2, '0'))
  return [rowWith(row, first.with(bucketAt, other), wire), ...rows.slice(1)]
})

/** What was true before the data changed. */
const older: Mutation = (text, { earlier }) =>
  earlier.findLast((one) => withoutDoubles(one) !== withoutDoubles(text))

// In the last bits of doubles an older answer may differ though nothing changed, and so may the order that was left open.
function withoutDoubles(text: string): string {
  return text
    .replaceAll(/-?\d+\.\d+(?:E-?\d+)?/g, '')
    .split(/[,\n]/)
    .toSorted()
    .join()
}

export const FAULTS: readonly { readonly name: string; readonly mutation: Mutation }[] = [
  { name: 'a row of the outermost bucket is lost', mutation: edgeLost },
  { name: 'nulls stand at the other end', mutation: nullsMoved },
  { name: 'an older answer is given', mutation: older },
  { name: 'a group is cut', mutation: groupCut },
  { name: 'a label is shifted', mutation: labelShifted },
]
