// An approximate topN is Druid's own work: it cuts each segment's groups, and its answer isn't the exact one. Where the rule
// that says so is broken on purpose, the comparison with Druid notices.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { sql } from './http.ts'
import { startOvate } from './ovate.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const broken = vi.hoisted(() => ({ now: false }))

vi.mock(import('../../src/engine/parts/cut.ts'), async (original) => {
  const real = await original()
  return { ...real, isApproximate: (...given) => !broken.now && real.isApproximate(...given) }
})

const DAY_MS = 86_400_000
const SEEN_MS = 30_000
/** More windows than it takes to begin with parts. */
const WINDOWS = 6

describe.runIf(clusterAvailable)('a topN over more groups than Druid keeps of a segment', () => {
  let cluster: Cluster
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster)
  })

  afterEach(() => {
    broken.now = false
  })

  afterAll(() => app.close())

  /** Two columns together have thousands of values in each day, few of them often. */
  function query(name: string, minute: number): string {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS
    const from = new Date(endMs - 8 * DAY_MS + minute * 60_000).toISOString().slice(0, 19).replace('T', ' ')
    const to = new Date(endMs).toISOString().slice(0, 19).replace('T', ' ')
    return `SELECT CONCAT("user", page) AS ${name}, COUNT(*) AS n FROM events WHERE __time >= TIMESTAMP '${from}' AND __time < TIMESTAMP '${to}' GROUP BY 1 ORDER BY 2 DESC LIMIT 20`
  }

  async function asked(
    minute: number,
    name: string,
  ): Promise<{ readonly plan: string; readonly same: boolean }> {
    const body = { query: query(name, minute), resultFormat: 'array' }
    const [druid, ovate] = await Promise.all([sql(cluster.services.broker1, body), sql(app.url, body)])
    const plan = /detail="(\w+)/.exec(String(ovate.headers['cache-status']))?.[1] ?? ''
    return { plan, same: ovate.body.equals(druid.body) }
  }

  test('has the groups for it', async () => {
    const counted = query('t', 0).replace(
      /^SELECT .* FROM/,
      'SELECT COUNT(DISTINCT CONCAT("user", page)) AS n FROM',
    )
    const body = {
      query: counted.replace(/ GROUP BY .*/, ''),
      context: { useApproximateCountDistinct: false },
      resultFormat: 'array',
    }
    const { body: text } = await sql(cluster.services.broker1, body)
    expect((JSON.parse(text.toString()) as number[][])[0]?.[0]).toBeGreaterThan(8_000)
  })

  test('stays whole', async () => {
    const answers = []
    for (let minute = 0; minute < WINDOWS; minute += 1) answers.push(await asked(minute, 't'))
    expect(answers).toEqual(Array(WINDOWS).fill({ plan: 'whole', same: true }))
  })

  test('is noticed where it does not', async () => {
    broken.now = true
    let minute = 0
    const noticed = async (): Promise<boolean> => {
      minute += 1
      if (minute > 50) throw new GiveUp('so many windows, and all answers were the same')
      const { plan, same } = await asked(minute, 'broken')
      return plan === 'merge' && !same
    }
    await waitUntil('an answer from parts that is not that of Druid', noticed, within(SEEN_MS))
    expect(minute).toBeGreaterThan(1)
  })
})
