// For those who look for causes (BENCH_TRACE=1): what each statement asked of Druid, and why it wasn't held. Each
// request then has an id of its own by which the Broker's log tells them apart, so no body comes twice.
import { type LoggedQuery } from '../../test/cluster/request-log.ts'
import { sourceOf, timesOf } from './figures.ts'
import { type RowTimes } from './row-times.ts'
import { type Statement } from './statement.ts'
import { type Answered } from './viewers.ts'
import { workOf } from './work.ts'

export const TRACED = process.env['BENCH_TRACE'] === '1'

let count = 0

export const traceContext = TRACED
  ? ({ id }: Statement): Readonly<Record<string, unknown>> => ({
      sqlQueryId: `${id.replaceAll(' ', '_')}-${(count += 1)}`,
    })
  : undefined

interface Traced {
  readonly target: string
  readonly title: string
  readonly answers: readonly Answered[]
  readonly logged: readonly LoggedQuery[]
}

/** A line for each statement, from the one that made Druid scan most. */
export function trace(
  { target, title, answers, logged }: Traced,
  tables: Readonly<Record<string, RowTimes>>,
): void {
  for (const how of new Set(answers.map(({ cacheStatus }) => sourceOf(cacheStatus).how))) {
    const times = timesOf(answers.filter(({ cacheStatus }) => sourceOf(cacheStatus).how === how))
    console.log(`  ${target}, ${title}, ${how}: ${JSON.stringify(times)}`)
  }
  console.log(`\n  ${target}, ${title}: Druid's queries, rows scanned, answers, statement, how answered`)
  const ids = [...new Set(answers.map(({ statement }) => statement.id))]
  const lines = ids.map((id) => {
    const own = answers.filter(({ statement }) => statement.id === id)
    const prefix = `${id.replaceAll(' ', '_')}-`
    const work = workOf(
      logged.filter(({ sqlQueryId }) => sqlQueryId?.startsWith(prefix)),
      tables,
    )
    return { id, own, work }
  })
  for (const { id, own, work } of lines.toSorted((a, b) => b.work.scannedRows - a.work.scannedRows))
    console.log(
      `    ${String(work.queries).padStart(5)} ${String(work.scannedRows).padStart(9)} ${String(own.length).padStart(4)}  ${id}: ${howText(own)}`,
    )
}

function howText(answers: readonly Answered[]): string {
  const counts = new Map<string, number>()
  for (const { cacheStatus } of answers) {
    const { how, detail } = sourceOf(cacheStatus)
    const text = `${how} ${detail}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const all = [...counts].toSorted((a, b) => b[1] - a[1])
  const more = all.length > 8 ? ` and ${all.length - 8} more` : ''
  return `${all
    .slice(0, 8)
    .map(([text, times]) => `${times} × ${text}`)
    .join(', ')}${more}`
}
