// What one answer is put together for and from.
import { type FreshnessRules } from '../../freshness/bounds.ts'
import { type Proof } from '../../freshness/proof.ts'
import { type Timeline } from '../../freshness/timelines.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { type PartsPlan } from '../../plan/derivation.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Parts, type WholePlan } from '../../plan/plan.ts'
import { windowOf } from '../../plan/window.ts'
import { type Verdict } from '../../plan/witness.ts'
import { type Bucketed, type Slice } from '../../result/bucket-rows.ts'
import { type SqlRequest } from '../request.ts'
import { type Method } from './method.ts'
import { type UsableRun } from './shape.ts'
import { type Grid, type Laid } from './window.ts'

/** A request for an answer that can be put together from parts, of a service group's Brokers in one run of theirs. */
export interface Asking {
  readonly request: SqlRequest
  readonly plan: WholePlan
  readonly parts: Parts
  readonly service: string
  readonly generation: number
  /** The moment that bounds are read against: one that the Broker's clock has reached for certain. */
  readonly momentMs: number
  readonly beganAtMs: number
  /** The earliest that the moment may have been by our own clock. */
  readonly nowAtMs: number
  /** Its window ends about now: what is fetched tells up to which instant it has rows. */
  readonly live: boolean
}

/** One that may be, by Druid's own word. */
export interface Making extends Asking {
  readonly verdict: Verdict & { readonly kind: 'agrees' }
  readonly timeline: Timeline
  readonly rules: FreshnessRules
}

/** The last bucket of a window that ends inside of it. */
export interface Head {
  readonly bucket: Interval
  /** What of it the window asks for, from its start. */
  readonly edge: Interval
}

/** An edge that is given from steps that are held. */
export interface SteppedEdge<Rows extends Bucketed, RowHead> {
  readonly edge: Interval
  readonly slices: readonly Slice<Rows>[]
  /** Of an answer that is made of nothing else. */
  readonly head: RowHead
  readonly runs: readonly UsableRun<Bucketed>[]
}

/** An edge of which some steps are on their way. */
export interface Coming<Rows extends Bucketed, RowHead> {
  readonly edge: Interval
  /** What of it isn't held, and what the rest rests on. */
  readonly lacking: readonly Interval[]
  readonly runs: readonly UsableRun<Bucketed>[]
  /** `fromMs`: when the first of them was sent. Undefined when one failed, or it can't be put together. Never rejects. */
  readonly landing: Promise<
    { readonly slices: readonly Slice<Rows>[]; readonly head: RowHead; readonly fromMs: number } | undefined
  >
}

/** An answer laid out: what of it is held, and what has to be fetched. */
export interface LaidOut<Rows extends Bucketed, RowHead> extends Making {
  readonly method: Method<Rows, RowHead>
  /** Of what is held. */
  readonly key: string
  readonly grid: Grid
  /** All edges of the window. */
  readonly edges: readonly Interval[]
  /** Heads that are given, or fetched, as whole buckets are full ones here, and no edges; nor are those that are given by steps. */
  readonly laid: Laid
  /** Those that are fetched so: good for an answer only where no row lies behind its window. */
  readonly heads: readonly Head[]
  readonly stepped: readonly SteppedEdge<Rows, RowHead>[]
  readonly coming: readonly Coming<Rows, RowHead>[]
  readonly view: BrokerView
  /** All that the window asks for, where the timeline has nothing too. */
  readonly asked: readonly Interval[]
  readonly usable: readonly UsableRun<Rows>[]
  /** Of what is usable; undefined where nothing is. */
  readonly usableHead: RowHead | undefined
  /** Full buckets that are given from what is held, and those that aren't. */
  readonly kept: readonly Interval[]
  readonly missing: readonly Interval[]
  /** From the starts of their buckets: what only this window asks for, and what lies ahead of the last segment. */
  readonly loose: readonly Interval[]
  /** Whether what lies there must be fetched. */
  readonly lacksLoose: boolean
  /** Whether some of what is held was computed from the parts of another shape, for this answer. */
  readonly derived: boolean
}

/** Buckets that are kept: of which shape they are, and how they are cut. */
export type Keeping<Rows extends Bucketed, RowHead> = Making &
  Pick<LaidOut<Rows, RowHead>, 'method' | 'key' | 'grid'>

/** Full buckets of an answer that aren't held. */
export interface Lacking<Rows extends Bucketed, RowHead> {
  readonly making: Making
  readonly method: Method<Rows, RowHead>
  readonly key: string
  readonly grid: Grid
  readonly view: BrokerView
  readonly missing: readonly Interval[]
}

/** What the held part of an answer rests on, at the moment at which its runs were judged. */
export interface HeldProof {
  /** The earliest moment at which all of it was what Druid had. */
  readonly fromMs: number
  readonly ageMs: number
  /** When the first of its lives is over. */
  readonly untilMs: number
  readonly tables: Proof['tables']
}

/** The window of a request at a moment by the Broker's clock; undefined where a bound isn't known. */
export function windowAt(
  { request, parts }: Pick<Asking, 'request' | 'parts'>,
  nowMs: number,
): readonly Interval[] | undefined {
  return windowOf(parts.grouped, { nowMs, parameters: request.query.parameters })
}

/** A shape's parts, as Druid plans the text that fetches them. */
export function partsPlan({ parts, verdict, live }: Making): PartsPlan {
  const { kind, grouped } = parts
  const count = kind === 'series' ? grouped.columns.length : grouped.dimensions.length
  return { kind, ours: verdict.ours, count, live }
}

/** A form that answers of one shape have: its order and limits as they are written. */
export function formOf({ request, parts }: Pick<Asking, 'request' | 'parts'>): string {
  const { from, to } = parts.grouped.texts.tail
  return `${parts.shape} ${parts.outerLimit} ${request.query.sql.slice(from, to)}`
}
