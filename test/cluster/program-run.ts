// A client program that runs: it is told where to ask, and says for each of its cases what it was given.
import assert from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { endingWithUs } from '../support/ending-with-us.ts'
import { within } from './wait.ts'

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The last line of each run. */
const END = '.'
const RUN_MS = 300_000
const STDERR_MAX_BYTES = 20_000

/** One process for all runs of a program. */
export class ProgramRun {
  readonly #child: ChildProcess
  readonly #lines: Interface
  #stderr = ''

  constructor({ command, args, env = {} }: Command) {
    this.#child = endingWithUs(spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } }))
    const { stdout, stderr } = this.#child
    assert(stdout !== null && stderr !== null)
    this.#lines = createInterface({ input: stdout })
    stderr.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-STDERR_MAX_BYTES)
    })
    // A command that can't be run, or one that ended, is told of by the line that doesn't come.
    this.#child.on('error', (error) => (this.#stderr += String(error)))
    this.#child.stdin?.on('error', () => undefined)
  }

  /** All cases against a port of 127.0.0.1: a line each. Throws when the program ends instead. */
  async printedAt(port: number, signal: AbortSignal): Promise<readonly string[]> {
    const until = within(RUN_MS, signal)
    const printed: string[] = []
    const over = new AbortController()
    const onLine = (line: string): void => {
      if (line === END) over.abort()
      else printed.push(line)
    }
    this.#lines.on('line', onLine)
    this.#child.stdin?.write(`127.0.0.1:${port}\n`)
    try {
      const ended = once(this.#lines, 'close', { signal: AbortSignal.any([over.signal, until]) })
      await ended.catch(() => undefined)
    } finally {
      this.#lines.off('line', onLine)
    }
    if (!over.signal.aborted) {
      throw new Error(`the program ended after ${printed.length} cases: ${this.#stderr}`, {
        cause: until.reason,
      })
    }
    return printed
  }

  /** Ends it, at once if it has not ended by itself when told that there is no more. */
  async stop(): Promise<void> {
    const gone = this.#child.exitCode !== null || this.#child.signalCode !== null
    if (gone || this.#child.pid === undefined) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
