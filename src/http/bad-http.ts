// What is no HTTP, or too slow or too large for it, answered in the shape of Druid's errors.
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { OvateError } from '../errors.ts'
import { errorBody, type OnError } from './error-answer.ts'
import { LINGER_MS } from './last-answer.ts'
import { closeAfter, hasPlace, inLine } from './pipelined.ts'

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

/** Connections that end with an answer which is due, or with their refusal, whatever else comes on them. */
const ending = new WeakSet<Socket>()

/**
 * For the server's `clientError`: refuses what came, and ends the connection. As from Jetty (33.0.0), good requests before it
 * have their answers first; one that is answered while it still comes is cut. So is what failed below HTTP: an answer would
 * wait for the end of a handshake, and the connection with it, for ever.
 */
export function refuseBadHttp(error: NodeJS.ErrnoException, socket: Socket, onError: OnError): void {
  const isOfHttp = OF_HTTP.test(error.code ?? '')
  // Node (20) tells of each piece that comes after what it couldn't read. It reads on, and so sees when the client leaves.
  if (isOfHttp && ending.has(socket)) return
  if (!isOfHttp || !socket.writable) {
    socket.destroy()
    return
  }
  const due = lastDue(socket)
  if (due !== undefined) endAfter(due, socket, () => refuseBadHttp(error, socket, onError))
  else if (answerOf(socket)?.headersSent === true) socket.destroy()
  else {
    const told = new OvateError('OVATE_BAD_REQUEST', `the request is no valid HTTP: ${error.message}`)
    onError(told)
    endRefused(socket, refusal(error.code ?? '', errorBody(told)))
  }
}

function endRefused(socket: Socket, refused: string): void {
  // What still comes is dropped: cut at once, a client that sends on before it reads would lose its refusal.
  ending.add(socket)
  // The rest of what is refused is asked of nobody, nor is what follows.
  answerOf(socket)?.req.removeAllListeners('data').removeAllListeners('end').resume()
  closeAfter(socket)
  socket.end(refused)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

/** The last answer of a connection whose request has come as a whole. Half a head may have been refused, and completed since. */
function lastDue(socket: Socket): ServerResponse | undefined {
  return [answerOf(socket), ...inLine(socket)].findLast(
    (answer) => answer?.req.complete === true && hasPlace(answer),
  )
}

// A head that isn't out can say that nothing follows. One that is may have promised more, which is the refusal.
function endAfter(due: ServerResponse, socket: Socket, refuse: () => void): void {
  ending.add(socket)
  closeAfter(socket)
  if (!due.headersSent) due.shouldKeepAlive = false
  else
    due.once('finish', () => {
      ending.delete(socket)
      if (socket.writable) refuse()
    })
}

function refusal(code: string, body: Buffer): string {
  const status = STATUS.get(code) ?? '400 Bad Request'
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.toString()}`
}
