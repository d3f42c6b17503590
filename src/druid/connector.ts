// How connections to a Broker are opened: by TLS with the certificates that hold at that moment.
import { buildConnector } from 'undici'
import { failsWhenRead } from './late-failure.ts'
import { type DruidTls } from './options.ts'

/** Connections that are open stay as they are; each new one is made with what `tls` tells then. */
export function connectorOf(tls: (() => DruidTls) | undefined, timeoutMs: number): buildConnector.connector {
  let made = tls?.()
  let connect = buildConnector({ ...made, timeout: timeoutMs })
  return (options, callback) => {
    const now = tls?.()
    // A new one, since sessions of the old one must not be resumed.
    if (now !== made) connect = buildConnector({ ...now, timeout: timeoutMs })
    made = now
    connect(options, (...opened) => {
      if (opened[0] === null) failsWhenRead(opened[1])
      callback(...opened)
    })
  }
}
