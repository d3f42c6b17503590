// Whether Ovate may stand where it was put: not where Druid tells users apart by what it can't see behind Ovate. Looked at
// once, as soon as a Broker answers; nothing waits for it.
import { withFirstOf } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type Druid } from '../druid/druid.ts'
import { OvateError } from '../errors.ts'
import { readAuthenticators } from './check-identity.ts'
import { type CheckLine } from './check-steps.ts'

export interface StandingOptions {
  readonly config: Config
  readonly druid: Pick<Druid, 'send' | 'brokers'>
  readonly clock: Clock
  /** Told of what an operator should know, once each. */
  readonly onLine: (line: CheckLine) => void
}

/** How long a Broker may take to say it, ms. */
const LOOK_TIMEOUT_MS = 10_000
/** Between two tries, ms, while none is ready or none says it. */
const RETRY_MS = 1_000

export class Standing {
  readonly #options: StandingOptions
  readonly #stop = new AbortController()
  readonly #refused: Promise<OvateError>
  #refuse: (error: OvateError) => void = () => undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: StandingOptions) {
    this.#options = options
    this.#refused = new Promise((resolve) => {
      this.#refuse = resolve
    })
  }

  /** Resolves when it is found that Ovate may not stand here; never where it may, or where that can't be known. */
  get refused(): Promise<OvateError> {
    return this.#refused
  }

  start(): void {
    const { signal } = this.#stop
    this.#running = this.#look(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { config, druid, clock, onLine } = this.#options
    for (; ; await clock.sleep(RETRY_MS, signal)) {
      if (!druid.brokers().some(({ state }) => state === 'ready')) continue
      const look = withFirstOf([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)], (within) =>
        readAuthenticators(config, druid, within),
      )
      // Brokers that are there and don't answer: they are asked again.
      const read = await look.catch(() => undefined)
      signal.throwIfAborted()
      if (read === undefined) continue
      for (const line of read.kind === 'known' ? read.lines : [read.line]) onLine(line)
      const failed = read.kind === 'known' ? read.lines.filter(({ level }) => level === 'fail') : []
      if (failed.length > 0)
        this.#refuse(new OvateError('OVATE_CONFIG', failed.map(({ text }) => text).join('; ')))
      return
    }
  }
}
