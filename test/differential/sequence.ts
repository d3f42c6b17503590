// A random sequence: questions, what a user does next with them, changes of the data, the clock. After each step what is
// asked of Ovate is asked of Druid, and compared.
import { type Random, randomOf } from '../cluster/random.ts'
import { compare, type Likeness } from './compare.ts'
import { randomQuestion } from './generate.ts'
import { moved, MOVES } from './moves.ts'
import { randomOperation } from './operations.ts'
import { type Asked, askedFor, type Question } from './question.ts'
import { DAY_MS, randomRows, type Row, STEP_MS } from './table.ts'
import { type Tally } from './tally.ts'
import { type CacheAnswer, type Change, type World } from './world.ts'

/** Alters what Ovate answered, to see whether that is noticed; undefined: it has nothing to do here. */
export type Mutation = (body: string, given: Given) => string | undefined

interface Given {
  readonly question: Question
  readonly asked: Asked
  /** What was answered to the very same request before, oldest first. */
  readonly earlier: readonly string[]
}

/** An answer that was not Druid's. */
export interface Difference {
  readonly what: string
  readonly cache: string
  readonly body: string
  /** What was done before, the last steps of it. */
  readonly steps: readonly string[]
}

export interface SequenceResult {
  readonly differences: readonly Difference[]
  /** Answers that the mutation altered, and those of them that were found to be different. */
  readonly mutated: number
  readonly noticed: number
}

export interface SequenceOptions {
  readonly seed: number
  /** Steps, each with one question or more. */
  readonly steps: number
  readonly tally: Tally
  readonly mutation?: Mutation
  /** Told of each question, for counting. */
  readonly onQuestion?: (asked: Asked) => void
  /** Ends it early. */
  readonly isOver?: () => boolean
}

const KIN_MOVES = ['nudge', 'nudge', 'nudge', 'shift'] as const
const FIRST_QUESTIONS = 4
/** Who looks at a dashboard asks the same few questions: this many are remembered. */
const QUESTIONS_MAX = 14
const DIFFERENCES_MAX = 3
const STEPS_TOLD = 12
const HOUR_MS = 3_600_000

/** Runs one on a world that nobody else uses. */
export async function runSequence(world: World, options: SequenceOptions): Promise<SequenceResult> {
  const sequence = new Sequence(world, options)
  return await sequence.run()
}

class Sequence {
  readonly #world: World
  readonly #options: SequenceOptions
  readonly #random: Random
  readonly #steps: string[] = []
  readonly #differences: Difference[] = []
  readonly #earlier = new Map<string, string[]>()
  readonly #dropped = new Set<number>()
  #questions: Question[] = []
  #identity: string | undefined
  #mutated = 0
  #noticed = 0

  constructor(world: World, options: SequenceOptions) {
    this.#world = world
    this.#options = options
    this.#random = randomOf(options.seed)
    this.#identity = world.identities[0]
  }

