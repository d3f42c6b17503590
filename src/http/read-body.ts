// A request's body, whole, in bounded memory.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { OvateError } from '../errors.ts'

const inflate = promisify(gunzip)

type Done = (outcome: Buffer | OvateError) => void

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** What each request may take without being counted: nearly all bodies are smaller. */
const UNCOUNTED_BYTES = 65_536
const FIRST_BYTES = 4_096
/** Bodies that go on as they come in; each takes a place at a Broker for as long as its client sends. */
const STREAMS_MAX = 20
/** Deflate packs no more than this into one byte (zlib's technical details). */
const GZIP_RATIO_MAX = 1_032

/** Reads bodies, and keeps count of what the large ones of all requests take together until their answers are out. */
export class BodyReader {
  readonly #maxBytes: number
  readonly #allMaxBytes: number
  readonly #heldBytes = new WeakMap<ServerResponse, number>()
  #allBytes = 0
  #streams = 0

  constructor(limits: { readonly maxBytes: number; readonly allMaxBytes: number }) {
    this.#maxBytes = limits.maxBytes
    this.#allMaxBytes = limits.allMaxBytes
  }

  /** What is counted now. */
  get heldBytes(): number {
    return this.#allBytes
  }

  /**
   * Hot: a hit passes here. Collects a body as it came, still encoded, and gives it to `done`, once: the bytes, or an
   * error as soon as they pass a limit. A client that leaves before the end gets nothing.
   */
  collect({ request, response }: Exchange, done: Done): void {
    const announcedBytes = Number(request.headers['content-length'] ?? 0)
    if (announcedBytes > this.#maxBytes) return done(this.#tooLarge())
    const fail = (error: OvateError): void => {
      request.removeAllListeners('data').removeAllListeners('end').pause()
      done(error)
    }
    let body: Buffer = EMPTY
    let sizeBytes = 0
    request.on('data', (chunk: Buffer) => {
      const from = sizeBytes
      sizeBytes += chunk.length
      if (sizeBytes > this.#maxBytes) return fail(this.#tooLarge())
      if (!this.#hold(response, sizeBytes)) return fail(noRoom())
      // The usual body is one chunk. Others are put together at once: a chunk may be a single byte, and a list of those
      // takes a hundred times what they say.
      if (from === 0) body = chunk
      else body = appended(body, from, chunk)
    })
    request.on('end', () => done(body.length === sizeBytes ? body : body.subarray(0, sizeBytes)))
  }

  /**
   * Gives a body of any size to `done`, once: the bytes where all of them came at 64 KiB or less, else a stream of it all. So a client that sends slowly takes no place at a Broker, but for a few that have sent much.
   */
  begin({ request, response }: Exchange, done: (outcome: Buffer | Readable | OvateError) => void): void {
    let body: Buffer = EMPTY
    let sizeBytes = 0
    const onData = (chunk: Buffer): void => {
      body = sizeBytes === 0 ? chunk : appended(body, sizeBytes, chunk)
      sizeBytes += chunk.length
      if (sizeBytes <= UNCOUNTED_BYTES) return
      request.off('data', onData).off('end', onEnd).pause()
      if (!this.#takeStream(response)) return done(tooMany())
      request.unshift(body.subarray(0, sizeBytes))
      done(streamOf(request))
    }
    const onEnd = (): void => done(body.subarray(0, sizeBytes))
    request.on('data', onData).on('end', onEnd)
  }

  #takeStream(response: ServerResponse): boolean {
    if (response.destroyed || this.#streams >= STREAMS_MAX) return false
    this.#streams += 1
    response.once('close', () => (this.#streams -= 1))
    return true
  }

  /**
   * The body without its gzip encoding, which Druid takes too.
   * @throws OvateError OVATE_BAD_BODY when it is no gzip, OVATE_BODY_TOO_LARGE when it inflates past the limit,
   * OVATE_QUEUE_FULL when there is no room for what it may come to.
   */
  async inflated({ response }: Pick<Exchange, 'response'>, body: Buffer): Promise<Buffer> {
    const mayBecomeBytes = Math.min(this.#maxBytes, body.length * GZIP_RATIO_MAX)
    // One that may need more than there is has all of it, or it would be refused however often it came.
    const roomBytes = Math.min(this.#allMaxBytes, body.length + mayBecomeBytes)
    if (!this.#hold(response, roomBytes)) throw noRoom()
    try {
      const plain = await inflate(body, { maxOutputLength: this.#maxBytes })
      this.#hold(response, body.length + plain.length)
      return plain
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw this.#tooLarge()
      const message = 'the request says Content-Encoding: gzip, but its body is not gzip'
      throw new OvateError('OVATE_BAD_BODY', message, { cause: error })
    }
  }

  /** Counts what a request takes now, in place of what it took; false when there is no room for more. */
  #hold(response: ServerResponse, bytes: number): boolean {
    const before = this.#heldBytes.get(response)
    if (before === undefined && bytes <= UNCOUNTED_BYTES) return true
    const more = bytes - (before ?? 0)
    if (response.destroyed || (more > 0 && this.#allBytes + more > this.#allMaxBytes)) return false
    if (before === undefined) response.once('close', () => this.#release(response))
    this.#allBytes += more
    this.#heldBytes.set(response, bytes)
    return true
  }

  #release(response: ServerResponse): void {
    this.#allBytes -= this.#heldBytes.get(response) ?? 0
    this.#heldBytes.delete(response)
  }

  #tooLarge(): OvateError {
    return new OvateError(
      'OVATE_BODY_TOO_LARGE',
      `the request's body is larger than ${this.#maxBytes} bytes: send less, or have listen.maxBody raised`,
    )
  }
}

const EMPTY = Buffer.alloc(0)

// Whoever sends a stream on destroys it when the other side wants no more, and a request that is destroyed takes the
// connection along on which it is to be answered.
function streamOf(request: IncomingMessage): Readable {
  const body = new PassThrough()
  request.once('close', () => {
    if (!request.readableEnded) body.destroy(new Error('the client broke off its body'))
  })
  // It may break off before anybody reads; who does then sees it.
  body.on('error', () => undefined)
  return request.pipe(body)
}

function appended(body: Buffer, length: number, chunk: Buffer): Buffer {
  const wantedBytes = length + chunk.length
  // A chunk as it came is full: the first one that follows makes room.
  if (wantedBytes <= body.length) {
    chunk.copy(body, length)
    return body
  }
  const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, wantedBytes, body.length * 2))
  body.copy(larger, 0, 0, length)
  chunk.copy(larger, length)
  return larger
}

function tooMany(): OvateError {
  const message = `${STREAMS_MAX} large bodies are on their way already: try again in a moment`
  return new OvateError('OVATE_QUEUE_FULL', message)
}

function noRoom(): OvateError {
  return new OvateError(
    'OVATE_QUEUE_FULL',
    'the bodies of other requests take all of listen.allBodies: try again in a moment',
  )
}
