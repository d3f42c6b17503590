// A listener's end, in which nothing is cut that is on its way to a client.
import { type Server } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { answerOf } from './bad-http.ts'

/** Between two looks for connections that have become idle, while the listener closes. */
const SWEEP_MS = 50

/**
 * Node (20) calls a connection idle as soon as its answer is ended, whose bytes may wait here for a client that reads
 * slowly, and would cut it: by `close` as well as by `closeIdleConnections`. From now on both wait until it is out.
 */
export function spareAnswers(server: Server): void {
  const sockets = new Set<Socket>()
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    const unsent = [...sockets].flatMap((socket) => {
      const answer = answerOf(socket)
      return answer?.writableEnded === true && !answer.writableFinished ? [answer] : []
    })
    // By this alone Node tells them apart.
    for (const answer of unsent) answer.finished = false
    closeIdle()
    for (const answer of unsent) answer.finished = true
  }
}

/** Takes no new connection, lets running requests end for `graceMs`, then cuts them. */
export async function closed(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that works now is idle after its answer, and would stay for as long as it is kept alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const last = setTimeout(() => server.closeAllConnections(), graceMs)
  await ended
  clearInterval(sweep)
  clearTimeout(last)
}
