// /ovate/ready: whether a balancer should send requests here.
import { type AdminOptions } from './options.ts'

/** `draining`: it was told to end, and takes what still comes. `no-broker`: what isn't held can't be answered. */
export type Readiness = 'ready' | 'draining' | 'no-broker'

export function readinessOf({ druid, isDraining }: Pick<AdminOptions, 'druid' | 'isDraining'>): Readiness {
  if (isDraining?.() === true) return 'draining'
  return druid.brokers().some(({ state }) => state === 'ready') ? 'ready' : 'no-broker'
}
