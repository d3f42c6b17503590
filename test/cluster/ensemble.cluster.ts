// Real Brokers, announced in a ZooKeeper of three nodes: what becomes of those is felt by no client of Ovate's, and what
// changes in the meantime is not missed.
import { type LookupAddress } from 'node:dns'
import type * as Dns from 'node:dns/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { connectZooKeeper, type ZooKeeperCoordination } from '../../src/coordination/zookeeper.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokerEvents, brokersOf, makeWhole, untilBroker } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { type EnsembleServers, startEnsemble } from './ensemble.ts'
import { freePort } from './home.ts'
import { startOvate } from './ovate.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { expectedFrom, QUESTIONS, startTraffic, tally, type Traffic } from './traffic.ts'
import { waitUntil, within } from './wait.ts'

const FOLDER = '/druid/internal-discovery/BROKER'
/** The least that a ZooKeeper with ticks of a second grants. */
const SESSION = '2s'
const SOON_MS = 30_000
const TEST_MS = 120_000
const QUICK = QUESTIONS.filter(({ name }) => name !== 'long' && name !== 'large')

/** What the names of the nodes stand for; all else is looked up as always. */
const names = vi.hoisted(() => new Map<string, string>())
vi.mock('node:dns/promises', async (original) => {
  const real = await original<typeof Dns>()
  const lookup = async (name: string, options: { all: true }): Promise<LookupAddress[]> => {
    const address = names.get(name)
    return address === undefined ? await real.lookup(name, options) : [{ address, family: 4 }]
  }
  return { ...real, lookup }
})

const withZooKeeper = await loadNative().then(
  () => true,
  () => false,
)
if (!withZooKeeper) process.stderr.write('\n*** ensemble: SKIPPED, without the package zookeeper\n')

