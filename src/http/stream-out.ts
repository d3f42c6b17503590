// A body on its way out, at the client's pace, with an end that shows whether it is one.
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { type Ending } from '../engine/request.ts'
import { belowTls } from './below-tls.ts'
import { takesTrailers } from './headers.ts'
import { endAnswer } from './last-answer.ts'

/**
 * Writes a body after its head; resolves when it is out or the client has gone. A body that broke off is never ended
 * properly: what came of it goes out, then the connection is cut, so that no client takes that for an end. Clients that
 * asked for trailers are told of a failure as Druid tells it.
 */
export async function streamOut(
  response: ServerResponse,
  body: AsyncIterable<Buffer>,
  ending: () => Ending,
): Promise<void> {
  let last: Buffer | undefined
  try {
    for await (const chunk of body) {
      if (response.destroyed) return
      // With its length announced an answer looks whole when its last byte is out: that waits until it is known to be.
      const ready = response.chunkedEncoding ? chunk : last
      last = response.chunkedEncoding ? undefined : chunk
      if (ready !== undefined && !response.write(ready)) await drained(response)
    }
  } catch {
    return cut(response)
  }
  const { complete, trailers } = ending()
  const told = takesTrailers(response.req) && response.chunkedEncoding
  if (!complete && !told) return cut(response)
  if (told)
    response.addTrailers(Object.entries(complete ? trailers : { ...trailers, ...BROKEN }).map(trailer))
  endAnswer(response, last)
}

/** As Brokers say it; behind a Router nobody else does. */
const BROKEN = { 'x-druid-response-complete': 'false' }

/** Druid's own spelling: Node gives trailers in lower case. */
const TRAILER_NAMES = new Map([
  ['x-druid-response-complete', 'X-Druid-Response-Complete'],
  ['x-error-message', 'X-Error-Message'],
])

function trailer([name, value]: [string, string]): [string, string] {
  return [TRAILER_NAMES.get(name) ?? name, value]
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

function cut(response: ServerResponse): void {
  // The head is kept back for the first bytes of the body, which may never have come.
  response.flushHeaders()
  const { socket } = response
  if (socket === null) response.destroy()
  // HTTP/1.0 knows no end of a body but the end of its connection: only a reset is none.
  else if (response.req.httpVersionMinor === 0) socket.write('', () => reset(socket))
  else socket.destroySoon()
}

function reset(socket: Socket): void {
  const below = belowTls(socket)
  // Without a reset the missing close_notify is the sign, which not every client looks for.
  if (below === undefined) socket.destroy()
  else below.resetAndDestroy()
}
