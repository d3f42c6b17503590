// Redis or Valkey behind `Link`: one server, one found through Sentinels, or a cluster.
import { type ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { OvateError } from '../../errors.ts'
import { TO_MASTER, TO_SERVER } from './connectors.ts'
import { type Link, type LinkState, type Reply } from './link.ts'
import { STORE, STORE_SHA } from './script.ts'
import { slotOf } from './slots.ts'

export interface RedisAddress {
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** `host:port`: the server, the Sentinels, or some servers of the cluster. */
  readonly nodes: readonly string[]
  /** What the Sentinels call the master. */
  readonly master?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly sentinelUsername?: string | undefined
  readonly sentinelPassword?: string | undefined
  /** Left out: no TLS. */
  readonly tls?: RedisTls | undefined
  /** A connection on which a call waits and nothing comes for so long, in ms, is given up: bounds what it holds. More than any deadline. */
  readonly silentMs?: number | undefined
  /** What went wrong in the background; all of it is tried again. */
  readonly onError?: ((error: OvateError) => void) | undefined
}

export interface RedisTls {
  readonly ca?: Buffer | undefined
  readonly cert?: Buffer | undefined
  readonly key?: Buffer | undefined
  readonly verify: boolean
}

const NO_BYTES = Buffer.alloc(0)
const CONNECT_TIMEOUT_MS = 2_000
const SILENT_MS = 3_000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 2_000
/** Of one call in a cluster, so that servers that name each other end. */
const REDIRECTIONS_MAX = 4
const SLOTS_REFRESH_MS = 5_000

/** Begins to connect and returns; the state tells how it goes. The servers need not be there. */
export function connectRedis(address: RedisAddress): Link {
  return address.mode === 'cluster' ? clusterLink(address) : singleLink(address)
}

function singleLink(address: RedisAddress): Link {
  const nodes = address.nodes.map(hostAndPort)
  const tls = tlsOptions(address.tls)
  const redis = new Redis({
    ...common(address),
    retryStrategy: pauseMs,
    enableOfflineQueue: false,
    // A master that became a replica says so: the next connection goes to whoever is the master then.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...(address.mode === 'single' && nodes[0]),
    ...(address.mode === 'sentinel' && {
      Connector: TO_MASTER,
      sentinels: nodes,
      name: address.master,
      sentinelUsername: address.sentinelUsername,
      sentinelPassword: address.sentinelPassword,
      sentinelRetryStrategy: pauseMs,
      sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
      ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    }),
  })
  redis.on('error', (error: Error) => address.onError?.(told(error)))
  return linkOver(redis, () => '')
}

function clusterLink(address: RedisAddress): Link {
  const cluster = new Cluster(address.nodes.map(hostAndPort), {
    clusterRetryStrategy: pauseMs,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRedirections: REDIRECTIONS_MAX,
    // A call isn't kept for a better moment: it is a miss.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 0,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    // Names stay names: a certificate is for them, not for the address that they lead to.
    dnsLookup: (host, done) => done(null, host),
    redisOptions: common(address),
  })
  // Not by the first call: while a server is being connected to, all others to it would be lost.
  cluster.on('+node', (node: Redis) => {
    if (node.status === 'wait') node.connect().catch(() => undefined)
  })
  cluster.on('error', (error: Error) => address.onError?.(told(error)))
  cluster.on('node error', (error: Error) => address.onError?.(told(error)))
  return linkOver(cluster, (key) => cluster.slots[slotOf(key)]?.[0] ?? '')
}

function common({
  username,
  password,
  tls,
  silentMs = SILENT_MS,
}: RedisAddress): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tlsOptions(tls) }),
    Connector: TO_SERVER,
    // All that is read are bytes and one number, so the older protocol does, and no greeting can be refused.
    protocol: 2,
    connectionName: 'ovate',
    disableClientInfo: true,
    // It would ask for INFO, which needs a right of its own; a server that still loads refuses calls by itself.
    enableReadyCheck: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: silentMs,
    // What was in the air when a connection broke has failed: nothing is sent again behind its caller's back.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  }
}

function linkOver(redis: Redis | Cluster, serverOf: (key: string) => string): Link {
  let closed = false
  return {
    get state(): LinkState {
      if (closed) return 'closed'
      return redis.status === 'ready' ? 'ready' : 'connecting'
    },
    serverOf,
    together: (calls) => {
      // One write for all: half of the time of many (32 keys of 4 KB on one connection: 0.2 ms instead of 0.4).
      const streams = (redis instanceof Cluster ? redis.nodes('master') : [redis]).map(streamOf)
      for (const stream of streams) stream?.cork()
      try {
        return calls()
      } finally {
        for (const stream of streams) stream?.uncork()
      }
    },
    read: (key, bytesMax) => replied(bytesOf(redis.getrangeBuffer(key, 0, bytesMax - 1))),
    store: (key, value, lifeMs) => replied(stored(redis, [key, value, Math.ceil(lifeMs)])),
    close: () => {
      closed = true
      redis.disconnect()
    },
  }
}

/** There is none before the first connection, whatever the package's types say. */
function streamOf({ stream }: { readonly stream: Redis['stream'] | undefined }): Redis['stream'] | undefined {
  return stream
}

/** The script is sent whole only to a server that doesn't have it yet, or lost it. */
async function stored(redis: Redis | Cluster, args: readonly [string, Buffer, number]): Promise<boolean> {
  try {
    return (await redis.evalsha(STORE_SHA, 1, ...args)) === 1
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
    return (await redis.eval(STORE, 1, ...args)) === 1
  }
}

/** The package checks no reply's type: a broken server may have sent a number or null. */
async function bytesOf(call: Promise<unknown>): Promise<Buffer> {
  const reply = await call
  return Buffer.isBuffer(reply) ? reply : NO_BYTES
}

async function replied<Value>(call: Promise<Value>): Promise<Reply<Value>> {
  try {
    return { kind: 'value', value: await call }
  } catch (error) {
    const { name, message } = error as Error
    return name === 'ReplyError' ? { kind: 'refused', code: codeOf(message) } : { kind: 'lost' }
  }
}

/** Errors of Redis begin with a word in capitals; what follows may quote anything. */
function codeOf(message: string): string {
  return /^[A-Z]{2,20}\b/.exec(message)?.[0] ?? 'ERR'
}

/** Without its cause: the package hangs the call that failed on its errors, password and all. */
function told({ message }: Error): OvateError {
  return new OvateError('OVATE_SHARED_CACHE', `the shared cache: ${message}`)
}

function hostAndPort(node: string): { readonly host: string; readonly port: number } {
  const colon = node.lastIndexOf(':')
  return { host: node.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(node.slice(colon + 1)) }
}

function tlsOptions(tls: RedisTls | undefined): ConnectionOptions | undefined {
  if (tls === undefined) return undefined
  const { ca, cert, key, verify } = tls
  return {
    rejectUnauthorized: verify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

function pauseMs(tries: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(tries, 10))
}
