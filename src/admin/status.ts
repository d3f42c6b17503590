// /ovate/status: one page on what this process is, sees and holds.
import { type AdminOptions, type LeaseCounts, type SharedState } from './options.ts'
import { readinessOf } from './ready.ts'

/** The state of this process, ready for JSON: no credentials, no statements, no rows. */
export function statusOf(options: AdminOptions): Readonly<Record<string, unknown>> {
  const { druid, cache, flights, timelines, version, startedAtMs, config, settings, shared, sharedCache } =
    options
  const readiness = readinessOf(options)
  const brokers = druid.brokers()
  return {
    version,
    startedAt: new Date(startedAtMs).toISOString(),
    brokers: brokers.map(({ id, service, state, outstanding, version: druidVersion }) => ({
      id,
      service,
      state,
      outstanding,
      version: druidVersion,
    })),
    ready: readiness === 'ready',
    readiness,
    cache: cache.usage,
    flights: flights.list().length,
    timelines: timelines.list().map((timeline) => timeline.summary()),
    settings: settings.list(),
    ...(sharedCache !== undefined && {
      sharedCache: { state: sharedCache.state, ...sharedCache.usage },
    }),
    ...(shared !== undefined && { coordination: sharedStatus(shared, options.leases) }),
    config,
  }
}

function sharedStatus(
  { state, self, replicas, settings, epochs }: SharedState,
  leases: AdminOptions['leases'],
): Readonly<Record<string, unknown>> {
  return {
    session: state(),
    replicas: replicas().map((replica) => ({ ...replica, self: replica.id === self })),
    lineage: epochs.lineage ?? null,
    unreadableSettings: settings.problems(),
    ...(leases !== undefined && { leases: countsOf(leases.counts) }),
  }
}

/** Lines inside of the process are its own business. */
function countsOf({ waiting, held, left }: LeaseCounts): LeaseCounts {
  return { waiting, held, left }
}
