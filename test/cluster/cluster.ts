// A real Druid cluster on this machine: started, found again, broken and stopped.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { druidJars, type Jars } from './artifacts.ts'
import { clusterDir } from './home.ts'
import { request } from './http.ts'
import { killProgram, lastLines, processInfo, signalProgram, startProgram } from './processes.ts'
import { type DataSize } from './rows.ts'
import { RequestLog } from './request-log.ts'
import { seed, type Seeded } from './seed.ts'
import {
  KAFKA_PORT,
  portOf,
  type Place,
  type Profile,
  type ProgramName,
  readyUrl,
  requestLogDir,
  SERVICE_NAMES,
  STREAM_NAMES,
  serviceArgs,
  serviceNames,
  type ServiceName,
} from './services.ts'
import { securityJar } from './security/jar.ts'
import { prepareSecurity, withOperator } from './security/settings.ts'
import { startLock } from './start-lock.ts'
import { GiveUp, waitUntil, within } from './wait.ts'
import { waitForZooKeeper } from './zookeeper.ts'

/** `starting` runs but is not ready; `frozen` is stopped by SIGSTOP. */
type ServiceState = 'ready' | 'starting' | 'frozen' | 'stopped'

export interface ServiceStatus {
  readonly name: ProgramName
  /** `http://127.0.0.1:PORT`; of ZooKeeper and Kafka `127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  readonly pid?: number
  readonly state: ServiceState
}

export interface ClusterOptions {
  /** Added to every port: clusters at different offsets live side by side. 0 unless told. */
  readonly offset?: number
  /** `small` unless told. */
  readonly data?: DataSize
  /** `open` unless told. */
  readonly profile?: Profile
}

/** A cluster that was started, by this process or another. */
export interface Cluster {
  readonly offset: number
  readonly dir: string
  readonly profile: Profile
  /**
   * URL by name; of ZooKeeper `127.0.0.1:PORT`. Of the secure profile with the name and password of one who may do
   * anything.
   */
  readonly services: Readonly<Record<ServiceName, string>>
  /** Broker 1 has no result-level cache, Broker 2 has one. */
  readonly brokers: readonly string[]
  /** The connect string of ZooKeeper. */
  readonly zookeeper: string
  /** What was loaded at the start; undefined for `none`. */
  readonly seeded: Seeded | undefined
  /** What reached a Broker. */
  requestLog(broker: 'broker1' | 'broker2'): RequestLog
  /** Kafka and the producer are in it while they run. */
  status(signal?: AbortSignal): Promise<readonly ServiceStatus[]>
  /** SIGKILL. */
  kill(name: ProgramName): Promise<void>
  /** SIGSTOP. Throws when it is not running. */
  freeze(name: ProgramName): void
  /** SIGCONT. Throws when it is not running. */
  thaw(name: ProgramName): void
  /** Kills it if it runs, starts it and waits until it is ready (15 s alone, more on a busy machine). */
  restart(name: ServiceName, signal?: AbortSignal): Promise<void>
  /** Waits until every service is ready. */
  waitReady(signal?: AbortSignal): Promise<void>
  /** Ends all of it. The state stays for `logs` until the next start. */
  stop(): Promise<void>
}

/** A Broker that starts while a data server is busy may wait for four minutes, its long poll, for what that has. */
const START_MS = 300_000
const PREPARE_MS = 60_000
// Another start may have to fetch all jars first.
const LOCK_MS = 20 * 60_000
const GONE_MS = 15_000
const ARCHIVE_MS = 60_000
const PROBE_MS = 2000
/** The service that leaves the archive of shared class data behind when it ends. */
const ARCHIVIST: ServiceName = 'broker2'

/**
 * Starts a cluster, or finds the one that runs at the offset, starts what is missing there, and loads the data asked
 * for unless it has them. Throws when it holds data of another size.
 */