describe.runIf(clusterAvailable && withZooKeeper)('an ensemble of three', () => {
  let cluster: Cluster
  let expected: ReadonlyMap<string, Buffer>
  let servers: EnsembleServers
  /** Writes what Brokers announce, past the names. */
  let announcer: ZooKeeperCoordination
  let announced: ReadonlyMap<string, Buffer>
  const ports: number[] = []
  let roads: readonly TcpProxy[] = []
  let app: App
  let traffic: Traffic
  let drained: number

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    expected = await expectedFrom(cluster.services.broker1, QUESTIONS)
    announced = await announcements(cluster.zookeeper)
    servers = await startEnsemble(3)
    announcer = await connectZooKeeper({ connect: servers.connectString, sessionTimeoutMs: 4_000 })
    await waitUntil('a session', () => announcer.state === 'connected', within(SOON_MS))
    for (const path of ['/druid', '/druid/internal-discovery', FOLDER]) await make(path, Buffer.alloc(0))
    for (const [broker, bytes] of announced) await make(`${FOLDER}/${broker}`, bytes)
    for (const _ of servers.nodes) ports.push(await freePort())
    await moveTo('127.0.0.2')
    const connect = ports.map((port, at) => `${nameOf(at)}:${port}`).join(',')
    app = await startOvate(cluster, {
      druid: { zookeeper: { connect, path: '/druid', sessionTimeout: SESSION } },
    })
    await allReady()
  }, TEST_MS)

  beforeEach(async () => {
    drained = await brokerEvents(app, 'draining')
    traffic = startTraffic(app.url, expected, { clients: 2, questions: QUICK })
    await traffic.more(1)
  })

  afterEach(() => traffic.stop())

  afterAll(async () => {
    await app.close()
    await announcer.close()
    for (const road of roads) await road.down()
    await servers.stop()
  })

  async function make(path: string, bytes: Buffer): Promise<void> {
    await announcer.create(path, bytes, 'persistent', within(SOON_MS))
  }

  /** What may fail while the ensemble finds another leader, once more until it doesn't. */
  async function persist(work: () => Promise<unknown>): Promise<void> {
    const isDone = async (): Promise<boolean> =>
      await work().then(
        () => true,
        () => false,
      )
    await waitUntil('the announcer', isDone, within(SOON_MS))
  }

  const nameOf = (at: number): string => `zookeeper-${at}.test`

  /** The nodes are to be found at another address from now on, and no longer where they were. */
  async function moveTo(address: string): Promise<void> {
    const old = roads
    roads = await Promise.all(
      servers.nodes.map(({ port }, at) => startTcpProxy(port, [], { host: address, port: ports[at] ?? 0 })),
    )
    for (const at of ports.keys()) names.set(nameOf(at), address)
    for (const road of old) await road.down()
  }

  async function allReady(): Promise<void> {
    for (const url of cluster.brokers) await untilBroker(app, url, 'ready')
  }

  /** A Broker that leaves and comes back is noticed: a session is there, and its watches work. And no client felt anything. */
  async function expectAllIsWell(): Promise<void> {
    const [broker = '', bytes = Buffer.alloc(0)] = [...announced].at(-1) ?? []
    const url = `http://${broker}`
    const path = `${FOLDER}/${broker}`
    await persist(() => announcer.delete(path, undefined, within(SOON_MS)))
    await untilBroker(app, url, 'gone')
    await traffic.more(1)
    await persist(() => make(path, bytes))
    await allReady()
    await traffic.more(1)
    await traffic.stop()
    expect(traffic.seen).not.toEqual([])
    expect(tally(traffic.seen.filter(({ outcome }) => outcome !== 'right'))).toEqual({})
  }

  test('whose leader is killed', async () => {
    const leader = await servers.leader()
    await leader.kill()
    await servers.leader()
    await traffic.more(2)
    expect(await brokerEvents(app, 'draining')).toBe(drained)
    await expectAllIsWell()
    leader.start()
    await servers.serving(3)
  })

  test.each<[string, boolean]>([
    ['the leader', true],
    ['another', false],
  ])('of which %s is frozen', async (_, leads) => {
    const leader = await servers.leader()
    const node = leads ? leader : servers.nodes.find((one) => one !== leader)
    node?.freeze()
    try {
      await traffic.more(2)
      expect(await brokerEvents(app, 'draining')).toBe(drained)
      await expectAllIsWell()
    } finally {
      node?.thaw()
    }
    await servers.serving(3)
  })

  test('that has no quorum for longer than a session', async () => {
    const failed = await brokerEvents(app, 'discovery-failed')
    const struck = servers.nodes.slice(0, 2)
    await Promise.all(struck.map((node) => node.kill()))
    const isOver = async (): Promise<boolean> => (await brokerEvents(app, 'discovery-failed')) > failed
    await waitUntil('the end of a session', isOver, within(SOON_MS))
    await traffic.more(2)
    expect((await brokersOf(app)).map(({ state }) => state)).toEqual(['ready', 'ready'])
    expect(await brokerEvents(app, 'draining')).toBe(drained)
    for (const node of struck) node.start()
    await servers.serving(3)
    await expectAllIsWell()
  })

  test('whose names come to mean other addresses', async () => {
    await moveTo('127.0.0.3')
    await traffic.more(2)
    await expectAllIsWell()
    expect(Math.max(...roads.map(({ connections }) => connections))).toBeGreaterThan(0)
  })
})

/** What the Brokers of a cluster have written of themselves, by `host:port`. */
async function announcements(connect: string): Promise<ReadonlyMap<string, Buffer>> {
  const zookeeper = await connectZooKeeper({ connect })
  try {
    await waitUntil('a session', () => zookeeper.state === 'connected', within(SOON_MS))
    const signal = within(SOON_MS)
    const found = (await zookeeper.children(FOLDER, undefined, signal)) ?? []
    const read = found.toSorted().map(async (name): Promise<[string, Buffer]> => {
      const znode = await zookeeper.read(`${FOLDER}/${name}`, undefined, signal)
      return [name, znode?.data ?? Buffer.alloc(0)]
    })
    return new Map(await Promise.all(read))
  } finally {
    await zookeeper.close()
  }
}
