// Metrics for Prometheus: one table of names, and functions that count, cheap enough for the road of a hit.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Each metric of Ovate's own, in the order of docs/metrics.md; a test keeps the two equal. */
export const METRICS = {
  ovate_sql_answers_total:
    'SQL answers, by how they were come by (hit, partial, miss, collapsed, bypass) and the reason of a bypass.',
  ovate_sql_seconds: 'Time from a SQL request to the end of its answer, by how it was come by.',
  ovate_errors_total: "Errors of Ovate's own that a client got, by code.",
  ovate_kept_total: 'Answers that were computed, by whether they were kept.',
  ovate_druid_computed_seconds: 'Time that Druid took for answers that may be shared.',
  ovate_timeline_looks_total: 'Looks at a timeline, by outcome.',
  ovate_plan_checks_total: 'EXPLAIN PLAN FOR asked of Druid, by what came of it.',
  ovate_rights_checks_total: "Checks of an identity's rights, by outcome.",
  ovate_broker_events_total:
    'What happened to Brokers and to requests on their way: retried, ejected, returned, queue full …',
  ovate_brokers: 'Brokers known, by state.',
  ovate_cache_bytes: 'Bytes that answers take, overhead included.',
  ovate_cache_held_bytes: 'Bytes that flights hold.',
  ovate_cache_entries: 'Answers held.',
  ovate_cache_evictions_total: 'Answers that made room for others.',
  ovate_flights: 'Upstream computations in the air.',
  ovate_replicas: 'Replicas that are registered, this one among them; 1 while it stands alone.',
  ovate_coordination_connected: 'Whether the session that replicas share things by is connected: 1 or 0.',
  ovate_settings_read_total: 'Live settings that came, by whether they could be read (applied, bad).',
  ovate_shared_reads_total:
    'Look-ups in the shared cache, by outcome (hit, miss, bad, timeout, refused, lost, down, busy).',
  ovate_shared_read_seconds: 'Time that look-ups in the shared cache took.',
  ovate_shared_writes_total:
    'Answers written to the shared cache, by outcome (stored, older, timeout, refused, lost, down, too-large, queue-full …).',
  ovate_shared_bad_total: 'Entries of the shared cache that could not be read, by why.',
  ovate_lease_wait_seconds: 'Time that replicas waited for their turn to compute an answer.',
  ovate_lease_held_seconds: 'Time for which replicas had their turn.',
  ovate_lease_takeovers_total: 'Turns that came since the one before was lost.',
  ovate_lease_alone_total:
    'Computations that went on without a turn, by why (budget, unavailable, lost, limit).',
  ovate_shared_bytes_total: 'Bytes of entries that went to and came from the shared cache, by direction.',
  ovate_purges_total: 'Purges that all replicas were told of and this one obeyed, of a datasource or of all.',
} as const

interface CacheUsage {
  readonly entries: number
  readonly entryBytes: number
  readonly heldBytes: number
  readonly evictions: number
}

