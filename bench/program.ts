// Other programs beside the bench: started on a core of their own, stopped when it is done.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { endingWithUs } from '../test/support/ending-with-us.ts'

export interface Program {
  readonly pid: number
  stop(): Promise<void>
}

const STOP_MS = 3_000

/** The core that is measured, and the one that the load comes from. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** Whether programs can be kept to one core here. */
export function canPin(): boolean {
  return has('taskset') && cpus().length > LOAD_CORE
}

/** Keeps this process, and what it starts from now on without a core of its own, to the core of the load. */
export function pinLoad(): void {
  if (canPin()) spawnSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)])
}

export function has(command: string): boolean {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { timeout: 5_000 })
  return found.status === 0
}

/** A command line that runs on one core, where that is possible. */
export function onCore(core: number | undefined, command: string, args: readonly string[]): string[] {
  return core !== undefined && canPin()
    ? ['taskset', '-c', String(core), command, ...args]
    : [command, ...args]
}

export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly core?: number | undefined
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program; what it says on stderr is shown. */
export function start({ command, args, core, env }: Start): Program & { readonly child: ChildProcess } {
  const [first = command, ...rest] = onCore(core, command, args)
  const child = endingWithUs(
    spawn(first, rest, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(force)
  }
  return { child, pid: child.pid ?? 0, stop }
}

/** Runs a program to its end. @throws Error when it fails. */
export async function run({ command, args, core, env }: Start): Promise<string> {
  const { child } = start({ command, args, core, ...(env !== undefined && { env }) })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${text.slice(-500)}`)
  return text
}
