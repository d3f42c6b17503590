// docs/operating.md, step by step and word for word but for ports and addresses: three replicas as processes behind nginx, on
// real Druid, ZooKeeper and Redis, under load from the first answer to the last. No request is broken, by whatever is done.
import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { ask, type AskOptions } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { sql } from './http.ts'
import { operatingBlocks } from './operating-page.ts'
import { hasCommand, OperatingPlace } from './operating-place.ts'
import { waitUntil, within } from './wait.ts'
import { startZooKeeper, type ZooKeeper, zooKeeperMissing } from './zookeeper.ts'

const COMMAND_MS = 90_000
const ALL_MS = 360_000
const AWAY_MS = 3_000
const WORKERS = 4
/** Between the answers of a client: the load is to be there all the time, not to be heavy. */
const PAUSE_MS = 25
const ANSWERS_MIN = 500
const STREAMS_MIN = 5
/** Clients read no more for so long after the first bytes: long enough for a replica to be told to end meanwhile. */
const STREAM_PAUSE_MS = 6_000
/** Too large to lie in buffers on the way; it is fetched first, and kept later. */
const STREAM =
  'SELECT __time, country, city, page, device, added, price, latency, reqId, tags, referrer FROM events'
const STATEMENTS = [
  'SELECT COUNT(*) AS n FROM events',
  'SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n, SUM(added) AS a FROM events GROUP BY 1 ORDER BY 1',
  'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5',
  'SELECT __time, country, added FROM events ORDER BY __time LIMIT 20',
]

const missing =
  hasCommand('nginx', '-v') && hasCommand('curl', '--version') ? undefined : 'no nginx or no curl'
const isPossible =
  clusterAvailable && hasRedis && missing === undefined && (await zooKeeperMissing()) === undefined
if (!isPossible) process.stderr.write(`\n*** operating: SKIPPED: ${missing ?? 'no cluster or no Redis'}\n`)

describe.runIf(isPossible)('docs/operating.md', () => {
  const ends: (() => unknown)[] = []
  let place: OperatingPlace
  let zooKeeper: ZooKeeper
  let redis: RedisServer

  // Each attempt in a place of its own: what a failed one has started must not stand in the next one's way.
  beforeEach(async () => {
    zooKeeper = await startZooKeeper()
    ends.push(() => zooKeeper.stop())
    redis = await startRedis(ends)
    const programs = ['ovate-1', 'ovate-2', 'ovate-3', 'nginx', 'haproxy', 'haproxy-clients-port']
    place = await OperatingPlace.make(programs, [['redis.example.com:6379', redis.node]])
    ends.push(() => place.remove())
    // Coordination is on a ZooKeeper that this test may stop.
    place.environment = { ...place.environment, OVATE_COORDINATION_CONNECT: zooKeeper.connectString }
    await place.install('0.1.0', '0.2.0')
  })
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })

  /** The page's second one, where this machine has it: as it stands there, and so that it sees only the clients' port. */
  async function otherBalancers(): Promise<readonly string[]> {
    if (!hasCommand('haproxy', '-v')) return []
    const changed =
      "sed -e 's/:8889/:8887/; s,/ovate/ready,/status/health,; s/ check port .*/ check/' haproxy.cfg"
    const made = await place.mustRun(place.here(`${changed} | tee clients-port.cfg`))
    expect(made).toContain('option httpchk GET /status/health')
    for (const [name, file] of [
      ['haproxy', 'haproxy.cfg'],
      ['haproxy-clients-port', 'clients-port.cfg'],
    ]) {
      const { exit, out } = await place.run(`haproxy -D -p ${name}.pid -f ${file}`)
      expect({ exit, out }).toEqual({ exit: 0, out: '' })
    }
    return ['http://127.0.0.1:8889', 'http://127.0.0.1:8887'].map((url) => place.here(url))
  }

  test(
    'does what it says, and breaks no request',
    async () => {
      const blocks = operatingBlocks('Step by step')
      const named = (name: string): number =>
        blocks.findIndex(({ kind, text }) => kind === 'run' && text.includes(name))
      const [upgrade, end] = [named('ln -sfn 0.2.0'), named('kill "$(cat nginx.pid)"')]
      expect([upgrade > 0, end > upgrade]).toEqual([true, true])
      const balanced = named('/ovate/status')
      for (const block of blocks.slice(0, balanced)) await place.step(block)
      const urls = [place.here('http://127.0.0.1:8888'), ...(await otherBalancers())]
      const load = new Load(urls, theCluster().services.broker1)
      await load.start()
      try {
        for (const block of blocks.slice(balanced, upgrade)) await place.step(block)
        await away(zooKeeper, async () => expect(await place.status(2)).toContain('"session":"suspect"'))
        const back = async (): Promise<boolean> => (await place.status(2)).includes('"session":"connected"')
        await waitUntil('ZooKeeper to be seen again', back, within(COMMAND_MS))
        await away(redis, async () =>
          expect(await place.status(1)).not.toContain('"sharedCache":{"state":"ready"'),
        )
        for (const block of blocks.slice(upgrade, end)) await place.step(block)
      } finally {
        await load.stop()
      }
      process.stderr.write(
        `operating: ${load.answers} answers while all of it was done, ${load.streams} long ones, ${load.broken.length} broken\n`,
      )
      const isBroken = load.broken.length > 0
      expect(isBroken ? [...load.broken, place.log('nginx-error.log')] : []).toEqual([])
      expect(load.answers).toBeGreaterThan(ANSWERS_MIN)
      expect(load.streams).toBeGreaterThanOrEqual(STREAMS_MIN)
      for (const block of blocks.slice(end)) await place.step(block)
    },
    ALL_MS,
  )
})

