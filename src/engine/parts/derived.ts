// Computes parts of one shape from those of another.
import { type Piece } from '../../freshness/pieces.ts'
import { isDoubleSum, type PartsPlan, type Regrouped, regrouped, sameRows } from '../../plan/derivation.ts'
import { type Formula, type Grouped, isFaithful } from '../../plan/grouped.ts'
import { intersected } from '../../plan/intervals.ts'
import {
  type Bucketed,
  type BucketRows,
  joinedRows,
  rowsIn,
  type Slice,
  sliceOf,
} from '../../result/bucket-rows.ts'
import { projected } from '../../result/derive/projected.ts'
import { coarsened, partialsOfRows, picked, rowsOfPartials } from '../../result/derive/regrouped.ts'
import { groupsIn, joinedMergeRows, type MergeRows } from '../../result/merge-rows.ts'
import { type MergeFacts, mergerOf, mergeShape } from '../../result/merge/merger.ts'
import { addsDoubles, type ColumnTypes, partTypes } from '../../result/merge/value-types.ts'
import { type PartHead } from '../../result/part-rows.ts'
import { isUtc } from '../../time/utc.ts'
import { type ClientHead, seriesHead } from './client-heads.ts'
import { type Making, partsPlan } from './making.ts'
import { type Method } from './method.ts'
import { type Run, runsOf } from './shape.ts'
import { type Grid } from './window.ts'

export interface Derived<Rows extends Bucketed, Head> {
  readonly runs: readonly Run<Rows>[]
  readonly head: Head
}

/** A shape of which something is held. */
export interface Member {
  readonly key: string
  readonly plan: PartsPlan
  readonly grid: Grid
}

/** What is held of another shape, and which whole buckets of the target may be made of it. */
export interface Source {
  readonly member: Member
  readonly head: unknown
  readonly runs: readonly Run<Bucketed>[]
  readonly pieces: readonly Piece[]
}

export interface Target<Rows extends Bucketed, Head> {
  readonly making: Making
  readonly method: Method<Rows, Head>
  readonly grid: Grid
  readonly client: ClientHead
  /** Sums of doubles of this datasource are left to Druid. */
  readonly exactDoubles: boolean
}

/** More would keep the thread that serves from serving for too long. */
const ROWS_MAX = 10_000
const GROUPS_MAX = 50_000
const BUCKETS_MAX = 5_000
const SERIES_ROWS = { join: joinedRows }
const MERGE_ROWS = { join: joinedMergeRows }

/** Undefined where it can't be computed, or not soon enough. */
export function derivedFrom<Rows extends Bucketed, Head>(
  source: Source,
  target: Target<Rows, Head>,
): Derived<Rows, Head> | undefined {
  const { kind } = target.making.parts
  const found = kind === 'series' ? seriesFrom(source, target) : mergeFrom(source, target)
  // The target's method has rows and head of its kind.
  return found as Derived<Rows, Head> | undefined
}

function seriesFrom(
  source: Source,
  { making, grid, client, exactDoubles }: Target<Bucketed, unknown>,
): Derived<BucketRows, PartHead> | undefined {
  if (source.member.plan.kind !== 'series') return undefined
  const plan = partsPlan(making)
  const slices = slicesOf<BucketRows>(source)
  if (slices.reduce((sum, slice) => sum + rowsIn(slice), 0) > ROWS_MAX) return undefined
  const from = source.head as PartHead
  const head = seriesHead(client)
  const same = source.member.grid.name === grid.name ? sameRows(plan, source.member.plan) : undefined
  if (same !== undefined) {
    const isTyped = same.columns.every((column, index) => isSameType(from, column, client, index))
    const all = slices.map((slice) => projected(slice, same.columns))
    return isTyped
      ? { head, runs: runsOf(source.pieces, joinedRows(all.map(whole)), SERIES_ROWS) }
      : undefined
  }
  const made = regrouped(plan, source.member.plan)
  const coarse =
    made === undefined
      ? undefined
      : coarserRows(made, { source, slices, from }, { making, grid, client, exactDoubles })
  return coarse === undefined ? undefined : { head, runs: runsOf(source.pieces, coarse, SERIES_ROWS) }
}

/** Rows of longer buckets, where it is known how Druid prints their labels, and sums of doubles order nothing. */
function coarserRows(
  made: Regrouped,
  {
    source,
    slices,
    from,
  }: { readonly source: Source; readonly slices: readonly Slice<BucketRows>[]; readonly from: PartHead },
  { making, grid, client, exactDoubles }: Omit<Target<Bucketed, unknown>, 'method'>,
): BucketRows | undefined {
  const { grouped } = making.parts
  const { bucket, zone } = grouped
  const starts = nestedStarts(source, grid)
  const { ours, order } = making.verdict
  const isOrderedBySums =
    order?.keys.some(({ of }) => of !== 'bucket' && isDoubleSum(ours.columns[of])) ?? true
  if (bucket?.label.kind !== 'moved' || !isUtc(zone) || starts === undefined || isOrderedBySums)
    return undefined
  const labelAt = made.columns.findIndex(({ kind }) => kind === 'label')
  if (labelAt >= 0 && client.sqlTypes[labelAt] !== 'TIMESTAMP') return undefined
  const columns = [...made.dimensions, ...made.aggregates.map(({ column }) => column)]
  const plain = typesOf(from, columns)
  const facts = seriesFacts(made, grouped)
  const shape = { ...mergeShape(facts), dimensions: facts.dimensions.slice(1) }
  if (exactDoubles && addsDoubles(plain, shape)) return undefined
  const partials = partialsOf(slices, columns, { types: plain, shape })
  const kinds = partTypes(plain, shape)?.parts
  if (partials === undefined || kinds === undefined) return undefined
  return rowsOfPartials(coarsened(partials, starts, kinds), {
    facts,
    sql: making.request.query.sql,
    client,
    parts: plain,
    labelMs: bucket.label.ms,
  })
}

