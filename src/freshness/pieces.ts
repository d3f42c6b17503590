// What lets the parts of an answer prove themselves, each by what lies under it: what changes takes with it exactly the
// buckets that it lies under.
import { type Interval } from '../plan/facts.ts'
import { intersected, united, without } from '../plan/intervals.ts'
import { boundFor, type FreshnessRules, headBoundMs } from './bounds.ts'
import { differences, type Under } from './segments.ts'
import { type Timeline } from './timelines.ts'
import { type BrokerView } from './view.ts'

export interface PieceProof {
  readonly generation: number
  /** When the request was sent, by our clock. */
  readonly sentAtMs: number
  /** How long it may live whatever the timeline says, ms from its sending. */
  readonly lifeMs: number
  /** What it was computed from, all of it sealed; undefined: it is valid for the bound only. */
  readonly under: Under | undefined
}

export interface Piece {
  readonly interval: Interval
  readonly proof: PieceProof
}

/** What was asked of a Broker, and has been read to its proper end. */
export interface Asked {
  readonly timeline: Timeline
  /** The Broker that answered, looked at since. */
  readonly broker: string
  readonly generation: number
  readonly sentAtMs: number
  readonly lifeMs: number
  readonly rules: FreshnessRules
  /** Each from the start of a bucket to the end of one. */
  readonly ranges: readonly Interval[]
  /** The buckets that meet an interval, as one. */
  readonly bucketsAround: (interval: Interval) => Interval
}

/** Of buckets that aren't sealed, so many are kept apart: each has a bound of its own. */
const APART_MAX = 500

/** The pieces of an answer that may be kept: what was seen to move while it was computed is left out. */
export function provenPieces(asked: Asked, nowMs: number): readonly Piece[] {
  return asked.ranges.flatMap((range) => piecesOf(asked, range, nowMs))
}

function piecesOf(asked: Asked, range: Interval, nowMs: number): readonly Piece[] {
  const { timeline, rules, sentAtMs, bucketsAround } = asked
  const view = timeline.viewOf(asked.broker)
  const under = view.under(range)
  const around = (intervals: readonly Interval[]): readonly Interval[] =>
    intersected([range], united(intervals.map(bucketsAround)))
  if (under === undefined) return loose(asked, [range])
  const moved = around(view.changesSince(range, sentAtMs))
  // Right after a move the Broker may still plan with the columns of before (druid.sql.planner.metadataRefreshPeriod).
  const lagging = around(view.changesSince(range, nowMs - 2 * rules.schemaRefreshMs))
  const arriving = around(under.segments.filter(({ sealed }) => !sealed))
  const calm = without([range], united([...moved, ...lagging, ...arriving]))
  const sealed = calm.flatMap((interval) => {
    const present = timeline.polled?.under(interval)
    const isSealed =
      present !== undefined &&
      view.unchangedSince([interval], sentAtMs) === 'yes' &&
      differences(present, under, interval).length === 0
    return isSealed ? [piece(asked, interval, present)] : loose(asked, [interval])
  })
  const restless = without(intersected([range], united([...lagging, ...arriving])), moved)
  return [...sealed, ...loose(asked, restless)]
}

/** Pieces that are valid for their bound only, bucket by bucket. */
function loose(asked: Asked, intervals: readonly Interval[]): readonly Piece[] {
  if (asked.rules.mode === 'strict' || headBoundMs(asked.rules) === 0) return []
  return intervals.flatMap((interval) => {
    const buckets = each(interval, asked.bucketsAround)
    return (buckets ?? [interval]).map((bucket) => piece(asked, bucket, undefined))
  })
}

function each(interval: Interval, bucketsAround: Asked['bucketsAround']): readonly Interval[] | undefined {
  const buckets: Interval[] = []
  for (let startMs = interval.startMs; startMs < interval.endMs;) {
    const { endMs } = bucketsAround({ startMs, endMs: startMs + 1 })
    if (endMs <= startMs || buckets.length === APART_MAX) return undefined
    buckets.push({ startMs, endMs: Math.min(endMs, interval.endMs) })
    startMs = endMs
  }
  return buckets
}

function piece({ generation, sentAtMs, lifeMs }: Asked, interval: Interval, under: Under | undefined): Piece {
  return { interval, proof: { generation, sentAtMs, lifeMs, under } }
}

/** What a piece is judged by. */
export interface Present {
  readonly view: Pick<BrokerView, 'under'>
  readonly rules: FreshnessRules
  readonly generation: number
  readonly nowMs: number
}

export type PieceVerdict =
  /** `under`: what lies under it now, alike to what it was made from; undefined for one that isn't sealed. */
  | { readonly kind: 'valid'; readonly ageMs: number; readonly under: Under | undefined }
  /** Valid but for these intervals. */
  | { readonly kind: 'changed'; readonly intervals: readonly Interval[]; readonly under: Under }
  | { readonly kind: 'invalid' }

const INVALID: PieceVerdict = { kind: 'invalid' }

/**
 * Hot: runs for each run of buckets of an answer. Whether a piece still holds; that the timeline was looked at lately is
 * seen to elsewhere.
 */
export function judgePiece({ interval, proof }: Piece, present: Present): PieceVerdict {
  const { view, rules, generation, nowMs } = present
  const sinceSentMs = nowMs - proof.sentAtMs
  if (proof.generation !== generation || sinceSentMs > proof.lifeMs) return INVALID
  if (proof.under === undefined) {
    if (rules.mode === 'strict' || sinceSentMs > boundFor(rules, interval.endMs, nowMs)) return INVALID
    return { kind: 'valid', ageMs: sinceSentMs, under: undefined }
  }
  const under = view.under(interval)
  if (under === undefined) return INVALID
  const intervals = differences(proof.under, under, interval)
  return intervals.length === 0 ? { kind: 'valid', ageMs: 0, under } : { kind: 'changed', intervals, under }
}

/**
 * How long ago the timeline under intervals was looked at, ms; undefined when it must be looked at before anything is
 * given to a request that arrived at `arrivedAtMs`.
 */
export function lookAgeMs(
  view: BrokerView,
  intervals: readonly Interval[],
  { rules, nowMs, arrivedAtMs }: { rules: FreshnessRules; nowMs: number; arrivedAtMs: number },
): number | undefined {
  let ageMs = 0
  for (const part of view.partsUnder(intervals)) {
    const lookedAtMs = view.lookedAtMs(part)
    if (lookedAtMs === undefined) return undefined
    const age = nowMs - lookedAtMs
    const bound = boundFor(rules, Math.min(view.intervalOf(part).endMs, nowMs), nowMs)
    // A look that began after the request came is as new as what Druid itself would begin to answer now.
    if (lookedAtMs < arrivedAtMs && (age > bound || rules.mode === 'strict')) return undefined
    ageMs = Math.max(ageMs, age)
  }
  return ageMs
}
