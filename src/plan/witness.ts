// Druid's own plan as the witness: what the text was read to say, and what the text that fetches parts says, must be
// what Druid makes of both.
import { isUtc } from '../time/utc.ts'
import { type Interval } from './facts.ts'
import { type Bucket, type Grouped } from './grouped.ts'
import { type NativeOrderKey } from './native-order.ts'
import { floorText, type NativePlan, type NativeQueryType } from './native.ts'
import { nativeStep, type StepText } from './step-text.ts'

/** Both plans, and what they were asked for. */
export interface Testimony {
  readonly client: NativePlan | undefined
  readonly ours: NativePlan | undefined
  readonly grouped: Grouped
  /** The windows of the client's text at the moments before and after it was explained: equal unless it is relative. */
  readonly windows: { readonly before: readonly Interval[]; readonly after: readonly Interval[] }
  /** The ranges that our text was made for. */
  readonly ranges: readonly Interval[]
  /** Our text tells the last instant of each group, too. */
  readonly live?: boolean
}

/** Where the value of an order's key is found: the bucket's instant, or a column of the answer to our text. */
type KeySource = 'bucket' | number

/** An order, ties included. */
interface RowOrder {
  readonly keys: readonly (Pick<NativeOrderKey, 'descending' | 'nulls'> & {
    readonly of: KeySource
    readonly compare: NativeOrderKey['compare'] | undefined
  })[]
}

/** An order of merged groups: the keys of ORDER BY, and the dimensions that break ties, by their index. */
export interface MergeOrder {
  readonly keys: readonly Pick<NativeOrderKey, 'descending' | 'nulls'>[]
  readonly ties: readonly number[]
}

export type Verdict =
  /** `order`: undefined where the rows' order can't be made from what is fetched. */
  | {
      readonly kind: 'agrees'
      readonly queryType: NativeQueryType
      readonly order: RowOrder | undefined
      /** Of a merge, which has no order of rows. */
      readonly mergeOrder: MergeOrder | undefined
      /** Druid's plan of the text that fetches parts: what each of their columns is. */
      readonly ours: NativePlan
      /** The aggregators of the client's own plan. */
      readonly aggregations: readonly string[]
    }
  /** `why`: the first part of the plans that differs, for people. */
  | { readonly kind: 'disagrees'; readonly why: string }

/** The verdict on buckets of a series. */
export function seriesVerdict(testimony: Testimony): Verdict {
  const { client, ours, grouped } = testimony
  const common = commonDifference(testimony)
  if (common !== undefined || client === undefined || ours === undefined)
    return { kind: 'disagrees', why: common ?? 'plan' }
  const count = grouped.columns.length
  const bucketText = ours.columns[count]
  const why =
    different('dimensions', client.dimensions, ours.dimensions) ??
    aggregationDifference(testimony, client, ours) ??
    different('having', [client.having], [ours.having]) ??
    different('columns', client.columns, ours.columns.slice(0, count)) ??
    (grouped.bucket === undefined || bucketText === undefined ? 'no bucket' : undefined) ??
    (ours.dimensions.includes(bucketText ?? '') ? undefined : `bucket: ${bucketText}`) ??
    bucketDifference(grouped.bucket, bucketText ?? '')
  if (why !== undefined) return { kind: 'disagrees', why }
  const order = rowOrder(client, ours.columns, count)
  return {
    kind: 'agrees',
    queryType: client.queryType,
    order,
    mergeOrder: undefined,
    ours,
    aggregations: client.aggregations,
  }
}

/** The order of the client's query in terms of the columns of ours, whose bucket stands at `bucketAt`. */
function rowOrder(
  { order, groups }: NativePlan,
  columns: readonly string[],
  bucketAt: number,
): RowOrder | undefined {
  if (order === undefined) return undefined
  const ties = groups.map((of) => ({ of, descending: false, nulls: 'first', compare: undefined }) as const)
  const named = order.map(({ of }) => of)
  const keys = [...order, ...ties.filter(({ of }) => !named.includes(of))].map((one) => {
    const at = columns.indexOf(one.of)
    return { ...one, of: one.of === columns[bucketAt] ? ('bucket' as const) : at }
  })
  return keys.every(({ of }) => of === 'bucket' || of >= 0) ? { keys } : undefined
}

