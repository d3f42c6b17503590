// Leases over the session that replicas share.
import { type Clock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { LeaseCost } from '../coordination/lease-cost.ts'
import { Leases } from '../coordination/leases.ts'
import { type LeaseOffice } from '../engine/turns.ts'
import { type Metrics } from '../observe/metrics.ts'
import { type Shared } from './coordinate.ts'

export interface RunningLeases extends LeaseOffice {
  readonly counts: Leases['counts']
  /** Gives up what waits and what is held; to be called before the session is closed. */
  stop(): Promise<void>
}

/** How long the end waits until its places in the queues are gone: with the session they go anyway. */
const STOP_MS = 2_000

/** Undefined where replicas don't know each other. */
export function openLeases(
  { coordination: given }: Config,
  shared: Pick<Shared, 'coordination' | 'liveReplicas'> | undefined,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics },
): RunningLeases | undefined {
  if (given === undefined || shared === undefined) return undefined
  const { coordination, liveReplicas } = shared
  const cost = new LeaseCost({ clock, liveReplicas })
  const leases = new Leases({
    coordination,
    clock,
    basePath: given.path,
    sessionTimeoutMs: given.sessionTimeout,
    listener: {
      waited: metrics.leaseWaited,
      held: metrics.leaseHeld,
      takenOver: metrics.leaseTakenOver,
      alone: metrics.leaseAlone,
      cost: (ms) => cost.learn(ms),
    },
  })
  return {
    // All of what is asked: the compiler says nothing where a function takes less than it is given.
    acquire: leases.acquire.bind(leases),
    worth: (expectedMs) => cost.worth(expectedMs),
    get counts() {
      return leases.counts
    },
    stop: async () => {
      await leases.stop(AbortSignal.timeout(STOP_MS)).catch(() => undefined)
    },
  }
}
