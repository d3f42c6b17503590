// Statements as nobody should write them, beside Druid itself: the same answer, and from parts where it can be.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import {
  BAD_CASES,
  LAST_ASKING,
  NUMBER_COLUMNS,
  oddRows,
  TEXT_COLUMNS,
  waysOf,
} from '../differential/bad-cases.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { appendRows, removeDatasource, waitForSql } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { long, type OwnDatasource, text } from './datasources.ts'
import { type RawResponse, request, sql } from './http.ts'
import { startOvate, untilHit } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const SETTLED_MS = 15_000
/** The statements' own name for their table is another: the cluster is shared. */
const TABLE = `odd_${Date.now().toString(36)}`
const OWN: OwnDatasource = {
  name: TABLE,
  schema: {
    dimensions: [...TEXT_COLUMNS.map(text), ...NUMBER_COLUMNS.map(long)],
    metrics: [],
    rollup: false,
    queryGranularity: 'NONE',
  },
}

describe.runIf(clusterAvailable)('answered as by Druid:', () => {
  let cluster: Cluster
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    const rows = oddRows()
    await appendRows(cluster, OWN, rows.map(line))
    const isThere = (found: readonly Readonly<Record<string, unknown>>[]): boolean =>
      found[0]?.['n'] === rows.length
    await waitForSql(cluster, `SELECT COUNT(*) AS n FROM "${TABLE}"`, isThere)
    app = await startOvate(cluster, { freshness: { head: '2s', cap: '4s', schemaRefresh: '1s' } })
  })

  afterAll(async () => {
    await app.close()
    await removeDatasource(cluster, OWN)
  })

  /** How often Druid's plans were seen to say something of parts. */
  async function verdicts(): Promise<number> {
    const { body } = await request(`${app.adminUrl}/metrics`)
    const counted = body
      .toString()
      .matchAll(/^ovate_plan_checks_total\{outcome="(?:agrees|disagrees|unknown)"\} (\d+)$/gm)
    return [...counted].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  /** Both answers, once they are equal. */
  async function same(body: object): Promise<string> {
    const [druid, ovate] = await Promise.all([sql(cluster.services.broker1, body), sql(app.url, body)])
    expect({ body, status: ovate.status, text: ovate.body.toString() }).toEqual({
      body,
      status: druid.status,
      text: druid.body.toString(),
    })
    return planOf(ovate)
  }

  test.each(BAD_CASES)('$name', async ({ sql: statement, plan, context }) => {
    const isFromParts = plan === 'series' || plan === 'merge'
    let last = ''
    for (let at = 0; at <= LAST_ASKING; at += 1) {
      const before = isFromParts && at === 1 ? await verdicts() : 0
      const resultFormat = RESULT_FORMATS[at % RESULT_FORMATS.length]
      const query = statement(at).replaceAll('FROM odd', `FROM "${TABLE}"`)
      const body = { query, resultFormat, header: at % 2 === 0, context }
      last = await same(body)
      // Druid's plan is asked for beside the second one, and what the third one brought is kept beside it.
      if (isFromParts && at === 1)
        await waitUntil('a verdict', async () => (await verdicts()) > before, within(SETTLED_MS))
      if (isFromParts && at === 2) await untilHit(app, body)
    }
    expect(waysOf(plan)).toContain(last)
  })
})

function planOf({ headers }: RawResponse): string {
  return /detail="(\w+)/.exec(String(headers['cache-status']))?.[1] ?? ''
}

/** As JSON text: one number is past 2^53. */
function line({ big, ...row }: Readonly<Record<string, unknown>>): string {
  return `{"big":${String(big)},${JSON.stringify(row).slice(1)}`
}
