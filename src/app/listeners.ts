// What the two listeners are made of.
import assert from 'node:assert'
import { type AdminOptions } from '../admin/options.ts'
import { type SharedCacheEvents } from '../cache/shared/shared-cache.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Config, redacted } from '../config/config.ts'
import { type Management } from '../druid/management.ts'
import { ERROR_CODES, type OvateError } from '../errors.ts'
import { asOvateError } from '../http/error-answer.ts'
import { BodyReader } from '../http/read-body.ts'
import { RunningQueries } from '../http/running.ts'
import { type ServerCertificates, type ServerOptions } from '../http/server.ts'
import { SqlEndpoint } from '../http/sql-endpoint.ts'
import { type Log } from '../observe/log.ts'
import { type Metrics } from '../observe/metrics.ts'
import { type Parts } from './assemble.ts'
import { type Certificates, type CertificatesOptions, WatchedCertificates } from './certificates.ts'
import { explainBody, withParts } from './explain.ts'
import { VERSION } from './version.ts'

interface Hooks {
  readonly metrics: Metrics
  /** Left out: Coordinator's and Overlord's paths are for a Broker to answer. */
  readonly management?: Management | undefined
  readonly onError: (error: unknown) => void
  /** Those of HTTPS. */
  readonly certificates?: WatchedCertificates | undefined
}

/** The certificates of the listener for clients; undefined: plain HTTP. @throws OvateError OVATE_CONFIG. */
export function listenerCertificates(
  { listen: { tls } }: Config,
  told: Pick<CertificatesOptions, 'onNew' | 'onBad'> = { onNew: () => undefined, onBad: () => undefined },
): WatchedCertificates | undefined {
  if (tls === undefined) return undefined
  const { cert, key, clientCa: ca } = tls
  const files = { cert, key, ca }
  return new WatchedCertificates({ setting: 'listen.tls', files, clock: systemClock, ...told })
}

/** As the server wants them: files that are configured are there. */
export function forServer({ cert, key, ca }: Certificates): ServerCertificates {
  assert(cert !== undefined && key !== undefined)
  return { cert, key, ca }
}

/** What the listener for clients is made of. */
export function dataServerOptions(
  config: Config,
  parts: Parts,
  { metrics, management, onError, certificates = listenerCertificates(config) }: Hooks,
): ServerOptions {
  const { listen, druid } = config
  const running = new RunningQueries()
  const bodies = new BodyReader({ maxBytes: listen.maxBody, allMaxBytes: listen.allBodies })
  const rules = { clock: parts.clock, readTimeoutMs: druid.readTimeout, onError }
  const sql = new SqlEndpoint({
    ...parts,
    running,
    bodies,
    rules,
    defaultTimeoutMs: druid.defaultTimeout,
    onAnswer: (outcome, tookMs) => {
      const shared = 'collapsed' in outcome && outcome.collapsed
      const how = shared ? 'collapsed' : outcome.kind
      metrics.answered(how, outcome.kind === 'bypass' ? outcome.reason : '', tookMs)
    },
    onError,
  })
  const { tls } = listen
  return {
    host: listen.host,
    port: listen.port,
    tls:
      tls === undefined || certificates === undefined
        ? undefined
        : { ...forServer(certificates.current()), clients: tls.clientCertificate },
    connectionsMax: listen.maxConnections,
    headersTimeoutMs: listen.headersTimeout,
    requestTimeoutMs: listen.requestTimeout,
    keepAliveTimeoutMs: listen.keepAliveTimeout,
    writeTimeoutMs: listen.writeTimeout,
    drainMs: listen.drain,
    bodies,
    druid: parts.druid,
    management,
    identities: parts.identities,
    running,
    sql,
    rules,
    onError,
  }
}

/** What the operator's listener is made of. */
export function adminOptions(
  config: Config,
  parts: Parts,
  metrics: Metrics,
  shared: Pick<AdminOptions, 'shared' | 'sharedCache' | 'leases' | 'isDraining'> = {},
): AdminOptions {
  return {
    ...parts,
    ...config.admin,
    ...shared,
    explain: (body) => {
      const explained = explainBody(parts.planner, body)
      return { ...explained, explanation: withParts(parts.engine, explained) }
    },
    version: VERSION,
    startedAtMs: parts.clock.now(),
    config: redacted(config),
    metrics,
  }
}

/** Counts and logs errors: only what is Ovate's own fault, or an operator's business, is worth a line. */
export function errorHook(log: Log, metrics: Metrics): (error: unknown) => void {
  return (error) => logged(log, metrics, error)
}

/** A server that refuses does so with each call: it is said once in so long. */
const REFUSED_QUIET_MS = 60_000
const REFUSALS_MAX = 100

/** Counts what becomes of look-ups and writes in the shared cache; its troubles are logged, since no client hears of them. */
export function sharedCacheHooks(
  metrics: Metrics,
  log: Log,
  clock: Clock,
): { readonly events: SharedCacheEvents; readonly onError: (error: OvateError) => void } {
  const refusedAtMs = new Map<string, number>()
  return {
    events: {
      looked: metrics.sharedRead,
      wrote: metrics.sharedWrite,
      bad: metrics.sharedBad,
      moved: metrics.sharedMoved,
      refused: (code) => {
        const isNew =
          clock.monotonic() - (refusedAtMs.get(code) ?? Number.NEGATIVE_INFINITY) > REFUSED_QUIET_MS
        if (isNew && refusedAtMs.size < REFUSALS_MAX) refusedAtMs.set(code, clock.monotonic())
        log[isNew ? 'warn' : 'debug']({ event: 'shared-cache', code }, 'the shared cache refuses')
      },
      breaker: (state) =>
        log.info({ event: 'shared-cache', state }, `the shared cache's breaker is ${state}`),
    },
    onError: ({ code, message }) => log.warn({ event: 'shared-cache', code }, message),
  }
}

function logged(log: Log, metrics: Metrics, error: unknown): void {
  const { code, message, cause } = asOvateError(error)
  metrics.failed(code)
  if (ERROR_CODES[code].persona === 'USER') log.debug({ code }, message)
  else log.warn({ code, cause: cause instanceof Error ? cause.message : undefined }, message)
  if (code === 'OVATE_INTERNAL')
    log.error({ stack: cause instanceof Error ? cause.stack : String(cause) }, message)
}
