// An Ovate as operators run it, a process of its own, of which everything is read that it writes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../home.ts'
import { request } from '../http.ts'
import { type Settings } from '../ovate.ts'
import { GiveUp, waitUntil, within } from '../wait.ts'
import { endingWithUs } from '../../support/ending-with-us.ts'

const ROOT = join(import.meta.dirname, '../../..')
const START_MS = 100_000
const WRITTEN_MAX = 50_000_000

export class OvateProcess {
  readonly url: string
  readonly adminUrl: string
  readonly #token: string
  readonly #dir: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #written = ''

  private constructor(dir: string, ports: readonly [number, number], token: string) {
    this.url = `http://127.0.0.1:${ports[0]}`
    this.adminUrl = `http://127.0.0.1:${ports[1]}`
    this.#token = token
    this.#dir = dir
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
    const args = ['--import', 'tsx', 'src/main.ts', 'serve', '--config', join(dir, 'ovate.yaml')]
    this.#child = endingWithUs(
      spawn(process.execPath, args, {
        cwd: ROOT,
        env: Object.fromEntries(inherited),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (this.#written.length < WRITTEN_MAX) this.#written += text
      })
    this.#ended = once(this.#child, 'close')
  }

  /** Starts one whose log says all that it can, and waits until it has Brokers. */
  static async start(settings: Settings, token: string): Promise<OvateProcess> {
    const ports = [await freePort(), await freePort()] as const
    const dir = mkdtempSync(join(tmpdir(), 'ovate-secure-'))
    const config = {
      ...settings,
      listen: { host: '127.0.0.1', port: ports[0], shutdown: '5s' },
      admin: { port: ports[1], token },
      log: { level: 'trace' },
    }
    writeFileSync(join(dir, 'ovate.yaml'), stringify(config))
    const started = new OvateProcess(dir, ports, token)
    const isReady = async (): Promise<boolean> => {
      if (started.#child.exitCode !== null) throw new GiveUp(`Ovate ended: ${started.#written.slice(-4_000)}`)
      return (await request(`${started.adminUrl}/ovate/ready`)).status === 200
    }
    await waitUntil('Ovate', isReady, within(START_MS))
    return started
  }

  /** All that it has written, its log first of all. */
  get written(): string {
    return this.#written
  }

  /** What the operator's listener answers, with its token. */
  async admin(path: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.#token}` }
    return (await request(`${this.adminUrl}${path}`, { headers })).body.toString()
  }

  async end(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
