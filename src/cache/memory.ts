// L1: answers in this process, bounded by bytes. What flights hold while they fly counts against the same limit.
import { LRUCache } from 'lru-cache'

/** Anything that knows what it costs. */
export interface Sized {
  /** Bytes held, overhead included. May grow (a rendering is added): tell the cache by `resized`. */
  readonly sizeBytes: number
}

export interface MemoryOptions {
  readonly sizeBytes: number
  /** An entry larger than this is never kept. */
  readonly entryMaxBytes: number
  /** Answers above this size are kept only when asked for twice or dear, so that one scan doesn't flush a dashboard. */
  readonly admitBelowBytes: number
}

/** What one entry costs beside its bytes: map, objects and Buffer headers, measured on Node 20. */
export const ENTRY_OVERHEAD_BYTES = 1_500

const SEEN_MAX = 20_000
/** An answer that cost Druid at least this long is kept whatever its size. */
const DEAR_MS = 500

export class MemoryCache<Entry extends Sized> {
  readonly #entries: LRUCache<string, Entry>
  readonly #seen = new LRUCache<string, true>({ max: SEEN_MAX })
  readonly #options: MemoryOptions
  #heldBytes = 0
  #evictions = 0

  constructor(options: MemoryOptions) {
    this.#options = options
    this.#entries = new LRUCache({
      max: Math.max(1, Math.ceil(options.sizeBytes / ENTRY_OVERHEAD_BYTES)),
      maxSize: Math.max(1, options.sizeBytes),
      sizeCalculation: (entry) => Math.max(1, entry.sizeBytes),
      dispose: (_, __, reason) => {
        if (reason === 'evict') this.#evictions += 1
      },
    })
  }

  /** Hot: a hit passes here. */
  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  get entryMaxBytes(): number {
    return Math.min(this.#options.entryMaxBytes, this.#options.sizeBytes)
  }

  /** Keeps an entry if it may be kept; true when it is. `costMs` is what it took Druid. */
  put(key: string, entry: Entry, costMs: number): boolean {
    if (entry.sizeBytes > this.entryMaxBytes || !this.#admits(key, entry, costMs)) return false
    this.#set(key, entry)
    return this.#entries.has(key)
  }

  /** To be called after an entry that is kept has changed its size. */
  resized(key: string, entry: Entry): void {
    if (this.#entries.peek(key) !== entry) return
    this.#set(key, entry)
  }

  // The value that is there already would keep the size that it came with (lru-cache 11.5).
  #set(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#makeRoom()
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** All that is held, with its keys, as of now. */
  entries(): readonly (readonly [string, Entry])[] {
    return [...this.#entries]
  }

  /** Takes out every entry that `which` says; returns how many. */
  deleteWhere(which: (entry: Entry) => boolean): number {
    const keys = [...this.#entries].filter(([, entry]) => which(entry)).map(([key]) => key)
    for (const key of keys) this.#entries.delete(key)
    return keys.length
  }

  /**
   * Counts bytes that a flight holds, or gives back (negative). False when flights alone would take more than half of
   * the limit: then nothing was counted, and the flight must stop collecting.
   */
  hold(bytes: number): boolean {
    if (bytes > 0 && this.#heldBytes + bytes > this.#options.sizeBytes / 2) return false
    this.#heldBytes += bytes
    this.#makeRoom()
    return true
  }

  get usage(): {
    entries: number
    entryBytes: number
    heldBytes: number
    sizeBytes: number
    evictions: number
  } {
    return {
      entries: this.#entries.size,
      entryBytes: this.#entries.calculatedSize,
      heldBytes: this.#heldBytes,
      sizeBytes: this.#options.sizeBytes,
      evictions: this.#evictions,
    }
  }

  #admits(key: string, entry: Entry, costMs: number): boolean {
    if (entry.sizeBytes <= this.#options.admitBelowBytes || costMs >= DEAR_MS) return true
    if (this.#seen.has(key) || this.#entries.has(key)) return true
    this.#seen.set(key, true)
    return false
  }

  #makeRoom(): void {
    while (this.#entries.size > 0 && this.#entries.calculatedSize + this.#heldBytes > this.#options.sizeBytes)
      this.#entries.pop()
  }
}
