// The programs of a cluster: ports, heaps, settings and what tells that each is ready.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Jars } from './artifacts.ts'
import { securitySettings, tlsSettings } from './security/settings.ts'

/** The services in the order in which they are started; ZooKeeper first. */
export const SERVICE_NAMES = [
  'zookeeper',
  'coordinator',
  'historical',
  'indexer',
  'broker1',
  'broker2',
  'router',
] as const

/** The programs behind the live datasource, which run only when asked for. */
export const STREAM_NAMES = ['producer', 'kafka'] as const

export type ServiceName = (typeof SERVICE_NAMES)[number]

export type ProgramName = ServiceName | (typeof STREAM_NAMES)[number]

interface ServiceKind {
  readonly port: number
  readonly heap: string
  readonly direct: string
  /** The argument after `server` of Druid's main class. */
  readonly role: string
  /** /status/health is true long before a Broker or Historical can answer queries. */
  readonly readyPath: string
  readonly settings: (place: Place) => string
}

/** `secure` knows users, and each may do what a file says. */
export type Profile = 'open' | 'secure'

/** Where one cluster lives. */
export interface Place {
  readonly dir: string
  readonly offset: number
  readonly profile: Profile
}

/** What runs in a cluster: the secure one is there for who may see what, and as small as can be. */
export function serviceNames(profile: Profile): readonly ServiceName[] {
  return profile === 'open'
    ? SERVICE_NAMES
    : SERVICE_NAMES.filter((name) => name !== 'broker2' && name !== 'router')
}

const HEALTH = '/status/health'
const BROKER_READY = '/druid/broker/v1/readiness'
const BROKER = { heap: '1g', direct: '256m', role: 'broker', readyPath: BROKER_READY }

/** Heaps and periods were measured on 2 cores: small enough for both, short enough for tests. */
const DRUID: Record<Exclude<ServiceName, 'zookeeper'>, ServiceKind> = {
  coordinator: {
    port: 8081,
    heap: '256m',
    direct: '64m',
    role: 'coordinator',
    readyPath: HEALTH,
    settings: () => `
druid.service=druid/coordinator
druid.coordinator.startDelay=PT1S
druid.coordinator.period=PT2S
druid.coordinator.asOverlord.enabled=true
druid.coordinator.asOverlord.overlordService=druid/overlord
druid.indexer.queue.startDelay=PT0S
druid.indexer.runner.type=httpRemote
druid.indexer.storage.type=metadata
druid.manager.segments.pollDuration=PT2S
druid.manager.lookups.period=2000`,
  },
  historical: {
    port: 8083,
    heap: '256m',
    direct: '256m',
    role: 'historical',
    readyPath: '/druid/historical/v1/readiness',
    settings: ({ dir }) => `
druid.service=druid/historical
druid.segmentCache.locations=[{"path":"${dir}/cache","maxSize":"5g"}]`,
  },
  indexer: {
    port: 8091,
    heap: '700m',
    direct: '384m',
    role: 'indexer',
    readyPath: HEALTH,
    settings: ({ dir }) => `
druid.service=druid/indexer
druid.worker.capacity=6
druid.worker.baseTaskDirs=["${dir}/task"]
druid.indexer.task.baseDir=${dir}/task
druid.worker.numConcurrentMerges=1`,
  },
  broker1: {
    ...BROKER,
    port: 8082,
    settings: ({ dir, offset, profile }) => {
      const tls = profile === 'secure' ? tlsSettings(dir, TLS_PORT + offset) : ''
      return `${brokerSettings(dir, 'broker1')}\n${tls}`
    },
  },
  broker2: {
    ...BROKER,
    port: 8182,
    settings: ({ dir }) => `${brokerSettings(dir, 'broker2')}
druid.cache.type=caffeine
druid.cache.sizeInBytes=64MiB
druid.broker.cache.useResultLevelCache=true
druid.broker.cache.populateResultLevelCache=true`,
  },
  router: {
    port: 8888,
    heap: '128m',
    direct: '64m',
    role: 'router',
    readyPath: HEALTH,
    settings: () => `
druid.service=druid/router
druid.router.defaultBrokerServiceName=druid/broker
druid.router.coordinatorServiceName=druid/coordinator
druid.router.managementProxy.enabled=true`,
  },
}

/** Kafka's port at offset 0; its controller has the next one. */
export const KAFKA_PORT = 9092
const ZOOKEEPER_PORT = 2181
const DERBY_PORT = 1527
/** Of the secure profile's Broker. */
const TLS_PORT = 8282

/** Druid 33 on JDK 17 ends at the start without these (recipe of Druid's own bin/run-java). */
const OPENS = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
]

/** The port of a service. */
export function portOf(name: ServiceName, offset: number): number {
  return (name === 'zookeeper' ? ZOOKEEPER_PORT : DRUID[name].port) + offset
}

/** Where the secure profile's Broker answers by TLS. */
export function tlsPortOf(offset: number): number {
  return TLS_PORT + offset
}

/** The URL that tells whether a Druid service can do its work. */
export function readyUrl(name: Exclude<ServiceName, 'zookeeper'>, offset: number): string {
  return `http://127.0.0.1:${portOf(name, offset)}${DRUID[name].readyPath}`
}

