// The Java programs that speak JDBC to Druid with its own driver.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endingWithUs } from '../support/ending-with-us.ts'
import { jdbcJars } from './artifacts.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const RESOLVE_MS = 10 * 60_000
const ERROR_CHARS = 4_000

/** A program that runs, with all lines that it printed so far. */
export class JdbcProgram {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #errors = ''

  private constructor(command: string, args: readonly string[]) {
    this.#child = endingWithUs(spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] }))
    const { stdout, stderr } = this.#child
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.lines.push(line))
    stderr?.on('data', (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk.toString()}`.slice(-ERROR_CHARS)
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject).on('close', resolve)
    })
  }

  /** Starts a class of this folder with a version of the driver. */
  static async start(name: string, avatica: string, args: readonly string[]): Promise<JdbcProgram> {
    const jars = await jdbcJars(avatica, within(RESOLVE_MS))
    // Druid's own times are of UTC, and what a driver makes of them shows its machine's zone.
    const machine = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m', '-Duser.timezone=UTC']
    const source = join(import.meta.dirname, `${name}.java`)
    return new JdbcProgram(jars.java, [
      ...machine,
      '-Dfile.encoding=UTF-8',
      '-cp',
      jars.classPath,
      source,
      ...args,
    ])
  }

  /** Has it take a step; what it said of that. @throws Error with what it said when it ends, or takes longer than `ms`. */
  async step(name: string, ms: number): Promise<readonly string[]> {
    const from = this.lines.length
    const end = (): number => this.lines.indexOf('done', from)
    this.#child.stdin?.write(`${name}\n`)
    const done = (): boolean => {
      if (end() < 0 && this.#child.exitCode !== null)
        throw new GiveUp(`it ended with ${this.#child.exitCode}`)
      return end() >= 0
    }
    try {
      await waitUntil(name, done, within(ms))
    } catch (error) {
      throw new Error(`${name}: ${this.lines.slice(from).join('\n')}\n${this.#errors}`, { cause: error })
    }
    return this.lines.slice(from, end())
  }

  /** Ends its input and waits for its end, for `ms` at most. @throws Error with what it said when that is none of success. */
  async end(ms: number): Promise<void> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ms)
    const code = await this.#ended
    clearTimeout(timer)
    if (code !== 0) throw new Error(`the program ended with ${code}: ${this.#errors}`)
  }

  /** SIGKILL, where it runs still. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL')
    await this.#ended
  }
}
