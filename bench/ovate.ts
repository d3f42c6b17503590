// Ovate as operators run it: the built program, in a process of its own.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../test/cluster/home.ts'
import { type Program, start } from './program.ts'

export interface OvateProgram extends Program {
  readonly url: string
  readonly adminUrl: string
}

export interface OvateOptions {
  /** Left out where `env` or the file says how they are found. */
  readonly brokers?: readonly string[]
  /** A configuration file; what is set by `env` beats it. */
  readonly config?: string
  readonly core?: number
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const READY_MS = 30_000
/** OVATE_BENCH_MAIN names another build, to compare two. */
const MAIN = process.env['OVATE_BENCH_MAIN'] ?? join(import.meta.dirname, '../dist/main.js')

/** Starts one on free ports of 127.0.0.1. @throws Error when it doesn't say in time that it is ready. */
export async function startOvate({
  brokers,
  config,
  core,
  nodeArgs,
  env,
}: OvateOptions): Promise<OvateProgram> {
  const adminPort = await freePort()
  const started = start({
    command: process.execPath,
    args: [...(nodeArgs ?? []), MAIN, 'serve', ...(config === undefined ? [] : ['--config', config])],
    core,
    env: {
      OVATE_LISTEN_HOST: '127.0.0.1',
      OVATE_LISTEN_PORT: '0',
      OVATE_LISTEN_SHUTDOWN: '1s',
      OVATE_ADMIN_PORT: String(adminPort),
      ...(brokers !== undefined && { OVATE_DRUID_BROKERS: brokers.join() }),
      OVATE_LOG_LEVEL: 'error',
      ...env,
    },
  })
  const late = setTimeout(() => started.child.kill('SIGKILL'), READY_MS)
  const { stdout } = started.child
  if (stdout === null) throw new Error('no stdout')
  for await (const line of createInterface(stdout)) {
    const url = /^ovate ready on (\S+)$/.exec(line)?.[1]
    if (url === undefined) continue
    clearTimeout(late)
    stdout.resume()
    return { ...started, url, adminUrl: `http://127.0.0.1:${adminPort}` }
  }
  clearTimeout(late)
  throw new Error('Ovate did not start')
}
