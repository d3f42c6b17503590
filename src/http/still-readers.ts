// Clients that read nothing of what is ready for them.
import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { belowTls } from './below-tls.ts'
import { type OpenSockets } from './open-sockets.ts'

/** Between two looks, at the most. */
const LOOK_MS = 5_000
const LOOKS_PER_TIMEOUT = 4

/** What a connection has yet to send, and since when that has been the same. */
interface Waiting {
  readonly sentBytes: number
  readonly queuedBytes: number | undefined
  readonly sinceMs: number
}

/**
 * Cuts connections on which something waits to be sent, or their end to be answered, and nothing has gone for `timeoutMs`,
 * until the server closes.
 * A socket's own timeout (Node 20) is none for that: whatever the client sends sets it back, and over TLS it takes a write
 * of many MB that still drains for one that stands still.
 */
export function cutStillReaders(server: Server, { http }: OpenSockets, timeoutMs: number): void {
  const known = new WeakMap<Socket, Waiting>()
  const look = (): void => {
    const nowMs = performance.now()
    for (const socket of http) {
      const waiting = waitingOn(socket, known.get(socket), nowMs)
      if (waiting === undefined) known.delete(socket)
      else if (nowMs - waiting.sinceMs > timeoutMs) socket.destroy()
      else known.set(socket, waiting)
    }
  }
  const looks = setInterval(look, Math.min(timeoutMs / LOOKS_PER_TIMEOUT, LOOK_MS)).unref()
  server.once('close', () => clearInterval(looks))
}

function waitingOn(socket: Socket, before: Waiting | undefined, nowMs: number): Waiting | undefined {
  if (socket.writableLength === 0 && !socket.writableEnded) return undefined
  const sentBytes = socket.bytesWritten - socket.writableLength
  const queuedBytes = queuedBelow(socket)
  const same = before?.sentBytes === sentBytes && before.queuedBytes === queuedBytes
  return same ? before : { sentBytes, queuedBytes, sinceMs: nowMs }
}

/** Of the write that is under way, what the system has not taken yet: it stands in Node's source alone (lib/net.js). */
interface WithQueue {
  readonly _handle?: { readonly writeQueueSize?: number } | null
}

function queuedBelow(socket: Socket): number | undefined {
  return (belowTls(socket) as WithQueue | undefined)?._handle?.writeQueueSize
}
