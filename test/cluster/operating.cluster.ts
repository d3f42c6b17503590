// docs/operating.md, step by step and word for word but for ports and addresses: three replicas as processes behind nginx, on
// real Druid, ZooKeeper and Redis, under load from the first answer to the last. No request is broken, by whatever is done.
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { sql } from './http.ts'
import { type Block, operatingBlocks } from './operating-page.ts'
import { waitUntil, within } from './wait.ts'
import { startZooKeeper, type ZooKeeper, zooKeeperMissing } from './zookeeper.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMMAND_MS = 90_000
const ALL_MS = 240_000
const AWAY_MS = 3_000
const WORKERS = 4
/** Between the answers of a client: the load is to be there all the time, not to be heavy. */
const PAUSE_MS = 25
const ANSWERS_MIN = 500
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

function hasCommand(name: string, version: string): boolean {
  return spawnSync(name, [version], { timeout: 5_000 }).status === 0
}

describe.runIf(isPossible)('docs/operating.md', () => {
  const ends: (() => unknown)[] = []
  let folder: string
  let zooKeeper: ZooKeeper
  let environment: Readonly<Record<string, string>> = {}
  let redis: RedisServer
  let prefixes: readonly [string, string]

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ovate-operating-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    ends.push(stopAll)
    // A run that fails leaves none behind.
    process.once('exit', stopAll)
    zooKeeper = await startZooKeeper()
    ends.push(() => zooKeeper.stop())
    // Coordination is on a ZooKeeper that this test may stop.
    environment = { OVATE_LISTEN_HOST: '127.0.0.1', OVATE_COORDINATION_CONNECT: zooKeeper.connectString }
    redis = await startRedis(ends)
    prefixes = await freePrefixes()
    await install('0.1.0', '0.2.0')
  })
  afterAll(async () => {
    process.off('exit', stopAll)
    for (const end of ends.toReversed()) await end()
  })

  /** As `npm install --prefix VERSION` leaves it, but for the modules, which are those of the source. */
  async function install(...versions: readonly string[]): Promise<void> {
    const dist = join(folder, 'dist')
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const built = await run(`'${tsc}' -p '${join(ROOT, 'tsconfig.build.json')}' --outDir '${dist}'`, ROOT)
    expect(built).toEqual({ exit: 0, out: '' })
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object
    for (const version of versions) {
      const modules = join(folder, version, 'node_modules')
      mkdirSync(join(modules, '.bin'), { recursive: true })
      cpSync(dist, join(modules, 'ovate/dist'), { recursive: true })
      writeFileSync(join(modules, 'ovate/package.json'), JSON.stringify({ ...manifest, version }))
      symlinkSync(join(ROOT, 'node_modules'), join(modules, 'ovate/node_modules'))
      symlinkSync('../ovate/dist/main.js', join(modules, '.bin/ovate'))
      expect((await run(`chmod +x '${join(modules, 'ovate/dist/main.js')}'`, folder)).exit).toBe(0)
    }
  }

  /** The page's words with this machine's addresses and ports. */
  function here(text: string): string {
    return text
      .replaceAll(/(?:zk-\d\.example\.com:2181,?)+/g, theCluster().zookeeper)
      .replaceAll('redis.example.com:6379', redis.node)
      .replaceAll('clickstream', 'events')
      .replaceAll(/\b888(?=[\d$])/g, prefixes[0])
      .replaceAll(/\b988(?=[\d$])/g, prefixes[1])
  }

  async function step(block: Block): Promise<void> {
    const text = here(block.text)
    if (block.kind === 'file') return writeFileSync(join(folder, block.name), text)
    const { exit, out } = await run(`set -e\n${text}`, folder)
    expect({ text, exit, out }).toMatchObject({ exit: 0 })
    for (const line of block.says) expect(out).toContain(line)
  }

  /** Output of both kinds, in a shell whose children may outlive it. */
  async function run(
    text: string,
    cwd: string,
  ): Promise<{ readonly exit: number | null; readonly out: string }> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
    const file = join(folder, 'output')
    const child = spawn('bash', ['-c', `exec > '${file}' 2>&1\n${text}`], {
      cwd,
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: 'ignore',
      timeout: COMMAND_MS,
    })
    const exit = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { exit, out: readFileSync(file, 'utf8') }
  }

  function stopAll(): void {
    for (const name of ['ovate-1', 'ovate-2', 'ovate-3', 'nginx', 'haproxy']) {
      const file = join(folder, `${name}.pid`)
      const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
      // By SIGKILL a balancer's master would leave its workers behind.
      if (pid > 0 && readCommand(pid).includes(name.replace(/-.*/, '')))
        process.kill(pid, name.startsWith('ovate') ? 'SIGKILL' : 'SIGTERM')
    }
  }

  /** The page's second one, where this machine has it. */
  async function otherBalancer(): Promise<readonly string[]> {
    if (!hasCommand('haproxy', '-v')) return []
    const { exit, out } = await run('haproxy -D -p haproxy.pid -f haproxy.cfg', folder)
    expect({ exit, out }).toEqual({ exit: 0, out: '' })
    return [here('http://127.0.0.1:8889')]
  }

  const status = async (replica: number): Promise<string> => {
    const { out } = await run(here(`curl -s http://127.0.0.1:988${replica}/ovate/status`), folder)
    return out
  }

  test(
    'does what it says, and breaks no request',
    async () => {
      const blocks = operatingBlocks()
      const named = (name: string): number =>
        blocks.findIndex(({ kind, text }) => kind === 'run' && text.includes(name))
      const [upgrade, end] = [named('ln -sfn 0.2.0'), named('kill "$(cat nginx.pid)"')]
      expect([upgrade > 0, end > upgrade]).toEqual([true, true])
      const balanced = named('/ovate/status')
      for (const block of blocks.slice(0, balanced)) await step(block)
      const urls = [here('http://127.0.0.1:8888'), ...(await otherBalancer())]
      const load = new Load(urls, theCluster().services.broker1)
      await load.start()
      try {
        for (const block of blocks.slice(balanced, upgrade)) await step(block)
        await away(zooKeeper, async () => expect(await status(2)).toContain('"session":"suspect"'))
        const back = async (): Promise<boolean> => (await status(2)).includes('"session":"connected"')
        await waitUntil('ZooKeeper to be seen again', back, within(COMMAND_MS))
        await away(redis, async () => expect(await status(1)).not.toContain('"sharedCache":{"state":"ready"'))
        for (const block of blocks.slice(upgrade, end)) await step(block)
      } finally {
        await load.stop()
      }
      process.stderr.write(
        `operating: ${load.answers} answers while all of it was done, ${load.broken.length} broken\n`,
      )
      expect(load.broken).toEqual([])
      expect(load.answers).toBeGreaterThan(ANSWERS_MIN)
      for (const block of blocks.slice(end)) await step(block)
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

  constructor(urls: readonly string[], druid: string) {
    this.#urls = urls
    this.#druid = druid
  }

  async start(): Promise<void> {
    for (const statement of STATEMENTS)
      this.#wanted.set(statement, (await sql(this.#druid, statement)).body.toString())
    this.#workers = Array.from({ length: WORKERS }, (_, at) => this.#work(at))
  }

  async #work(at: number): Promise<void> {
    for (let turn = at; !this.#isOver; turn += 1) {
      const statement = STATEMENTS[turn % STATEMENTS.length] ?? ''
      await this.#once(this.#urls[at % this.#urls.length] ?? '', statement)
      await delay(PAUSE_MS)
    }
  }

  async #once(url: string, statement: string): Promise<void> {
    const at = new Date().toISOString()
    try {
      const { status, body } = await ask(url, statement, { agent: this.#agent })
      this.answers += 1
      if (status !== 200 || body.toString() !== this.#wanted.get(statement))
        this.broken.push(`${at} ${url} ${status} ${body.toString().slice(0, 200)}`)
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

/** What a process was started as; empty when it is gone. */
function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Two beginnings of ports, all ten of each free a moment ago: they stand for 888 and 988. */
async function freePrefixes(): Promise<readonly [string, string]> {
  const found: string[] = []
  for (
    let prefix = 1_200 + Math.floor(Math.random() * 800);
    found.length < 2 && prefix < 3_200;
    prefix += 1
  ) {
    const ports = Array.from({ length: 10 }, (_, last) => prefix * 10 + last)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) found.push(String(prefix))
  }
  const [first, second] = found
  if (first === undefined || second === undefined) throw new Error('no free ports')
  return [first, second]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
