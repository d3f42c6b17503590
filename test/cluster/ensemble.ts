// ZooKeeper on one or three nodes, each on ports of its own: nodes are killed, frozen and started again by what is
// recorded of them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordedEndWithUs } from '../support/ending-with-us.ts'
import { druidJars, type Jars } from './artifacts.ts'
import { freePort, HOME } from './home.ts'
import { killProgram, lastLines, processInfo, signalProgram, startProgram } from './processes.ts'
import { javaArgs, writeLogging } from './services.ts'
import { GiveUp, waitUntil, within } from './wait.ts'
import { fourLetters } from './zookeeper.ts'

const NAME = 'zookeeper'
const JARS_MS = 15 * 60_000
const SERVING_MS = 60_000
const GONE_MS = 10_000
const WORD_MS = 1_000

interface EnsembleNode {
  readonly port: number
  /** False when it was killed. */
  readonly runs: boolean
  /** SIGKILL; its data stay. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Starts it again on its ports and data, and returns at once: it serves when there is a quorum. */
  start(): void
}

export interface EnsembleServers {
  readonly nodes: readonly EnsembleNode[]
  /** All nodes: `127.0.0.1:PORT,…`. */
  readonly connectString: string
  /** Resolves when so many nodes serve clients. */
  serving(nodes: number): Promise<void>
  /** The node that leads, or the only one. @throws Error when none does within a minute. */
  leader(): Promise<EnsembleNode>
  /** Ends all and removes their data. */
  stop(): Promise<void>
}

interface Ports {
  readonly client: number
  readonly peer: number
  readonly election: number
}

interface NodeSettings {
  readonly at: number
  readonly ports: readonly Ports[]
  readonly jars: Jars
  readonly containersMs: number
}

/**
 * Starts an empty ensemble (tick 1 s, so sessions of 2 to 20 s; empty containers are looked for every `containersMs`) and
 * waits until all of its nodes serve. It ends with this process at the latest.
 */
export async function startEnsemble(size: 1 | 3, containersMs = 1_000): Promise<EnsembleServers> {
  const jars = await druidJars(within(JARS_MS))
  const ports: Ports[] = []
  for (let node = 0; node < size; node += 1) {
    ports.push({ client: await freePort(), peer: await freePort(), election: await freePort() })
  }
  const dirs = ports.map(({ client }) => join(HOME, `zookeeper-${client}`))
  for (const dir of dirs) recordedEndWithUs(dir)
  const nodes = dirs.map((dir, at) => nodeIn(dir, { at, ports, jars, containersMs }))
  const ensemble: EnsembleServers = {
    nodes,
    connectString: ports.map(({ client }) => `127.0.0.1:${client}`).join(','),
    serving: (count) => serving({ dirs, ports }, count, within(SERVING_MS)),
    leader: () => leaderOf(nodes),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()))
      for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    for (const node of nodes) node.start()
    await ensemble.serving(size)
    return ensemble
  } catch (error) {
    await ensemble.stop()
    throw error
  }
}

function nodeIn(dir: string, { at, ports, jars, containersMs }: NodeSettings): EnsembleNode {
  mkdirSync(join(dir, 'conf'), { recursive: true })
  mkdirSync(join(dir, 'zookeeper'), { recursive: true })
  writeLogging(dir)
  const file = join(dir, 'conf/zoo.cfg')
  const port = ports[at]?.client ?? 0
  writeFileSync(file, settings(dir, port, ports))
  writeFileSync(join(dir, 'zookeeper/myid'), String(at + 1))
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  const args = [
    ...javaArgs(dir, jars),
    '-Xmx96m',
    `-Dznode.container.checkIntervalMs=${containersMs}`,
    '-cp',
    jars.classPath,
    main,
    file,
  ]
  return {
    port,
    get runs() {
      return processInfo(dir, NAME).state !== 'stopped'
    },
    kill: () => killProgram(dir, NAME, within(GONE_MS)),
    freeze: () => mustSignal(dir, 'SIGSTOP'),
    thaw: () => mustSignal(dir, 'SIGCONT'),
    start: () => {
      startProgram({ name: NAME, dir, command: jars.java, args })
    },
  }
}

// With one server line ZooKeeper runs alone, and with none as well: the same settings serve both.
function settings(dir: string, port: number, ports: readonly Ports[]): string {
  const servers = ports.map(({ peer, election }, at) => `server.${at + 1}=127.0.0.1:${peer}:${election}`)
  return `tickTime=1000
initLimit=10
syncLimit=3
dataDir=${dir}/zookeeper
clientPort=${port}
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=*
${ports.length > 1 ? servers.join('\n') : ''}
`
}

async function serving(
  { dirs, ports }: { readonly dirs: readonly string[]; readonly ports: readonly Ports[] },
  count: number,
  signal: AbortSignal,
): Promise<void> {
  await waitUntil(
    `${count} nodes of ZooKeeper`,
    async () => {
      const running = dirs.filter((dir) => processInfo(dir, NAME).state === 'running')
      if (running.length < count) throw new GiveUp(`a node ended: ${lastLines(dirs[0] ?? '', NAME, 10)}`)
      const roles = await Promise.all(ports.map(({ client }) => roleAt(client)))
      return roles.filter((role) => role !== undefined).length >= count
    },
    signal,
  )
}

async function leaderOf(nodes: readonly EnsembleNode[]): Promise<EnsembleNode> {
  let found: EnsembleNode | undefined
  await waitUntil(
    'a leader of ZooKeeper',
    async () => {
      const roles = await Promise.all(nodes.map(({ port }) => roleAt(port)))
      found = nodes.find((_, at) => roles[at] === 'leader' || roles[at] === 'standalone')
      return found !== undefined
    },
    within(SERVING_MS),
  )
  if (found === undefined) throw new Error('no leader')
  return found
}

/** Undefined where nobody answers, or the node has no quorum. */
async function roleAt(port: number): Promise<string | undefined> {
  const answer = await fourLetters(port, 'srvr', within(WORD_MS)).catch(() => '')
  return /^Mode: (\w+)/m.exec(answer)?.[1]
}

function mustSignal(dir: string, signal: NodeJS.Signals): void {
  if (!signalProgram(dir, NAME, signal)) throw new Error(`${NAME} in ${dir} is not running`)
}
