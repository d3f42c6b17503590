// Asks the same statements over and over, of the Brokers themselves and of Ovates, while data change beneath them, and
// tells which answers of an Ovate were wrong or too old.
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from './http.ts'
import { waitUntil, within } from './wait.ts'

/** Who is asked. */
export interface Source {
  readonly name: string
  readonly url: string
  /** An Ovate: how old its answers may be, ms. Undefined for a Broker, whose word is what counts. */
  readonly boundMs: number | undefined
}

/** Statements by a name each: a text, or a whole request body. */
export type Statements = Readonly<Record<string, string | object>>

export interface Sample {
  readonly source: string
  readonly statement: string
  readonly askedAtMs: number
  readonly answeredAtMs: number
  /** Status and body. */
  readonly answer: string
  /** `hit`, `miss` or `bypass`; undefined of a Broker. */
  readonly cache: string | undefined
}

/** What an Ovate must not do, said for a reader of a failed test. Empty: every answer was right and young enough. */
export type Faults = readonly string[]

const ROUND_PAUSE_MS = 25
const AT_ONCE = 4
const SETTLE_MS = 60_000

export class Watch {
  readonly #sources: readonly Source[]
  readonly #statements: Statements
  readonly #samples: Sample[] = []
  readonly #rounds = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #ended: Promise<unknown>

  constructor(sources: readonly Source[], statements: Statements) {
    this.#sources = sources
    this.#statements = statements
    this.#ended = Promise.all(sources.map((source) => this.#ask(source)))
    // Told by `stop`.
    this.#ended.catch(() => undefined)
  }

