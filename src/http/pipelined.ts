// What becomes of requests in line on one connection.
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

const inLine = new WeakMap<Socket, Set<ServerResponse>>()
const closing = new WeakSet<Socket>()

/** No request that follows on a connection is to be answered. */
export function closeAfter(socket: Socket): void {
  closing.add(socket)
}

export function isClosing(socket: Socket): boolean {
  return closing.has(socket)
}

/**
 * Sees to it that an answer learns when its connection has gone. Node (20) tells only the one whose turn it is: another
 * would wait for ever, and hold a place at a Broker.
 */
export function watchConnection(response: ServerResponse): void {
  if (response.socket !== null) return
  const { socket } = response.req
  const known = inLine.get(socket)
  const answers = known ?? new Set()
  answers.add(response)
  response.once('finish', () => answers.delete(response))
  if (known !== undefined) return
  inLine.set(socket, answers)
  socket.once('close', () => {
    for (const answer of answers) {
      answer.destroy()
      answer.emit('close')
    }
  })
}
