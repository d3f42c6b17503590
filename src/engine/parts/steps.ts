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
  readonly size: 'hours' | 'minutes' | 'instants' | 'bucket'
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

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const HOURS = plainGrid('PT1H')
const MINUTES = plainGrid('PT1M')

function plainGrid(period: string): Grid | undefined {
  const grid = { period, originMs: undefined, zone: 'UTC' }
  return Grid.of({ grid, movedMs: 0, label: { kind: 'moved', ms: 0 } })
}

/** What lies between single instants in a bucket; undefined: nothing, they are few enough. */
function finerFor({ startMs, endMs }: Interval, isDense: boolean): Pick<Step, 'size' | 'grid'> | undefined {
  if (endMs - startMs > HOUR_MS) return HOURS && { size: 'hours', grid: HOURS }
  return isDense && endMs - startMs > MINUTE_MS && MINUTES !== undefined
    ? { size: 'minutes', grid: MINUTES }
    : undefined
}

/** The steps of an edge, in order of time and without gaps. `isDense`: an hour has too many instants. */
export function stepsOf(edge: Interval, grid: Grid, isDense: boolean): readonly Step[] {
  const bucket = grid.around(edge)
  const finer = finerFor(bucket, isDense)
  if (finer === undefined) return [{ size: 'instants', wanted: edge, whole: bucket, grid }]
  const { full, edges } = finer.grid.pieces(edge)
  const steps = [
    ...full.map((wanted): Step => ({ ...finer, wanted, whole: wanted })),
    ...edges.map((wanted): Step => {
      return { size: 'instants', wanted, whole: finer.grid.around(wanted), grid: finer.grid }
    }),
  ]
  return steps.toSorted((a, b) => a.wanted.startMs - b.wanted.startMs)
}

/** A full bucket as a step of its own, or cut as edges are, so that one text fetches both. */
export function fullStep(bucket: Interval, grid: Grid, isDense: boolean): Step {
  const finer = finerFor(bucket, isDense)
  const isCut = finer?.size === 'minutes' && finer.grid.full([bucket]).every((one) => isSame(one, bucket))
  return { ...(isCut ? finer : { size: 'bucket', grid }), wanted: bucket, whole: bucket }
}

function isSame(a: Interval, b: Interval): boolean {
  return a.startMs === b.startMs && a.endMs === b.endMs
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
