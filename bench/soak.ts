// Many kinds of clients and one fault after the other for a long time: what is alive in Ovate must not become more, and no
// answer may be wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Cluster } from '../test/cluster/cluster.ts'
import { request, sqlRows } from '../test/cluster/http.ts'
import { randomOf } from '../test/cluster/random.ts'
import { startTcpProxy, type TcpProxy } from '../test/cluster/tcp-proxy.ts'
import { waitUntil, within } from '../test/cluster/wait.ts'
import { hasRedis, startRedis } from '../test/redis/server.ts'
import { Comparer } from './dashboard/compare.ts'
import { HOUR_MS } from './dashboard/ranges.ts'
import { RowTimes } from './dashboard/row-times.ts'
import { type OvateProgram, startOvate } from './ovate.ts'
import { findPlace } from './place.ts'
import { mixOf } from './replicas/mix.ts'
import { type Outcome } from './result.ts'
import { type Asking, avatica, canceller, dashboard, flood, literal, reader } from './soak/clients.ts'
import { injectFaults, type Surroundings } from './soak/faults.ts'
import { FLAT, growthOf, Measure, sampling, type Sample } from './soak/measure.ts'
import { Tally } from './soak/tally.ts'

const SEED = 20_261_126
const FULL_MINUTES = 15
const QUICK_MINUTES = 0.4
const DASHBOARDS = 6
const QUIET_MS = 60_000
const CACHE = 32_000_000

interface Size {
  readonly forMs: number
  readonly sampleMs: number
  readonly faultMs: number
  readonly restMs: number
}

