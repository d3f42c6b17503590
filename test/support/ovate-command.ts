// The program as it is called: a process of its own, which ends with its test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { endingWithUs } from './ending-with-us.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface Run {
  readonly child: ChildProcess
  /** What it has written so far. */
  readonly out: () => string
  readonly err: () => string
  readonly done: Promise<{ readonly exit: number | null; readonly out: string; readonly err: string }>
}

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Linux only: a file that has no room for anything. */
export const FULL = '/dev/full'

type Output = 'stdout' | 'stderr'

/** Starts `ovate` from its source, in an environment without settings; `full` of its outputs have no room. */
export function ovate(
  args: readonly string[],
  settings: Record<string, string> = {},
  full: readonly Output[] = [],
): Run {
  const noRoom = full.length === 0 ? undefined : openSync(FULL, 'w')
  const to = (output: Output): number | 'pipe' => (full.includes(output) ? (noRoom ?? 'pipe') : 'pipe')
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
  const child = endingWithUs(
    spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], {
      cwd: ROOT,
      env: { ...Object.fromEntries(inherited), ...settings },
      stdio: ['pipe', to('stdout'), to('stderr')],
    }),
  )
  if (noRoom !== undefined) closeSync(noRoom)
  children.push(child)
  let [out, err] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  const done = once(child, 'close').then(([exit]) => ({ exit: exit as number | null, out, err }))
  return { child, out: () => out, err: () => err, done }
}
