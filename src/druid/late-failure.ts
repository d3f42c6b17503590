// Writes to a Broker that fail because it has answered already.
import { type Socket } from 'node:net'

type Done = (error?: Error | null) => void

/** What a write fails with after the other side has closed. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET'])

/**
 * Has all read that came on a connection before a write of it fails. Jetty (33.0.0) refuses an upload while it still comes,
 * and closes; Node (20) would destroy the socket at once, with the refusal unread:
 *   Broker: 431, close ─▶ more of the body ─▶ RST ─▶ more of the body: the write fails; the 431 waits in the kernel
 */
export function failsWhenRead(socket: Socket): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, whenRead(socket, done))
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, whenRead(socket, done))
}

function whenRead(socket: Socket, done: Done): Done {
  return (error) => {
    const { code } = (error ?? {}) as NodeJS.ErrnoException
    if (!CLOSED.has(code) || socket.readableEnded || socket.destroyed) return done(error)
    const fail = (): void => {
      socket.off('end', fail).off('close', fail)
      done(error)
    }
    socket.once('end', fail).once('close', fail)
  }
}
