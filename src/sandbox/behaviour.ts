// How the sandbox behaves and what reached it: for tests that need a Broker that is slow, silent, failing or cut.
import { type SandboxUsers } from './users.ts'

/** What reached the sandbox. */
export interface SandboxStats {
  data: number
  explain: number
  /** Statements with LIMIT 0. */
  rightsChecks: number
  candidates: number
  cancels: number
  other: number
}

/** May be changed while it runs. */
export interface SandboxBehaviour {
  version: string
  /** Of this run, ISO: what `sys.servers` says. Another one plays a restart. */
  startTime: string
  /** Who may read what; undefined: everybody everything. */
  users: SandboxUsers | undefined
  /** Before each answer to a statement, ms. */
  delayMs: number
  /** Answers to statements stop after so many bytes; undefined: never. */
  cutAfterBytes: number | undefined
  /** How they stop: the connection is cut, or the body ends in order with trailers that tell the failure, as Druid's do. */
  cut: 'connection' | 'trailers'
}

export interface Failure {
  readonly status: number
  readonly body: string
}

/** Answers that are held back, and failures that are due. */
export class Faults {
  #frozen: { readonly thawed: Promise<void>; readonly thaw: () => void } | undefined
  readonly #due: Failure[] = []

  /** Every request waits from now on, those for its health too, while connections are still taken. */
  freeze(): void {
    if (this.#frozen !== undefined) return
    let thaw = (): void => undefined
    const thawed = new Promise<void>((resolve) => {
      thaw = resolve
    })
    this.#frozen = { thawed, thaw }
  }

  thaw(): void {
    this.#frozen?.thaw()
    this.#frozen = undefined
  }

  /** Resolves when nothing is frozen. */
  async passed(): Promise<void> {
    while (this.#frozen !== undefined) await this.#frozen.thawed
  }

  /** The next statement gets this; each call adds one more. */
  failNext(failure: Failure): void {
    this.#due.push(failure)
  }

  takeFailure(): Failure | undefined {
    return this.#due.shift()
  }
}

/** Statements under way by id, so that they can be cancelled. */
export class Running {
  readonly #byId = new Map<string, Set<AbortController>>()

  add(id: string, stop: AbortController): void {
    const same = this.#byId.get(id)
    if (same === undefined) this.#byId.set(id, new Set([stop]))
    else same.add(stop)
  }

  delete(id: string, stop: AbortController): void {
    const same = this.#byId.get(id)
    same?.delete(stop)
    if (same?.size === 0) this.#byId.delete(id)
  }

  /** Stops all of that id with this reason; whether there was one. */
  cancel(id: string, reason: Error): boolean {
    const same = this.#byId.get(id)
    for (const stop of same ?? []) stop.abort(reason)
    return same !== undefined
  }
}
