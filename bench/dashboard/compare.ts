// Every answer beside Druid's own to the same text. Over `events` all rows are known; over `stream` those of buckets that
// were over when it was asked, and all of them while nothing comes in.
import { randomUUID } from 'node:crypto'
import { bodyOf, bodyText, cellsOf } from '../../test/differential/body.ts'
import { type Answer, compare } from '../../test/differential/compare.ts'
import { Client } from '../client.ts'
import { type RowTimes } from './row-times.ts'
import { type Body, clockOf, type Span, type Statement, wireOf } from './statement.ts'
import { type Answered } from './viewers.ts'

/** How old a relative statement's now may be. */
export const BOUND_MS = 5_000
/** Rows come within so many ms. */
const SEALED_MS = 30_000
const AT_ONCE = 4

/** Answers that are wrong, in words. */
export type Wrongs = readonly string[]

export class Comparer {
  readonly #client: Client
  readonly #known = new Map<string, Promise<Answer>>()

  /** `broker`: whose answers are right. */
  constructor(broker: string) {
    this.#client = new Client(broker, AT_ONCE)
  }

  close(): void {
    this.#client.close()
  }

  /** Rows that don't change while this runs: each answer is Druid's, at some moment within the bound where it is relative. */
  async exact(answers: readonly Answered[], rows: RowTimes): Promise<Wrongs> {
    return await this.#each(answers, async (one) => {
      let what = ''
      for (const pinned of momentsOf(one, rows)) {
        const theirs = await this.#druid(one.body, pinned)
        const likeness = compare(answerOf(one), theirs, howFor(one.statement))
        if (likeness.kind !== 'different') return undefined
        what ||= likeness.what
      }
      return what
    })
  }

  /** Texts that name every moment, and rows that don't change; `url`: who answered. */
  async literal(answers: readonly Answered[], url: string): Promise<Wrongs> {
    const client = new Client(url, AT_ONCE)
    try {
      return await this.#each(answers, async (one) => {
        const likeness = compare(answerOf(one), await this.#druid(one.body, undefined), howFor(one.statement))
        if (likeness.kind !== 'different') return undefined
        if (one.statement.approximate === true && (await this.#alike(one, client))) return undefined
        return `nothing came in: ${likeness.what}`
      })
    } finally {
      client.close()
    }
  }

  /** Both asked once more: segments may have been handed over in between, which moves what is approximate. */
  async #alike({ body, statement }: Answered, client: Client): Promise<boolean> {
    const [mine, own] = await Promise.all(
      [client, this.#client].map(async (from) => {
        const { status, body: bytes } = await from.ask(body)
        return { status, body: bytes.toString() }
      }),
    )
    return (
      mine !== undefined && own !== undefined && compare(mine, own, howFor(statement)).kind !== 'different'
    )
  }

  /** Of series: the rows of buckets that had been over for a while when it was asked. */
  async sealed(answers: readonly Answered[]): Promise<Wrongs> {
    const series = answers.filter(({ statement }) => statement.counts?.bucketMs !== undefined)
    return await this.#each(series, async (one) => {
      const pinned = one.statement.range.relative === true ? one.askedAtMs : undefined
      const theirs = await this.#druid(one.body, pinned)
      const { startMs } = one.statement.range.span(clockOf(one.statement, one.now))
      const bucketMs = one.statement.counts?.bucketMs ?? 0
      const over = { startMs: startMs + bucketMs + BOUND_MS, endMs: one.askedAtMs - SEALED_MS - bucketMs }
      const [ours, own] = [answerOf(one), theirs].map((answer) => within(answer, over, one.statement))
      const likeness = compare(ours ?? answerOf(one), own ?? theirs, {
        ...howFor(one.statement),
        ordered: [],
      })
      return likeness.kind === 'different' ? likeness.what : undefined
    })
  }

  async #each(
    answers: readonly Answered[],
    judge: (one: Answered) => Promise<string | undefined>,
  ): Promise<Wrongs> {
    const wrongs: string[] = []
    const waiting = answers.values()
    const lane = async (): Promise<void> => {
      for (const one of waiting) {
        const what = await judge(one)
        if (what !== undefined) wrongs.push(`${one.statement.id}, ${one.cacheStatus}: ${what}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    return wrongs
  }

  #druid(body: Body, nowMs: number | undefined): Promise<Answer> {
    const pinned = nowMs === undefined ? {} : { sqlCurrentTimestamp: new Date(nowMs).toISOString() }
    const context = { ...(body['context'] as object | undefined), ...pinned }
    const key = JSON.stringify({ ...body, context })
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const sent = { ...body, context: { ...context, sqlQueryId: randomUUID() } }
    const asked = this.#client.ask(sent).then((one) => ({ status: one.status, body: one.body.toString() }))
    this.#known.set(key, asked)
    return asked
  }
}

function answerOf({ status, answer }: Answered): Answer {
  return { status, body: answer.toString() }
}

function howFor(statement: Statement): Parameters<typeof compare>[2] {
  return { wire: wireOf(statement), ordered: statement.ordered ?? 'exactly' }
}

/** The moments for which answers may differ: the first and the last that are allowed, and each at which a row leaves. */
function momentsOf(one: Answered, rows: RowTimes): readonly (number | undefined)[] {
  const { range } = one.statement
  if (range.relative !== true) return [undefined]
  const [firstMs, lastMs] = [one.askedAtMs - BOUND_MS, one.answeredAtMs]
  const startMs = range.span(firstMs).startMs
  const leaving = rows.within({ startMs, endMs: range.span(lastMs).startMs })
  return [one.askedAtMs, lastMs, firstMs, ...leaving.map((rowMs) => firstMs + rowMs - startMs + 1)]
}

function within({ status, body }: Answer, { startMs, endMs }: Span, statement: Statement): Answer {
  const wire = wireOf(statement)
  const parts = bodyOf(body, wire)
  if (parts === undefined) return { status, body }
  const rows = parts.rows.filter((row) => {
    const label: unknown = JSON.parse(cellsOf(row, wire)[0] ?? '""')
    const ms = Date.parse(String(label))
    return ms >= startMs && ms < endMs
  })
  return { status, body: bodyText({ ...parts, rows }) }
}