export async function startCluster(options: ClusterOptions = {}, signal?: AbortSignal): Promise<Cluster> {
  const { offset = 0, data = 'small', profile = 'open' } = options
  const place: Place = { dir: clusterDir(offset, profile), offset, profile }
  const release = await startLock(place.dir, within(LOCK_MS, signal))
  const fresh = !anyRuns(place)
  try {
    if (fresh) {
      rmSync(place.dir, { recursive: true, force: true })
      mkdirSync(place.dir, { recursive: true })
      if (profile === 'secure') await prepareSecurity(place.dir, within(PREPARE_MS, signal))
    }
    const held = readSeeded(place.dir)
    if (data !== 'none' && held !== undefined && held.size !== data) {
      throw new Error(`the cluster at offset ${offset} holds ${held.size} data: stop it first`)
    }
    await startMissing(place, await jarsOf(place, within(15 * 60_000, signal)), within(START_MS, signal))
    if (data !== 'none' && held === undefined) {
      writeSeeded(place.dir, await seed(clusterAt(place), data, signal))
    }
    return clusterAt(place)
  } catch (error) {
    if (fresh) await stopAll(place)
    throw error
  } finally {
    release()
  }
}

/** The cluster that runs at an offset; undefined when none does. */
export function findCluster(offset = 0, profile: Profile = 'open'): Cluster | undefined {
  const place: Place = { dir: clusterDir(offset, profile), offset, profile }
  return anyRuns(place) ? clusterAt(place) : undefined
}

async function jarsOf({ profile }: Place, signal: AbortSignal): Promise<Jars> {
  const jars = await druidJars(signal)
  return profile === 'open' ? jars : securityJar(jars, signal)
}

function clusterAt(place: Place): Cluster {
  const { dir, offset, profile } = place
  const names = serviceNames(profile)
  const services = Object.fromEntries(SERVICE_NAMES.map((name) => [name, urlOf(name, place)])) as Record<
    ServiceName,
    string
  >
  return {
    offset,
    dir,
    profile,
    services,
    brokers: names.flatMap((name) => (name.startsWith('broker') ? [services[name]] : [])),
    zookeeper: services.zookeeper,
    seeded: readSeeded(dir),
    requestLog: (broker) => new RequestLog(requestLogDir(dir, broker), services[broker]),
    status: async (signal) => [
      ...(await Promise.all(names.map((name) => statusOf(name, place, signal)))),
      ...STREAM_NAMES.flatMap((name) => streamStatus(name, place)),
    ],
    kill: (name) => killProgram(dir, name, within(GONE_MS)),
    freeze: (name) => mustSignal(dir, name, 'SIGSTOP'),
    thaw: (name) => mustSignal(dir, name, 'SIGCONT'),
    restart: async (name, signal) => {
      const deadline = within(START_MS, signal)
      await killProgram(dir, name, within(GONE_MS, signal))
      startService(name, place, await jarsOf(place, deadline))
      await waitForService(name, place, deadline)
    },
    waitReady: (signal) => waitForAll(place, within(START_MS, signal)),
    stop: () => stopAll(place),
  }
}

async function startMissing(place: Place, jars: Jars, signal: AbortSignal): Promise<void> {
  for (const name of serviceNames(place.profile)) {
    const { state } = processInfo(place.dir, name)
    if (state === 'stopped') startService(name, place, jars)
    if (state === 'frozen') mustSignal(place.dir, name, 'SIGCONT')
  }
  await waitForAll(place, signal)
}

function startService(name: ServiceName, place: Place, jars: Jars): void {
  const archiving = name === ARCHIVIST && !existsSync(jars.archive)
  const extra = archiving ? [`-XX:ArchiveClassesAtExit=${archivePart(place.dir)}`] : []
  if (archiving) writeFileSync(archiveTarget(place.dir), jars.archive)
  const args = archiving
    ? serviceArgs(name, place, jars).filter((arg) => !arg.startsWith('-XX:SharedArchiveFile='))
    : serviceArgs(name, place, jars)
  startProgram({ name, dir: place.dir, command: jars.java, args: [...extra, ...args] })
}

function waitForAll(place: Place, signal: AbortSignal): Promise<void> {
  const names = serviceNames(place.profile)
  return Promise.all(names.map((name) => waitForService(name, place, signal))).then(() => undefined)
}

