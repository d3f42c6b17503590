// ZooKeeper behind `Coordination`: one session after the other, each operation with a deadline, watches that survive.
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { orAborted, withFirstOf } from '../abort.ts'
import { OvateError } from '../errors.ts'
import { type Ensemble, parseConnectString, resolveEnsemble } from './addresses.ts'
import {
  type Coordination,
  type Created,
  type Deleted,
  type SessionState,
  type Written,
  type Znode,
  type ZnodeKind,
} from './coordination.ts'
import { loadNative } from './hosted.ts'
import { type NativeConstructor } from './native.ts'
import { Session } from './session.ts'
import { Watches } from './watches.ts'

export interface ZooKeeperOptions {
  /** `host:port,host:port/chroot`. */
  readonly connect: string
  /** Asked for, in ms; the ensemble has the last word. */
  readonly sessionTimeoutMs?: number | undefined
  /** `user:password` for digest authentication. */
  readonly auth?: string | undefined
  /** For one operation, in ms. */
  readonly operationTimeoutMs?: number | undefined
  /** For the resolution of names, in ms. */
  readonly resolveTimeoutMs?: number | undefined
  /** Between two tries to begin a session: this many ms first, doubled up to 30 times as much. */
  readonly retryMs?: number | undefined
  /** What went wrong in the background; all of it is tried again. */
  readonly onError?: ((error: Error) => void) | undefined
  /** The client package; left out: the real one. */
  readonly native?: NativeConstructor | undefined
}

const SESSION_TIMEOUT_MS = 30_000
const OPERATION_TIMEOUT_MS = 5_000
const RESOLVE_TIMEOUT_MS = 5_000
const RETRY_MS = 500
const RETRY_GROWTH_MAX = 30
/** A client that found no server for this many session timeouts has lost its session, or the addresses are old. */
const GIVE_UP_TIMEOUTS = 1.5

/**
 * Begins to connect and returns; the state tells how it goes. ZooKeeper need not be there.
 * @throws OvateError OVATE_ZOOKEEPER without the package, OVATE_CONFIG for a bad connect string.
 */
export async function connectZooKeeper(options: ZooKeeperOptions): Promise<ZooKeeperCoordination> {
  const ensemble = parseConnectString(options.connect)
  return new ZooKeeperCoordination(options.native ?? (await loadNative()), ensemble, options)
}

export class ZooKeeperCoordination implements Coordination {
  readonly #native: NativeConstructor
  readonly #ensemble: Ensemble
  readonly #options: ZooKeeperOptions
  readonly #sessionTimeoutMs: number
  readonly #listeners = new Set<(state: SessionState) => void>()
  readonly #watches = new Watches()
  readonly #closing = new AbortController()
  readonly #sessions: Promise<void>
  #session: Session | undefined
  #state: SessionState = 'connecting'
  #retries = 0