  async run(): Promise<SequenceResult> {
    const { steps, isOver = () => false } = this.#options
    for (let step = 0; step < steps && !isOver(); step += 1) {
      if (this.#differences.length >= DIFFERENCES_MAX && this.#options.mutation === undefined) break
      await (this.#questions.length < FIRST_QUESTIONS ? this.#new() : this.#step())
    }
    return { differences: this.#differences, mutated: this.#mutated, noticed: this.#noticed }
  }

  async #step(): Promise<void> {
    const { change, time } = this.#world.pace
    const luck = this.#random.next()
    if (luck < change) return await this.#change()
    if (luck < change + time) return await this.#advance()
    const other = this.#random.next()
    if (other < 0.67) return await this.#move()
    if (other < 0.82) return await this.#new()
    if (other < 0.88) return await this.#operate()
    return await (other < 0.96 ? this.#together() : this.#becomeSomebody())
  }

  async #new(): Promise<void> {
    const question = randomQuestion(this.#random, this.#world.subject())
    this.#remember(question)
    await this.#ask('new', question)
  }

  async #move(): Promise<void> {
    const at = this.#random.below(this.#questions.length)
    const move = this.#random.pick(MOVES)
    const before = this.#questions[at]
    if (before === undefined) return
    const question = moved(this.#random, before, move, this.#world.subject())
    if (move === 'kin') return await this.#kin(question)
    this.#questions[at] = question
    await this.#ask(move, question)
  }

  /** So often that parts of it are kept, which may follow from those of the one that it is kin to. */
  async #kin(first: Question): Promise<void> {
    const subject = this.#world.subject()
    let question = first
    for (const move of KIN_MOVES) {
      await this.#ask('kin', question)
      question = moved(this.#random, question, move, subject)
    }
    this.#remember(question)
  }

  /** Several at once: they may fly together. */
  async #together(): Promise<void> {
    const questions = Array.from({ length: 3 }, () => this.#pick()).filter((one) => one !== undefined)
    const [first] = questions
    this.#note('together')
    await Promise.all(
      [...questions, ...(first === undefined ? [] : [first])].map((one) => this.#compare(one)),
    )
    await this.#world.settled()
  }

  async #change(): Promise<void> {
    const change = this.#randomChange()
    this.#note(change.kind, describe(change))
    await this.#world.change(change)
    await this.#repeatSome()
  }

  async #operate(): Promise<void> {
    const operation = randomOperation(this.#random, this.#world.subject(), this.#world.settings)
    this.#note(operation.kind, JSON.stringify(operation))
    // Some of it while answers are on their way.
    const asked = this.#random.next() < 0.5 ? this.#pick() : undefined
    await Promise.all([
      asked === undefined ? undefined : this.#compare(asked),
      this.#world.operate(operation),
    ])
    await this.#repeatSome()
  }

  async #advance(): Promise<void> {
    const steps = this.#random.pick([3, 30, HOUR_MS / STEP_MS, (5 * HOUR_MS) / STEP_MS, DAY_MS / STEP_MS])
    this.#note('time', `${steps} steps of ${STEP_MS} ms`)
    await this.#world.advance(steps * STEP_MS)
    await this.#repeatSome()
  }

  async #becomeSomebody(): Promise<void> {
    const before = this.#identity
    this.#identity = this.#random.pick(this.#world.identities)
    this.#note('identity', this.#identity ?? 'nobody')
    await this.#repeatSome()
    // Most is asked by who asked before, so that more is held than refused.
    if (this.#random.next() < 0.7) this.#identity = before
  }

  /** What was held before is asked for again: it is here that an old answer would show. */
  async #repeatSome(): Promise<void> {
    for (let count = 0; count < 3; count += 1) {
      const question = this.#pick()
      if (question !== undefined) await this.#ask('again', question)
    }
  }

  #pick(): Question | undefined {
    return this.#questions[this.#random.below(this.#questions.length)]
  }

  #remember(question: Question): void {
    this.#questions.push(question)
    if (this.#questions.length > QUESTIONS_MAX)
      this.#questions.splice(this.#random.below(this.#questions.length), 1)
  }