/** Where a Broker writes its request log. */
export function requestLogDir(dir: string, broker: ServiceName): string {
  return join(dir, 'requests', broker)
}

/** Java's arguments for a service, whose settings are written on the way. */
export function serviceArgs(name: ServiceName, place: Place, jars: Jars): readonly string[] {
  if (name === 'zookeeper') {
    return zooKeeperArgs({ dir: place.dir, port: portOf(name, place.offset), jars })
  }
  const kind = DRUID[name]
  writeSettings(name, place)
  return [
    ...javaArgs(place.dir, jars),
    ...OPENS,
    `-Xmx${kind.heap}`,
    `-XX:MaxDirectMemorySize=${kind.direct}`,
    `-Ddruid.properties.file=${place.dir}/conf/${name}.properties`,
    '-cp',
    jars.classPath,
    'org.apache.druid.cli.Main',
    'server',
    kind.role,
  ]
}

/** Java's arguments for one ZooKeeper server, whose settings are written on the way. */
export function zooKeeperArgs(options: { dir: string; port: number; jars: Jars }): readonly string[] {
  const { dir, port, jars } = options
  mkdirSync(join(dir, 'conf'), { recursive: true })
  writeLogging(dir)
  const file = join(dir, 'conf/zoo.cfg')
  writeFileSync(
    file,
    `tickTime=1000
dataDir=${dir}/zookeeper
clientPort=${port}
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=*
`,
  )
  const main = 'org.apache.zookeeper.server.ZooKeeperServerMain'
  return [...javaArgs(dir, jars), '-Xmx96m', '-cp', jars.classPath, main, file]
}

function writeSettings(name: Exclude<ServiceName, 'zookeeper'>, place: Place): void {
  const { dir, offset } = place
  for (const folder of ['conf', 'tmp', 'task', 'cache', 'segments']) {
    mkdirSync(join(dir, folder), { recursive: true })
  }
  writeLogging(dir)
  const lines = [
    `druid.plaintextPort=${portOf(name, offset)}`,
    commonSettings(place),
    DRUID[name].settings(place),
  ]
  writeFileSync(join(dir, `conf/${name}.properties`), lines.join('\n'))
}

function commonSettings({ dir, offset, profile }: Place): string {
  const derby = DERBY_PORT + offset
  return `druid.extensions.loadList=[]
druid.host=127.0.0.1
druid.bindOnHost=true
druid.zk.service.host=127.0.0.1:${portOf('zookeeper', offset)}
druid.zk.service.sessionTimeoutMs=6000
druid.zk.paths.base=/druid
druid.metadata.storage.type=derby
druid.metadata.storage.connector.connectURI=jdbc:derby://127.0.0.1:${derby}/${dir}/metadata.db;create=true
druid.metadata.storage.connector.host=127.0.0.1
druid.metadata.storage.connector.port=${derby}
druid.storage.type=local
druid.storage.storageDirectory=${dir}/segments
druid.indexer.logs.type=file
druid.indexer.logs.directory=${dir}/indexing-logs
druid.selectors.indexing.serviceName=druid/overlord
druid.selectors.coordinator.serviceName=druid/coordinator
druid.emitter=noop
druid.monitoring.monitors=[]
druid.startup.logging.logProperties=false
druid.lookup.enableLookupSyncOnStartup=false
druid.processing.buffer.sizeBytes=16MiB
druid.processing.numThreads=1
druid.processing.numMergeBuffers=2
druid.processing.tmpDir=${dir}/tmp
druid.server.http.numThreads=20
druid.sql.enable=true
${profile === 'secure' ? securitySettings(dir) : ''}`
}

function brokerSettings(dir: string, name: ServiceName): string {
  return `
druid.service=druid/broker
druid.broker.http.numConnections=10
druid.sql.planner.metadataRefreshPeriod=PT2S
druid.request.logging.type=file
druid.request.logging.dir=${requestLogDir(dir, name)}`
}

/** Java's arguments that all programs of a cluster share. */
export function javaArgs(dir: string, jars: Jars): readonly string[] {
  mkdirSync(join(dir, 'tmp'), { recursive: true })
  return [
    '-XX:+UseSerialGC',
    // C1 alone and shared class data start all services on two cores in half the time (25 s instead of 55 s).
    '-XX:TieredStopAtLevel=1',
    `-XX:SharedArchiveFile=${jars.archive}`,
    '-Xlog:disable',
    '-Xlog:all=error:stderr',
    '-Duser.timezone=UTC',
    '-Dfile.encoding=UTF-8',
    `-Djava.io.tmpdir=${dir}/tmp`,
    // By name: a folder on the class path would switch shared class data off.
    `-Dlog4j.configurationFile=${dir}/conf/log4j2.xml`,
    '-Djava.util.logging.manager=org.apache.logging.log4j.jul.LogManager',
  ]
}

/** How a program logs: to its output, which `startProgram` appends to a file. */
export function writeLogging(dir: string): void {
  writeFileSync(
    join(dir, 'conf/log4j2.xml'),
    `<Configuration status="WARN">
  <Appenders><Console name="C" target="SYSTEM_OUT">
    <PatternLayout pattern="%d{ISO8601} %p [%t] %c{1} - %m%n"/>
  </Console></Appenders>
  <Loggers><Root level="info"><AppenderRef ref="C"/></Root></Loggers>
</Configuration>
`,
  )
}
