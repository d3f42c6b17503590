// A table of some days ago behind Ovate: its bounds are short, and its days are whole.
import { type ColumnKind, type SandboxTable } from '../../src/sandbox/store.ts'
import { type SandboxStack, startSandboxStack } from './sandbox-stack.ts'

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const DAYS = 8

export interface DaysOfFacts {
  readonly it: SandboxStack
  /** `facts`: a row at the beginning of each hour. */
  readonly table: SandboxTable
  /** Where its days begin. */
  readonly fromMs: number
  /** The condition on `__time` from one of its days up to another, both counted from 0; of parts of days, too. */
  readonly window: (fromDay: number, toDay: number) => string
}

/** Starts both, with a column beside `__time` whose value in each row is a function of the hour, counted from 0. */
export async function startDaysOfFacts(
  column: string,
  kind: ColumnKind,
  valueAt: (hour: number) => number,
): Promise<DaysOfFacts> {
  const it = await startSandboxStack({ freshness: { head: '5s', cap: '15s', schemaRefresh: '1s' } })
  const fromMs = Math.floor(it.clock.now() / DAY_MS) * DAY_MS - (DAYS + 2) * DAY_MS
  const columns = new Map<string, ColumnKind>([
    ['__time', 'TIMESTAMP'],
    [column, kind],
  ])
  const table = await it.sandbox.engine.createTable('facts', columns)
  const hours = Array.from({ length: DAYS * 24 }, (_, hour) => hour)
  await table.append(hours.map((hour) => ({ __time: fromMs + hour * HOUR_MS, [column]: valueAt(hour) })))
  await it.clock.advance(10_000)
  const instant = (day: number): string => `MILLIS_TO_TIMESTAMP(${Math.round(fromMs + day * DAY_MS)})`
  const window = (from: number, to: number): string =>
    `__time >= ${instant(from)} AND __time < ${instant(to)}`
  return { it, table, fromMs, window }
}
