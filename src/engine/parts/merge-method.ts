// Answers that aren't grouped by time: partial aggregates of hidden buckets are put together.
import { type Interval } from '../../plan/facts.ts'
import { type Parts } from '../../plan/plan.ts'
import { type StepText } from '../../plan/step-text.ts'
import { type MergeOrder } from '../../plan/witness.ts'
import { type Slice } from '../../result/bucket-rows.ts'
import { compareKeys, compareOrdered, keyReader, type SortKey } from '../../result/cell-order.ts'
import { type MergedGroups } from '../../result/merge/merged-groups.ts'
import { type Merger, mergerOf, mergeShape } from '../../result/merge/merger.ts'
import { MergeCollector } from '../../result/merge/part-collector.ts'
import { addsDoubles, type ColumnTypes } from '../../result/merge/value-types.ts'
import {
  groupsIn,
  joinedMergeRows,
  type MergeRows,
  mergeRowsOf,
  partialsIn,
  sizeOfMergeRows,
} from '../../result/merge-rows.ts'
import { unpackTypes } from '../../result/packed/heads.ts'
import { packPartials, unpackPartials } from '../../result/packed/merge-rows.ts'
import { mergeText } from '../../sql/rewrite.ts'
import { type ClientHead, type ClientHeads } from './client-heads.ts'
import { cutOf, isApproximate } from './cut.ts'
import {
  type Method,
  type MethodOptions,
  type NotMade,
  type PartLimits,
  type PartSink,
  type Wanted,
} from './method.ts'
import { Grid } from './window.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/**
 * Hidden buckets by the length of the window that they are for: few enough to be merged at once, and short enough that the
 * edges of a window, which are computed anew each time, are a small part of it. A window that slides keeps its buckets.
 */
const LADDER: readonly (readonly [number, string])[] = [
  [HOUR_MS, 'PT1M'],
  [8 * HOUR_MS, 'PT5M'],
  [4 * DAY_MS, 'PT1H'],
  [31 * DAY_MS, 'PT6H'],
  [400 * DAY_MS, 'P1D'],
]
const LAST_PERIOD = 'P1M'

export class MergeMethod implements Method<MergeRows, ColumnTypes> {
  readonly rows = { join: joinedMergeRows, sizeOf: sizeOfMergeRows, count: groupsIn }
  readonly packing = {
    rows: { pack: packPartials, unpack: unpackPartials },
    head: { pack: (types: ColumnTypes): unknown => types, unpack: unpackTypes },
  }
  readonly #options: MethodOptions
  /** The text that fetches parts has names of its own. */
  readonly #heads: ClientHeads

  constructor(options: MethodOptions, heads: ClientHeads) {
    this.#options = options
    this.#heads = heads
  }

  isReady({ shape }: Parts): boolean {
    return this.#heads.get(shape) !== undefined
  }

  gridFor(
    _parts: Parts,
    window: readonly Interval[],
  ): { readonly grid: Grid; readonly name: string } | undefined {
    const lengthMs = window.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
    const period = LADDER.find(([upToMs]) => lengthMs <= upToMs)?.[1] ?? LAST_PERIOD
    const grid = Grid.of({
      grid: { period, originMs: undefined, zone: 'UTC' },
      movedMs: 0,
      label: { kind: 'moved', ms: 0 },
    })
    return grid === undefined ? undefined : { grid, name: period }
  }

  text(
    sql: string,
    { grouped }: Parts,
    ranges: readonly Interval[],
    { grid, live }: { readonly grid: Grid; readonly live: boolean },
  ): string {
    return mergeText(sql, grouped, { ranges, steps: { kind: 'period', period: grid.period }, live })
  }

  /** The text that fetches the same aggregates by steps. */
  stepsText(sql: string, { grouped }: Parts, ranges: readonly Interval[], steps: StepText): string {
    return mergeText(sql, grouped, { ranges, steps })
  }

  sink({ grouped }: Parts, limits: PartLimits, live: boolean): PartSink<MergeRows, ColumnTypes> {
    const collector = new MergeCollector({ ...mergeShape(grouped), live }, limits)
    return {
      head: (index, bytes, cells) => collector.head(index, bytes, cells),
      row: (bytes, start, end, cells) => collector.row(bytes, start, end, cells),
      get bad() {
        return collector.bad
      },
      result: () => {
        const found = collector.result()
        if (found === undefined) return undefined
        return { rows: mergeRowsOf(found.buckets, found.lasts), head: found.columns }
      },
    }
  }

  // Its rows are of all of the window.
  fromWhole(): undefined {
    return undefined
  }

  sameHead(a: ColumnTypes, b: ColumnTypes): boolean {
    return a.types.join() === b.types.join() && a.sqlTypes.join() === b.sqlTypes.join()
  }

