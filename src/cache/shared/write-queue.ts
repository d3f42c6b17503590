// Entries on their way to the store, behind whoever put them: bounded by bytes, the oldest goes when there is no room.
import { orAborted } from '../../abort.ts'
import { sizeOf } from './codec.ts'
import { type Stored } from './stored.ts'

export interface Write {
  readonly key: string
  readonly stored: Stored
  /** For how long it is kept, in ms. */
  readonly lifeMs: number
}

/** `superseded`: the same key was put again, or had been put with a later one. */
export type Dropped = 'queue-full' | 'superseded' | 'closed'

interface Pending {
  write: Write
  readonly settled: Promise<void>
  readonly settle: () => void
}

/** Writes that run at once: each waits for its reply, and large ones are compressed beside. */
const PARALLEL = 4
/** Beside its bytes: objects, promise and map, so that a million empty entries aren't free. */
const OVERHEAD_BYTES = 500

export class WriteQueue {
  readonly #bytesMax: number
  readonly #run: (write: Write) => Promise<void>
  readonly #onDropped: (why: Dropped) => void
  /** In the order in which they were put. */
  readonly #waiting = new Map<string, Pending>()
  readonly #running = new Set<Pending>()
  #bytes = 0
  #closed = false

  /** `run` writes one entry, within a time of its own, and never rejects. */
  constructor(bytesMax: number, run: (write: Write) => Promise<void>, onDropped: (why: Dropped) => void) {
    this.#bytesMax = bytesMax
    this.#run = run
    this.#onDropped = onDropped
  }

  get usage(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#waiting.size + this.#running.size, bytes: this.#bytes }
  }

  put(write: Write): void {
    if (this.#closed) this.#onDropped('closed')
    else if (costOf(write) > this.#bytesMax) this.#onDropped('queue-full')
    else if (!this.#joined(write)) {
      this.#add(write)
      this.#makeRoom()
      this.#pump()
    }
  }

  /** Resolves when all that was put before is written or dropped. @throws the signal's reason. */
  async flushed(signal: AbortSignal): Promise<void> {
    const before = [...this.#running, ...this.#waiting.values()].map(({ settled }) => settled)
    await orAborted(Promise.all(before), signal)
  }

  /** Drops what waits; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const pending of this.#waiting.values()) this.#drop(pending, 'closed')
    await Promise.all([...this.#running].map(({ settled }) => settled))
  }

  /** One entry of a key waits at a time; the one that began later stays, in the place of the first. */
  #joined(write: Write): boolean {
    const pending = this.#waiting.get(write.key)
    if (pending === undefined) return false
    this.#onDropped('superseded')
    if (write.stored.meta.beganAtMs < pending.write.stored.meta.beganAtMs) return true
    this.#bytes += costOf(write) - costOf(pending.write)
    pending.write = write
    this.#makeRoom()
    return true
  }

  #add(write: Write): void {
    let settle = (): void => undefined
    const settled = new Promise<void>((resolve) => (settle = resolve))
    this.#waiting.set(write.key, { write, settled, settle })
    this.#bytes += costOf(write)
  }

  #makeRoom(): void {
    for (const pending of this.#waiting.values()) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(pending, 'queue-full')
    }
  }

  #drop(pending: Pending, why: Dropped): void {
    this.#waiting.delete(pending.write.key)
    this.#end(pending)
    this.#onDropped(why)
  }

  #pump(): void {
    for (const pending of this.#waiting.values()) {
      if (this.#running.size >= PARALLEL) return
      this.#waiting.delete(pending.write.key)
      this.#running.add(pending)
      this.#run(pending.write)
        .catch(() => undefined)
        .finally(() => {
          this.#running.delete(pending)
          this.#end(pending)
          this.#pump()
        })
        .catch(() => undefined)
    }
  }

  #end(pending: Pending): void {
    this.#bytes -= costOf(pending.write)
    pending.settle()
  }
}

function costOf({ stored }: Write): number {
  return sizeOf(stored) + OVERHEAD_BYTES
}
