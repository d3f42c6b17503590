// Bodies of all result formats, taken apart into rows and cells, whose text stays what it was.
import { type WireFormat } from '../../src/result/format.ts'

export interface Body {
  readonly before: string
  readonly heads: readonly string[]
  readonly rows: readonly string[]
  readonly separator: string
  readonly after: string
}

/** Undefined for what is no whole answer in that format. */
export function bodyOf(text: string, wire: WireFormat): Body | undefined {
  const split = wire.resultFormat === 'array' || wire.resultFormat === 'object' ? listed(text) : lines(text)
  if (split === undefined) return undefined
  const heads = headCount(wire)
  return { ...split, heads: split.rows.slice(0, heads), rows: split.rows.slice(heads) }
}

export function bodyText({ before, heads, rows, separator, after }: Body): string {
  return before + [...heads, ...rows].join(separator) + after
}

function headCount({ resultFormat, header, typesHeader, sqlTypesHeader }: WireFormat): number {
  if (!header) return 0
  // The object formats have their types inside one head.
  return resultFormat.startsWith('object') ? 1 : 1 + Number(typesHeader) + Number(sqlTypesHeader)
}

type Split = Omit<Body, 'heads'>

function lines(text: string): Split | undefined {
  const isEmpty = text === '\n' || text === '\n\n'
  if (!isEmpty && !text.endsWith('\n\n')) return undefined
  const rows = isEmpty ? [] : text.slice(0, -2).split('\n')
  return { before: '', rows, separator: '\n', after: isEmpty ? text : '\n\n' }
}

function listed(text: string): Split | undefined {
  if (!text.startsWith('[') || !text.endsWith(']\n')) return undefined
  return { before: '[', rows: itemsOf(text.slice(1, -2)), separator: ',', after: ']\n' }
}

/** What stands between the commas outside of brackets and texts. */
function itemsOf(text: string): string[] {
  const items: string[] = []
  let [depth, from, quoted] = [0, 0, false]
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (quoted) {
      if (char === '\\') at += 1
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '[' || char === '{') depth += 1
    else if (char === ']' || char === '}') depth -= 1
    else if (char === ',' && depth === 0) {
      items.push(text.slice(from, at))
      from = at + 1
    }
  }
  if (text !== '') items.push(text.slice(from))
  return items
}

/** A row's cells; of objects without the names. */
export function cellsOf(row: string, { resultFormat }: WireFormat): readonly string[] {
  switch (resultFormat) {
    case 'csv':
      return [...`,${row}`.matchAll(CSV_CELL)].map(([, cell = '']) => cell)
    case 'array':
    case 'arrayLines':
      return itemsOf(row.slice(1, -1))
    case 'object':
    case 'objectLines':
      return itemsOf(row.slice(1, -1)).map((member) => member.replace(MEMBER_NAME, ''))
  }
}

/** The row with other cells. */
export function rowWith(row: string, cells: readonly string[], wire: WireFormat): string {
  switch (wire.resultFormat) {
    case 'csv':
      return cells.join(',')
    case 'array':
    case 'arrayLines':
      return `[${cells.join(',')}]`
    case 'object':
    case 'objectLines': {
      const names = itemsOf(row.slice(1, -1)).map((member) => MEMBER_NAME.exec(member)?.[0] ?? '')
      return `{${cells.map((cell, index) => `${names[index] ?? ''}${cell}`).join(',')}}`
    }
  }
}

/** Whether a cell is null: csv has no word for it. */
export function isNull(cell: string, { resultFormat }: WireFormat): boolean {
  return resultFormat === 'csv' ? cell === '' : cell === 'null'
}

const MEMBER_NAME = /^"(?:[^"\\]|\\.)*":/
/** Each behind a comma. */
const CSV_CELL = /,("(?:[^"]|"")*"|[^,]*)/g
