// For tests on the real cluster: `describe.runIf(clusterAvailable)` and, inside, `theCluster()`.
import assert from 'node:assert'
import { inject } from 'vitest'
import { findCluster, type Cluster } from './cluster.ts'

/** False where no cluster can run (no JDK 17, no Maven), which the global setup has said loudly. */
export const clusterAvailable = inject('clusterOffset') !== undefined

/** The cluster of this test run. Throws where there is none. */
export function theCluster(): Cluster {
  const cluster = findCluster(inject('clusterOffset'))
  assert(cluster !== undefined, 'no cluster runs: use describe.runIf(clusterAvailable)')
  return cluster
}
