// How a connection to a server is opened. The package listens to the first error of a socket alone. A TLS socket may have two,
// as where it is given up before its certificate is found not to be trusted (Node 20.20, OpenSSL 3.0): nobody would hear of
// the second, and that ends a process.
import { type RedisOptions } from 'ioredis'
import { SentinelConnector, StandaloneConnector } from 'ioredis/built/connectors/index.js'

type Connector = NonNullable<RedisOptions['Connector']>
type Connect = StandaloneConnector['connect']
type Stream = Awaited<ReturnType<Connect>>

class ToServer extends StandaloneConnector {
  override async connect(...given: Parameters<Connect>): ReturnType<Connect> {
    return heard(await super.connect(...given))
  }
}

class ToMaster extends SentinelConnector {
  override async connect(...given: Parameters<Connect>): ReturnType<Connect> {
    return heard(await super.connect(...given))
  }
}

export const TO_SERVER = ToServer as Connector
export const TO_MASTER = ToMaster as Connector

/** The first error is told by the package; what comes behind it tells nothing more. */
function heard(stream: Stream): Stream {
  stream.on('error', () => undefined)
  return stream
}
