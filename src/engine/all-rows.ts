// Whether Druid's plan of a statement over one datasource shows that its asker sees all of its rows.
import { readExplained } from './explained.ts'

/** `answer`: the rows of EXPLAIN PLAN FOR, as JSON text. What can't be read shows nothing. */
export function showsAllRows(answer: string, table: string): boolean {
  const explained = readExplained(rowOf(answer))
  if (explained === undefined || explained.opaque || explained.restricted) return false
  return explained.tables?.join() === table && explained.planTables.join() === table
}

function rowOf(answer: string): readonly unknown[] {
  try {
    const rows: unknown = JSON.parse(answer)
    const found: readonly unknown[] = Array.isArray(rows) && rows.length === 1 ? rows : []
    const row: unknown = found[0]
    return Array.isArray(row) ? row : []
  } catch {
    return []
  }
}
