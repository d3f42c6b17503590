// Who leads among those that wait at one of Druid's leader latches: the one whose znode was made first.
import { type Clock } from '../clock.ts'
import { type Coordination, type Znode } from './coordination.ts'
import { WatchedFolder } from './watched-folder.ts'

export interface LeaderLatchOptions {
  readonly coordination: Coordination
  /** E.g. `/druid/coordinator/_COORDINATOR`. */
  readonly path: string
  readonly clock: Clock
  /** The leader's URL, or undefined when nobody leads, whenever it is another than before. */
  readonly onLeader: (url: string | undefined) => void
  /** What could not be read; it is tried again, or it names no server and nobody leads. */
  readonly onError: (error: Error) => void
}

/** Curator's `LeaderLatch` (5.8) names each who waits `_c_UUID-latch-` and ten digits. */
const WAITING = /latch-(\d{10})$/
/** So many Coordinators wait nowhere. */
const NAMES_MAX = 100
const URL_MAX_BYTES = 1_024
/** `scheme://host:port` (`CuratorDruidLeaderSelector`, 33.0.0). */
const SERVER = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\]):\d{1,5}$/i

export class LeaderLatch {
  readonly #options: LeaderLatchOptions
  readonly #folder: WatchedFolder
  #told: { readonly url: string | undefined } | undefined

  /** Begins at once. The last known leader stays while ZooKeeper is away. */
  constructor(options: LeaderLatchOptions) {
    this.#options = options
    const { coordination, path, clock, onError } = options
    const onNodes = (nodes: ReadonlyMap<string, Znode>): void => this.#tell(nodes)
    this.#folder = new WatchedFolder({ coordination, path, clock, namesMax: NAMES_MAX, onNodes, onError })
  }

  stop(): Promise<void> {
    return this.#folder.stop()
  }

  #tell(nodes: ReadonlyMap<string, Znode>): void {
    const url = this.#urlOf(firstOf(nodes))
    if (this.#told !== undefined && this.#told.url === url) return
    this.#options.onLeader(url)
    this.#told = { url }
  }

  #urlOf(znode: Znode | undefined): string | undefined {
    if (znode === undefined) return undefined
    const url = znode.data.toString('utf8', 0, URL_MAX_BYTES)
    if (SERVER.test(url) && URL.canParse(url)) return url
    this.#options.onError(new Error(`${this.#options.path}: the first znode names no server`))
    return undefined
  }
}

function firstOf(nodes: ReadonlyMap<string, Znode>): Znode | undefined {
  const waiting = [...nodes].flatMap(([name, znode]) => {
    const digits = WAITING.exec(name)?.[1]
    return digits === undefined ? [] : [{ digits, znode }]
  })
  // Curator compares the digits as text.
  return waiting.toSorted((one, two) => (one.digits < two.digits ? -1 : 1))[0]?.znode
}