/** What is read when somebody asks for the metrics. */
interface Sources {
  brokers(): readonly { readonly state: string }[]
  cacheUsage(): CacheUsage
  flights(): number
  replicas(): number
  isConnected(): boolean
}

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  readonly answered: (how: string, reason: string, tookMs: number) => void
  readonly failed: (code: string) => void
  readonly kept: (outcome: string) => void
  readonly computed: (ms: number) => void
  readonly timelineLook: (outcome: string) => void
  readonly planCheck: (outcome: string) => void
  readonly rightsCheck: (outcome: string) => void
  readonly brokerEvent: (event: string) => void
  readonly settingsRead: (outcome: 'applied' | 'bad') => void
  readonly leaseWaited: (ms: number) => void
  readonly leaseHeld: (ms: number) => void
  readonly leaseTakenOver: () => void
  readonly leaseAlone: (why: string) => void
  readonly sharedRead: (outcome: string, tookMs: number) => void
  readonly sharedWrite: (outcome: string) => void
  readonly sharedBad: (why: string) => void
  readonly sharedMoved: (direction: string, bytes: number) => void
  readonly purged: (what: 'datasource' | 'all') => void
  /** Says where the gauges are read from. */
  readonly watch: (sources: Sources) => void
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** A registry of its own, so that two Ovates in one process don't share counts. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const answers = counter(registry, 'ovate_sql_answers_total', ['how', 'reason'])
  const seconds = histogram(registry, 'ovate_sql_seconds', ['how'])
  const computed = histogram(registry, 'ovate_druid_computed_seconds', [])
  const errors = counter(registry, 'ovate_errors_total', ['code'])
  const waited = histogram(registry, 'ovate_lease_wait_seconds', [])
  const held = histogram(registry, 'ovate_lease_held_seconds', [])
  const takeovers = counter(registry, 'ovate_lease_takeovers_total', [])
  const sharedReads = counter(registry, 'ovate_shared_reads_total', ['outcome'])
  const sharedSeconds = histogram(registry, 'ovate_shared_read_seconds', [])
  const sharedBytes = counter(registry, 'ovate_shared_bytes_total', ['direction'])
  const count = (name: keyof typeof METRICS, label: string): ((value: string) => void) => {
    const made = counter(registry, name, [label])
    return (value) => made.inc({ [label]: value })
  }
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: (how, reason, tookMs) => {
      answers.inc({ how, reason })
      seconds.observe({ how }, tookMs / 1_000)
    },
    failed: (code) => errors.inc({ code }),
    kept: count('ovate_kept_total', 'outcome'),
    computed: (ms) => computed.observe(ms / 1_000),
    timelineLook: count('ovate_timeline_looks_total', 'outcome'),
    planCheck: count('ovate_plan_checks_total', 'outcome'),
    rightsCheck: count('ovate_rights_checks_total', 'outcome'),
    brokerEvent: count('ovate_broker_events_total', 'event'),
    settingsRead: count('ovate_settings_read_total', 'outcome'),
    leaseWaited: (ms) => waited.observe(ms / 1_000),
    leaseHeld: (ms) => held.observe(ms / 1_000),
    leaseTakenOver: () => takeovers.inc(),
    leaseAlone: count('ovate_lease_alone_total', 'why'),
    sharedRead: (outcome, tookMs) => {
      sharedReads.inc({ outcome })
      sharedSeconds.observe(tookMs / 1_000)
    },
    sharedWrite: count('ovate_shared_writes_total', 'outcome'),
    sharedBad: count('ovate_shared_bad_total', 'why'),
    sharedMoved: (direction, bytes) => sharedBytes.inc({ direction }, bytes),
    purged: count('ovate_purges_total', 'what'),
    watch: (sources) => gauges(registry, sources),
  }
}

function counter<Label extends string>(
  registry: Registry,
  name: keyof typeof METRICS,
  labelNames: readonly Label[],
): Counter<Label> {
  return new Counter({ name, help: METRICS[name], labelNames, registers: [registry] })
}

function histogram<Label extends string>(
  registry: Registry,
  name: keyof typeof METRICS,
  labelNames: readonly Label[],
): Histogram<Label> {
  return new Histogram({ name, help: METRICS[name], labelNames, buckets: SECONDS, registers: [registry] })
}

const STATES = ['probing', 'ready', 'ejected', 'draining']

function gauges(registry: Registry, sources: Sources): void {
  const gauge = (name: keyof typeof METRICS, read: () => number): void => {
    const made: Gauge = new Gauge({
      name,
      help: METRICS[name],
      registers: [registry],
      collect: () => made.set(read()),
    })
  }
  const brokers: Gauge<'state'> = new Gauge({
    name: 'ovate_brokers',
    help: METRICS.ovate_brokers,
    labelNames: ['state'],
    registers: [registry],
    collect: () => {
      const all = sources.brokers()
      for (const state of STATES) brokers.set({ state }, all.filter((one) => one.state === state).length)
    },
  })
  gauge('ovate_cache_bytes', () => sources.cacheUsage().entryBytes)
  gauge('ovate_cache_held_bytes', () => sources.cacheUsage().heldBytes)
  gauge('ovate_cache_entries', () => sources.cacheUsage().entries)
  gauge('ovate_flights', () => sources.flights())
  gauge('ovate_replicas', () => sources.replicas())
  gauge('ovate_coordination_connected', () => (sources.isConnected() ? 1 : 0))
  const evictions: Counter = new Counter({
    name: 'ovate_cache_evictions_total',
    help: METRICS.ovate_cache_evictions_total,
    registers: [registry],
    collect: () => {
      evictions.reset()
      evictions.inc(sources.cacheUsage().evictions)
    },
  })
}
