// A dashboard of BI tools that ten viewers refresh, over data that are sealed and data that arrive: through Ovate, and of
// the Broker itself with its caches off and on.
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster } from '../test/cluster/cluster.ts'
import { request, sqlRows } from '../test/cluster/http.ts'
import { aimNotes } from './dashboard/aims.ts'
import { announceAlone } from './dashboard/announced.ts'
import { BOUND_MS, Comparer, type Wrongs } from './dashboard/compare.ts'
import { EVENTS_CHARTS } from './dashboard/events-charts.ts'
import { sharesOf, timesOf, workFigures } from './dashboard/figures.ts'
import { failures, LiveCount, liveWrongs } from './dashboard/live.ts'
import { findLivePlace } from './dashboard/place.ts'
import { HOUR_MS } from './dashboard/ranges.ts'
import { RowTimes } from './dashboard/row-times.ts'
import { sampleOf } from './dashboard/sample.ts'
import { FULL, PERIOD_MS, QUICK, type Size } from './dashboard/size.ts'
import { type Now, type Statement, statementsOf } from './dashboard/statement.ts'
import { STREAM_CHARTS } from './dashboard/stream-charts.ts'
import { readStreamRows } from './dashboard/stream-rows.ts'
import { trace, traceContext, TRACED } from './dashboard/trace.ts'
import { type Answered, view, type Viewing } from './dashboard/viewers.ts'
import { RUN, workOf } from './dashboard/work.ts'
import { type OvateProgram, startOvate } from './ovate.ts'
import { type Outcome, type Result } from './result.ts'

const CHARTS = [...EVENTS_CHARTS, ...STREAM_CHARTS]
const STATEMENTS = statementsOf(CHARTS)
const SEED = 20_261_126
const TOGETHER_MS = 2_000
const SYNCHRONISED = 'all within 2 s, every 10 s'
const WARMING = 'the first refreshes: a warm-up'
const SPREAD = 'at any time: no aim'

/** Druid keeps nothing for these, at the Broker and at Historicals. */
const CACHES_OFF = {
  useCache: false,
  populateCache: false,
  useResultLevelCache: false,
  populateResultLevelCache: false,
}

/** Answers, Druid's work and times of all three, in one run. */
export async function dashboardBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  const place = await findLivePlace()
  if (typeof place === 'string')
    return { results: [], wrong: 0, notes: [`SKIPPED: no real Druid cluster can run, there is ${place}`] }
  try {
    return await new Dashboard(place.cluster, quick ? QUICK : FULL).run()
  } finally {
    await place.leave()
  }
}

interface Measured {
  readonly target: string
  readonly title: string
  readonly answers: readonly Answered[]
  readonly logged: Awaited<ReturnType<ReturnType<Cluster['requestLog']>['since']>>
  readonly spent: Spent
}

type Asking = Pick<Viewing, 'url' | 'rounds'> & Partial<Viewing>

class Dashboard {
  readonly #cluster: Cluster
  readonly #size: Size
  readonly #eventsShiftMs: number
  readonly #brokers: readonly [string, string]

  constructor(cluster: Cluster, size: Size) {
    this.#cluster = cluster
    this.#size = size
    const { broker1, broker2 } = cluster.services
    this.#brokers = [broker1, broker2]
    const endMs = Date.parse(cluster.seeded?.eventsInterval.split('/')[1] ?? '')
    // Whole hours, so that units begin when those of the wall's clock do; an hour or two are left to go on in.
    this.#eventsShiftMs = Math.ceil((Date.now() - endMs) / HOUR_MS + 1) * HOUR_MS
  }

  async run(): Promise<Outcome> {
    const { direct: rounds } = this.#size
    const [without, withAll] = this.#brokers
    const off = { url: without, rounds, context: () => CACHES_OFF }
    // A Broker that was just started has to compile first.
    await this.#view({ ...off, viewers: 1, rounds: 1 })
    const direct = await this.#measured({ target: 'Broker, no cache', broker: 'broker1' }, off)
    const announced = await announceAlone(this.#cluster, 'broker1')
    const counts = new LiveCount(withAll)
    const ovate = await startOvate({
      env: {
        OVATE_DRUID_ZOOKEEPER_CONNECT: this.#cluster.zookeeper,
        OVATE_DRUID_ZOOKEEPER_PATH: announced.path,
        OVATE_FRESHNESS_SCHEMA_REFRESH: '2s',
        // All of it runs on one machine: probes wait behind the load that the viewers make.
        OVATE_DRUID_HEALTH_TIMEOUT: '10s',
      },
    })
    try {
      const of = { target: 'Ovate', broker: 'broker1', ovate } as const
      const { url } = ovate
      const { warming, warmingViewers, warmingPeriodMs, steady, spread, spreadMs } = this.#size
      const first = await this.#measured(
        { ...of, title: WARMING },
        { url, viewers: warmingViewers, rounds: warming, periodMs: warmingPeriodMs },
      )
      // Here and not earlier: what Ovate holds of the head gets as old meanwhile as between two refreshes.
      await this.#view({ url: withAll, viewers: 1, rounds, periodMs: 0 })
      const cached = await this.#measured(
        { target: 'Broker, all caches', broker: 'broker2' },
        { url: withAll, rounds },
      )
      const own = await this.#measured(of, { url, rounds: steady })
      const unsynchronised = await this.#measured({ ...of, title: SPREAD }, { url, rounds: spread, spreadMs })
      const readings = await counts.stop()
      const through = [first, own, unsynchronised]
      const [wrongs, paused] = await Promise.all([this.#compared(through, readings), this.#paused(url)])
      const outcome = await this.#outcome(
        [direct, cached, own, first, unsynchronised],
        [...wrongs, ...paused],
      )
      return { ...outcome, notes: this.#notes(outcome.results) }
    } finally {
      await counts.stop()
      await ovate.stop()
      await announced.stop()
    }
  }

  async #measured(
    what: {
      readonly target: string
      readonly title?: string
      readonly broker: 'broker1' | 'broker2'
      readonly ovate?: OvateProgram
    },
    asking: Asking,
  ): Promise<Measured> {
    const { target, title = SYNCHRONISED, broker, ovate } = what
    const log = this.#cluster.requestLog(broker)
    const mark = await log.mark()
    const before = await spentBy(ovate)
    const answers = await this.#view(asking)
    const after = await spentBy(ovate)
    const spent = { looks: after.looks - before.looks, cpuSeconds: after.cpuSeconds - before.cpuSeconds }
    return { target, title, answers, logged: await log.since(mark), spent }
  }

