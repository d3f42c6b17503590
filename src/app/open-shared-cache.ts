// The shared cache that a configuration asks for.
import { readFileSync } from 'node:fs'
import { type RedisTls } from '../cache/shared/redis-link.ts'
import {
  LinkedSharedCache,
  type SharedCache,
  type SharedCacheEvents,
  type SharedCacheOptions,
} from '../cache/shared/shared-cache.ts'
import { type Clock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type OvateError } from '../errors.ts'

type Shared = NonNullable<Config['cache']['shared']>

const SILENT_MIN_MS = 3_000

/** Begins to connect; undefined where none is set. Its client package is loaded only then. */
export async function openSharedCache(
  { cache: { shared } }: Config,
  clock: Clock,
  events: SharedCacheEvents,
  onError: (error: OvateError) => void,
): Promise<SharedCache | undefined> {
  if (shared === undefined) return undefined
  const { connectRedis } = await import('../cache/shared/redis-link.ts')
  // The checks of the configuration see to it that there are nodes.
  const { nodes = [], ...address } = shared
  // A call has to be late before its connection is given up, or its server would never be left alone.
  const silentMs = Math.max(SILENT_MIN_MS, 2 * Math.max(shared.timeout, shared.writeTimeout))
  const link = connectRedis({ ...address, nodes, tls: tlsOf(shared), silentMs, onError })
  return new LinkedSharedCache(link, clock, optionsOf(shared), events)
}

function optionsOf(shared: Shared): SharedCacheOptions {
  return {
    namespace: shared.namespace,
    readTimeoutMs: shared.timeout,
    writeTimeoutMs: shared.writeTimeout,
    queueMaxBytes: shared.queue,
    compressAboveBytes: shared.compressAbove,
    entryMaxBytes: shared.maxEntry,
    lifeMaxMs: shared.ttl,
  }
}

function tlsOf({ tls }: Shared): RedisTls | undefined {
  if (tls === undefined) return undefined
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    verify: tls.verify,
  }
}
