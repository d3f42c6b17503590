// What is no HTTP, or too slow or too large for it, answered in the shape of Druid's errors.
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { OvateError } from '../errors.ts'
import { errorBody } from './error-answer.ts'

const STATUS: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

/** The answer whose turn it is on a connection: node:http keeps it there. */
export function answerOf(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

/** The parser's and the server's codes; others are of the connection, or of a TLS handshake that came to nothing. */
const OF_HTTP = /^(?:HPE_|ERR_HTTP_)/

/**
 * For the server's `clientError`. An answer under way on the connection is not written into: it is cut. So is what failed
 * below HTTP: an answer would wait for the end of a handshake, and the connection with it, for ever.
 */
export function refuseBadHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  const isOfHttp = OF_HTTP.test(error.code ?? '')
  if (!isOfHttp || !socket.writable || answerOf(socket)?.headersSent === true) {
    socket.destroy()
    return
  }
  const body = errorBody(
    new OvateError('OVATE_BAD_REQUEST', `the request is no valid HTTP: ${error.message}`),
  )
  const status = STATUS.get(error.code ?? '') ?? '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.toString()}`,
  )
}
