// EXPLAIN PLAN FOR.
import { isRelative, windowOf } from '../plan/window.ts'
import { analyse } from '../sql/analyse.ts'
import { ETERNITY_END, ETERNITY_START, intervalText } from '../time/instant-text.ts'
import { type NativeQuery } from './native-query.ts'

const ETERNITY = `${ETERNITY_START}/${ETERNITY_END}`

/** One column of the answer. */
interface Column {
  readonly name: string
  readonly native: string
}

interface Explained {
  readonly tables: readonly string[]
  readonly zone: string
  readonly columns: readonly Column[]
  /** Druid's own query, where it is known. */
  readonly native: NativeQuery | undefined
  /** Conditions by datasource that are to be shown. */
  readonly policies: Readonly<Record<string, string>>
}

/** What EXPLAIN PLAN FOR says, in the form in which answers are kept. */
export function explanation(sql: string, explained: Explained): Buffer {
  const { tables, native } = explained
  const plan = native === undefined ? scans(sql, explained) : [nativePlan(native, explained)]
  const resources = tables.map((name) => ({ name, type: 'DATASOURCE' }))
  const row = [JSON.stringify(plan), JSON.stringify(resources), '{"statementType":"SELECT"}']
  const head =
    '["PLAN","RESOURCES","ATTRIBUTES"],["STRING","STRING","STRING"],["VARCHAR","VARCHAR","VARCHAR"]'
  return Buffer.from(`[${head},${JSON.stringify(row)}]\n`)
}

function nativePlan(
  { query, columns: names, keys }: NativeQuery,
  { columns, tables: [table = ''], policies }: Explained,
): unknown {
  const nameAt = (index: number): string => names[index] ?? ''
  const types = new Map([
    ...columns.map(({ native }, index) => [nameAt(index), native] as const),
    ...keys.map(({ name, type }) => [name, type] as const),
  ])
  return {
    query: { ...query, dataSource: sourceOf(table, policies) },
    signature: [...types].map(([name, type]) => ({ name, type })),
    columnMappings: columns.map(({ name }, index) => ({ queryColumn: nameAt(index), outputColumn: name })),
  }
}

/** As Druid 33.0.0 shows it, under a row policy and without. */
function sourceOf(name: string, policies: Explained['policies']): object {
  const base = { type: 'table', name }
  const expression = policies[name]
  if (expression === undefined) return base
  return { type: 'restrict', base, policy: { type: 'row', rowFilter: { type: 'expression', expression } } }
}

/**
 * Where Druid's own query isn't known: enough of one to see what is read, from when to when, and what comes out. Times
 * that aren't literals are not looked at: then all of time is read.
 */
function scans(sql: string, { tables, zone, columns, policies }: Explained): readonly unknown[] {
  const analysis = analyse(sql, { timeZone: zone, maxLength: sql.length, maxDepth: 100 })
  const bounds = analysis.kind === 'facts' ? analysis.facts.bounds : undefined
  const isFixed = bounds !== undefined && !isRelative(bounds.time)
  const known = isFixed ? windowOf(bounds, { nowMs: Number.NaN, parameters: '' }) : undefined
  const intervals = known?.map(intervalText) ?? [ETERNITY]
  const signature = columns.map(({ native }, index) => ({ name: `c${index}`, type: native }))
  const columnMappings = columns.map(({ name }, index) => ({ queryColumn: `c${index}`, outputColumn: name }))
  return tables.map((name) => ({
    query: {
      queryType: 'scan',
      dataSource: sourceOf(name, policies),
      intervals: { type: 'intervals', intervals },
    },
    signature,
    columnMappings,
  }))
}
