// The live datasource: rows that come in all the time, read from the Indexer before they are handed over.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterAvailable, theCluster } from './available.ts'
import { waitForSql } from './changes.ts'
import type { Cluster } from './cluster.ts'
import { parseJson, request, sqlRows } from './http.ts'
import { startStream, stopProducer } from './stream.ts'

describe.runIf(clusterAvailable)('the live datasource', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = theCluster()
    await startStream(cluster)
  })

  afterAll(() => stopProducer(cluster))

  const count = async (): Promise<number> =>
    Number((await sqlRows(cluster.services.broker1, 'SELECT COUNT(*) AS n FROM "stream"'))[0]?.['n'])

  test('grows', async () => {
    const before = await count()
    await waitForSql(cluster, 'SELECT COUNT(*) AS n FROM "stream"', ([row]) => Number(row?.['n']) > before)
    expect(await count()).toBeGreaterThan(before)
  })

  test('is told by every Broker to lie on the Indexer', async () => {
    const hour = `${new Date(Date.now() - 3_600_000).toISOString()}/${new Date(Date.now() + 3_600_000).toISOString()}`
    for (const broker of cluster.brokers) {
      const url = `${broker}/druid/v2/datasources/stream/candidates?intervals=${hour}`
      const candidates = parseJson(await request(url)) as readonly {
        locations: readonly { type: string }[]
      }[]
      const types = candidates.flatMap(({ locations }) => locations.map(({ type }) => type))
      expect(types).toContain('indexer-executor')
    }
  })

  test('is started once', async () => {
    const pids = (await cluster.status()).map(({ pid }) => pid)
    await startStream(cluster)
    expect((await cluster.status()).map(({ pid }) => pid)).toEqual(pids)
  })

  test('stands still without its producer', async () => {
    await stopProducer(cluster)
    const newest = 'SELECT MAX(seq) AS n FROM "stream"'
    let last: unknown
    // Rows on their way arrive still: at rest once two looks see the same.
    await waitForSql(cluster, newest, ([row]) => {
      const same = row?.['n'] === last
      last = row?.['n']
      return same
    })
    expect(await sqlRows(cluster.services.broker2, newest)).toEqual([{ n: last }])
  })
})