/** The bucket's label is the first of its dimensions. */
function seriesFacts({ dimensions, aggregates, columns }: Regrouped, grouped: Grouped): MergeFacts {
  const text = { from: 0, to: 0 }
  const isShownFaithful = (kind: 'dimension' | 'aggregate', index: number): boolean => {
    const shown = columns.findIndex((cell) => cell.kind === kind && cell.index === index)
    return isFaithful(grouped.columns[shown]?.formula, grouped)
  }
  const formulas = columns.map((cell): Formula => {
    if (cell.kind === 'label') return { kind: 'dimension', index: 0 }
    return cell.kind === 'dimension'
      ? { kind: 'dimension', index: cell.index + 1 }
      : { kind: 'aggregate', index: cell.index }
  })
  return {
    zone: 'UTC',
    dimensions: [
      { text, isFaithful: true },
      ...dimensions.map((_, index) => ({ text, isFaithful: isShownFaithful('dimension', index) })),
    ],
    aggregates: aggregates.map(({ kind }, index) => ({
      kind,
      text,
      argument: undefined,
      filter: undefined,
      isFaithful: isShownFaithful('aggregate', index),
    })),
    columns: formulas.map((formula) => ({ role: 'other', formula })),
    having: undefined,
    order: [],
  }
}

function mergeFrom(
  source: Source,
  { making, grid, client }: Target<Bucketed, unknown>,
): Derived<MergeRows, ColumnTypes> | undefined {
  const { grouped } = making.parts
  const { kind, count } = source.member.plan
  const made = regrouped(partsPlan(making), source.member.plan)
  const starts = nestedStarts(source, grid)
  if (made === undefined || starts === undefined) return undefined
  const columns = [...made.dimensions, ...made.aggregates.map(({ column }) => column)]
  const head = typesOf(source.head as ColumnTypes, columns)
  const types = partTypes(head, mergeShape(grouped))
  const canMerge = mergerOf(grouped, { sql: making.request.query.sql, client, parts: head }) !== undefined
  if (types === undefined || !canMerge) return undefined
  const found =
    kind === 'series'
      ? partialsOf(slicesOf<BucketRows>(source), columns, { types: head, shape: mergeShape(grouped) })
      : pickedOf(
          slicesOf<MergeRows>(source),
          made.aggregates.map(({ column }) => column - 1 - count),
        )
  if (found === undefined) return undefined
  return { head, runs: runsOf(source.pieces, coarsened(found, starts, types.parts), MERGE_ROWS) }
}

function partialsOf(
  slices: readonly Slice<BucketRows>[],
  columns: readonly number[],
  as: Parameters<typeof partialsOfRows>[2],
): MergeRows | undefined {
  const rows = slices.reduce((sum, slice) => sum + rowsIn(slice), 0)
  return rows > ROWS_MAX ? undefined : partialsOfRows(slices, columns, as)
}

function pickedOf(slices: readonly Slice<MergeRows>[], columns: readonly number[]): MergeRows | undefined {
  if (slices.reduce((sum, slice) => sum + groupsIn(slice), 0) > GROUPS_MAX) return undefined
  const all = slices.map((slice) => picked(slice, columns))
  return all.every((one) => one !== undefined) ? joinedMergeRows(all.map(whole)) : undefined
}

/** Starts of the target's buckets, all of which are starts of the source's, too. */
function nestedStarts({ member, pieces }: Source, grid: Grid): readonly number[] | undefined {
  const starts: number[] = []
  for (const { interval } of pieces) {
    const own = grid.starts(interval, BUCKETS_MAX)
    if (own === undefined || ![...own, interval.endMs].every((ms) => member.grid.isStart(ms)))
      return undefined
    starts.push(...own)
  }
  return starts.length > BUCKETS_MAX ? undefined : starts.toSorted((a, b) => a - b)
}

/** Types of columns of the source behind those of a bucket. */
function typesOf({ types, sqlTypes }: ColumnTypes, columns: readonly number[]): ColumnTypes {
  return {
    types: ['LONG', ...columns.map((column) => types[column] ?? '')],
    sqlTypes: ['BIGINT', ...columns.map((column) => sqlTypes[column] ?? '')],
  }
}

function isSameType(a: ColumnTypes, column: number, b: ColumnTypes, other: number): boolean {
  return a.types[column] === b.types[other] && a.sqlTypes[column] === b.sqlTypes[other]
}

/** What of the source's runs lies in the pieces, in order of time. */
function slicesOf<Rows extends Bucketed>({ runs, pieces }: Source): readonly Slice<Rows>[] {
  return pieces
    .flatMap(({ interval }) =>
      (runs as readonly Run<Rows>[]).flatMap((run) =>
        intersected([interval], [run.interval]).map(({ startMs, endMs }) =>
          sliceOf(run.rows, startMs, endMs),
        ),
      ),
    )
    .filter(({ from, to }) => from < to)
    .toSorted((a, b) => (a.rows.buckets[a.from] ?? 0) - (b.rows.buckets[b.from] ?? 0))
}

function whole<Rows extends Bucketed>(rows: Rows): Slice<Rows> {
  return { rows, from: 0, to: rows.buckets.length }
}
