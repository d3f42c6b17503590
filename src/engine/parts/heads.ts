// The last bucket of a window that ends inside of it. Rows keep coming there, and each asker's window ends a moment later
// than the one before: the bucket is fetched whole, and given to all whose windows end behind the last row that it has.
//
//   ├──────── bucket ────────┤
//   ├── edge of one ──┤
//   ├── edge of another ──┤
//             last row ▲        good for both
import { type Interval } from '../../plan/facts.ts'
import { type Bucketed, type Slice, sliceOf } from '../../result/bucket-rows.ts'
import { type Head } from './making.ts'
import { type Grid } from './window.ts'

/** The heads among a window's edges. */
export function headsOf(edges: readonly Interval[], grid: Grid): readonly Head[] {
  return grid.alone(edges).flatMap((edge) => {
    const bucket = grid.around(edge)
    const [whole, ...more] = grid.full([bucket])
    const isRegular = more.length === 0 && whole?.startMs === bucket.startMs && whole.endMs === bucket.endMs
    return isRegular && bucket.startMs === edge.startMs && edge.endMs < bucket.endMs ? [{ bucket, edge }] : []
  })
}

/** Whether no row of a bucket lies behind what a window asks for of it. */
export function isGood({ bucket, edge }: Head, slices: readonly Slice<Bucketed>[]): boolean {
  return slices.every(({ rows, from, to }) => {
    const inside = sliceOf(rows, bucket.startMs, bucket.endMs)
    const at = Math.max(inside.from, from)
    if (at >= Math.min(inside.to, to)) return true
    // NaN, where the last instant isn't known, is below nothing.
    return (rows.lasts?.[at] ?? Number.NaN) < edge.endMs
  })
}
