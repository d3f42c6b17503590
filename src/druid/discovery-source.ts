// Brokers that announce themselves in ZooKeeper.
import { type Clock, systemClock } from '../clock.ts'
import { BrokerDiscovery } from '../coordination/broker-discovery.ts'
import { type Coordination } from '../coordination/coordination.ts'
import { connectZooKeeper, type ZooKeeperOptions } from '../coordination/zookeeper.ts'
import { type BrokersListener, type BrokerSource } from './broker-source.ts'
import { Deferred } from './deferred.ts'

/** As `ZooKeeperOptions`, and Druid's `druid.zk.paths.base`. The source makes the client and closes it. */
export interface DiscoveryOptions extends ZooKeeperOptions {
  readonly basePath: string
  readonly clock?: Clock | undefined
}

export interface DiscoverySource extends BrokerSource {
  /** The session, for who else reads Druid's znodes; undefined when the package is missing. Closed by `stop`. */
  readonly session: Promise<Coordination | undefined>
}

/** Keeps the last known Brokers while ZooKeeper is away. A missing package is told as an error, once. */
export function discoverySource(options: DiscoveryOptions): DiscoverySource {
  const session = new Deferred<Coordination | undefined>()
  let started: Promise<Discovery | undefined> | undefined
  return {
    session: session.promise,
    start: (onChange, onError) => {
      started = begin(options, onChange, onError).catch((error: unknown) => {
        onError(error as Error)
        return undefined
      })
      started.then((discovery) => session.resolve(discovery?.coordination)).catch(onError)
    },
    stop: async () => {
      const discovery = await started
      await discovery?.brokers.stop()
      await discovery?.coordination.close()
    },
  }
}

interface Discovery {
  readonly coordination: Coordination
  readonly brokers: BrokerDiscovery
}

async function begin(
  options: DiscoveryOptions,
  onBrokers: BrokersListener,
  onError: (error: Error) => void,
): Promise<Discovery> {
  const { basePath, clock = systemClock } = options
  const coordination = await connectZooKeeper({ onError, ...options })
  return { coordination, brokers: new BrokerDiscovery({ coordination, basePath, clock, onBrokers, onError }) }
}
