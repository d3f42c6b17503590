// Clients that keep asking, each with the bytes in hand that Druid answers, and what became of every question.
import { Agent } from 'node:http'
import { ask, type Asked } from './ask.ts'
import { sql } from './http.ts'
import { waitUntil, within } from './wait.ts'

/** Something to ask: its body for a number, which changes the text but not the answer. */
export interface Question {
  readonly name: string
  readonly body: (n: number) => object
}

/** `right`: whole, Druid's bytes. `cut`: broke off, visibly, after a part of them. `refused`: an error, whole. `lost`: no head. */
export type Outcome = 'right' | 'cut' | 'refused' | 'lost' | 'wrong'

export interface Seen {
  readonly question: string
  readonly outcome: Outcome
  readonly status: number
  /** Of the body. */
  readonly bytes: number
  /** On the clock of `performance.now`. */
  readonly askedAtMs: number
  readonly tookMs: number
  /** The begin of what came, where that was not right. */
  readonly text: string
}

export interface Traffic {
  /** All that was asked and answered by now. */
  readonly seen: readonly Seen[]
  /**
   * Resolves when as many questions asked from now on as `count` for each client have been answered. Not by each: one
   * may wait for a Broker that is frozen.
   */
  more(count: number): Promise<void>
  /** Resolves when the clients have ended. */
  stop(): Promise<void>
}

const LIMIT_MS = 120_000

/** What `added` never is, in more and more texts: each text is new to Ovate and to Druid's caches. */
const always = (n: number): string => `added <> -${n + 1}`

const ONCE = 'SELECT country, COUNT(*) AS n, SUM(added) AS m FROM events GROUP BY 1 ORDER BY 2 DESC, 1'

export const QUESTIONS: readonly Question[] = [
  { name: 'kept', body: () => ({ query: ONCE, resultFormat: 'csv', header: true }) },
  { name: 'kept, other format', body: () => ({ query: ONCE, resultFormat: 'arrayLines' }) },
  {
    name: 'new each time',
    body: (n) => ({
      query: `SELECT device, COUNT(*) AS n, SUM(added) AS m FROM events WHERE ${always(n)} GROUP BY 1 ORDER BY 1`,
    }),
  },
  {
    name: 'new, asked by several at once',
    body: (n) => ({
      query: `SELECT TIME_FLOOR(__time, 'P1D') AS d, COUNT(*) AS n FROM events WHERE ${always(n - (n % 6))} GROUP BY 1 ORDER BY 1`,
      resultFormat: 'array',
      header: true,
    }),
  },
  {
    name: 'large',
    body: (n) => ({
      query: `SELECT __time, page, "user", added FROM events WHERE ${always(n)} ORDER BY __time LIMIT 3000`,
      resultFormat: 'objectLines',
    }),
  },
  {
    name: 'long',
    body: (n) => ({ query: longSql(25, always(n)) }),
  },
  {
    name: 'passed',
    body: (n) => ({
      query: `SELECT channel, MAX(added) AS m FROM events WHERE ${always(n)} GROUP BY 1 ORDER BY 1`,
      resultFormat: 'csv',
      context: { useCache: false },
    }),
  },
]

/**
 * A statement of a row that takes Druid about 15 ms for each of `rows`; `where` is a part of its text. One native query
 * computes it: Druid (33.0.0) loses a cancel that comes between two.
 */
export function longSql(rows: number, where = '1 = 1'): string {
  const values = Array.from({ length: rows }, (_, row) => `(${row})`).join(',')
  return `SELECT COUNT(*) AS n FROM events CROSS JOIN (VALUES ${values}) AS b(v) WHERE ${where} AND added + v < -1`
}

/** Druid's own bytes for each question, from a Broker itself. */
export async function expectedFrom(
  broker: string,
  questions: readonly Question[],
): Promise<ReadonlyMap<string, Buffer>> {
  const pairs: [string, Buffer][] = []
  for (const { name, body } of questions) {
    const { status, body: bytes } = await sql(broker, body(0))
    if (status !== 200) throw new Error(`${name}: ${status} ${bytes.toString().slice(0, 500)}`)
    pairs.push([name, bytes])
  }
  return new Map(pairs)
}

/** Sets `clients` of them asking at `url`, each on a connection that it keeps. */
export function startTraffic(
  url: string,
  expected: ReadonlyMap<string, Buffer>,
  { clients, questions = QUESTIONS }: { readonly clients: number; readonly questions?: readonly Question[] },
): Traffic {
  const seen: Seen[] = []
  const stop = new AbortController()
  let n = Math.floor(Math.random() * 1_000_000) * 1_000
  const client = async (which: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    // Each begins somewhere else, so that all kinds are under way at any moment.
    for (let turn = which; !stop.signal.aborted; turn += 1) {
      const question = questions[turn % questions.length]
      if (question === undefined) throw new Error('no questions')
      n += 1
      const asked = await ask(url, question.body(n), { agent })
      seen.push(seenOf(question, asked, expected))
    }
    agent.destroy()
  }
  const all = Promise.all(Array.from({ length: clients }, (_, which) => client(which)))
  return {
    seen,
    more: async (count) => {
      const from = performance.now()
      const had = (): boolean => seen.filter(({ askedAtMs }) => askedAtMs >= from).length >= count * clients
      await waitUntil(`${count} more answers for each client`, had, within(LIMIT_MS))
    },
    stop: async () => {
      stop.abort()
      await all
    },
  }
}

function seenOf({ name }: Question, asked: Asked, expected: ReadonlyMap<string, Buffer>): Seen {
  const outcome = outcomeOf(asked, expected.get(name) ?? Buffer.alloc(0))
  return {
    question: name,
    outcome,
    status: asked.status,
    bytes: asked.body.length,
    askedAtMs: asked.askedAtMs,
    tookMs: asked.tookMs,
    text: outcome === 'right' ? '' : asked.body.toString('utf8', 0, 300),
  }
}

/** A part of it had been sent on, so it can't be begun anew. */
export function isCutLate({ outcome, bytes }: Seen): boolean {
  return outcome === 'cut' && bytes > 0
}

/** How many of each kind, told so that a failing test says what came. */
export function tally(seen: readonly Seen[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { question, outcome, status, text } of seen) {
    const kind = `${question}: ${outcome} ${status} ${text}`
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** What a client must make of an answer that should have been `expected`. */
export function outcomeOf({ status, body, whole }: Asked, expected: Buffer): Outcome {
  if (status === 0) return 'lost'
  if (status !== 200) return whole ? 'refused' : 'cut'
  if (whole) return body.equals(expected) ? 'right' : 'wrong'
  return expected.subarray(0, body.length).equals(body) ? 'cut' : 'wrong'
}
