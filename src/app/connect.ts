// The Druid client that a configuration asks for.
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { bootstrapSource } from '../druid/bootstrap-source.ts'
import { type BrokerSource } from '../druid/broker-source.ts'
import { createDruid } from '../druid/client.ts'
import { type DiscoverySource, discoverySource } from '../druid/discovery-source.ts'
import { type BrokerAddress, type Druid } from '../druid/druid.ts'
import { fixedSource } from '../druid/fixed-source.ts'
import { latchedLeaders, listedLeaders } from '../druid/leader-source.ts'
import { ManagementClient } from '../druid/management.ts'
import { type DruidEvents, type DruidLimits, type DruidTls } from '../druid/options.ts'
import { type Certificates, WatchedCertificates } from './certificates.ts'
import { ownAuthorization } from './own-account.ts'

export interface DruidConnection {
  readonly druid: Druid
  /** Undefined where it is off. */
  readonly management: ManagementClient | undefined
  close(): Promise<void>
}

/** Told what happens to Brokers and to requests on their way. */
export type BrokerListener = (event: string, details: Readonly<Record<string, unknown>>) => void

/** A client that begins to look for its Brokers at once. `onLeader` is told the same of Coordinators and Overlords. */
export function connectDruid(
  config: Config,
  listener: BrokerListener,
  onLeader: BrokerListener = () => undefined,
): DruidConnection {
  const { druid } = config
  const certificates = watchedCertificates(config, listener)
  const tls = tlsOf(config, certificates.current)
  certificates.start()
  const discovery = discoveryOf(config)
  const client = createDruid({
    source: discovery ?? listOf(config, tls),
    defaultService: druid.service,
    authorization: ownAuthorization(config),
    tls,
    limits: limitsOf(config),
    events: eventsOf(listener),
  })
  const management = managementOf(config, { discovery, tls, onLeader })
  return {
    druid: client,
    management,
    close: async () => {
      await certificates.stop()
      // It may read in the session that the other one closes.
      await management?.close()
      await client.close()
    },
  }
}

function discoveryOf({ druid: { zookeeper } }: Config): DiscoverySource | undefined {
  if (zookeeper === undefined) return undefined
  const { connect, path, sessionTimeout, auth } = zookeeper
  return discoverySource({ connect, basePath: path, sessionTimeoutMs: sessionTimeout, auth })
}

// The schema sees to it that exactly one way of finding Brokers is set.
function listOf(config: Config, tls: () => DruidTls): BrokerSource {
  const { bootstrap, brokers, service } = config.druid
  if (bootstrap === undefined) return fixedSource(brokers ?? [], service)
  const authorization = ownAuthorization(config)
  return bootstrapSource({ urls: bootstrap, service, authorization, tls })
}

/** A leader is asked whether it still leads as often as a Broker is asked how it is, and others whether they do by now. */
function managementOf(
  config: Config,
  {
    discovery,
    tls,
    onLeader,
  }: {
    readonly discovery: DiscoverySource | undefined
    readonly tls: () => DruidTls
    readonly onLeader: BrokerListener
  },
): ManagementClient | undefined {
  const { management, health, zookeeper } = config.druid
  if (!management.enabled) return undefined
  const source =
    management.servers === undefined && discovery !== undefined && zookeeper !== undefined
      ? latchedLeaders({ session: discovery.session, basePath: zookeeper.path, clock: systemClock })
      : listedLeaders(management.servers ?? [])
  return new ManagementClient({
    source,
    tls,
    limits: { ...limitsOf(config), readinessIntervalMs: health.period, rampMs: 1 },
    // One that waits to lead says for ever that it doesn't, and is well.
    events: { ...eventsOf(onLeader), probeFailed: () => undefined },
  })
}

function limitsOf({ druid }: Config): Partial<DruidLimits> {
  return {
    brokerConcurrency: druid.connections,
    queueLength: druid.queue,
    noBrokerWaitMs: druid.noBrokerWait,
    connectTimeoutMs: druid.connectTimeout,
    probeIntervalMs: druid.health.period,
    probeTimeoutMs: druid.health.timeout,
    probeFailures: druid.health.failures,
    connectFailures: druid.ejection.failures,
    rampMs: druid.ejection.slowReturn,
  }
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
    setting: 'druid.tls',
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
    probeFailed: (broker, cause) => listener('probe-failed', { ...of(broker), cause }),
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
