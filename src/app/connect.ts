// The Druid client that a configuration asks for.
import { readFileSync } from 'node:fs'
import { type Config } from '../config/config.ts'
import { bootstrapSource } from '../druid/bootstrap-source.ts'
import { type BrokerSource } from '../druid/broker-source.ts'
import { createDruid } from '../druid/client.ts'
import { discoverySource } from '../druid/discovery-source.ts'
import { type BrokerAddress, type Druid } from '../druid/druid.ts'
import { fixedSource } from '../druid/fixed-source.ts'
import { type DruidEvents, type DruidTls } from '../druid/options.ts'
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
  const client = createDruid({
    source: sourceOf(config),
    defaultService: druid.service,
    authorization: ownAuthorization(config),
    tls: tlsOf(config),
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
  return { druid: client, close: () => client.close() }
}

// The schema sees to it that exactly one way of finding Brokers is set.
function sourceOf(config: Config): BrokerSource {
  const { zookeeper, bootstrap, brokers, service } = config.druid
  if (zookeeper !== undefined) {
    const { connect, path, sessionTimeout, auth } = zookeeper
    return discoverySource({ connect, basePath: path, sessionTimeoutMs: sessionTimeout, auth })
  }
  if (bootstrap !== undefined) {
    const authorization = ownAuthorization(config)
    return bootstrapSource({ urls: bootstrap, service, authorization, tls: tlsOf(config) })
  }
  return fixedSource(brokers ?? [], service)
}

function tlsOf({ druid: { tls } }: Config): DruidTls {
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    rejectUnauthorized: tls.verify,
  }
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
