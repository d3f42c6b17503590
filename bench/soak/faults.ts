// What happens to Ovate's surroundings during a soak: one fault after the other, each with its end.
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster } from '../../test/cluster/cluster.ts'
import { type TcpProxy } from '../../test/cluster/tcp-proxy.ts'
import { type RedisServer } from '../../test/redis/server.ts'

export interface Surroundings {
  readonly cluster: Cluster
  /** In front of Broker 1 and 2. */
  readonly brokers: readonly [TcpProxy, TcpProxy]
  readonly zookeeper: TcpProxy
  readonly redis: RedisServer | undefined
}

interface Fault {
  readonly name: string
  readonly inject: (surroundings: Surroundings) => Promise<void> | void
  readonly end: (surroundings: Surroundings) => Promise<void> | void
  /** Takes longer than a short run has. */
  readonly isLong?: true
}

const FAULTS: readonly Fault[] = [
  {
    name: 'Broker 1 does not answer',
    inject: ({ brokers }) => brokers[0].blackhole(),
    end: ({ brokers }) => brokers[0].heal(),
  },
  {
    name: 'ZooKeeper is cut off',
    inject: ({ zookeeper }) => zookeeper.blackhole(),
    end: ({ zookeeper }) => zookeeper.heal(),
  },
  {
    name: 'Broker 2 resets its connections and takes none',
    inject: ({ brokers }) => brokers[1].down(),
    end: ({ brokers }) => brokers[1].up(),
  },
  {
    name: 'the shared cache is killed',
    inject: async ({ redis }) => await redis?.kill(),
    end: async ({ redis }) => await redis?.restart(),
  },
  {
    name: 'Broker 1 is frozen',
    inject: ({ cluster }) => cluster.freeze('broker1'),
    end: ({ cluster }) => cluster.thaw('broker1'),
  },
  {
    name: 'no Broker is there',
    inject: async ({ brokers }) => {
      await Promise.all(brokers.map((proxy) => proxy.down()))
    },
    end: async ({ brokers }) => {
      await Promise.all(brokers.map((proxy) => proxy.up()))
    },
  },
  {
    name: 'the shared cache does not answer',
    inject: ({ redis }) => redis?.freeze(),
    end: ({ redis }) => redis?.thaw(),
  },
  {
    name: 'Broker 2 is killed and starts again',
    inject: async ({ cluster }) => await cluster.kill('broker2'),
    // It asks for the metadata of all segments before it is ready, and the data server may work for minutes on what the killed one asked.
    end: async ({ cluster }) => await cluster.restart('broker2').catch(() => cluster.waitReady()),
    isLong: true,
  },
]

/** Injects faults in turn until told; the last one has ended when this resolves. */
export async function injectFaults(
  surroundings: Surroundings,
  { lastMs, restMs, long }: { readonly lastMs: number; readonly restMs: number; readonly long: boolean },
  stop: AbortSignal,
): Promise<number> {
  const faults = FAULTS.filter(({ isLong }) => long || isLong !== true)
  const sleep = async (ms: number): Promise<void> => {
    await delay(ms, undefined, { signal: stop }).catch(() => undefined)
  }
  let injected = 0
  await sleep(restMs)
  for (; !stop.aborted; injected += 1) {
    const fault = faults[injected % faults.length]
    if (fault === undefined) break
    console.log(`  fault: ${fault.name}`)
    try {
      await fault.inject(surroundings)
      await sleep(lastMs)
    } finally {
      await fault.end(surroundings)
    }
    await sleep(restMs)
  }
  return injected
}
