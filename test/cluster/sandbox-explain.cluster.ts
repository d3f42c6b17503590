// EXPLAIN PLAN FOR of the sandbox beside a real Druid's: what the witness reads of both plans must be the same, wherever
// the sandbox gives a native plan.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativePlan, readNativePlan } from '../../src/plan/native.ts'
import { mergeVerdict, seriesVerdict } from '../../src/plan/witness.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { DAY_MS } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { difference } from '../sandbox/compare.ts'
import { fetchingText, MERGE_PERIOD, type Fetching } from '../sandbox/fetching.ts'
import { askWhole, copyEvents } from '../sandbox/from-druid.ts'
import { FORMS, MIDDLE, MIDDLE_CUT, rangeText, RELATIVE } from '../sandbox/series-forms.ts'
import { type Statement, statements } from '../sandbox/statements.ts'
import { allStatements } from '../statements/all.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { someOf } from '../support/thorough.ts'

const DEADLINE_MS = 60_000
const HALF_DAY_MS = DAY_MS / 2

/** What the witness reads of a plan, but for names and expressions, which each plan has its own of. */
interface Facts {
  readonly queryType: string
  readonly intervals: NativePlan['intervals']
  readonly dimensions: number
  readonly columns: number
  /** Keys by the place in which they stand among dimensions and columns. */
  readonly order: readonly string[] | undefined
  readonly hasFilter: boolean
  readonly hasHaving: boolean
  readonly aggregations: number
}

