// A listener's end, in which nothing is cut that is on its way to a client, and nobody who asks again in time.
import { type Server } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { answerOf } from './bad-http.ts'

/** Between two looks for connections that have become idle, while the listener closes. */
const SWEEP_MS = 50
/** Where nothing is said of the drain: for who asks again as soon as an answer is there. */
const KEPT_MIN_MS = 1_000

export interface Connections {
  /** Each connection ends with its next answer: the one under way, unless its head is out and has promised more. */
  lastAnswers(): void
}

/**
 * What node:http (20) closes as idle, by `close` and by `closeIdleConnections`, is closed only when it is: not while an
 * ended answer waits here for a client that reads slowly, and not as soon as an answer is out whose head has promised
 * more. Who takes that at its word asks again at once, and balancers (HAProxy, nginx) hang up on their client when that
 * meets the connection's end. So it stays for one more answer, for as long as an idle connection has had: `drainMs`.
 */
export function spareAnswers(server: Server, drainMs: number): Connections {
  const sockets = new Set<Socket>()
  const keptUntilMs = new WeakMap<Socket, number>()
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const isSpared = (socket: Socket, nowMs: number): boolean => {
    const answer = answerOf(socket)
    return answer === undefined ? (keptUntilMs.get(socket) ?? 0) > nowMs : !answer.writableFinished
  }
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    const nowMs = performance.now()
    const spared = [...sockets].filter((socket) => isSpared(socket, nowMs))
    whileBusy(spared, closeIdle)
  }
  const lastAnswer = (socket: Socket): void => {
    const answer = answerOf(socket)
    if (answer === undefined) return
    if (!answer.headersSent) answer.shouldKeepAlive = false
    else
      answer.once('finish', () => keptUntilMs.set(socket, performance.now() + Math.max(drainMs, KEPT_MIN_MS)))
  }
  return { lastAnswers: () => sockets.forEach(lastAnswer) }
}

/** node:http keeps the answer of a connection there, and by its `finished` alone tells idle ones apart. */
interface OfAnswer {
  _httpMessage?: unknown
}

function whileBusy(sockets: readonly Socket[], act: () => void): void {
  const before = sockets.map((socket) => (socket as OfAnswer)._httpMessage)
  for (const socket of sockets) (socket as OfAnswer)._httpMessage = { finished: false }
  act()
  for (const [index, socket] of sockets.entries()) (socket as OfAnswer)._httpMessage = before[index]
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
