// `ovate verify`: a user's own statements, asked of an Ovate and of Druid side by side, for some rounds.
import { compareAnswers } from './verify/compare.ts'
import { median, type Report, type StatementReport, type Verdict, VERDICTS } from './verify/report.ts'
import { type Got, type Side } from './verify/side.ts'
import { type Statement } from './verify/statements.ts'

export interface VerifyOptions {
  readonly statements: readonly Statement[]
  readonly rounds: number
  readonly ovate: Side
  readonly druid: Side
  /** Statements that are asked at once. */
  readonly concurrency: number
  /** What statements about now take for it, on both sides and in all rounds: so the rounds ask the same thing. */
  readonly nowMs: number
  /** Told when a round begins, from 1. */
  readonly onRound?: (round: number) => void
}

/** Asks everything and compares. Rejects only when the signal fires. */
export async function verify(options: VerifyOptions, signal: AbortSignal): Promise<Report> {
  const { statements, rounds, concurrency, nowMs, onRound } = options
  const now = new Date(nowMs).toISOString()
  const courses = statements.map((statement) => new Course(statement, now, options))
  for (let round = 1; round <= rounds; round += 1) {
    onRound?.(round)
    await eachAtOnce(courses, concurrency, (course) => course.ask(round, signal))
  }
  return { rounds, now, statements: courses.map((course) => course.report()) }
}

async function eachAtOnce<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at]
      if (item !== undefined) await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
}

interface Judgement {
  readonly verdict: Verdict
  readonly note?: string
}

/** One statement through all rounds. */
class Course {
  readonly #statement: Statement
  readonly #sides: { readonly ovate: Side; readonly druid: Side }
  /** Undefined where now is not pinned. */
  #now: string | undefined
  #lastOfDruid: Got | undefined
  #hits = 0
  #answered = 0
  readonly #ovateMs: number[] = []
  readonly #druidMs: number[] = []
  readonly #verdicts: Verdict[] = []
  readonly #notes = new Set<string>()

  constructor(statement: Statement, now: string, sides: { readonly ovate: Side; readonly druid: Side }) {
    this.#statement = statement
    this.#sides = sides
    this.#now = statement.usesNow ? now : undefined
  }

  async ask(round: number, signal: AbortSignal): Promise<void> {
    if (this.#lastOfDruid === undefined) await this.#tryNow(signal)
    // By turns, so that neither always finds warm what the other one read.
    const first = round % 2 === 1 ? await this.#sides.ovate(this.#body, signal) : undefined
    const theirs = await this.#sides.druid(this.#body, signal)
    const ours = first ?? (await this.#sides.ovate(this.#body, signal))
    this.#ovateMs.push(ours.tookMs)
    this.#druidMs.push(theirs.tookMs)
    if (ours.kind === 'answer' && /; hit\b/.test(ours.cache)) this.#hits += 1
    if (isAnswered(ours) && isAnswered(theirs)) this.#answered += 1
    const { verdict, note } = await this.#judge(ours, theirs, signal)
    this.#lastOfDruid = theirs
    this.#verdicts.push(verdict)
    if (note !== undefined) this.#notes.add(note)
  }

  report(): StatementReport {
    const { number, sql } = this.#statement
    const [ovateMs, druidMs] = [median(this.#ovateMs), median(this.#druidMs)]
    const counted = VERDICTS.map(
      (verdict) => [verdict, this.#verdicts.filter((one) => one === verdict).length] as const,
    )
    const rounds = Object.fromEntries(counted.filter(([, count]) => count > 0))
    const verdict = VERDICTS.find((one) => this.#verdicts.includes(one)) ?? 'same'
    const notes = [...this.#notes]
    return {
      number,
      sql,
      verdict,
      rounds,
      ovateMs,
      druidMs,
      faster: druidMs / ovateMs,
      hits: this.#hits,
      answered: this.#answered,
      notes,
    }
  }

  get #body(): string {
    return this.#statement.body(this.#now)
  }

  /** Druid may forbid the context key to this user: then now is what each side takes for it. */
  async #tryNow(signal: AbortSignal): Promise<void> {
    if (this.#now === undefined) return
    const pinned = await this.#sides.druid(this.#body, signal)
    if (isAnswered(pinned)) return
    const plain = await this.#sides.druid(this.#statement.body(undefined), signal)
    if (!isAnswered(plain)) return
    this.#now = undefined
    this.#notes.add(
      `Druid refuses the context key sqlCurrentTimestamp (${outcome(pinned)}): each side has a now of its own`,
    )
  }

  async #judge(ours: Got, theirs: Got, signal: AbortSignal): Promise<Judgement> {
    const first = judge(ours, theirs)
    if (first.verdict !== 'different' && first.verdict !== 'error') return first
    const [again, ovate] = [
      await this.#sides.druid(this.#body, signal),
      await this.#sides.ovate(this.#body, signal),
    ]
    const before = this.#lastOfDruid
    const hasMoved = [before, again].some(
      (one) => one !== undefined && judge(one, theirs).verdict === 'different',
    )
    if (hasMoved) return { verdict: 'moving', note: "Druid's own answer changed while it was asked" }
    const second = judge(ovate, again)
    const repeated = second.verdict === first.verdict ? 'also when asked again' : 'not when asked again'
    return { verdict: first.verdict, note: `${first.note ?? ''} (${repeated})` }
  }
}

/** One against the other; `theirs` is Druid's. */
function judge(ours: Got, theirs: Got): Judgement {
  if (ours.kind === 'failed' || theirs.kind === 'failed')
    return { verdict: 'error', note: `Ovate: ${outcome(ours)}, Druid: ${outcome(theirs)}` }
  if (ours.status !== theirs.status) {
    const isOneSided = isAnswered(ours) || isAnswered(theirs)
    return {
      verdict: isOneSided ? 'error' : 'different',
      note: `Ovate: ${outcome(ours)}, Druid: ${outcome(theirs)}`,
    }
  }
  // Errors name the query's id and the host, which are never the same twice.
  if (!isAnswered(theirs)) return { verdict: 'refused', note: `both answer ${outcome(theirs)}` }
  const comparison = compareAnswers(ours.body, theirs.body)
  if (comparison.kind === 'different') return { verdict: 'different', note: comparison.what }
  return { verdict: comparison.kind }
}

function isAnswered(got: Got): boolean {
  return got.kind === 'answer' && got.status === 200
}

const ERROR_MAX = 160

function outcome(got: Got): string {
  if (got.kind === 'failed') return `no answer: ${got.message}`
  if (got.status === 200) return '200'
  return `${got.status} ${got.body.toString().trim().slice(0, ERROR_MAX)}`
}