  constructor(native: NativeConstructor, ensemble: Ensemble, options: ZooKeeperOptions) {
    this.#native = native
    this.#ensemble = ensemble
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS
    // Every operation listens to it, however many there are.
    setMaxListeners(0, this.#closing.signal)
    this.#sessions = this.#run()
  }

  get state(): SessionState {
    return this.#state
  }

  /** Paths that somebody waits for. */
  get watched(): number {
    return this.#watches.size
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** `onChange` should be the same function each time, so that reading twice before a change does not add up. */
  children(
    path: string,
    onChange: (() => void) | undefined,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    return this.#watching(path, onChange, signal, (session, watch) => session.children(path, watch))
  }

  /** `onChange` as in `children`. */
  async read(
    path: string,
    onChange: (() => void) | undefined,
    signal: AbortSignal,
  ): Promise<Znode | undefined> {
    return await this.#watching(path, onChange, signal, (session, watch) => session.get(path, watch))
  }

  async exists(path: string, onChange: (() => void) | undefined, signal: AbortSignal): Promise<boolean> {
    const watch = onChange !== undefined
    if (watch) this.#watches.add(path, onChange)
    try {
      return await this.#inTime(path, signal, (session) => session.exists(path, watch))
    } catch (error) {
      if (watch) this.#watches.remove(path, onChange)
      throw error
    }
  }

  unwatch(path: string, onChange: () => void): void {
    this.#watches.remove(path, onChange)
  }

  create(path: string, data: Buffer, kind: ZnodeKind, signal: AbortSignal): Promise<Created> {
    return this.#inTime(path, signal, (session) => session.create(path, data, kind))
  }

  write(path: string, data: Buffer, version: number | undefined, signal: AbortSignal): Promise<Written> {
    return this.#inTime(path, signal, (session) => session.write(path, data, version))
  }

  delete(path: string, version: number | undefined, signal: AbortSignal): Promise<Deleted> {
    return this.#inTime(path, signal, (session) => session.delete(path, version))
  }

  async restrict(path: string, signal: AbortSignal): Promise<void> {
    if (this.#options.auth !== undefined)
      await this.#inTime(path, signal, (session) => session.restrict(path))
  }

  async sync(path: string, signal: AbortSignal): Promise<void> {
    await this.#inTime(path, signal, (session) => session.sync(path))
  }

  async close(): Promise<void> {
    this.#closing.abort(new OvateError('OVATE_ZOOKEEPER', 'closed'))
    await this.#sessions
    this.#become('closed')
    this.#listeners.clear()
  }

  async #watching<Value>(
    path: string,
    onChange: (() => void) | undefined,
    signal: AbortSignal,
    ask: (session: Session, watch: boolean) => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const watch = onChange !== undefined
    if (watch) this.#watches.add(path, onChange)
    try {
      for (;;) {
        const value = await this.#inTime(path, signal, (session) => ask(session, watch))
        if (value !== undefined || !watch) return value
        // Nothing is there, and that read sets no watch: this one does, and the node may have come in between.
        const exists = await this.#inTime(path, signal, (session) => session.exists(path, true))
        if (!exists) return undefined
      }
    } catch (error) {
      if (watch) this.#watches.remove(path, onChange)
      throw error
    }
  }

  async #inTime<Value>(
    path: string,
    signal: AbortSignal,
    ask: (session: Session) => Promise<Value>,
  ): Promise<Value> {
    const session = this.#session
    if (session === undefined) throw new OvateError('OVATE_ZOOKEEPER', `${path}: ZooKeeper is ${this.#state}`)
    const ms = this.#options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS
    return this.#within([signal], { ms, text: `${path}: no answer within ${ms} ms` }, (first) => {
      return orAborted(ask(session), first)
    })
  }

  /** Runs `work` with a signal that fires with one of some, after so many ms, and when the client is closed. */
  async #within<Value>(
    signals: readonly AbortSignal[],
    { ms, text }: { readonly ms: number; readonly text: string },
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new OvateError('OVATE_ZOOKEEPER', text)), ms)
    try {
      return await withFirstOf([...signals, late.signal, this.#closing.signal], work)
    } finally {
      clearTimeout(timer)
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#oneSession(signal)
      } catch (error) {
        this.#failed(error as Error)
      }
      await this.#pause(signal)
    }
  }

  #failed(error: Error): void {
    if (!this.#closing.signal.aborted) this.#options.onError?.(error)
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const growth = Math.min(RETRY_GROWTH_MAX, 2 ** this.#retries)
    this.#retries += 1
    const ms = (this.#options.retryMs ?? RETRY_MS) * growth
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }

  // Names are resolved anew for each session: an ensemble that moved is found again.
  async #oneSession(signal: AbortSignal): Promise<void> {
    const ms = this.#options.resolveTimeoutMs ?? RESOLVE_TIMEOUT_MS
    const late = { ms, text: `no address within ${ms} ms` }
    const connect = await this.#within([], late, (first) => resolveEnsemble(this.#ensemble, first))
    signal.throwIfAborted()
    const { auth } = this.#options
    await this.#live({ connect, timeoutMs: this.#sessionTimeoutMs, auth }, signal)
  }

  #live(
    options: { connect: string; timeoutMs: number; auth: string | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let giveUp: NodeJS.Timeout | undefined
      const close = (): void => session.close()
      const search = (): void => {
        giveUp ??= setTimeout(close, this.#sessionTimeoutMs * GIVE_UP_TIMEOUTS)
      }
      const found = (): void => {
        clearTimeout(giveUp)
        giveUp = undefined
      }
      let over = false
      let known = false
      const session = new Session(this.#native, options, {
        connected: () => {
          if (over) return
          found()
          this.#connected(!known)
          known = true
        },
        suspect: () => {
          if (over || !known) return
          search()
          this.#become('suspect')
        },
        ended: (code) => {
          if (over) return
          over = true
          found()
          signal.removeEventListener('abort', close)
          this.#ended(code)
          resolve()
        },
        changed: (path) => this.#watches.fire(path),
      })
      const open = (): void => {
        if (over) return
        try {
          session.open()
          this.#session = session
          search()
        } catch (error) {
          over = true
          signal.removeEventListener('abort', close)
          session.close()
          reject(error as Error)
        }
      }
      signal.addEventListener('abort', close, { once: true })
      if (session.loaded === undefined) open()
      else session.loaded.then(open).catch(reject)
    })
  }

  #connected(anew: boolean): void {
    this.#retries = 0
    this.#become('connected')
    if (anew) this.#watches.fireAll()
  }

  #ended(code: number): void {
    this.#session = undefined
    if (this.#closing.signal.aborted) return
    if (this.#state !== 'connecting') this.#become('lost')
    this.#options.onError?.(
      new OvateError('OVATE_ZOOKEEPER', `the session ended (${code}); another is begun`),
    )
  }

  #become(state: SessionState): void {
    if (state === this.#state) return
    this.#state = state
    const listeners = [...this.#listeners]
    for (const listener of listeners) listener(state)
  }
}
