// What a lease costs on a real ZooKeeper of one node and of three, beside a plain create and delete by the same client.
import { setMaxListeners } from 'node:events'
import { systemClock } from '../src/clock.ts'
import { Leases, queueOf } from '../src/coordination/leases.ts'
import { connectZooKeeper, type ZooKeeperCoordination } from '../src/coordination/zookeeper.ts'
import { type EnsembleServers, startEnsemble } from '../test/cluster/ensemble.ts'
import { waitUntil, within } from '../test/cluster/wait.ts'
import { zooKeeperMissing } from '../test/cluster/zookeeper.ts'
import { type Outcome, quantile, type Result } from './result.ts'

/** Three requests, one of them a read, instead of two. */
const AIM_RATIO = 2
const SESSION_MS = 10_000
const BUDGET_MS = 60_000
const ENOUGH_MS = 120_000
const WARM_UP = 50
const WAITERS = 50
const CLIENTS = 5
/** ZooKeeper's default. */
const CONTAINERS_MS = 60_000
const EMPTY = Buffer.alloc(0)

interface Measured {
  readonly results: readonly Result[]
  readonly wrong: number
  readonly note: string
}

/** Acquiring and releasing without others, and how long it takes from one holder to the next with 50 in line. */
export async function leaseBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  const missing = await zooKeeperMissing()
  if (missing !== undefined) return { results: [], wrong: 0, notes: [`SKIPPED: ${missing}`] }
  const measured: Measured[] = []
  for (const size of [1, 3] as const) {
    const servers = await startEnsemble(size, CONTAINERS_MS)
    try {
      measured.push(await measure(servers, quick ? 300 : 2_000, quick ? 4 : 20))
    } finally {
      await servers.stop()
    }
  }
  return {
    results: measured.flatMap(({ results }) => results),
    wrong: measured.reduce((sum, { wrong }) => sum + wrong, 0),
    notes: measured.map(({ note }) => note),
  }
}

