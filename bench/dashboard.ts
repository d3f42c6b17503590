// A dashboard of BI tools that ten viewers refresh, over data that are sealed and data that arrive: through Ovate, and of
// the Broker itself with its caches off and on.
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster } from '../test/cluster/cluster.ts'
import { sqlRows } from '../test/cluster/http.ts'
import { BOUND_MS, Comparer, type Wrongs } from './dashboard/compare.ts'
import { EVENTS_CHARTS } from './dashboard/events-charts.ts'
import { sharesOf, timesOf, workFigures } from './dashboard/figures.ts'
import { LiveCount, liveWrongs } from './dashboard/live.ts'
import { findPlace } from './dashboard/place.ts'
import { HOUR_MS } from './dashboard/ranges.ts'
import { RowTimes } from './dashboard/row-times.ts'
import { type Now, type Statement, statementsOf } from './dashboard/statement.ts'
import { STREAM_CHARTS } from './dashboard/stream-charts.ts'
import { readStreamRows } from './dashboard/stream-rows.ts'
import { trace, traceContext, TRACED } from './dashboard/trace.ts'
import { type Answered, view, type Viewing } from './dashboard/viewers.ts'
import { workOf } from './dashboard/work.ts'
import { startOvate } from './ovate.ts'
import { type Outcome, type Result } from './result.ts'

const CHARTS = [...EVENTS_CHARTS, ...STREAM_CHARTS]
const STATEMENTS = statementsOf(CHARTS)
const VIEWERS = 10
const PERIOD_MS = 10_000
const TOGETHER_MS = 2_000
/** Parts of a shape begin when it is asked for the third time. */
const WARM_UP_ROUNDS = 4
const WARM_UP_PERIOD_MS = 1_500
const SEED = 20_261_126
const SYNCHRONISED = 'refreshed within 2 s, every 10 s'
const SPREAD = 'refreshed at any time, every 10 s'

/** Answers, Druid's work and times of all three, in one run. */
export async function dashboardBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  const place = await findPlace()
  if (typeof place === 'string')
    return { results: [], wrong: 0, notes: [`SKIPPED: no real Druid cluster can run, there is ${place}`] }
  try {
    return await new Dashboard(place.cluster, quick).run()
  } finally {
    await place.leave()
  }
}

interface Measured {
  readonly target: string
  readonly title: string
  readonly answers: readonly Answered[]
  readonly logged: Awaited<ReturnType<ReturnType<Cluster['requestLog']>['since']>>
}

class Dashboard {
  readonly #cluster: Cluster
  readonly #quick: boolean
  readonly #eventsShiftMs: number
  readonly #brokers: readonly [string, string]

  constructor(cluster: Cluster, quick: boolean) {
    this.#cluster = cluster
    this.#quick = quick
    const { broker1, broker2 } = cluster.services
    this.#brokers = [broker1, broker2]
    const endMs = Date.parse(cluster.seeded?.eventsInterval.split('/')[1] ?? '')
    // Whole hours, so that units begin when those of the wall's clock do; an hour or two are left to go on in.
    this.#eventsShiftMs = Math.ceil((Date.now() - endMs) / HOUR_MS + 1) * HOUR_MS
  }

  async run(): Promise<Outcome> {
    const [without, withAll] = this.#brokers
    const rounds = this.#quick ? 1 : 4
    const direct = await this.#measured('Broker, no cache', SYNCHRONISED, without, 'broker1', rounds)
    await this.#view({ url: withAll, viewers: 1, rounds: 2, periodMs: 0, spreadMs: 1 })
    const cached = await this.#measured('Broker, all caches', SYNCHRONISED, withAll, 'broker2', rounds)
    const counts = new LiveCount(withAll)
    const ovate = await startOvate({ brokers: [without], env: { OVATE_FRESHNESS_SCHEMA_REFRESH: '2s' } })
    try {
      const { url } = ovate
      await delay(1_000)
      await this.#view({ url, viewers: 1, rounds: WARM_UP_ROUNDS, periodMs: WARM_UP_PERIOD_MS, spreadMs: 1 })
      const own = await this.#measured('Ovate', SYNCHRONISED, url, 'broker1', this.#quick ? 2 : 6)
      const spread = await this.#measured('Ovate', SPREAD, url, 'broker1', this.#quick ? 1 : 4, PERIOD_MS)
      const readings = await counts.stop()
      const rows = await readStreamRows(withAll)
      const wrongs = await this.#compared([...own.answers, ...spread.answers], readings, rows)
      const paused = await this.#paused(url)
      return await this.#outcome([direct, cached, own, spread], [...wrongs, ...paused])
    } finally {
      await counts.stop()
      await ovate.stop()
    }
  }

