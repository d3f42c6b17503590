// Ovate over the real wire in front of Brokers that take nothing but plain HTTP and echo it.
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { type Druid, type DruidRequest } from '../../src/druid/druid.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type DruidLimits } from '../../src/druid/options.ts'
import { type EchoBroker, startEchoBroker } from './echo-broker.ts'
import { type Stack, startStack } from './stack.ts'
import { until } from './until.ts'

export interface EchoStack {
  readonly brokers: readonly EchoBroker[]
  readonly druid: DruidClient
  readonly stack: Stack
  readonly url: string
  /** How many requests Ovate gave to its Druid client; a DELETE may go to all Brokers. */
  readonly given: number
  /** Nothing runs any more: no flight, no request at a Broker, no connection of a client. */
  quiet(): Promise<void>
  stop(): Promise<void>
}

const SERVICE = 'druid/broker'

/** Starts all of it; `settings` as in a configuration file. */
export async function startEchoStack(
  settings: Record<string, unknown> = {},
  { brokerCount = 1, limits = {} }: { brokerCount?: number; limits?: Partial<DruidLimits> } = {},
): Promise<EchoStack> {
  const brokers = await Promise.all(Array.from({ length: brokerCount }, () => startEchoBroker()))
  const druid = createDruid({
    source: fixedSource(
      brokers.map(({ url }) => url),
      SERVICE,
    ),
    defaultService: SERVICE,
    // A machine that is busy with attacks is slow to probe.
    limits: { probeTimeoutMs: 10_000, ...limits },
  })
  let given = 0
  const counting = new Proxy<Druid>(druid, {
    get: (target, name) => {
      if (name === 'send') {
        return (request: DruidRequest, signal: AbortSignal) => {
          given += 1
          return target.send(request, signal)
        }
      }
      if (name === 'cancel') given += brokers.length
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const stack = await startStack(counting, settings)
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  return {
    brokers,
    druid,
    stack,
    url: stack.server.url,
    get given() {
      return given
    },
    quiet: async () => {
      await until(async () => {
        const atBrokers = druid.brokers().reduce((all, { outstanding }) => all + outstanding, 0)
        return atBrokers === 0 && stack.flights.size === 0 && (await stack.server.connections()) === 0
      })
      await stack.keeper.settled()
    },
    stop: async () => {
      await stack.stop()
      await druid.close()
      await Promise.all(brokers.map((broker) => broker.close()))
    },
  }
}
