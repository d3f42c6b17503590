// Segments that go and come back while an answer is computed: the timeline shows the same before and after it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { dropInterval, reloadDst, restoreInterval, waitForSql } from './changes.ts'
import { type Cluster } from './cluster.ts'
import { type HoldingProxy, startHoldingProxy } from './holding-proxy.ts'
import { parseJson, request, sql } from './http.ts'
import { startOvate, untilHit } from './ovate.ts'
import { waitUntil, within } from './wait.ts'

const DAY = '2026-11-01/2026-11-02'

describe.runIf(clusterAvailable)('an answer that Druid computed while a day was away', () => {
  const BOUND_MS = 15_000
  const query = `SELECT COUNT(*) AS straddling FROM dst WHERE TIME_IN_INTERVAL(__time, '${DAY}')`
  let cluster: Cluster
  let proxy: HoldingProxy
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    proxy = await startHoldingProxy(cluster.services.broker1)
    app = await startOvate(cluster, {
      freshness: { head: '2s', cap: '15s', schemaRefresh: '2s' },
      druid: { brokers: [proxy.url] },
    })
  })

  afterAll(async () => {
    proxy.release()
    await app.close()
    await proxy.close()
    await reloadDst(cluster)
  })

  async function lookedAt(): Promise<string | null | undefined> {
    const { timelines } = parseJson(await request(`${app.adminUrl}/ovate/status`)) as {
      timelines: { datasource: string; lookedAt: { past: string | null } }[]
    }
    return timelines.find(({ datasource }) => datasource === 'dst')?.lookedAt.past
  }

  test('is not kept, though the timeline was the same before and after it', async () => {
    const before = await untilHit(app, query)
    // Right after a look at the past: no other is due before the day is back.
    const last = await lookedAt()
    await waitUntil('a look', async () => (await lookedAt()) !== last, within(2 * BOUND_MS))
    await dropInterval(cluster, 'dst', DAY)
    const sentAtMs = Date.now()
    const held = proxy.hold('straddling')
    const answer = request(`${app.url}/druid/v2/sql`, {
      body: { query },
      headers: { 'cache-control': 'no-cache' },
    })
    await held
    await restoreInterval(cluster, 'dst', DAY)
    await waitForSql(cluster, query, (rows) => JSON.stringify(rows) === before.body.toString().trim())
    proxy.release()
    expect((await answer).body.toString()).toBe('[{"straddling":0}]\n')
    const late: string[] = []
    const over = async (): Promise<boolean> => {
      const askedAtMs = Date.now()
      const text = (await sql(app.url, query)).body.toString()
      if (text !== before.body.toString() && askedAtMs > sentAtMs + BOUND_MS) late.push(text)
      return askedAtMs > sentAtMs + BOUND_MS + 1_000
    }
    await waitUntil('the bound to be over', over, within(4 * BOUND_MS))
    expect(late).toEqual([])
  })
})
