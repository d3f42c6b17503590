// Waiting for ZooKeeper to be there again.
import { orAborted } from '../abort.ts'
import { type Coordination } from './coordination.ts'

/** Resolves as soon as the session is connected. @throws the signal's reason. */
export async function untilConnected(coordination: Coordination, signal: AbortSignal): Promise<void> {
  let off = (): void => undefined
  try {
    const connected = new Promise<void>((resolve) => {
      off = coordination.onState((state) => {
        if (state === 'connected') resolve()
      })
      if (coordination.state === 'connected') resolve()
    })
    await orAborted(connected, signal)
  } finally {
    off()
  }
}
