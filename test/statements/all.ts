// Every statement of the list.
import { consoleStatements } from './console.ts'
import { cubeStatements } from './cube.ts'
import { dbtStatements } from './dbt.ts'
import { grafanaStatements } from './grafana.ts'
import { ibisStatements } from './ibis.ts'
import { lookerStatements } from './looker.ts'
import { metabaseStatements } from './metabase.ts'
import { plywoodStatements } from './plywood.ts'
import { daysBefore, type Statement } from './statement.ts'
import { supersetStatements } from './superset.ts'
import { tableauStatements } from './tableau.ts'

/**
 * Druid SQL as tools write it, over the tables of the test cluster; `endMs` is the midnight (UTC) at which `events`
 * ends. The table `"stream"` is there only when it was started.
 */
export function allStatements(endMs: number): readonly Statement[] {
  const days = daysBefore(endMs)
  return [
    ...supersetStatements(days),
    ...grafanaStatements(days),
    ...tableauStatements(days),
    ...lookerStatements(days),
    ...metabaseStatements(days),
    ...cubeStatements(days),
    ...plywoodStatements(days),
    ...ibisStatements(days),
    ...dbtStatements(days),
    ...consoleStatements(days),
  ]
}
