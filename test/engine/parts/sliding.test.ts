// Windows that begin and end at each asker's own moment: exact, and Druid is asked for a few of many.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sandboxAvailable } from '../../sandbox/available.ts'
import { type SandboxTable } from '../../../src/sandbox/store.ts'
import { type SandboxStack, startSandboxStack } from '../../support/sandbox-stack.ts'
import { askBoth, cacheStatus, seen } from '../../support/side-by-side.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const STEP_MS = 737
/** So many askers until it is known how windows move, and what Druid makes of the text; and so many behind them. */
const LEARNT = 8
const ASKED = 16

const SUNDAY = `TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(__time, 'P1D', 1), 'P1W'), 'P1D', -1)`

/** How long a window is, ms. The last: whether no more than the beginning is learnt by asking Druid. */
const FORMS: readonly (readonly [string, number, (window: string) => string, boolean])[] = [
  [
    'a series',
    30 * MINUTE_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'PT1M') AS t, kind, COUNT(*) AS n, AVG(v) AS a FROM facts WHERE ${window} GROUP BY 1, 2`,
    true,
  ],
  [
    'totals',
    30 * MINUTE_MS,
    (window) => `SELECT COUNT(*) AS n, SUM(v) AS s, MAX(v) AS m FROM facts WHERE ${window}`,
    true,
  ],
  [
    'the best ones',
    30 * MINUTE_MS,
    (window) => `SELECT kind, SUM(v) AS s FROM facts WHERE ${window} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3`,
    true,
  ],
  // Its groups can't be added up from instants: only its head is shared.
  [
    'a sketch',
    30 * MINUTE_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'PT1M') AS t, APPROX_COUNT_DISTINCT(kind) AS k FROM facts WHERE ${window} GROUP BY 1`,
    false,
  ],
  [
    'a series of two buckets, neither of them full',
    61_000,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'PT1M') AS t, COUNT(*) AS n, SUM(v) AS s FROM facts WHERE ${window} GROUP BY 1`,
    false,
  ],
  [
    'a series of which all lies in one bucket',
    15 * MINUTE_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'PT6H') AS t, kind, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1, 2 ORDER BY SUM(v) DESC, 2`,
    true,
  ],
  [
    'a series of days',
    9 * DAY_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'P1D') AS t, kind, COUNT(*) AS n, MIN(v) AS a FROM facts WHERE ${window} GROUP BY 1, 2`,
    true,
  ],
  [
    'a series of weeks from Sunday, by its greatest',
    20 * DAY_MS,
    (window) =>
      `SELECT ${SUNDAY} AS t, COUNT(*) AS n, SUM(v) AS s FROM facts WHERE ${window} GROUP BY ${SUNDAY} ORDER BY 3 DESC`,
    true,
  ],
  [
    'a series of quarters of a day that begin at a half hour',
    3 * DAY_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'PT6H', TIMESTAMP '2000-01-01 00:30:00') AS t, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1`,
    true,
  ],
  [
    'a series of weeks by what it does not show',
    20 * DAY_MS,
    (window) =>
      `SELECT TIME_FLOOR(__time, 'P1W') AS t, kind, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1, 2 ORDER BY SUM(v) DESC, 2`,
    true,
  ],
  [
    'totals of many days',
    20 * DAY_MS,
    (window) => `SELECT COUNT(*) AS n, SUM(v) AS s, MAX(v) AS m, AVG(v) AS a FROM facts WHERE ${window}`,
    true,
  ],
  [
    'the best ones of many days',
    20 * DAY_MS,
    (window) => `SELECT kind, SUM(v) AS s FROM facts WHERE ${window} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3`,
    true,
  ],
]