/** The verdict on parts of a merge, whose hidden buckets have this period. */
export function mergeVerdict(testimony: Testimony, period: string): Verdict {
  const { client, ours } = testimony
  const common = commonDifference(testimony)
  if (common !== undefined || client === undefined || ours === undefined)
    return { kind: 'disagrees', why: common ?? 'plan' }
  const hidden = floorText(period, undefined, 'UTC')
  const why =
    (ours.columns[0] === hidden ? undefined : `bucket: ${ours.columns[0]}`) ??
    different('dimensions', [...client.dimensions, hidden].toSorted(), ours.dimensions) ??
    aggregationDifference(testimony, client, ours)
  if (why !== undefined) return { kind: 'disagrees', why }
  const order = mergeOrder(client, ours.columns, testimony.grouped)
  return {
    kind: 'agrees',
    queryType: client.queryType,
    order: undefined,
    mergeOrder: order,
    ours,
    aggregations: client.aggregations,
  }
}

/** `columns`: those of our query, the hidden bucket and then the dimensions first. */
function mergeOrder(
  { order, groups, columns: shown }: NativePlan,
  columns: readonly string[],
  { dimensions, order: asked, columns: outputs }: Grouped,
): MergeOrder | undefined {
  const names = columns.slice(1, 1 + dimensions.length)
  const ties = groups.map((group) => names.indexOf(group))
  if (order === undefined || ties.includes(-1)) return undefined
  // What is ordered by dimensions as groups come anyway has no order of its own in Druid's plan.
  if (order.length === 0) return { keys: [], ties }
  if (asked.length === 0) {
    // A topN by its dimension, in the order that ties have anyway.
    const isPlain = order.every(({ of, descending }) => of === names[0] && !descending)
    return isPlain ? { keys: [], ties } : undefined
  }
  const isAsked = order.every(({ of, descending }, at) => {
    const key = asked[at]
    if (key?.descending !== descending) return false
    if (key.column !== undefined && shown[key.column] !== of) return false
    const formula = key.column === undefined ? key.formula : outputs[key.column]?.formula
    // An order by a constant is none.
    if (formula === undefined || formula.kind === 'literal') return false
    return formula.kind === 'dimension' ? names[formula.index] === of : !names.includes(of)
  })
  return isAsked && order.length === asked.length ? { keys: order, ties } : undefined
}

/**
 * In what Druid's plan of the text that groups by a step differs from what was agreed on; undefined: in nothing. `bucketAt`
 * is where the agreed text has its bucket.
 */
export function stepsDifference(
  { ours, aggregations }: Verdict & { readonly kind: 'agrees' },
  steps: NativePlan | undefined,
  {
    grouping,
    bucketAt,
    ranges,
  }: { readonly grouping: StepText; readonly bucketAt: number; readonly ranges: readonly Interval[] },
): string | undefined {
  if (steps === undefined) return 'plan'
  const step = nativeStep(grouping)
  const dimensions = ours.dimensions.filter((one) => one !== ours.columns[bucketAt])
  return (
    different('table', [ours.table], [steps.table]) ??
    different('filter', [ours.filter], [steps.filter]) ??
    different('ranges', ranges.map(text), steps.intervals.map(text)) ??
    different('having', [''], [steps.having]) ??
    different('bucket', [step], steps.columns.slice(0, 1)) ??
    different('dimensions', [...dimensions, step].toSorted(), steps.dimensions) ??
    different('aggregations', aggregations, steps.aggregations)
  )
}

/** As Druid plans `MAX(__time)`. */
const LAST_INSTANT = '{"fieldName":"__time","type":"longMax"}'

