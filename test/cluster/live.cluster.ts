// Rows that come in all the time, and statements about now: no answer is older than its bound, none is from the future.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { parseJson, request, sqlRows } from './http.ts'
import { cacheStatus, startOvate, untilHit } from './ovate.ts'
import { startStream, stopProducer } from './stream.ts'

const HEAD_MS = 2_000
const FRESHNESS = { head: '2s', cap: '4s', schemaRefresh: '2s' }
const COUNT = 'SELECT COUNT(*) AS n FROM "stream"'
const DAY_MS = 86_400_000

interface Reading {
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly n: number
  readonly cache: string
}

describe.runIf(clusterAvailable)('live data', () => {
  let cluster: Cluster
  let bounded: App
  let strict: App
  let headless: App
  let ranBefore: boolean

  beforeAll(async () => {
    cluster = theCluster()
    ranBefore = (await cluster.status()).some(({ name }) => name === 'producer')
    await startStream(cluster)
    ;[bounded, strict, headless] = await Promise.all([
      startOvate(cluster, { freshness: FRESHNESS }),
      startOvate(cluster, { freshness: { ...FRESHNESS, mode: 'strict' } }),
      startOvate(cluster, { freshness: { ...FRESHNESS, head: 0 } }),
    ])
  })

  afterAll(async () => {
    await Promise.all([bounded, strict, headless].map((app) => app.close()))
    if (!ranBefore) await stopProducer(cluster)
  })

  async function read(url: string, body: string | object, cacheControl?: string): Promise<Reading> {
    const askedAtMs = Date.now()
    const headers: Record<string, string> =
      cacheControl === undefined ? {} : { 'cache-control': cacheControl }
    const sent = typeof body === 'string' ? { query: body } : body
    const answer = await request(`${url}/druid/v2/sql`, { body: sent, headers })
    const [row] = parseJson(answer) as { n: number | string }[]
    const n = typeof row?.n === 'string' ? Date.parse(row.n) : (row?.n ?? 0)
    return { askedAtMs, answeredAtMs: Date.now(), n, cache: cacheStatus(answer) }
  }

  /** Reads one thing again and again for some time. */
  async function readFor(ms: number, url: string, body: string | object, wish?: string): Promise<Reading[]> {
    const readings: Reading[] = []
    const untilMs = Date.now() + ms
    while (Date.now() < untilMs) readings.push(await read(url, body, wish))
    return readings
  }

  /** Reads rows whose last column is a count, and adds those up. */
  async function readSum(url: string, query: string): Promise<Reading> {
    const askedAtMs = Date.now()
    const answer = await request(`${url}/druid/v2/sql`, { body: { query, resultFormat: 'array' } })
    const rows = parseJson(answer) as (readonly unknown[])[]
    const n = rows.reduce((sum, row) => sum + Number(row.at(-1)), 0)
    return { askedAtMs, answeredAtMs: Date.now(), n, cache: String(answer.headers['cache-status']) }
  }

  test.each<[string, () => App, number]>([
    ['bounded', () => bounded, HEAD_MS],
    ['strict', () => strict, 0],
    ['head 0', () => headless, 0],
  ])('%s: minutes of a stream add up to what Druid has, within the bound', async (_, app, boundMs) => {
    const form = (bound: string): string =>
      `SELECT TIME_FLOOR(__time, 'PT1M') AS t, COUNT(*) AS n FROM "stream" WHERE ${bound} GROUP BY 1`
    const wide = form("__time >= CURRENT_TIMESTAMP - INTERVAL '2' DAY")
    const untilMs = Date.now() + 5 * HEAD_MS
    const druid: Reading[] = []
    const own: Reading[] = []
    const readDruid = async (): Promise<void> => {
      while (Date.now() < untilMs) druid.push(await readSum(cluster.services.broker1, wide))
    }
    const readOwn = async (): Promise<void> => {
      while (Date.now() < untilMs) own.push(await readSum(app().url, wide))
    }
    await Promise.all([readDruid(), readDruid(), readOwn(), readOwn()])
    druid.push(await readSum(cluster.services.broker1, wide))
    const late = own.filter(({ n, askedAtMs }) =>
      druid.some((one) => one.answeredAtMs <= askedAtMs - boundMs && one.n > n),
    )
    const early = own.filter(({ n, answeredAtMs }) =>
      druid.some((one) => one.askedAtMs >= answeredAtMs && one.n < n),
    )
    expect({ late, early }).toEqual({ late: [], early: [] })
    expect(own.some(({ cache }) => cache.includes('series'))).toBe(true)
    expect(new Set(own.map(({ n }) => n)).size).toBeGreaterThan(2)
  })

  test.each<[string, (window: string) => string]>([
    [
      'a series',
      (window) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM "stream" WHERE ${window} GROUP BY 1`,
    ],
    ['totals', (window) => `SELECT COUNT(*) AS n FROM "stream" WHERE ${window}`],
  ])("%s over windows that end at their askers' own now share its last bucket", async (_, form) => {
    const startMs = Math.floor(Date.now() / DAY_MS - 1) * DAY_MS
    const since = `__time >= MILLIS_TO_TIMESTAMP(${startMs})`
    const text = (endMs: number): string => form(`${since} AND __time < MILLIS_TO_TIMESTAMP(${endMs})`)
    const untilMs = Date.now() + 5 * HEAD_MS
    const druid: Reading[] = []
    const own: (Reading & { readonly endMs: number })[] = []
    const readDruid = async (): Promise<void> => {
      while (Date.now() < untilMs) druid.push(await readSum(cluster.services.broker1, form(since)))
    }
    const readOwn = async (): Promise<void> => {
      while (Date.now() < untilMs) {
        const endMs = Date.now()
        own.push({ endMs, ...(await readSum(bounded.url, text(endMs))) })
      }
    }
    await Promise.all([readDruid(), readOwn(), readOwn()])
    const late = own.filter(({ n, askedAtMs }) =>
      druid.some((one) => one.answeredAtMs <= askedAtMs - HEAD_MS && one.n > n),
    )
    // All rows of these times have come by now: what lies behind a window may not be in it.
    await new Promise((resolve) => setTimeout(resolve, HEAD_MS))
    const early: unknown[] = []
    for (const reading of own.filter((__, at) => at % 10 === 0)) {
      const most = await readSum(cluster.services.broker1, text(reading.endMs))
      if (reading.n > most.n) early.push({ reading, most })
    }
    expect({ late, early }).toEqual({ late: [], early: [] })
    expect(own.filter(({ cache }) => cache.includes('; hit; detail="')).length).toBeGreaterThan(
      own.length / 2,
    )
    expect(new Set(own.map(({ n }) => n)).size).toBeGreaterThan(2)
  })

  test.each<[string, () => App, number, string | undefined]>([
    ['bounded', () => bounded, HEAD_MS, undefined],
    ['strict', () => strict, 0, undefined],
    ['head 0', () => headless, 0, undefined],
    ['no-cache', () => bounded, 0, 'no-cache'],
  ])(
    '%s: a count never goes back, is no older than its bound, and is none that Druid did not have',
    async (_, app, boundMs, wish) => {
      const ms = 4 * HEAD_MS
      const [first, second, own, other] = await Promise.all([
        ...cluster.brokers.map((url) => readFor(ms, url, COUNT)),
        ...[1, 2].map(() => readFor(ms, app().url, COUNT, wish)),
      ])
      const druid = [...(first ?? []), ...(second ?? []), await read(cluster.services.broker1, COUNT)]
      const all = [...(own ?? []), ...(other ?? [])]
      const back = [own, other].flatMap((one = []) => one.filter(({ n }, at) => n < (one[at - 1]?.n ?? 0)))
      const late = all.filter(({ n, askedAtMs }) =>
        druid.some((one) => one.answeredAtMs <= askedAtMs - boundMs && one.n > n),
      )
      const early = all.filter(({ n, answeredAtMs }) =>
        druid.some((one) => one.askedAtMs >= answeredAtMs && one.n < n),
      )
      expect({ back, late, early }).toEqual({ back: [], late: [], early: [] })
      expect(all.some(({ cache }) => cache === 'hit')).toBe(boundMs > 0)
      expect(new Set(all.map(({ n }) => n)).size).toBeGreaterThan(2)
    },
  )

  /** How many rows of the stream came before a moment of the last minutes. */
  async function countsBefore(): Promise<(ms: number) => number> {
    const from = Date.now() - 300_000
    const before = `SELECT COUNT(*) AS n FROM "stream" WHERE __time < MILLIS_TO_TIMESTAMP(${from})`
    const rows = `SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM "stream" WHERE __time >= MILLIS_TO_TIMESTAMP(${from})`
    const [base] = await sqlRows(cluster.services.broker1, before)
    const times = (await sqlRows(cluster.services.broker1, rows)).map(({ t }) => Number(t))
    return (ms) => Number(base?.['n']) + times.filter((time) => time < ms).length
  }

  // A minute ago: all rows of that time have come. The tick is a hundredth of the distance, at most the head's bound.
  test.each<[string, string, number]>([
    ['less an interval', "CURRENT_TIMESTAMP - INTERVAL '1' MINUTE", 600],
    ['less two intervals', "CURRENT_TIMESTAMP - INTERVAL '50' SECOND - INTERVAL '10' SECOND", 600],
    ['by TIMESTAMPADD', 'TIMESTAMPADD(SECOND, -60, CURRENT_TIMESTAMP)', 600],
    ['by TIME_SHIFT', "TIME_SHIFT(CURRENT_TIMESTAMP, 'PT1M', -1)", 600],
    ['by a sum that is not read', 'MILLIS_TO_TIMESTAMP(TIMESTAMP_TO_MILLIS(CURRENT_TIMESTAMP) - 60000)', 0],
  ])('what was before a minute ago, %s, is off by a tick at most', async (_, moment, tickMs) => {
    const query = `SELECT COUNT(*) AS n FROM "stream" WHERE __time < ${moment}`
    const readings = (await Promise.all([1, 2].map(() => readFor(3_000, bounded.url, query)))).flat()
    const countBefore = await countsBefore()
    const wrong = readings
      .map((reading) => ({
        ...reading,
        least: countBefore(reading.askedAtMs - tickMs - 60_000),
        most: countBefore(reading.answeredAtMs - 60_000),
      }))
      .filter(({ n, least, most }) => n < least || n > most)
    expect(wrong).toEqual([])
    expect(readings.some(({ cache }) => cache === 'hit')).toBe(tickMs > 0)
  })

  test.each<[string, () => App, string, number]>([
    ['now as a column', () => bounded, 'SELECT CURRENT_TIMESTAMP AS n, COUNT(*) AS c FROM dst', HEAD_MS],
    [
      'now as a column, and a bound an hour ago',
      () => bounded,
      `SELECT CURRENT_TIMESTAMP AS n, COUNT(*) AS c FROM events WHERE __time < CURRENT_TIMESTAMP - INTERVAL '1' HOUR`,
      HEAD_MS,
    ],
    ['now, strict', () => strict, 'SELECT CURRENT_TIMESTAMP AS n, COUNT(*) AS c FROM dst', 0],
    ['now, head 0', () => headless, 'SELECT CURRENT_TIMESTAMP AS n, COUNT(*) AS c FROM dst', 0],
  ])('%s is no older than its tick', async (_, app, query, tickMs) => {
    const readings = await readFor(HEAD_MS + 1_000, app().url, query)
    const wrong = readings.filter(
      ({ n, askedAtMs, answeredAtMs }) => n < askedAtMs - tickMs || n > answeredAtMs,
    )
    expect(wrong).toEqual([])
    expect(readings.some(({ cache }) => cache === 'hit')).toBe(tickMs > 0)
  })

  test.each<[string, string, (nowMs: number) => number]>([
    ['the last 30 days', "__time >= CURRENT_TIMESTAMP - INTERVAL '30' DAY", (now) => now - 30 * DAY_MS],
    [
      'since a midnight',
      '__time >= TIMESTAMPADD(DAY, -7, CURRENT_DATE)',
      (now) => now - (now % DAY_MS) - 7 * DAY_MS,
    ],
    [
      'since an hour began',
      "__time >= TIME_SHIFT(TIME_FLOOR(CURRENT_TIMESTAMP, 'PT1H'), 'P1D', -9)",
      (now) => now - (now % 3_600_000) - 9 * DAY_MS,
    ],
  ])('%s: as many as since that moment', async (_, where, momentOf) => {
    const readings = await readFor(2_000, bounded.url, `SELECT COUNT(*) AS n FROM events WHERE ${where}`)
    const countSince = async (ms: number): Promise<number> =>
      (
        await read(
          cluster.services.broker1,
          `SELECT COUNT(*) AS n FROM events WHERE __time >= MILLIS_TO_TIMESTAMP(${ms})`,
        )
      ).n
    const most = await countSince(momentOf((readings[0]?.askedAtMs ?? 0) - HEAD_MS))
    const least = await countSince(momentOf(readings.at(-1)?.answeredAtMs ?? 0))
    expect(readings.filter(({ n }) => n > most || n < least)).toEqual([])
    expect(readings.some(({ cache }) => cache === 'hit')).toBe(true)
  })

  test('a now that the asker fixed is the same for good', async () => {
    const body = {
      query: `SELECT COUNT(*) AS n FROM events WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY`,
      context: { sqlCurrentTimestamp: cluster.seeded?.eventsInterval.split('/')[1] },
    }
    const direct = await read(cluster.services.broker1, body)
    const hit = await untilHit(bounded, body)
    expect(parseJson(hit)).toEqual([{ n: direct.n }])
    expect(direct.n).toBeGreaterThan(0)
  })
})
