// What becomes of requests in line on one connection.
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

interface Line {
  /** Those whose turn has not come, and those that came by it since they stood here. */
  readonly answers: Set<ServerResponse>
  /** Those of requests that came although none was to follow. */
  readonly unanswered: Set<ServerResponse>
}

/**
 * Requests of one connection that may wait for their turn. Jetty reads one at a time, so that no client gains by more;
 * each one that Ovate has read may be a query at a Broker.
 */
const IN_LINE_MAX = 100

const lines = new WeakMap<Socket, Line>()
const closing = new WeakSet<Socket>()

/** No request that follows on a connection is to be answered. */
export function closeAfter(socket: Socket): void {
  closing.add(socket)
}

/** The answers of a connection that stood in line, in their order, and are not out. */
export function inLine(socket: Socket): readonly ServerResponse[] {
  return [...(lines.get(socket)?.answers ?? [])]
}

/** Whether this is the answer of a request that took its place. */
export function hasPlace(response: ServerResponse): boolean {
  return lines.get(response.req.socket)?.unanswered.has(response) !== true
}

/**
 * Whether a request is to be answered. Sees to it that its answer learns when its connection has gone: Node (20) tells
 * only the one whose turn it is, and another would wait for ever, and hold a place at a Broker. A connection on which more
 * wait than may, or more come than are answered, is cut.
 */
export function takesPlace(response: ServerResponse): boolean {
  const { socket } = response.req
  if (socket.destroyed) return false
  const line = response.socket === null || closing.has(socket) ? lineOf(socket) : undefined
  if (line === undefined) return true
  const isClosing = closing.has(socket)
  if (isClosing) line.unanswered.add(response)
  if (line.answers.size + line.unanswered.size > IN_LINE_MAX) {
    socket.destroy()
    return false
  }
  if (isClosing) return false
  line.answers.add(response)
  response.once('finish', () => line.answers.delete(response))
  return true
}

function lineOf(socket: Socket): Line {
  const known = lines.get(socket)
  if (known !== undefined) return known
  const line: Line = { answers: new Set(), unanswered: new Set() }
  lines.set(socket, line)
  socket.once('close', () => {
    for (const answer of line.answers) {
      answer.destroy()
      answer.emit('close')
    }
  })
  return line
}
