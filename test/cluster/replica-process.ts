// A replica as a process of its own, with ways of its own to ZooKeeper and Redis: killed, frozen, cut off and ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { endingWithUs } from '../support/ending-with-us.ts'
import { ask, type Asked, type AskOptions } from './ask.ts'
import { REPLICA_HEADER } from './gate.ts'
import { freePort } from './home.ts'
import { parseJson, request } from './http.ts'
import { type Settings } from './ovate.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const ROOT = join(import.meta.dirname, '../..')
const CLOCK_OFF = new URL('./clock-off.ts', import.meta.url).href
const START_MS = 100_000

/** What is read of `/ovate/status`. */
export interface ReplicaStatus {
  readonly ready: boolean
  readonly flights: number
  readonly sharedCache: {
    readonly state: string
    readonly queuedEntries: number
    readonly reading: number
  }
  readonly coordination: {
    readonly session: string
    readonly replicas: readonly unknown[]
    readonly leases: Readonly<Record<'waiting' | 'held' | 'left', number>>
  }
}

export class ReplicaProcess {
  readonly number: number
  readonly url: string
  readonly #adminUrl: string
  readonly #dir: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #err = ''

  private constructor(
    number: number,
    { dir, ports, clockOffMs }: { dir: string; ports: readonly [number, number]; clockOffMs: number },
  ) {
    this.number = number
    this.#dir = dir
    ;[this.url, this.#adminUrl] = [`http://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}`]
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
    const clock = clockOffMs === 0 ? [] : ['--import', CLOCK_OFF]
    const args = ['--import', 'tsx', ...clock, 'src/main.ts', 'serve', '--config', join(dir, 'ovate.yaml')]
    this.#child = endingWithUs(
      spawn(process.execPath, args, {
        cwd: ROOT,
        env: { ...Object.fromEntries(inherited), CLOCK_OFF_MS: String(clockOffMs) },
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    )
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err = (this.#err + text).slice(-4_000)
    })
    this.#ended = once(this.#child, 'close')
  }

  /** Starts one; it is ready when `ready` says so. */
  static async start(number: number, settings: Settings, clockOffMs = 0): Promise<ReplicaProcess> {
    const ports = [await freePort(), await freePort()] as const
    const dir = mkdtempSync(join(tmpdir(), 'ovate-replica-'))
    const config = {
      ...settings,
      listen: { host: '127.0.0.1', port: ports[0], shutdown: '10s' },
      admin: { port: ports[1] },
      log: { level: 'warn' },
    }
    writeFileSync(join(dir, 'ovate.yaml'), stringify(config))
    return new ReplicaProcess(number, { dir, ports, clockOffMs })
  }

  /** Resolves when it has Brokers and sees so many replicas, itself among them. */
  async ready(replicas: number): Promise<void> {
    await this.shows(`${replicas} replicas`, ({ ready, coordination }) => {
      return ready && coordination.session === 'connected' && coordination.replicas.length === replicas
    })
  }

  /** Resolves when its status is so. */
  async shows(what: string, check: (status: ReplicaStatus) => boolean): Promise<void> {
    const isSo = async (signal: AbortSignal): Promise<boolean> => {
      if (this.#child.exitCode !== null) throw new GiveUp(`replica ${this.number} ended: ${this.#err}`)
      const status = await this.status(signal)
      if (check(status)) return true
      const { flights, sharedCache, coordination } = status
      throw new Error(JSON.stringify({ flights, sharedCache, coordination }))
    }
    await waitUntil(`replica ${this.number}: ${what}`, isSo, within(START_MS))
  }

  /** Resolves when what it computed is written, where it can be. */
  async written(): Promise<void> {
    await this.shows(
      'all written',
      ({ coordination, sharedCache }) => coordination.leases.held + sharedCache.queuedEntries === 0,
    )
  }

  async status(signal?: AbortSignal): Promise<ReplicaStatus> {
    return parseJson(await request(`${this.#adminUrl}/ovate/status`, {}, signal)) as ReplicaStatus
  }

  /** The sum of all that a metric counts whose line begins so. */
  async counted(metric: string): Promise<number> {
    const { body } = await request(`${this.#adminUrl}/metrics`)
    const lines = body.toString().split('\n')
    return lines
      .filter((line) => line.startsWith(metric))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  ask(body: object, options: AskOptions = {}): Promise<Asked> {
    return ask(this.url, body, { ...options, headers: { [REPLICA_HEADER]: String(this.number) } })
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** As an operator ends it; resolves with its exit code. */
  async end(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    await this.#over()
    return this.#child.exitCode
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#over()
  }

  async #over(): Promise<void> {
    await this.#ended
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
