// npm run cluster -- start|stop|status|logs|kill|freeze|thaw|restart: a real Druid cluster on this machine.
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findCluster, startCluster, type Cluster, type ServiceStatus } from './cluster.ts'
import { clusterDir } from './home.ts'
import { logFile } from './processes.ts'
import { type Profile, SERVICE_NAMES, STREAM_NAMES } from './services.ts'
import { startStream } from './stream.ts'
import type { DataSize } from './rows.ts'

const USAGE = `npm run cluster -- COMMAND [--offset N] [--profile open|secure] [--json]
  start [--data small|full|none] [--kafka]   start it, or tell that it runs
  stop                                       end all of it
  status                                     URL, pid and state of every service
  logs NAME                                  the last 200 lines of a program's log
  kill|freeze|thaw|restart NAME              SIGKILL, SIGSTOP, SIGCONT, start again
NAME is one of ${SERVICE_NAMES.join(', ')};
--profile secure is smaller, and knows users: name:password@ in its URLs is one who may do anything.
kafka and producer, too, but for restart (start --kafka starts what is missing of them).
`

const PROGRAM_NAMES = [...SERVICE_NAMES, ...STREAM_NAMES] as const
const LOG_LINES = 200
const PROFILES = ['open', 'secure'] as const satisfies readonly Profile[]
const SIZES = ['small', 'full', 'none'] as const satisfies readonly DataSize[]

interface Flags {
  readonly offset: number
  readonly profile: Profile
  readonly json: boolean
  readonly data: DataSize
  readonly kafka: boolean
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      offset: { type: 'string', default: '0' },
      profile: { type: 'string', default: 'open' },
      json: { type: 'boolean', default: false },
      data: { type: 'string', default: 'small' },
      kafka: { type: 'boolean', default: false },
    },
  })
  const [command, name] = positionals
  await run(command ?? '', name, {
    offset: integerOf(values.offset),
    profile: oneOf(values.profile, PROFILES),
    json: values.json,
    data: oneOf(values.data, SIZES),
    kafka: values.kafka,
  })
}

async function run(command: string, name: string | undefined, flags: Flags): Promise<void> {
  switch (command) {
    case 'start':
      return start(flags)
    case 'stop':
      await findCluster(flags.offset, flags.profile)?.stop()
      return say('stopped')
    case 'status':
      return showStatus(findCluster(flags.offset, flags.profile), flags)
    case 'logs':
      return showLog(logFile(clusterDir(flags.offset, flags.profile), oneOf(name, PROGRAM_NAMES)))
    case 'kill':
    case 'freeze':
    case 'thaw':
      await mustFind(flags)[command](oneOf(name, PROGRAM_NAMES))
      return showStatus(findCluster(flags.offset, flags.profile), flags)
    case 'restart':
      await mustFind(flags).restart(oneOf(name, SERVICE_NAMES))
      return showStatus(findCluster(flags.offset, flags.profile), flags)
    default:
      throw new Error(USAGE)
  }
}

async function start(flags: Flags): Promise<void> {
  const before = await findCluster(flags.offset, flags.profile)?.status()
  if (before?.every(({ state }) => state === 'ready') === true) say('runs already')
  const startedAt = performance.now()
  const cluster = await startCluster(flags)
  if (flags.kafka) await startStream(cluster)
  say(`ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  await showStatus(cluster, flags)
}

async function showStatus(cluster: Cluster | undefined, flags: Flags): Promise<void> {
  const services = await cluster?.status()
  if (flags.json) {
    const { offset } = flags
    const text = JSON.stringify(
      { offset, services: services ?? [], seeded: cluster?.seeded ?? null },
      undefined,
      2,
    )
    process.stdout.write(`${text}\n`)
    return
  }
  process.stdout.write(services === undefined ? 'no cluster runs\n' : services.map(lineOf).join(''))
}

function lineOf({ name, url, pid, state }: ServiceStatus): string {
  return `${name.padEnd(12)} ${state.padEnd(9)} ${String(pid ?? '-').padEnd(8)} ${url}\n`
}

function mustFind({ offset, profile }: Flags): Cluster {
  const cluster = findCluster(offset, profile)
  if (cluster === undefined) throw new Error(`no cluster runs at offset ${offset}`)
  return cluster
}

function showLog(file: string): void {
  if (!existsSync(file)) throw new Error(`${file} is not there`)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function say(line: string): void {
  process.stderr.write(`cluster: ${line}\n`)
}

function oneOf<Name extends string>(value: string | undefined, names: readonly Name[]): Name {
  const found = names.find((name) => name === value)
  if (found === undefined) throw new Error(`${value ?? 'nothing'} is none of ${names.join(', ')}\n${USAGE}`)
  return found
}

function integerOf(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error(`--offset ${text} is no port offset`)
  return Number(text)
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
})
