// Answers grouped by a time bucket: parts are rows of the answer as they stand.
import { type Interval } from '../../plan/facts.ts'
import { type Grouped, isFaithful } from '../../plan/grouped.ts'
import { startOf } from '../../plan/pieces.ts'
import { type Parts } from '../../plan/plan.ts'
import { assembled, canOrder, printedTimes } from '../../result/assemble.ts'
import { type BucketRows, type BucketSlice, joinedRows, rowsIn, sizeOf } from '../../result/bucket-rows.ts'
import { KeptReader } from '../../result/kept-reader.ts'
import { packRows, unpackRows } from '../../result/packed/bucket-rows.ts'
import { mayBeCut } from '../../result/merge/value-types.ts'
import { packHead, unpackHead } from '../../result/packed/heads.ts'
import { labelReader, PartCollector, type PartHead } from '../../result/part-rows.ts'
import { seriesText } from '../../sql/rewrite.ts'
import { isUtc } from '../../time/utc.ts'
import { cutOf, isApproximate } from './cut.ts'
import {
  type Method,
  type MethodOptions,
  type NotMade,
  type PartLimits,
  type PartSink,
  type Wanted,
} from './method.ts'
import { Grid, isCalm } from './window.ts'

/** It was read, and held, before. */
const ALL: PartLimits = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

export class SeriesMethod implements Method<BucketRows, PartHead> {
  readonly rows = { join: joinedRows, sizeOf, count: rowsIn }
  readonly packing = {
    rows: { pack: packRows, unpack: unpackRows },
    head: { pack: packHead, unpack: unpackHead },
  }
  readonly #topNThreshold: number

  constructor({ topNThreshold }: Pick<MethodOptions, 'topNThreshold'>) {
    this.#topNThreshold = topNThreshold
  }

  isReady(): boolean {
    return true
  }

  gridFor({ grouped }: Parts): { readonly grid: Grid; readonly name: string } | undefined {
    const grid = grouped.bucket === undefined ? undefined : Grid.of(grouped.bucket)
    return grid === undefined ? undefined : { grid, name: '' }
  }

  text(
    sql: string,
    { grouped }: Parts,
    ranges: readonly Interval[],
    { live }: { readonly live: boolean },
  ): string {
    return seriesText(sql, grouped, ranges, live)
  }

  sink({ grouped }: Parts, limits: PartLimits, live: boolean): PartSink<BucketRows, PartHead> {
    return new PartCollector(grouped.columns.length, limits, { live })
  }

  /** Whether the rows of a whole answer are parts as they stand: none is cut off, and each shows its bucket's instant. */
  canTake({ grouped, outerLimit }: Parts): boolean {
    const { bucket, columns, order, limit, offset } = grouped
    const isCut = limit !== undefined || offset !== undefined || Number.isFinite(outerLimit)
    const isAllThere = order.every(({ column }) => column !== undefined)
    return bucket?.label.kind === 'moved' && labelAt(columns) >= 0 && !isCut && isAllThere
  }

  /** Whether labels, which are printed in the statement's zone, tell one bucket from another all over a window. */
  isCalm({ grouped }: Parts, window: readonly Interval[]): boolean {
    return isUtc(grouped.zone) || isCalm(window, grouped.zone)
  }

  fromWhole(
    kept: Buffer,
    { grouped }: Parts,
  ): { readonly rows: BucketRows; readonly head: PartHead } | undefined {
    const { columns } = grouped
    const sink = new PartCollector(columns.length, ALL, { bucketOf: labelReader(labelAt(columns)) })
    const reader = new KeptReader(sink)
    reader.push(kept)
    reader.end()
    return reader.complete && sink.bad === undefined ? sink.result() : undefined
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
    if (order === undefined || cut === undefined || !canOrder(order, head, cutsIn(parts.grouped)))
      return { why: 'an order that is not known here', lasting: true }
    const groups = slices.reduce((sum, slice) => sum + rowsIn(slice), 0)
    if (queryType === 'topN' && isApproximate(groups, cut, this.#topNThreshold))
      return { why: 'an approximate topN', lasting: true }
    // The next window of this form most likely has the change of the clock, too.
    const times = isUtc(parts.grouped.zone) ? undefined : printedTimes(slices, order, head)
    if (times !== undefined && !this.isCalm(parts, [times]))
      return { why: 'an order by times that the zone may print alike', lasting: true }
    return assembled(slices, { head, order, cut })
  }
}

/**
 * Of which columns Druid may print less than it orders by. Dimensions and aggregates that are FLOATs are floats, but doubles
 * are computed from them, and printed as floats (33.0.0). Behind the client's own columns stand the bucket's instant and what
 * is ordered by and not selected.
 */
function cutsIn(grouped: Grouped): (column: number, sqlType: string) => boolean {
  const { columns, order } = grouped
  const added = order.filter(({ column }) => column === undefined)
  return (column, sqlType) => {
    if (columns[column]?.role === 'bucket') return false
    const { formula } = columns[column] ?? added[column - columns.length - 1] ?? { formula: undefined }
    if (sqlType === 'FLOAT') return formula?.kind !== 'dimension' && formula?.kind !== 'aggregate'
    return mayBeCut(sqlType, { isFaithful: isFaithful(formula, grouped) })
  }
}

function labelAt(columns: Parts['grouped']['columns']): number {
  return columns.findIndex(({ role }) => role === 'bucket')
}
