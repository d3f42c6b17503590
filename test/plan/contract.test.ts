// The contract of plans: what is found out about each statement of the team's list, and of the corpus where it lies
// beside this checkout or where OVATE_CORPUS says (by id and hash, never by text). A change of analysis shows here line by line.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assemble } from '../../src/app/assemble.ts'
import { explainBody } from '../../src/app/explain.ts'
import { noDruid } from '../../src/app/no-druid.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { type Explanation } from '../../src/plan/explain.ts'
import { allStatements } from '../statements/all.ts'

const END_MS = Date.parse('2026-11-25T00:00:00Z')
const NOW_MS = Date.parse('2026-11-25T10:17:30.500Z')
const CORPUS =
  process.env['OVATE_CORPUS'] ?? join(import.meta.dirname, '../../../shared/corpus/druid-sql.json')
/** Of the grouped aggregates over one datasource whose time is bounded, so many can be put together from parts. */
const SHARE_MIN = 0.9

const { planner } = assemble(parseConfig({ druid: { brokers: ['http://127.0.0.1:1'] } }), {
  druid: noDruid('druid/broker'),
  clock: systemClock,
  metrics: createMetrics(),
})

function explained(body: object): Explanation {
  return explainBody(planner, Buffer.from(JSON.stringify(body)), NOW_MS).explanation
}

/** `superset-003 series PT1H UTC 2026-11-18/2026-11-25`. */
function line(id: string, { plan, reasons, bucket, window }: Explanation): string {
  const times = window?.map((interval) =>
    interval
      .replaceAll('T00:00:00.000Z', '')
      .replace('-146136543-09-08T08:23:32.096Z', '…')
      .replace('146140482-04-24T15:36:27.903Z', '…'),
  )
  return [
    id,
    plan,
    ...reasons,
    ...(bucket === undefined ? [] : [bucket.period, bucket.zone, bucket.origin ?? '']),
    ...(times === undefined ? [] : [times.join(' ') || 'empty']),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** Reasons of what is a grouped aggregate over one datasource, but can't be put together. */
const NOT_TAKEN_APART = new Set([
  'context-key',
  'not-mergeable',
  'moved-parameters',
  'grouping-sets',
  'lookup',
  'time-zone',
  'now-outside-bounds',
  'window-function',
])
const ALL_TIME = '-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z'

interface Share {
  readonly parts: number
  readonly grouped: number
}

function share(all: readonly Explanation[]): Share {
  const parts = all.filter(({ plan }) => plan === 'series' || plan === 'merge').length
  const others = all.filter(({ reasons }) => reasons.some((reason) => NOT_TAKEN_APART.has(reason))).length
  return { parts, grouped: parts + others }
}

/** Of those whose window isn't all of time, and of all. */
function shares(what: string, all: readonly Explanation[]): Share {
  const of = share(all.filter(({ window }) => window !== undefined && window.join() !== ALL_TIME))
  const whole = share(all)
  process.stdout.write(
    `${all.length} statements of ${what}; of the grouped aggregates whose time is bounded ${of.parts} of ${of.grouped} in parts, ` +
      `of all ${whole.parts} of ${whole.grouped}\n`,
  )
  return of
}

test('statements in the manner of the tools', { timeout: 60_000 }, async () => {
  const all = allStatements(END_MS).map(({ id, sql, parameters, context, body }) => ({
    id,
    explanation: explained({ query: sql, ...body, parameters, context }),
  }))
  const text = all.map(({ id, explanation }) => line(id, explanation)).join('\n')
  await expect(`${text}\n`).toMatchFileSnapshot('contract/tools.txt')
  const { parts, grouped } = shares(
    'tools',
    all.map(({ explanation }) => explanation),
  )
  expect(parts / grouped).toBeGreaterThanOrEqual(SHARE_MIN)
})

interface CorpusStatement {
  readonly id: string
  readonly sql: string
  readonly class: string
}

const corpus = existsSync(CORPUS)
  ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as readonly CorpusStatement[])
  : []
if (corpus.length === 0)
  process.stderr.write('SKIPPED: the contract of the corpus, which is not beside this checkout\n')

describe.runIf(corpus.length > 0)('the corpus', { timeout: 60_000 }, () => {
  test('by id and hash', async () => {
    const all = corpus.map(({ id, sql }) => ({ id, sql, explanation: explained({ query: sql }) }))
    const text = all.map(({ id, sql, explanation }) => {
      const hash = createHash('sha256').update(sql).digest('hex').slice(0, 8)
      return line(`${id} ${hash}`, explanation)
    })
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('contract/corpus.txt')
    const { parts } = shares(
      'the corpus',
      all.map(({ explanation }) => explanation),
    )
    expect(parts).toBeGreaterThan(0)
  })
})
