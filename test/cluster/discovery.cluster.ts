// Brokers found through the cluster's own ZooKeeper and through any Broker: coming, going, and what clients see of it
// when ZooKeeper is killed, frozen or out of reach.
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { type SessionState } from '../../src/coordination/coordination.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokerEvents, brokersOf, makeWhole, untilBroker, untilSteady } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { request } from './http.ts'
import { startOvate } from './ovate.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { expectedFrom, isCutLate, QUESTIONS, startTraffic, tally, type Traffic } from './traffic.ts'
import { waitUntil, within } from './wait.ts'
import { startZooKeeper } from './zookeeper.ts'

/** The least that a ZooKeeper with ticks of a second grants. */
const SESSION = '2s'
const SOON_MS = 30_000
const TEST_MS = 240_000
/** Quick ones: ZooKeeper is away only for as long as Druid bears it. */
const QUICK = QUESTIONS.filter(({ name }) => name !== 'long' && name !== 'large')

const withZooKeeper = await loadNative().then(
  () => true,
  () => false,
)
if (!withZooKeeper)
  process.stderr.write('\n*** discovery: SKIPPED: all in ZooKeeper, without the package zookeeper\n')

describe.runIf(clusterAvailable)('Brokers', () => {
  let cluster: Cluster
  let expected: ReadonlyMap<string, Buffer>
  const traffics: Traffic[] = []

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    expected = await expectedFrom(cluster.services.broker1, QUESTIONS)
  })

  afterEach(async () => {
    for (const traffic of traffics.splice(0)) await traffic.stop()
  })

  afterAll(async () => {
    await makeWhole(cluster)
  })

  function ask(app: App, clients: number): Traffic {
    const traffic = startTraffic(app.url, expected, { clients, questions: QUICK })
    traffics.push(traffic)
    return traffic
  }

  async function allReady(app: App): Promise<void> {
    for (const url of cluster.brokers) await untilBroker(app, url, 'ready')
  }

  /** Ends the traffic: every answer was right, or cut because a Broker died in the middle of it. */
  async function expectRight(): Promise<void> {
    for (const traffic of traffics) await traffic.stop()
    const seen = traffics.flatMap((traffic) => traffic.seen)
    expect(seen).not.toEqual([])
    expect(tally(seen.filter((one) => one.outcome !== 'right' && !isCutLate(one)))).toEqual({})
  }

  test('named by one of them are all found', async () => {
    const app = await startOvate(cluster, { druid: { bootstrap: [cluster.services.broker1] } })
    try {
      await allReady(app)
      expect((await brokersOf(app)).map(({ url }) => url).toSorted()).toEqual(cluster.brokers.toSorted())
      await ask(app, 1).more(2)
      await expectRight()
    } finally {
      await app.close()
    }
  })

  describe.runIf(withZooKeeper)('in ZooKeeper', () => {
    /** Between one Ovate and ZooKeeper: what it does is done to that Ovate's session alone. */
    let between: TcpProxy
    let near: App
    let far: App

    beforeAll(async () => {
      between = await startTcpProxy(Number(cluster.zookeeper.split(':')[1]))
      near = await startOvate(cluster, zookeeperAt(cluster.zookeeper))
      far = await startOvate(cluster, zookeeperAt(`127.0.0.1:${between.port}`))
      await allReady(near)
      await allReady(far)
    })

    afterEach(() => between.heal())

    afterAll(async () => {
      await near.close()
      await far.close()
      await between.down()
    })

    function zookeeperAt(connect: string): { druid: Record<string, unknown> } {
      return { druid: { zookeeper: { connect, path: '/druid', sessionTimeout: SESSION } } }
    }

    const startOf = async (app: App, url: string): Promise<string | undefined> =>
      (await brokersOf(app)).find((broker) => broker.url === url)?.startTime

    test('are all found, with what tells their runs apart', async () => {
      const brokers = await brokersOf(near)
      expect(brokers.map(({ url }) => url).toSorted()).toEqual(cluster.brokers.toSorted())
      for (const { service, version, startTime } of brokers) {
        expect([service, version]).toEqual(['druid/broker', '33.0.0'])
        expect(startTime).toMatch(/^\d{4}-\d\d-\d\dT/)
      }
    })

    test('are kept while ZooKeeper is frozen', async () => {
      const drained = await brokerEvents(near, 'draining')
      const traffic = ask(near, 2)
      await traffic.more(1)
      // Shorter than Druid's own sessions (6 s): past them Brokers lose their Historicals, and answer without them.
      cluster.freeze('zookeeper')
      await traffic.more(1)
      cluster.thaw('zookeeper')
      await traffic.more(2)
      await expectRight()
      await allReady(near)
      expect(await brokerEvents(near, 'draining')).toBe(drained)
    })

    test(
      'that go are let go of, those that come are taken when ready; an expired session misses nothing',
      async () => {
        const { broker2 } = cluster.services
        const before = await startOf(far, broker2)
        const failed = await brokerEvents(far, 'discovery-failed')
        const traffic = ask(near, 2)
        const other = ask(far, 2)
        between.blackhole()
        const over = async (): Promise<boolean> => (await brokerEvents(far, 'discovery-failed')) > failed
        await waitUntil('the end of a session', over, within(SOON_MS))
        await cluster.kill('broker2')
        await untilBroker(near, broker2, 'gone')
        await untilBroker(far, broker2, 'ejected')
        await other.more(1)
        between.heal()
        await untilBroker(far, broker2, 'gone')
        await cluster.restart('broker2')
        await allReady(near)
        await allReady(far)
        expect(await startOf(far, broker2)).not.toBe(before)
        expect(await startOf(far, broker2)).toBe(await startOf(near, broker2))
        await traffic.more(1)
        await other.more(1)
        await expectRight()
      },
      TEST_MS,
    )

    // The last: Druid's own sessions may be lost by it, and what Brokers answer then is theirs.
    test(
      'are kept while ZooKeeper is killed, and found again by the one that follows',
      async () => {
        const failed = await brokerEvents(near, 'discovery-failed')
        const traffic = ask(near, 2)
        await traffic.more(1)
        await cluster.kill('zookeeper')
        await traffic.more(1)
        await expectRight()
        const over = async (): Promise<boolean> => (await brokerEvents(near, 'discovery-failed')) > failed
        await waitUntil('the end of a session', over, within(SOON_MS))
        expect((await brokersOf(near)).map(({ state }) => state)).toEqual(['ready', 'ready'])
        await cluster.restart('zookeeper')
        await untilSteady(cluster)
        await allReady(near)
        await allReady(far)
        await ask(near, 2).more(1)
        await expectRight()
      },
      TEST_MS,
    )
  })
})

