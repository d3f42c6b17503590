// The live datasource `stream`: a Kafka node, a producer and Druid's supervisor. Started on demand only.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaJars, type Jars } from './artifacts.ts'
import type { Cluster } from './cluster.ts'
import { parseJson, request, sqlRows } from './http.ts'
import { killProgram, lastLines, processInfo, startProgram } from './processes.ts'
import { KAFKA_PORT } from './services.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

export interface StreamOptions {
  /** 20 unless told. Rows have the time of now, and a number `seq` without gaps for one producer. */
  readonly rowsPerSecond?: number
  /** ISO: after it a task hands its segments (five minutes each) over to the Historical. PT5M unless told. */
  readonly taskDuration?: string
}

const run = promisify(execFile)
const TOPIC = 'stream'
const START_MS = 180_000
// Any will do: the node is the only one of its cluster, and its data go with the cluster's folder.
const KAFKA_CLUSTER_ID = 'b3ZhdGUtdGVzdC1rYWZrYQ'

/**
 * Starts what is missing of Kafka, the producer and the supervisor, and waits until each Broker sees a row of
 * `stream`. The cluster's `stop` ends Kafka and the producer, too.
 */
export async function startStream(
  cluster: Cluster,
  options: StreamOptions = {},
  signal?: AbortSignal,
): Promise<void> {
  const deadline = within(START_MS, signal)
  const jars = await kafkaJars(within(15 * 60_000, signal))
  await startKafka(cluster, jars, deadline)
  startProducer(cluster, jars, options.rowsPerSecond ?? 20)
  await supervise(cluster, options.taskDuration ?? 'PT5M', deadline)
  for (const broker of cluster.brokers) {
    const visible = async (): Promise<boolean> => {
      if (processInfo(cluster.dir, 'producer').state === 'stopped') {
        throw new GiveUp(`the producer ended:\n${lastLines(cluster.dir, 'producer', 10)}`)
      }
      return (await sqlRows(broker, 'SELECT seq FROM "stream" LIMIT 1', deadline)).length === 1
    }
    await waitUntil(`rows of stream at ${broker}`, visible, deadline)
  }
}

/** Ends the producer: no more rows come, all that came stay. `startStream` starts a new one, with `seq` from 0. */
export function stopProducer(cluster: Cluster, signal?: AbortSignal): Promise<void> {
  return killProgram(cluster.dir, 'producer', within(10_000, signal))
}

async function startKafka(cluster: Cluster, jars: Jars, signal: AbortSignal): Promise<void> {
  const { dir } = cluster
  if (processInfo(dir, 'kafka').state === 'stopped') {
    const settings = writeSettings(cluster)
    if (!existsSync(join(dir, 'kafka/meta.properties'))) {
      const args = ['format', '-t', KAFKA_CLUSTER_ID, '-c', settings]
      await run(jars.java, [...javaArgs(jars, '64m'), 'kafka.tools.StorageTool', ...args], { signal })
    }
    startProgram({
      name: 'kafka',
      dir,
      command: jars.java,
      args: [...javaArgs(jars, '256m'), 'kafka.Kafka', settings],
    })
  }
  const listens = async (): Promise<boolean> => {
    if (processInfo(dir, 'kafka').state === 'stopped')
      throw new GiveUp(`Kafka ended:\n${lastLines(dir, 'kafka', 10)}`)
    return canConnect(KAFKA_PORT + cluster.offset, within(1000, signal))
  }
  await waitUntil('Kafka', listens, signal)
}

function startProducer(cluster: Cluster, jars: Jars, rowsPerSecond: number): void {
  if (processInfo(cluster.dir, 'producer').state !== 'stopped') return
  const source = join(import.meta.dirname, 'StreamProducer.java')
  const args = [...javaArgs(jars, '64m'), source, bootstrap(cluster), TOPIC, String(rowsPerSecond)]
  startProgram({ name: 'producer', dir: cluster.dir, command: jars.java, args })
}

/** Sent again as it is, a supervisor's specification changes nothing but restarts its task. */
async function supervise(cluster: Cluster, taskDuration: string, signal: AbortSignal): Promise<void> {
  const url = `${cluster.services.coordinator}/druid/indexer/v1/supervisor`
  const taken = async (): Promise<boolean> => {
    const known = parseJson(await request(url, {}, signal)) as readonly string[]
    if (!known.includes(TOPIC))
      parseJson(await request(url, { body: supervisorSpec(cluster, taskDuration) }, signal))
    return true
  }
  await waitUntil('the Overlord to take the supervisor', taken, signal)
}

function supervisorSpec(cluster: Cluster, taskDuration: string): object {
  const text = ['country', 'device', 'user'].map((name) => ({ type: 'string', name }))
  return {
    type: 'kafka',
    spec: {
      dataSchema: {
        dataSource: 'stream',
        timestampSpec: { column: 'ts', format: 'millis' },
        dimensionsSpec: { dimensions: [...text, { type: 'long', name: 'seq' }] },
        metricsSpec: [
          { type: 'longSum', name: 'added', fieldName: 'added' },
          { type: 'doubleSum', name: 'price', fieldName: 'price' },
        ],
        granularitySpec: {
          type: 'uniform',
          segmentGranularity: 'FIVE_MINUTE',
          queryGranularity: 'NONE',
          rollup: false,
        },
      },
      ioConfig: {
        topic: TOPIC,
        inputFormat: { type: 'json' },
        consumerProperties: { 'bootstrap.servers': bootstrap(cluster) },
        useEarliestOffset: true,
        taskCount: 1,
        replicas: 1,
        taskDuration,
        startDelay: 'PT1S',
        period: 'PT5S',
      },
      tuningConfig: {
        type: 'kafka',
        maxRowsInMemory: 20_000,
        intermediatePersistPeriod: 'PT2M',
        intermediateHandoffPeriod: 'PT10M',
      },
    },
  }
}

function writeSettings(cluster: Cluster): string {
  const broker = `127.0.0.1:${KAFKA_PORT + cluster.offset}`
  const controller = `127.0.0.1:${KAFKA_PORT + 1 + cluster.offset}`
  const file = join(cluster.dir, 'conf/kafka.properties')
  mkdirSync(join(cluster.dir, 'conf'), { recursive: true })
  writeFileSync(
    file,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
listeners=PLAINTEXT://${broker},CONTROLLER://${controller}
advertised.listeners=PLAINTEXT://${broker}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${cluster.dir}/kafka
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.hours=48
auto.create.topics.enable=true
`,
  )
  return file
}

function javaArgs(jars: Jars, heap: string): readonly string[] {
  return ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Xmx${heap}`, '-cp', jars.classPath]
}

function bootstrap(cluster: Cluster): string {
  return `127.0.0.1:${KAFKA_PORT + cluster.offset}`
}

function canConnect(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', signal })
    const done = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.on('connect', () => done(true))
    socket.on('error', () => done(false))
  })
}
