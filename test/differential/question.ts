// A statement in parts, so that one of them can be changed while the rest stays, and its text.
import { type WireFormat } from '../../src/result/format.ts'
import { type Parameter } from '../statements/statement.ts'
import { type Window, windowText } from './windows.ts'

/** A bucket as a tool writes it. */
export interface Bucket {
  readonly sql: string
  /** About how long it is, ms. */
  readonly lengthMs: number
  /** The session's zone that it is meant for. */
  readonly zone: string | undefined
}

export interface OrderKey {
  readonly descending: boolean
  /** Of the select list, from 0; undefined for an aggregate that isn't selected, which `sql` then is. */
  readonly column: number | undefined
  readonly sql: string
}

/** How the same question may be spelled. */
export interface Style {
  /** Druid 33 knows no aliases there. */
  readonly groupBy: 'ordinal' | 'expression'
  readonly orderBy: 'ordinal' | 'expression' | 'alias'
  readonly from: 'plain' | 'schema' | 'quoted' | 'subquery' | 'nested'
  /** Bucket first, or after the dimensions. */
  readonly bucketFirst: boolean
  readonly names: 'quoted' | 'bare' | 'none'
}

interface Common {
  readonly table: string
  readonly window: Window
  readonly context: Readonly<Record<string, unknown>>
  readonly wire: WireFormat
}

/** Grouped aggregates. */
export interface Grouped extends Common {
  readonly kind: 'grouped'
  readonly bucket: Bucket | undefined
  readonly dimensions: readonly string[]
  readonly measures: readonly string[]
  /** Conditions beside the window. */
  readonly filters: readonly string[]
  readonly having: string | undefined
  readonly order: readonly OrderKey[]
  readonly limit: number | undefined
  readonly offset: number | undefined
  readonly style: Style
}

/** Anything else; `text` has `{table}` and `{where}` in it. */
export interface Other extends Common {
  readonly kind: 'other'
  readonly text: string
  /** Columns that it is ordered by, or all: each row has its place. */
  readonly ordered: Ordered
}

export type Question = Grouped | Other

/** Which order an answer must have: rows as they stand, or ascending by these columns of it alone. */
export type Ordered = 'exactly' | readonly number[]

/** What is sent. */
export interface Asked {
  readonly sql: string
  readonly body: string
  readonly wire: WireFormat
  readonly ordered: Ordered
}

/** The select list: expressions in their order. */
export function columnsOf({ bucket, dimensions, measures, style }: Grouped): readonly string[] {
  const first = bucket === undefined ? [] : [bucket.sql]
  const keys = style.bucketFirst ? [...first, ...dimensions] : [...dimensions, ...first]
  return [...keys, ...measures]
}

/** How many of the select list are grouped by. */
export function keyCount({ bucket, dimensions }: Grouped): number {
  return dimensions.length + (bucket === undefined ? 0 : 1)
}

/** The request for a question. */
export function askedFor(question: Question): Asked {
  const parameters: Parameter[] = []
  const sql =
    question.kind === 'grouped' ? groupedText(question, parameters) : otherText(question, parameters)
  const { context, wire } = question
  const body = JSON.stringify({
    query: sql,
    ...(wire.resultFormat !== 'object' && { resultFormat: wire.resultFormat }),
    ...(wire.header && { header: true }),
    ...(wire.typesHeader && { typesHeader: true }),
    ...(wire.sqlTypesHeader && { sqlTypesHeader: true }),
    ...(Object.keys(context).length > 0 && { context }),
    ...(parameters.length > 0 && { parameters }),
  })
  return { sql, body, wire, ordered: orderOf(question) }
}

function otherText({ text, table, window }: Other, parameters: Parameter[]): string {
  // Its condition may stand there twice.
  return text.replaceAll('{table}', `"${table}"`).replaceAll('{where}', () => windowText(window, parameters))
}

