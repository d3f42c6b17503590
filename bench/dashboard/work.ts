// What a Broker had to do, from its request log.
import { type LoggedQuery } from '../../test/cluster/request-log.ts'
import { type RowTimes } from './row-times.ts'
import { type Span } from './statement.ts'

export interface Work {
  /** SQL statements that ask for data. */
  readonly statements: number
  /** Native queries over datasources that they became. */
  readonly queries: number
  /** Rows within the intervals of these, by known counts; filters make Druid read fewer, which is left out. */
  readonly scannedRows: number
  /** EXPLAIN PLAN FOR: planned, not run. */
  readonly explains: number
}

/** A key in the context of every request, which Ovate hands on: others may use the cluster meanwhile. */
export const RUN = { benchRun: `dashboard-${process.pid}` } as const

/** What was asked on behalf of requests with that key, of tables whose rows are known. */
export function workOf(
  logged: readonly LoggedQuery[],
  tables: Readonly<Record<string, RowTimes>>,
  run: string = RUN.benchRun,
): Work {
  const asked = logged.filter(({ context }) => context['benchRun'] === run)
  const statements = asked.filter((query) => query.kind === 'sql')
  const native = asked
    .filter((query) => query.kind === 'native')
    .filter(({ datasources }) => datasources.some((name) => Object.hasOwn(tables, name)))
  return {
    statements: statements.filter(({ statement }) => statement === 'data').length,
    queries: native.length,
    scannedRows: native.reduce((sum, query) => sum + scannedBy(query, tables), 0),
    explains: statements.filter(({ statement }) => statement === 'explain').length,
  }
}

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
