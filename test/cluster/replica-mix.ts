// What viewers behind a load balancer ask of replicas: one cold question of all at once, windows that overlap, dashboards again
// and again. Each answer is compared with Druid's own.
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster } from './cluster.ts'
import { sql } from './http.ts'
import { type ReplicaProcess } from './replica-process.ts'
import { type Outcome, outcomeOf } from './traffic.ts'
import { waitUntil, within } from './wait.ts'

/** What each question may take, by its own context. */
const TIMEOUT_MS = 20_000
/** From the end of a timeout to the answer that tells of it, on a busy machine. */
const SLACK_MS = 3_000
const LIMIT_MS = 60_000
const PAUSE_MS = 50
const DAY_MS = 86_400_000
const WINDOWS = 6

/** By the name of the question: Druid's own bytes. */
export type Expected = ReadonlyMap<string, Buffer>

interface Question {
  readonly name: string
  readonly body: object
}

export interface Seen {
  readonly replica: number
  readonly question: string
  readonly outcome: Outcome
  readonly status: number
  readonly tookMs: number
  readonly text: string
}

/** Without a head no name is in the answer. */
function asked(query: string, timeoutMs = TIMEOUT_MS): object {
  return { query, resultFormat: 'array', context: { timeout: timeoutMs } }
}

/** New to all by the name in its text, with one answer for all names. */
export function coldQuestion(name: string, timeoutMs?: number): Question {
  const text = `SELECT country, COUNT(*) AS "${name}" FROM events GROUP BY 1 ORDER BY 2 DESC, 1`
  return { name: 'cold', body: asked(text, timeoutMs) }
}

const DASHBOARDS: readonly Question[] = [
  {
    name: 'best',
    body: asked('SELECT city, SUM(added) AS a FROM events GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5'),
  },
  { name: 'rows', body: asked('SELECT __time, country, added FROM events ORDER BY __time LIMIT 30') },
]

/** Days of the seed; each meets some of the others. What `added` never is makes a text of its own for each `n`. */
function windowQuestion(at: number, n: number): Question {
  const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const from = `MILLIS_TO_TIMESTAMP(${endMs - (14 + at) * DAY_MS})`
  const to = `MILLIS_TO_TIMESTAMP(${endMs - (4 + (at % 3)) * DAY_MS})`
  const where = `__time >= ${from} AND __time < ${to} AND added <> -${n + 1}`
  const text = `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n, SUM(added) AS a FROM events WHERE ${where}`
  return { name: `window ${at}`, body: asked(`${text} GROUP BY 1 ORDER BY 1`) }
}

/** What Druid itself answers. */
export async function expectedOf({ services }: Cluster): Promise<Expected> {
  const windows = Array.from({ length: WINDOWS }, (_, at) => windowQuestion(at, 0))
  const pairs: [string, Buffer][] = []
  for (const { name, body } of [coldQuestion('n'), ...DASHBOARDS, ...windows]) {
    const { status, body: bytes } = await sql(services.broker1, body)
    if (status !== 200) throw new Error(`${name}: ${status} ${bytes.toString().slice(0, 300)}`)
    pairs.push([name, bytes])
  }
  return new Map(pairs)
}

/** Asks one replica one question, and judges what came. */
export async function judged(
  replica: ReplicaProcess,
  { name, body }: Question,
  expected: Expected,
): Promise<Seen> {
  const { status, body: bytes, whole, tookMs, ...rest } = await replica.ask(body)
  const outcome = outcomeOf(
    { status, body: bytes, whole, tookMs, ...rest },
    expected.get(name) ?? Buffer.of(),
  )
  const text = outcome === 'right' ? '' : bytes.toString('utf8', 0, 300)
  return { replica: replica.number, question: name, outcome, status, tookMs, text }
}

/** What is not as it must be. Who asks a replica that is `taken` away may be cut off, or wait; never is it told anything wrong. */
export function faults(seen: readonly Seen[], taken: readonly number[] = []): readonly Seen[] {
  return seen.filter(({ replica, outcome, tookMs }) => {
    if (taken.includes(replica)) return outcome === 'wrong'
    return outcome !== 'right' || tookMs > TIMEOUT_MS + SLACK_MS
  })
}

/** Viewers that go on asking the replicas that there are at each moment. */
export class Mix {
  readonly seen: Seen[] = []
  readonly #replicas: () => readonly ReplicaProcess[]
  readonly #expected: Expected
  readonly #stop = new AbortController()
  readonly #rounds: Promise<void>
  readonly #name = `mix ${Math.random()}`
  #done = 0

  constructor(replicas: () => readonly ReplicaProcess[], expected: Expected) {
    this.#replicas = replicas
    this.#expected = expected
    this.#rounds = this.#ask()
  }

  /** Resolves when so many rounds that begin from now on are over. */
  async more(rounds: number): Promise<void> {
    const from = this.#done
    await waitUntil(`${rounds} rounds`, () => this.#done > from + rounds, within(LIMIT_MS))
  }

  /** Resolves when the viewers have gone. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#rounds
  }

  async #ask(): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n += 1) {
      const round = this.#replicas().flatMap((replica) =>
        this.#questions(replica.number, n).map((question) => judged(replica, question, this.#expected)),
      )
      this.seen.push(...(await Promise.all(round)))
      this.#done += 1
      // Viewers look before they ask again.
      await delay(PAUSE_MS)
    }
  }

  #questions(replica: number, n: number): readonly Question[] {
    const dashboard = DASHBOARDS[n % DASHBOARDS.length]
    const window = windowQuestion((n + replica) % WINDOWS, n % 4)
    return [coldQuestion(`${this.#name} ${n}`), window, ...(dashboard === undefined ? [] : [dashboard])]
  }
}
