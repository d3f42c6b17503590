// L2: entries that replicas share. It may be slow, full, gone or wrong at any time: then it has nothing, and says so in time.
import { orAborted } from '../../abort.ts'
import { type Clock } from '../../clock.ts'
import { type BreakerState } from './breaker.ts'
import { Breakers } from './breakers.ts'
import { assertSound, type BadEntry, decode, encode, sizeOf } from './codec.ts'
import { storeKey } from './keys.ts'
import { type Link, type Reply } from './link.ts'
import { type Stored } from './stored.ts'
import { type Dropped, type Write, WriteQueue } from './write-queue.ts'

export interface SharedCacheOptions {
  /** Before each key: one for each Druid cluster. */
  readonly namespace: string
  /** For the look-ups of one `get`, in ms. */
  readonly readTimeoutMs: number
  /** For one write, in ms. */
  readonly writeTimeoutMs: number
  /** What waits to be written takes at most so much. */
  readonly queueMaxBytes: number
  /** Bodies above this are compressed. */
  readonly compressAboveBytes: number
  /** An entry larger than this, before compression, is neither written nor read. */
  readonly entryMaxBytes: number
  /** For how long an entry is kept at most, in ms. */
  readonly lifeMaxMs: number
}

/** `down`: not asked, since there is no connection or the breaker is open. `busy`: too many look-ups in the air. */
export type Looked = 'hit' | 'miss' | 'bad' | 'timeout' | 'refused' | 'lost' | 'down' | 'busy'

/** `older`: a newer entry lies there. Whether it was written is not known after `timeout` and `lost`. */
export type Wrote = 'stored' | 'older' | 'timeout' | 'refused' | 'lost' | 'down' | 'too-large' | Dropped

/** Told as it happens; each must be cheap and must not throw. */
export interface SharedCacheEvents {
  readonly looked: (outcome: Looked, tookMs: number) => void
  readonly bad: (why: BadEntry) => void
  readonly wrote: (outcome: Wrote) => void
  /** Redis's own code: OOM, READONLY, LOADING, NOPERM … */
  readonly refused: (code: string) => void
  /** Bytes of entries as they travel. */
  readonly moved: (direction: 'in' | 'out', bytes: number) => void
  readonly breaker: (state: BreakerState) => void
}

export type SharedCacheState = 'connecting' | 'ready' | 'failing' | 'closed'

export interface SharedCache {
  /** `failing`: some server didn't answer in time lately and is left alone for the moment. */
  readonly state: SharedCacheState
  readonly usage: { readonly queuedEntries: number; readonly queuedBytes: number; readonly reading: number }
  /**
   * What is there, in the order of the keys, all asked at once. Undefined for what is not, is bad, or can't be had in time; an
   * entry that is given is whole, but whether it holds is for the caller to check. @throws the signal's reason only.
   */
  get(keys: readonly string[], signal: AbortSignal): Promise<readonly (Stored | undefined)[]>
  /** Writes behind; a newer entry that lies there stays. `lifeMs`: how long it can be of use, left out: as long as allowed. */
  put(key: string, stored: Stored, lifeMs?: number): void
  /** Resolves when all that was put before is written or dropped. @throws the signal's reason. */
  flushed(signal: AbortSignal): Promise<void>
  /** Drops what isn't written yet. */
  close(): Promise<void>
}

/** Look-ups in the air at once, late ones included: a connection that hangs collects no more. */
const READS_MAX = 1_000
const WRITES_MAX = 64

const LATE = Symbol('no reply in time')
const IN_TIME = new Error('answered in time')

export class LinkedSharedCache implements SharedCache {
  readonly #link: Link
  readonly #clock: Clock
  readonly #options: SharedCacheOptions
  readonly #events: SharedCacheEvents
  readonly #breakers: Breakers
  readonly #queue: WriteQueue
  #reading = 0
  #writing = 0

  constructor(link: Link, clock: Clock, options: SharedCacheOptions, events: SharedCacheEvents) {
    this.#link = link
    this.#clock = clock
    this.#options = options
    this.#events = events
    this.#breakers = new Breakers(clock, events.breaker)
    this.#queue = new WriteQueue(
      options.queueMaxBytes,
      async (write) => events.wrote(await this.#write(write)),
      events.wrote,
    )
  }

  get state(): SharedCacheState {
    const { state } = this.#link
    return state === 'ready' && this.#breakers.someFailing ? 'failing' : state
  }

