// The texts that fetch steps: what is on its way, and what was too much before.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type Interval } from '../../plan/facts.ts'
import { united, without } from '../../plan/intervals.ts'
import { stepName, type StepText } from '../../plan/step-text.ts'
import { sliceOf } from '../../result/bucket-rows.ts'
import { type MergeRows } from '../../result/merge-rows.ts'
import { type ColumnTypes } from '../../result/merge/value-types.ts'
import { type Keeper } from '../keeper.ts'
import { underOwnId } from '../request.ts'
import { type Gathering, type OwnFetch } from './gathering.ts'
import { type Making } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { type Fetched, type Step } from './steps.ts'

export interface StepFetchesOptions {
  readonly clock: Clock
  readonly keeper: Keeper
  readonly merge: MergeMethod
  readonly gathering: Gathering
  readonly partKeeper: PartKeeper
}

/** What is fetched at once. */
export interface Wanted {
  readonly text: StepText
  readonly parts: readonly Fetched[]
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
  readonly parts: readonly Fetched[]
  readonly beganAtMs: number
  /** Undefined when they failed. Never rejects. */
  readonly landing: Promise<Landed | undefined>
}

/** Of one fetch. */
const ROWS_MAX = 5_000
/** Of those, where it is only known how many there were before. */
const SURE_SHARE = 0.9
const SHAPES_MAX = 20_000
const HOUR_MS = 3_600_000
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
  hasFew(making: Making, { parts }: Wanted): boolean {
    const density = this.#density.get(momentsKey(making)) ?? Number.POSITIVE_INFINITY
    const ms = lengthOf(instantsIn(parts), making.momentMs)
    return ms === 0 || density * ms <= ROWS_MAX * SURE_SHARE
  }

  /** Whether an hour of the shape has too many instants for one fetch. */
  isDense(making: Making): boolean {
    return (this.#density.get(momentsKey(making)) ?? 0) * HOUR_MS > ROWS_MAX * SURE_SHARE
  }

  /** On its way since at most `ageMaxMs`, or sent for now. */
  underWayFor(making: Making, wanted: Wanted, ageMaxMs: number): UnderWay {
    const key = making.parts.shape
    const youngMs = this.#options.clock.now() - ageMaxMs
    const under = this.#underWay
      .get(key)
      ?.find((one) => one.beganAtMs >= youngMs && wanted.parts.every((part) => hasAll(one, part)))
    return under ?? this.#send(making, wanted, key)
  }

  #send(making: Making, wanted: Wanted, key: string): UnderWay {
    const { keeper, clock } = this.#options
    let settle: () => void = () => undefined
    const over = new Promise<void>((resolve) => (settle = resolve))
    const landing = this.#fetch(making, wanted, settle).catch(() => undefined)
    const under: UnderWay = { parts: wanted.parts, beganAtMs: clock.now(), landing }
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
    const { gathering, merge, keeper, clock } = this.#options
    const { text, parts } = wanted
    try {
      const request = underOwnId(making.request)
      const own = { ...making, request, method: merge, live: false }
      const ranges = united(parts.flatMap((part) => part.ranges))
      const stop = AbortSignal.timeout(request.timeoutMs)
      const fetched = await gathering.bySteps(own, { ranges, steps: text, rowsMax: ROWS_MAX }, stop)
      if (typeof fetched === 'string') {
        const pauseMs = fetched === 'broken' ? BROKEN_MS : PAUSE_MS
        this.#pausedUntilMs.set(pauseKey(making, wanted), clock.monotonic() + pauseMs)
        const ms = lengthOf(instantsIn(parts), making.momentMs)
        // So many at least.
        if (fetched === 'too-large' && text.kind === 'instants')
          this.#density.set(momentsKey(making), ROWS_MAX / Math.max(1, ms))
        settle()
        return undefined
      }
      keeper.beside(this.#keep(own, parts, fetched).finally(settle))
      if (!(await fetched.isForAll)) return undefined
      const { rows, head, answer } = fetched
      this.#learn(making, rows, instantsIn(parts))
      return { rows, head, fromMs: answer.sentAtMs }
    } catch (error) {
      settle()
      throw error
    }
  }

  async #keep(
    making: Making & { readonly method: MergeMethod },
    parts: readonly Fetched[],
    fetched: OwnFetch<MergeRows, ColumnTypes>['fetched'],
  ): Promise<void> {
    const { partKeeper } = this.#options
    const kept = parts.map(({ step, ranges }) => {
      const keeping = { ...making, key: stepKey(making, step), grid: step.grid }
      return partKeeper.keepBuckets(keeping, { fetched, ranges, full: ranges })
    })
    await Promise.all(kept)
  }

  #learn(making: Making, rows: MergeRows, instants: readonly Interval[]): void {
    const ms = lengthOf(instants, making.momentMs)
    if (ms === 0) return
    const slices = instants.map(({ startMs, endMs }) => sliceOf(rows, startMs, endMs))
    const count = slices.reduce((sum, slice) => sum + this.#options.merge.rows.count(slice), 0)
    this.#density.set(momentsKey(making), count / ms)
  }
}

/** Of what is held in steps. */
export function stepKey(
  { parts }: Pick<Making, 'parts'>,
  { size, grid }: Pick<Step, 'size' | 'grid'>,
): string {
  return `${parts.shape} steps ${size}${size === 'bucket' ? ` ${grid.name}` : ''}`
}

/** Of what is known of a shape's windows. */
export function momentsKey({ parts }: Pick<Making, 'parts'>): string {
  return parts.shape
}

function pauseKey(making: Making, { text, at }: Wanted): string {
  return `${making.parts.shape} ${stepName(text)} ${at}`
}

function instantsIn(parts: readonly Fetched[]): readonly Interval[] {
  return parts.filter(({ step }) => step.size === 'instants').flatMap(({ ranges }) => ranges)
}

function hasAll({ parts }: UnderWay, { step, ranges }: Fetched): boolean {
  const alike = parts.filter((part) => part.step.size === step.size && part.step.grid.name === step.grid.name)
  return without(ranges, united(alike.flatMap((part) => part.ranges))).length === 0
}

/** How long ranges are before a moment, ms: no rows lie behind it, as a rule. */
function lengthOf(ranges: readonly Interval[], momentMs: number): number {
  return ranges.reduce((sum, { startMs, endMs }) => sum + Math.max(0, Math.min(endMs, momentMs) - startMs), 0)
}
