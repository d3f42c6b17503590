// One request that Ovate doesn't answer itself, on its way to Druid and back: with an end to Druid's silence.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Clock } from '../clock.ts'
import { type Druid, type DruidAnswer, type DruidRequest } from '../druid/druid.ts'
import { endingOf } from '../engine/pass.ts'
import { OvateError } from '../errors.ts'
import { type OnError, sendError } from './error-answer.ts'
import { takesTrailers } from './headers.ts'
import { inTime } from './in-time.ts'
import { lastHeaders } from './last-answer.ts'
import { streamOut } from './stream-out.ts'
import { untilGone } from './until-gone.ts'

export interface PassRules {
  readonly clock: Clock
  /** How long Druid may say nothing: neither begin its answer nor go on with it, in ms. */
  readonly readTimeoutMs: number
  readonly onError: OnError
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export class Passage {
  readonly #exchange: Exchange
  readonly #rules: PassRules
  readonly #stop: AbortController

  constructor(exchange: Exchange, rules: PassRules) {
    this.#exchange = exchange
    this.#rules = rules
    this.#stop = untilGone(exchange.response)
  }

  /** Fires when the client has gone, or Druid has said nothing for too long. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** @throws OvateError as `Druid.send`, OVATE_DEADLINE; the signal's reason. */
  async send(druid: Pick<Druid, 'send'>, request: DruidRequest): Promise<DruidAnswer> {
    const timer = setTimeout(() => this.#stop.abort(this.#late()), this.#rules.readTimeoutMs)
    try {
      return await druid.send(request, this.#stop.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The body as it comes; throws where it doesn't any more. */
  body({ body }: DruidAnswer): AsyncIterable<Buffer> {
    const { clock, readTimeoutMs } = this.#rules
    const late = (): Error => this.#late()
    const silence = { clock, deadlineMs: Number.NEGATIVE_INFINITY, graceMs: readTimeoutMs, late }
    return inTime(body as AsyncIterable<Buffer>, this.#stop, silence)
  }

  /** Streams an answer, with headers of Ovate's own, to the client; resolves when it is out or the client has gone. */
  async give(answer: DruidAnswer, extraHeaders: readonly string[] = []): Promise<void> {
    const { request, response } = this.#exchange
    const head = headOf(answer, takesTrailers(request))
    response.writeHead(answer.status, answer.reason, [...head, ...extraHeaders, ...lastHeaders(response)])
    await streamOut(response, this.body(answer), () => endingOf(answer))
  }

  /** The client is told, if it is there; nothing is asked of Druid any more. */
  fail(error: unknown): void {
    // An answer whose head could not be written has a body that nobody will read.
    this.#stop.abort(error)
    sendError(this.#exchange.response, error, this.#rules.onError)
  }

  #late(): OvateError {
    return new OvateError('OVATE_DEADLINE', `Druid said nothing for ${this.#rules.readTimeoutMs} ms`)
  }
}

function headOf(answer: DruidAnswer, trailers: boolean): string[] {
  if (trailers) return [...answer.headers]
  return answer.headers.filter((_, index) => answer.headers[index - (index % 2)]?.toLowerCase() !== 'trailer')
}
