// What a dashboard is made of: charts of one or more statements, each written anew by its tool at every refresh.
import { type Ordered } from '../../test/differential/question.ts'
import { type Parameter } from '../../test/statements/statement.ts'
import { RESULT_FORMATS, type WireFormat } from '../../src/result/format.ts'
import { type StreamRow } from './stream-rows.ts'

/** What the clocks show when a tool writes its text, ms. */
export interface Now {
  /** The moment of `events` at which its windows end, which goes on like the wall's but lies within its data. */
  readonly eventsMs: number
  readonly wallMs: number
}

export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** A window that ends at now, as one tool writes it. */
export interface Range {
  /** What is asked for when it is that late. */
  readonly span: (nowMs: number) => Span
  readonly where: (span: Span) => string
  readonly parameters?: (span: Span) => readonly Parameter[]
  /** The text names no moment: Druid's own clock tells it, so `where` is the same at all times. */
  readonly relative?: true
}

/** One statement of a chart; `sql` gets the condition on time. */
export interface Listed {
  readonly sql: (where: string) => string
  readonly range?: Range
  readonly parameters?: readonly Parameter[]
  readonly context?: Readonly<Record<string, unknown>>
  /** Rows stand exactly in Druid's order unless told. */
  readonly ordered?: Ordered
  /** Druid's own answer changes with its segments: a topN of more groups than it takes of each (1000). */
  readonly approximate?: true
  /** Over `stream`: where a row has the count of its rows, which only grows; and which rows are counted at all. */
  readonly counts?: Counts
}

interface Counts {
  readonly column: number
  /** The length of the buckets in the first column. */
  readonly bucketMs?: number
  readonly of?: (row: StreamRow) => boolean
}

export type Tool = 'superset' | 'grafana' | 'tableau' | 'looker' | 'metabase' | 'cube' | 'plywood'
export type Table = 'events' | 'stream'

export interface Chart {
  readonly title: string
  readonly tool: Tool
  readonly table: Table
  readonly range: Range
  readonly statements: readonly Listed[]
}

export interface Statement extends Listed {
  /** `superset users today 1` */
  readonly id: string
  readonly tool: Tool
  readonly table: Table
  readonly range: Range
}

/** A request's body; what a tool sends beside the text is among it. */
export type Body = Readonly<Record<string, unknown>> & { readonly query: string }

/** What each tool sends with every statement (`test/statements`). */
const SENT: Readonly<Record<Tool, Readonly<Record<string, unknown>>>> = {
  superset: { context: {}, header: false },
  grafana: { context: { '': '' }, queryType: 'sql', resultFormat: 'array', header: true },
  tableau: {},
  looker: {},
  metabase: {},
  cube: { header: true, sqlTypesHeader: true, resultFormat: 'object', parameters: [] },
  plywood: { context: { timeout: 40_000, priority: 1, sqlTimeZone: 'Etc/UTC' } },
}

/** Charts of one tool over one table. */
export function chartsOf(
  tool: Tool,
  table: Table,
  charts: readonly Omit<Chart, 'tool' | 'table'>[],
): readonly Chart[] {
  return charts.map((chart) => ({ ...chart, tool, table }))
}

export function statementsOf(charts: readonly Chart[]): readonly Statement[] {
  return charts.flatMap(({ title, tool, table, range, statements }) =>
    statements.map((one, at) => ({ range, ...one, id: `${tool} ${title} ${at + 1}`, tool, table })),
  )
}

/** Which clock ends a statement's windows. */
export function clockOf({ table, range }: Statement, { eventsMs, wallMs }: Now): number {
  return table === 'stream' || range.relative === true ? wallMs : eventsMs
}

/** What a tool sends at a moment; `context` is added to its own. */
export function bodyAt(
  statement: Statement,
  now: Now,
  context: Readonly<Record<string, unknown>> = {},
): Body {
  const { tool, range, sql } = statement
  const span = range.span(clockOf(statement, now))
  const sent = SENT[tool]
  const parameters = [...(range.parameters?.(span) ?? []), ...(statement.parameters ?? [])]
  const keys = { ...(sent['context'] as object | undefined), ...statement.context, ...context }
  return {
    query: sql(range.where(span)),
    ...sent,
    ...((sent['context'] !== undefined || Object.keys(keys).length > 0) && { context: keys }),
    ...(parameters.length > 0 && { parameters }),
  }
}

/** How a tool wants its rows. */
export function wireOf({ tool }: Statement): WireFormat {
  const sent = SENT[tool]
  return {
    resultFormat: RESULT_FORMATS.find((format) => format === sent['resultFormat']) ?? 'object',
    header: sent['header'] === true,
    typesHeader: sent['typesHeader'] === true,
    sqlTypesHeader: sent['sqlTypesHeader'] === true,
  }
}