  /** Ends it; throws when a source failed to answer. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  /** Waits until the Brokers agree on every answer, then for the longest bound, and then for one round of all. */
  async settled(): Promise<void> {
    const from = Date.now()
    const longestMs = Math.max(...this.#sources.map(({ boundMs }) => boundMs ?? 0))
    let agreedAtMs: number | undefined
    const settled = (): boolean => {
      if (!this.#askedSince(from)) return false
      const agreed = Object.keys(this.#statements).every((name) => this.#lastOfBrokers(name).size === 1)
      if (!agreed) agreedAtMs = undefined
      else agreedAtMs ??= Date.now()
      return agreedAtMs !== undefined && this.#askedSince(agreedAtMs + longestMs)
    }
    await waitUntil('answers at rest', settled, within(SETTLE_MS, this.#stop.signal))
  }

  /** Waits until every answer to some statements was a hit for `ms`. */
  async hitsFor(ms: number, statements: readonly string[]): Promise<void> {
    const from = Date.now()
    const hits = (): boolean => {
      const misses = this.#ofOvates(statements).filter(({ cache }) => cache !== 'hit')
      const since = Math.max(from, ...misses.map(({ answeredAtMs }) => answeredAtMs))
      return this.#askedSince(since + ms)
    }
    await waitUntil(`hits for ${statements.join(', ')}`, hits, within(SETTLE_MS, this.#stop.signal))
  }

  /** What was wrong with the answers across a change that was begun at `fromMs`. */
  faults(fromMs: number): Faults {
    return Object.keys(this.#statements).flatMap((name) =>
      faultsOf(
        this.#samples.filter(({ statement }) => statement === name),
        this.#sources,
        fromMs,
      ),
    )
  }

  /**
   * Answers to some statements, asked for since `fromMs`, that were no hits though no look at the timeline was outlived:
   * a request that took longer than `boundMs` itself may have found the machine too busy to look in time.
   */
  missesOf(statements: readonly string[], fromMs: number, boundMs: number): readonly Sample[] {
    return this.#ofOvates(statements)
      .filter(({ cache, askedAtMs }) => cache !== 'hit' && askedAtMs >= fromMs)
      .filter(({ askedAtMs, answeredAtMs }) => answeredAtMs - askedAtMs <= boundMs)
  }

  #ofOvates(statements: readonly string[]): readonly Sample[] {
    return this.#samples.filter(
      ({ cache, statement }) => cache !== undefined && statements.includes(statement),
    )
  }

  /** Whether every source has begun and ended a round after a moment. */
  #askedSince(ms: number): boolean {
    return this.#sources.every(({ name }) => (this.#rounds.get(name) ?? 0) > ms)
  }

  #lastOfBrokers(statement: string): ReadonlySet<string | undefined> {
    const brokers = this.#sources.filter(({ boundMs }) => boundMs === undefined)
    return new Set(
      brokers.map(
        ({ name }) =>
          this.#samples.findLast((one) => one.source === name && one.statement === statement)?.answer,
      ),
    )
  }

  async #ask(source: Source): Promise<void> {
    const { signal } = this.#stop
    const all = Object.entries(this.#statements)
    while (!signal.aborted) {
      const roundAtMs = Date.now()
      for (let at = 0; at < all.length; at += AT_ONCE) {
        await Promise.all(
          all.slice(at, at + AT_ONCE).map(([statement, body]) => this.#sample(source, statement, body)),
        )
      }
      this.#rounds.set(source.name, roundAtMs)
      await delay(ROUND_PAUSE_MS)
    }
  }

  async #sample({ name, url, boundMs }: Source, statement: string, body: string | object): Promise<void> {
    const askedAtMs = Date.now()
    const { status, body: bytes, headers } = await sql(url, body)
    this.#samples.push({
      source: name,
      statement,
      askedAtMs,
      answeredAtMs: Date.now(),
      answer: `${status} ${bytes.toString()}`,
      cache: boundMs === undefined ? undefined : cacheWord(String(headers['cache-status'])),
    })
  }
}

function cacheWord(cacheStatus: string): string {
  return /; (?:fwd=)?(\w+)/.exec(cacheStatus)?.[1] ?? cacheStatus
}

/**
 * Judges the answers to one statement across one change that was begun at `fromMs`. An answer asked for at `t` must be
 * the new one, or the old one if some Broker did not yet show the new one at `t` less the bound; nothing else.
 */
export function faultsOf(all: readonly Sample[], sources: readonly Source[], fromMs: number): Faults {
  const brokers = sources.filter(({ boundMs }) => boundMs === undefined)
  const ofBrokers = all.filter(({ source }) => brokers.some(({ name }) => name === source))
  const before = ofBrokers.findLast(({ answeredAtMs }) => answeredAtMs <= fromMs)?.answer
  const after = ofBrokers.at(-1)?.answer
  const samples = all.filter(({ askedAtMs }) => askedAtMs >= fromMs)
  const thirds = samples
    .filter(({ answer }) => answer !== before && answer !== after)
    .map((sample) => told('neither the old nor the new answer', sample, before, after))
  const shownAtMs = Math.max(...brokers.map(({ name }) => shownAt(name, ofBrokers, after)))
  const late = sources.flatMap(({ name, boundMs }) =>
    boundMs === undefined
      ? []
      : samples
          .filter(({ source, answer }) => source === name && answer !== after)
          .filter(({ askedAtMs }) => askedAtMs > shownAtMs + boundMs)
          .map((sample) => told(`old ${sample.askedAtMs - shownAtMs} ms after`, sample, before, after)),
  )
  return [...thirds, ...late]
}

/** When a Broker was first seen to give the new answer for good. */
function shownAt(broker: string, samples: readonly Sample[], after: string | undefined): number {
  const own = samples.filter(({ source }) => source === broker)
  const lastOther = own.findLastIndex(({ answer }) => answer !== after)
  return own[lastOther + 1]?.answeredAtMs ?? Number.POSITIVE_INFINITY
}

function told(
  what: string,
  { source, statement, answer, cache }: Sample,
  ...expected: (string | undefined)[]
): string {
  return `${source}, ${statement}, ${cache ?? 'Druid'}: ${what}: ${[answer, ...expected].map(short).join(' | ')}`
}

function short(answer: string | undefined): string {
  return (answer ?? 'nothing').trim().slice(0, 200)
}
