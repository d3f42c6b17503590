// A purge while a fetch waits for its turn: what was laid out before it is kept under no name.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sandboxAvailable } from '../../sandbox/available.ts'
import { type DaysOfFacts, startDaysOfFacts } from '../../support/days-of-facts.ts'
import { deferred } from '../../support/deferred.ts'
import { askSql } from '../../support/http-client.ts'
import { type SandboxStack } from '../../support/sandbox-stack.ts'
import { kindOf } from '../../support/scripted.ts'
import { askBoth, cacheStatus, seen } from '../../support/side-by-side.ts'
import { until } from '../../support/until.ts'

const FORMS: readonly (readonly [string, (window: string) => string])[] = [
  [
    'a series',
    (window) => `SELECT TIME_FLOOR(__time, 'P1D') AS t, COUNT(*) AS n FROM facts WHERE ${window} GROUP BY 1`,
  ],
  ['totals', (window) => `SELECT COUNT(*) AS n, SUM(v) AS s FROM facts WHERE ${window}`],
]

describe.runIf(sandboxAvailable)('an answer of which a part was held before a purge', () => {
  let facts: DaysOfFacts
  let it: SandboxStack

  beforeEach(async () => {
    facts = await startDaysOfFacts('v', 'BIGINT', (hour) => hour)
    it = facts.it
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await it.stop()
  })

  /** Holds up what is asked for, as a connection that is busy does, or what is answered, until it is told. */
  function holdUp(what: 'requests' | 'answers' = 'requests'): {
    readonly waiting: () => number
    readonly end: () => void
  } {
    const over = deferred<void>()
    let waiting = 0
    const { druid } = it.stack
    const send = druid.send.bind(druid)
    vi.spyOn(druid, 'send').mockImplementation(async (request, signal) => {
      const isHeld = kindOf(request) === 'data'
      const early = isHeld && what === 'answers' ? await send(request, signal) : undefined
      if (isHeld) {
        waiting += 1
        await over.promise
      }
      return early ?? (await send(request, signal))
    })
    return { waiting: () => waiting, end: () => over.resolve() }
  }

  test.each(FORMS)('%s', async (_, form) => {
    for (const count of [5, 6, 6]) await askBoth(it, form(facts.window(0, count)))
    const held = holdUp()
    const asked = askSql(`${it.url}/druid/v2/sql`, form(facts.window(0, 7)))
    await until(() => held.waiting() === 1)
    await it.clock.advance(10)
    it.stack.keeper.purge('facts')
    await it.clock.advance(10)
    held.end()
    expect(cacheStatus(await asked)).toMatch(/^fwd=partial/)
    await it.stack.keeper.settled()
    const { ours, theirs } = await askBoth(it, form(facts.window(0, 7)))
    expect(cacheStatus(ours)).toMatch(/^fwd=/)
    expect(seen(ours)).toEqual(seen(theirs))
  })

  // Ordinary users' flights are as good as their bounds say: a purge says that they aren't.
  test.each([
    ['whole', 'SELECT MAX(v) - MIN(v) AS d, COUNT(DISTINCT v) AS n FROM facts'],
    ['in parts', 'SELECT COUNT(*) AS n, MAX(v) AS m FROM facts'],
  ])('who asks after a purge has nothing of what was under way: %s', async (_, statement) => {
    for (let times = 0; times < 3; times += 1) await askBoth(it, statement)
    await it.clock.advance(60_000)
    it.stack.keeper.purge('facts')
    await it.clock.advance(10)
    const held = holdUp('answers')
    const before = askSql(`${it.url}/druid/v2/sql`, statement)
    await until(() => held.waiting() === 1)
    await facts.table.append([{ __time: facts.fromMs, v: 1_000 }])
    await it.clock.advance(10)
    it.stack.keeper.purge('facts')
    await it.clock.advance(10)
    const after = askBoth(it, statement)
    await until(() => held.waiting() >= 2)
    held.end()
    await before
    const { ours, theirs } = await after
    expect(seen(ours)).toEqual(seen(theirs))
  })
})
