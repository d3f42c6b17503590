// Before the cluster's tests: the cluster that runs is used, else one is started and stopped in the end.
import type { TestProject } from 'vitest/node'
import { recordedEndWithUs } from '../support/ending-with-us.ts'
import { whatIsMissing } from './artifacts.ts'
import { findCluster, startCluster } from './cluster.ts'
import { clusterDir } from './home.ts'
import { secureOffset } from './security/offset.ts'
import { within } from './wait.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The port offset of the cluster for tests; undefined when none can run here. */
    clusterOffset: number | undefined
  }
}

/** Starts a cluster with small data at OVATE_CLUSTER_OFFSET (0 unless set) unless one runs there already. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const offset = Number(process.env['OVATE_CLUSTER_OFFSET'] ?? 0)
  const missing = await whatIsMissing(within(60_000))
  if (missing !== undefined) {
    say(`SKIPPED: all tests on a real Druid cluster, because there is ${missing}`)
    project.provide('clusterOffset', undefined)
    return undefined
  }
  const found = findCluster(offset)
  const startedAt = performance.now()
  const secureRan = findCluster(secureOffset(offset), 'secure') !== undefined
  // What this run starts ends with it, also what one of its files starts again.
  if (found === undefined) recordedEndWithUs(clusterDir(offset))
  if (!secureRan) recordedEndWithUs(clusterDir(secureOffset(offset), 'secure'))
  // Also for one that runs: a service that an earlier run left stopped or frozen comes back.
  const cluster = await startCluster({ offset, data: found?.seeded?.size ?? 'small' })
  say(`${found === undefined ? 'started' : 'found'} at offset ${offset}, ${seconds(startedAt)} s`)
  project.provide('clusterOffset', offset)
  return async () => {
    // The tests that want users start theirs themselves.
    if (!secureRan) await findCluster(secureOffset(offset), 'secure')?.stop()
    if (found === undefined) await cluster.stop()
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

function say(line: string): void {
  process.stderr.write(`\n*** cluster: ${line}\n`)
}
