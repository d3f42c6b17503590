// A listener's end, in which nothing is cut that is on its way to a client.
import { type Server } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { answerOf } from './bad-http.ts'

/** Between two looks for connections that have become idle, while the listener closes. */
const SWEEP_MS = 50

export interface Connections {
  /** Each connection ends with the answer that is under way on it. */
  lastAnswers(): void
}

/**
 * Node (20) calls a connection idle as soon as its answer is ended, whose bytes may wait here for a client that reads
 * slowly, and would cut it: by `close` as well as by `closeIdleConnections`. From now on both wait until it is out.
 */
export function spareAnswers(server: Server): Connections {
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
  return {
    lastAnswers: () => {
      for (const socket of sockets) endWithAnswer(socket)
    },
  }
}

// An answer whose head is out has promised more: who takes that at its word asks again as soon as it is there, and must
// find the connection's end behind it, not a moment later.
function endWithAnswer(socket: Socket): void {
  const answer = answerOf(socket)
  if (answer === undefined) return
  if (!answer.headersSent) answer.shouldKeepAlive = false
  else answer.once('finish', () => answerOf(socket) ?? socket.destroySoon())
}

/** Takes no new connection, lets running requests end for `graceMs`, then cuts them. */
export async function closed(server: Server, connections: Connections, graceMs: number): Promise<void> {
  connections.lastAnswers()
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that works now is idle after its answer, and would stay for as long as it is kept alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const last = setTimeout(() => server.closeAllConnections(), graceMs)
  await ended
  clearInterval(sweep)
  clearTimeout(last)
}
