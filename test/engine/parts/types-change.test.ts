// A column whose type changes: Brokers learn of it at different times, and no answer is made of rows of both types.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sandboxAvailable } from '../../sandbox/available.ts'
import { DAY_MS, type DaysOfFacts, startDaysOfFacts } from '../../support/days-of-facts.ts'
import { type SandboxStack } from '../../support/sandbox-stack.ts'
import { askBoth, cacheStatus, seen } from '../../support/side-by-side.ts'

const STEP_MS = 737
/** So many askers until it is known how windows move, and what Druid makes of the texts. */
const LEARNT = 8

type Form = (window: string) => string
const SERIES: Form = (window) =>
  `SELECT TIME_FLOOR(__time, 'P1D') AS t, x, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1, 2 ORDER BY 1, 2`
const TOTALS: Form = (window) =>
  `SELECT x, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1 ORDER BY 2 DESC, 1`

describe.runIf(sandboxAvailable)('after a column has become another type', () => {
  let facts: DaysOfFacts
  let it: SandboxStack

  beforeEach(async () => {
    facts = await startDaysOfFacts('x', 'DOUBLE', (hour) => hour % 3)
    it = facts.it
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await it.stop()
  })

  /** From now on answers have texts where they had doubles, while nothing else shows it yet. */
  function change(): void {
    const { engine } = it.sandbox
    const answer = engine.answer.bind(engine)
    vi.spyOn(engine, 'answer').mockImplementation(async (query) => {
      const given = await answer(query)
      return /^EXPLAIN|LIMIT 0$|INFORMATION_SCHEMA/.test(query.sql) ? given : asTexts(given)
    })
  }

  async function same(query: string, headers: Record<string, string> = {}): Promise<string> {
    const { ours, theirs } = await askBoth(it, { query, resultFormat: 'array', header: true }, headers)
    expect({ query, ...seen(ours) }).toEqual({ query, ...seen(theirs) })
    return cacheStatus(ours)
  }

  const days = (at: number): number => Math.max(0, 5 - at)
  const moments = (at: number): number => 5.5 + (at * STEP_MS) / DAY_MS

  describe.each([
    ['known from a whole answer meanwhile', true],
    ['seen first in what is fetched', false],
  ])('%s', (_, isKnown) => {
    test.each<[string, Form, (at: number) => number]>([
      ['days of a series are not given beside others', SERIES, days],
      ['totals are not added up over both', TOTALS, days],
      ['nor is a beginning of a series that is held by steps given beside others', SERIES, moments],
      ['nor are totals added up over a beginning that is held by steps', TOTALS, moments],
    ])('%s', async (__, form, from) => {
      for (let at = 0; at < LEARNT; at += 1) await same(form(facts.window(from(at), 6)))
      expect(await same(form(facts.window(from(LEARNT), 6)))).toMatch(
        /^(?:hit|fwd=\w+); detail="(?:series|merge)/,
      )
      change()
      if (isKnown) await same(form(facts.window(1, 2)), { 'cache-control': 'no-cache' })
      expect(await same(form(facts.window(from(LEARNT), 7)))).toMatch(/^fwd=/)
      await it.clock.advance(10)
      await same(form(facts.window(from(LEARNT), 8)))
    })
  })
})

function asTexts(given: Buffer): Buffer {
  const [names, types, sqlTypes, ...rows] = JSON.parse(given.toString()) as unknown[][]
  const isDouble = (_: unknown, at: number): boolean => sqlTypes?.[at] === 'DOUBLE'
  const texts = (row: readonly unknown[] = [], to: (cell: unknown) => unknown): unknown[] =>
    row.map((cell, at) => (isDouble(cell, at) ? to(cell) : cell))
  const all = [
    names,
    texts(types, () => 'STRING'),
    texts(sqlTypes, () => 'VARCHAR'),
    ...rows.map((row) => texts(row, String)),
  ]
  return Buffer.from(`${JSON.stringify(all)}\n`)
}
