// How a body that passes by ends, for answers whose HTTP doesn't tell: a Router drops trailers, and closes a broken
// answer like a whole one (observed on 33.0.0).
import { once } from 'node:events'
import { createGunzip } from 'node:zlib'
import { END_BYTES, endsComplete } from '../result/complete-end.ts'
import { type ResultFormat } from '../result/format.ts'

/** Sees the chunks of a body in turn; knows how it ended when its end has been seen. */
interface Watcher {
  see(chunk: Buffer): Promise<void> | undefined
  end(): Promise<void> | undefined
  close(): void
  /** To be asked after `end`. */
  readonly complete: boolean
}

export interface WatchedBody {
  readonly body: AsyncIterable<Buffer>
  /** To be asked when the body has ended. */
  readonly complete: () => boolean
}

/** The same body, watched. `encoding` is its Content-Encoding; one that can't be read here is taken to end well. */
export function watchEnd(
  source: AsyncIterable<Buffer>,
  format: ResultFormat,
  encoding: string | undefined,
): WatchedBody {
  const watcher = watcherOf(format, encoding?.toLowerCase())
  return watcher === undefined
    ? { body: source, complete: () => true }
    : { body: watched(source, watcher), complete: () => watcher.complete }
}

function watcherOf(format: ResultFormat, encoding: string | undefined): Watcher | undefined {
  if (encoding === undefined || encoding === 'identity') return new PlainEnd(format)
  return encoding === 'gzip' || encoding === 'x-gzip' ? new GzipEnd(format) : undefined
}

async function* watched(source: AsyncIterable<Buffer>, watcher: Watcher): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source) {
      await watcher.see(chunk)
      yield chunk
    }
    await watcher.end()
  } finally {
    watcher.close()
  }
}

class PlainEnd implements Watcher {
  readonly #format: ResultFormat
  #last: Buffer = Buffer.alloc(0)
  #totalBytes = 0

  constructor(format: ResultFormat) {
    this.#format = format
  }

  see(chunk: Buffer): undefined {
    this.#totalBytes += chunk.length
    // A copy: a view would hold the whole chunk.
    this.#last = Buffer.concat([this.#last, chunk.subarray(-END_BYTES)]).subarray(-END_BYTES)
  }

  end(): undefined {
    return undefined
  }

  close(): void {
    return undefined
  }

  get complete(): boolean {
    return endsComplete(this.#format, this.#last, this.#totalBytes)
  }
}

class GzipEnd implements Watcher {
  readonly #plain: PlainEnd
  readonly #gunzip = createGunzip()
  readonly #ended: Promise<boolean>
  #whole = false

  constructor(format: ResultFormat) {
    this.#plain = new PlainEnd(format)
    this.#gunzip.on('data', (chunk: Buffer) => this.#plain.see(chunk))
    this.#ended = new Promise((resolve) => {
      this.#gunzip.on('end', () => resolve(true)).on('error', () => resolve(false))
    })
  }

  async see(chunk: Buffer): Promise<void> {
    if (this.#gunzip.destroyed || this.#gunzip.write(chunk)) return
    await Promise.race([once(this.#gunzip, 'drain').catch(() => undefined), this.#ended])
  }

  async end(): Promise<void> {
    this.#gunzip.end()
    this.#whole = await this.#ended
  }

  close(): void {
    this.#gunzip.destroy()
  }

  get complete(): boolean {
    return this.#whole && this.#plain.complete
  }
}
