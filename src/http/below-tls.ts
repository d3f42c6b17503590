// What lies below a connection that may be one over TLS.
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** It stands in Node's (20) source alone (lib/_tls_wrap.js). */
interface OverTls {
  readonly _parent?: unknown
}

/** The TCP connection that bytes go out by; undefined where Node doesn't say. */
export function belowTls(socket: Socket): Socket | undefined {
  const below = socket instanceof TLSSocket ? (socket as OverTls)._parent : socket
  return below instanceof Socket ? below : undefined
}
