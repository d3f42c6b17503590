// Live settings: a znode for each datasource and one for all, read by watch, changed by compare-and-set on its version.
//
// A znode is never deleted: its version goes on, so that a version names one content for good.
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { type Coordination, type Znode, type ZnodeStat } from './coordination.ts'
import { type OwnZnodes } from './own-znodes.ts'
import { readContent, type SettingsContent, writeContent } from './settings-content.ts'
import { WatchedFolder } from './watched-folder.ts'
import { datasourceOf, FOR_ALL, znodeName } from './znode-names.ts'

export interface SettingsStoreOptions<Settings> {
  readonly coordination: Coordination
  readonly znodes: OwnZnodes
  readonly clock: Clock
  /** What settings say as they are written. @throws for what isn't allowed, with a message for people. */
  readonly read: (written: unknown) => Settings
  /** What is in force where a znode can't be read and nothing good was read of it before. */
  readonly fallback: Settings
  /** Told of what is in force from now on for a datasource, or for all; undefined: nothing is set. */
  readonly onSettings: (datasource: string | undefined, settings: Settings | undefined) => void
  /** Told once of each content that can't be read: the last good one stays in force. */
  readonly onBad: (datasource: string | undefined, error: Error) => void
  readonly onError: (error: Error) => void
  readonly retryMs?: number | undefined
}

/** What a znode says. `version`: undefined where there is no znode. */
export interface StoredSettings extends SettingsContent {
  readonly version: number | undefined
}

/** The version that a change is based on; `none`: nothing is set. */
export type Basis = number | 'none'

const DATASOURCES_MAX = 1_000

/** When a znode was made, and when it got its content. */
type Origin = Pick<ZnodeStat, 'czxid' | 'mzxid'>

interface Known {
  readonly origin: Origin
  /** Of the content that is in force, to tell a change from a mere rewriting. */
  readonly text: string | undefined
  /** What is wrong with the last content. */
  readonly problem: string | undefined
}

export class SettingsStore<Settings> {
  readonly #options: SettingsStoreOptions<Settings>
  readonly #path: string
  readonly #folder: WatchedFolder
  readonly #known = new Map<string, Known>()
  #isRead = false
  readonly #onRead: (() => void)[] = []

