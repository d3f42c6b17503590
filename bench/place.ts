// The real cluster that a bench runs on: the one that runs, or one of the bench's own.
import { whatIsMissing } from '../test/cluster/artifacts.ts'
import { type Cluster, findCluster, startCluster } from '../test/cluster/cluster.ts'
import { within } from '../test/cluster/wait.ts'

export interface Place {
  readonly cluster: Cluster
  /** Stops what was started for the bench. */
  leave(): Promise<void>
}

/** @returns what is missing, where no cluster can run. */
export async function findPlace(): Promise<Place | string> {
  const missing = await whatIsMissing(within(60_000))
  if (missing !== undefined) return missing
  const offset = Number(process.env['OVATE_CLUSTER_OFFSET'] ?? 0)
  const found = findCluster(offset)
  const cluster = await startCluster({ offset, data: found?.seeded?.size ?? 'small' })
  const leave = async (): Promise<void> => {
    if (found === undefined) await cluster.stop()
  }
  return { cluster, leave }
}
