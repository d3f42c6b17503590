// An empty folder in which docs/operating.md is done word for word, but for this machine's addresses and ports.
import assert from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endingWithUs } from '../support/ending-with-us.ts'
import { theCluster } from './available.ts'
import { type Block } from './operating-page.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMMAND_MS = 90_000
const LOG_CHARS = 4_000

interface Ran {
  readonly exit: number | null
  readonly out: string
}

type Environment = Readonly<Record<string, string>>

export class OperatingPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'ovate-operating-'))
  /** What every command sees, beside what this process does. */
  environment: Environment = { OVATE_LISTEN_HOST: '127.0.0.1' }
  readonly #programs: readonly string[]
  readonly #replaced: readonly (readonly [RegExp | string, string])[]
  readonly #stopAll = (): void => this.stopAll()
  #runs = 0

  /** `programs`: those whose pids the page writes into files, each ended with this place. `replaced`: words of the page, and what they are here. */
  private constructor(
    prefixes: readonly [string, string],
    programs: readonly string[],
    replaced: readonly (readonly [RegExp | string, string])[],
  ) {
    this.#programs = programs
    this.#replaced = [
      ...replaced,
      [/(?:zk-\d\.example\.com:2181,?)+/g, theCluster().zookeeper],
      ['clickstream', 'events'],
      [/\b888(?=[\d$])/g, prefixes[0]],
      [/\b988(?=[\d$])/g, prefixes[1]],
    ]
    // A run that fails leaves none behind.
    process.once('exit', this.#stopAll)
  }

  static async make(
    programs: readonly string[],
    replaced: readonly (readonly [RegExp | string, string])[],
  ): Promise<OperatingPlace> {
    return new OperatingPlace(await freePrefixes(), programs, replaced)
  }

  /** As `npm install --prefix VERSION` leaves it, but for the modules, which are those of the source. */
  async install(...versions: readonly string[]): Promise<void> {
    const dist = join(this.folder, 'dist')
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    await this.mustRun(`'${tsc}' -p '${join(ROOT, 'tsconfig.build.json')}' --outDir '${dist}'`)
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object
    for (const version of versions) {
      const modules = join(this.folder, version, 'node_modules')
      mkdirSync(join(modules, '.bin'), { recursive: true })
      cpSync(dist, join(modules, 'ovate/dist'), { recursive: true })
      writeFileSync(join(modules, 'ovate/package.json'), JSON.stringify({ ...manifest, version }))
      symlinkSync(join(ROOT, 'node_modules'), join(modules, 'ovate/node_modules'))
      symlinkSync('../ovate/dist/main.js', join(modules, '.bin/ovate'))
      chmodSync(join(modules, 'ovate/dist/main.js'), 0o755)
    }
  }

  /** The page's words with this machine's addresses and ports. */
  here(text: string): string {
    return this.#replaced.reduce((words, [from, to]) => words.replaceAll(from, to), text)
  }

  async step(block: Block): Promise<void> {
    const text = this.here(block.text)
    if (block.kind === 'file') return writeFileSync(join(this.folder, block.name), text)
    const out = await this.mustRun(text)
    for (const line of block.says) assert(out.includes(line), `${text}: no "${line}" in:\n${out}`)
  }

  /** What commands say that all have to end well. */
  async mustRun(text: string, environment: Environment = {}): Promise<string> {
    const { exit, out } = await this.run(`set -e\n${text}`, environment)
    assert(exit === 0, `${text}: ${exit}\n${out}`)
    return out
  }

  /** Output of both kinds, in a shell whose children may outlive it. */
  async run(text: string, environment: Environment = {}): Promise<Ran> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
    this.#runs += 1
    const file = join(this.folder, `output-${this.#runs}`)
    const child = endingWithUs(
      spawn('bash', ['-c', `exec > '${file}' 2>&1\n${text}`], {
        cwd: this.folder,
        env: { ...Object.fromEntries(inherited), ...this.environment, ...environment },
        stdio: 'ignore',
        timeout: COMMAND_MS,
      }),
    )
    const exit = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    for (const { pid } of this.#daemons()) endingWithUs({ pid })
    return { exit, out: readFileSync(file, 'utf8') }
  }

  async status(replica: number): Promise<string> {
    return (await this.run(this.here(`curl -s http://127.0.0.1:988${replica}/ovate/status`))).out
  }

  /** The last lines that a program wrote into a file here. */
  log(name: string): string {
    const file = join(this.folder, name)
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-LOG_CHARS) : ''
  }

  stopAll(): void {
    for (const { name, pid } of this.#daemons()) {
      // By SIGKILL a balancer's master would leave its workers behind.
      process.kill(pid, name.startsWith('ovate') ? 'SIGKILL' : 'SIGTERM')
    }
  }

  /** Those that run and whose pids the page wrote. */
  #daemons(): readonly { readonly name: string; readonly pid: number }[] {
    return this.#programs.flatMap((name) => {
      const file = join(this.folder, `${name}.pid`)
      const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
      return pid > 0 && readCommand(pid).includes(name.replace(/-.*/, '')) ? [{ name, pid }] : []
    })
  }

  /** Ends what runs, and removes all of it. */
  remove(): void {
    process.off('exit', this.#stopAll)
    this.stopAll()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function hasCommand(name: string, version: string): boolean {
  return spawnSync(name, [version], { timeout: 5_000 }).status === 0
}

/** What a process was started as; empty when it is gone. */
function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Two beginnings of ports, all ten of each free a moment ago: they stand for 888 and 988. */
async function freePrefixes(): Promise<readonly [string, string]> {
  const found: string[] = []
  for (
    let prefix = 1_200 + Math.floor(Math.random() * 800);
    found.length < 2 && prefix < 3_200;
    prefix += 1
  ) {
    const ports = Array.from({ length: 10 }, (_, last) => prefix * 10 + last)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) found.push(String(prefix))
  }
  const [first, second] = found
  if (first === undefined || second === undefined) throw new Error('no free ports')
  return [first, second]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
