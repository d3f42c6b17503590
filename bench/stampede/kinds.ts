// What is asked by all at once: one statement of each kind of plan, and windows of one series that overlap.
import { type Span } from '../dashboard/statement.ts'
import { DAY_MS, HOUR_MS } from '../dashboard/ranges.ts'

export interface Kind {
  readonly title: string
  /** How Ovate answers once it knows the shape, as `Cache-Status` tells. */
  readonly plan: 'whole' | 'series' | 'merge'
  /** The texts that the clients ask in turn. `literal` excludes no row: with another one it is another question. */
  readonly texts: (window: Span, literal: number) => readonly string[]
  /** What makes a round's question a cold one; the shape is known where it is the window. */
  readonly fresh: 'literal' | 'window'
  /** Asked in a quick run, too. */
  readonly quick: boolean
}

/** How long a window is, the time that overlapping ones span among them. */
export const WINDOW_MS = 5 * DAY_MS
const OVERLAPPING = 10
const OVERLAPPING_MS = 3 * DAY_MS

const where = ({ startMs, endMs }: Span, literal: number): string =>
  `WHERE delta <> ${literal} AND __time >= ${timestamp(startMs)} AND __time < ${timestamp(endMs)}`

const hours = (span: Span, literal: number): string =>
  `SELECT TIME_FLOOR(__time, 'PT1H') AS "hour", country, COUNT(*) AS edits, SUM(added) AS added, MAX(deleted) AS most
FROM events ${where(span, literal)} GROUP BY 1, 2 ORDER BY 1, 2`

export const KINDS: readonly Kind[] = [
  {
    title: 'whole: a join',
    plan: 'whole',
    quick: true,
    fresh: 'literal',
    texts: (_, literal) => [
      `SELECT a.country, a.city, a.edits, b.users FROM
  (SELECT country, city, COUNT(*) AS edits FROM events WHERE delta <> ${literal} GROUP BY 1, 2) a
  JOIN (SELECT country, COUNT(DISTINCT "user") AS users FROM events GROUP BY 1) b ON a.country = b.country
  ORDER BY 3 DESC, 1, 2`,
    ],
  },
  {
    title: 'whole: a scan',
    plan: 'whole',
    quick: false,
    fresh: 'literal',
    texts: (_, literal) => [
      `SELECT __time, country, page, added FROM events WHERE delta <> ${literal} AND added > 100 ORDER BY __time LIMIT 1000`,
    ],
  },
  {
    title: 'merge: totals of a window',
    plan: 'merge',
    quick: true,
    fresh: 'window',
    texts: (span, literal) => [
      `SELECT page, COUNT(*) AS edits, SUM(added) AS added, MAX(deleted) AS most
FROM events ${where(span, literal)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100`,
    ],
  },
  {
    title: 'series: hours of a window',
    plan: 'series',
    quick: false,
    fresh: 'window',
    texts: (span, literal) => [hours(span, literal)],
  },
  {
    title: 'series: windows that overlap',
    plan: 'series',
    quick: true,
    fresh: 'window',
    texts: ({ startMs }, literal) =>
      Array.from({ length: OVERLAPPING }, (_, at) => {
        const shiftMs = hourly((at * (WINDOW_MS - OVERLAPPING_MS)) / (OVERLAPPING - 1))
        return hours({ startMs: startMs + shiftMs, endMs: startMs + shiftMs + OVERLAPPING_MS }, literal)
      }),
  },
]

function hourly(ms: number): number {
  return ms - (ms % HOUR_MS)
}

function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}'`
}