function aggregationDifference(
  { live = false }: Testimony,
  client: NativePlan,
  ours: NativePlan,
): string | undefined {
  const wanted = live ? [...new Set([...client.aggregations, LAST_INSTANT])].toSorted() : client.aggregations
  const isLast = !live || ours.columns.at(-1) === LAST_INSTANT
  return different('aggregations', wanted, ours.aggregations) ?? (isLast ? undefined : 'no last instant')
}

function commonDifference({ client, ours, grouped, windows, ranges }: Testimony): string | undefined {
  if (client === undefined) return "the client's plan is not one native query over a table"
  if (ours === undefined) return 'our plan is not one native query over a table'
  return (
    different('table', [grouped.table, grouped.table], [client.table, ours.table]) ??
    different('policy', [client.policy], [ours.policy]) ??
    different('filter', [client.filter], [ours.filter]) ??
    different('ranges', ranges.map(text), ours.intervals.map(text)) ??
    (between(client.intervals, windows)
      ? undefined
      : `intervals: ${client.intervals.map(text).join()} instead of ${windows.before.map(text).join()}`)
  )
}

/** Each end lies between what it would have been a moment before and a moment after. */
function between(intervals: readonly Interval[], { before, after }: Testimony['windows']): boolean {
  if (intervals.length === 0 || intervals.length !== before.length || before.length !== after.length)
    return false
  return intervals.every(({ startMs, endMs }, at) => {
    const [first, last] = [before[at], after[at]]
    if (first === undefined || last === undefined) return false
    const fits = (ms: number, from: number, to: number): boolean => ms >= from && ms <= to
    return fits(startMs, first.startMs, last.startMs) && fits(endMs, first.endMs, last.endMs)
  })
}

function different(what: string, expected: readonly string[], found: readonly string[]): string | undefined {
  const at = expected.findIndex((one, index) => one !== found[index])
  if (at < 0 && expected.length === found.length) return undefined
  const index = at < 0 ? expected.length : at
  return `${what}: ${found[index] ?? 'nothing'} instead of ${expected[index] ?? 'nothing'}`
}

const FLOOR = /^timestamp_floor\((.*),'(P[^']*)',(null|-?\d+),'([^']*)'\)$/
/** TIME_SHIFT, and TIMESTAMPADD of a fixed length, round the bucket. */
const MOVED = /^(?:timestamp_shift\((.*),'P[^']*',-?\d+,'[^']*'\)|\((.*) [+-] -?\d+\))$/
/** `__time`, or moved in one of these ways. */
const TIME = /^(?:"__time"|timestamp_shift\("__time",'P[^']*',-?\d+,'[^']*'\)|\("__time" [+-] -?\d+\))$/

/** Whether the bucket that Druid computes is the one that was read: its period, origin and zone. */
function bucketDifference(bucket: Bucket | undefined, native: string): string | undefined {
  if (bucket === undefined) return 'no bucket'
  const { period, originMs, zone } = bucket.grid
  let inner = native.replace(/ LONG$/, '')
  for (let moved = MOVED.exec(inner); moved !== null; moved = MOVED.exec(inner))
    inner = moved[1] ?? moved[2] ?? ''
  const [, of = '', foundPeriod, origin, foundZone] = FLOOR.exec(inner) ?? []
  const local = bucket.label.kind === 'local'
  const isTime = local ? of.includes('timestamp_format("__time"') : TIME.test(of)
  const same = foundPeriod === period && origin === String(originMs ?? 'null')
  const sameZone = local ? of.includes(`'${zone}'`) : sameZones(foundZone, zone)
  return isTime && same && sameZone ? undefined : `bucket: ${native} instead of ${period} ${zone}`
}

/** Druid writes the name that Joda has for a zone: `America/New_York` for `US/Eastern`. What other names stand for isn't told. */
function sameZones(a: string | undefined, b: string): boolean {
  return a === b || (isUtc(a ?? '') && isUtc(b))
}

function text({ startMs, endMs }: Interval): string {
  return `${startMs}/${endMs}`
}
