// What is held of a shape is counted, and cut, whatever way it came.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SandboxStack, startSandboxStack } from '../../support/sandbox-stack.ts'
import { askBoth, cacheStatus, seen } from '../../support/side-by-side.ts'
import { sandboxAvailable } from '../../sandbox/available.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const DAY_MS = 24 * HOUR_MS
const ENTRY_MAX_BYTES = 60_000

describe.runIf(sandboxAvailable)('windows that slide by more than a bucket', () => {
  let it: SandboxStack
  let fromMs: number

  beforeAll(async () => {
    it = await startSandboxStack({ cache: { size: '4MiB', maxEntry: ENTRY_MAX_BYTES } })
    const columns = new Map([
      ['__time', 'TIMESTAMP'],
      ['who', 'VARCHAR'],
    ] as const)
    const table = await it.sandbox.engine.createTable('facts', columns)
    fromMs = Math.floor(it.clock.now() / DAY_MS - 12) * DAY_MS
    const rows = Array.from({ length: 8_600 }, (_, at) => ({
      __time: fromMs + at * 2 * MINUTE_MS,
      who: `somebody with a name ${at % 31}`,
    }))
    await table.append(rows)
  })
  afterAll(() => it.stop())

  test.each([
    ['a series', `SELECT FLOOR(__time TO HOUR) AS t, who, COUNT(*) AS n FROM facts`, '1, 2'],
    ['totals', `SELECT who, COUNT(*) AS n FROM facts`, '1'],
  ])('%s', async (_, select, groups) => {
    const said: string[] = []
    for (let at = 0; at < 120; at += 1) {
      const startMs = fromMs + 10 * MINUTE_MS + at * 61 * MINUTE_MS
      const window = `__time >= MILLIS_TO_TIMESTAMP(${startMs}) AND __time < MILLIS_TO_TIMESTAMP(${startMs + 20 * HOUR_MS})`
      const sql = `${select} WHERE ${window} GROUP BY ${groups}`
      const { ours, theirs } = await askBoth(it, { query: sql, resultFormat: 'array' })
      expect({ sql, ...seen(ours) }).toEqual({ sql, ...seen(theirs) })
      said.push(cacheStatus(ours))
      await it.stack.keeper.settled()
      const held = it.stack.cache.entries().map(([, entry]) => entry.sizeBytes)
      expect(Math.max(...held)).toBeLessThanOrEqual(ENTRY_MAX_BYTES)
      expect(it.stack.cache.usage.entryBytes).toBe(held.reduce((sum, bytes) => sum + bytes, 0))
    }
    expect(said.slice(20).some((text) => text.includes('series') || text.includes('merge'))).toBe(true)
  })
})
