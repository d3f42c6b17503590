// Answers put together from time buckets, byte for byte beside Druid's own, while windows slide and data change.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { appendRows, compact, dropInterval, reindex, reloadDst, restoreInterval } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { type RawResponse, sql } from './http.ts'
import { startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'
import { someOf } from '../support/thorough.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SETTLED_MS = 15_000

interface Held {
  readonly kind: string
  readonly held: number
  readonly of: number
}

/** What `Cache-Status` says of an answer: `series 3/5`. */
function heldOf({ headers }: RawResponse): Held | undefined {
  const [, kind = '', held, of] = /detail="(\w+) (\d+)\/(\d+)"/.exec(String(headers['cache-status'])) ?? []
  return kind === '' ? undefined : { kind, held: Number(held), of: Number(of) }
}

function literal(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`
}

type Form = readonly [string, (time: string) => string, Readonly<Record<string, unknown>>?]

/** A limit round the statement, as the web console sets it. */
const OUTER = { sqlOuterLimit: 9 }
const NEW_YORK = { sqlTimeZone: 'America/New_York' }

const FORMS: readonly Form[] = [
  [
    'hours',
    (time) => `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1`,
  ],
  [
    'days, backwards',
    (time) =>
      `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n, SUM(added) AS a FROM events WHERE ${time} GROUP BY 1 ORDER BY 1 DESC`,
  ],
  [
    'hours, the first ones',
    (time) =>
      `SELECT DATE_TRUNC('hour', __time) AS h, SUM(added) AS a FROM events WHERE ${time} GROUP BY 1 ORDER BY 1 LIMIT 30`,
  ],
  [
    'hours, the best ones',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC LIMIT 9`,
  ],
  [
    'hours, the worst ones',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS t, MIN(added) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 LIMIT 9`,
  ],
  [
    'hours, all by a metric',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC`,
  ],
  [
    'days and a dimension',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D') AS d, country, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2`,
  ],
  [
    'a dimension with nulls first',
    (time) =>
      `SELECT referrer, FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2`,
  ],
  [
    'by a dimension, backwards',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, referrer, MAX(price) AS p FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 2 DESC, 1`,
  ],
  [
    'by a metric, some left out',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, device, SUM(added) AS a FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20 OFFSET 5`,
  ],
  [
    'by what is not selected',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, device FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY SUM(added) DESC, 2 LIMIT 25`,
  ],
  [
    'HAVING',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, city, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2 HAVING COUNT(*) > 2 ORDER BY 1, 2`,
  ],
  [
    'distinct and filtered',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D') AS d, COUNT(DISTINCT city) AS c, COUNT(*) FILTER (WHERE device = 'tv') AS tv, AVG(added) AS a FROM events WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'a multi-value dimension',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D') AS d, tags, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 2, 1`,
  ],
  [
    'int64',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'PT6H') AS d, MAX(reqId) AS a, SUM(reqId) AS s FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC`,
  ],
  [
    'a zone by argument',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'P1D', NULL, 'Asia/Kolkata') AS d, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'a zone by context',
    (time) =>
      `SELECT FLOOR(__time TO DAY) AS d, device, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 1, 2`,
    NEW_YORK,
  ],
  [
    'an origin',
    (time) =>
      `SELECT TIME_FLOOR(__time, 'PT7H', TIMESTAMP '2020-01-01 00:03:00') AS d, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'weeks from Sunday',
    (time) =>
      `SELECT TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(__time, 'P1D', 1), 'P1W'), 'P1D', -1) AS w, COUNT(*) AS n FROM events WHERE ${time} GROUP BY TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(__time, 'P1D', 1), 'P1W'), 'P1D', -1) ORDER BY 2 DESC LIMIT 100`,
  ],
  [
    'a filter beside',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM events WHERE (country = 'US' OR device = 'tv') AND ${time} AND added > 10 GROUP BY 1 ORDER BY 1`,
  ],
  [
    'a SELECT round it that renames, reorders, orders',
    (time) =>
      `SELECT n, h AS hour_ FROM (SELECT TIME_FLOOR(__time, 'PT1H') AS h, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1) ORDER BY h DESC LIMIT 30`,
  ],
  [
    'a SELECT round it that computes and filters',
    (time) =>
      `SELECT "time", bots * 1.0 / total AS ratio FROM (SELECT TIME_FLOOR(__time, 'PT1H') AS "time", COUNT(*) FILTER (WHERE device = 'bot') AS bots, COUNT(*) AS total FROM events WHERE ${time} GROUP BY 1 ORDER BY 2) WHERE total > 3 ORDER BY 2 DESC, total`,
  ],
  [
    'a limit inside',
    (time) =>
      `SELECT s, h FROM (SELECT FLOOR(__time TO HOUR) AS h, SUM(added) AS s FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC LIMIT 12)`,
  ],
  [
    'WITH, and columns computed inside',
    (time) =>
      `WITH a AS (SELECT *, __time AS z FROM events WHERE device <> 'tv'), b AS (SELECT FLOOR(z TO HOUR) AS h, UPPER(country) AS c, added FROM a WHERE ${time.replaceAll('__time', 'z')}) SELECT c, h, SUM(added) AS s FROM b GROUP BY c, h ORDER BY 3 DESC, 1 LIMIT 50`,
  ],
  [
    'DISTINCT',
    (time) =>
      `SELECT DISTINCT country, FLOOR(__time TO HOUR) AS h FROM events WHERE ${time} ORDER BY 2 DESC, 1`,
  ],
  [
    'an outer limit',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, device, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2 LIMIT 30`,
    OUTER,
  ],
  [
    'an outer limit of the best ones',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC OFFSET 3`,
    OUTER,
  ],
  [
    'an outer limit of a timeseries',
    (time) => `SELECT FLOOR(__time TO HOUR) AS h, SUM(added) AS n FROM events WHERE ${time} GROUP BY 1`,
    OUTER,
  ],
  [
    'a bucket between dimensions',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3`,
  ],
  [
    'a bucket between dimensions, ordered by all',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  ],
  [
    'a bucket between dimensions, the first by all',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 70`,
  ],
  [
    'a bucket between dimensions, by a metric',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 4 DESC`,
  ],
  [
    'a bucket between dimensions, the best by a metric',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 80`,
  ],
  [
    'a bucket between dimensions, the first',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 LIMIT 90`,
  ],
  [
    'a bucket between dimensions, some by one of them',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 1 LIMIT 60 OFFSET 7`,
  ],
  [
    'a bucket between dimensions, by two of them backwards',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 3 DESC, 2 DESC LIMIT 50`,
  ],
  [
    'a bucket between dimensions and HAVING',
    (time) =>
      `SELECT device, TIME_FLOOR(__time, 'PT6H') AS t, referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1, 2, 3 HAVING COUNT(*) > 1 ORDER BY 4, 1 LIMIT 100`,
  ],
  [
    'no rows',
    (time) =>
      `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM events WHERE country = 'nowhere' AND ${time} GROUP BY 1`,
  ],
]

const MERGES: readonly Form[] = [
  [
    'totals',
    (time) =>
      `SELECT COUNT(*) AS n, SUM(added) AS a, MAX(added) AS m, MIN(__time) AS f FROM events WHERE ${time}`,
  ],
  [
    'the best ones',
    (time) => `SELECT country, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC LIMIT 5`,
  ],
  [
    'the worst ones',
    (time) =>
      `SELECT city, MIN(deleted) AS d FROM events WHERE ${time} AND city IS NOT NULL GROUP BY 1 ORDER BY 2 LIMIT 5`,
  ],
  [
    'a dimension backwards',
    (time) => `SELECT device, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 1 DESC LIMIT 4`,
  ],
  [
    'a dimension backwards, with nulls',
    (time) =>
      `SELECT referrer, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 HAVING COUNT(*) > 0 ORDER BY 1 DESC LIMIT 4`,
  ],
  [
    'two dimensions',
    (time) => `SELECT device, city, COUNT(*) AS n, SUM(added) AS a FROM events WHERE ${time} GROUP BY 1, 2`,
  ],
  [
    'by two keys',
    (time) =>
      `SELECT device, referrer, MAX(added) AS a FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 30 OFFSET 3`,
  ],
  [
    'HAVING and arithmetic',
    (time) =>
      `SELECT city, SUM(added) * 100 / COUNT(*) AS p FROM events WHERE ${time} GROUP BY 1 HAVING COUNT(*) > 30 ORDER BY 2 DESC`,
  ],
  [
    'int64, and an average',
    (time) =>
      `SELECT device, AVG(added) AS r, SUM(reqId) AS s, MAX(reqId) AS m FROM events WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'filtered',
    (time) =>
      `SELECT COUNT(*) FILTER (WHERE country = 'US') AS us, SUM(added) FILTER (WHERE device = 'tv') AS tv FROM events WHERE ${time}`,
  ],
  [
    'a multi-value dimension',
    (time) => `SELECT tags, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC, 1`,
  ],
  [
    'SELECTs round it',
    (time) =>
      `SELECT s / n AS q, city FROM (SELECT * FROM (SELECT city, COUNT(*) AS n, SUM(added) AS s FROM events WHERE ${time} GROUP BY 1) WHERE n > 20) ORDER BY n DESC, city LIMIT 20`,
  ],
  [
    'a qualified order of a SELECT round it',
    (time) =>
      `SELECT * FROM (SELECT t1.country, COUNT(*) AS n FROM (SELECT * FROM events AS t0 WHERE ${time}) AS t1 GROUP BY 1) AS t2 ORDER BY t2.n DESC LIMIT 10`,
  ],
  [
    'a limit inside',
    (time) =>
      `SELECT n AS m FROM (SELECT country, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC LIMIT 5)`,
  ],
  [
    'columns computed inside, without the time',
    (time) =>
      `SELECT size, COUNT(*) AS n FROM (SELECT CASE WHEN added > 40 THEN 'big' ELSE 'small' END AS size, device FROM events WHERE ${time}) WHERE device <> 'tv' GROUP BY size ORDER BY size`,
  ],
  [
    'WITH and an alias in HAVING',
    (time) =>
      `WITH a AS (SELECT __time, city, CONCAT(channel, '-x') AS c FROM events) SELECT c, COUNT(*) AS n FROM a WHERE ${time} GROUP BY c HAVING 20 < n ORDER BY 2 DESC, 1`,
  ],
  [
    'an outer limit, with no order',
    (time) => `SELECT device, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1`,
    OUTER,
  ],
  [
    'an outer limit, ordered',
    (time) => `SELECT city, SUM(added) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY 2 DESC`,
    OUTER,
  ],
  [
    'an outer limit above the own one',
    (time) =>
      `SELECT city, device, MAX(added) AS n FROM events WHERE ${time} GROUP BY 1, 2 ORDER BY 3, 1, 2 LIMIT 4 OFFSET 6`,
    OUTER,
  ],
  ['DISTINCT', (time) => `SELECT DISTINCT country, device FROM events WHERE ${time}`],
  ['DISTINCT in order', (time) => `SELECT DISTINCT device FROM events WHERE ${time} ORDER BY 1 DESC LIMIT 3`],
  [
    'ordered by what is not selected',
    (time) => `SELECT country FROM events WHERE ${time} GROUP BY 1 ORDER BY SUM(added) DESC LIMIT 7`,
  ],
]

