// A folder of znodes as it is now: each is read when it changes, and all of them again after a connection was lost.
import { withFirstOf } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Coordination, type Znode } from './coordination.ts'

export interface WatchedFolderOptions {
  readonly coordination: Coordination
  readonly path: string
  readonly clock: Clock
  /** Names beyond so many, in order, are left out. */
  readonly namesMax: number
  /** All that is there, whenever something was read anew; where it throws, it is told and called again like a read. */
  readonly onNodes: (nodes: ReadonlyMap<string, Znode>) => void
  /** What could not be read; it is tried again. */
  readonly onError: (error: Error) => void
  /** Before a failed read is tried again: this many ms first, doubled up to 32 times as much. */
  readonly retryMs?: number | undefined
}

const RETRY_MS = 500
const RETRY_GROWTH_MAX = 32
const READS_AT_ONCE = 16

export class WatchedFolder {
  readonly #options: WatchedFolderOptions
  readonly #stop = new AbortController()
  readonly #reading: Promise<void>
  readonly #offState: () => void
  readonly #nodes = new Map<string, Znode>()
  /** One function for each name, so that watches of one znode don't add up. */
  readonly #onChange = new Map<string, () => void>()
  readonly #stale = new Set<string>()
  /** What has to be read: all of it, after what is written everywhere has come to the server that is asked. */
  #due: 'nothing' | 'changes' | 'all' = 'all'
  #wake: (() => void) | undefined
  /** Fires when a connection is there anew: then nobody waits any longer. */
  #pausing = new AbortController()
  #failures = 0

  /** Begins at once. */
  constructor(options: WatchedFolderOptions) {
    this.#options = options
    this.#offState = options.coordination.onState((state) => {
      if (state !== 'connected') return
      this.#failures = 0
      this.#pausing.abort(new Error('connected'))
      this.refresh()
    })
    this.#reading = this.#run(this.#stop.signal)
  }

  /** Reads everything anew. */
  refresh(): void {
    this.#due = 'all'
    this.#wake?.()
  }

  async stop(): Promise<void> {
    this.#offState()
    this.#stop.abort(new Error('stopped'))
    this.#wake?.()
    await this.#reading
  }

  readonly #changed = (): void => {
    if (this.#due === 'nothing') this.#due = 'changes'
    this.#wake?.()
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#due !== 'nothing' && this.#options.coordination.state === 'connected')
        await this.#refresh(signal)
      else await this.#change()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const all = this.#due === 'all'
    this.#due = 'nothing'
    try {
      await this.#read(all, signal)
      // One that can't take it must hear it again: what it missed may have forbidden something.
      if (!signal.aborted) this.#options.onNodes(this.#nodes)
    } catch (error) {
      if (signal.aborted) return
      this.#due = 'all'
      this.#options.onError(error as Error)
      return await this.#pause(signal)
    }
    this.#failures = 0
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, retryMs = RETRY_MS } = this.#options
    const ms = retryMs * Math.min(RETRY_GROWTH_MAX, 2 ** this.#failures)
    this.#failures += 1
    this.#pausing = new AbortController()
    const slept = withFirstOf([signal, this.#pausing.signal], (over) => clock.sleep(ms, over))
    await slept.catch(() => undefined)
  }

  async #read(all: boolean, signal: AbortSignal): Promise<void> {
    const { coordination, path, namesMax } = this.#options
    if (all) await coordination.sync(path, signal)
    const listed = (await coordination.children(path, this.#changed, signal)) ?? []
    const names = new Set(listed.toSorted().slice(0, namesMax))
    for (const name of [...this.#onChange.keys()].filter((one) => !names.has(one))) this.#forget(name)
    const due = [...names].filter((name) => all || this.#stale.has(name) || !this.#nodes.has(name))
    for (let at = 0; at < due.length; at += READS_AT_ONCE) {
      await Promise.all(due.slice(at, at + READS_AT_ONCE).map((name) => this.#readOne(name, signal)))
    }
  }

  async #readOne(name: string, signal: AbortSignal): Promise<void> {
    const { coordination, path } = this.#options
    // Before it is asked: what changes after that is told again.
    this.#stale.delete(name)
    const znode = await coordination.read(`${path}/${name}`, this.#listener(name), signal)
    if (znode === undefined) this.#forget(name)
    else this.#nodes.set(name, znode)
  }

  #listener(name: string): () => void {
    const known = this.#onChange.get(name)
    if (known !== undefined) return known
    const listener = (): void => {
      this.#stale.add(name)
      this.#changed()
    }
    this.#onChange.set(name, listener)
    return listener
  }

  #forget(name: string): void {
    this.#nodes.delete(name)
    this.#stale.delete(name)
    this.#onChange.delete(name)
  }
}
