// One session: one object of the native client. It ends for good; another session is another object, since the same
// one hangs when it is begun again.
import { OvateError } from '../errors.ts'
import {
  type Created,
  type Deleted,
  type Written,
  type Znode,
  type ZnodeKind,
  type ZnodeStat,
} from './coordination.ts'
import {
  BAD_VERSION,
  type NativeAcl,
  type NativeClient,
  type NativeConstructor,
  nativeError,
  type NativeStat,
  type NativeZooKeeper,
  NO_NODE,
  NODE_EXISTS,
  NOT_EMPTY,
  UNIMPLEMENTED,
} from './native.ts'

export interface SessionOptions {
  /** IP addresses and ports, and the chroot. */
  readonly connect: string
  readonly timeoutMs: number
  /** `user:password` for the scheme `digest`. */
  readonly auth: string | undefined
}

/** Told in the order of events. The native client's own `state` is a step behind inside its events: never read it. */
export interface SessionListener {
  readonly connected: () => void
  readonly suspect: () => void
  /** The last event; `code` is the C client's. */
  readonly ended: (code: number) => void
  readonly changed: (path: string) => void
}

/**
 * After so many empty reads in a row the package gives a session up as expired; its default of 10 is reached by a
 * process that stood still for some seconds, though the session lives.
 */
const EMPTY_READS_MAX = 100_000

const FLAGS: Readonly<Record<ZnodeKind, number>> = {
  persistent: 0,
  container: 4,
  ephemeral: 1,
  'ephemeral-sequential': 3,
}
const ANY_VERSION = -1
/** All, for whoever has the credentials that this session has. */
const OWN_ONLY: readonly NativeAcl[] = [{ perm: 31, scheme: 'auth', auth: '' }]

export class Session {
  readonly #zookeeper: NativeZooKeeper
  readonly #options: SessionOptions
  #closed = false

  constructor(constructor: NativeConstructor, options: SessionOptions, listener: SessionListener) {
    this.#options = options
    this.#zookeeper = new constructor({})
    const zookeeper = this.#zookeeper
    const changed = (_client: unknown, path: string): void => listener.changed(path)
    zookeeper.on('connect', listener.connected)
    zookeeper.on('connecting', listener.suspect)
    zookeeper.on('created', changed)
    zookeeper.on('deleted', changed)
    zookeeper.on('changed', changed)
    zookeeper.on('child', changed)
    zookeeper.on('notwatching', changed)
    zookeeper.on('close', (_client, code) => {
      this.#closed = true
      listener.ended(code)
    })
  }

  /** Resolves when it may be opened; undefined: now. */
  get loaded(): Promise<void> | undefined {
    return this.#zookeeper.loaded
  }

  /** @throws OvateError OVATE_ZOOKEEPER. */
  open(): void {
    const { connect, timeoutMs, auth } = this.#options
    // Not the wrapper's `init`: it drops the Error that the native one returns, and then nothing happens for ever.
    const begun = this.#zookeeper.native.init({
      connect,
      timeout: timeoutMs,
      response_counter_limit: EMPTY_READS_MAX,
    })
    if (begun instanceof Error) throw new OvateError('OVATE_ZOOKEEPER', `cannot begin: ${begun.message}`)
    if (auth === undefined) return
    // A refusal ends the session with a code of its own, which says more than this call's.
    const code = this.#zookeeper.native.add_auth('digest', auth, () => undefined)
    if (code !== 0) throw nativeError(code, 'authentication')
  }

  /** `ended` is told at once. */
  close(): void {
    if (!this.#closed) this.#zookeeper.native.close()
  }

  create(path: string, data: Buffer, kind: ZnodeKind): Promise<Created> {
    return this.#ask<Created>(`creating ${path}`, (native, done) =>
      native.a_create(path, data, FLAGS[kind], (code, _text, made) =>
        done(code, {
          [0]: { kind: 'created', path: made },
          [NODE_EXISTS]: { kind: 'exists' },
          [NO_NODE]: { kind: 'no-parent' },
          [UNIMPLEMENTED]: { kind: 'unsupported' },
        }),
      ),
    )
  }

  write(path: string, data: Buffer, version = ANY_VERSION): Promise<Written> {
    return this.#ask<Written>(`writing ${path}`, (native, done) =>
      native.a_set(path, data, version, (code, _text, stat) =>
        done(code, {
          ...(stat !== null && {
            [0]: { kind: 'written', ...znodeStat(stat) },
          }),
          [BAD_VERSION]: { kind: 'conflict' },
          [NO_NODE]: { kind: 'gone' },
        }),
      ),
    )
  }

  delete(path: string, version = ANY_VERSION): Promise<Deleted> {
    return this.#ask<Deleted>(`deleting ${path}`, (native, done) =>
      native.a_delete_(path, version, (code) =>
        done(code, {
          [0]: 'deleted',
          [BAD_VERSION]: 'conflict',
          [NO_NODE]: 'gone',
          [NOT_EMPTY]: 'not-empty',
        }),
      ),
    )
  }

  restrict(path: string): Promise<true> {
    return this.#ask<true>(`restricting ${path}`, (native, done) =>
      native.a_set_acl(path, ANY_VERSION, OWN_ONLY, (code) => done(code, { [0]: true })),
    )
  }

  sync(path: string): Promise<true> {
    return this.#ask<true>(`syncing ${path}`, (native, done) =>
      native.a_sync(path, (code) => done(code, { [0]: true })),
    )
  }

  /** What one of the codes stands for; any other is an error. */
  #ask<Value>(
    doing: string,
    call: (
      native: NativeClient,
      done: (code: number, meanings: Readonly<Record<number, Value | undefined>>) => void,
    ) => number,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const code = call(this.#zookeeper.native, (answered, meanings) => {
        const value = meanings[answered]
        if (value === undefined) reject(nativeError(answered, doing))
        else resolve(value)
      })
      if (code !== 0) reject(nativeError(code, doing))
    })
  }

  // Watches are flags, not functions: the package keeps each function that it was given as a watcher for ever.
  get(path: string, watch: boolean): Promise<Znode | undefined> {
    return new Promise((resolve, reject) => {
      const code = this.#zookeeper.native.a_get(path, watch, (done, _text, stat, data) => {
        if (done === NO_NODE) resolve(undefined)
        else if (done !== 0 || stat === null) reject(nativeError(done, `reading ${path}`))
        else resolve({ data: data ?? Buffer.alloc(0), ...znodeStat(stat) })
      })
      if (code !== 0) reject(nativeError(code, `reading ${path}`))
    })
  }

  children(path: string, watch: boolean): Promise<readonly string[] | undefined> {
    return new Promise((resolve, reject) => {
      const code = this.#zookeeper.native.a_get_children(path, watch, (done, _text, names) => {
        if (done === NO_NODE) resolve(undefined)
        else if (done === 0) resolve(names ?? [])
        else reject(nativeError(done, `listing ${path}`))
      })
      if (code !== 0) reject(nativeError(code, `listing ${path}`))
    })
  }

  /** Sets a watch also where there is nothing yet. */
  exists(path: string, watch: boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const code = this.#zookeeper.native.a_exists(path, watch, (done) => {
        if (done === NO_NODE || done === 0) resolve(done === 0)
        else reject(nativeError(done, `looking for ${path}`))
      })
      if (code !== 0) reject(nativeError(code, `looking for ${path}`))
    })
  }
}

function znodeStat({ version, czxid, mzxid }: NativeStat): ZnodeStat {
  return { version, czxid: BigInt(czxid), mzxid: BigInt(mzxid) }
}
