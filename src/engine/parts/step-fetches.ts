// The texts that fetch steps: what is on its way, and what was too much before.
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type Interval } from '../../plan/facts.ts'
import { without } from '../../plan/intervals.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { type ColumnTypes } from '../../result/merge/value-types.ts'
import { type Keeper } from '../keeper.ts'
import { type Gathering } from './gathering.ts'
import { type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { type Step } from './steps.ts'

export interface StepFetchesOptions {
  readonly clock: Clock
  readonly keeper: Keeper
  readonly merge: MergeMethod
  readonly gathering: Gathering
  readonly partKeeper: PartKeeper
}

/** What is fetched at once. */
export interface Wanted {
  readonly step: Step
  readonly ranges: readonly Interval[]
  /** Beginnings and ends apart: where rows still arrive there may be many more. */
  readonly at: 'begin' | 'end' | 'all'
}

/** Steps that came. */
interface Landed {
  readonly rows: MergeRows
  readonly head: ColumnTypes
  readonly fromMs: number
}

/** Steps on their way. */
export interface UnderWay {
  readonly ranges: readonly Interval[]
  readonly beganAtMs: number
  /** Undefined when they failed. Never rejects. */
  readonly landing: Promise<Landed | undefined>
}

/** Of one fetch. */
const ROWS_MAX = 5_000
/** Of those, where it is only known how many there were before. */
const SURE_SHARE = 0.9
const SHAPES_MAX = 20_000
/** After a step that had too many. */
const PAUSE_MS = 600_000
const BROKEN_MS = 30_000

export class StepFetches {
  readonly #options: StepFetchesOptions
  readonly #underWay = new Map<string, readonly UnderWay[]>()
  readonly #pausedUntilMs = new LRUCache<string, number>({ max: SHAPES_MAX })
  /** How many rows of single instants a shape has, by ms: as the last fetch had them. */
  readonly #density = new LRUCache<string, number>({ max: SHAPES_MAX })

  constructor(options: StepFetchesOptions) {
    this.#options = options
  }

  /** Whether what is wanted had too many rows a while ago. */
  isPaused(making: Making, wanted: Wanted): boolean {
    const untilMs = this.#pausedUntilMs.get(pauseKey(making, wanted)) ?? 0
    return untilMs > this.#options.clock.monotonic()
  }

  /** Whether it has few rows, as far as the last fetch tells. */
  hasFew(making: Making, { step, ranges }: Wanted): boolean {
    const density = this.#density.get(stepKey(making, step)) ?? Number.POSITIVE_INFINITY
    return density * lengthOf(ranges, making.momentMs) <= ROWS_MAX * SURE_SHARE
  }

  /** On its way since at most `ageMaxMs`, or sent for now. */
  underWayFor(making: Making, wanted: Wanted, ageMaxMs: number): UnderWay {
    const key = stepKey(making, wanted.step)
    const youngMs = this.#options.clock.now() - ageMaxMs
    const under = this.#underWay
      .get(key)
      ?.find(({ beganAtMs, ranges }) => beganAtMs >= youngMs && without(wanted.ranges, ranges).length === 0)
    return under ?? this.#send(making, wanted, key)
  }

  #send(making: Making, wanted: Wanted, key: string): UnderWay {
    const { keeper, clock } = this.#options
    let settle: () => void = () => undefined
    const over = new Promise<void>((resolve) => (settle = resolve))
    const landing = this.#fetch(making, wanted, settle).catch(() => undefined)
    const under: UnderWay = { ranges: wanted.ranges, beganAtMs: clock.now(), landing }
    this.#underWay.set(key, [...(this.#underWay.get(key) ?? []), under])
    keeper.beside(
      over.then(() => {
        const left = (this.#underWay.get(key) ?? []).filter((one) => one !== under)
        if (left.length === 0) this.#underWay.delete(key)
        else this.#underWay.set(key, left)
      }),
    )
    return under
  }

  /** `settle` is called once they are held, or won't be. */
  async #fetch(making: Making, wanted: Wanted, settle: () => void): UnderWay['landing'] {
    const { gathering, partKeeper, merge, keeper, clock } = this.#options
    const { step, ranges } = wanted
    try {
      // Its own id: the client's own query runs at the same time.
      const upstreamId = randomUUID()
      const request = { ...making.request, upstreamId, bodies: making.request.bodies.under(upstreamId) }
      const key = stepKey(making, step)
      const own = { ...making, request, method: merge, key, grid: step.grid, live: false }
      const stop = AbortSignal.timeout(request.timeoutMs)
      const fetched = await gathering.bySteps(own, { ranges, size: step.size, rowsMax: ROWS_MAX }, stop)
      if (typeof fetched === 'string') {
        const pauseMs = fetched === 'broken' ? BROKEN_MS : PAUSE_MS
        this.#pausedUntilMs.set(pauseKey(making, wanted), clock.monotonic() + pauseMs)
        settle()
        return undefined
      }
      keeper.beside(
        partKeeper
          .keepBuckets(own, { fetched, ranges, full: ranges })
          .then(() => undefined)
          .finally(settle),
      )
      const { rows, head, answer } = fetched
      if (step.size === 'instants') {
        const slice = { rows, from: 0, to: rows.buckets.length }
        const overMs = Math.max(1, lengthOf(ranges, making.momentMs))
        this.#density.set(key, merge.rows.count(slice) / overMs)
      }
      return { rows, head, fromMs: answer.sentAtMs }
    } catch (error) {
      settle()
      throw error
    }
  }
}

/** Of what is held in steps. */
export function stepKey({ parts }: Pick<Making, 'parts'>, { size }: Pick<Step, 'size'>): string {
  return `${parts.shape} ${size === 'instants' ? size : `steps ${size}`}`
}

/** Of a shape's single instants. */
export function momentsKey(making: Pick<Making, 'parts'>): string {
  return stepKey(making, { size: 'instants' })
}

function pauseKey(making: Making, { step, at }: Wanted): string {
  return `${stepKey(making, step)} ${at}`
}

/** How long ranges are before a moment, ms: no rows lie behind it, as a rule. */
function lengthOf(ranges: readonly Interval[], momentMs: number): number {
  return ranges.reduce((sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, momentMs) - startMs), 0)
}
