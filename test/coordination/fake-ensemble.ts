// ZooKeeper in memory for several clients: each request waits until the test lets it be answered, and may be lost on its
// way, come late, or have its answer lost.
import { orAborted } from '../../src/abort.ts'
import {
  type Coordination,
  type Created,
  type Deleted,
  type SessionState,
  type Written,
  type Znode,
  type ZnodeKind,
} from '../../src/coordination/coordination.ts'
import { Watches } from '../../src/coordination/watches.ts'
import { OvateError } from '../../src/errors.ts'

interface Node {
  readonly kind: ZnodeKind
  /** Of an ephemeral. */
  readonly owner: Session | undefined
  /** What the next sequential child gets. */
  next: number
}

interface Session {
  over: boolean
}

interface Request {
  /** Undefined when it only reads. */
  readonly isWrite: boolean
  /** Does it and returns what the answer is. */
  readonly work: (session: Session) => () => void
  readonly fail: (error: Error) => void
}

const ROOT: Node = { kind: 'persistent', owner: undefined, next: 0 }

export class FakeEnsemble {
  readonly nodes = new Map<string, Node>([['', ROOT]])
  readonly clients: FakeClient[] = []
  readonly #firstSequence: number
  readonly #hasContainers: boolean

  constructor(options: { readonly firstSequence?: number; readonly hasContainers?: boolean } = {}) {
    this.#firstSequence = options.firstSequence ?? 0
    this.#hasContainers = options.hasContainers ?? true
  }

  client(): FakeClient {
    const client = new FakeClient(this)
    this.clients.push(client)
    return client
  }

  childrenOf(path: string): readonly string[] {
    const prefix = `${path}/`
    const below = [...this.nodes.keys()].filter((other) => other.startsWith(prefix))
    return below.map((other) => other.slice(prefix.length)).filter((name) => !name.includes('/'))
  }

