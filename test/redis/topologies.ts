// Several real servers that belong together: a cluster of masters, and a master with its replica and Sentinel.
import { waitUntil, within } from '../cluster/wait.ts'
import { freePort } from '../cluster/home.ts'
import { type RedisServer, startRedis } from './server.ts'

const READY_MS = 30_000
const SLOTS = 16_384
const MASTER = 'ovate-master'

/** Masters that share the slots evenly; each knows all, and the ACL user. A dead one makes only its own slots unserved. */
export async function startCluster(
  ends: (() => unknown)[],
  count: number,
  user: string,
): Promise<readonly RedisServer[]> {
  const servers: RedisServer[] = []
  const busPorts: number[] = []
  for (let at = 0; at < count; at += 1) {
    const busPort = await freePort()
    busPorts.push(busPort)
    const settings = {
      user,
      'cluster-enabled': 'yes',
      'cluster-port': String(busPort),
      'cluster-node-timeout': '2000',
      'cluster-require-full-coverage': 'no',
    }
    servers.push(await startRedis(ends, { settings }))
  }
  for (const [at, { client, port }] of servers.entries()) {
    const first = Math.floor((SLOTS * at) / count)
    const last = Math.floor((SLOTS * (at + 1)) / count) - 1
    await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last)
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)
    const [to] = servers
    await to?.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[at] ?? 0)
  }
  await waitUntil(
    'the cluster',
    async () => {
      const infos = await Promise.all(servers.map(({ client }) => client.cluster('INFO')))
      return infos.every(
        (info) =>
          info.includes('cluster_state:ok') &&
          info.includes(`cluster_slots_assigned:${SLOTS}`) &&
          info.includes(`cluster_size:${count}`),
      )
    },
    within(READY_MS),
  )
  return servers
}

export interface Watched {
  readonly name: string
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly sentinel: RedisServer
}

/** One Sentinel, which decides alone, soon after the master is gone. */
export async function startWatched(ends: (() => unknown)[]): Promise<Watched> {
  const master = await startRedis(ends)
  const replica = await startRedis(ends, { settings: { replicaof: `127.0.0.1 ${master.port}` } })
  const sentinel = await startRedis(ends, { sentinel: true })
  const tell = (...words: (string | number)[]): Promise<unknown> => sentinel.client.call('SENTINEL', ...words)
  await tell('MONITOR', MASTER, '127.0.0.1', master.port, 1)
  await tell('SET', MASTER, 'down-after-milliseconds', '500')
  await tell('SET', MASTER, 'failover-timeout', '3000')
  await waitUntil(
    'the replica',
    async () => {
      const known = (await tell('REPLICAS', MASTER)) as readonly unknown[]
      const info = await replica.client.info('replication')
      return known.length === 1 && info.includes('master_link_status:up')
    },
    within(READY_MS),
  )
  return { name: MASTER, master, replica, sentinel }
}