async function measure(servers: EnsembleServers, rounds: number, lines: number): Promise<Measured> {
  const nodes = servers.nodes.length === 1 ? 'one node' : `${servers.nodes.length} nodes`
  const clients: ZooKeeperCoordination[] = []
  try {
    const first = await connected(servers.connectString)
    clients.push(first)
    while (clients.length < CLIENTS) clients.push(await connected(servers.connectString))
    const { plain, same, anew } = await alone(first, rounds)
    const { handOvers, wrong } = await inLine(clients, lines)
    const title = `alone, ${nodes}`
    const ratio = quantile(same) / quantile(plain)
    return {
      results: [
        { case: title, target: 'create and delete', metrics: figures(plain) },
        { case: title, target: 'lease', metrics: { ...figures(same), ratio } },
        {
          case: title,
          target: 'lease, new name',
          metrics: { ...figures(anew), ratio: quantile(anew) / quantile(plain) },
        },
        { case: `${WAITERS} in line, ${nodes}`, target: 'to the next one', metrics: figures(handOvers) },
      ],
      wrong,
      note:
        `${nodes}: a lease takes ${ratio.toFixed(2)} times a create and delete ` +
        `(aim: at most ${AIM_RATIO}, ${ratio <= AIM_RATIO ? 'met' : 'MISSED'})`,
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}

async function connected(connect: string): Promise<ZooKeeperCoordination> {
  const client = await connectZooKeeper({ connect, sessionTimeoutMs: SESSION_MS })
  await waitUntil('a session of ZooKeeper', () => client.state === 'connected', within(ENOUGH_MS))
  return client
}

function leasesOf(coordination: ZooKeeperCoordination): Leases {
  return new Leases({ coordination, clock: systemClock, basePath: '/bench', sessionTimeoutMs: SESSION_MS })
}

/** One after the other in turn, so that what slows the machine down slows all of them down. */
async function alone(
  client: ZooKeeperCoordination,
  rounds: number,
): Promise<{ plain: readonly number[]; same: readonly number[]; anew: readonly number[] }> {
  const leases = leasesOf(client)
  const signal = within(ENOUGH_MS)
  const times = { plain: [] as number[], same: [] as number[], anew: [] as number[] }
  await client.create('/plain', EMPTY, 'persistent', signal)
  const names = namesIn(['0', '1', '2', '3'])
  for (let round = 0; round < rounds + WARM_UP; round += 1) {
    const plain = await timed(() => createAndDelete(client, signal))
    const same = await timed(() => acquireAndRelease(leases, 'same', signal))
    const anew = await timed(() => acquireAndRelease(leases, names.next().value, signal))
    if (round < WARM_UP) continue
    times.plain.push(plain)
    times.same.push(same)
    times.anew.push(anew)
  }
  await leases.stop(signal)
  return times
}

/** Names never used before, in folders that the warm-up makes: those of a busy Ovate are there. */
function* namesIn(ends: readonly string[]): Generator<string, never> {
  for (let at = 0; ; at += 1) {
    const { key } = queueOf('', `name ${at}`)
    if (ends.some((end) => key.startsWith(`0${end}`))) yield `name ${at}`
  }
}

async function createAndDelete(client: ZooKeeperCoordination, signal: AbortSignal): Promise<void> {
  const created = await client.create('/plain/x_', EMPTY, 'ephemeral-sequential', signal)
  if (created.kind !== 'created') throw new Error(`a plain create: ${created.kind}`)
  await client.delete(created.path, undefined, signal)
}

async function acquireAndRelease(leases: Leases, name: string, signal: AbortSignal): Promise<void> {
  const acquired = await leases.acquire(name, BUDGET_MS, signal)
  if (acquired.kind === 'alone') throw new Error(`alone: ${acquired.why}`)
  await acquired.lease.release()
}

/** Each has a place of its own in ZooKeeper; who has the lease gives it back at once. */
async function inLine(
  clients: readonly ZooKeeperCoordination[],
  lines: number,
): Promise<{ handOvers: readonly number[]; wrong: number }> {
  const handOvers: number[] = []
  let wrong = 0
  for (let at = 0; at < lines; at += 1) {
    const line = await oneLine(clients, `line ${at}`)
    handOvers.push(...line.handOvers)
    wrong += line.wrong
  }
  return { handOvers, wrong }
}

async function oneLine(
  clients: readonly ZooKeeperCoordination[],
  name: string,
): Promise<{ handOvers: readonly number[]; wrong: number }> {
  const signal = within(ENOUGH_MS)
  setMaxListeners(0, signal)
  const all = clients.flatMap((client) => {
    return Array.from({ length: WAITERS / CLIENTS }, () => ({ client, leases: leasesOf(client) }))
  })
  const gotAt: number[] = []
  let wrong = 0
  const waiting = all.map(async ({ client, leases }) => {
    const acquired = await leases.acquire(name, BUDGET_MS, signal)
    if (acquired.kind === 'alone') {
      wrong += 1
      return
    }
    // The first one waits till all stand behind it.
    if (gotAt.length === 0) await standing(client, name)
    gotAt.push(performance.now())
    if (acquired.lease.state !== 'held') wrong += 1
    await acquired.lease.release()
  })
  await Promise.all(waiting)
  await Promise.all(all.map(({ leases }) => leases.stop(signal)))
  return { handOvers: gotAt.slice(1).map((ms, at) => ms - (gotAt[at] ?? ms)), wrong }
}

async function standing(client: ZooKeeperCoordination, name: string): Promise<void> {
  const { folder, key } = queueOf('/bench/leases', name)
  await waitUntil(
    'all to stand in line',
    async (signal) => {
      const places = (await client.children(folder, undefined, signal)) ?? []
      return places.filter((place) => place.startsWith(key)).length === WAITERS
    },
    within(ENOUGH_MS),
  )
}

async function timed(work: () => Promise<void>): Promise<number> {
  const beganMs = performance.now()
  await work()
  return performance.now() - beganMs
}

function figures(times: readonly number[]): Readonly<Record<string, number>> {
  return { p50Ms: quantile(times), p99Ms: quantile(times, 0.99) }
}