describe.runIf(sandboxAvailable)('windows that slide by moments', () => {
  let it: SandboxStack
  let table: SandboxTable
  let dense: SandboxTable

  beforeAll(async () => {
    it = await startSandboxStack()
    await it.clock.advance(23 * MINUTE_MS + 17_000)
    const columns = new Map([
      ['__time', 'TIMESTAMP'],
      ['kind', 'VARCHAR'],
      ['v', 'BIGINT'],
    ] as const)
    table = await it.sandbox.engine.createTable('facts', columns)
    const endMs = it.clock.now() - 400
    const rows = Array.from({ length: 3_000 }, (_, at) => ({
      __time: endMs - at * 1_301,
      kind: at % 7 === 0 ? null : `k${at % 5}`,
      v: (at * 37) % 101,
    }))
    const older = Array.from({ length: 15_000 }, (_, at) => ({
      __time: endMs - 3_000 * 1_301 - at * 120_011,
      kind: at % 9 === 0 ? null : `k${at % 4}`,
      v: (at * 53) % 97,
    }))
    await table.append([...rows, ...older])
    dense = await it.sandbox.engine.createTable('dense', columns)
    await dense.append(
      Array.from({ length: 24_000 }, (_, at) => ({
        __time: endMs - at * 401,
        kind: at % 7 === 0 ? null : `k${at % 5}`,
        v: (at * 37) % 101,
      })),
    )
  })
  afterAll(() => it.stop())

  test.each(FORMS)('%s', async (_, lengthMs, form, isHeld) => {
    const fromMs = it.clock.now() - lengthMs
    const said: string[] = []
    let before = 0
    for (let at = 0; at < LEARNT + ASKED; at += 1) {
      if (at === LEARNT) before = it.sandbox.stats.data
      const [from, to] = [fromMs + at * STEP_MS, it.clock.now() + at]
      const sql = form(`__time >= MILLIS_TO_TIMESTAMP(${from}) AND __time < MILLIS_TO_TIMESTAMP(${to})`)
      const { ours, theirs } = await askBoth(it, { query: sql, resultFormat: 'array', header: true })
      expect({ sql, ...seen(ours) }).toEqual({ sql, ...seen(theirs) })
      said.push(cacheStatus(ours))
    }
    // What it is compared with is asked, too.
    const more = it.sandbox.stats.data - before - ASKED
    expect({ said, more }).toEqual({ said, more: isHeld ? 0 : ASKED })
    const isFromParts = said
      .slice(LEARNT)
      .map((text) => /^(?:hit|fwd=\w+); detail="(?:series|merge)/.test(text))
    expect(isFromParts).not.toContain(false)
  })

  test.each(FORMS.filter(([, lengthMs, , isHeld]) => lengthMs <= 30 * MINUTE_MS && isHeld))(
    'while rows arrive, one query for all that is missing: %s',
    async (_, __, form) => {
      const said: string[] = []
      const asked: number[] = []
      for (let at = 0; at < LEARNT + ASKED; at += 1) {
        await table.append([{ __time: it.clock.now() - 40, kind: `k${at % 6}`, v: at }])
        // All that was held of the last minutes is older than its bound by then.
        await it.clock.advance(20_000 + STEP_MS)
        const before = it.sandbox.stats.data
        const [from, to] = [it.clock.now() - 4.4 * MINUTE_MS, it.clock.now()]
        const sql = form(
          `__time >= MILLIS_TO_TIMESTAMP(${Math.round(from)}) AND __time < MILLIS_TO_TIMESTAMP(${to})`,
        )
        const { ours, theirs } = await askBoth(it, { query: sql, resultFormat: 'array', header: true })
        expect({ sql, ...seen(ours) }).toEqual({ sql, ...seen(theirs) })
        said.push(cacheStatus(ours))
        asked.push(it.sandbox.stats.data - before - 1)
      }
      expect({ said, most: Math.max(...asked.slice(LEARNT)) }).toEqual({ said, most: 1 })
    },
  )

  const HOURS: readonly (readonly [string, (window: string) => string])[] = [
    [
      'a series of hours',
      (window) =>
        `SELECT TIME_FLOOR(__time, 'PT1H') AS t, COUNT(*) AS n FROM dense WHERE ${window} GROUP BY 1`,
    ],
    ['totals', (window) => `SELECT COUNT(*) AS n, SUM(v) AS s, MAX(v) AS m FROM dense WHERE ${window}`],
    [
      'the best ones',
      (window) => `SELECT kind, SUM(v) AS s FROM dense WHERE ${window} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3`,
    ],
  ]

  test.each(HOURS)('while so many arrive that an hour has too many instants: %s', async (_, form) => {
    const said: string[] = []
    const asked: number[] = []
    for (let at = 0; at < 2 * LEARNT + ASKED; at += 1) {
      const more = Array.from({ length: 40 }, (__, row) => ({ row, __time: it.clock.now() - row * 401 }))
      await dense.append(more.map(({ row, __time }) => ({ __time, kind: `k${row % 6}`, v: at })))
      await it.clock.advance(20_000 + STEP_MS)
      const before = it.sandbox.stats.data
      const [from, to] = [it.clock.now() - 2.4 * 60 * MINUTE_MS, it.clock.now()]
      const sql = form(
        `__time >= MILLIS_TO_TIMESTAMP(${Math.round(from)}) AND __time < MILLIS_TO_TIMESTAMP(${to})`,
      )
      const { ours, theirs } = await askBoth(it, { query: sql, resultFormat: 'array', header: true })
      expect({ sql, ...seen(ours) }).toEqual({ sql, ...seen(theirs) })
      said.push(cacheStatus(ours))
      asked.push(it.sandbox.stats.data - before - 1)
    }
    expect({ said, asked, most: Math.max(...asked.slice(2 * LEARNT)) }).toEqual({ said, asked, most: 1 })
  })
})
