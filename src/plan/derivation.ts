// Whether the parts of one shape follow from those of another, told by Druid's own plans of the texts that fetch both:
// the same rows of the table under the same dimensions, and each column one that the other has.
import { type Aggregate } from './grouped.ts'
import { type NativePlan } from './native.ts'

/** A shape's parts, as Druid plans the text that fetches them. */
export interface PartsPlan {
  readonly kind: 'series' | 'merge'
  readonly ours: NativePlan
  /** Of a series: how many columns are the client's own; the bucket stands behind them. Of a merge: how many dimensions it has. */
  readonly count: number
  /** The last column is each group's last instant. */
  readonly live: boolean
}

/** Which columns of the source make up rows of the target, whose buckets are the same. */
export interface SameRows {
  readonly columns: readonly number[]
}

/** How groups of the target are made of groups of the source, whose buckets are shorter or have other columns. */
export interface Regrouped {
  /** Columns of the source. */
  readonly dimensions: readonly number[]
  readonly aggregates: readonly { readonly kind: Aggregate['kind']; readonly column: number }[]
  /** Of a series: what each of the client's columns is. Empty for a merge, whose columns are these very ones. */
  readonly columns: readonly Cell[]
}

/** `label`: the bucket's own; else the n-th dimension or aggregate. */
type Cell =
  | { readonly kind: 'label' }
  | { readonly kind: 'dimension'; readonly index: number }
  | { readonly kind: 'aggregate'; readonly index: number }

/** Equal for shapes whose parts are of the same rows and dimensions, whatever their buckets and measures. */
export function kinship({ kind, ours, count }: PartsPlan): string {
  const bucket = ours.columns[kind === 'series' ? count : 0]
  const dimensions = ours.dimensions.filter((one) => one !== bucket)
  return JSON.stringify([ours.table, ours.filter, dimensions])
}

/** For two series of the same buckets; undefined where the source lacks a column. */
export function sameRows(target: PartsPlan, source: PartsPlan): SameRows | undefined {
  if (target.kind !== 'series' || source.kind !== 'series' || !areWhole(target, source)) return undefined
  // What is ordered by and not selected has cells of its own.
  if (hasHiddenColumns(target)) return undefined
  const columns = target.ours.columns.slice(0, target.count).map((one) => columnOf(one, source))
  return columns.includes(-1) ? undefined : { columns }
}

/** Undefined where it isn't sure that the groups of the source add up to those of the target. */
export function regrouped(target: PartsPlan, source: PartsPlan): Regrouped | undefined {
  if (!areWhole(target, source) || (target.kind === 'series' && source.kind === 'merge')) return undefined
  const { ours, count, live } = target
  const columns = live ? ours.columns.slice(1, -1) : ours.columns.slice(1)
  const found = target.kind === 'series' ? ofSeries(target, source) : ofMerge(columns, count, source)
  const isKnown =
    found !== undefined &&
    [...found.dimensions, ...found.aggregates.map(({ column }) => column)].every(isFound)
  return isKnown ? found : undefined
}

// HAVING of a series is Druid's own work, and has left out groups that another question needs.
function areWhole(target: PartsPlan, source: PartsPlan): boolean {
  return target.ours.having === '' && source.ours.having === ''
}

function ofMerge(columns: readonly string[], count: number, source: PartsPlan): Regrouped | undefined {
  const dimensions = columns.slice(0, count).map((one) => columnOf(one, source))
  const aggregates = columns.slice(count).map((one) => aggregateOf(one, source))
  // The groups of a merge are held by one text of all their dimensions, one that is shown twice among them.
  const isSame =
    source.kind === 'series' ||
    (source.count === count && dimensions.every((column, at) => column === at + 1))
  return isSame && aggregates.every((one) => one !== undefined)
    ? { dimensions, aggregates, columns: [] }
    : undefined
}

function hasHiddenColumns({ ours, count, live }: PartsPlan): boolean {
  return ours.columns.length > count + (live ? 2 : 1)
}

function ofSeries(target: PartsPlan, source: PartsPlan): Regrouped | undefined {
  const { ours, count } = target
  if (hasHiddenColumns(target)) return undefined
  const bucket = ours.columns[count]
  const names = ours.dimensions.filter((one) => one !== bucket)
  const aggregates: { readonly kind: Aggregate['kind']; readonly column: number }[] = []
  const columns: Cell[] = []
  for (const name of ours.columns.slice(0, count)) {
    const index = names.indexOf(name)
    if (name === bucket) columns.push({ kind: 'label' })
    else if (index >= 0) columns.push({ kind: 'dimension', index })
    else {
      const aggregate = aggregateOf(name, source)
      if (aggregate === undefined) return undefined
      columns.push({ kind: 'aggregate', index: aggregates.push(aggregate) - 1 })
    }
  }
  return { dimensions: names.map((one) => columnOf(one, source)), aggregates, columns }
}

function aggregateOf(name: string, source: PartsPlan): Regrouped['aggregates'][number] | undefined {
  const kind = mergeableKind(name)
  return kind === undefined ? undefined : { kind, column: columnOf(name, source) }
}

function isFound(column: number): boolean {
  return column >= 0
}

/** -1: the source has none. The instant of its bucket is no column that a statement could name. */
function columnOf(name: string, { kind, ours, count, live }: PartsPlan): number {
  if (name.startsWith('? ')) return -1
  if (kind === 'series') return ours.columns.slice(0, count).indexOf(name)
  return (live ? ours.columns.slice(0, -1) : ours.columns).indexOf(name, 1)
}

/** Native aggregators whose values over parts of time give the value over all of it (33.0.0). */
const KINDS: ReadonlyMap<unknown, Aggregate['kind']> = new Map([
  ['count', 'count'],
  ['longSum', 'sum'],
  ['doubleSum', 'sum'],
  ['longMin', 'min'],
  ['longMax', 'max'],
  ['doubleMin', 'min'],
  ['doubleMax', 'max'],
  ['floatMin', 'min'],
  ['floatMax', 'max'],
])

function mergeableKind(text: string): Aggregate['kind'] | undefined {
  return KINDS.get(aggregatorType(text))
}

/** The type of a native aggregator in the form that plans are compared in, inside of its filter. */
function aggregatorType(text: string): unknown {
  if (!text.startsWith('{')) return undefined
  try {
    let aggregator = JSON.parse(text) as { readonly type?: unknown; readonly aggregator?: unknown }
    while (aggregator.type === 'filtered') aggregator = aggregator.aggregator as typeof aggregator
    return aggregator.type
  } catch {
    return undefined
  }
}

/** Whether a column is a sum of doubles, whose last bits depend on the order in which they are added. */
export function isDoubleSum(text: string | undefined): boolean {
  return text !== undefined && aggregatorType(text) === 'doubleSum'
}
