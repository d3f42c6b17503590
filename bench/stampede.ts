// The same cold question from many clients to three replicas at once: what reaches Druid and how long it takes, with leases
// over what they share, with a shared cache only, and with each replica for itself.
import { type Cluster } from '../test/cluster/cluster.ts'
import { sql, sqlRows } from '../test/cluster/http.ts'
import { hasRedis, startRedis } from '../test/redis/server.ts'
import { waitUntil, within } from '../test/cluster/wait.ts'
import { sourceOf } from './dashboard/figures.ts'
import { DAY_MS, HOUR_MS } from './dashboard/ranges.ts'
import { RowTimes } from './dashboard/row-times.ts'
import { workOf } from './dashboard/work.ts'
import { type Fleet, startFleet, sumOf } from './fleet.ts'
import { findPlace } from './place.ts'
import { type Outcome, quantile, type Result } from './result.ts'
import { type Asked, Clients } from './stampede/clients.ts'
import { type Kind, KINDS, WINDOW_MS } from './stampede/kinds.ts'
import { notesOf } from './stampede/notes.ts'
import { MODES, type Mode } from './stampede/modes.ts'

const REPLICAS = 3
const CLIENTS = 50
/** Each on a window of its own: all of the full run are in the days that are not there to warm up. */
const ROUNDS = { quick: 2, full: 7 }
const WARM_MS = 60_000
/** The last days are there to make shapes known. */
const WARM_DAYS = 10
const LITERAL = 1_000_000_000 + (Date.now() % 1_000_000_000)