/** Takes a server away for a while. */
async function away(
  server: { kill(): Promise<void>; restart(): Promise<void> },
  meanwhile: () => Promise<void>,
): Promise<void> {
  await server.kill()
  try {
    await delay(AWAY_MS)
    await meanwhile()
  } finally {
    await server.restart()
  }
}

/** Clients that ask all the time, each answer compared with Druid's. */
class Load {
  readonly #urls: readonly string[]
  readonly #druid: string
  readonly #agent = new Agent({ keepAlive: true })
  readonly #wanted = new Map<string, string>()
  readonly broken: string[] = []
  #isOver = false
  #workers: Promise<void>[] = []
  answers = 0
  streams = 0

  constructor(urls: readonly string[], druid: string) {
    this.#urls = urls
    this.#druid = druid
  }

  async start(): Promise<void> {
    for (const statement of [...STATEMENTS, STREAM])
      this.#wanted.set(statement, (await sql(this.#druid, statement)).body.toString())
    const workers = Array.from({ length: WORKERS }, (_, at) => this.#work(at))
    this.#workers = [...workers, ...this.#urls.map((url) => this.#stream(url))]
  }

  async #stream(url: string): Promise<void> {
    while (!this.#isOver) {
      await this.#once(url, STREAM, { onFirstBytes: () => delay(STREAM_PAUSE_MS) })
      this.streams += 1
    }
  }

  async #work(at: number): Promise<void> {
    for (let turn = at; !this.#isOver; turn += 1) {
      const statement = STATEMENTS[turn % STATEMENTS.length] ?? ''
      await this.#once(this.#urls[at % this.#urls.length] ?? '', statement, { agent: this.#agent })
      await delay(PAUSE_MS)
    }
  }

  // Long answers are on connections of their own: HAProxy closes one on which nobody asks for `timeout http-keep-alive`,
  // which to it begins with its last write, and a client that has paused that long finds it out by asking again.
  async #once(url: string, statement: string, how: AskOptions): Promise<void> {
    const at = new Date().toISOString()
    try {
      const { status, body, whole } = await ask(url, statement, how)
      this.answers += 1
      if (status !== 200 || body.toString() !== this.#wanted.get(statement))
        this.broken.push(
          `${at} ${url} ${status} ${whole ? 'whole' : 'cut'} ${body.length} ${body.toString().slice(0, 200)}`,
        )
    } catch (error) {
      this.broken.push(`${at} ${url} ${String(error)}`)
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#workers)
    this.#agent.destroy()
  }
}
