// One upstream body for two: whoever began the flight reads it while it comes, and the flight keeps it as long as it is
// small enough. Past that limit the reader alone sets the pace.
//
//   source ──▶ chunks[ … kept … ] ──▶ reader (at its own pace)
//                   └─ whole, if it ended within the limit
import { EventEmitter, once } from 'node:events'

export interface TeeOptions {
  readonly maxBytes: number
  /** Counts bytes against the common limit; false when there is no room for them. */
  hold(bytes: number): boolean
}

export type Collected =
  | { readonly kind: 'whole'; readonly chunks: readonly Buffer[]; readonly sizeBytes: number }
  | { readonly kind: 'too-large' }
  /** It might have been small enough, but too much is held already. */
  | { readonly kind: 'no-room' }
  | { readonly kind: 'broken'; readonly cause: unknown }

/** What lies between the source and a reader that is slower, once nothing is kept any more. */
const WINDOW_BYTES = 1_000_000

export class Tee {
  readonly #source: AsyncIterable<Buffer>
  readonly #options: TeeOptions
  readonly #events = new EventEmitter()
  readonly #chunks: Buffer[] = []
  #keptBytes = 0
  #heldBytes = 0
  #windowBytes = 0
  #keeping = true
  #state: 'running' | 'ended' | 'broken' = 'running'
  #cause: unknown
  #reader: 'expected' | 'none' = 'expected'

  constructor(source: AsyncIterable<Buffer>, options: TeeOptions) {
    this.#source = source
    this.#options = options
    this.#events.setMaxListeners(0)
  }

  /**
   * Reads the source to its end; resolves early with `too-large` or `no-room` once a limit is passed, and then goes on for
   * the reader only. Never rejects.
   */
  collect(): Promise<Collected> {
    return new Promise((resolve) => {
      const pump = async (): Promise<void> => {
        try {
          for await (const chunk of this.#source) {
            const limit = this.#keeping ? this.#keep(chunk) : undefined
            if (limit !== undefined) resolve({ kind: limit })
            await this.#hand(chunk)
          }
          this.#settle('ended', undefined)
        } catch (error) {
          this.#settle('broken', error)
        }
        if (this.#reader === 'none') this.#release(this.#heldBytes)
        if (this.#state === 'broken') resolve({ kind: 'broken', cause: this.#cause })
        else resolve({ kind: 'whole', chunks: this.#chunks, sizeBytes: this.#keptBytes })
      }
      pump().catch((error: unknown) => resolve({ kind: 'broken', cause: error }))
    })
  }

  /** The body for the one that began; throws what broke the source, after what came before. */
  async *read(): AsyncGenerator<Buffer> {
    let next = 0
    try {
      for (;;) {
        const chunk = this.#keeping || next < this.#chunks.length ? this.#chunks[next] : undefined
        if (chunk !== undefined) {
          next = this.#taken(next, chunk)
          yield chunk
        } else if (this.#state === 'running' && this.#reader === 'expected') await once(this.#events, 'news')
        else break
      }
      if (this.#state === 'broken') throw this.#cause
    } finally {
      this.leave()
    }
  }

  /** The one that began reads no more, or never will. */
  leave(): void {
    this.#reader = 'none'
    if (this.#state !== 'running') this.#release(this.#heldBytes)
    this.#events.emit('room')
    this.#events.emit('news')
  }

  /** The limit that a chunk passes, if it does. */
  #keep(chunk: Buffer): 'too-large' | 'no-room' | undefined {
    const fits = this.#keptBytes + chunk.length <= this.#options.maxBytes
    if (!fits || !this.#options.hold(chunk.length)) {
      this.#keeping = false
      return fits ? 'no-room' : 'too-large'
    }
    this.#keptBytes += chunk.length
    this.#heldBytes += chunk.length
    return undefined
  }

  async #hand(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk)
    this.#windowBytes += chunk.length
    this.#events.emit('news')
    while (!this.#keeping && this.#windowBytes > WINDOW_BYTES) {
      if (this.#reader === 'none') throw new Error('nobody reads an answer that is too large to keep')
      await once(this.#events, 'room')
    }
  }

  // While chunks are kept the reader walks along them; afterwards what it has read is let go.
  #taken(index: number, chunk: Buffer): number {
    this.#windowBytes -= chunk.length
    if (this.#keeping || this.#state === 'ended') return index + 1
    const readBytes = this.#chunks.splice(0, index + 1).reduce((sum, { length }) => sum + length, 0)
    // Held ones come first.
    this.#release(Math.min(readBytes, this.#heldBytes))
    this.#events.emit('room')
    return 0
  }

  #settle(state: 'ended' | 'broken', cause: unknown): void {
    this.#state = state
    this.#cause = cause
    this.#events.emit('news')
  }

  // What a slow reader has yet to get stays counted: it takes memory however the flight ended.
  #release(bytes: number): void {
    this.#options.hold(-bytes)
    this.#heldBytes -= bytes
  }
}
