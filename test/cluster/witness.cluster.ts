// Druid's own plan as the witness: for each statement of the tools that could be put together from parts, the client's
// text and the text that fetches parts are explained, and must say the same.
import { beforeAll, describe, expect, test } from 'vitest'
import { assemble } from '../../src/app/assemble.ts'
import { explainBody } from '../../src/app/explain.ts'
import { noDruid } from '../../src/app/no-druid.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { type Interval } from '../../src/plan/facts.ts'
import { type Grouped } from '../../src/plan/grouped.ts'
import { intersected, united } from '../../src/plan/intervals.ts'
import { readNativePlan, type NativePlan } from '../../src/plan/native.ts'
import { windowOf } from '../../src/plan/window.ts'
import { hasSteps } from '../../src/engine/parts/edge-rows.ts'
import { stepName, type StepText } from '../../src/plan/step-text.ts'
import { mergeVerdict, seriesVerdict, stepsDifference, type Verdict } from '../../src/plan/witness.ts'
import { mergeText, seriesText } from '../../src/sql/rewrite.ts'
import { allStatements } from '../statements/all.ts'
import { type Statement } from '../statements/statement.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { parseJson, sql } from './http.ts'

const PERIOD = 'PT1H'
/** What has a segment at all: our texts are never made for all of time. */
const DATA: readonly Interval[] = [{ startMs: Date.UTC(1970, 0, 1), endMs: Date.UTC(2100, 0, 1) }]

/** Statements of which Druid makes something else than the text seems to say; they are kept whole. */
const DISAGREE: Readonly<Record<string, string>> = {
  'superset-060':
    'bounds finer than a millisecond, which Druid folds into intervals and which are a filter here',
  'looker-038': 'NOT (COALESCE(range, FALSE)), folded by Druid and a filter here',
  'looker-039': 'TIME_PARSE with a pattern and a zone, folded by Druid and a filter here',
  'superset-080': 'WHERE 0 = 1: Druid plans no query at all',
  'console-030': 'COUNT(DISTINCT) beside the exact count: two native queries',
  'metabase-004': 'AVG of an expression: Druid sums it as it is, and SUM(CAST(… AS DOUBLE)) in another way',
  'metabase-021': 'a dimension that is constant is left out of one plan',
}

const { planner } = assemble(parseConfig({ druid: { brokers: ['http://127.0.0.1:1'] } }), {
  druid: noDruid('druid/broker'),
  clock: systemClock,
  metrics: createMetrics(),
})

interface Case {
  readonly statement: Statement
  readonly grouped: Grouped
  readonly window: readonly Interval[]
}

