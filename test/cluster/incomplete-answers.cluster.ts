// Answers that Druid itself could not bring to their end after the first rows were out: with 200 in the head, they must
// look broken to every client, and be neither kept nor given to a second one. A Router hides them; Ovate must not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { deferred } from '../support/deferred.ts'
import { type Asked, ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { makeWhole, untilSteady } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { sql, sqlRows } from './http.ts'
import { startOvate, untilHit } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
const BACK_MS = 240_000

/** True of every row, in a text that is new each time. */
function always(): string {
  return `added <> -${1 + Math.floor(Math.random() * 1e12)}`
}

/** One branch comes out, the next divides by zero at its first row. */
function poisoned(): string {
  return `SELECT * FROM (SELECT __time, page, 1 AS q FROM events WHERE ${always()} LIMIT 6000)
    UNION ALL SELECT __time, page, 1 / (added - added) AS q FROM events`
}

/** Two hundred megabytes, of one native query. */
function endless(): string {
  const countries = '(SELECT country AS other FROM events GROUP BY 1)'
  return `SELECT * FROM events CROSS JOIN ${countries} WHERE ${always()}`
}

/** What a client makes of it: `told` by a trailer. */
function look({ status, whole, trailers }: Asked): string {
  if (status !== 200) return `refused ${status}`
  if (!whole) return 'cut'
  return trailers['x-druid-response-complete'] === 'false' ? 'told' : 'whole'
}

describe.runIf(clusterAvailable)('an answer that Druid breaks off', () => {
  let cluster: Cluster
  let overBrokers: App
  let overRouter: App

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    overBrokers = await startOvate(cluster)
    overRouter = await startOvate(cluster, { druid: { brokers: [cluster.services.router] } })
  })

  afterAll(async () => {
    await overBrokers.close()
    await overRouter.close()
    await makeWhole(cluster)
    await untilSteady(cluster)
  })

  test('looks whole behind a Router, which is why Ovate looks at its end', async () => {
    const got = await ask(cluster.services.router, { query: poisoned(), resultFormat: 'csv' })
    expect(look(got)).toBe('whole')
    expect(got.body.toString('utf8', got.body.length - 3)).toMatch(/[^\n]\n$/)
  })

  describe.each(RESULT_FORMATS)('in %s', (resultFormat) => {
    test.each([
      ['shared', {}],
      ['passed', { useCache: false }],
    ])('%s: is cut, or told to those who read trailers', async (_, context) => {
      for (const app of [overBrokers, overRouter]) {
        const body = { query: poisoned(), resultFormat, context }
        const first = await ask(app.url, body)
        const second = await ask(app.url, body, { headers: { te: 'trailers' } })
        expect([look(first), look(second)]).toEqual(['cut', 'told'])
        expect(String(second.headers['cache-status'])).not.toContain('hit')
        expect(first.body.length).toBeGreaterThan(100_000)
      }
    })
  })

  test('for its time being over', async () => {
    for (const app of [overBrokers, overRouter]) {
      const got = await ask(app.url, { query: endless(), resultFormat: 'csv', context: { timeout: 2_000 } })
      // A busy machine has no row out by then.
      expect(['cut', 'refused 504']).toContain(look(got))
    }
  })

  test(
    'since its Historical was killed; and once that is back, answers are what they were',
    async () => {
      const before = await untilHit(overBrokers, COUNT)
      const paths = [{}, { useCache: false }]
      let silent = 2 * paths.length
      const killed = deferred<void>()
      const onFirstBytes = async (): Promise<void> => {
        silent -= 1
        if (silent === 0) cluster.kill('historical').then(killed.resolve, killed.reject)
        await killed.promise
      }
      const asked = [overBrokers, overRouter].flatMap(({ url }) =>
        paths.map((context) =>
          ask(url, { query: endless(), resultFormat: 'csv', context }, { onFirstBytes }),
        ),
      )
      expect((await Promise.all(asked)).map((got) => [look(got), got.body.length > 0])).toEqual(
        asked.map(() => ['cut', true]),
      )
      // Without it Druid refuses, or has no rows: whatever it says, that is said too, and not for longer.
      const gone = await sql(overBrokers.url, `${COUNT} WHERE ${always()}`)
      expect(gone.body).not.toEqual(before.body)
      await cluster.restart('historical')
      for (const broker of cluster.brokers) {
        const back = async (): Promise<boolean> =>
          (await sqlRows(broker, COUNT))[0]?.['n'] === cluster.seeded?.rows.events
        await waitUntil(`rows at ${broker}`, back, within(BACK_MS))
      }
      const same = async (): Promise<boolean> => (await sql(overBrokers.url, COUNT)).body.equals(before.body)
      await waitUntil('the answer of before', same, within(BACK_MS))
      expect((await untilHit(overBrokers, COUNT)).body).toEqual(before.body)
    },
    BACK_MS,
  )
})
