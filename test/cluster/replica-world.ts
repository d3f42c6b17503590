// Replicas as processes over a ZooKeeper of three nodes and a Redis of their own, in front of real Druid. Each has ways of
// its own to both, and all have one way to the Brokers.
import { randomUUID } from 'node:crypto'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { type Coordination } from '../../src/coordination/coordination.ts'
import { type Watched } from '../redis/topologies.ts'
import { type RedisServer } from '../redis/server.ts'
import { type Cluster } from './cluster.ts'
import { type EnsembleServers } from './ensemble.ts'
import { Gate } from './gate.ts'
import { ReplicaProcess } from './replica-process.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { waitUntil, within } from './wait.ts'

const SESSION = '3s'
const SOON_MS = 100_000
/** How old any answer may be. */
export const BOUND_MS = 2_000
const BASE = '/ovate'
export const HOUR_MS = 3_600_000
/** The number of the replica whose clock is ahead by an hour. */
export const AHEAD = 3

/** Between one replica and what replicas share. */
interface Ways {
  readonly zookeeper: readonly TcpProxy[]
  readonly redis: TcpProxy
}

export class ReplicaWorld {
  readonly gate = new Gate()
  readonly ensemble: EnsembleServers
  readonly #coordination: Coordination
  readonly #redis: RedisServer | Watched
  readonly #ways = new Map<number, Ways>()
  readonly #replicas = new Map<number, ReplicaProcess>()
  readonly #frozen = new Map<number, ReplicaProcess>()

  private constructor(ensemble: EnsembleServers, coordination: Coordination, redis: RedisServer | Watched) {
    this.ensemble = ensemble
    this.#coordination = coordination
    this.#redis = redis
  }