  get usage(): { queuedEntries: number; queuedBytes: number; reading: number } {
    const { entries, bytes } = this.#queue.usage
    return { queuedEntries: entries, queuedBytes: bytes, reading: this.#reading }
  }

  async get(keys: readonly string[], signal: AbortSignal): Promise<readonly (Stored | undefined)[]> {
    signal.throwIfAborted()
    if (keys.length === 0) return []
    const timer = this.#timer(this.#options.readTimeoutMs)
    // Who leaves doesn't take the look-ups along: a breaker waits to be told how they went.
    const looks = this.#link.together(() => keys.map((key) => this.#look(key, timer.late)))
    return await orAborted(Promise.all(looks).finally(timer.stop), signal)
  }

  put(key: string, stored: Stored, lifeMs = this.#options.lifeMaxMs): void {
    assertSound(stored)
    const life = Math.max(1, Math.min(lifeMs, this.#options.lifeMaxMs))
    const write = { key: storeKey(this.#options.namespace, key), stored, lifeMs: life }
    if (sizeOf(stored) > this.#options.entryMaxBytes) this.#events.wrote('too-large')
    else if (this.#isDown(write.key)) this.#events.wrote('down')
    else this.#queue.put(write)
  }

  async flushed(signal: AbortSignal): Promise<void> {
    await this.#queue.flushed(signal)
  }

  async close(): Promise<void> {
    this.#link.close()
    await this.#queue.close()
  }

  async #look(key: string, late: Promise<typeof LATE>): Promise<Stored | undefined> {
    const beganAtMs = this.#clock.monotonic()
    const name = storeKey(this.#options.namespace, key)
    const found = await this.#found(name, late)
    const outcome = typeof found === 'string' ? found : 'hit'
    this.#events.looked(outcome, this.#clock.monotonic() - beganAtMs)
    return typeof found === 'string' ? undefined : found
  }

  async #found(name: string, late: Promise<typeof LATE>): Promise<Stored | Exclude<Looked, 'hit'>> {
    if (this.#reading >= READS_MAX) return 'busy'
    const { entryMaxBytes } = this.#options
    // One byte more than an entry may have tells that it has too many.
    const reply = await this.#asked(name, late, () => this.#read(name, entryMaxBytes + 1))
    if (typeof reply === 'string') return reply
    if (reply.length === 0) return 'miss'
    this.#events.moved('in', reply.length)
    const stored = await decode(name, reply, entryMaxBytes)
    if (typeof stored !== 'string') return stored
    this.#events.bad(stored)
    return 'bad'
  }

  async #write({ key, stored, lifeMs }: Write): Promise<Wrote> {
    if (this.#writing >= WRITES_MAX || this.#isDown(key)) return 'down'
    const bytes = await encode(key, stored, this.#options.compressAboveBytes)
    const timer = this.#timer(this.#options.writeTimeoutMs)
    try {
      const reply = await this.#asked(key, timer.late, () => this.#store(key, bytes, lifeMs))
      if (typeof reply === 'string') return reply
      this.#events.moved('out', bytes.length)
      return reply ? 'stored' : 'older'
    } finally {
      timer.stop()
    }
  }

  /** What a call brings, if its server is asked at all and answers in time. A refusal is an answer: the server is there. */
  async #asked<Value extends Buffer | boolean>(
    key: string,
    late: Promise<typeof LATE>,
    call: () => Promise<Reply<Value>>,
  ): Promise<Value | 'down' | 'timeout' | 'refused' | 'lost'> {
    const breaker = this.#breakers.of(this.#link.serverOf(key))
    if (this.#link.state !== 'ready' || !breaker.take()) return 'down'
    const reply = await Promise.race([call(), late])
    if (reply === LATE) {
      breaker.failed()
      return 'timeout'
    }
    if (reply.kind === 'lost') {
      breaker.lost()
      return 'lost'
    }
    breaker.succeeded()
    if (reply.kind === 'value') return reply.value
    this.#events.refused(reply.code)
    return 'refused'
  }

  #isDown(key: string): boolean {
    return this.#link.state !== 'ready' || !this.#breakers.of(this.#link.serverOf(key)).gives
  }

  async #read(name: string, bytesMax: number): Promise<Reply<Buffer>> {
    this.#reading += 1
    try {
      return await this.#link.read(name, bytesMax)
    } finally {
      this.#reading -= 1
    }
  }

  async #store(key: string, bytes: Buffer, lifeMs: number): Promise<Reply<boolean>> {
    this.#writing += 1
    try {
      return await this.#link.store(key, bytes, lifeMs)
    } finally {
      this.#writing -= 1
    }
  }

  #timer(ms: number): { readonly late: Promise<typeof LATE>; readonly stop: () => void } {
    const over = new AbortController()
    const late = new Promise<typeof LATE>((resolve) => {
      this.#clock.sleep(ms, over.signal).then(
        // Where the process was busy for longer than that, replies may have come that nobody read yet: one turn of the event loop
        // reads them first.
        () => setImmediate(() => resolve(LATE)),
        () => undefined,
      )
    })
    return { late, stop: () => over.abort(IN_TIME) }
  }
}