// The client package, loaded in the same process, took the events of other sockets then: one request in some thousands
// was never answered.
test.runIf(clusterAvailable && withZooKeeper)(
  'a ZooKeeper that freezes takes nothing from the connections of clients',
  async () => {
    const server = await startZooKeeper()
    const coordination = await connectZooKeeper({ connect: server.connectString, sessionTimeoutMs: 2_000 })
    const becomes = (state: SessionState): Promise<void> =>
      waitUntil(`${state}`, () => coordination.state === state, within(SOON_MS))
    const target = createServer((_request, response) => setTimeout(() => response.end('here'), 20))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`
    let over = false
    const client = async (): Promise<number> => {
      let answers = 0
      // A connection for each, so that sockets come and go at all times.
      for (; !over; answers += 1) await request(url, {}, within(10_000))
      return answers
    }
    const clients = Promise.all(Array.from({ length: 30 }, client))
    try {
      for (let round = 0; round < 2; round += 1) {
        await becomes('connected')
        server.freeze()
        await becomes('lost')
        server.thaw()
      }
      await becomes('connected')
      over = true
      expect(Math.min(...(await clients))).toBeGreaterThan(0)
    } finally {
      over = true
      await coordination.close()
      await server.stop()
      target.close()
    }
  },
  TEST_MS,
)
