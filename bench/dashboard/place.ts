// Where the bench runs: the real cluster with its live stream, and the state in which both were found.
import { whatIsMissing } from '../../test/cluster/artifacts.ts'
import { type Cluster, findCluster, startCluster } from '../../test/cluster/cluster.ts'
import { startStream, stopProducer } from '../../test/cluster/stream.ts'
import { within } from '../../test/cluster/wait.ts'

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
  const producer = (await cluster.status()).find(({ name }) => name === 'producer')
  // A run that was ended while nothing came in leaves it so.
  if (producer?.state === 'frozen') cluster.thaw('producer')
  const leave = async (): Promise<void> => {
    if (found === undefined) await cluster.stop()
    else if (producer === undefined) await stopProducer(cluster)
  }
  try {
    await startStream(cluster)
    return { cluster, leave }
  } catch (error) {
    await leave()
    throw error
  }
}
