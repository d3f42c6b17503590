// `ovate explain` makes sense of any statement, and says what is held once there is something.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assemble } from '../../src/app/assemble.ts'
import { explainBody, explainStatement, withParts } from '../../src/app/explain.ts'
import { noDruid } from '../../src/app/no-druid.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { explanationText } from '../../src/plan/explain.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { allStatements } from '../statements/all.ts'
import { askSql } from '../support/http-client.ts'
import { type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'

const CONFIG = parseConfig({ druid: { brokers: ['http://broker:8082'] } })
const END_MS = Date.parse('2026-11-25T00:00:00Z')
const HOUR_MS = 3_600_000
const REASONS = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8')

const { planner, engine } = assemble(CONFIG, {
  druid: noDruid(CONFIG.druid.service),
  clock: systemClock,
  metrics: createMetrics(),
})

test('any statement of the list', () => {
  const all = allStatements(END_MS)
  for (const { id, sql } of all) {
    const explained = explainBody(planner, Buffer.from(JSON.stringify({ query: sql })))
    const explanation = withParts(engine, explained)
    const text = explanationText(explanation)
    const isInParts = explanation.plan === 'series' || explanation.plan === 'merge'
    const known = explanation.reasons.filter((reason) => REASONS.includes(`\`${reason}\``))
    expect({
      id,
      isRead: /^plan {6}(?:pass|whole|series|merge) \(/.test(text),
      reasons: known,
      parts: explanation.parts?.state,
      isTold: /^parts {5}not asked before/m.test(text),
    }).toEqual({
      id,
      isRead: true,
      reasons: explanation.reasons,
      parts: isInParts ? 'never-asked' : undefined,
      isTold: isInParts,
    })
  }
  expect(all.length).toBeGreaterThan(150)
})

describe('the window of a statement whose context says when now is', () => {
  const LAST_HOURS = "__time >= CURRENT_TIMESTAMP - INTERVAL '6' HOUR AND __time < CURRENT_TIMESTAMP"
  const windowOf = (query: string, sqlCurrentTimestamp: unknown): readonly string[] | undefined => {
    const body = { query, context: { sqlCurrentTimestamp } }
    return explainBody(planner, Buffer.from(JSON.stringify(body)), END_MS).explanation.window
  }

  test.each([
    ['in parts', `SELECT COUNT(*) FROM events WHERE ${LAST_HOURS}`],
    ['whole', `SELECT country FROM events WHERE ${LAST_HOURS}`],
    ['passed', `SELECT RAND() FROM events WHERE ${LAST_HOURS}`],
  ])('%s', (_, query) => {
    expect(windowOf(query, '2026-10-24T04:30:00Z')).toEqual([
      '2026-10-23T22:30:00.000Z/2026-10-24T04:30:00.000Z',
    ])
  })

  test.each(['soon', '2026-W43', 5])('is not known where that is %j', (moment) => {
    expect(windowOf(`SELECT country FROM events WHERE ${LAST_HOURS}`, moment)).toBeUndefined()
    const fixed = "SELECT country FROM events WHERE __time >= TIMESTAMP '9999-12-31'"
    expect(windowOf(fixed, moment)).toHaveLength(1)
  })
})

test('a series in words', () => {
  const sql = `SELECT TIME_FLOOR(__time, 'PT1H') AS t, country, SUM(added) AS a FROM events
    WHERE __time >= TIMESTAMP '2026-11-20 00:17:00' AND __time < TIMESTAMP '2026-11-21' GROUP BY 1, 2`
  expect(explanationText(explainStatement(sql, CONFIG)).split('\n').slice(0, 9)).toEqual([
    'plan      series (put together from time buckets: what is missing is fetched, each is kept while its segments stay)',
    'reads     events',
    'bucket    PT1H in UTC',
    'groups    by country',
    'measures  SUM(added)',
    'window    from 2026-11-20T00:17:00.000Z to 2026-11-21T00:00:00.000Z',
    'parts     not asked before: the first answer is computed whole',
    'held      0 of 23 buckets of PT1H, beside an edge of the window',
    'upstream  2026-11-20T00:17:00.000Z/2026-11-21T00:00:00.000Z',
  ])
})

test('a window up to the end of 9999 ends as Druid writes it', () => {
  const sql = "SELECT COUNT(*) FROM events WHERE __time <= TIMESTAMP '9999-12-31 23:59:59.999'"
  expect(explainStatement(sql, CONFIG).window).toEqual([
    '-146136543-09-08T08:23:32.096Z/10000-01-01T00:00:00.000Z',
  ])
})

describe.runIf(sandboxAvailable)('of what was asked before', () => {
  let it: SandboxStack

  beforeAll(async () => {
    it = await startSandboxStack()
    const table = await it.sandbox.engine.createTable(
      'facts',
      new Map([
        ['__time', 'TIMESTAMP'],
        ['n', 'BIGINT'],
      ]),
    )
    const endMs = Math.floor(it.clock.now() / HOUR_MS) * HOUR_MS
    await table.append(Array.from({ length: 48 }, (_, at) => ({ __time: endMs - at * HOUR_MS, n: at })))
  })
  afterAll(() => it.stop())

  function sqlOf(hours: number): string {
    const endMs = Math.floor(it.clock.now() / HOUR_MS) * HOUR_MS - 10 * HOUR_MS
    const literal = (ms: number): string => `MILLIS_TO_TIMESTAMP(${ms})`
    return `SELECT FLOOR(__time TO HOUR) AS h, SUM(n) AS n FROM facts WHERE __time >= ${literal(endMs - hours * HOUR_MS)} AND __time < ${literal(endMs)} GROUP BY 1`
  }

  function explained(sql: string): ReturnType<typeof withParts>['parts'] {
    const body = Buffer.from(JSON.stringify({ query: sql }))
    return withParts(it.stack.engine, explainBody(it.stack.planner, body, it.clock.now())).parts
  }

  test('it says how many buckets are held, and what would be asked for', async () => {
    expect(explained(sqlOf(12))).toMatchObject({ state: 'never-asked' })
    for (const hours of [8, 9, 10]) {
      const { status } = await askSql(`${it.url}/druid/v2/sql`, { query: sqlOf(hours) })
      expect(status).toBe(200)
      await it.stack.keeper.settled()
    }
    const parts = explained(sqlOf(12))
    expect(parts).toMatchObject({ state: 'agreed', buckets: { held: 10, of: 12, period: 'PT1H' }, edges: 0 })
    expect(parts?.upstream?.ranges).toHaveLength(1)
    expect(parts?.upstream?.sql).toContain('SUM(n) AS n')
    expect(explained(sqlOf(10))?.upstream).toBeUndefined()
  })
})
