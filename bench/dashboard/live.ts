// What Druid counts in `stream` from moment to moment, and whether answers lie between: no fewer rows than Druid had when
// it was asked, less the bound, no more than it had just after.
import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf, cellsOf } from '../../test/differential/body.ts'
import { parseJson, sql } from '../../test/cluster/http.ts'
import { BOUND_MS, type Wrongs } from './compare.ts'
import { type Span, wireOf } from './statement.ts'
import { countOf, type StreamRow } from './stream-rows.ts'
import { type Answered } from './viewers.ts'

/** How many rows Druid had at some moment in between. */
export interface Reading {
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly rows: number
}

const PAUSE_MS = 400

/** Reads the count of all rows over and over, of a Broker whose work isn't measured. */
export class LiveCount {
  readonly #broker: string
  readonly #readings: Reading[] = []
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>

  constructor(broker: string) {
    this.#broker = broker
    this.#ended = this.#run()
  }

  /** Ends with one more reading, so that each answer has one after it. */
  async stop(): Promise<readonly Reading[]> {
    this.#stop.abort()
    await this.#ended
    await this.#read()
    return this.#readings
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#read()
      await delay(PAUSE_MS)
    }
  }

  async #read(): Promise<void> {
    const askedAtMs = Date.now()
    const answer = await sql(this.#broker, 'SELECT COUNT(*) AS n FROM "stream"')
    const [row] = parseJson(answer) as { n: number }[]
    this.#readings.push({ askedAtMs, answeredAtMs: Date.now(), rows: row?.n ?? 0 })
  }
}

/** Answers that are none, where nothing else is compared. */
export function failures(answers: readonly Answered[]): Wrongs {
  return answers
    .filter(({ status }) => status !== 200)
    .map(({ statement, status, answer }) => `${statement.id}: ${status} ${answer.toString().slice(0, 200)}`)
}

/** `rows`: all that there were, in the order in which they came: at each moment Druid had the first so many of them. */
export function liveWrongs(
  answers: readonly Answered[],
  readings: readonly Reading[],
  rows: readonly StreamRow[],
): Wrongs {
  return answers.flatMap((one) => {
    const { statement, askedAtMs, answeredAtMs } = one
    const { counts, range } = statement
    if (counts === undefined || one.status !== 200) return []
    const before = readings.filter((reading) => reading.answeredAtMs <= askedAtMs - BOUND_MS)
    const after = readings.filter((reading) => reading.askedAtMs >= answeredAtMs)
    const least = Math.max(0, ...before.map((reading) => reading.rows))
    const most = Math.min(rows.length, ...after.map((reading) => reading.rows))
    // A relative window is that of some moment within the bound.
    const first = range.span(range.relative === true ? askedAtMs - BOUND_MS : one.now.wallMs)
    const last = range.span(range.relative === true ? answeredAtMs : one.now.wallMs)
    const narrow: Span = { startMs: last.startMs, endMs: first.endMs }
    const wide: Span = { startMs: first.startMs, endMs: last.endMs }
    const [low, high] = [countOf(rows, least, narrow, counts.of), countOf(rows, most, wide, counts.of)]
    const got = countIn(one, counts.column)
    return got >= low && got <= high
      ? []
      : [`${statement.id}, ${one.cacheStatus}: ${got} rows of ${low} to ${high}`]
  })
}

function countIn({ statement, answer }: Answered, column: number): number {
  const wire = wireOf(statement)
  const rows = bodyOf(answer.toString(), wire)?.rows ?? []
  return rows.reduce((sum, row) => sum + Number(cellsOf(row, wire)[column]), 0)
}