function between(startMs: number, endMs: number): string {
  return `__time >= ${literal(startMs)} AND __time < ${literal(endMs)}`
}

/** Windows that slide by odd steps, one that has a hole, one that is far too wide, and one of which nothing is left. */
function windows(endMs: number): readonly string[] {
  const from = (days: number, more = 0): number => endMs - days * DAY_MS + more
  return [
    between(from(9), from(4)),
    between(from(9), from(4, 5)),
    between(from(8, 7 * HOUR_MS + 1_234_567), from(3, 999)),
    `(${between(from(8), from(6, 11 * HOUR_MS))} OR ${between(from(5, 61_000), from(2))})`,
    between(from(7, 10), from(3, -10)),
    `__time > ${literal(from(3))}`,
    between(from(40_000), from(-10)),
    between(from(50, 77), from(-10)),
    between(from(4, HOUR_MS + 5), from(4, HOUR_MS + 50)),
    between(from(4), from(5)),
    between(from(6, 20 * HOUR_MS), from(1)),
  ]
}

/** Every second one. */
const EACH = someOf([...FORMS, ...MERGES], 2).map(([name, form, context]) => ({ name, form, context }))

describe.runIf(clusterAvailable)('parts', () => {
  let cluster: Cluster
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster, { freshness: { head: '2s', cap: '4s', schemaRefresh: '1s' } })
  })

  afterAll(async () => {
    await app.close()
  })

  /** Both answers, once they are equal: rows that one of them adds up in another order aren't asked for here. */
  async function same(body: object): Promise<RawResponse> {
    const [druid, ovate] = await Promise.all([sql(cluster.services.broker1, body), sql(app.url, body)])
    expect({ body, status: ovate.status, text: ovate.body.toString() }).toEqual({
      body,
      status: druid.status,
      text: druid.body.toString(),
    })
    return ovate
  }

  /** Asks, each time over another window, until it is answered from parts: Druid's plan is asked for beside the road. */
  async function begun(bodyFrom: (minute: string) => object): Promise<void> {
    let minute = 0
    const inParts = async (): Promise<boolean> => {
      minute += 1
      return heldOf(await same(bodyFrom(String(minute % 60).padStart(2, '0')))) !== undefined
    }
    await waitUntil('an answer from parts', inParts, within(SETTLED_MS))
  }

  // Before the windows that are so wide that a topN is not exact any more: such a form is whole for a while.
  test.each(EACH)(
    "$name: equal to the byte in windows that begin at their askers' own moments",
    async ({ form, context }) => {
      const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS
      const text = (moment: number): string =>
        form(between(endMs - DAY_MS - 17 * 60_000 + moment, endMs - 17 * 60_000 + moment))
      await begun((minute) => ({ query: text(Number(minute) * 60_000), context }))
      for (const moment of [0, 7, 1_001, 5_432, 61_000, 61_001, 300_300, 1_019_999])
        expect((await same({ query: text(moment), context, header: true })).status).toBe(200)
    },
  )

  test.each(EACH)('$name: equal to the byte in every window', async ({ form, context }) => {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const from = (minute: string): number => endMs - 9 * DAY_MS + Number(minute) * 60_000
    await begun((minute) => ({ query: form(between(from(minute), endMs - 4 * DAY_MS)), context }))
    const kinds: Held[] = []
    for (const [at, time] of windows(endMs).entries()) {
      const resultFormat = RESULT_FORMATS[at % RESULT_FORMATS.length]
      const body = { query: form(time), context, resultFormat, header: at % 2 === 0 }
      const held = heldOf(await same(body))
      if (held !== undefined) kinds.push(held)
      await same(body)
    }
    expect(kinds.length).toBeGreaterThanOrEqual(3)
    expect(kinds.some(({ held }) => held > 0)).toBe(true)
  })

  test('the bucket in which windows begin is held by instant', async () => {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS
    const text = (moment: number): string =>
      `SELECT FLOOR(__time TO HOUR) AS h, city, COUNT(*) AS n, AVG(added) AS a, MAX(reqId) AS r FROM events WHERE ${between(endMs - DAY_MS + moment, endMs)} GROUP BY 1, 2`
    await begun((minute) => ({ query: text(Number(minute) * 60_000) }))
    let moment = 100_000
    let cache = ''
    const isHit = async (): Promise<boolean> => {
      moment += 1
      cache = String((await same({ query: text(moment) })).headers['cache-status'])
      return cache.includes('; hit;')
    }
    await waitUntil('an answer for which nothing was fetched', isHit, within(SETTLED_MS))
    expect(cache).toContain('detail="series 24/24"')
  })

  test.each([
    ['of a merge', 'city'],
    ['of a series', 'FLOOR(__time TO HOUR)'],
  ])('parameters in bounds, in filters, in HAVING and LIMIT: %s', async (_, group) => {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const query = `SELECT ${group} AS g, COUNT(*) AS n FROM events WHERE added > CAST(? AS BIGINT) AND __time >= TIME_PARSE(?) AND __time < TIME_PARSE(?) GROUP BY 1 HAVING COUNT(*) > CAST(? AS BIGINT) ORDER BY 2 DESC, 1 LIMIT ?`
    const body = (fromMs: number, toMs: number, limit = 15): object => {
      const texts = ['20', new Date(fromMs).toISOString(), new Date(toMs).toISOString(), '4']
      const parameters = [
        ...texts.map((value) => ({ type: 'VARCHAR', value })),
        { type: 'INTEGER', value: limit },
      ]
      return { query, parameters }
    }
    await begun((minute) => body(endMs - 9 * DAY_MS + Number(minute) * 60_000, endMs - 4 * DAY_MS))
    const held: (number | undefined)[] = []
    for (const [from, to] of [
      [8, 4],
      [7, 3],
      [7.3, 2.9],
    ] as const)
      held.push(heldOf(await same(body(endMs - from * DAY_MS, endMs - to * DAY_MS)))?.held)
    expect(held).not.toContain(undefined)
    expect(held.at(-1)).toBeGreaterThan(0)
  })

  test.each([
    [
      'which an outer SELECT puts in another order',
      (time: string) =>
        `SELECT b, a FROM (SELECT SUM(CASE WHEN country = ? THEN added END) AS a, SUM(added) FILTER (WHERE country = ?) AS b FROM events WHERE ${time})`,
      ['US', 'DE'],
    ],
    [
      'of an aggregate in HAVING, spelled as one that is selected',
      (time: string) =>
        `SELECT country, SUM(CASE WHEN device = ? THEN added END) AS d, SUM(added) FILTER (WHERE device = ?) AS m FROM events WHERE ${time} GROUP BY 1 HAVING SUM(added) FILTER (WHERE device = ?) > 3000 ORDER BY 1`,
      ['desktop', 'mobile', 'desktop'],
    ],
  ])('parameters of aggregates %s', async (_, text, values) => {
    const parameters = values.map((value) => ({ type: 'VARCHAR', value }))
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    for (const hours of [0, 0, 0, 2, 2]) {
      const time = between(endMs - 5 * DAY_MS + hours * 3_600_000, endMs - 2 * DAY_MS + hours * 4_000_000)
      const { status } = await same({ query: text(time), parameters })
      expect(status).toBe(200)
    }
  })

  // A groupBy counts rows without any value as null, a topN not at all.
  test.each(['tags', "NULLIF(tags, 'sale')", 'UPPER(tags)', 'referrer'])(
    'a topN of %s, in which a null may be none of its rows, stays whole',
    async (dimension) => {
      const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
      for (const order of ['2 DESC', '1 DESC', '1']) {
        const held: unknown[] = []
        for (const minute of [1, 2, 3, 4]) {
          const time = between(endMs - 5 * DAY_MS + minute * 60_000, endMs)
          const query = `SELECT ${dimension} AS d, COUNT(*) AS n FROM events WHERE ${time} GROUP BY 1 ORDER BY ${order} LIMIT 40`
          held.push(heldOf(await same({ query })))
        }
        expect(held).toEqual([undefined, undefined, undefined, undefined])
      }
    },
  )

  test('the hours of a day that has 25, and of one that has 23', async () => {
    const query = (from: string, to: string): string =>
      `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n FROM dst WHERE __time >= TIMESTAMP '${from}' AND __time < TIMESTAMP '${to}' GROUP BY 1 ORDER BY 1`
    for (const context of [NEW_YORK, { sqlTimeZone: 'Europe/Berlin' }, {}]) {
      await begun((minute) => ({
        query: query(`2026-10-30 00:${minute}:00`, '2026-11-02 00:00:00'),
        context,
      }))
      for (const [from, to] of [
        ['2026-10-31 05:30:00', '2026-11-02 03:00:00'],
        ['2026-10-25 00:00:00', '2026-11-03 00:00:00'],
        ['2026-11-01 01:30:00', '2026-11-01 02:30:00'],
        ['2026-03-07 12:00:00', '2026-03-09 12:00:00'],
        ['2026-03-28 00:00:00', '2026-03-30 00:00:00'],
      ] as const)
        for (let times = 0; times < 2; times += 1) {
          const got = await same({ query: query(from, to), context, resultFormat: 'csv', header: true })
          expect(got.status).toBe(200)
        }
    }
  })

  // New York's clock shows 1 to 2 from 05:00Z to 07:00Z.
  test.each([
    ['hours', "SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n", ' ORDER BY 1'],
    ['groups', 'SELECT device, COUNT(*) AS n', ' ORDER BY 1'],
  ])('%s of windows that begin or end within the hour that comes twice', async (_, select, order) => {
    const pinned = (now: string): object => ({
      query: `${select} FROM dst WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '6' HOUR AND __time < CURRENT_TIMESTAMP GROUP BY 1${order}`,
      context: { ...NEW_YORK, sqlCurrentTimestamp: now },
    })
    await begun((minute) => pinned(`2026-10-31T20:${minute}:00Z`))
    const hours = [22, 23, 24, 28, 28.5, 29, 29.5, 30, 30.5, 31, 31.5, 35, 35.5, 36, 36.5, 38]
    for (const hour of hours) {
      const now = new Date(Date.parse('2026-10-31T00:00:00Z') + hour * HOUR_MS).toISOString()
      expect((await same(pinned(now))).status).toBe(200)
    }
  })

  // As they are where a day's segments change, or the first ones begin there.
  test.each([
    ['hours', "SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n", ' ORDER BY 1'],
    ['groups', 'SELECT device, COUNT(*) AS n', ' ORDER BY 1'],
  ])('%s of which those are fetched that begin or end within that hour', async (_, select, order) => {
    const window = (from: string, to: string): object => ({
      query: `${select} FROM dst WHERE TIMESTAMP_TO_MILLIS(__time) >= ${Date.parse(from)} AND TIMESTAMP_TO_MILLIS(__time) < ${Date.parse(to)} GROUP BY 1${order}`,
      context: NEW_YORK,
    })
    await begun((minute) => window(`2026-10-31T00:${minute}:00Z`, '2026-10-31T12:00:00Z'))
    for (const hour of ['04', '05', '06', '07', '08', '12']) {
      const held = heldOf(await same(window('2026-10-31T20:00:00Z', `2026-11-01T${hour}:00:00Z`)))
      expect(held?.of).toBeGreaterThan(0)
    }
  })

  describe('of days that change', () => {
    const CHANGED = '2026-11-01/2026-11-02'
    const LATE = { ts: '2026-11-01T05:30:00Z', country: 'ZZ', device: 'tv', added: 499, price: 1.5 }
    const target = { datasource: 'dst', interval: CHANGED } as const
    const days = (from: string): object => ({
      query: `SELECT TIME_FLOOR(__time, 'P1D') AS d, country, COUNT(*) AS n, SUM(added) AS a FROM dst WHERE __time >= TIMESTAMP '${from}' AND __time < TIMESTAMP '2026-11-04' GROUP BY 1, 2`,
    })

    afterAll(() => reloadDst(cluster))

    test('rows behind all others are seen through a window that is open', async () => {
      const AFTER = '2026-12-24/2026-12-25'
      const open = (from: string): object => ({
        query: `SELECT TIME_FLOOR(__time, 'P1D') AS d, COUNT(*) AS n FROM dst WHERE __time >= TIMESTAMP '${from}' GROUP BY 1`,
      })
      await begun((minute) => open(`2026-10-30 00:${minute}:00`))
      const body = open('2026-10-29')
      await same(body)
      await appendRows(cluster, 'dst', [{ ...LATE, ts: '2026-12-24T05:30:00Z' }])
      const seen = async (): Promise<boolean> => (await sql(app.url, body)).body.includes('2026-12-24')
      await waitUntil('the row in the answer', seen, within(SETTLED_MS))
      await same(body)
      await dropInterval(cluster, 'dst', AFTER)
      await waitUntil('the answer without it', async () => !(await seen()), within(SETTLED_MS))
      expect((await same(body)).status).toBe(200)
    })

    test.each<[string, () => Promise<void>]>([
      ['rows come late', () => appendRows(cluster, 'dst', [LATE])],
      ['written anew', () => reindex(cluster, target, { columns: { added: 'added + 1' } })],
      ['compacted', () => compact(cluster, 'dst', CHANGED)],
      ['dropped', () => dropInterval(cluster, 'dst', CHANGED)],
      ['restored', () => restoreInterval(cluster, 'dst', CHANGED)],
    ])('%s: its buckets go, and no others', async (_, change) => {
      await begun((minute) => days(`2026-10-30 00:${minute}:00`))
      await same(days('2026-10-29'))
      const before = (await sql(app.url, days('2026-10-29'))).body.toString()
      await change()
      // Both Brokers, and then Ovate within its bound, come to the new answer; what it holds of other days stays.
      const settled = async (): Promise<boolean> => {
        const answers = await Promise.all(
          [...cluster.brokers, app.url].map(async (url) =>
            (await sql(url, days('2026-10-29'))).body.toString(),
          ),
        )
        return new Set(answers).size === 1
      }
      await waitUntil('one answer everywhere', settled, within(SETTLED_MS))
      const held = heldOf(await same(days('2026-10-28')))
      expect(held?.held).toBeGreaterThanOrEqual(3)
      expect(before).not.toBe('')
    })
  })
})
