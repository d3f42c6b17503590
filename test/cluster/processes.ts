// Programs that outlive the command that started them: each is known by a record of its pid and start time.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from './wait.ts'

/** What the kernel says of a recorded process. `frozen` is stopped by SIGSTOP. */
type ProcessState = 'running' | 'frozen' | 'stopped'

export interface ProcessInfo {
  readonly state: ProcessState
  /** Absent when stopped. */
  readonly pid?: number
}

export interface Program {
  /** Names the files `run/NAME.json` and `log/NAME.log`. */
  readonly name: string
  /** Where `run` and `log` lie; also the working directory. */
  readonly dir: string
  readonly command: string
  readonly args: readonly string[]
}

interface ProcessRecord {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat: tells a process from a later one with the same pid. */
  readonly startTicks: string
}

const STOPPED: ProcessInfo = { state: 'stopped' }

/** Starts a program in a session of its own and records it. Its output is appended to its log file. */
export function startProgram(program: Program): number {
  mkdirSync(join(program.dir, 'log'), { recursive: true })
  const log = openSync(logFile(program.dir, program.name), 'a')
  try {
    const child = spawn(program.command, program.args, {
      cwd: program.dir,
      detached: true,
      stdio: ['ignore', log, log],
    })
    // A command that cannot be run has no pid; the error event alone would end this process.
    child.on('error', () => undefined)
    if (child.pid === undefined) throw new Error(`cannot run ${program.command} for ${program.name}`)
    recordProgram(program.dir, program.name, child.pid)
    child.unref()
    return child.pid
  } finally {
    closeSync(log)
  }
}

/** Records a process that runs under a name. */
export function recordProgram(dir: string, name: string, pid: number): void {
  const stat = readStat(pid)
  if (stat === undefined) throw new Error(`${name} ended at once, see ${logFile(dir, name)}`)
  const record: ProcessRecord = { pid, startTicks: stat.startTicks }
  mkdirSync(join(dir, 'run'), { recursive: true })
  writeFileSync(recordFile(dir, name), JSON.stringify(record))
}

/** What became of the process recorded under a name. */
export function processInfo(dir: string, name: string): ProcessInfo {
  const record = readRecord(dir, name)
  if (record === undefined) return STOPPED
  const stat = readStat(record.pid)
  if (stat === undefined || stat.startTicks !== record.startTicks || hasEnded(record.pid, stat))
    return STOPPED
  return { pid: record.pid, state: stat.state === 'T' ? 'frozen' : 'running' }
}

/** Sends a signal to the recorded process, false when it is gone. Never to another process with the same pid. */
export function signalProgram(dir: string, name: string, signal: NodeJS.Signals): boolean {
  const { pid } = processInfo(dir, name)
  if (pid === undefined) return false
  return process.kill(pid, signal)
}

/** Ends the recorded process at once and forgets it. SIGKILL also ends a frozen one. */
export async function killProgram(dir: string, name: string, signal: AbortSignal): Promise<void> {
  signalProgram(dir, name, 'SIGKILL')
  await waitUntil(`the end of ${name}`, () => processInfo(dir, name).state === 'stopped', signal)
  rmSync(recordFile(dir, name), { force: true })
}

/** The file that a program's output goes to. */
export function logFile(dir: string, name: string): string {
  return join(dir, 'log', `${name}.log`)
}

/** The last lines of a program's output, for an error message. */
export function lastLines(dir: string, name: string, count: number): string {
  return readOr(logFile(dir, name), '').trimEnd().split('\n').slice(-count).join('\n')
}

function recordFile(dir: string, name: string): string {
  return join(dir, 'run', `${name}.json`)
}

function readRecord(dir: string, name: string): ProcessRecord | undefined {
  const text = readOr(recordFile(dir, name), '')
  return text === '' ? undefined : (JSON.parse(text) as ProcessRecord)
}

/** A killed process's first thread is a zombie at once; its sockets live until the last of its threads has ended. */
function hasEnded(pid: number, { state }: { state: string }): boolean {
  if (state !== 'Z') return false
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}

/** When a process was started, in clock ticks since boot; undefined when it has gone. */
export function startTicksOf(pid: number): string | undefined {
  return readStat(pid)?.startTicks
}

function readStat(pid: number): { state: string; startTicks: string } | undefined {
  const text = readOr(`/proc/${pid}/stat`, '')
  if (text === '') return undefined
  // The second field is the command in brackets and may hold spaces: count from behind the last bracket (proc(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
