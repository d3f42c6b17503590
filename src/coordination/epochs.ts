// Purge epochs: one for each datasource and one for all, raised by whoever purges, obeyed by all replicas.
//
// An epoch is the zxid of the last purge. ZooKeeper numbers all writes in one order, so whatever began to be computed by
// one that had seen an epoch was computed after that purge and all before it: an entry that carries at least the epoch
// that its reader knows is older than none of them. Raising is one write without a version, so none is ever lost.
import { randomUUID } from 'node:crypto'
import { type Clock } from '../clock.ts'
import { type Coordination, type Znode } from './coordination.ts'
import { type OwnZnodes } from './own-znodes.ts'
import { WatchedFolder } from './watched-folder.ts'
import { datasourceOf, FOR_ALL, znodeName } from './znode-names.ts'

/** What is to be dropped: what was read from a datasource (undefined: from any), under an interval (undefined: all time). */
export interface Purge {
  readonly datasource: string | undefined
  /** `[startMs, endMs)`. */
  readonly interval: { readonly startMs: number; readonly endMs: number } | undefined
}

export interface EpochsOptions {
  readonly coordination: Coordination
  readonly znodes: OwnZnodes
  readonly clock: Clock
  /** Drops what this process holds, and what is on its way; returns how many entries went. */
  readonly onPurge: (purge: Purge) => number
  readonly onError: (error: Error) => void
  readonly retryMs?: number | undefined
}

export interface Raised {
  readonly epoch: number
  /** Entries of this process. */
  readonly purged: number
}

interface Seen {
  readonly epoch: number
  readonly version: number
}

/** Datasources with an epoch of their own; beyond, the one for all is raised instead. */
const DATASOURCES_MAX = 10_000
/** Tells one ZooKeeper from an emptied one, whose zxids may begin anew. No datasource has this name. */
const LINEAGE = '!'
const RETRY_MS = 500

export class Epochs {
  readonly #options: EpochsOptions
  readonly #path: string
  readonly #folder: WatchedFolder
  readonly #stop = new AbortController()
  readonly #seen = new Map<string, Seen>()
  #lineage: string | undefined
  #naming: Promise<void> | undefined

  /** Begins at once. */
  constructor(options: EpochsOptions) {
    this.#options = options
    this.#path = `${options.znodes.root}/epochs`
    this.#folder = new WatchedFolder({
      coordination: options.coordination,
      path: this.#path,
      clock: options.clock,
      // Some may be made at once when there are nearly so many.
      namesMax: 2 * DATASOURCES_MAX,
      onNodes: (nodes) => this.#read(nodes),
      onError: options.onError,
      retryMs: options.retryMs,
    })
  }

  /** Epochs of another lineage say nothing about these. Undefined until it has been read. */
  get lineage(): string | undefined {
    return this.#lineage
  }

  /**
   * To be asked before a fetch begins, and carried by what is made of it; a reader takes what carries at least what it is
   * told itself, of the same lineage. Undefined until epochs have been read: then nothing of others may be taken.
   */
  of(tables: readonly string[]): number | undefined {
    if (this.#lineage === undefined) return undefined
    const names = [FOR_ALL, ...tables.map(nameOf)]
    return names.reduce((last, name) => Math.max(last, this.#seen.get(name)?.epoch ?? 0), 0)
  }

  /**
   * Raises an epoch, and purges here. `by` and the time are told to whoever looks at the znode.
   * @throws OvateError OVATE_BAD_REQUEST, OVATE_ZOOKEEPER (then others may not have been told).
   */
  async raise(purge: Purge, by: string, signal: AbortSignal): Promise<Raised> {
    const { coordination, znodes, clock } = this.#options
    const wanted = znodeName(purge.datasource)
    const isOneMore = !this.#seen.has(wanted) && this.#seen.size >= DATASOURCES_MAX
    const name = isOneMore ? FOR_ALL : wanted
    const { startMs, endMs } = purge.interval ?? {}
    const interval = purge.interval !== undefined && !isOneMore ? [startMs, endMs] : undefined
    const data = Buffer.from(JSON.stringify({ at: new Date(clock.now()).toISOString(), by, interval }))
    const path = `${this.#path}/${name}`
    let written = await coordination.write(path, data, undefined, signal)
    if (written.kind === 'gone') {
      await znodes.make(path, 'persistent', signal)
      written = await coordination.write(path, data, undefined, signal)
    }
    // It may have been made when no credentials were set.
    else await coordination.restrict(path, signal)
    if (written.kind !== 'written') throw new Error(`${path}: gone as soon as it was made`)
    const { version } = written
    const epoch = Number(written.mzxid)
    return { epoch, purged: this.#apply(name, { epoch, version }, data) }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#folder.stop()
    await this.#naming
  }

  #read(nodes: ReadonlyMap<string, Znode>): void {
    const lineage = nodes.get(LINEAGE)?.data.toString()
    if (lineage === undefined || lineage === '') {
      this.#naming ??= this.#name(this.#stop.signal).finally(() => {
        this.#naming = undefined
        if (!this.#stop.signal.aborted) this.#folder.refresh()
      })
      return
    }
    const isNew = lineage !== this.#lineage
    if (isNew) this.#seen.clear()
    for (const [name, { data, version, mzxid }] of nodes) {
      const seen = { epoch: Number(mzxid), version }
      if (name === LINEAGE) continue
      if (isNew) this.#seen.set(name, seen)
      else this.#apply(name, seen, data)
    }
    this.#lineage = lineage
    // Nobody knows which purges came before: this process may have answered without ZooKeeper for hours.
    if (isNew) this.#options.onPurge({ datasource: undefined, interval: undefined })
  }

  /** Obeys a purge once. What was purged in between, and isn't written any more, may have been under any interval. */
  #apply(name: string, seen: Seen, data: Buffer): number {
    const known = this.#seen.get(name)
    if (known !== undefined && known.epoch >= seen.epoch) return 0
    this.#seen.set(name, seen)
    const datasource = datasourceOf(name)
    const isMade = seen.version === 0 && data.length === 0
    if (isMade || (datasource === undefined && name !== FOR_ALL)) return 0
    const isNext = seen.version === (known?.version ?? 0) + 1
    return this.#options.onPurge({ datasource, interval: isNext ? intervalOf(data) : undefined })
  }

  async #name(signal: AbortSignal): Promise<void> {
    const { coordination, znodes, clock, onError, retryMs } = this.#options
    const path = `${this.#path}/${LINEAGE}`
    try {
      await znodes.prepare(signal)
      await znodes.make(path, 'persistent', signal)
      // Whoever comes second finds the name of the first.
      await coordination.write(path, Buffer.from(randomUUID()), 0, signal)
    } catch (error) {
      if (signal.aborted) return
      onError(error as Error)
      await clock.sleep(retryMs ?? RETRY_MS, signal).catch(() => undefined)
    }
  }
}

/** No table has an epoch under a name that no znode can have. */
function nameOf(table: string): string {
  try {
    return znodeName(table)
  } catch {
    return ''
  }
}

function intervalOf(data: Buffer): Purge['interval'] {
  try {
    const { interval } = JSON.parse(data.toString()) as { interval?: unknown }
    const [startMs, endMs] = Array.isArray(interval) ? (interval as readonly unknown[]) : []
    if (typeof startMs === 'number' && typeof endMs === 'number') return { startMs, endMs }
  } catch {
    return undefined
  }
  return undefined
}
