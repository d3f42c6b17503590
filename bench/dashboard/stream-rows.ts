// The rows of `stream`, read back from Druid once all has been asked: what any answer could have counted.
import { sqlRows } from '../../test/cluster/http.ts'
import { type Interval } from '../../src/plan/facts.ts'

export interface StreamRow {
  readonly timeMs: number
  readonly country: string
  readonly device: string
}

/** All rows in the order in which they came: each has the time of its sending, and there is one partition. */
export async function readStreamRows(broker: string): Promise<readonly StreamRow[]> {
  const rows = await sqlRows(
    broker,
    'SELECT TIMESTAMP_TO_MILLIS(__time) AS "timeMs", country, device FROM "stream"',
  )
  return rows
    .map((row) => ({
      timeMs: Number(row['timeMs']),
      country: String(row['country']),
      device: String(row['device']),
    }))
    .toSorted((a, b) => a.timeMs - b.timeMs)
}

/** How many of the first `visible` rows, all in the order of their times, lie in a window. */
export function countOf(
  rows: readonly StreamRow[],
  visible: number,
  { startMs, endMs }: Interval,
  of: (row: StreamRow) => boolean = () => true,
): number {
  const end = Math.min(visible, firstFrom(rows, endMs))
  let count = 0
  for (let at = firstFrom(rows, startMs); at < end; at += 1) {
    const row = rows[at]
    if (row !== undefined && of(row)) count += 1
  }
  return count
}

/** The first row that isn't earlier. */
function firstFrom(rows: readonly StreamRow[], ms: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.timeMs ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}
