// EXPLAIN PLAN FOR, word for word as a Broker of Druid 33.0.0 answered (`druid-plans.json`, without ids).
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { askSql } from './ask.ts'
import { sandboxAvailable } from './available.ts'
import { STATEMENT_COLUMNS } from './statements.ts'

interface Case {
  readonly name: string
  readonly sql: string
  readonly context: Readonly<Record<string, unknown>>
  readonly plan: unknown
}

const CASES = JSON.parse(
  readFileSync(new URL('druid-plans.json', import.meta.url), 'utf8'),
) as readonly Case[]

describe.runIf(sandboxAvailable)('the native query of', () => {
  let sandbox: Sandbox

  beforeAll(async () => {
    sandbox = await startSandbox({ days: 0 })
    await sandbox.engine.createTable('events', STATEMENT_COLUMNS)
  })
  afterAll(async () => {
    await sandbox.close()
  })

  async function planOf(sql: string, context: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const { text } = await askSql(sandbox.url, `EXPLAIN PLAN FOR ${sql}`, { context })
    const [[plan] = []] = JSON.parse(text) as string[][]
    return JSON.parse(plan ?? '')
  }

  test.each(CASES)('$name', async ({ sql, context, plan }) => {
    expect(await planOf(sql, context)).toEqual(plan)
  })

  // As 33.0.0 planned it.
  test('a window up to the end of 9999 ends in the year 10000', async () => {
    const sql = "SELECT COUNT(*) FROM events WHERE __time <= TIMESTAMP '9999-12-31 23:59:59.999'"
    expect(await planOf(sql)).toMatchObject([
      { query: { intervals: { intervals: ['-146136543-09-08T08:23:32.096Z/10000-01-01T00:00:00.000Z'] } } },
    ])
  })

  test.each([
    ['rows', 'SELECT country FROM events'],
    ['distinct values', 'SELECT DISTINCT country FROM events'],
    ['nothing', 'SELECT country, COUNT(*) FROM events GROUP BY 1 LIMIT 0'],
    ['no time', "SELECT COUNT(*) FROM events WHERE __time < '2026-11-01' AND __time > '2026-11-02'"],
    ['a condition that is known', 'SELECT COUNT(*) FROM events WHERE 0 = 1'],
    ['a group that is one value', "SELECT COUNT(*) FROM events WHERE country = 'US' GROUP BY country"],
    ['a constant group', "SELECT COUNT(*) FROM events GROUP BY ''"],
    ['a condition on groups alone', "SELECT country FROM events GROUP BY 1 HAVING country = 'US'"],
    ['several SELECTs', 'SELECT COUNT(*) FROM events UNION ALL SELECT 1 FROM events'],
    ['groups of groups', 'SELECT MAX(n) FROM (SELECT country, COUNT(*) AS n FROM events GROUP BY 1)'],
  ])('%s is not told', async (_, sql) => {
    expect(await planOf(sql)).toMatchObject([{ query: { queryType: 'scan' } }])
  })

  test('exact counts of distinct values is not told, but approximate ones are', async () => {
    const sql = 'SELECT COUNT(DISTINCT country) FROM events'
    const exact = await planOf(sql, { useApproximateCountDistinct: false })
    expect(exact).toMatchObject([{ query: { queryType: 'scan' } }])
    expect(await planOf(sql)).toMatchObject([{ query: { aggregations: [{ type: 'cardinality' }] } }])
  })

  test('a metric is of a groupBy unless it may be approximate', async () => {
    const sql = 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY n LIMIT 3'
    expect(await planOf(sql)).toMatchObject([{ query: { queryType: 'topN' } }])
    const exact = await planOf(sql, { useApproximateTopN: false })
    expect(exact).toMatchObject([{ query: { queryType: 'groupBy', limitSpec: { limit: 3 } } }])
  })

  test('now is that of the request', async () => {
    const sql = 'SELECT COUNT(*) FROM events WHERE __time >= CURRENT_TIMESTAMP'
    const interval = '2026-11-20T12:00:00.000Z/146140482-04-24T15:36:27.903Z'
    const plan = await planOf(sql, { sqlCurrentTimestamp: '2026-11-20T12:00:00Z' })
    expect(plan).toMatchObject([{ query: { intervals: { intervals: [interval] } } }])
  })
})
