// What the figures of the dashboard have to be, beside those of the Broker in the same run.
type Figures = Readonly<Record<string, number>>

const ROWS_MIN = 0.95
const WORK_MAX = 0.1
const TIME_MAX = { without: 1 / 10, withAll: 1 / 2 }

/** A sentence for each aim, with what was reached. */
export function aimNotes(given: {
  readonly own: Figures
  /** The Broker with its caches off, and with all of them. */
  readonly without: Figures
  readonly withAll: Figures
}): readonly string[] {
  const { own, without, withAll } = given
  const rows = own['cachedRowsShare'] ?? Number.NaN
  return [
    `rows from cache: ${percent(rows)}, ${percent(own['heldRowsShare'] ?? Number.NaN)} without what another's query ` +
      `brought meanwhile (aim: at least ${percent(ROWS_MIN)}, ${met(rows >= ROWS_MIN)})`,
    ...(['druidQueries', 'scannedRows'] as const).map((key) => {
      const left = perRequest(own, key) / perRequest(without, key)
      const what = key === 'druidQueries' ? "the Broker's queries" : 'the rows that it scans'
      return `${what}: ${percent(left)} are left (aim: at most ${percent(WORK_MAX)}, ${met(left <= WORK_MAX)})`
    }),
    timeNote('with its caches off', own, without, TIME_MAX.without),
    timeNote('with all its caches', own, withAll, TIME_MAX.withAll),
  ]
}

function timeNote(which: string, own: Figures, broker: Figures, most: number): string {
  const ratio = (own['p90Ms'] ?? Number.NaN) / (broker['p90Ms'] ?? Number.NaN)
  return `P90: ${ratio.toFixed(2)} × the Broker ${which} (aim: at most ${most.toFixed(2)}, ${met(ratio <= most)})`
}

/** The runs are of different lengths. */
function perRequest(figures: Figures, key: string): number {
  return (figures[key] ?? Number.NaN) / (figures['requests'] ?? Number.NaN)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function met(is: boolean): string {
  return is ? 'met' : 'MISSED'
}