  #view(asking: Asking): Promise<readonly Answered[]> {
    const { viewers } = this.#size
    const context = (statement: Statement, now: Now): Readonly<Record<string, unknown>> => ({
      ...RUN,
      ...traceContext?.(statement),
      ...asking.context?.(statement, now),
    })
    return view({
      viewers,
      periodMs: PERIOD_MS,
      spreadMs: TOGETHER_MS,
      statements: STATEMENTS,
      eventsShiftMs: this.#eventsShiftMs,
      seed: SEED,
      ...asking,
      context,
    })
  }

  async #compared(own: readonly Measured[], readings: Parameters<typeof liveWrongs>[1]): Promise<Wrongs> {
    const answers = own.flatMap((one) => one.answers)
    const live = answers.filter(ofTable('stream'))
    const some = sampleOf(answers, this.#size.compared, SEED)
    const comparer = new Comparer(this.#brokers[1])
    try {
      const rows = await readStreamRows(this.#brokers[1])
      return [
        ...failures(live),
        ...liveWrongs(live, readings, rows),
        ...(await comparer.exact(some.filter(ofTable('events')), await this.#times('events'))),
        ...(await comparer.sealed(some.filter(ofTable('stream')))),
      ]
    } finally {
      comparer.close()
    }
  }

  /** Nothing comes in: every answer over both tables is Druid's. */
  async #paused(url: string): Promise<Wrongs> {
    const comparer = new Comparer(this.#brokers[1])
    this.#cluster.freeze('producer')
    try {
      await delay(BOUND_MS + 2_000)
      const context = (statement: Statement, now: Now): Record<string, unknown> =>
        statement.range.relative === true ? { sqlCurrentTimestamp: new Date(now.wallMs).toISOString() } : {}
      const rounds = this.#size.paused
      const answers = await this.#view({ url, viewers: 1, rounds, periodMs: 0, context })
      return await comparer.literal(answers, url)
    } finally {
      this.#cluster.thaw('producer')
      comparer.close()
    }
  }

  async #times(table: string): Promise<RowTimes> {
    const rows = await sqlRows(this.#brokers[1], `SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM "${table}"`)
    return new RowTimes(rows.map(({ t }) => Number(t)))
  }

  async #outcome(measured: readonly Measured[], wrongs: Wrongs): Promise<Omit<Outcome, 'notes'>> {
    const tables = { events: await this.#times('events'), stream: await this.#times('stream') }
    const results: Result[] = measured.map(({ target, title, answers, logged, spent }) => ({
      case: title,
      target,
      metrics: {
        ...timesOf(answers),
        ...sharesOf(answers),
        ...workFigures(workOf(logged, tables)),
        timelineLooks: spent.looks,
        ovateCpuSeconds: spent.cpuSeconds,
      },
    }))
    if (TRACED) for (const one of measured) trace(one, tables)
    for (const wrong of wrongs.slice(0, 40)) console.error(`WRONG: ${wrong}`)
    return { results, wrong: wrongs.length }
  }

  #notes(results: readonly Result[]): readonly string[] {
    const { viewers, warming, compared } = this.#size
    const [without, withAll, own] = results.map(({ metrics }) => metrics)
    if (own === undefined || without === undefined || withAll === undefined) return []
    return [
      `${STATEMENTS.length} statements in ${CHARTS.length} charts, ${viewers} viewers; Ovate in front of Broker 1, which it`,
      '  finds through ZooKeeper, announced there on a path of its own so that Broker 2 is left out; probes may take 10 s',
      `the first ${warming} refreshes through Ovate are printed apart, and the aims are about those that follow: a`,
      '  dashboard stays open for hours',
      ...aimNotes({ own, without, withAll }),
      ...(Number.isFinite(compared)
        ? [`compared over sealed data: ${compared} answers of all, picked by seed ${SEED}`]
        : []),
    ]
  }
}

interface Spent {
  /** `candidates`, which Brokers don't log, each with a look at the table's columns beside it. */
  readonly looks: number
  readonly cpuSeconds: number
}

async function spentBy(ovate: OvateProgram | undefined): Promise<Spent> {
  if (ovate === undefined) return { looks: 0, cpuSeconds: 0 }
  const { body } = await request(`${ovate.adminUrl}/metrics`)
  const sum = (line: RegExp): number =>
    [...body.toString().matchAll(line)].reduce((all, [, count]) => all + Number(count), 0)
  return {
    looks: sum(/^ovate_timeline_looks_total\{[^}]*\} (\d+)$/gm),
    cpuSeconds: sum(/^process_cpu_seconds_total (\S+)$/gm),
  }
}

function ofTable(table: Statement['table']): (one: Answered) => boolean {
  return ({ statement }) => statement.table === table
}