function groupedText(question: Grouped, parameters: Parameter[]): string {
  const { style, having, limit, offset, filters, window } = question
  const columns = columnsOf(question)
  const list = columns.map((sql, index) => `${sql}${aliasText(style, index)}`).join(', ')
  const filtered = (from: number, to?: number): string[] =>
    filters.slice(from, to).map((filter) => filterText(filter, parameters))
  // What is bound is bound in the order of the text.
  const where = [...filtered(0, 1), windowText(window, parameters), ...filtered(1)]
    .filter((condition) => condition !== '')
    .join(' AND ')
  const keys = keyTexts(question, columns)
  return [
    `SELECT ${list}`,
    `FROM ${fromText(question, where)}`,
    ...(where === '' || isInside(style.from) ? [] : [`WHERE ${where}`]),
    ...(keys.length === 0 ? [] : [`GROUP BY ${keys.join(', ')}`]),
    ...(having === undefined ? [] : [`HAVING ${having}`]),
    ...orderText(question, columns),
    ...(limit === undefined ? [] : [`LIMIT ${limit}`]),
    ...(offset === undefined ? [] : [`OFFSET ${offset}`]),
  ].join(' ')
}

/** Conditions with something bound in them. */
export const PARAMETER_FILTERS = ['"country" = ?', '"added" > CAST(? AS BIGINT)'] as const
const BOUND: Readonly<Record<string, Parameter>> = {
  [PARAMETER_FILTERS[0]]: { type: 'VARCHAR', value: 'US' },
  [PARAMETER_FILTERS[1]]: { type: 'BIGINT', value: 20 },
}

function filterText(filter: string, parameters: Parameter[]): string {
  const bound = BOUND[filter]
  if (bound !== undefined) parameters.push(bound)
  return filter
}

function isInside(from: Style['from']): boolean {
  return from === 'subquery' || from === 'nested'
}

function fromText({ table, style }: Grouped, where: string): string {
  switch (style.from) {
    case 'plain':
      return table
    case 'schema':
      return `"druid"."${table}" AS "t"`
    case 'quoted':
      return `"${table}"`
    case 'nested':
      return `(SELECT * FROM (SELECT * FROM "${table}") AS "inner"${where === '' ? '' : ` WHERE ${where}`}) AS "outer"`
    case 'subquery':
      return `(SELECT * FROM "${table}"${where === '' ? '' : ` WHERE ${where}`}) AS "virtual_table"`
  }
}

function nameAt(index: number): string {
  return `c_${index}`
}

function aliasText({ names }: Style, index: number): string {
  if (names === 'none') return ''
  return names === 'quoted' ? ` AS "${nameAt(index)}"` : ` ${nameAt(index)}`
}

function keyTexts(question: Grouped, columns: readonly string[]): readonly string[] {
  const { style } = question
  return columns.slice(0, keyCount(question)).map((sql, index) => spelled(style.groupBy, style, index, sql))
}

function spelled(how: Style['orderBy'], { names }: Style, index: number, sql: string): string {
  if (how === 'ordinal') return String(index + 1)
  return how === 'alias' && names !== 'none' ? `"${nameAt(index)}"` : sql
}

function orderText({ order, style }: Grouped, columns: readonly string[]): string[] {
  if (order.length === 0) return []
  const keys = order.map(({ column, sql, descending }) => {
    const text = column === undefined ? sql : spelled(style.orderBy, style, column, columns[column] ?? sql)
    return `${text}${descending ? ' DESC' : ''}`
  })
  return [`ORDER BY ${keys.join(', ')}`]
}

// Ties of a hidden key can't be seen in the answer: Druid breaks them by dimension, and so must whoever stands in for it.
function orderOf(question: Question): Ordered {
  if (question.kind === 'other') return question.ordered
  const columns = question.order.map(({ column }) => column)
  return columns.every((column) => column !== undefined) ? columns : 'exactly'
}