  /** Three replicas that share what they can. */
  static async start(
    cluster: Cluster,
    ensemble: EnsembleServers,
    redis: RedisServer | Watched,
  ): Promise<ReplicaWorld> {
    const coordination = await connectZooKeeper({ connect: ensemble.connectString, sessionTimeoutMs: 10_000 })
    const world = new ReplicaWorld(ensemble, coordination, redis)
    try {
      await world.#announce(cluster)
      await Promise.all([1, 2, AHEAD].map((number) => world.add(number)))
      await world.whole()
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  /** Those that run, by number. */
  get replicas(): readonly ReplicaProcess[] {
    return [...this.#replicas.values()].toSorted((one, two) => one.number - two.number)
  }

  replica(number: number): ReplicaProcess {
    const found = this.#replicas.get(number)
    if (found === undefined) throw new Error(`no replica ${number}`)
    return found
  }

  ways(number: number): Ways {
    const found = this.#ways.get(number)
    if (found === undefined) throw new Error(`no ways of replica ${number}`)
    return found
  }

  /** Starts one; `whole` waits for it. */
  async add(number: number, clockOffMs = number === AHEAD ? HOUR_MS : 0): Promise<void> {
    const ways = this.#ways.get(number) ?? (await this.#open())
    this.#ways.set(number, ways)
    const connect = ways.zookeeper.map(({ port }) => `127.0.0.1:${port}`).join(',')
    const redis = this.#redis
    const shared =
      'sentinel' in redis
        ? { mode: 'sentinel', master: redis.name, nodes: [redis.sentinel.node] }
        : { nodes: [`127.0.0.1:${ways.redis.port}`] }
    const settings = {
      druid: { zookeeper: { connect, path: '/druid', sessionTimeout: SESSION } },
      coordination: { connect, path: BASE, sessionTimeout: SESSION },
      // More than the machine is ever busy for: what counts queries must not miss for that.
      cache: { shared: { ...shared, timeout: '500ms' } },
      freshness: { head: '1s', cap: `${BOUND_MS}ms` },
    }
    this.#replicas.set(number, await ReplicaProcess.start(number, settings, clockOffMs))
  }

  /** SIGKILL: it is none of the replicas any more. */
  async kill(number: number): Promise<void> {
    const replica = this.replica(number)
    this.#replicas.delete(number)
    await replica.kill()
  }

  /** SIGSTOP: it is none of the replicas until it is thawed. */
  freeze(number: number): void {
    const replica = this.replica(number)
    this.#replicas.delete(number)
    this.#frozen.set(number, replica)
    replica.freeze()
  }

  /** SIGCONT, to all that are frozen. */
  thaw(): void {
    for (const [number, replica] of this.#frozen) {
      replica.thaw()
      this.#replicas.set(number, replica)
    }
    this.#frozen.clear()
  }

  /** SIGTERM; resolves with its exit code. */
  async end(number: number): Promise<number | null> {
    const replica = this.replica(number)
    this.#replicas.delete(number)
    return await replica.end()
  }

  /** Resolves when all know each other and share, each what another computed. */
  async whole(): Promise<void> {
    const { replicas } = this
    await Promise.all(replicas.map((one) => one.ready(replicas.length)))
    await Promise.all(
      replicas.map((one, at) => this.#shares(one, replicas[(at + 1) % replicas.length] ?? one)),
    )
  }

  /**
   * Resolves when nothing of what was done is left: no flights, leases or writes in the replicas, and in ZooKeeper no place in
   * a queue, one mark for each session that has leases, and one znode for each replica.
   */
  async nothingLeft(): Promise<void> {
    for (const replica of this.replicas) {
      await replica.shows('nothing left', ({ flights, coordination, sharedCache }) => {
        const { waiting, held, left } = coordination.leases
        return flights + waiting + held + left + sharedCache.queuedEntries + sharedCache.reading === 0
      })
    }
    const isClear = async (signal: AbortSignal): Promise<boolean> => {
      const found = await this.#znodes(signal)
      const count = this.#replicas.size
      if (found.places.length === 0 && found.sessions <= count && found.replicas === count) return true
      throw new Error(JSON.stringify(found))
    }
    await waitUntil('nothing left in ZooKeeper', isClear, within(SOON_MS))
  }

  async stop(): Promise<void> {
    this.thaw()
    await Promise.all([...this.#replicas.keys()].map((number) => this.kill(number)))
    const proxies = [...this.#ways.values()].flatMap(({ zookeeper, redis }) => [...zookeeper, redis])
    await Promise.all(proxies.map((proxy) => proxy.down()))
    await this.gate.close()
    await this.#coordination.close()
  }

  async #znodes(
    signal: AbortSignal,
  ): Promise<{ readonly places: readonly string[]; readonly sessions: number; readonly replicas: number }> {
    const children = async (path: string): Promise<readonly string[]> =>
      (await this.#coordination.children(path, undefined, signal)) ?? []
    const folders = (await children(`${BASE}/leases`)).filter((name) => name !== 'sessions')
    // One after the other: there are 256, and each look listens to the signal.
    const places: string[] = []
    for (const folder of folders) places.push(...(await children(`${BASE}/leases/${folder}`)))
    const sessions = await children(`${BASE}/leases/sessions`)
    const replicas = await children(`${BASE}/replicas`)
    return { places, sessions: sessions.length, replicas: replicas.length }
  }

  async #open(): Promise<Ways> {
    const zookeeper = await Promise.all(this.ensemble.nodes.map(({ port }) => startTcpProxy(port)))
    const redis = 'port' in this.#redis ? this.#redis.port : this.#redis.master.port
    return { zookeeper, redis: await startTcpProxy(redis) }
  }

  /** As Druid's Brokers do, but with the ports of the way to them. */
  async #announce({ brokers }: Cluster): Promise<void> {
    const signal = within(SOON_MS)
    await waitUntil('ZooKeeper', () => this.#coordination.state === 'connected', signal)
    const folder = '/druid/internal-discovery/BROKER'
    const paths = folder.split('/').slice(1)
    for (const [at] of paths.entries())
      await this.#coordination.create(
        `/${paths.slice(0, at + 1).join('/')}`,
        Buffer.of(),
        'persistent',
        signal,
      )
    for (const name of (await this.#coordination.children(folder, undefined, signal)) ?? [])
      await this.#coordination.delete(`${folder}/${name}`, undefined, signal)
    for (const broker of brokers) {
      const plaintextPort = await this.gate.open(broker)
      const node = {
        druidNode: { service: 'druid/broker', host: '127.0.0.1', plaintextPort, version: '33.0.0' },
        startTime: new Date().toISOString(),
      }
      const data = Buffer.from(JSON.stringify(node))
      await this.#coordination.create(`${folder}/127.0.0.1:${plaintextPort}`, data, 'persistent', signal)
    }
  }

  /**
   * Resolves when the second gives what the first has computed: both have to know the Brokers' clock, and that the timeline
   * stands still.
   */
  async #shares(first: ReplicaProcess, second: ReplicaProcess): Promise<void> {
    const isShared = async (): Promise<boolean> => {
      const name = `shared ${randomUUID()}`
      const query = { query: `SELECT COUNT(*) AS "${name}" FROM events` }
      await first.ask(query)
      await first.written()
      await second.ask(query)
      return this.gate.sent(name).length === 1
    }
    await waitUntil(`${second.number} to be given what ${first.number} computed`, isShared, within(SOON_MS))
  }
}
