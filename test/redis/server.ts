// Real redis-servers of a test's own: on 127.0.0.1, in a folder that goes with them, stopped by their recorded pids.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { killProgram, processInfo, recordProgram, signalProgram } from '../cluster/processes.ts'
import { freePort } from '../cluster/home.ts'
import { waitUntil, within } from '../cluster/wait.ts'
import { recordedEndWithUs } from '../support/ending-with-us.ts'

const COMMAND = 'redis-server'
const START_MS = 20_000

/** Whether servers can be started here; told once where they can't. */
export const hasRedis = spawnSync(COMMAND, ['--version'], { timeout: 5_000 }).status === 0
if (!hasRedis)
  process.stderr.write(`\n*** redis: SKIPPED: all tests on a real ${COMMAND}, because it is not here\n`)

/** What docs/operating.md tells to give to Ovate's user; a test compares. */
export const RIGHTS = '+getrange +set +eval +evalsha +client|setname'
/** Beside them, in a cluster. */
export const CLUSTER_RIGHTS = '+cluster|slots +asking'
/** To the user of a Sentinel. */
export const SENTINEL_RIGHTS = '+sentinel|get-master-addr-by-name +sentinel|sentinels'

export interface RedisServer {
  readonly port: number
  /** `host:port`. */
  readonly node: string
  /** A plain connection for the test itself. */
  readonly client: Redis
  kill(): Promise<void>
  /** Starts it again on the same port, with what it was started with. */
  restart(): Promise<void>
  /** Stops it by SIGSTOP: connections stay, nothing is answered. */
  freeze(): void
  thaw(): void
}

export interface RedisStart {
  /** Settings as on the command line, without the dashes. */
  readonly settings?: Readonly<Record<string, string>>
  /** Lines for the server's own file, where the command line won't do. */
  readonly sentinel?: boolean
  /** How the test's own connection gets in. */
  readonly client?: Omit<RedisOptions, 'replyMapping'>
  /** The port for TLS instead of the plain one. */
  readonly tls?: boolean
}

const NAME = 'redis'

/** Starts one and waits until it answers; what the test's end has to stop goes into `ends` before that. */
export async function startRedis(
  ends: (() => unknown)[],
  { settings, sentinel, client, tls }: RedisStart = {},
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'ovate-redis-'))
  recordedEndWithUs(dir)
  const port = await freePort()
  const ports = tls === true ? { port: '0', 'tls-port': String(port) } : { port: String(port) }
  const all = { ...ports, bind: '127.0.0.1', dir, save: '', appendonly: 'no', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  const redis = new Redis({ port, host: '127.0.0.1', protocol: 2, disableClientInfo: true, ...client })
  redis.on('error', () => undefined)

  const start = async (): Promise<void> => {
    const file = join(dir, 'sentinel.conf')
    const child = spawn(COMMAND, sentinel === true ? [file, '--sentinel', ...args] : args, {
      cwd: dir,
      stdio: 'ignore',
    })
    child.on('error', () => undefined)
    if (child.pid === undefined) throw new Error(`cannot run ${COMMAND}`)
    recordProgram(dir, NAME, child.pid)
    const answers = async (): Promise<boolean> => (await redis.call('PING')) === 'PONG'
    await waitUntil('Redis', answers, within(START_MS))
  }
  const kill = (): Promise<void> => killProgram(dir, NAME, within(START_MS))
  ends.push(async () => {
    redis.disconnect()
    if (processInfo(dir, NAME).state !== 'stopped') await kill()
    rmSync(dir, { recursive: true, force: true })
  })
  if (sentinel === true) writeFileSync(join(dir, 'sentinel.conf'), '')
  await start()
  return {
    port,
    node: `127.0.0.1:${port}`,
    client: redis,
    kill,
    restart: start,
    freeze: () => void signalProgram(dir, NAME, 'SIGSTOP'),
    thaw: () => void signalProgram(dir, NAME, 'SIGCONT'),
  }
}
