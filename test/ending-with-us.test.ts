// A run of tests that is killed leaves no program behind.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTicksOf } from './cluster/processes.ts'
import { waitUntil, within } from './cluster/wait.ts'
import { endingWithUs } from './support/ending-with-us.ts'

const SOON_MS = 30_000
const LIVES = ['300'] as const

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ovate ending-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Starts programs in every way that tests do, and says their pids. */
const TESTS = `
import { spawn } from 'node:child_process'
import { recordProgram, startProgram } from './test/cluster/processes.ts'
import { endingWithUs, recordedEndWithUs } from './test/support/ending-with-us.ts'
const [dir] = process.argv.slice(-1)
recordedEndWithUs(dir)
const child = endingWithUs(spawn('sleep', ['300']))
const frozen = endingWithUs(spawn('sleep', ['300']))
frozen.kill('SIGSTOP')
const recorded = startProgram({ name: 'recorded', dir, command: 'sleep', args: ['300'] })
// As a daemon that forks: the one behind it is in its group.
const daemon = endingWithUs(spawn('sh', ['-c', 'sleep 300 & echo $!; wait'], { detached: true }))
const forked = await new Promise((resolve) => daemon.stdout.once('data', (text) => resolve(Number(text))))
process.stdout.write(JSON.stringify([child.pid, frozen.pid, recorded, daemon.pid, forked]) + '\\n')
`

test.each<NodeJS.Signals>(['SIGKILL', 'SIGTERM'])('by %s', async (signal) => {
  const bystander = endingWithUs(spawn('sleep', LIVES))
  const args = [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `${TESTS}\nsetInterval(() => {}, 1000)`,
    '--',
    dir,
  ]
  const tests = endingWithUs(spawn(process.execPath, args, { cwd: join(import.meta.dirname, '..') }))
  const pids = await new Promise<number[]>((resolve, reject) => {
    tests.stdout.once('data', (text: Buffer) => resolve(JSON.parse(String(text)) as number[]))
    tests.stderr.once('data', (text: Buffer) => reject(new Error(String(text))))
  })
  expect(pids.map(startTicksOf)).not.toContain(undefined)
  // One that has the pid of another, which has gone.
  mkdirSync(join(dir, 'run'), { recursive: true })
  writeFileSync(join(dir, 'run/gone.json'), JSON.stringify({ pid: bystander.pid, startTicks: '1' }))
  tests.kill(signal)
  const haveEnded = (): boolean => pids.every((pid) => stateOf(pid) === undefined || stateOf(pid) === 'Z')
  await waitUntil('the end of all', haveEnded, within(SOON_MS))
  expect(stateOf(bystander.pid ?? 0)).toBe('S')
  bystander.kill()
})

function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** Where programs are recorded, the guard itself is started, or a child ends when its channel does. */
const BY_THEMSELVES = new Set([
  'cluster/processes.ts',
  'support/ending-with-us.ts',
  'redis/server.ts',
  'coordination/hosted.test.ts',
])

test('whoever starts a program sees to it', () => {
  const bad = ['.', '../bench'].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !BY_THEMSELVES.has(name))
      .filter((name) => {
        const text = readFileSync(join(import.meta.dirname, folder, name), 'utf8')
        return /from 'node:child_process'/.test(text) && /(?<!endingWithUs\(\s*)\b(?:spawn|fork)\(/.test(text)
      }),
  )
  expect(bad).toEqual([])
})
