// The steps in which a bucket is held where a window begins or ends inside of it: short ones, and single instants where the
// window may end between two rows.
//
//   ├────────────────── bucket of a day ──────────────────┤
//                             ├───────── edge ─────────────┤
//                       ├─────┼────┼────┼────┼────┼────────┤   hours: groups by hour
//                       ╵ ╵╵ ╵                                 the hour in which it begins: groups by instant
import { type Interval } from '../../plan/facts.ts'
import { united } from '../../plan/intervals.ts'
import { type StepText } from '../../plan/step-text.ts'
import { Grid } from './window.ts'

/** `bucket`: a full one, fetched with the steps of edges. */
export interface Step {
  readonly size: 'hours' | 'instants' | 'bucket'
  /** What of the edge it is for. */
  readonly wanted: Interval
  /** What is fetched for it, so that other edges find it, too. */
  readonly whole: Interval
  readonly grid: Grid
}

/** Steps of one size that are fetched. */
export interface Fetched {
  readonly step: Step
  readonly ranges: readonly Interval[]
}

const HOUR_MS = 3_600_000
const HOURS = Grid.of({
  grid: { period: 'PT1H', originMs: undefined, zone: 'UTC' },
  movedMs: 0,
  label: { kind: 'moved', ms: 0 },
})

/** The steps of an edge, in order of time and without gaps. */
export function stepsOf(edge: Interval, grid: Grid): readonly Step[] {
  const bucket = grid.around(edge)
  if (HOURS === undefined || bucket.endMs - bucket.startMs <= HOUR_MS)
    return [{ size: 'instants', wanted: edge, whole: bucket, grid }]
  const hours = HOURS
  const { full, edges } = hours.pieces(edge)
  const steps = [
    ...full.map((wanted): Step => ({ size: 'hours', wanted, whole: wanted, grid: hours })),
    ...edges.map((wanted): Step => ({ size: 'instants', wanted, whole: hours.around(wanted), grid: hours })),
  ]
  return steps.toSorted((a, b) => a.wanted.startMs - b.wanted.startMs)
}

/** A full bucket as a step of its own. */
export function fullStep(bucket: Interval, grid: Grid): Step {
  return { size: 'bucket', wanted: bucket, whole: bucket, grid }
}

/** The text that fetches steps of one size, or of another between single instants; undefined where there is none. */
export function textFor(parts: readonly Fetched[]): StepText | undefined {
  const instants = parts.filter(({ step }) => step.size === 'instants').flatMap(({ ranges }) => ranges)
  const [other, ...more] = parts.filter(({ step }) => step.size !== 'instants')
  if (more.length > 0) return undefined
  if (other === undefined) return { kind: 'instants' }
  const period = other.step.grid.plainPeriod
  const [first] = other.ranges
  const last = other.ranges.at(-1)
  if (period === undefined || first === undefined || last === undefined) return undefined
  const before = united(instants.filter(({ endMs }) => endMs <= first.startMs))
  const behind = united(instants.filter(({ startMs }) => startMs >= last.endMs))
  if (before.length + behind.length < united(instants).length) return undefined
  const beforeMs = before.at(-1)?.endMs
  const fromMs = behind[0]?.startMs
  if (beforeMs === undefined && fromMs === undefined) return { kind: 'period', period }
  return { kind: 'mixed', period, beforeMs, fromMs }
}
