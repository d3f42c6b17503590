// Druid's word on a shape: both texts are explained, the client's and the one that fetches parts. No client gets an
// answer from parts before the two plans agree with what was read of the text.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type Druid } from '../../druid/druid.ts'
import { type Interval } from '../../plan/facts.ts'
import { type NativePlan, readNativePlan } from '../../plan/native.ts'
import { stepName, type StepText } from '../../plan/step-text.ts'
import { mergeVerdict, seriesVerdict, stepsDifference, type Verdict } from '../../plan/witness.ts'
import { explainSql } from '../../sql/statements.ts'
import { explainRow } from '../explain-row.ts'
import { type MayBeRestricted, type Refused } from '../plan-check.ts'
import { type Asking, formOf, type Making } from './making.ts'

export interface PartWitnessOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly timeoutMs: number
  readonly mayBeRestricted: MayBeRestricted
  readonly refused: Refused
  readonly onVerdict: (kind: 'agrees' | 'disagrees' | 'unknown') => void
}

type Asked = Pick<Asking, 'request' | 'plan' | 'parts' | 'generation' | 'live'>

/** What is asked of the witness. */
export interface Question extends Asked, Pick<Asking, 'service'> {
  /** The text that fetches `ranges`. */
  readonly text: string
  readonly ranges: readonly Interval[]
  /** Of its buckets. */
  readonly period: string
  /** The window of the client's text at this moment, by the clock of a Broker that is late or early by what may be. */
  readonly windowNow: (by: 'late' | 'early') => readonly Interval[] | undefined
}

interface Known {
  verdict: Verdict | undefined
  retryAtMs: number
  /** While Druid is being asked. Never rejects. */
  word: Promise<void> | undefined
}

const KNOWN_MAX = 20_000
const DISAGREES_MS = 600_000
const UNKNOWN_MS = 10_000

export class PartWitness {
  readonly #options: PartWitnessOptions
  readonly #known = new LRUCache<string, Known>({ max: KNOWN_MAX })
  /** By the plan that was agreed on. */
  readonly #steps = new WeakMap<object, Map<string, boolean>>()

  constructor(options: PartWitnessOptions) {
    this.#options = options
  }

  /** What is known by now: `new` when nobody has asked yet, or it is time to ask again. */
  verdict(question: Asked): Verdict | 'asked' | 'new' {
    const known = this.#known.get(keyOf(question))
    if (known === undefined || this.#options.clock.monotonic() >= known.retryAtMs) return 'new'
    return known.verdict ?? 'asked'
  }

  /** Resolves, and never rejects, when Druid has been asked; undefined: nobody is asking. */
  word(question: Asked): Promise<void> | undefined {
    return this.#known.get(keyOf(question))?.word
  }

  /** Asks Druid, beside the road. Never rejects. */
  async ask(question: Question): Promise<void> {
    const known: Known = { verdict: undefined, retryAtMs: Number.POSITIVE_INFINITY, word: undefined }
    this.#known.set(keyOf(question), known)
    known.word = this.#learn(known, question).finally(() => (known.word = undefined))
    await known.word
  }

  /** Whether Druid is known to plan a text with such steps as was agreed on. */
  hasAgreedOnSteps({ verdict }: Making, steps: StepText): boolean {
    return this.#steps.get(verdict.ours)?.get(stepName(steps)) === true
  }

  /** Asks Druid for its plan of that text, once for each plan that was agreed on. Never rejects. */
  async askOnSteps(
    making: Making,
    {
      steps,
      sql,
      ranges,
    }: { readonly steps: StepText; readonly sql: string; readonly ranges: readonly Interval[] },
  ): Promise<void> {
    const { verdict, parts } = making
    const name = stepName(steps)
    const known = this.#steps.get(verdict.ours) ?? new Map<string, boolean>()
    if (known.has(name)) return
    this.#steps.set(verdict.ours, known.set(name, false))
    try {
      const body = making.request.bodies.explain(explainSql(sql), parts.parameters)
      const plan = await this.#explained(making, body)
      const bucketAt = parts.kind === 'series' ? parts.grouped.columns.length : 0
      const differs = stepsDifference(verdict, plan, { grouping: steps, bucketAt, ranges })
      known.set(name, differs === undefined)
    } catch {
      known.delete(name)
    }
  }

  async #learn(known: Known, question: Question): Promise<void> {
    const { clock, onVerdict } = this.#options
    try {
      known.verdict = await this.#ask(question)
      if (known.verdict.kind === 'disagrees') known.retryAtMs = clock.monotonic() + DISAGREES_MS
      onVerdict(known.verdict.kind)
    } catch {
      known.retryAtMs = clock.monotonic() + UNKNOWN_MS
      onVerdict('unknown')
    }
  }

  async #ask(question: Question): Promise<Verdict> {
    const { request, parts, text, ranges, windowNow, live } = question
    const before = windowNow('late')
    const [client, ours] = await Promise.all([
      this.#explained(question, request.bodies.explain(explainSql(request.query.sql))),
      this.#explained(question, request.bodies.explain(explainSql(text), parts.parameters)),
    ])
    const after = windowNow('early')
    if (before === undefined || after === undefined) return { kind: 'disagrees', why: 'window' }
    const restricted = [client, ours].some((one) => one !== undefined && one.policy !== '')
    if (restricted && !this.#options.mayBeRestricted(request, question.plan))
      return { kind: 'disagrees', why: 'policy' }
    const windows = { before, after }
    const testimony = { client, ours, grouped: parts.grouped, windows, ranges, live }
    return parts.kind === 'series' ? seriesVerdict(testimony) : mergeVerdict(testimony, question.period)
  }

  async #explained(
    { request, plan, service }: Pick<Question, 'request' | 'plan' | 'service'>,
    body: Buffer,
  ): Promise<NativePlan | undefined> {
    const { druid, timeoutMs } = this.#options
    const refused = (): void => this.#options.refused(request, plan, service)
    const row = await explainRow(druid, { body, service, headers: request.headers, timeoutMs, refused })
    const [native] = row ?? []
    return typeof native === 'string' ? readNativePlan(native) : undefined
  }
}

// The order that Druid gives rows in follows from ORDER BY, LIMIT and OFFSET, which a shape hasn't: they go in as they are
// written, since an ordinal more or an offset less is another plan. Values of their parameters are part of the shape.
function keyOf(asked: Asked): string {
  const { request, plan, parts, generation, live } = asked
  return JSON.stringify([request.identity, generation, plan.service, parts.timeForm, live, formOf(asked)])
}