describe.runIf(clusterAvailable)('the witness', () => {
  let broker: string
  let endMs: number

  beforeAll(() => {
    broker = theCluster().brokers[0] ?? ''
    endMs = Math.floor(Date.now() / 86_400_000) * 86_400_000
  })

  async function planOf(
    text: string,
    { context, parameters }: Pick<Statement, 'context' | 'parameters'>,
    nowMs: number,
  ): Promise<NativePlan | undefined> {
    const pinned = { ...context, sqlCurrentTimestamp: new Date(nowMs).toISOString() }
    const body = { query: `EXPLAIN PLAN FOR ${text}`, resultFormat: 'array', context: pinned, parameters }
    const [row] = parseJson(await sql(broker, body)) as string[][]
    return readNativePlan(row?.[0] ?? '')
  }

  async function verdictOn({ statement, grouped, window }: Case, nowMs: number): Promise<Verdict> {
    const ranges = intersected(window, DATA)
    const client = await planOf(statement.sql, statement, nowMs)
    const isSeries = grouped.bucket !== undefined
    const text = isSeries
      ? seriesText(statement.sql, grouped, ranges)
      : mergeText(statement.sql, grouped, { ranges, steps: { kind: 'period', period: PERIOD } })
    // A limit round the client's statement is none of what fetches parts of its answer.
    const { sqlOuterLimit: _, ...others } = statement.context ?? {}
    const ours = await planOf(text, { ...statement, context: others }, nowMs)
    const testimony = { client, ours, grouped, windows: { before: window, after: window }, ranges }
    return isSeries ? seriesVerdict(testimony) : mergeVerdict(testimony, PERIOD)
  }

  /** What could be put together, and Druid answers: the cases of the witness. */
  function cases(nowMs: number): readonly Case[] {
    return allStatements(endMs).flatMap((statement) => {
      const { id, sql: query, context, parameters, body } = statement
      const asked = { query, ...body, parameters, context }
      const { plan } = explainBody(planner, Buffer.from(JSON.stringify(asked)), nowMs)
      const grouped = plan.kind === 'whole' ? plan.parts?.grouped : undefined
      // Parameters that stand in bounds are to be left out of what fetches; statements that Druid refuses have no plan.
      if (grouped === undefined || grouped.timeParameters.length > 0 || statement.expect === 'error')
        return []
      const moment = { nowMs, parameters: parameters === undefined ? '' : JSON.stringify(parameters) }
      const window = windowOf(grouped, moment)
      if (window === undefined) throw new Error(`${id} has no window`)
      return window.length === 0 ? [] : [{ statement, grouped, window }]
    })
  }

  test('agrees with the reading of all statements, but for those of which it is known', async () => {
    const nowMs = Date.now()
    const all = cases(nowMs)
    const found: Record<string, string> = {}
    for (const one of all) {
      const verdict = await verdictOn(one, nowMs).catch(
        (error: Error) => ({ kind: 'disagrees', why: error.message }) as const,
      )
      if (verdict.kind === 'disagrees') found[one.statement.id] = verdict.why
    }
    process.stdout.write(
      `\n*** witness: ${all.length} statements explained, ${Object.keys(found).length} disagree\n`,
    )
    for (const [id, why] of Object.entries(found)) process.stdout.write(`    ${id}: ${why.slice(0, 200)}\n`)
    expect(all.length).toBeGreaterThan(200)
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(DISAGREE).toSorted())
  }, 300_000)

  // Where one range ends before another begins, so that instants can stand before, behind or round what lies between.
  const [first, middle, last] = [1, 2, 3].map((day) => ({
    startMs: Date.UTC(2026, 0, day),
    endMs: Date.UTC(2026, 0, day + 1),
  }))
  const STEPS: readonly (readonly [StepText, readonly (Interval | undefined)[]])[] = [
    [{ kind: 'instants' }, [first, last]],
    [{ kind: 'period', period: 'PT1H' }, [first]],
    [{ kind: 'mixed', period: 'PT1M', beforeMs: first?.endMs, fromMs: undefined }, [first, middle]],
    [{ kind: 'mixed', period: 'P1D', beforeMs: undefined, fromMs: last?.startMs }, [middle, last]],
    [{ kind: 'mixed', period: 'PT5M', beforeMs: first?.endMs, fromMs: last?.startMs }, [first, middle, last]],
  ]

  test('agrees on the texts that fetch steps of all statements whose edges can be added up', async () => {
    const nowMs = Date.now()
    const found: string[] = []
    let count = 0
    for (const one of cases(nowMs)) {
      const { statement, grouped } = one
      const verdict = await verdictOn(one, nowMs).catch(() => undefined)
      const parts = { kind: grouped.bucket === undefined ? 'merge' : 'series', grouped } as const
      if (verdict?.kind !== 'agrees' || !hasSteps({ parts, verdict })) continue
      const { sqlOuterLimit: _, ...context } = statement.context ?? {}
      // Each with another of the texts, all of them again and again.
      const [steps, some] = STEPS[count % STEPS.length] ?? [{ kind: 'instants' }, [first]]
      const ranges = united(some.flatMap((range) => range ?? []))
      const text = mergeText(statement.sql, grouped, { ranges, steps })
      const plan = await planOf(text, { ...statement, context }, nowMs)
      const bucketAt = parts.kind === 'series' ? grouped.columns.length : 0
      const difference = stepsDifference(verdict, plan, { grouping: steps, bucketAt, ranges })
      if (difference !== undefined) found.push(`${statement.id}, ${stepName(steps)}: ${difference}`)
      count += 1
    }
    process.stdout.write(`\n*** witness: ${count} texts of steps explained, ${found.length} disagree\n`)
    expect(count).toBeGreaterThan(100)
    expect(found).toEqual([])
  }, 300_000)
})
