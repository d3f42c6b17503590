// The Druid client that a configuration asks for.
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { bootstrapSource } from '../druid/bootstrap-source.ts'
import { type BrokerSource } from '../druid/broker-source.ts'
import { createDruid } from '../druid/client.ts'
import { discoverySource } from '../druid/discovery-source.ts'
import { type BrokerAddress, type Druid } from '../druid/druid.ts'
import { fixedSource } from '../druid/fixed-source.ts'
import { type DruidEvents, type DruidTls } from '../druid/options.ts'
import { type Certificates, WatchedCertificates } from './certificates.ts'
import { ownAuthorization } from './own-account.ts'

export interface DruidConnection {
  readonly druid: Druid
  close(): Promise<void>
}

/** Told what happens to Brokers and to requests on their way. */
export type BrokerListener = (event: string, details: Readonly<Record<string, unknown>>) => void

/** A client that begins to look for its Brokers at once. */
export function connectDruid(config: Config, listener: BrokerListener): DruidConnection {
  const { druid } = config
  const certificates = watchedCertificates(config, listener)
  const tls = tlsOf(config, certificates.current)
  certificates.start()
  const client = createDruid({
    source: sourceOf(config, tls),
    defaultService: druid.service,
    authorization: ownAuthorization(config),
    tls,
    limits: {
      brokerConcurrency: druid.connections,
      queueLength: druid.queue,
      noBrokerWaitMs: druid.noBrokerWait,
      connectTimeoutMs: druid.connectTimeout,
      probeIntervalMs: druid.health.period,
      probeTimeoutMs: druid.health.timeout,
      probeFailures: druid.health.failures,
      connectFailures: druid.ejection.failures,
      rampMs: druid.ejection.slowReturn,
    },
    events: eventsOf(listener),
  })
  const close = async (): Promise<void> => {
    await certificates.stop()
    await client.close()
  }
  return { druid: client, close }
}

// The schema sees to it that exactly one way of finding Brokers is set.
function sourceOf(config: Config, tls: () => DruidTls): BrokerSource {
  const { zookeeper, bootstrap, brokers, service } = config.druid
  if (zookeeper !== undefined) {
    const { connect, path, sessionTimeout, auth } = zookeeper
    return discoverySource({ connect, basePath: path, sessionTimeoutMs: sessionTimeout, auth })
  }
  if (bootstrap !== undefined) {
    const authorization = ownAuthorization(config)
    return bootstrapSource({ urls: bootstrap, service, authorization, tls })
  }
  return fixedSource(brokers ?? [], service)
}

/** The same object as long as the files have the same. */
function tlsOf({ druid: { tls } }: Config, current: () => Certificates): () => DruidTls {
  let read = current()
  let made: DruidTls = { ...read, rejectUnauthorized: tls.verify }
  return () => {
    const now = current()
    if (now !== read) made = { ...now, rejectUnauthorized: tls.verify }
    read = now
    return made
  }
}

function watchedCertificates({ druid: { tls } }: Config, listener: BrokerListener): WatchedCertificates {
  const { ca, cert, key } = tls
  return new WatchedCertificates({
    files: { ca, cert, key },
    clock: systemClock,
    onNew: () => listener('certificates-new', {}),
    onBad: (cause) => listener('certificates-bad', { cause }),
  })
}

function eventsOf(listener: BrokerListener): DruidEvents {
  const of = ({ id, service }: BrokerAddress): Record<string, unknown> => ({ broker: id, service })
  return {
    ready: (broker) => listener('ready', of(broker)),
    ejected: (broker, reason) => listener('ejected', { ...of(broker), reason }),
    draining: (broker) => listener('draining', of(broker)),
    retried: (broker, cause) => listener('retried', { ...of(broker), cause: cause.message }),
    queued: (service) => listener('queued', { service }),
    cancelled: (broker, outcome) => {
      const answer = outcome instanceof Error ? outcome.message : outcome
      listener('cancelled', { ...of(broker), answer })
    },
    sourceFailed: (error) => listener('discovery-failed', { cause: error.message }),
  }
}
