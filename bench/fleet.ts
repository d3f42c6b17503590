// Some replicas of Ovate as an operator runs them: a process each, one configuration file for all.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson, request, sql } from '../test/cluster/http.ts'
import { waitUntil, within } from '../test/cluster/wait.ts'
import { type OvateProgram, startOvate } from './ovate.ts'

export interface Fleet {
  readonly replicas: readonly OvateProgram[]
  /** The metrics of all replicas, one after the other, for `sumOf`. */
  metrics(): Promise<string>
  stop(): Promise<void>
}

export interface FleetOptions {
  readonly count: number
  /** ZooKeeper's connect string, and Druid's path there. */
  readonly connect: string
  readonly druidPath: string
  /** Whether they know each other and take leases. */
  readonly coordinated: boolean
  /** `host:port` of a Redis that they share; undefined: each has only its own memory. */
  readonly redis: string | undefined
}

const READY_MS = 30_000

/** Starts them and waits until each answers and knows of all others. Nothing is shared with other fleets. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'ovate-bench-'))
  const config = join(folder, 'ovate.yaml')
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settingsOf(options)))
  const replicas: OvateProgram[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(replicas.map((one) => one.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    while (replicas.length < options.count) replicas.push(await startOvate({ config }))
    const ready = async (): Promise<boolean> => {
      const all = await Promise.all(replicas.map((one) => isReady(one, options)))
      return all.every(Boolean)
    }
    await waitUntil('all replicas', ready, within(READY_MS))
  } catch (error) {
    await stop()
    throw error
  }
  const metrics = async (): Promise<string> => {
    const all = await Promise.all(replicas.map(({ adminUrl }) => request(`${adminUrl}/metrics`)))
    return all.map(({ body }) => body.toString()).join('\n')
  }
  return { replicas, metrics, stop }
}

function settingsOf({ connect, druidPath, coordinated, redis }: FleetOptions): object {
  const name = `ovate-bench-${randomBytes(6).toString('hex')}`
  return {
    druid: {
      zookeeper: { connect, path: druidPath },
      // All of it runs on one machine: probes wait behind the load that the clients make.
      health: { timeout: '10s' },
    },
    freshness: { schemaRefresh: '2s' },
    identity: { secret: name },
    ...(coordinated && { coordination: { connect, path: `/${name}` } }),
    ...(redis !== undefined && { cache: { shared: { nodes: [redis], namespace: name } } }),
  }
}

async function isReady({ url, adminUrl }: OvateProgram, options: FleetOptions): Promise<boolean> {
  if ((await sql(url, 'SELECT 1')).status !== 200) return false
  if (!options.coordinated) return true
  const { coordination } = parseJson(await request(`${adminUrl}/ovate/status`)) as {
    readonly coordination: { readonly replicas: readonly unknown[] }
  }
  return coordination.replicas.length === options.count
}

/** Adds up the lines of a metric; the expression's group holds the number. */
export function sumOf(metrics: string, line: RegExp): number {
  return [...metrics.matchAll(line)].reduce((all, [, value]) => all + Number(value), 0)
}
