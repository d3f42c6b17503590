// The end of an answer that is there before its request's body is over.
import { type ServerResponse } from 'node:http'
import { closeAfter } from './pipelined.ts'

/** How long what still comes behind a last answer is read and dropped, ms. */
export const LINGER_MS = 2_000

/** Headers for an answer whose request's body is not over: what is not read to its end leaves a connection of no more use. */
export function lastHeaders({ req: request }: ServerResponse): readonly string[] {
  if (request.complete) return []
  closeAfter(request.socket)
  return ['Connection', 'close']
}

/** Ends an answer with its last bytes. The rest of its request's body, where nobody reads it any more, is dropped. */
export function endAnswer(response: ServerResponse, last: Buffer | undefined): void {
  const { complete } = response.req
  // Nothing of the connection is read while this waits.
  response.req.unpipe().resume()
  if (complete) response.end(last)
  else endLater(response, last)
}

// Closed with bytes unread, a connection is reset, and the client may lose the answer (RFC 9112 §9.6): it goes out, and the
// end of the connection waits for the end of the body, or a little.
function endLater(response: ServerResponse, last: Buffer | undefined): void {
  const request = response.req
  const end = (): void => {
    clearTimeout(timer)
    request.off('end', end).off('close', end)
    response.end()
  }
  const timer = setTimeout(end, LINGER_MS)
  request.once('end', end).once('close', end)
  if (last === undefined) response.flushHeaders()
  else response.write(last)
}
