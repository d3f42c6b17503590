// Two Coordinators, each an Overlord as well, that compete for leadership, a Router, and what they need: no Broker and no
// data. The metadata are in a Derby of its own: that of a Coordinator would end with it.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { recordedEndWithUs } from '../support/ending-with-us.ts'
import { druidJars, type Jars } from './artifacts.ts'
import { freePort, HOME } from './home.ts'
import { request } from './http.ts'
import { killProgram, lastLines, processInfo, signalProgram, startProgram } from './processes.ts'
import { javaArgs, serviceArgs } from './services.ts'
import { GiveUp, waitUntil, within } from './wait.ts'
import { startZooKeeper, type ZooKeeper } from './zookeeper.ts'

const JARS_MS = 15 * 60_000
const READY_MS = 240_000
const GONE_MS = 10_000
const PROBE_MS = 2_000

export interface Competitor {
  readonly url: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Starts it and waits until it answers. */
  start(): Promise<void>
  /** Whether it leads in both roles. */
  leads(): Promise<boolean>
}

export interface Leaders {
  /** The connect string. */
  readonly zookeeper: string
  readonly router: string
  /** The first leads in both roles at the start. */
  readonly competitors: readonly [Competitor, Competitor]
  /** Ends all and removes their data. */
  stop(): Promise<void>
}

/** Starts all of it, in a minute or two; it ends with this process at the latest. */
export async function startLeaders(): Promise<Leaders> {
  const jars = await druidJars(within(JARS_MS))
  const zookeeper = await startZooKeeper()
  const dir = join(HOME, `leaders-${zookeeper.port}`)
  recordedEndWithUs(dir)
  const place: Place = { dir, jars, zookeeper, derby: await freePort() }
  const [first, second, router] = [
    await serverOf('coordinator', place),
    await serverOf('coordinator', place),
    await serverOf('router', place),
  ]
  const stop = async (): Promise<void> => {
    await Promise.all([first, second, router].map((server) => server.kill()))
    await killProgram(dir, 'derby', within(GONE_MS))
    await zookeeper.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await Promise.all([first.start(), router.start()])
    await waitUntil('one who leads', () => first.leads(), within(READY_MS))
    await second.start()
  } catch (error) {
    await stop()
    throw error
  }
  return { zookeeper: zookeeper.connectString, router: router.url, competitors: [first, second], stop }
}

interface Place {
  readonly dir: string
  readonly jars: Jars
  readonly zookeeper: ZooKeeper
  /** Derby's port. */
  readonly derby: number
}

async function serverOf(role: 'coordinator' | 'router', place: Place): Promise<Competitor> {
  const { dir, jars, zookeeper, derby } = place
  const port = await freePort()
  const [name, url] = [`${role}-${port}`, `http://127.0.0.1:${port}`]
  const settings = {
    plaintextPort: port,
    'zk.service.host': zookeeper.connectString,
    'metadata.storage.connector.connectURI': `jdbc:derby://127.0.0.1:${derby}/${dir}/metadata.db;create=true`,
    'metadata.storage.connector.port': derby,
  }
  // What is set here goes before what the file says.
  const own = Object.entries(settings).map(([key, value]) => `-Ddruid.${key}=${value}`)
  const args = [...own, ...serviceArgs(role, { dir, offset: 0, profile: 'open' }, jars)]
  const answers = async (path: string): Promise<boolean> =>
    (await request(url + path, {}, within(PROBE_MS))).status === 200
  return {
    url,
    kill: () => killProgram(dir, name, within(GONE_MS)),
    freeze: () => void signalProgram(dir, name, 'SIGSTOP'),
    thaw: () => void signalProgram(dir, name, 'SIGCONT'),
    start: async () => {
      startDerby(place)
      startProgram({ name, dir, command: jars.java, args })
      const isReady = async (): Promise<boolean> => {
        if (processInfo(dir, name).state === 'stopped') throw new GiveUp(lastLines(dir, name, 10))
        return answers('/status/health')
      }
      await waitUntil(name, isReady, within(READY_MS))
    },
    leads: async () =>
      (await answers('/druid/coordinator/v1/isLeader')) && (await answers('/druid/indexer/v1/isLeader')),
  }
}

// A Coordinator that is told of Derby would begin one at its port, and finds one there.
function startDerby({ dir, jars, derby }: Place): void {
  if (processInfo(dir, 'derby').state !== 'stopped') return
  const main = 'org.apache.derby.drda.NetworkServerControl'
  const args = ['-Xmx96m', '-cp', jars.classPath, main, 'start', '-h', '127.0.0.1', '-p', String(derby)]
  startProgram({
    name: 'derby',
    dir,
    command: jars.java,
    args: [...javaArgs(dir, jars), ...args, '-noSecurityManager'],
  })
}