async function waitForService(name: ServiceName, place: Place, signal: AbortSignal): Promise<void> {
  if (name === 'zookeeper') return waitForZooKeeper(place.dir, portOf(name, place.offset), signal)
  const check = async (): Promise<boolean> => {
    if (processInfo(place.dir, name).state === 'stopped') {
      throw new GiveUp(`${name} ended:\n${lastLines(place.dir, name, 10)}`)
    }
    return isReady(name, place, signal)
  }
  await waitUntil(`${name} to be ready`, check, signal)
}

async function isReady(name: ServiceName, place: Place, signal?: AbortSignal): Promise<boolean> {
  const deadline = within(PROBE_MS, signal)
  try {
    if (name === 'zookeeper') {
      await waitForZooKeeper(place.dir, portOf(name, place.offset), deadline)
      return true
    }
    return (await request(readyUrl(name, place.offset), {}, deadline)).status === 200
  } catch {
    return false
  }
}

async function statusOf(name: ServiceName, place: Place, signal?: AbortSignal): Promise<ServiceStatus> {
  const { state, pid } = processInfo(place.dir, name)
  const base = { name, url: urlOf(name, place), port: portOf(name, place.offset) }
  if (pid === undefined) return { ...base, state: 'stopped' }
  if (state === 'frozen') return { ...base, pid, state }
  return { ...base, pid, state: (await isReady(name, place, signal)) ? 'ready' : 'starting' }
}

/** Kafka and its producer are told of while they run. */
function streamStatus(name: (typeof STREAM_NAMES)[number], place: Place): readonly ServiceStatus[] {
  const { state, pid } = processInfo(place.dir, name)
  if (pid === undefined) return []
  const port = KAFKA_PORT + place.offset
  return [{ name, url: `127.0.0.1:${port}`, port, pid, state: state === 'running' ? 'ready' : state }]
}

async function stopAll(place: Place): Promise<void> {
  await leaveArchive(place.dir)
  // The data are thrown away, so SIGKILL: on SIGTERM a service whose ZooKeeper has gone hangs for minutes.
  for (const name of [...STREAM_NAMES, ...SERVICE_NAMES]) await killProgram(place.dir, name, within(GONE_MS))
}

/** The first cluster ever leaves its class data behind: costs nothing at its start and halves all later ones. */
async function leaveArchive(dir: string): Promise<void> {
  const target = archiveTarget(dir)
  if (!existsSync(target)) return
  try {
    if (signalProgram(dir, ARCHIVIST, 'SIGTERM')) {
      const gone = (): boolean => processInfo(dir, ARCHIVIST).state === 'stopped'
      await waitUntil('the class data archive', gone, within(ARCHIVE_MS))
    }
    if (existsSync(archivePart(dir))) renameSync(archivePart(dir), readFileSync(target, 'utf8'))
  } catch {
    // No archive then: the next cluster starts slowly and tries again.
  } finally {
    rmSync(target, { force: true })
  }
}

function archivePart(dir: string): string {
  return join(dir, 'archive.jsa')
}

function archiveTarget(dir: string): string {
  return join(dir, 'archive-target')
}

function anyRuns(place: Place): boolean {
  return SERVICE_NAMES.some((name) => processInfo(place.dir, name).state !== 'stopped')
}

function urlOf(name: ServiceName, { offset, profile }: Place): string {
  const address = `127.0.0.1:${portOf(name, offset)}`
  if (name === 'zookeeper') return address
  return profile === 'open' ? `http://${address}` : withOperator(`http://${address}`)
}

function mustSignal(dir: string, name: ProgramName, signal: NodeJS.Signals): void {
  if (!signalProgram(dir, name, signal)) throw new Error(`${name} is not running`)
}

function seededFile(dir: string): string {
  return join(dir, 'seeded.json')
}

function readSeeded(dir: string): Seeded | undefined {
  const file = seededFile(dir)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Seeded) : undefined
}

function writeSeeded(dir: string, seeded: Seeded): void {
  writeFileSync(seededFile(dir), JSON.stringify(seeded, undefined, 2))
}
