// EXPLAIN PLAN FOR.
import { analyse } from '../sql/analyse.ts'

const ETERNITY = '-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z'

/** One column of the answer. */
interface Column {
  readonly name: string
  readonly native: string
}

/**
 * What EXPLAIN PLAN FOR says, in the form in which answers are kept: enough of a native query to see what is read, from
 * when to when, and what comes out. Times that aren't literals in UTC are not looked at: then all of time is read.
 */
export function explanation(
  sql: string,
  {
    tables,
    zone,
    columns,
  }: { readonly tables: readonly string[]; readonly zone: string; readonly columns: readonly Column[] },
): Buffer {
  const analysis = analyse(sql, { timeZone: zone, maxLength: sql.length, maxDepth: 100 })
  const bounds = analysis.kind === 'facts' ? analysis.facts.bounds : undefined
  const intervals = bounds?.intervals.map(
    ({ startMs, endMs }) => `${instant(startMs)}/${instant(endMs)}`,
  ) ?? [ETERNITY]
  const signature = columns.map(({ native }, index) => ({ name: `c${index}`, type: native }))
  const columnMappings = columns.map(({ name }, index) => ({ queryColumn: `c${index}`, outputColumn: name }))
  const plan = tables.map((name) => ({
    query: {
      queryType: 'scan',
      dataSource: { type: 'table', name },
      intervals: { type: 'intervals', intervals },
    },
    signature,
    columnMappings,
  }))
  const resources = tables.map((name) => ({ name, type: 'DATASOURCE' }))
  const row = [JSON.stringify(plan), JSON.stringify(resources), '{"statementType":"SELECT"}']
  const head =
    '["PLAN","RESOURCES","ATTRIBUTES"],["STRING","STRING","STRING"],["VARCHAR","VARCHAR","VARCHAR"]'
  return Buffer.from(`[${head},${JSON.stringify(row)}]\n`)
}

function instant(ms: number): string {
  const [start = '', end = ''] = ETERNITY.split('/')
  if (Math.abs(ms) >= 8.64e15) return ms < 0 ? start : end
  return new Date(ms).toISOString()
}