  async #measured(
    target: string,
    title: string,
    url: string,
    broker: 'broker1' | 'broker2',
    rounds: number,
    spreadMs = TOGETHER_MS,
  ): Promise<Measured> {
    const log = this.#cluster.requestLog(broker)
    const mark = await log.mark()
    const answers = await this.#view({ url, viewers: VIEWERS, rounds, periodMs: PERIOD_MS, spreadMs })
    return { target, title, answers, logged: await log.since(mark) }
  }

  #view(
    given: Pick<Viewing, 'url' | 'viewers' | 'rounds' | 'periodMs' | 'spreadMs' | 'context'>,
  ): Promise<readonly Answered[]> {
    const context = given.context ?? traceContext
    return view({
      ...given,
      statements: STATEMENTS,
      eventsShiftMs: this.#eventsShiftMs,
      seed: SEED,
      ...(context !== undefined && { context }),
    })
  }

  async #compared(
    answers: readonly Answered[],
    readings: Parameters<typeof liveWrongs>[1],
    rows: Parameters<typeof liveWrongs>[2],
  ): Promise<Wrongs> {
    const comparer = new Comparer(this.#brokers[1])
    try {
      const events = await this.#times('events')
      return [
        ...(await comparer.exact(answers.filter(ofTable('events')), events)),
        ...(await comparer.sealed(answers.filter(ofTable('stream')))),
        ...liveWrongs(answers.filter(ofTable('stream')), readings, rows),
      ]
    } finally {
      comparer.close()
    }
  }

  /** Nothing comes in: every answer over both tables is Druid's, each statement asked twice. */
  async #paused(url: string): Promise<Wrongs> {
    const comparer = new Comparer(this.#brokers[1])
    this.#cluster.freeze('producer')
    try {
      await delay(BOUND_MS + 2_000)
      const context = (statement: Statement, now: Now): Record<string, unknown> =>
        statement.range.relative === true ? { sqlCurrentTimestamp: new Date(now.wallMs).toISOString() } : {}
      const answers = await this.#view({ url, viewers: 1, rounds: 2, periodMs: 0, spreadMs: 1, context })
      return await comparer.literal(answers)
    } finally {
      this.#cluster.thaw('producer')
      comparer.close()
    }
  }

  async #times(table: string): Promise<RowTimes> {
    const rows = await sqlRows(this.#brokers[1], `SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM "${table}"`)
    return new RowTimes(rows.map(({ t }) => Number(t)))
  }

  async #outcome(measured: readonly Measured[], wrongs: Wrongs): Promise<Outcome> {
    const tables = { events: await this.#times('events'), stream: await this.#times('stream') }
    const results: Result[] = measured.map(({ target, title, answers, logged }) => ({
      case: title,
      target,
      metrics: {
        ...timesOf(answers),
        ...sharesOf(answers),
        ...workFigures(workOf(logged, tables)),
      },
    }))
    if (TRACED) for (const one of measured) trace(one, tables)
    for (const wrong of wrongs.slice(0, 40)) console.error(`WRONG: ${wrong}`)
    return { results, wrong: wrongs.length, notes: [] }
  }
}

function ofTable(table: Statement['table']): (one: Answered) => boolean {
  return ({ statement }) => statement.table === table
}
