// One request on one connection: head, body with back-pressure, trailers, and an end that is told once.
import assert from 'node:assert'
import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import { type Dispatcher } from 'undici'
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { Deferred } from './deferred.ts'
import { endToEndHeaders, headersForBuffer, headersForStream, isKnownByConnection } from './wire-headers.ts'

export interface ExchangeRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | undefined
}

export interface Head {
  readonly status: number
  /** The words beside the status, a character for each byte, as they can be written again. */
  readonly reason: string
  readonly headers: readonly string[]
  readonly body: Readable
  readonly sentAtMs: number
  /** When the head came in, by our clock, in ms. */
  readonly headAtMs: number
  trailers(): Readonly<Record<string, string>>
}

export class Exchange implements Dispatcher.DispatchHandler {
  /** Called when the reader gave up before the end; the owner then calls `abort`, at once or after a DELETE. */
  onAbandoned: (() => void) | undefined
  readonly #clock: Clock
  readonly #onDone: () => void
  readonly #body: Readable
  #controller: Dispatcher.DispatchController | undefined
  readonly #head = new Deferred<Head>()
  #pending: Head | undefined
  #sentAtMs = 0
  #trailers: Record<string, string> = {}
  #aborted: Error | undefined
  #handedOver = false
  #done = false
  #givenUp = false

  /** `onDone` is called once, when the connection is free again or gone. */
  constructor(clock: Clock, onDone: () => void) {
    this.#clock = clock
    this.#onDone = onDone
    this.#body = new Readable({
      read: () => this.#controller?.resume(),
      destroy: (error, callback) => {
        if (!this.#done && !this.#givenUp) this.#abandon()
        callback(error)
      },
    })
    // The connection may break between the head and the moment at which its reader listens; the reader sees it then.
    this.#body.on('error', () => undefined)
  }

  /** Resolves once the first bytes of the body, or its end, are there; rejects with what broke the connection. */
  get head(): Promise<Head> {
    return this.#head.promise
  }

  /** When the request was written, by our clock, in ms; 0 before. */
  get sentAtMs(): number {
    return this.#sentAtMs
  }

  /** Whether the request, or a part of it, was written. */
  get started(): boolean {
    return this.#sentAtMs > 0
  }

  /** Whether the caller has got the head. */
  get handedOver(): boolean {
    return this.#handedOver
  }

  /** Whether a head came in, handed over or not. */
  get answered(): boolean {
    return this.#pending !== undefined
  }

  get done(): boolean {
    return this.#done
  }

  /** Nobody reads any more, and nobody is to be told; the connection stays until `abort`, for the head at most. */
  giveUp(): void {
    this.#givenUp = true
    if (this.answered) this.#controller?.pause()
    this.#body.destroy()
  }

  /** Destroys the connection; the head, or else the body, fails with `reason`. */
  abort(reason: Error): void {
    if (this.#done) return
    this.#aborted = reason
    if (this.#controller === undefined) this.#fail(reason)
    else this.#controller.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // undici has no way to take back a request that waits for its connection: it is stopped here.
    if (this.#aborted !== undefined) controller.abort(this.#aborted)
    else this.#sentAtMs = this.#clock.now()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason = '',
  ): void {
    if (status < 200) return
    this.#pending = {
      status,
      reason: wordsOf(status, reason),
      headers: endToEndHeaders(rawList(controller.rawHeaders)),
      body: this.#body,
      sentAtMs: this.#sentAtMs,
      headAtMs: this.#clock.now(),
      trailers: () => this.#trailers,
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body.destroyed || !this.#body.push(chunk)) controller.pause()
    this.#handOver()
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: Record<string, unknown>): void {
    this.#trailers = trailerTexts(trailers)
    this.#finish()
    this.#body.push(null)
    this.#handOver()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(this.#aborted ?? error)
  }

  #handOver(): void {
    if (this.#handedOver) return
    assert(this.#pending !== undefined, 'a body came before its head')
    this.#handedOver = true
    this.#head.resolve(this.#pending)
  }

  #fail(error: Error): void {
    if (this.#done) return
    this.#finish()
    if (this.#handedOver) this.#body.destroy(brokenOff(error, this.#aborted))
    else this.#head.reject(error)
  }

  #finish(): void {
    if (this.#done) return
    this.#done = true
    this.#onDone()
  }

  #abandon(): void {
    this.#controller?.pause()
    if (this.onAbandoned !== undefined) this.onAbandoned()
    else this.abort(new OvateError('OVATE_CANCELLED', 'the answer was given up'))
  }
}

/** Sends `request`; nothing is thrown here: what fails comes out of `head`. */
export function dispatch(dispatcher: Dispatcher, request: ExchangeRequest, exchange: Exchange): void {
  const { method, path, headers, body = null } = request
  const list = body instanceof Readable ? headersForStream(headers) : headersForBuffer(headers)
  // A connection that somebody has made known as his carries nobody else's request after it.
  const reset = isKnownByConnection(headers)
  // The caller's signal is the only deadline: undici's own would cut slow queries.
  const limits = { headersTimeout: 0, bodyTimeout: 0 }
  dispatcher.dispatch(
    { method: method as Dispatcher.HttpMethod, path, headers: list, body, reset, ...limits },
    exchange,
  )
}

/** What Node writes beside a status, each character a byte; it throws for anything else. */
const WRITABLE = /^[\t\x20-\x7e\x80-\xff]*$/

// undici has read the bytes as UTF-8: where they were none they are lost, and the usual words have to do.
function wordsOf(status: number, read: string): string {
  const words = Buffer.from(read).toString('latin1')
  return WRITABLE.test(words) && !read.includes('\ufffd') ? words : (STATUS_CODES[status] ?? '')
}

function brokenOff(error: Error, aborted: Error | undefined): Error {
  if (error === aborted) return error
  return new OvateError('OVATE_BROKER_FAILED', `the Broker broke off its answer: ${error.message}`, {
    cause: error,
  })
}

function rawList(raw: Dispatcher.DispatchController['rawHeaders']): readonly (Buffer | string)[] {
  assert(Array.isArray(raw), 'undici gives raw headers as a list')
  return raw
}

function trailerTexts(trailers: Record<string, unknown>): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(trailers)) {
    texts[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return texts
}