/** Runs it for `minutes`, or for those of a quick or a full run. */
export async function soakBench({
  quick,
  minutes = quick ? QUICK_MINUTES : FULL_MINUTES,
}: {
  readonly quick: boolean
  readonly minutes?: number | undefined
}): Promise<Outcome> {
  const place = await findPlace()
  if (typeof place === 'string')
    return { results: [], wrong: 0, notes: [`SKIPPED: no real Druid cluster can run, there is ${place}`] }
  const ends: (() => unknown)[] = [() => place.leave()]
  try {
    const forMs = minutes * 60_000
    const sampleMs = Math.min(60_000, forMs / 8)
    const [faultMs, restMs] = quick ? [1_500, 1_500] : [6_000, 9_000]
    return await new Soak(place.cluster, { forMs, sampleMs, faultMs, restMs }).run(ends)
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

class Soak {
  readonly #cluster: Cluster
  readonly #size: Size
  readonly #tally = new Tally()

  constructor(cluster: Cluster, size: Size) {
    this.#cluster = cluster
    this.#size = size
  }

  async run(ends: (() => unknown)[]): Promise<Outcome> {
    const surroundings = await this.#surroundings(ends)
    const folder = mkdtempSync(join(tmpdir(), 'ovate-soak-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'alive')
    writeFileSync(file, '')
    const ovate = await startOvate(optionsOf(surroundings, file))
    ends.push(() => ovate.stop())
    await waitUntil(
      'a Broker',
      async () => (await request(`${ovate.adminUrl}/ovate/ready`)).status === 200,
      within(QUIET_MS),
    )
    const measure = new Measure(ovate, file)
    const injected = await this.#load(surroundings, ovate, measure)
    const last = await this.#quiet(measure)
    await this.#compare()
    return this.#outcome(measure.samples, last, injected)
  }

  async #surroundings(ends: (() => unknown)[]): Promise<Surroundings> {
    const proxyTo = async (url: string): Promise<TcpProxy> => {
      const proxy = await startTcpProxy(Number(url.slice(url.lastIndexOf(':') + 1)))
      ends.push(() => proxy.down())
      return proxy
    }
    const { broker1, broker2 } = this.#cluster.services
    const redis = hasRedis ? await startRedis(ends) : undefined
    return {
      cluster: this.#cluster,
      brokers: [await proxyTo(broker1), await proxyTo(broker2)],
      zookeeper: await proxyTo(this.#cluster.zookeeper),
      redis,
    }
  }

  async #load(surroundings: Surroundings, ovate: OvateProgram, measure: Measure): Promise<number> {
    const stop = new AbortController()
    const samples = sampling(measure, this.#size.sampleMs, stop.signal)
    const clients = this.#clients(ovate, stop.signal)
    const long = this.#size.forMs > 5 * 60_000
    const { faultMs: lastMs, restMs } = this.#size
    // Faults end before the clients do, so that the last ones meet none.
    const broken = new AbortController()
    const faults = injectFaults(surroundings, { lastMs, restMs, long }, broken.signal)
    await delay(this.#size.forMs)
    broken.abort()
    const injected = await faults
    stop.abort()
    await Promise.all([...clients, samples])
    return injected
  }

  #clients(ovate: OvateProgram, stop: AbortSignal): readonly Promise<void>[] {
    const { seeded, services } = this.#cluster
    const interval = seeded?.eventsInterval ?? ''
    const endMs = Date.parse(interval.split('/')[1] ?? '')
    const shiftMs = Math.ceil((Date.now() - endMs) / HOUR_MS + 1) * HOUR_MS
    let literals = 1_000_000_000 + (Date.now() % 1_000_000_000)
    const nowOf = (): { readonly wallMs: number; readonly eventsMs: number } => {
      const wallMs = Date.now()
      return { wallMs, eventsMs: wallMs - shiftMs }
    }
    const draw = mixOf(randomOf(SEED), nowOf, () => (literals += 1))
    const of = (seed: number): Asking => ({
      url: ovate.url,
      broker: services.broker1,
      random: randomOf(SEED + seed),
      draw,
      tally: this.#tally,
      stop,
    })
    return [
      ...Array.from({ length: DASHBOARDS }, (_, index) => dashboard(of(index))),
      literal(of(10), interval),
      avatica(of(11)),
      reader(of(12), false),
      reader(of(13), true),
      canceller(of(14)),
      flood(of(15)),
      flood(of(16)),
    ]
  }

  /** Nothing is asked any more: what is still alive then is left over. */
  async #quiet(measure: Measure): Promise<Sample> {
    const isQuiet = async (): Promise<boolean> => {
      const { flights, outstanding } = await measure.take()
      return flights === 0 && outstanding === 0
    }
    await waitUntil('nothing to run any more', isQuiet, within(QUIET_MS)).catch((error: unknown) => {
      this.#tally.wrong(`left over: ${String(error)}`)
    })
    return await measure.take()
  }

  async #compare(): Promise<void> {
    const { broker1, broker2 } = this.#cluster.services
    const times = await sqlRows(broker1, 'SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM events')
    const comparer = new Comparer(broker2)
    try {
      const wrongs = await comparer.exact(this.#tally.kept, new RowTimes(times.map(({ t }) => Number(t))))
      for (const wrong of wrongs) this.#tally.wrong(wrong)
    } finally {
      comparer.close()
    }
  }

  #outcome(samples: readonly Sample[], last: Sample, injected: number): Outcome {
    const tally = this.#tally
    const growth = Object.keys(FLAT) as (keyof typeof FLAT)[]
    const grown = growth.map((figure) => [figure, growthOf(samples, figure)] as const)
    for (const wrong of tally.wrongs) console.error(`WRONG: ${wrong}`)
    return {
      results: [
        ...samples.map((metrics, index) => ({ case: 'alive', target: `sample ${index + 1}`, metrics })),
        { case: 'at the end', target: 'nobody asks', metrics: last },
        { case: 'growth over the last two thirds', target: 'Ovate', metrics: Object.fromEntries(grown) },
        {
          case: 'answers',
          target: 'Ovate',
          metrics: { ...tally.figures(), compared: tally.kept.length, faults: injected },
        },
      ],
      wrong: tally.wrongCount,
      notes: [
        'memory is what is left after garbage was collected; Failed: during a fault an answer may be an error or cut',
        ...grown.map(([figure, by]) => {
          const mayBe = FLAT[figure] ?? 0
          return `${by <= mayBe ? 'met' : 'MISSED'}: ${figure} grows by ${by.toFixed(1)} (flat: at most ${mayBe})`
        }),
      ],
    }
  }
}

function optionsOf(
  { brokers, zookeeper, redis }: Surroundings,
  file: string,
): Parameters<typeof startOvate>[0] {
  const name = `ovate-soak-${process.pid}`
  const watched = fileURLToPath(new URL('soak/watched.ts', import.meta.url))
  return {
    brokers: brokers.map(({ url }) => url),
    nodeArgs: ['--expose-gc', '--import', 'tsx', '--import', watched],
    env: {
      SOAK_FILE: file,
      OVATE_CACHE_SIZE: String(CACHE),
      OVATE_FRESHNESS_SCHEMA_REFRESH: '2s',
      OVATE_COORDINATION_CONNECT: `127.0.0.1:${zookeeper.port}`,
      OVATE_COORDINATION_PATH: `/${name}`,
      OVATE_IDENTITY_SECRET: `${name}-${'x'.repeat(32)}`,
      ...(redis !== undefined && {
        OVATE_CACHE_SHARED_NODES: redis.node,
        OVATE_CACHE_SHARED_NAMESPACE: name,
      }),
    },
  }
}
