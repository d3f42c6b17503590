// What is known of an answer's parts at a moment, for people. Asks nobody, changes nothing.
import { type Interval } from '../../plan/facts.ts'
import { united, without } from '../../plan/intervals.ts'
import { type WholePlan } from '../../plan/plan.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { type SqlRequest } from '../request.ts'
import { type Beginning, isOpen, type NotYet } from './beginning.ts'
import { type FallBacks } from './fall-backs.ts'
import { type Layout } from './layout.ts'
import { type Asking, formOf, windowAt } from './making.ts'
import { type MergeMethod } from './merge-method.ts'
import { type Method } from './method.ts'
import { type PartWitness } from './part-witness.ts'
import { type SeriesMethod } from './series-method.ts'

export interface PartState {
  /** `agreed`: the next answer is put together from parts; else why it isn't yet. */
  readonly state: 'agreed' | NotYet
  /** Why it falls back, or in what the plans differ, for people. */
  readonly why?: string
  /** How many whole buckets the window has, and how many of them are held; undefined for a window that is open. */
  readonly buckets?: { readonly held: number; readonly of: number; readonly period: string }
  /** Parts of buckets at the window's ends, which are fetched each time. */
  readonly edges?: number
  /** What would be asked of Druid now; undefined: nothing. */
  readonly upstream?: { readonly ranges: readonly Interval[]; readonly sql: string }
}

export interface PartStatesOptions {
  readonly beginning: Beginning
  readonly layout: Layout
  readonly witness: PartWitness
  readonly fallBacks: FallBacks
  readonly series: SeriesMethod
  readonly merge: MergeMethod
}

export class PartStates {
  readonly #options: PartStatesOptions

  constructor(options: PartStatesOptions) {
    this.#options = options
  }

  /** Undefined for a statement whose answer has no parts. */
  of(request: SqlRequest, plan: WholePlan): PartState | undefined {
    const { beginning, series, merge } = this.#options
    const asking = beginning.asking(request, plan)
    if (asking === undefined) return undefined
    const spread = asking.parts.kind === 'series' ? this.#spread(series, asking) : this.#spread(merge, asking)
    return { ...this.#state(asking), ...spread }
  }

  #state(asking: Asking): Pick<PartState, 'state' | 'why'> {
    const { beginning, witness, fallBacks } = this.#options
    const notYet = beginning.notYet(asking)
    if (notYet !== undefined) {
      const why = fallBacks.why(asking.parts.shape) ?? fallBacks.why(formOf(asking))
      return { state: notYet, ...(why !== undefined && { why }) }
    }
    const verdict = witness.verdict(asking)
    if (typeof verdict === 'string') return { state: 'not-agreed', why: "Druid's plan is not known yet" }
    if (verdict.kind === 'disagrees') return { state: 'not-agreed', why: verdict.why }
    return beginning.agreed(asking) === undefined
      ? { state: 'not-agreed', why: 'an order of rows that is not known here' }
      : { state: 'agreed' }
  }

  #spread<Rows extends Bucketed, RowHead>(
    method: Method<Rows, RowHead>,
    asking: Asking,
  ): Omit<PartState, 'state' | 'why'> {
    const { beginning, layout } = this.#options
    const { request, parts, live } = asking
    const making = beginning.agreed(asking)
    const made = making === undefined ? undefined : layout.peek(method, making)
    const window = windowAt(asking, asking.momentMs)
    if (window === undefined || (made === undefined && window.some(isOpen))) return {}
    const grid = made?.grid ?? method.gridFor(parts, window)?.grid
    const laid = made?.laid ?? grid?.laid(window, window)
    if (grid === undefined || laid === undefined) return {}
    const missing = made?.missing ?? laid.full
    const ranges = united([...missing, ...laid.edges])
    const held = grid.count(without(laid.full, missing))
    return {
      buckets: { held, of: grid.count(laid.full), period: grid.period },
      edges: laid.edges.length,
      ...(ranges.length > 0 && {
        upstream: { ranges, sql: method.text(request.query.sql, parts, ranges, { grid, live }) },
      }),
    }
  }
}
