// A ZooKeeper server alone, for tests of coordination that need no Druid.
import { mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { recordedEndWithUs } from '../support/ending-with-us.ts'
import { druidJars, whatIsMissing } from './artifacts.ts'
import { freePort, HOME } from './home.ts'
import { killProgram, lastLines, processInfo, signalProgram, startProgram } from './processes.ts'
import { zooKeeperArgs } from './services.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const NAME = 'zookeeper'
const READY_MS = 60_000
const GONE_MS = 10_000

export interface ZooKeeper {
  readonly port: number
  /** What a client connects to: `127.0.0.1:PORT`. */
  readonly connectString: string
  /** Ends it by SIGKILL; its data stay, so that `restart` brings the same nodes and sessions back. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Kills it if it runs, starts it again on the same port and data, and waits until it serves. */
  restart(signal?: AbortSignal): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Why `startZooKeeper` cannot work on this machine, in a sentence; undefined when it can. */
export function zooKeeperMissing(signal?: AbortSignal): Promise<string | undefined> {
  return whatIsMissing(within(READY_MS, signal))
}

/**
 * Starts an empty ZooKeeper (3.8, tick 1 s, so sessions of 2 to 20 s; all four-letter words) on `port`, a free port
 * when 0, and waits until it serves. One that an earlier run left on that port is ended first. It ends with this
 * process at the latest. Throws without a JDK 17 or Maven.
 */
export async function startZooKeeper(port = 0, signal?: AbortSignal): Promise<ZooKeeper> {
  const jars = await druidJars(within(15 * 60_000, signal))
  const at = port === 0 ? await freePort() : port
  const dir = join(HOME, `zookeeper-${at}`)
  const start = async (startSignal?: AbortSignal): Promise<void> => {
    startProgram({ name: NAME, dir, command: jars.java, args: zooKeeperArgs({ dir, port: at, jars }) })
    await waitForZooKeeper(dir, at, within(READY_MS, startSignal))
  }
  const kill = (): Promise<void> => killProgram(dir, NAME, within(GONE_MS))
  const stop = async (): Promise<void> => {
    await kill()
    rmSync(dir, { recursive: true, force: true })
  }

  await kill()
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  recordedEndWithUs(dir)
  try {
    await start(signal)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port: at,
    connectString: `127.0.0.1:${at}`,
    kill,
    freeze: () => mustSignal(dir, 'SIGSTOP'),
    thaw: () => mustSignal(dir, 'SIGCONT'),
    restart: async (restartSignal) => {
      await kill()
      await start(restartSignal)
    },
    stop,
  }
}

/** Waits until the ZooKeeper recorded in `dir` answers `ruok`; throws at once with its last lines when it has ended. */
export async function waitForZooKeeper(dir: string, port: number, signal: AbortSignal): Promise<void> {
  const check = async (): Promise<boolean> => {
    if (processInfo(dir, NAME).state === 'stopped') {
      throw new GiveUp(`ZooKeeper on port ${port} ended:\n${lastLines(dir, NAME, 10)}`)
    }
    return (await fourLetters(port, 'ruok', within(1000, signal))) === 'imok'
  }
  await waitUntil(`ZooKeeper on port ${port}`, check, signal)
}

/** The answer to one of ZooKeeper's four-letter words. */
export function fourLetters(port: number, word: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', signal })
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => (answer += text))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(word)
  })
}

function mustSignal(dir: string, signal: NodeJS.Signals): void {
  if (!signalProgram(dir, NAME, signal)) throw new Error(`${NAME} is not running`)
}