  /** Begins at once. */
  constructor(options: SettingsStoreOptions<Settings>) {
    this.#options = options
    this.#path = `${options.znodes.root}/settings`
    this.#folder = new WatchedFolder({
      coordination: options.coordination,
      path: this.#path,
      clock: options.clock,
      // Some may be made at once when there are nearly so many.
      namesMax: 2 * DATASOURCES_MAX,
      onNodes: (nodes) => this.#seen(nodes),
      onError: options.onError,
      retryMs: options.retryMs,
    })
  }

  /** Resolves when what is set has been read once; rejects with the signal's reason when that fires first. */
  async read(signal: AbortSignal): Promise<void> {
    if (this.#isRead) return
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => reject(signal.reason as Error)
      if (signal.aborted) leave()
      signal.addEventListener('abort', leave, { once: true })
      this.#onRead.push(() => {
        signal.removeEventListener('abort', leave)
        resolve()
      })
    })
  }

  /** What can't be read, for people: by datasource, `*` for all. */
  problems(): readonly { readonly name: string; readonly problem: string }[] {
    return [...this.#known].flatMap(([name, { problem }]) =>
      problem === undefined ? [] : [{ name: datasourceOf(name) ?? name, problem }],
    )
  }

  /** What is set now, asked of ZooKeeper. @throws OvateError OVATE_BAD_REQUEST, OVATE_ZOOKEEPER. */
  async get(datasource: string | undefined, signal: AbortSignal): Promise<StoredSettings> {
    const { version, content } = await this.#content(znodeName(datasource), signal)
    return { ...content, version }
  }

  /**
   * Sets (null: unsets) what was read at `basis`, and returns the new version. In force here when it resolves.
   * @throws OvateError OVATE_CONFLICT when another version is there, OVATE_BAD_REQUEST for what isn't allowed,
   * OVATE_ZOOKEEPER (then it may have been written all the same).
   */
  async set(
    datasource: string | undefined,
    change: { readonly settings: unknown; readonly by: string },
    basis: Basis,
    signal: AbortSignal,
  ): Promise<number> {
    const { coordination, clock, read } = this.#options
    const name = znodeName(datasource)
    if (change.settings !== null) read(change.settings)
    const { version, content } = await this.#content(name, signal)
    if (basis === 'none' ? content.settings !== null : version !== basis) throw conflict(version)
    const at = new Date(clock.now()).toISOString()
    const data = writeContent({ at, by: change.by, settings: change.settings }, content.changes)
    const path = `${this.#path}/${name}`
    if (version === undefined) await this.#make(path, signal)
    // It may have been made when no credentials were set.
    else await coordination.restrict(path, signal)
    const written = await coordination.write(path, data, version ?? 0, signal)
    if (written.kind !== 'written') throw conflict(undefined)
    this.#apply(name, { ...written, data })
    return written.version
  }

  async stop(): Promise<void> {
    await this.#folder.stop()
  }

  async #make(path: string, signal: AbortSignal): Promise<void> {
    const { coordination, znodes } = this.#options
    const names = (await coordination.children(this.#path, undefined, signal)) ?? []
    if (names.length >= DATASOURCES_MAX)
      throw new OvateError('OVATE_BAD_REQUEST', `no more than ${DATASOURCES_MAX} datasources have settings`)
    await znodes.make(path, 'persistent', signal)
  }

  async #content(
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly version: number | undefined; readonly content: SettingsContent }> {
    const { coordination } = this.#options
    const znode = await coordination.read(`${this.#path}/${name}`, undefined, signal)
    return { version: znode?.version, content: readable(znode?.data ?? Buffer.alloc(0)) }
  }

  #seen(nodes: ReadonlyMap<string, Znode>): void {
    for (const [name, znode] of nodes) this.#apply(name, znode)
    // Nobody deletes one but by hand: then nothing is set.
    for (const name of this.#known.keys()) if (!nodes.has(name)) this.#gone(name)
    this.#isRead = true
    const told = this.#onRead.splice(0)
    for (const tell of told) tell()
  }

  #apply(name: string, { data, czxid, mzxid }: Omit<Znode, 'version'>): void {
    const { onBad, read, fallback } = this.#options
    const known = this.#known.get(name)
    const datasource = datasourceOf(name)
    const origin = { czxid, mzxid }
    if (!isNews(origin, known?.origin) || (datasource === undefined && name !== FOR_ALL)) return
    try {
      const { settings } = readContent(data)
      const text = settings === null ? undefined : JSON.stringify(settings)
      const inForce = settings === null ? undefined : read(settings)
      this.#known.set(name, { origin, text, problem: undefined })
      if (known?.text !== text) this.#options.onSettings(datasource, inForce)
    } catch (error) {
      const { message } = error as Error
      this.#known.set(name, { origin, text: known === undefined ? FALLBACK : known.text, problem: message })
      if (known === undefined) this.#options.onSettings(datasource, fallback)
      onBad(datasource, error as Error)
    }
  }

  #gone(name: string): void {
    const known = this.#known.get(name)
    this.#known.delete(name)
    if (known?.text !== undefined) this.#options.onSettings(datasourceOf(name), undefined)
  }
}

/** No JSON, so that it equals no settings. */
const FALLBACK = 'fallback'

// What was read before an own write may come after it. A znode that was made anew is compared with nothing: an ensemble that
// lost its data counts from the beginning.
function isNews({ czxid, mzxid }: Origin, known: Origin | undefined): boolean {
  return known === undefined || czxid !== known.czxid || mzxid > known.mzxid
}

// What nobody can read can be replaced, and has no changes.
function readable(data: Buffer): SettingsContent {
  try {
    return readContent(data)
  } catch {
    return { settings: {}, changes: [] }
  }
}

function conflict(version: number | undefined): OvateError {
  const there = version === undefined ? '' : `: version ${version} is there`
  return new OvateError('OVATE_CONFLICT', `others have changed these settings${there}; read them again`)
}
