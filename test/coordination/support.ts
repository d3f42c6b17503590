// Coordination in memory: a tree that the test changes, a state that it sets.
import { type Coordination, type SessionState, type Znode } from '../../src/coordination/coordination.ts'
import { OvateError } from '../../src/errors.ts'
import { Watches } from '../../src/coordination/watches.ts'

export class FakeCoordination implements Coordination {
  state: SessionState = 'connecting'
  readonly #nodes = new Map<string, Znode>()
  readonly #watches = new Watches()
  readonly #listeners = new Set<(state: SessionState) => void>()
  #zxid = 0n
  reads = 0
  /** Fails this many operations to come. */
  failures = 0

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

  get watched(): number {
    return this.#watches.size
  }

  #fire(path: string): void {
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
