// A listener's end, in which nothing is cut that is on its way to a client, and nobody who asks again in time.
import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { stopListening } from './backlog.ts'
import { answerOf } from './bad-http.ts'
import { type OpenSockets } from './open-sockets.ts'

/** Between two looks for connections that have become idle, while the listener closes. */
const SWEEP_MS = 50
/** Where nothing is said of the drain: for who asks again as soon as an answer is there, or has just connected. */
const KEPT_MIN_MS = 1_000

export interface Connections {
  /** Each connection ends with its next answer: the one under way, unless its head is out and has promised more. */
  lastAnswers(): void
  /** Ends those on which nothing happens any more; to be called again and again while the listener closes. */
  endIdle(): void
  /** Cuts all of them. */
  cut(): void
}

/**
 * What node:http (20) closes as idle, by `close` and by `closeIdleConnections`, is closed only when it is: not while an
 * ended answer waits here for a client that reads slowly, and not as soon as an answer is out whose head has promised
 * more. Who takes that at its word asks again at once, and balancers (HAProxy, nginx) hang up on their client when that
 * meets the connection's end. So it stays for one more answer, for as long as an idle connection has had: `drainMs`.
 */
export function spareAnswers(
  server: Server,
  { raw, http: sockets }: OpenSockets,
  drainMs: number,
): Connections {
  const keptUntilMs = new WeakMap<Socket, number>()
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
  const waits = new RequestWaits(server)
  return {
    lastAnswers: () => sockets.forEach(lastAnswer),
    endIdle: () => {
      server.closeIdleConnections()
      const nowMs = performance.now()
      for (const socket of sockets)
        if (!isSpared(socket, nowMs) && waits.look(socket, nowMs)) socket.destroy()
    },
    cut: () => {
      server.closeAllConnections()
      // Those in their handshake are in no list of node:http.
      for (const socket of raw) socket.destroy()
    },
  }
}

/**
 * node:http (20) takes a connection for active until its first request is whole, and a server that closes looks no more for
 * heads that take too long: one that never sends anything would hold up the end for as long as may be.
 */
class RequestWaits {
  readonly #server: Server
  readonly #sinceMs = new WeakMap<Socket, number>()

  constructor(server: Server) {
    this.#server = server
  }

  /** Looks at a connection; true once it has been without a request for longer than it may, look after look. */
  look(socket: Socket, nowMs: number): boolean {
    if (answerOf(socket) !== undefined) {
      this.#sinceMs.delete(socket)
      return false
    }
    const sinceMs = this.#sinceMs.get(socket) ?? nowMs
    this.#sinceMs.set(socket, sinceMs)
    return nowMs - sinceMs > (socket.bytesRead === 0 ? KEPT_MIN_MS : this.#server.headersTimeout)
  }
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

/** For a server that drains already. Takes no new connection, lets running requests end for `graceMs`, then cuts them. */
export async function closed(server: Server, connections: Connections, graceMs: number): Promise<void> {
  await stopListening(server)
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that works now is idle after its answer, and would stay for as long as it is kept alive.
  const sweep = setInterval(() => connections.endIdle(), SWEEP_MS)
  const last = setTimeout(() => connections.cut(), graceMs)
  await ended
  clearInterval(sweep)
  clearTimeout(last)
}
