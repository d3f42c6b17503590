// Coordination in memory: a tree that the test changes, a state that it sets.
import {
  type Coordination,
  type Created,
  type Deleted,
  type SessionState,
  type Written,
  type Znode,
  type ZnodeKind,
  type ZnodeStat,
} from '../../src/coordination/coordination.ts'
import { OvateError } from '../../src/errors.ts'
import { Watches } from '../../src/coordination/watches.ts'

export class FakeCoordination implements Coordination {
  state: SessionState = 'connecting'
  readonly #nodes = new Map<string, Znode>()
  readonly #watches = new Watches()
  readonly #listeners = new Set<(state: SessionState) => void>()
  readonly #ephemerals = new Set<string>()
  #zxid = 0n
  #count = 0
  reads = 0
  /** Fails this many operations to come. */
  failures = 0
  /** So many creations and writes to come are done, and their answers lost. */
  lostAnswers = 0
  /** No watch tells of what changes. */
  isDeaf = false
  syncs = 0
  /** Paths that were left to their owner, each once. */
  readonly restricted = new Set<string>()

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async children(path: string, onChange: (() => void) | undefined): Promise<readonly string[] | undefined> {
    await this.#serve(path, onChange)
    if (!this.#nodes.has(path)) return undefined
    const names = [...this.#nodes.keys()].filter((other) => other.startsWith(`${path}/`))
    return names.map((name) => name.slice(path.length + 1))
  }

  async read(path: string, onChange: (() => void) | undefined): Promise<Znode | undefined> {
    await this.#serve(path, onChange)
    return this.#nodes.get(path)
  }

  async exists(path: string, onChange: (() => void) | undefined): Promise<boolean> {
    await this.#serve(path, onChange)
    return this.#nodes.has(path)
  }

  unwatch(path: string, onChange: () => void): void {
    this.#watches.remove(path, onChange)
  }

  async create(path: string, data: Buffer, kind: ZnodeKind): Promise<Created> {
    await this.#serve(path, undefined)
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (parent !== '' && !this.#nodes.has(parent)) return { kind: 'no-parent' }
    this.#count += 1
    const digits = kind === 'ephemeral-sequential' ? String(this.#count).padStart(10, '0') : ''
    if (this.#nodes.has(path + digits)) return { kind: 'exists' }
    this.put(path + digits, data)
    if (kind.startsWith('ephemeral')) this.#ephemerals.add(path + digits)
    this.#lose()
    return { kind: 'created', path: path + digits }
  }

  async write(path: string, data: Buffer, version: number | undefined): Promise<Written> {
    await this.#serve(path, undefined)
    const node = this.#nodes.get(path)
    if (node === undefined) return { kind: 'gone' }
    if (version !== undefined && version !== node.version) return { kind: 'conflict' }
    const written = this.change(path, data)
    this.#lose()
    return { kind: 'written', ...written }
  }

  /** As another client does it, whatever the state of this one. */
  change(path: string, data: Buffer | string): ZnodeStat {
    const node = this.#nodes.get(path)
    if (node === undefined) throw new Error(`no ${path}`)
    this.#zxid += 1n
    const written = { version: node.version + 1, czxid: node.czxid, mzxid: this.#zxid }
    this.#nodes.set(path, { data: Buffer.from(data), ...written })
    this.#fire(path)
    return written
  }

  async delete(path: string, version: number | undefined): Promise<Deleted> {
    await this.#serve(path, undefined)
    const node = this.#nodes.get(path)
    if (node === undefined) return 'gone'
    if (version !== undefined && version !== node.version) return 'conflict'
    if ([...this.#nodes.keys()].some((other) => other.startsWith(`${path}/`))) return 'not-empty'
    this.remove(path)
    return 'deleted'
  }

  async restrict(path: string): Promise<void> {
    await this.#serve(path, undefined)
    this.restricted.add(path)
  }

  async sync(path: string): Promise<void> {
    await this.#serve(path, undefined)
    this.syncs += 1
  }

  /** As when the session ends: its ephemerals go. */
  expire(): void {
    this.become('lost')
    for (const path of this.#ephemerals) this.remove(path)
    this.#ephemerals.clear()
  }

  close(): Promise<void> {
    this.become('closed')
    return Promise.resolve()
  }

  become(state: SessionState): void {
    this.state = state
    for (const listener of this.#listeners) listener(state)
  }

  put(path: string, data: Buffer | string = ''): void {
    this.#zxid += 1n
    this.#nodes.set(path, { data: Buffer.from(data), version: 0, czxid: this.#zxid, mzxid: this.#zxid })
    this.#fire(path)
  }

  remove(path: string): void {
    this.#nodes.delete(path)
    this.#fire(path)
  }

  /** As when the ensemble is set up anew, with nothing of what it had: it counts from the beginning. */
  empty(): void {
    this.become('lost')
    this.#nodes.clear()
    this.#zxid = 0n
  }

  get watched(): number {
    return this.#watches.size
  }

  #lose(): void {
    if (this.lostAnswers === 0) return
    this.lostAnswers -= 1
    throw new OvateError('OVATE_ZOOKEEPER', 'connection lost (-4)')
  }

  #fire(path: string): void {
    if (this.isDeaf) return
    this.#watches.fire(path)
    this.#watches.fire(path.slice(0, path.lastIndexOf('/')))
  }

  async #serve(path: string, onChange: (() => void) | undefined): Promise<void> {
    this.reads += 1
    if (this.failures > 0 || this.state !== 'connected') {
      this.failures -= 1
      throw new OvateError('OVATE_ZOOKEEPER', 'connection lost (-4)')
    }
    if (onChange !== undefined) this.#watches.add(path, onChange)
    await Promise.resolve()
  }
}
