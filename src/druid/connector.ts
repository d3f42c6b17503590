// How connections to a Broker are opened: by TLS with the certificates that hold at that moment.
import { buildConnector } from 'undici'
import { failsWhenRead } from './late-failure.ts'
import { type DruidTls } from './options.ts'
import { endsWhilePaused } from './paused-end.ts'

/** Connections that are open stay as they are; each new one is made with what `tls` tells then. */
export function connectorOf(tls: (() => DruidTls) | undefined, timeoutMs: number): buildConnector.connector {
  let made = tls?.()
  let connect = buildConnector({ ...made, timeout: timeoutMs })
  return (options, callback) => {
    const now = tls?.()
    // A new one, since sessions of the old one must not be resumed.
    if (now !== made) connect = buildConnector({ ...now, timeout: timeoutMs })
    made = now
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(withoutCode(error), null)
      failsWhenRead(socket)
      endsWhilePaused(socket)
      callback(null, socket)
    })
  }
}

// A client of undici (7.30.2, `handleConnectError`) connects no more after this one code: it counts the request that it
// failed as running for ever.
function withoutCode(error: Error & { readonly code?: string }): Error {
  return error.code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? new Error(error.message, { cause: error }) : error
}
