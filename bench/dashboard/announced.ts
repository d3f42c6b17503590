// One Broker of a cluster announced on its own, so that Ovate finds it through ZooKeeper and no other beside it.
import { createRequire } from 'node:module'
import { type Cluster } from '../../test/cluster/cluster.ts'

export interface Announced {
  /** What Ovate takes as Druid's `druid.zk.paths.base`. */
  readonly path: string
  /** Takes the announcement off. */
  stop(): Promise<void>
}

/** As much of the package `zookeeper` as is used. */
interface Client {
  connect(options: object, done: (error: Error | null) => void): void
  get(path: string, watch: boolean): Promise<readonly [stat: unknown, data: Buffer]>
  create(path: string, data: Buffer | string, flags: number): Promise<string>
  delete_(path: string, version: number): Promise<unknown>
  close(): void
}

const BROKERS = '/internal-discovery/BROKER'
const EPHEMERAL = 1
const ANY_VERSION = -1

/**
 * Druid's own announcement, copied to a path of the bench's: both Brokers have the same `druid.service`, and the work of
 * one of them only is measured. @throws Error where the package `zookeeper` isn't installed.
 */
export async function announceAlone(cluster: Cluster, broker: 'broker1' | 'broker2'): Promise<Announced> {
  const client = await connected(cluster.zookeeper)
  const path = `/ovate-bench-${process.pid}`
  const folders = [path, `${path}/internal-discovery`, path + BROKERS]
  const name = new URL(cluster.services[broker]).host
  const stop = async (): Promise<void> => {
    try {
      for (const made of [...folders, `${path}${BROKERS}/${name}`].toReversed())
        await client.delete_(made, ANY_VERSION)
    } finally {
      client.close()
    }
  }
  try {
    const [, data] = await client.get(`/druid${BROKERS}/${name}`, false)
    for (const folder of folders) await client.create(folder, '', 0)
    await client.create(`${path}${BROKERS}/${name}`, data, EPHEMERAL)
    return { path, stop }
  } catch (error) {
    client.close()
    throw error
  }
}

async function connected(connect: string): Promise<Client> {
  const ClientClass = createRequire(import.meta.url)('zookeeper') as new (options: object) => Client
  const client = new ClientClass({ connect, timeout: 20_000 })
  await new Promise<void>((resolve, reject) => {
    client.connect({}, (error) => (error === null ? resolve() : reject(error)))
  })
  return client
}
