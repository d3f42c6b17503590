// What a Broker had to do, from its request log.
import { type LoggedQuery } from '../../test/cluster/request-log.ts'
import { type RowTimes } from './row-times.ts'
import { type Span } from './statement.ts'

export interface Work {
  /** SQL statements that ask for rows of datasources. */
  readonly statements: number
  /** Native queries that they became. */
  readonly queries: number
  /** Rows within the intervals of these, by known counts; filters make Druid read fewer, which is left out. */
  readonly scannedRows: number
  /** EXPLAIN PLAN FOR: planned, not run. */
  readonly explains: number
  /** Statements over INFORMATION_SCHEMA, by which Ovate follows a table's columns. */
  readonly schemaLooks: number
}

/** Statements with such an id compare, and are no part of what is measured. */
export const ASIDE = 'bench-aside-'

/** What was asked for of the tables whose rows are known; a Broker's own queries (segmentMetadata) are not among it. */
export function workOf(logged: readonly LoggedQuery[], tables: Readonly<Record<string, RowTimes>>): Work {
  const asked = logged.filter(({ sqlQueryId }) => sqlQueryId !== undefined && !sqlQueryId.startsWith(ASIDE))
  const statements = asked.filter((query) => query.kind === 'sql')
  const native = asked
    .filter((query) => query.kind === 'native')
    .filter(({ datasources }) => datasources.some((name) => Object.hasOwn(tables, name)))
  const data = statements.filter(({ statement }) => statement === 'data')
  const schemaLooks = data.filter(({ sql }) => SCHEMA.test(sql)).length
  return {
    statements: data.length - schemaLooks,
    queries: native.length,
    scannedRows: native.reduce((sum, query) => sum + scannedBy(query, tables), 0),
    explains: statements.filter(({ statement }) => statement === 'explain').length,
    schemaLooks,
  }
}

const SCHEMA = /\bINFORMATION_SCHEMA\b/

type Native = LoggedQuery & { readonly kind: 'native' }

/** Of rows that have a later time than the query there was none when it ran. */
function scannedBy(
  { datasources, intervals, beganAtMs }: Native,
  tables: Readonly<Record<string, RowTimes>>,
): number {
  let rows = 0
  for (const name of datasources)
    for (const interval of intervals) {
      const { startMs, endMs } = spanOf(interval)
      rows += tables[name]?.count({ startMs, endMs: Math.min(endMs, beganAtMs) }) ?? 0
    }
  return rows
}

/** Druid's ends of time are years that `Date` doesn't reach. */
function spanOf(interval: string): Span {
  const [start = '', end = ''] = interval.split('/')
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)]
  return {
    startMs: Number.isNaN(startMs) ? Number.NEGATIVE_INFINITY : startMs,
    endMs: Number.isNaN(endMs) ? Number.POSITIVE_INFINITY : endMs,
  }
}
