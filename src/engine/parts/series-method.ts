// Answers grouped by a time bucket: parts are rows of the answer as they stand.
import { type Interval } from '../../plan/facts.ts'
import { startOf } from '../../plan/pieces.ts'
import { type Parts } from '../../plan/plan.ts'
import { assembled, canOrder } from '../../result/assemble.ts'
import { type BucketRows, type BucketSlice, joinedRows, rowsIn, sizeOf } from '../../result/bucket-rows.ts'
import { PartCollector, type PartHead } from '../../result/part-rows.ts'
import { seriesText } from '../../sql/rewrite.ts'
import { cutOf, isApproximate } from './cut.ts'
import { type Method, type NotMade, type PartLimits, type PartSink, type Wanted } from './method.ts'
import { Grid } from './window.ts'

export class SeriesMethod implements Method<BucketRows, PartHead> {
  readonly rows = { join: joinedRows, sizeOf, count: rowsIn }

  isReady(): boolean {
    return true
  }

  gridFor({ grouped }: Parts): { readonly grid: Grid; readonly name: string } | undefined {
    const grid = grouped.bucket === undefined ? undefined : Grid.of(grouped.bucket)
    return grid === undefined ? undefined : { grid, name: '' }
  }

  text(sql: string, { grouped }: Parts, ranges: readonly Interval[]): string {
    return seriesText(sql, grouped, ranges)
  }

  sink({ grouped }: Parts, limits: PartLimits): PartSink<BucketRows, PartHead> {
    return new PartCollector(grouped.columns.length, limits)
  }

  sameHead(a: PartHead, b: PartHead): boolean {
    return a.rows.every((row, at) => row.equals(b.rows[at] ?? row))
  }

  // What comes are labels: on days without a change of the clock each tells one bucket.
  placed(rows: BucketRows, { grouped }: Parts, grid: Grid): BucketRows | undefined {
    const { bucket } = grouped
    if (bucket === undefined) return undefined
    const buckets = new Float64Array(rows.buckets.length)
    for (const [at, label] of rows.buckets.entries()) {
      const start = startOf(label, bucket)
      const last = buckets[at - 1] ?? Number.NEGATIVE_INFINITY
      if (start === undefined || !grid.isStart(start) || start <= last) return undefined
      buckets[at] = start
    }
    return { ...rows, buckets }
  }

  assembled(
    slices: readonly BucketSlice[],
    head: PartHead,
    { parts, verdict, parameters }: Wanted,
  ): Buffer | NotMade {
    const { order, queryType } = verdict
    const cut = cutOf(parts, parameters)
    if (order === undefined || cut === undefined || !canOrder(order, head))
      return { why: 'an order that is not known here', lasting: true }
    const groups = slices.reduce((sum, slice) => sum + rowsIn(slice), 0)
    if (queryType === 'topN' && isApproximate(groups, cut))
      return { why: 'an approximate topN', lasting: true }
    return assembled(slices, { head, order, cut })
  }
}
