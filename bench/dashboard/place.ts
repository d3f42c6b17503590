// The real cluster with its live stream, and the state in which both were found.
import { startStream, stopProducer } from '../../test/cluster/stream.ts'
import { findPlace, type Place } from '../place.ts'

/** @returns what is missing, where no cluster can run. */
export async function findLivePlace(): Promise<Place | string> {
  const place = await findPlace()
  if (typeof place === 'string') return place
  const { cluster } = place
  const producer = (await cluster.status()).find(({ name }) => name === 'producer')
  // A run that was ended while nothing came in leaves it so.
  if (producer?.state === 'frozen') cluster.thaw('producer')
  const leave = async (): Promise<void> => {
    if (producer === undefined) await stopProducer(cluster)
    await place.leave()
  }
  try {
    await startStream(cluster)
    return { cluster, leave }
  } catch (error) {
    await leave()
    throw error
  }
}
