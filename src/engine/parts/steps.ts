// The steps in which a bucket is held where a window begins or ends inside of it: short ones, and single instants where the
// window may end between two rows.
//
//   ├────────────────── bucket of a day ──────────────────┤
//                             ├───────── edge ─────────────┤
//                       ├─────┼────┼────┼────┼────┼────────┤   hours: groups by hour
//                       ╵ ╵╵ ╵                                 the hour in which it begins: groups by instant
import { type Interval } from '../../plan/facts.ts'
import { type StepSize } from '../../plan/witness.ts'
import { Grid } from './window.ts'

export interface Step {
  readonly size: StepSize
  /** What of the edge it is for. */
  readonly wanted: Interval
  /** What is fetched for it, so that other edges find it, too. */
  readonly whole: Interval
  readonly grid: Grid
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
    ...full.map((wanted): Step => ({ size: 'PT1H', wanted, whole: wanted, grid: hours })),
    ...edges.map((wanted): Step => ({ size: 'instants', wanted, whole: hours.around(wanted), grid: hours })),
  ]
  return steps.toSorted((a, b) => a.wanted.startMs - b.wanted.startMs)
}
