// One Ovate, from its configuration: started, and stopped.
import { setTimeout as delay } from 'node:timers/promises'
import { type RunningAdmin, startAdmin } from '../admin/admin.ts'
import { type SharedCache } from '../cache/shared/shared-cache.ts'
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type OvateError } from '../errors.ts'
import { type RunningServer, startServer } from '../http/server.ts'
import { createLog, type Log, written } from '../observe/log.ts'
import { createMetrics } from '../observe/metrics.ts'
import { assemble, type Parts } from './assemble.ts'
import { advertised, coordinate, type Shared } from './coordinate.ts'
import { connectDruid, type DruidConnection } from './connect.ts'
import { type WatchedCertificates } from './certificates.ts'
import {
  adminOptions,
  dataServerOptions,
  forServer,
  listenerCertificates,
  errorHook,
  sharedCacheHooks,
} from './listeners.ts'
import { openLeases, type RunningLeases } from './lease-office.ts'
import { openSharedCache } from './open-shared-cache.ts'
import { Standing } from './standing.ts'

/** How long the end waits until what others may use is written. */
const FLUSH_MS = 1_000

export interface App {
  /** Where clients connect. */
  readonly url: string
  readonly adminUrl: string | undefined
  /** Resolves when Druid is found to tell users apart by what it can't see behind Ovate: it is to be closed then. */
  readonly refused: Promise<OvateError>
  /** Says that it isn't ready for as long as `drain`, then takes no new connection, lets running requests end within the configured time, then closes everything. */
  close(): Promise<void>
}

/**
 * Starts listening; resolves when requests are answered (with 503 while no Broker is known).
 * @throws what listening failed with; the reason of `stop`, which ends a start that waits, when all that was begun is closed.
 */
export async function startApp(config: Config, stop = new AbortController().signal): Promise<App> {
  const log = createLog(config.log.level)
  const metrics = createMetrics()
  const connection = connectDruid(
    config,
    (event, details) => {
      metrics.brokerEvent(event)
      log[event === 'certificates-bad' ? 'error' : 'info']({ event, ...details }, `Brokers: ${event}`)
    },
    (event, details) => log.info({ event, ...details }, `Coordinator and Overlord: ${event}`),
  )
  const cacheHooks = sharedCacheHooks(metrics, log, systemClock)
  const sharedCache = await openSharedCache(config, systemClock, cacheHooks.events, cacheHooks.onError)
  const parts = assemble(config, {
    druid: connection.druid,
    clock: systemClock,
    metrics,
    shared: sharedCache,
    epochs: config.coordination && (() => shared?.epochs),
    // What can't be stored can't be waited for: each asks for itself then.
    leases: () => (sharedCache?.state === 'ready' ? leases : undefined),
  })
  metrics.watch({
    brokers: () => connection.druid.brokers(),
    cacheUsage: () => parts.cache.usage,
    flights: () => parts.flights.size,
    replicas: () => shared?.liveReplicas() ?? 1,
    isConnected: () => shared?.state() === 'connected',
  })
  const draining = new AbortController()
  const isDraining = (): boolean => draining.signal.aborted
  const certificates = listenerCertificates(config, {
    onNew: (made) => {
      server?.renew(forServer(made))
      log.info({ event: 'certificates' }, 'the listener has new certificates')
    },
    onBad: (cause) =>
      log.error(
        { event: 'certificates', cause },
        "the listener keeps its certificates: the files can't be used",
      ),
  })
  const standing = new Standing({
    config,
    druid: connection.druid,
    clock: systemClock,
    onLine: ({ level, text }) =>
      log[level === 'ok' ? 'info' : level === 'warn' ? 'warn' : 'error']({ event: 'identities' }, text),
  })
  const { management } = connection
  const hooks = { metrics, management, onError: errorHook(log, metrics), certificates }
  let server: RunningServer | undefined
  let shared: Shared | undefined
  let leases: RunningLeases | undefined
  try {
    // Before anything is answered: what replicas share may forbid what the file allows.
    shared = await coordinate(config, { parts, log, metrics }, stop)
    leases = openLeases(config, shared, { clock: systemClock, metrics })
    server = await startServer(dataServerOptions(config, parts, hooks))
    certificates?.start()
    const admin = config.admin.enabled
      ? await startAdmin(adminOptions(config, parts, metrics, { shared, sharedCache, leases, isDraining }))
      : undefined
    shared?.join(advertised(config, server.url))
    standing.start()
    return running(config, {
      standing,
      certificates,
      server,
      admin,
      parts,
      connection,
      shared,
      sharedCache,
      leases,
      draining,
      log,
    })
  } catch (error) {
    await Promise.all([
      certificates?.stop(),
      parts.close(),
      connection.close(),
      shared?.close(),
      sharedCache?.close(),
    ])
    await written(log)
    throw error
  }
}

function running(
  { listen }: Config,
  {
    standing,
    certificates,
    server,
    admin,
    parts,
    connection,
    shared,
    sharedCache,
    leases,
    draining,
    log,
  }: {
    readonly standing: Standing
    readonly certificates: WatchedCertificates | undefined
    readonly server: RunningServer
    readonly admin: RunningAdmin | undefined
    readonly parts: Parts
    readonly connection: DruidConnection
    readonly shared: Shared | undefined
    readonly sharedCache: SharedCache | undefined
    readonly leases: RunningLeases | undefined
    readonly draining: AbortController
    readonly log: Log
  },
): App {
  const close = async (): Promise<void> => {
    draining.abort()
    server.drain()
    await Promise.all([shared?.leave(), delay(listen.drain)])
    await server.close(listen.shutdown)
    await standing.stop()
    await certificates?.stop()
    await admin?.close()
    await parts.close()
    // What was kept last is for the others.
    await sharedCache?.flushed(AbortSignal.timeout(FLUSH_MS)).catch(() => undefined)
    await sharedCache?.close()
    await leases?.stop()
    await shared?.close()
    await connection.close()
    await written(log)
  }
  return { url: server.url, adminUrl: admin?.url, refused: standing.refused, close }
}