  placed(rows: MergeRows, _parts: Parts, grid: Grid): MergeRows | undefined {
    return rows.buckets.every((ms) => grid.isStart(ms)) ? rows : undefined
  }

  assembled(slices: readonly Slice<MergeRows>[], parts: ColumnTypes, wanted: Wanted): Buffer | NotMade {
    const { grouped, shape } = wanted.parts
    const client = this.#heads.get(shape)
    if (client === undefined) return { why: 'names and types that are not known yet', lasting: false }
    if (this.#options.exactDoubles(grouped.table) && addsDoubles(parts, mergeShape(grouped)))
      return { why: 'doubles that are to be added up by Druid', lasting: true }
    const merger: Merger | undefined = mergerOf(grouped, { sql: wanted.sql, client, parts })
    if (merger === undefined) return { why: 'a column that cannot be computed here', lasting: true }
    const merged = merger.merge(slices.flatMap((slice) => partialsIn(slice)))
    if (merged === undefined) return { why: 'a value that only Druid can tell', lasting: false }
    const { topNThreshold } = this.#options
    return ordered(merged, client, { wanted, topNThreshold, types: parts })
  }
}

function ordered(
  merged: MergedGroups,
  client: ClientHead,
  given: { readonly wanted: Wanted; readonly topNThreshold: number; readonly types: ColumnTypes },
): Buffer | NotMade {
  const { parts, verdict, parameters } = given.wanted
  const cut = cutOf(parts, parameters)
  const { mergeOrder, queryType } = verdict
  if (mergeOrder === undefined || cut === undefined || !canBreakTies(mergeOrder, given.types))
    return { why: 'an order that is not known here', lasting: true }
  if (queryType === 'topN' && isApproximate(merged.countBefore, cut, given.topNThreshold))
    return { why: 'an approximate topN', lasting: true }
  const groups = sorted(merged, mergeOrder)
  const end = cut.offset + cut.limit
  if (isUnsure(merged, groups, mergeOrder, end))
    return { why: 'an order by sums of doubles that are all but equal', lasting: false }
  const shown = groups.slice(cut.offset, end)
  // Rows without any value in a dimension of several are nulls of a groupBy, and no rows at all of a topN (33.0.0): nothing
  // tells here whether a dimension is such a one. Behind the bucket's instant it is the first column.
  const isText = given.types.types[1] === 'STRING'
  if (queryType === 'topN' && isText && shown.some((group) => merged.dimensionKey(0, group) === null))
    return { why: 'a null of a topN, which may be none of its rows', lasting: true }
  const rows = shown.map((group) => merged.row(group))
  const all = [...client.rows, ...rows].flatMap((row, at) => [at === 0 ? OPEN : COMMA, row])
  return Buffer.concat([...all, END])
}

/** Whether groups that ORDER BY leaves equal can be told apart as Druid does it. Behind the bucket's instant stand the dimensions. */
function canBreakTies({ ties }: MergeOrder, { types, sqlTypes }: ColumnTypes): boolean {
  return ties.every((at) => keyReader(types[at + 1] ?? '', sqlTypes[at + 1] ?? '') !== undefined)
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const END = Buffer.from(']\n')

function sorted(merged: MergedGroups, { keys, ties }: MergeOrder): readonly number[] {
  const all = merged.groups.map((group) => ({
    group,
    keys: keys.map((_, at): SortKey => merged.orderKey(at, group)),
    ties: undefined as readonly SortKey[] | undefined,
  }))
  const tiesOf = (one: (typeof all)[number]): readonly SortKey[] =>
    (one.ties ??= ties.map((dimension) => merged.dimensionKey(dimension, one.group)))
  const compared = (a: (typeof all)[number], b: (typeof all)[number]): number => {
    for (const [at, key] of keys.entries()) {
      const found = compareOrdered(a.keys[at] ?? null, b.keys[at] ?? null, key)
      if (found !== 0) return found
    }
    const [mine, others] = [tiesOf(a), tiesOf(b)]
    for (const at of ties.keys()) {
      const found = compareKeys(mine[at] ?? null, others[at] ?? null)
      if (found !== 0) return found
    }
    return 0
  }
  return all.toSorted(compared).map(({ group }) => group)
}

/** Whether Druid may give two neighbours, down to the first that is left out, the other way round. */
function isUnsure(
  merged: MergedGroups,
  groups: readonly number[],
  { keys }: MergeOrder,
  end: number,
): boolean {
  const given = groups.slice(0, Math.min(groups.length, end + 1))
  return given.some((group, at) => {
    const next = given[at + 1]
    return next !== undefined && keys.some((_, key) => merged.isUnsure(key, group, next))
  })
}