/** The plan; 'other' for one that is not read, undefined where there is no answer. */
async function planOf(
  url: string,
  { sql, context, parameters }: Omit<Statement, 'name'>,
  now: string,
): Promise<NativePlan | 'other' | undefined> {
  const body = {
    query: `EXPLAIN PLAN FOR ${sql}`,
    resultFormat: 'array',
    context: { sqlCurrentTimestamp: now, ...context },
    parameters: parameters ?? [],
  }
  const response = await fetch(`${url}/druid/v2/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
  const text = await response.text()
  if (!response.ok) return undefined
  const [row] = JSON.parse(text) as string[][]
  return readNativePlan(row?.[0] ?? '') ?? 'other'
}

function factsOf(plan: NativePlan): Facts {
  const { queryType, intervals, dimensions, columns, groups, order, filter, having, aggregations } = plan
  return {
    queryType,
    intervals,
    dimensions: dimensions.length,
    columns: columns.length,
    order: order?.map(({ of, descending, nulls, compare }) => {
      const place = groups.includes(of) ? `group ${groups.indexOf(of)}` : `column ${columns.indexOf(of)}`
      return `${place} ${descending ? 'down' : 'up'} nulls ${nulls} ${compare}`
    }),
    hasFilter: filter !== '',
    hasHaving: having !== '',
    aggregations: aggregations.length,
  }
}

/** Where the sandbox's plan differs, and why that is so. */
const DIFFERENT: Readonly<Record<string, string>> = {}

/** The sandbox doesn't follow `__time` through a SELECT inside that shows it under another name, and says so. */
const NOT_FOLLOWED = new Set(['dbt-001'])

describe.runIf(clusterAvailable && sandboxAvailable)('the sandbox explains as Druid does', () => {
  let druid: string
  let sandbox: Sandbox | undefined
  beforeAll(async () => {
    druid = theCluster().brokers[0] ?? ''
    sandbox = await startSandbox({ days: 0 })
    await copyEvents(druid, sandbox)
  }, DEADLINE_MS)
  afterAll(async () => {
    await sandbox?.close()
  })

  const nowMs = Date.now()
  const endMs = Math.floor(nowMs / DAY_MS) * DAY_MS
  const forms: readonly Statement[] = [...FORMS, ...MIDDLE, ...MIDDLE_CUT, ...RELATIVE].map(
    ({ name, sql, context = {} }) => ({
      name,
      sql: sql
        .replaceAll('{table}', 'events')
        .replace('{range}', rangeText(endMs - 9 * DAY_MS, endMs - DAY_MS)),
      context: {
        useApproximateCountDistinct: false,
        sqlCurrentTimestamp: new Date(endMs - HALF_DAY_MS).toISOString(),
        ...context,
      },
    }),
  )
  // What is in the live table differs, and the sandbox takes some texts that Druid refuses.
  const all: readonly Statement[] = [
    ...forms,
    ...statements(endMs),
    ...allStatements(endMs)
      .filter(({ needs, expect: expected }) => needs !== 'stream' && expected !== 'error')
      .map(({ id, sql, context = {}, parameters = [] }) => ({ name: id, sql, context, parameters })),
  ]

  test('for every statement of which it gives a native plan', async () => {
    const now = new Date(nowMs).toISOString()
    const found: Record<string, unknown> = {}
    const counts = { native: 0, bare: 0, bareOfNative: 0, refused: 0 }
    const bare: string[] = []
    for (const asked of all) {
      const mine = await planOf(sandbox?.url ?? '', asked, now)
      const theirs = await planOf(druid, asked, now)
      if (mine === undefined || theirs === undefined) counts.refused += 1
      else if (mine === 'other') {
        counts.bare += 1
        if (theirs !== 'other') {
          counts.bareOfNative += 1
          bare.push(`${asked.name}: ${asked.sql}`)
        }
      } else {
        counts.native += 1
        const [my, their] = [factsOf(mine), theirs === 'other' ? theirs : factsOf(theirs)]
        if (JSON.stringify(my) !== JSON.stringify(their)) found[asked.name] = { sql: asked.sql, my, their }
      }
    }
    process.stdout.write(`\n*** sandbox EXPLAIN: ${JSON.stringify(counts)}\n`)
    if (process.env['SANDBOX_EXPLAIN_BARE'] !== undefined) process.stdout.write(`${bare.join('\n')}\n`)
    for (const [name, one] of Object.entries(found))
      if (!(name in DIFFERENT)) process.stdout.write(`    ${name}: ${JSON.stringify(one)}\n`)
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(DIFFERENT).toSorted())
    expect(counts.native).toBeGreaterThan(150)
  }, 300_000)

  test.each(forms)('gives rows in the order of Druid: $name', async (form) => {
    const [mine, theirs] = [await askWhole(sandbox?.url ?? '', form), await askWhole(druid, form)]
    expect(theirs).not.toMatch(/^\{/)
    expect(difference(mine, theirs)).toBeUndefined()
  })

  function fetching(): readonly (Fetching & { readonly asked: Statement })[] {
    return someOf(all, 3).flatMap((asked) => {
      const one = fetchingText(asked, nowMs)
      return one === undefined ? [] : [{ ...one, asked }]
    })
  }

  test('answers the texts that fetch parts, too, as Druid does', async () => {
    const found: Record<string, string | undefined> = {}
    let [answered, refused] = [0, 0]
    for (const { asked, text, parameters } of fetching()) {
      const one = { ...asked, sql: text, parameters }
      if ((await planOf(sandbox?.url ?? '', asked, new Date(nowMs).toISOString())) === undefined) continue
      const [mine, theirs] = [await askWhole(sandbox?.url ?? '', one), await askWhole(druid, one)]
      if (theirs.startsWith('{')) refused += 1
      else answered += 1
      const differs = theirs.startsWith('{') ? undefined : difference(mine, theirs)
      if (differs !== undefined) found[asked.name] = differs
    }
    process.stdout.write(
      `\n*** texts that fetch parts: ${answered} answered alike, ${refused} refused by Druid\n`,
    )
    for (const [name, one] of Object.entries(found))
      process.stdout.write(`    ${name}: ${String(one).slice(0, 600)}\n`)
    expect(found).toEqual({})
  }, 300_000)

  test('and agrees with the reading of both texts where Druid does', async () => {
    const now = new Date(nowMs).toISOString()
    const found: Record<string, string> = {}
    let agreed = 0
    for (const { asked, text, parameters, grouped, window, ranges } of fetching()) {
      const verdictOf = async (url: string): Promise<string | undefined> => {
        const client = await planOf(url, asked, now)
        const ours = await planOf(url, { ...asked, sql: text, parameters }, now)
        if (client === undefined || client === 'other' || ours === undefined) return undefined
        const plans = { client, ours: ours === 'other' ? undefined : ours }
        const testimony = { ...plans, grouped, windows: { before: window, after: window }, ranges }
        const verdict =
          grouped.bucket === undefined ? mergeVerdict(testimony, MERGE_PERIOD) : seriesVerdict(testimony)
        return verdict.kind === 'agrees'
          ? `agrees on ${verdict.queryType}, ordered ${JSON.stringify(verdict.order)}`
          : 'disagrees'
      }
      const mine = await verdictOf(sandbox?.url ?? '')
      if (mine === undefined) continue
      const theirs = await verdictOf(druid)
      if (mine === theirs || NOT_FOLLOWED.has(asked.name)) agreed += 1
      else found[asked.name] = `${mine} instead of ${theirs}`
    }
    process.stdout.write(`\n*** verdicts: ${agreed} alike\n`)
    for (const [name, one] of Object.entries(found))
      process.stdout.write(`    ${name}: ${one.slice(0, 800)}\n`)
    expect(found).toEqual({})
  }, 300_000)
})
