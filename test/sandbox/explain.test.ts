// Ovate in front of the sandbox, whose EXPLAIN PLAN FOR is the witness: answers are put together from buckets, and are
// what the sandbox itself says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomOf } from '../cluster/random.ts'
import { COLUMNS, DAY_MS, randomRows } from '../differential/table.ts'
import { askSql } from '../support/http-client.ts'
import { type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'
import { sandboxAvailable } from './available.ts'
import { FORMS, MIDDLE, MIDDLE_CUT, RELATIVE, rangeText, type SeriesForm } from './series-forms.ts'
import { until } from '../support/until.ts'

const SEED = 7
const DAYS = 30
const WINDOW_DAYS = 14
const ROWS = 3_000
const HOUR_MS = 3_600_000
/** Half an hour past noon, so that relative windows cut hours, days and weeks. */
const ASIDE_MS = HOUR_MS / 2

const SLIDES = [0, 1, 2, 3]

describe.runIf(sandboxAvailable)('answers from buckets', () => {
  let it: SandboxStack
  let endMs: number

  beforeAll(async () => {
    it = await startSandboxStack()
    await it.clock.advance(ASIDE_MS)
    endMs = Math.floor(it.clock.now() / DAY_MS) * DAY_MS
    const random = randomOf(SEED)
    const table = await it.sandbox.engine.createTable('facts', COLUMNS)
    const rows = randomRows(random, { fromMs: endMs - DAYS * DAY_MS, toMs: endMs }, ROWS)
    await table.append(
      rows.map(({ atMs, more, big, ...columns }) => ({
        __time: atMs,
        ...columns,
        big: String(big),
        ...more,
      })),
    )
  })
  afterAll(async () => {
    await it.stop()
  })

  /** What Ovate says and out of what, after it was seen that the sandbox says the same. */
  async function asked(sql: string, context: Readonly<Record<string, unknown>>): Promise<string> {
    const body = { query: sql, resultFormat: 'array', header: true, sqlTypesHeader: true, context }
    const ours = await askSql(`${it.url}/druid/v2/sql`, body)
    const theirs = await askSql(`${it.sandbox.url}/druid/v2/sql`, body)
    expect(theirs.status).toBe(200)
    expect(ours.body.toString()).toBe(theirs.body.toString())
    await it.stack.keeper.settled()
    return String(ours.headers['cache-status'])
  }

  /** The window of one of the times: it slides on. */
  function range(slide: number, { slideMs = DAY_MS, endsBefore = 8 }: SeriesForm): string {
    const toMs = endMs - endsBefore * DAY_MS + slide * slideMs
    return rangeText(toMs - WINDOW_DAYS * DAY_MS, toMs)
  }

  /** What is said of the answers to windows that slide, after it was seen that they are right. */
  async function slides(form: SeriesForm): Promise<string[]> {
    const seen: string[] = []
    for (const slide of SLIDES) {
      const sql = form.sql.replaceAll('{table}', 'facts').replace('{range}', range(slide, form))
      seen.push(await asked(sql, form.context ?? {}))
    }
    return seen
  }

  test.each([...FORMS, ...MIDDLE, ...MIDDLE_CUT])('$name', async (form) => {
    const seen = await slides(form)
    expect(seen.slice(2)).toEqual([fromBuckets, fromBuckets])
    expect(heldOf(seen)).toBeGreaterThan(0)
  })

  test.each(RELATIVE)('$name', async ({ sql, context = {} }) => {
    const seen: string[] = []
    for (const _ of SLIDES) {
      seen.push(await asked(sql.replaceAll('{table}', 'facts'), context))
      // No more at once: the longer ago a Broker's clock was seen, the less is known of it.
      await it.clock.advance(HOUR_MS)
      // Probes went out when time moved; a Broker that has not answered when it moves again counts as frozen.
      await until(() => it.stack.druid.brokers().every(({ state }) => state === 'ready'))
    }
    expect(seen.slice(2)).toEqual([fromBuckets, fromBuckets])
    expect(heldOf(seen)).toBeGreaterThan(0)
  })

  describe('a statement that differs in little', () => {
    test('an order by another ordinal', async () => {
      const sql = (order: number): string =>
        `SELECT TIME_FLOOR(__time, 'P1D') AS t, MAX(added) AS m FROM {table} WHERE {range} GROUP BY 1 ORDER BY ${order}`
      await slides({ name: '', sql: sql(1) })
      expect((await slides({ name: '', sql: sql(2) })).slice(2)).toEqual([fromBuckets, fromBuckets])
    })

    test('another offset, which makes a groupBy of a topN', async () => {
      const sql = (offset: number): string =>
        `SELECT TIME_FLOOR(__time, 'P1D') AS t, MIN(price) FILTER (WHERE city = 'Berlin' AND isRobot = 1 AND country = 'US') AS p FROM {table} WHERE {range} GROUP BY 1 ORDER BY p LIMIT 12 OFFSET ${offset}`
      await slides({ name: '', sql: sql(0) })
      expect((await slides({ name: '', sql: sql(1) })).slice(2)).toEqual([fromBuckets, fromBuckets])
    })
  })
})

const fromBuckets: unknown = expect.stringMatching(/detail="(?:series|derive) \d+\/\d+"/)

/** How many buckets of the last answer had been held. */
function heldOf(seen: readonly string[]): number {
  return Number(/(?:series|derive) (\d+)\/\d+/.exec(seen.at(-1) ?? '')?.[1])
}
