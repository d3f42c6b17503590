// Everything that Ovate doesn't read: bytes to a Broker and bytes back.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Readable } from 'node:stream'
import { type Druid, type DruidAnswer, type DruidRequest } from '../druid/druid.ts'
import { sendError } from './error-answer.ts'
import { endingOf } from '../engine/pass.ts'
import { takesTrailers } from './headers.ts'
import { streamOut } from './stream-out.ts'
import { untilGone } from './until-gone.ts'

export interface Forwarded {
  readonly druid: Pick<Druid, 'send'>
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Where it is another than the client's. */
  readonly path?: string | undefined
  /** Headers for Druid, names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | undefined
  readonly repeatable: boolean
  readonly cancel: DruidRequest['cancel']
  /** Headers that Ovate adds to the answer, names and values in turn. */
  readonly extraHeaders: readonly string[]
}

/** Sends a request on and streams its answer; resolves when that is out or the client has gone. Errors go to the client. */
export async function forward(forwarded: Forwarded): Promise<void> {
  const { druid, request, response, headers, body, repeatable, cancel } = forwarded
  const stop = untilGone(response)
  try {
    const answer = await druid.send(
      {
        method: request.method ?? 'GET',
        path: forwarded.path ?? request.url ?? '/',
        headers,
        body,
        service: undefined,
        repeatable,
        cancel,
      },
      stop.signal,
    )
    await sendAnswer(forwarded, answer)
  } catch (error) {
    if (!response.destroyed) sendError(response, error)
  }
}

/** Streams an answer to the client; resolves when it is out or the client has gone. */
export async function sendAnswer(
  {
    request,
    response,
    extraHeaders = [],
  }: Pick<Forwarded, 'request' | 'response'> & Partial<Pick<Forwarded, 'extraHeaders'>>,
  answer: DruidAnswer,
): Promise<void> {
  const trailers = takesTrailers(request.headers)
  response.writeHead(answer.status, answer.reason, [...headOf(answer, trailers), ...extraHeaders])
  await streamOut(response, answer.body as AsyncIterable<Buffer>, () => endingOf(answer))
}

function headOf(answer: DruidAnswer, trailers: boolean): string[] {
  if (trailers) return [...answer.headers]
  return answer.headers.filter((_, index) => answer.headers[index - (index % 2)]?.toLowerCase() !== 'trailer')
}
