// A dashboard's statements through a load balancer to one, two and three replicas, with a shared cache and without.
import { cpus } from 'node:os'
import { type Cluster } from '../test/cluster/cluster.ts'
import { sqlRows } from '../test/cluster/http.ts'
import { randomOf } from '../test/cluster/random.ts'
import { hasRedis, startRedis } from '../test/redis/server.ts'
import { type Announced, announceAlone } from './dashboard/announced.ts'
import { Comparer } from './dashboard/compare.ts'
import { requestSharesOf, timesOf, workFigures } from './dashboard/figures.ts'
import { HOUR_MS } from './dashboard/ranges.ts'
import { RowTimes } from './dashboard/row-times.ts'
import { sampleOf } from './dashboard/sample.ts'
import { workOf } from './dashboard/work.ts'
import { type Fleet, startFleet, sumOf } from './fleet.ts'
import { findPlace } from './place.ts'
import { load, type Loaded } from './replicas/load.ts'
import { mixOf } from './replicas/mix.ts'
import { notesOf } from './replicas/notes.ts'
import { type Setup, SETUPS, titleOf } from './replicas/setups.ts'
import { type Outcome, type Result } from './result.ts'

const CLIENTS = 12
const SEED = 20_261_127
const LITERAL = 1_000_000_000 + (Date.now() % 1_000_000_000)

interface Size {
  readonly warmMs: number
  readonly forMs: number
  readonly keepEvery: number
  /** Answers of each setup that are compared with Druid's. */
  readonly compared: number
}

const FULL: Size = { warmMs: 5_000, forMs: 15_000, keepEvery: 5, compared: 200 }
const QUICK: Size = { warmMs: 1_500, forMs: 3_000, keepEvery: 5, compared: 40 }

/** Requests a second, hits and Druid's work of each setup, one after the other, each with new replicas. */
export async function replicasBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  if (!hasRedis) return skipped('no redis-server')
  const place = await findPlace()
  if (typeof place === 'string') return skipped(`no real Druid cluster can run, there is ${place}`)
  const { cluster } = place
  const ends: (() => unknown)[] = [() => place.leave()]
  try {
    const { node } = await startRedis(ends)
    // The one without a result-level cache: it would help whoever comes later.
    const announced = await announceAlone(cluster, 'broker1')
    ends.push(() => announced.stop())
    const times = await sqlRows(
      cluster.services.broker1,
      'SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM events',
    )
    const rows = new RowTimes(times.map(({ t }) => Number(t)))
    return await new Replicas({ cluster, announced, redis: node, rows }, quick ? QUICK : FULL).run()
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

function skipped(why: string): Outcome {
  return { results: [], wrong: 0, notes: [`SKIPPED: ${why}`] }
}

interface World {
  readonly cluster: Cluster
  readonly announced: Announced
  readonly redis: string
  readonly rows: RowTimes
}

class Replicas {
  readonly #world: World
  readonly #size: Size
  readonly #eventsShiftMs: number
  #literal = LITERAL

  constructor(world: World, size: Size) {
    this.#world = world
    this.#size = size
    const endMs = Date.parse(world.cluster.seeded?.eventsInterval.split('/')[1] ?? '')
    // Whole hours, so that units begin when those of the wall's clock do; an hour or two are left to go on in.
    this.#eventsShiftMs = Math.ceil((Date.now() - endMs) / HOUR_MS + 1) * HOUR_MS
  }

  async run(): Promise<Outcome> {
    const results: Result[] = []
    const wrongs: string[] = []
    for (const setup of SETUPS) {
      const { result, loaded } = await this.#measured(setup)
      results.push(result)
      wrongs.push(...(await this.#wrongs(setup, loaded)))
    }
    for (const wrong of wrongs.slice(0, 40)) console.error(`WRONG: ${wrong}`)
    return { results, wrong: wrongs.length, notes: notesOf(results, CLIENTS, cpus().length) }
  }

  async #measured(setup: Setup): Promise<{ readonly result: Result; readonly loaded: Loaded }> {
    const { cluster, announced, redis } = this.#world
    const fleet = await startFleet({
      count: setup.replicas,
      connect: cluster.zookeeper,
      druidPath: announced.path,
      coordinated: true,
      redis: setup.shared ? redis : undefined,
    })
    try {
      return await this.#loaded(setup, fleet)
    } finally {
      await fleet.stop()
    }
  }

  async #loaded(setup: Setup, fleet: Fleet): Promise<{ readonly result: Result; readonly loaded: Loaded }> {
    const { warmMs, forMs, keepEvery } = this.#size
    const run = `replicas-${process.pid} ${setup.replicas} ${setup.shared}`
    const nowOf = (): { readonly wallMs: number; readonly eventsMs: number } => {
      const wallMs = Date.now()
      return { wallMs, eventsMs: wallMs - this.#eventsShiftMs }
    }
    const loading = {
      urls: fleet.replicas.map(({ url }) => url),
      clients: CLIENTS,
      draw: mixOf(randomOf(SEED), nowOf, () => (this.#literal += 1)),
      context: { benchRun: run },
      keepEvery,
    }
    const warming = await load({ ...loading, forMs: warmMs })
    const log = this.#world.cluster.requestLog('broker1')
    const mark = await log.mark()
    const before = await fleet.metrics()
    const measured = await load({ ...loading, forMs })
    const cpuSeconds = sumOf(await fleet.metrics(), CPU) - sumOf(before, CPU)
    const work = workOf(await log.since(mark), { events: this.#world.rows }, run)
    const { requests = 0, p50Ms = 0, p99Ms = 0 } = timesOf(measured.answers)
    const result = {
      case: setup.shared ? 'a shared cache' : 'each its own memory',
      target: titleOf(setup),
      metrics: {
        requests,
        requestsPerSecond: requests / (measured.tookMs / 1_000),
        ...requestSharesOf(measured.answers),
        ...workFigures(work),
        druidQueriesPer1000: (work.statements * 1_000) / requests,
        p50Ms,
        p99Ms,
        ovateCpuSeconds: cpuSeconds,
        requestsPerCpuSecond: requests / cpuSeconds,
      },
    }
    const failures = [...warming.failures, ...measured.failures]
    return { result, loaded: { ...measured, kept: [...warming.kept, ...measured.kept], failures } }
  }

  async #wrongs(setup: Setup, { kept, failures }: Loaded): Promise<readonly string[]> {
    const comparer = new Comparer(this.#world.cluster.services.broker2)
    try {
      const some = sampleOf(kept, this.#size.compared, SEED)
      const wrongs = [...failures, ...(await comparer.exact(some, this.#world.rows))]
      return wrongs.map((wrong) => `${titleOf(setup)}: ${wrong}`)
    } finally {
      comparer.close()
    }
  }
}

const CPU = /^process_cpu_seconds_total (\S+)$/gm
