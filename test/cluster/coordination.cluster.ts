// Discovery on a real ZooKeeper: kill, freeze, restart, expiry, chroot, payloads, and no watch left behind.
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { BrokerDiscovery } from '../../src/coordination/broker-discovery.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { type NativeConstructor, type NativeZooKeeper } from '../../src/coordination/native.ts'
import {
  connectZooKeeper,
  type ZooKeeperCoordination,
  type ZooKeeperOptions,
} from '../../src/coordination/zookeeper.ts'
import { startZooKeeper, type ZooKeeper, zooKeeperMissing } from './zookeeper.ts'
import { until } from '../support/until.ts'

const SESSION_MS = 4_000
const FOLDER = '/druid/internal-discovery/BROKER'
const EPHEMERAL = 1
const TAKES_MAX = 8
const TAKEN_MS = 5_000

/** What makes a client the owner of its session. */
interface Session {
  readonly client_id: string
  readonly client_password: string
}

/** The package's own promises, to write with. */
interface Writer extends NativeZooKeeper {
  connect(options: object, done: (error: Error | null) => void): void
  create(path: string, data: string | Buffer, flags: number): Promise<string>
  set(path: string, data: string | Buffer, version: number): Promise<unknown>
  delete_(path: string, version: number): Promise<unknown>
  close(): void
}

const missing = (await zooKeeperMissing()) ?? (await packageMissing())
if (missing !== undefined) {
  process.stderr.write(`\n*** ZooKeeper: SKIPPED: all tests on a real one: ${missing}\n`)
}

/** Loaded when a test runs: it may not be there. */
function thePackage(): new (options: object) => Writer {
  return createRequire(import.meta.url)('zookeeper') as new (options: object) => Writer
}