  /** What Druid refuses is asked once more, and not again and again: it would crowd out what may be kept. */
  #forget(question: Question): void {
    this.#questions = this.#questions.filter((one) => one !== question)
  }

  #randomChange(): Change {
    const { fromMs, toMs } = this.#world.subject()
    const kind = this.#random.pick(this.#world.changes)
    const days = Math.max(1, Math.floor((toMs - fromMs) / DAY_MS))
    const day = Math.floor(fromMs / DAY_MS + this.#random.below(days)) * DAY_MS
    switch (kind) {
      case 'append':
        return { kind, rows: this.#rows(this.#world.nowMs() - 3 * HOUR_MS, this.#world.nowMs(), 8) }
      case 'late rows':
        return { kind, rows: this.#rows(day, day + DAY_MS, 6) }
      case 'replace':
      case 'compact':
        return { kind, day }
      case 'drop':
      case 'restore':
        return this.#dropOrRestore(day)
      case 'column':
        return { kind, name: `more${this.#world.subject().more.length}` }
      case 'hand off':
        return { kind }
      case 'rights':
        return { kind, draw: this.#random.below(1_000_000) }
    }
  }

  /** No more than two days are away at once. */
  #dropOrRestore(day: number): Change {
    const [dropped] = this.#dropped
    if (dropped === undefined || (this.#dropped.size < 2 && this.#random.next() < 0.5)) {
      this.#dropped.add(day)
      return { kind: 'drop', day }
    }
    this.#dropped.delete(dropped)
    return { kind: 'restore', day: dropped }
  }

  #rows(fromMs: number, toMs: number, count: number): Row[] {
    const more = Object.fromEntries(
      this.#world.subject().more.map((name) => [name, this.#random.pick(['x', 'y'])]),
    )
    return randomRows(this.#random, { fromMs, toMs }, count, more)
  }

  async #ask(step: string, question: Question): Promise<void> {
    this.#note(step, askedFor(question).sql)
    await this.#compare(question)
    await this.#world.settled()
  }

  async #compare(question: Question): Promise<void> {
    const asked = askedFor(question)
    const { tally, onQuestion } = this.#options
    onQuestion?.(asked)
    const identity =
      this.#world.isCrowd === true && this.#random.next() < 0.4
        ? this.#random.pick(this.#world.identities)
        : this.#identity
    const got = await this.#world.ovate(asked.body, identity)
    const answer = this.#altered(got, { question, asked, identity })
    const theirs = await this.#world.druid(asked.body, identity)
    const first = compare(answer, theirs, asked)
    const isAboutNow = question.window.kind === 'relative' && !this.#world.still
    const result =
      first.kind === 'different' && isAboutNow ? await this.#again({ asked, identity }, first) : first
    tally.add('status', String(theirs.status))
    const times = this.#earlier.get(requestKey(asked, identity))?.length ?? 0
    if (theirs.status === 400 && times > 1) this.#forget(question)
    tally.answered(got.cache, result.kind)
    if (answer !== got) {
      this.#mutated += 1
      if (result.kind === 'different') this.#noticed += 1
    } else if (result.kind === 'different') {
      const { what } = result
      const steps = this.#steps.slice(-STEPS_TOLD)
      this.#differences.push({ what, cache: got.cache, body: asked.body, steps })
    }
  }

  /** Where time goes on, the two may mean another now: what is different must stay so past the bound. */
  async #again(
    { asked, identity }: { readonly asked: Asked; readonly identity: string | undefined },
    first: ReturnType<typeof compare>,
  ): Promise<{ readonly kind: Likeness | 'moving' } | { readonly kind: 'different'; readonly what: string }> {
    await this.#world.advance(0)
    const before = await this.#world.druid(asked.body, identity)
    const ours = await this.#world.ovate(asked.body, identity)
    const theirs = await this.#world.druid(asked.body, identity)
    if (compare(before, theirs, asked).kind === 'different') return { kind: 'moving' }
    const second = compare(ours, theirs, asked)
    return second.kind === 'different' ? first : { kind: 'moving' }
  }

  #altered(
    got: CacheAnswer,
    {
      question,
      asked,
      identity,
    }: { readonly question: Question; readonly asked: Asked; readonly identity: string | undefined },
  ): CacheAnswer {
    const key = requestKey(asked, identity)
    const earlier = this.#earlier.get(key) ?? []
    this.#earlier.set(key, [...earlier, got.body])
    const body =
      got.status === 200 ? this.#options.mutation?.(got.body, { question, asked, earlier }) : undefined
    return body === undefined ? got : { ...got, body }
  }

  #note(step: string, more = ''): void {
    this.#options.tally.add('step', step)
    this.#steps.push(`${step}: ${more}`)
  }
}

function requestKey({ body }: Asked, identity: string | undefined): string {
  return `${identity ?? ''} ${body}`
}

function describe(change: Change): string {
  if ('day' in change) return new Date(change.day).toISOString().slice(0, 10)
  return 'rows' in change ? change.rows.map(({ atMs }) => new Date(atMs).toISOString()).join(' ') : ''
}

/** A difference, for who has to find out. */
export function differenceText({ what, cache, body, steps }: Difference, seed: number): string {
  return [
    `OVATE_SEED=${seed}: ${what}`,
    `  ${cache}`,
    `  ${body}`,
    ...steps.map((step) => `    ${step}`),
  ].join('\n')
}
