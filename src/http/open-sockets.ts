// The connections of a listener.
import { type Server } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'

export interface OpenSockets {
  /** Also those in their handshake. */
  readonly raw: ReadonlySet<Socket>
  /** Those that carry HTTP. */
  readonly http: ReadonlySet<Socket>
}

/** The open connections of a server, from now on. */
export function openSockets(server: Server): OpenSockets {
  const raw = opened(server, 'connection')
  return { raw, http: server instanceof HttpsServer ? opened(server, 'secureConnection') : raw }
}

function opened(server: Server, event: 'connection' | 'secureConnection'): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on(event, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}
