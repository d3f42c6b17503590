// What the native query of a statement is made from: its bounds and bucket as `sql` reads them, all else as the sandbox
// translates it. The sandbox is no witness of its own against `sql`: Druid is.
import { type Interval } from '../plan/facts.ts'
import { type Bucket, type Grouped } from '../plan/grouped.ts'
import { windowOf } from '../plan/window.ts'
import { analyse } from '../sql/analyse.ts'
import { SandboxError } from './errors.ts'
import { translate } from './select.ts'
import { type Surroundings } from './surroundings.ts'
import { isAggregated, type Selection } from './selection.ts'
import { quoted } from './store.ts'

/** A statement, taken apart. */
export interface Apart {
  readonly selection: Selection
  readonly table: string
  readonly intervals: readonly Interval[]
  readonly bucket: { readonly expression: string; readonly of: Bucket } | undefined
}

interface Given {
  readonly surroundings: Surroundings
  /** The session's zone by the name that it was given. */
  readonly zoneName: string
  /** As they came. */
  readonly parameters: readonly unknown[]
}

/** Undefined for whatever is no grouped aggregate over one datasource, or isn't understood. */
export function takenApart(sql: string, { surroundings, zoneName, parameters }: Given): Apart | undefined {
  const analysis = analyse(sql, { timeZone: zoneName, maxLength: sql.length, maxDepth: 100 })
  const grouped = analysis.kind === 'facts' ? analysis.facts.grouped : undefined
  if (typeof grouped !== 'object' || grouped.groupingSets) return undefined
  const moment = {
    nowMs: surroundings.nowMs,
    parameters: parameters.length === 0 ? '' : JSON.stringify(parameters),
  }
  const intervals = windowOf(grouped, moment)
  const selection = withoutBounds(sql, grouped, surroundings)
  const table = selection?.from?.table
  if (selection === undefined || table === undefined || intervals === undefined) return undefined
  if (!isAggregated(selection)) return undefined
  const bucket = bucketOf(sql, grouped, surroundings)
  // A bucket that is grouped in another spelling than it was read in.
  if (bucket !== undefined && selection.groups?.includes(bucket.expression) !== true) return undefined
  return { selection, table, intervals, bucket }
}

/** The statement with TRUE for each of its bounds. */
function withoutBounds(
  sql: string,
  { timeTexts, timeParameters }: Grouped,
  surroundings: Surroundings,
): Selection | undefined {
  let text = sql
  for (const { from, to } of timeTexts.toSorted((a, b) => b.from - a.from))
    text = `${text.slice(0, from)}TRUE${text.slice(to)}`
  const parameters = surroundings.parameters.filter((_, index) => !timeParameters.includes(index))
  return translated(text, { ...surroundings, parameters })
}

function bucketOf(
  sql: string,
  { bucket, table }: Grouped,
  surroundings: Surroundings,
): Apart['bucket'] | undefined {
  if (bucket === undefined) return undefined
  const text = `SELECT ${sql.slice(bucket.text.from, bucket.text.to)} FROM ${quoted(table)}`
  const expression = translated(text, surroundings)?.items[0]?.expression
  return { expression: expression ?? '', of: bucket }
}

function translated(text: string, surroundings: Surroundings): Selection | undefined {
  try {
    return translate(text, surroundings).selection
  } catch (error) {
    if (error instanceof SandboxError) return undefined
    throw error
  }
}