  create(path: string, kind: ZnodeKind, session: Session): Created {
    if (kind === 'container' && !this.#hasContainers) return { kind: 'unsupported' }
    const parent = this.nodes.get(parentOf(path))
    if (parent === undefined || session.over) return { kind: 'no-parent' }
    const digits = kind === 'ephemeral-sequential' ? digitsOf(parent.next) : ''
    if (this.nodes.has(path + digits)) return { kind: 'exists' }
    if (digits !== '') parent.next = (parent.next + 1) | 0
    const owner = kind.startsWith('ephemeral') ? session : undefined
    this.nodes.set(path + digits, { kind, owner, next: this.#firstSequence })
    this.#fire(path + digits)
    return { kind: 'created', path: path + digits }
  }

  delete(path: string): Deleted {
    if (!this.nodes.has(path)) return 'gone'
    if (this.childrenOf(path).length > 0) return 'not-empty'
    this.nodes.delete(path)
    this.#fire(path)
    return 'deleted'
  }

  expire(session: Session): void {
    session.over = true
    const theirs = [...this.nodes].filter(([, { owner }]) => owner === session)
    for (const [path] of theirs) this.delete(path)
  }

  /** As the server does from time to time. */
  removeEmptyContainers(): void {
    const containers = [...this.nodes].filter(([, { kind }]) => kind === 'container')
    for (const [path] of containers) this.delete(path)
  }

  #fire(path: string): void {
    for (const client of this.clients) client.notice(path)
  }
}

export class FakeClient implements Coordination {
  state: SessionState = 'connected'
  readonly #ensemble: FakeEnsemble
  readonly #listeners = new Set<(state: SessionState) => void>()
  readonly #watches = new Watches()
  /** Watches that fired while nobody could be told. */
  #noticed: string[] = []
  #session: Session = { over: false }
  #requests: Request[] = []
  /** Writes whose connection is gone, and which a server may yet pass on. */
  #late: Request[] = []
  #frozen = false

  constructor(ensemble: FakeEnsemble) {
    this.#ensemble = ensemble
  }

  get watched(): number {
    return this.#watches.size
  }

  get asked(): number {
    return this.#requests.length
  }

  /** Whether the server hears of it. */
  get isHeardOf(): boolean {
    return this.state === 'connected' && !this.#frozen
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The oldest request is done and answered. */
  answer(): void {
    if (this.#frozen || this.state !== 'connected') return
    this.#requests.shift()?.work(this.#session)()
  }

  /** The caller's own deadline comes before the answer; the request is still on its way. */
  tooLate(): void {
    this.#requests[0]?.fail(lost('no answer in time'))
  }

  /** The connection goes. `done` of the requests under way were heard, `late` more may be yet, the rest never are. */
  cut(done: number, late: number): void {
    if (this.state !== 'connected' || this.#frozen) return
    const requests = this.#requests
    this.#requests = []
    for (const request of requests.slice(0, done)) request.work(this.#session)
    this.#late = requests.slice(done, done + late).filter(({ isWrite }) => isWrite)
    this.#become('suspect')
    for (const { fail } of requests) fail(lost('connection lost'))
  }

  /** A write of before the cut comes through after all. */
  arrive(): void {
    this.#late.shift()?.work(this.#session)
  }

  reconnect(): void {
    if (this.state !== 'suspect' && this.state !== 'lost') return
    this.#late = []
    if (this.state === 'suspect' && this.#session.over) return this.#lose()
    const anew = this.state === 'lost'
    if (anew) this.#session = { over: false }
    this.#become('connected')
    if (anew) this.#watches.fireAll()
    this.#tell()
  }

  /** It stands still: it hears and sends nothing, and doesn't know. */
  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    if (!this.#frozen) return
    this.#frozen = false
    if (this.#session.over) this.#lose()
    else this.#tell()
  }

  /** The server gives the session up; the client learns of it when it is heard of again. */
  expire(): void {
    this.#late = []
    if (this.isHeardOf) throw new Error('the server hears of it')
    this.#ensemble.expire(this.#session)
  }

  notice(path: string): void {
    this.#noticed.push(path, parentOf(path))
    if (this.isHeardOf) this.#tell()
  }

  async children(
    path: string,
    onChange: (() => void) | undefined,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    if (onChange !== undefined) throw new Error('not played here')
    return this.#ask(signal, false, () =>
      this.#ensemble.nodes.has(path) ? this.#ensemble.childrenOf(path) : undefined,
    )
  }

  read(): Promise<Znode | undefined> {
    throw new Error('not played here')
  }

  write(): Promise<Written> {
    throw new Error('not played here')
  }

  async exists(path: string, onChange: (() => void) | undefined, signal: AbortSignal): Promise<boolean> {
    if (onChange !== undefined) this.#watches.add(path, onChange)
    return this.#ask(signal, false, () => this.#ensemble.nodes.has(path))
  }

  unwatch(path: string, onChange: () => void): void {
    this.#watches.remove(path, onChange)
  }

  create(path: string, _data: Buffer, kind: ZnodeKind, signal: AbortSignal): Promise<Created> {
    return this.#ask(signal, true, (session) => this.#ensemble.create(path, kind, session))
  }

  delete(path: string, _version: number | undefined, signal: AbortSignal): Promise<Deleted> {
    return this.#ask(signal, true, () => this.#ensemble.delete(path))
  }

  async restrict(_path: string, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, true, () => undefined)
  }

  async sync(_path: string, signal: AbortSignal): Promise<void> {
    await this.#ask(signal, false, () => undefined)
  }

  close(): Promise<void> {
    this.#ensemble.expire(this.#session)
    this.#become('closed')
    return Promise.resolve()
  }

  #ask<Value>(signal: AbortSignal, isWrite: boolean, work: (session: Session) => Value): Promise<Value> {
    if (this.state !== 'connected') return Promise.reject(lost(`ZooKeeper is ${this.state}`))
    const asked = new Promise<Value>((resolve, reject) => {
      this.#requests.push({
        isWrite,
        work: (session) => {
          if (session.over) return () => reject(lost('session expired'))
          const value = work(session)
          return () => resolve(value)
        },
        fail: reject,
      })
    })
    return orAborted(asked, signal)
  }

  #lose(): void {
    const requests = this.#requests
    this.#requests = []
    this.#noticed = []
    this.#become('lost')
    for (const { fail } of requests) fail(lost('session expired'))
  }

  #tell(): void {
    const paths = this.#noticed
    this.#noticed = []
    for (const path of paths) this.#watches.fire(path)
  }

  #become(state: SessionState): void {
    this.state = state
    const listeners = [...this.#listeners]
    for (const listener of listeners) listener(state)
  }
}

/** Java's `%010d`: the sign counts among the ten. */
function digitsOf(sequence: number): string {
  const sign = sequence < 0 ? '-' : ''
  return sign + String(Math.abs(sequence)).padStart(10 - sign.length, '0')
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function lost(text: string): OvateError {
  return new OvateError('OVATE_ZOOKEEPER', text)
}