/** Druid's queries and the clients' times of each kind. @throws Error where replicas don't get warm. */
export async function stampedeBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  if (!hasRedis) return skipped('no redis-server')
  const place = await findPlace()
  if (typeof place === 'string') return skipped(`no real Druid cluster can run, there is ${place}`)
  const ends: (() => unknown)[] = [() => place.leave()]
  try {
    const { node } = await startRedis(ends)
    const sides: Side[] = []
    for (const mode of MODES) {
      const fleet = await startFleet({
        count: REPLICAS,
        connect: place.cluster.zookeeper,
        druidPath: '/druid',
        coordinated: mode.leases,
        redis: mode.shared ? node : undefined,
      })
      ends.push(() => fleet.stop())
      const clients = new Clients(fleet, CLIENTS)
      ends.push(() => clients.close())
      sides.push({ mode, fleet, clients })
    }
    return await new Stampede(place.cluster, sides, await eventTimes(place.cluster)).run(quick)
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

function skipped(why: string): Outcome {
  return { results: [], wrong: 0, notes: [`SKIPPED: ${why}`] }
}

async function eventTimes({ services }: Cluster): Promise<RowTimes> {
  const rows = await sqlRows(services.broker1, 'SELECT TIMESTAMP_TO_MILLIS(__time) AS t FROM events')
  return new RowTimes(rows.map(({ t }) => Number(t)))
}

interface Side {
  readonly mode: Mode
  readonly fleet: Fleet
  readonly clients: Clients
}

/** What one round cost. */
interface Round {
  readonly statements: number
  /** Rows scanned, of those that have to be. */
  readonly timesScanned: number
  readonly explains: number
  readonly leases: number
  /** Waits for a lease that were given up. */
  readonly alone: number
  /** Looks into the shared cache that had no answer in time. */
  readonly late: number
  readonly answers: readonly Asked[]
}

interface Question {
  readonly texts: readonly string[]
  readonly run: string
  /** Rows that have to be read for all of it. */
  readonly needed: number
}

/** What one side is asked of one kind. */
interface Track {
  readonly side: Side
  /** Part of its shape, where it is no question's own. */
  readonly literal: number
  readonly rounds: Round[]
}

class Stampede {
  readonly #cluster: Cluster
  readonly #sides: readonly Side[]
  readonly #times: RowTimes
  readonly #startMs: number
  readonly #endMs: number
  readonly #wrongs: string[] = []
  #literal = LITERAL

  constructor(cluster: Cluster, sides: readonly Side[], times: RowTimes) {
    this.#cluster = cluster
    this.#sides = sides
    this.#times = times
    const [start = '', end = ''] = cluster.seeded?.eventsInterval.split('/') ?? []
    this.#startMs = Date.parse(start)
    this.#endMs = Date.parse(end)
  }

  async run(quick: boolean): Promise<Outcome> {
    const results: Result[] = []
    const rounds = quick ? ROUNDS.quick : ROUNDS.full
    for (const kind of KINDS.filter((one) => one.quick || !quick))
      results.push(...(await this.#kind(kind, rounds)))
    for (const wrong of this.#wrongs.slice(0, 40)) console.error(`WRONG: ${wrong}`)
    return { results, wrong: this.#wrongs.length, notes: notesOf(results, REPLICAS, CLIENTS) }
  }

  async #kind(kind: Kind, count: number): Promise<readonly Result[]> {
    const tracks: Track[] = []
    for (const side of this.#sides) {
      const track = { side, literal: this.#next(), rounds: [] }
      await this.#warm(kind, track)
      tracks.push(track)
    }
    for (let at = 0; at < count; at += 1) {
      const first = at % tracks.length
      // Each is the first one in turn, so that what slows the machine down slows all of them down.
      for (const track of [...tracks.slice(first), ...tracks.slice(0, first)]) {
        const round = await this.#round(track.side, this.#question(kind, track, at))
        track.rounds.push(round)
        await this.#compare(kind, track.side, round.answers)
      }
    }
    return tracks.map((track) => this.#result(kind, track))
  }

  #question(kind: Kind, { side, literal }: Track, at: number): Question {
    const startMs = this.#startMs + at * WINDOW_MS
    const window = { startMs, endMs: startMs + WINDOW_MS }
    const isAll = kind.fresh === 'literal'
    return {
      texts: kind.texts(window, isAll ? this.#next() : literal),
      run: runOf(kind, side),
      needed: isAll ? this.#times.total : this.#times.count(window),
    }
  }

  #next(): number {
    return (this.#literal += 1)
  }

  /** Until a question never asked before is answered as it will be, and replicas that share do so. */
  async #warm(kind: Kind, { side, literal }: Track): Promise<void> {
    const { fleet, mode, clients } = side
    let tries = 0
    const isWarm = async (): Promise<boolean> => {
      const before = await fleet.metrics()
      const startMs = this.#endMs - WARM_DAYS * DAY_MS + ((tries * 7) % (WARM_DAYS * 12)) * HOUR_MS
      tries += 1
      const span = { startMs, endMs: startMs + WINDOW_MS }
      const texts = kind.texts(span, kind.fresh === 'literal' ? this.#next() : literal)
      const context = { benchRun: runOf(kind, side) }
      const answers = await clients.askFew(texts, context)
      const isPlanned = answers.every(({ cacheStatus }) => {
        return kind.fresh === 'literal' || sourceOf(cacheStatus).detail.startsWith(kind.plan)
      })
      if (!isPlanned || tries < 2) return false
      if (mode.warm === undefined) return true
      return sumOf(await fleet.metrics(), mode.warm) > sumOf(before, mode.warm)
    }
    await waitUntil(`${kind.title}, ${mode.title}: replicas that know it`, isWarm, within(WARM_MS))
  }

  async #round({ fleet, clients }: Side, { texts, run, needed }: Question): Promise<Round> {
    const logs = (['broker1', 'broker2'] as const).map((broker) => this.#cluster.requestLog(broker))
    const marks = await Promise.all(logs.map((log) => log.mark()))
    const before = await fleet.metrics()
    const answers = await clients.ask(texts, { benchRun: run })
    const logged = await Promise.all(logs.map((log, at) => log.since(marks[at] ?? {})))
    const work = workOf(logged.flat(), { events: this.#times }, run)
    const after = await fleet.metrics()
    return {
      ...work,
      timesScanned: work.scannedRows / needed,
      leases: sumOf(after, LEASES) - sumOf(before, LEASES),
      alone: sumOf(after, ALONE) - sumOf(before, ALONE),
      late: sumOf(after, LATE) - sumOf(before, LATE),
      answers,
    }
  }

  /** The bytes have to be those that Druid itself gives to the same text. */
  async #compare({ title }: Kind, { mode }: Side, answers: readonly Asked[]): Promise<void> {
    for (const text of new Set(answers.map((one) => one.text))) {
      const druid = await sql(this.#cluster.services.broker2, text)
      for (const { status, body, cacheStatus } of answers.filter((one) => one.text === text))
        if (status !== 200 || druid.status !== 200 || !druid.body.equals(body))
          this.#wrongs.push(
            `${title}, ${mode.title}, ${cacheStatus}: ${status} ${body.toString().slice(0, 200)}`,
          )
    }
  }

  #result({ title }: Kind, { side, rounds }: Track): Result {
    const mean = (of: (round: Round) => number): number =>
      rounds.reduce((sum, round) => sum + of(round), 0) / rounds.length
    const times = rounds.flatMap(({ answers }) => answers.map(({ tookMs }) => tookMs))
    return {
      case: title,
      target: side.mode.title,
      metrics: {
        questions: new Set(rounds[0]?.answers.map(({ text }) => text)).size,
        queriesPerRound: mean(({ statements }) => statements),
        queriesMost: Math.max(...rounds.map(({ statements }) => statements)),
        queriesMostButAlone: Math.max(...rounds.map(({ statements, alone }) => statements - alone)),
        timesScanned: mean(({ timesScanned }) => timesScanned),
        explainsPerRound: mean(({ explains }) => explains),
        leasesPerRound: mean(({ leases }) => leases),
        alonePerRound: mean(({ alone }) => alone),
        lateReadsPerRound: mean(({ late }) => late),
        p50Ms: quantile(times),
        p99Ms: quantile(times, 0.99),
      },
    }
  }
}

const LEASES = /^ovate_lease_wait_seconds_count (\d+)$/gm
const ALONE = /^ovate_lease_alone_total\{[^}]*\} (\d+)$/gm
const LATE = /^ovate_shared_reads_total\{outcome="(?!hit"|miss")[^}]*\} (\d+)$/gm

/** A context key that Ovate hands on: by it the Brokers' logs tell whose queries they are. */
function runOf({ title }: Kind, { mode }: Side): string {
  return `stampede-${process.pid} ${mode.title} ${title}`
}