async function packageMissing(): Promise<string | undefined> {
  return loadNative().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

describe.runIf(missing === undefined)('discovery on ZooKeeper', () => {
  let server: ZooKeeper
  let writer: Writer
  let root: string
  let roots = 0
  let coordination: ZooKeeperCoordination
  let discovery: BrokerDiscovery | undefined
  let told: string[][]
  let states: string[]
  let errors: string[]

  beforeAll(async () => {
    server = await startZooKeeper()
  })

  afterAll(() => server.stop())

  beforeEach(async () => {
    await beginWriter()
    roots += 1
    root = `/root-${roots}`
    for (const path of ['', '/druid', '/druid/internal-discovery', FOLDER]) {
      await writer.create(root + path, '', 0)
    }
    told = []
    states = []
    errors = []
  })

  afterEach(async () => {
    await discovery?.stop()
    await coordination.close()
    writer.close()
  })

  // A session of one test at most: where the server was away for long, what was begun before it has none any more.
  async function beginWriter(): Promise<void> {
    writer = new (thePackage())({
      connect: server.connectString,
      timeout: 20_000,
      response_counter_limit: 100_000,
    })
    await new Promise<void>((resolve, reject) => {
      writer.connect({}, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  async function discover(options: Partial<ZooKeeperOptions> = {}): Promise<void> {
    coordination = await connectZooKeeper({
      connect: `localhost:${server.port}${root}`,
      sessionTimeoutMs: SESSION_MS,
      operationTimeoutMs: 3_000,
      onError: ({ message }) => errors.push(message),
      ...options,
    })
    coordination.onState((state) => states.push(state))
    discovery = new BrokerDiscovery({
      coordination,
      basePath: '/druid',
      clock: systemClock,
      onBrokers: (brokers) => told.push(brokers.map(({ id, startTime }) => `${id} ${startTime}`)),
      onError: ({ message }) => errors.push(message),
      emptyGraceMs: 200,
      retryMs: 50,
    })
  }

  function payload(port: number, startTime = 's'): string {
    const druidNode = {
      service: 'druid/broker',
      host: '127.0.0.1',
      plaintextPort: port,
      port: -1,
      tlsPort: -1,
    }
    return JSON.stringify({ druidNode, nodeType: 'broker', services: {}, startTime })
  }

  const broker = (port: number): string => `${root}${FOLDER}/127.0.0.1:${port}`

  async function announce(port: number, { zipped = true, flags = EPHEMERAL } = {}): Promise<void> {
    await writer.create(broker(port), zipped ? gzipSync(payload(port)) : payload(port), flags)
  }

  async function lastIs(...ports: number[]): Promise<void> {
    const wanted = ports.map((port) => `127.0.0.1:${port} s`)
    await vi.waitFor(() => expect(told.at(-1)).toEqual(wanted), { timeout: 10_000, interval: 20 })
  }

  async function becomes(state: string): Promise<void> {
    await vi.waitUntil(() => coordination.state === state, { timeout: 30_000, interval: 20 })
  }

  test('gzip, plain and garbage below a chroot; coming and going', async () => {
    await announce(1)
    await discover()
    await lastIs(1)
    await announce(2, { zipped: false })
    await writer.create(`${root}${FOLDER}/garbage`, 'garbage', EPHEMERAL)
    await lastIs(1, 2)
    await writer.delete_(broker(1), -1)
    await lastIs(2)
    await until(() => errors.length > 0)
    expect(errors).toEqual([expect.stringMatching(/^znode garbage: /)])
    await writer.delete_(broker(2), -1)
    await lastIs()
  })

  test('a server that is not there yet, and one that is killed and comes back within the session', async () => {
    await announce(1, { flags: 0 })
    writer.close()
    await server.kill()
    await discover()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect([coordination.state, told]).toEqual(['connecting', []])
    await server.restart()
    await lastIs(1)
    await server.kill()
    await becomes('suspect')
    await expect(coordination.read('/druid', undefined, AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'OVATE_ZOOKEEPER',
    })
    await server.restart()
    await becomes('connected')
    expect(told).toHaveLength(1)
    await beginWriter()
    await writer.create(broker(2), payload(2), 0)
    await lastIs(1, 2)
  })

  test('a frozen server is noticed; operations end by their own deadline', async () => {
    await announce(1, { flags: 0 })
    await discover({ operationTimeoutMs: 500 })
    await lastIs(1)
    server.freeze()
    try {
      const read = coordination.read('/druid', undefined, AbortSignal.timeout(20_000))
      await expect(read).rejects.toThrow('no answer within 500 ms')
      await becomes('suspect')
      expect(told).toHaveLength(1)
    } finally {
      server.thaw()
    }
    await becomes('connected')
  })

  test('an outage longer than the session: another session, another client, the watches live on', async () => {
    await announce(1, { flags: 0 })
    await discover()
    await lastIs(1)
    server.freeze()
    try {
      await becomes('lost')
    } finally {
      server.thaw()
    }
    await becomes('connected')
    await writer.create(broker(2), payload(2), 0)
    await lastIs(1, 2)
    expect(states).toEqual(['connected', 'suspect', 'lost', 'connected'])
  })

  test('a session that the server ends is lost; then there is another', async () => {
    await announce(1, { flags: 0 })
    const { Taken, clients } = capturing()
    await discover({ sessionTimeoutMs: 20_000, native: Taken })
    await lastIs(1)
    // The first client may take its session back before the second has closed it: then it is taken again.
    const lost = (): boolean => states.includes('lost')
    for (let tries = 0; tries < TAKES_MAX && !lost(); tries += 1) {
      await endSessionOf(clients[0]!)
      await vi.waitUntil(lost, { timeout: TAKEN_MS }).catch(() => undefined)
    }
    expect(lost()).toBe(true)
    expect(errors).toContain('the session ended (-112); another is begun')
    await becomes('connected')
    await writer.create(broker(2), payload(2), 0)
    await lastIs(1, 2)
  })

  test('a server that forgot everything takes no client of before: another is made in time', async () => {
    const first = await startZooKeeper()
    coordination = await connectZooKeeper({ connect: first.connectString, sessionTimeoutMs: SESSION_MS })
    coordination.onState((state) => states.push(state))
    await becomes('connected')
    const changed = vi.fn<() => void>()
    expect(await coordination.read('/nothing', changed, AbortSignal.timeout(10_000))).toBeUndefined()
    await first.stop()
    const second = await startZooKeeper(first.port)
    try {
      await vi.waitUntil(() => states.includes('lost') && coordination.state === 'connected', {
        timeout: 20_000,
      })
      expect(changed).toHaveBeenCalledTimes(1)
    } finally {
      await coordination.close()
      await second.stop()
    }
  })

  test('digest authentication is accepted', async () => {
    await announce(1)
    await discover({ auth: 'user:secret' })
    await lastIs(1)
    expect(errors).toEqual([])
  })

  test('ten thousand changes leave no more watches than one', async () => {
    await announce(1)
    await discover()
    await lastIs(1)
    const before = coordination.watched
    for (let round = 0; round < 10_000; round += 100) {
      const some = Array.from({ length: 100 }, (_, at) =>
        writer.set(broker(1), payload(1, `${round + at}`), -1),
      )
      await Promise.all(some)
    }
    await writer.set(broker(1), payload(1), -1)
    await lastIs(1)
    expect(coordination.watched).toBe(before)
    expect(told.length).toBeGreaterThan(50)
  })

  /** The package, and each client that was made of it. */
  function capturing(): { Taken: NativeConstructor; clients: Session[] } {
    const clients: Session[] = []
    class Taken extends thePackage() {
      constructor(options: object) {
        super(options)
        clients.push(this as unknown as Session)
      }
    }
    return { Taken, clients }
  }

  /** A second client takes the session over and closes it; the first learns of it from the server. */
  async function endSessionOf({ client_id, client_password }: Session): Promise<void> {
    const thief = new (thePackage())({
      connect: server.connectString,
      timeout: 20_000,
      client_id,
      client_password,
    })
    // Of a session that has ended already it is told nothing.
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(late)
        thief.close()
        resolve()
      }
      const late = setTimeout(done, TAKEN_MS)
      thief.connect({}, done)
    })
  }
})
