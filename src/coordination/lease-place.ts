// A place in the queue of one lease: an ephemeral sequential znode, which waits for the one right before it.
//
//   <base>/leases/3f/   3f9c…-a1b2…-7_0000000004    holds the lease of 3f9c…
//                       3f07…-a1b2…-8_0000000005    holds that of 3f07…
//                       3f9c…-c3d4…-2_0000000006    watches …04
//                       3f9c…-a1b2…-9_0000000007    watches …06
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { untilConnected } from './connected.ts'
import { type Containers } from './containers.ts'
import { type Coordination } from './coordination.ts'
import { type LeaseSession } from './lease-session.ts'
import { rightBefore, sequenceOf } from './sequence.ts'
import { madeBy, type Sweeper } from './sweeper.ts'

export interface PlaceOptions {
  readonly coordination: Coordination
  readonly containers: Containers
  readonly sweeper: Sweeper
  readonly clock: Clock
}

/** Where the places of one lease are: beside those of others, told by what their names begin with. */
export interface Queue {
  readonly folder: string
  readonly key: string
}

const EMPTY = Buffer.alloc(0)
/** An operation that failed although the session is connected is tried again after so long. */
const RETRY_MS = 50
/** What fails so often while the session is connected won't get better: an ACL, a chroot that isn't there. */
const FAILURES_MAX = 3
/** A folder that is empty may be removed between its making and its first child. */
const TRIES = 5

/** `waitedFor`: the last one that was before; undefined: nobody was. `gone`: the znode was taken away. */
export type Stood =
  | { readonly kind: 'first'; readonly waitedFor: string | undefined }
  | { readonly kind: 'gone' }

export class LeasePlace {
  readonly session: LeaseSession
  readonly #options: PlaceOptions
  readonly #queue: Queue
  readonly #id: string
  readonly #name: string
  #left = false

  private constructor(
    options: PlaceOptions,
    session: LeaseSession,
    made: { queue: Queue; id: string; name: string },
  ) {
    this.#options = options
    this.session = session
    this.#queue = made.queue
    this.#id = made.id
    this.#name = made.name
  }

  /**
   * Takes a place at the end. A create whose answer is lost is found again by its own id; whoever leaves before that
   * leaves it to the sweeper. @throws OvateError OVATE_ZOOKEEPER, the signal's reason.
   */
  static async take(
    options: PlaceOptions,
    session: LeaseSession,
    queue: Queue,
    signal: AbortSignal,
  ): Promise<LeasePlace> {
    const { folder, key } = queue
    const id = session.nextId(key)
    try {
      await again(options, signal, () => session.mark(signal))
      const name = await createIn(options, session, { folder, id }, signal)
      return new LeasePlace(options, session, { queue, id, name })
    } catch (error) {
      if (!session.signal.aborted) options.sweeper.add({ folder, id, name: undefined })
      throw error
    }
  }

  /**
   * Resolves when nobody is before this place any more; `onWait` is called where somebody is.
   * @throws OvateError OVATE_ZOOKEEPER, the signal's reason.
   */
  async first(signal: AbortSignal, onWait: () => void): Promise<Stood> {
    let waitedFor: string | undefined
    for (;;) {
      const names = await this.#names(signal)
      const sequence = sequenceOf(this.#name)
      if (!names.includes(this.#name) || sequence === undefined) return { kind: 'gone' }
      const before = rightBefore(names, sequence)
      if (before === undefined) return { kind: 'first', waitedFor }
      if (waitedFor === undefined) onWait()
      waitedFor = before
      await this.#untilGone(`${this.#queue.folder}/${before}`, signal)
    }
  }

  /** The leader, too, knows this place. @throws OvateError OVATE_ZOOKEEPER, the signal's reason. */
  async prove(signal: AbortSignal): Promise<void> {
    await again(this.#options, signal, () => this.session.prove(signal))
  }

  /** Whether nobody stands behind this place. @throws OvateError OVATE_ZOOKEEPER, the signal's reason. */
  async isLast(signal: AbortSignal): Promise<boolean> {
    const names = await this.#names(signal)
    return names.length === 1 && names[0] === this.#name
  }

  /** True when the znode is gone; false when the sweeper, or the end of the session, sees to it. */
  async leave(signal: AbortSignal): Promise<boolean> {
    if (this.#left || this.session.signal.aborted) return false
    this.#left = true
    try {
      await this.#options.coordination.delete(`${this.#queue.folder}/${this.#name}`, undefined, signal)
      return true
    } catch {
      this.#abandon()
      return false
    }
  }

  /** As `leave`, for who doesn't wait for it. */
  drop(): void {
    if (this.#left) return
    this.#left = true
    this.#abandon()
  }

  #abandon(): void {
    if (this.session.signal.aborted) return
    this.#options.sweeper.add({ folder: this.#queue.folder, id: this.#id, name: this.#name })
  }

  async #names(signal: AbortSignal): Promise<readonly string[]> {
    const { coordination } = this.#options
    const ask = (): Promise<readonly string[] | undefined> =>
      coordination.children(this.#queue.folder, undefined, signal)
    const names = (await again(this.#options, signal, ask)) ?? []
    return names.filter((name) => name.startsWith(`${this.#queue.key}-`))
  }

  async #untilGone(path: string, signal: AbortSignal): Promise<void> {
    const { coordination } = this.#options
    let changed = (): void => undefined
    const change = new Promise<void>((resolve) => {
      changed = resolve
    })
    try {
      const exists = await again(this.#options, signal, () => coordination.exists(path, changed, signal))
      if (exists) await orAborted(change, signal)
    } finally {
      coordination.unwatch(path, changed)
    }
  }
}

/** The name that was given; what is missing above is made on the way. */
async function createIn(
  options: PlaceOptions,
  session: LeaseSession,
  { folder, id }: { readonly folder: string; readonly id: string },
  signal: AbortSignal,
): Promise<string> {
  const { coordination, containers, clock } = options
  return again(options, signal, async (isAgain) => {
    const [found] = isAgain ? await madeBy(coordination, { folder, id }, signal) : []
    if (found !== undefined) return found
    for (let tries = 0; tries < TRIES; tries += 1) {
      signal.throwIfAborted()
      const sentMs = clock.monotonic()
      const created = await coordination.create(`${folder}/${id}`, EMPTY, 'ephemeral-sequential', signal)
      if (created.kind === 'created') {
        session.provenAt(sentMs)
        return created.path.slice(created.path.lastIndexOf('/') + 1)
      }
      signal.throwIfAborted()
      await containers.make(folder, signal)
    }
    throw new OvateError('OVATE_ZOOKEEPER', `${folder}: it goes as often as it is made`)
  })
}

/** Tries until it works, it is hopeless, or the signal fires. Breaks of the connection are waited out. */
async function again<Value>(
  { coordination, clock }: PlaceOptions,
  signal: AbortSignal,
  work: (isAgain: boolean) => Promise<Value>,
): Promise<Value> {
  let failures = 0
  for (let isAgain = false; ; isAgain = true) {
    signal.throwIfAborted()
    try {
      return await work(isAgain)
    } catch (error) {
      signal.throwIfAborted()
      if (coordination.state === 'connected') failures += 1
      if (failures >= FAILURES_MAX || !(error instanceof OvateError)) throw error
      await clock.sleep(RETRY_MS, signal)
      await untilConnected(coordination, signal)
    }
  }
}
