// Answers computed from the parts of other shapes, byte for byte beside Druid's own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { sql } from './http.ts'
import { startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SETTLED_MS = 15_000
const DAYS = 6

type Form = (time: string) => string

/** A filter of its own keeps the questions of one test from helping those of another. */
const ABOUT = (name: string): string => `device <> '${name}'`

interface Pair {
  readonly name: string
  readonly first: Form
  readonly next: Form
  /** Whether the second is computed from the first. */
  readonly derives: boolean
}

function hours(name: string, columns: string, more = ''): Form {
  return (time) =>
    `SELECT FLOOR(__time TO HOUR) AS h, ${columns} FROM events WHERE ${time} AND ${ABOUT(name)} GROUP BY 1${more}`
}

function days(name: string, columns: string, more = ''): Form {
  return (time) =>
    `SELECT FLOOR(__time TO DAY) AS d, ${columns} FROM events WHERE ${time} AND ${ABOUT(name)} GROUP BY 1${more}`
}

function totals(name: string, columns: string, more = ''): Form {
  return (time) => `SELECT ${columns} FROM events WHERE ${time} AND ${ABOUT(name)}${more}`
}

const MEASURES = 'COUNT(*) AS n, SUM(added) AS a, MIN(deleted) AS low, MAX(reqId) AS high'

const PAIRS: readonly Pair[] = [
  {
    name: 'fewer measures, renamed',
    first: hours('fewer', `${MEASURES}, AVG(added) AS p`),
    next: hours('fewer', 'MAX(reqId) AS top, COUNT(*) AS c'),
    derives: true,
  },
  {
    name: 'an average and a sketch, as they stand',
    first: hours('as it stands', `${MEASURES}, AVG(added) AS p, APPROX_COUNT_DISTINCT("user") AS u`),
    next: hours('as it stands', 'APPROX_COUNT_DISTINCT("user") AS u, AVG(added) AS p', ' ORDER BY 1 DESC'),
    derives: true,
  },
  {
    name: 'days from hours',
    first: hours('coarser', MEASURES),
    next: days('coarser', 'COUNT(*) AS n, SUM(added) AS a, MIN(deleted) AS low, MAX(reqId) AS high'),
    derives: true,
  },
  {
    name: 'days inside of another SELECT from hours of WITH',
    first: (time) =>
      `WITH q AS (SELECT __time AS z, added FROM events WHERE ${time} AND ${ABOUT('inside')}) SELECT FLOOR(z TO HOUR) AS h, COUNT(*) AS n, SUM(added) AS a FROM q GROUP BY 1`,
    next: (time) =>
      `SELECT n AS m, d FROM (${days('inside', 'SUM(added) AS a, COUNT(*) AS n')(time)}) ORDER BY d DESC`,
    derives: true,
  },
  {
    name: 'days from hours, of two dimensions, with nulls',
    first: hours('two', `referrer, city, ${MEASURES}`, ', 2, 3'),
    next: days('two', 'city, referrer, MAX(reqId) AS high, COUNT(*) AS n', ', 2, 3'),
    derives: true,
  },
  {
    name: 'days from hours, filtered',
    first: hours('filtered', "COUNT(*) FILTER (WHERE country = 'US') AS us, COUNT(*) AS n"),
    next: days('filtered', "COUNT(*) FILTER (WHERE country = 'US') AS us"),
    derives: true,
  },
  {
    name: 'totals from hours',
    first: hours('totals', MEASURES),
    next: totals('totals', 'SUM(added) * 100 / COUNT(*) AS ratio, MAX(reqId) AS high'),
    derives: true,
  },
  {
    name: 'the best ones from hours of each',
    first: hours('best', 'city, COUNT(*) AS n', ', 2'),
    next: totals('best', 'city, COUNT(*) AS n', ' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 7'),
    derives: true,
  },
  {
    name: 'totals with fewer measures',
    first: totals('fewer totals', `device, AVG(added) AS r, ${MEASURES}`, ' GROUP BY 1'),
    next: totals('fewer totals', 'device, MAX(reqId) AS high, COUNT(*) AS n', ' GROUP BY 1 ORDER BY 3 DESC'),
    derives: true,
  },
  {
    name: 'days of New York, printed in UTC, from hours',
    first: hours('new york', MEASURES),
    next: (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D', NULL, 'America/New_York') AS d, COUNT(*) AS n, SUM(added) AS a FROM events WHERE ${time} AND ${ABOUT('new york')} GROUP BY 1`,
    derives: true,
  },
  {
    name: 'a sketch over days does not follow from hours',
    first: hours('sketch', 'APPROX_COUNT_DISTINCT("user") AS u'),
    next: days('sketch', 'APPROX_COUNT_DISTINCT("user") AS u'),
    derives: false,
  },
  {
    name: 'nor does an average',
    first: hours('average', 'AVG(added) AS r'),
    next: days('average', 'AVG(added) AS r'),
    derives: false,
  },
  {
    name: 'nor what HAVING left out',
    first: hours('having', 'city, COUNT(*) AS n', ', 2 HAVING COUNT(*) > 1'),
    next: days('having', 'city, COUNT(*) AS n', ', 2'),
    derives: false,
  },
  {
    name: 'nor a question with another dimension',
    first: hours('dimension', 'tags, COUNT(*) AS n', ', 2'),
    next: days('dimension', 'COUNT(*) AS n'),
    derives: false,
  },
  {
    name: 'nor days of Kolkata from hours',
    first: hours('kolkata', 'COUNT(*) AS n'),
    next: (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D', NULL, 'Asia/Kolkata') AS d, COUNT(*) AS n FROM events WHERE ${time} AND ${ABOUT('kolkata')} GROUP BY 1`,
    derives: false,
  },
  {
    name: 'nor what is typed otherwise',
    first: hours('typed', 'FLOOR(__time TO HOUR) AS again, MAX(__time) AS last'),
    next: hours('typed', 'TIMESTAMP_TO_MILLIS(MAX(__time)) AS last'),
    derives: false,
  },
]

describe.runIf(clusterAvailable)('derive', () => {
  let cluster: Cluster
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster)
  })

  afterAll(async () => {
    await app.close()
  })

  async function same(body: object): Promise<string> {
    const [druid, ovate] = await Promise.all([sql(cluster.services.broker1, body), sql(app.url, body)])
    expect({ body, status: ovate.status, text: ovate.body.toString() }).toEqual({
      body,
      status: druid.status,
      text: druid.body.toString(),
    })
    return String(ovate.headers['cache-status'])
  }

  /** The last whole days, and of each asking another number of them: no two have one text. */
  function window(asking: number): string {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS
    const literal = (ms: number): string =>
      `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`
    const late = Math.floor(asking / DAYS) * HOUR_MS
    return `__time >= ${literal(endMs - ((asking % DAYS) + 1) * DAY_MS)} AND __time < ${literal(endMs + late)}`
  }

  /** Asks until it is answered from parts, the longest window last; returns what each answer said of itself. */
  async function inParts(form: Form): Promise<readonly string[]> {
    const said: string[] = []
    const ask = async (): Promise<void> => {
      said.push(await same({ query: form(window(said.length)), header: said.length % 2 === 0 }))
    }
    const isMade = (): boolean => said.length % DAYS === 0 && IN_PARTS.test(said.at(-1) ?? '')
    await waitUntil('an answer from parts', () => ask().then(isMade), within(SETTLED_MS))
    return said
  }

  test.each(PAIRS)('$name', async ({ first, next, derives }) => {
    await inParts(first)
    const said = await inParts(next)
    expect({ said, derives: said.some((text) => text.includes('derive ')) }).toEqual({ said, derives })
  })
})

const IN_PARTS = /detail="(?:series|merge|derive) /
