// `ovate verify` on real Druid: what tools ask, of an Ovate and of a Broker side by side.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { hasDifferences, reportText } from '../../src/app/verify/report.ts'
import { httpSide, type Side } from '../../src/app/verify/side.ts'
import { readStatements, type Statement } from '../../src/app/verify/statements.ts'
import { verify } from '../../src/app/verify.ts'
import { allStatements } from '../statements/all.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { startOvate } from './ovate.ts'
import { within } from './wait.ts'

const ROUNDS = 3
const VERIFY_MS = 100_000
/** One of each of a few tools, and what is asked about now. */
const EACH_TENTH = 10
const ABOUT_NOW = [
  "SELECT country, COUNT(*) AS n FROM events WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '5' DAY GROUP BY 1 ORDER BY 1",
  'SELECT CURRENT_DATE AS d, COUNT(*) AS n FROM events WHERE __time < CURRENT_DATE',
]

function sideOf(url: string): Side {
  return httpSide({ url, authorization: undefined, timeoutMs: 60_000 })
}

function statements(endMs: number): readonly Statement[] {
  const asked = allStatements(endMs)
    .filter(({ needs, expect: refused }) => needs === undefined && refused === undefined)
    .filter((_, index) => index % EACH_TENTH === 0)
    .map(({ sql, parameters, context, body }) => ({
      query: sql,
      ...body,
      ...(parameters && { parameters }),
      ...(context && { context }),
    }))
  const lines = [...asked, ...ABOUT_NOW.map((query) => ({ query }))].map((one) => JSON.stringify(one))
  return readStatements(lines.join('\n'))
}

describe.runIf(clusterAvailable)('verify', () => {
  let cluster: Cluster
  let app: App
  let asked: readonly Statement[]

  beforeAll(async () => {
    cluster = theCluster()
    app = await startOvate(cluster)
    asked = statements(Date.parse(cluster.seeded?.eventsInterval.split('/')[1] ?? ''))
  })
  afterAll(async () => {
    await app.close()
  })

  test('finds an Ovate and its Broker alike, and hits from the second round on', async () => {
    const options = { statements: asked, rounds: ROUNDS, concurrency: 2, nowMs: Date.now() }
    const sides = { ovate: sideOf(app.url), druid: sideOf(cluster.brokers[0] ?? '') }
    const report = await verify({ ...options, ...sides }, within(VERIFY_MS))
    process.stderr.write(`\n${reportText(report)}`)
    const bad = report.statements.filter(({ verdict }) => verdict === 'different' || verdict === 'error')
    expect(bad).toEqual([])
    expect(hasDifferences(report)).toBe(false)
    expect(report.statements.filter(({ hits }) => hits > 0).length).toBeGreaterThan(asked.length / 2)
    expect(report.statements.flatMap(({ notes }) => notes).join()).not.toContain('sqlCurrentTimestamp')
  })

  test('finds out when one of the two answers something else', async () => {
    const druid = sideOf(cluster.brokers[0] ?? '')
    // A side that leaves out a filter.
    const other: Side = (body, signal) => druid(body.replace("country = 'DE'", 'TRUE'), signal)
    const [statement] = readStatements("SELECT COUNT(*) AS n FROM dst WHERE country = 'DE'")
    const options = { statements: statement === undefined ? [] : [statement], rounds: 1, concurrency: 1 }
    const report = await verify({ ...options, nowMs: Date.now(), ovate: other, druid }, within(VERIFY_MS))
    expect(report.statements.map(({ verdict }) => verdict)).toEqual(['different'])
  })
})
