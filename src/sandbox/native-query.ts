// The native query that Druid 33 would plan for a grouped aggregate over one datasource.
import { type Interval } from '../plan/facts.ts'
import { type Bucket } from '../plan/grouped.ts'
import { floorText } from '../plan/native.ts'
import { instantText, intervalText } from '../time/instant-text.ts'
import { aggregationsOf } from './native-aggregations.ts'
import { conditionFilter, conjunctsOf, filterOf, type Json, unwrapped } from './native-filter.ts'
import { NativeNames, type Types } from './native-names.ts'
import { stepsText } from './native-steps.ts'
import { type Sorting } from './order.ts'
import { isNatural, queryTypeOf, rowTimeIndex, type Selection, TIME_FLOOR } from './selection.ts'

export interface NativeFacts {
  /** Without its conditions on time, which are `intervals`. */
  readonly selection: Selection
  readonly table: string
  readonly intervals: readonly Interval[]
  /** The grouping expression that is a time bucket, and which one. */
  readonly bucket: { readonly expression: string; readonly of: Bucket } | undefined
  readonly types: Types
  /** `useApproximateTopN` and `useApproximateCountDistinct`. */
  readonly approximate: { readonly topN: boolean; readonly distinct: boolean }
}

/** The query, and the name in it of each column of the result. */
export interface NativeQuery {
  readonly query: Json
  readonly columns: readonly string[]
  /** Names and types of what it orders by, too. */
  readonly keys: readonly { readonly name: string; readonly type: string }[]
}

/** Undefined where Druid would plan another kind of query, or it isn't known which. */
export function nativeQuery(facts: NativeFacts): NativeQuery | undefined {
  const { selection, intervals, types, approximate } = facts
  const filter = filterOf(selection.where)
  if (filter === 'constant' || isUncertain(facts)) return undefined
  const names = new NativeNames(selection, types)
  const dimensions = (selection.groups ?? []).map((group, index) => dimension(group, index, names, facts))
  const columns = selection.items.map(({ expression }) => names.nameOf(expression))
  const having = selection.having === '' ? undefined : havingOf(selection.having, names, types)
  const floor = facts.bucket !== undefined && isFloor(facts.bucket.of) ? facts.bucket.expression : undefined
  const queryType = queryTypeOf(selection, approximate.topN, floor)
  // One row needs no order.
  const isOneRow = queryType === 'timeseries' && dimensions.length === 0
  const order = isOneRow ? [] : selection.order.map((key) => ({ ...key, of: names.nameOf(key.expression) }))
  const made = aggregationsOf(names, types, approximate.distinct)
  // A condition on groups alone would be one on rows.
  if (made === undefined || (having !== undefined && !holdsAggregates(having))) return undefined
  const posts = [...made.posts, ...names.posts]
  const shape = shapeOf({ queryType, dimensions, order, selection, bucket: facts.bucket?.of, types })
  const query = {
    queryType,
    dataSource: { type: 'table', name: facts.table },
    intervals: { type: 'intervals', intervals: intervals.map(intervalText) },
    ...virtualColumnsOf(names.virtualColumns, dimensions, queryType),
    ...(filter === undefined ? {} : { filter }),
    granularity: { type: 'all' },
    ...(made.aggregations.length === 0 ? {} : { aggregations: made.aggregations }),
    ...(posts.length === 0 ? {} : { postAggregations: posts }),
    ...(having === undefined ? {} : { having: { type: 'filter', filter: having, finalize: true } }),
    ...shape,
  }
  const keys = order.map(({ of, expression }) => ({ name: of, type: types.get(expression) ?? 'LONG' }))
  return { query, columns, keys }
}

const TIME_COMPARISON = /"__time"\)* (?:NOT )?(?:[<=>]|BETWEEN|IN )|[<=>] \(*"__time"/

/** Whether Druid would plan another query: it folds conditions, and leaves out what is constant. */
function isUncertain({ selection, intervals, bucket }: NativeFacts): boolean {
  const { distinct, limits, where, items, groups = [] } = selection
  const isEmpty = intervals.length === 0 || limits.limit === 0
  const isConstant = groups.some((group) => !group.includes('"'))
  // Conditions on time that weren't understood would be intervals of Druid's, and buckets a granularity.
  const hasMoreTime = TIME_COMPARISON.test(where)
  const hasMoreBuckets =
    bucket === undefined && groups.length === 1 && groups.some((group) => TIME_FLOOR.test(group))
  // A group of one value may be none: it is left out, or kept, for reasons of Calcite's own.
  const isShown = groups.length === 1 && items.some(({ expression }) => expression === groups[0])
  const conditions = conjunctsOf(where)
  const isPinned = !isShown && groups.some((group) => conditions.some((one) => pins(one, group)))
  return distinct || isEmpty || isConstant || hasMoreTime || hasMoreBuckets || isPinned
}

/** Whether a condition leaves one value only. */
function pins(condition: string, group: string): boolean {
  if (condition.startsWith(`${group} IN (`)) return !condition.includes(', ')
  return (
    condition === `${group} IS NULL` ||
    condition.startsWith(`${group} = `) ||
    condition.endsWith(` = ${group}`)
  )
}

/** In a timeseries the granularity stands for the virtual column of the bucket. */
function virtualColumnsOf(
  virtualColumns: readonly Json[],
  [bucket]: readonly Json[],
  queryType: string,
): Json {
  const others = virtualColumns.filter(
    ({ name }) => queryType !== 'timeseries' || name !== bucket?.['dimension'],
  )
  return others.length === 0 ? {} : { virtualColumns: others }
}

function dimension(group: string, index: number, names: NativeNames, { bucket, types }: NativeFacts): Json {
  const isBucket = group === bucket?.expression
  const outputType = isBucket ? 'LONG' : types.get(group)
  const plain = unwrapped(group)
  const native = isBucket ? bucketText(bucket.of) : (stepsText(plain) ?? plain)
  return {
    type: 'default',
    dimension: names.columnFor(group, native, outputType),
    outputName: `d${index}`,
    outputType,
  }
}

/** Whether the bucket is a TIME_FLOOR of `__time` and nothing else, which a granularity can say. */
function isFloor({ movedMs, label }: Bucket): boolean {
  return movedMs === 0 && label.kind === 'moved' && label.ms === 0
}

/** The bucket as a native expression. */
function bucketText({ grid, movedMs, label }: Bucket): string {
  const { period, originMs, zone } = grid
  const floor = (of: string, inZone: string): string =>
    floorText(period, originMs, inZone, of).replace(/ LONG$/, '')
  if (label.kind === 'local') {
    const local = `timestamp_format("__time",'yyyy-MM-dd HH:mm:ss','${label.zone}')`
    return floor(`timestamp_parse(${local},null,'UTC')`, 'UTC')
  }
  const inner = movedMs === 0 ? '"__time"' : `("__time" + ${-movedMs})`
  const shownMs = label.ms + movedMs
  // The label follows from the start by `label.ms`; the start is the floor of the moved time, moved back.
  return shownMs === 0 ? floor(inner, zone) : `(${floor(inner, zone)} + ${shownMs})`
}

type Order = readonly (Sorting & { readonly of: string })[]

interface Shaping {
  readonly queryType: 'timeseries' | 'topN' | 'groupBy'
  readonly dimensions: readonly Json[]
  readonly order: Order
  readonly selection: Selection
  readonly bucket: Bucket | undefined
  readonly types: Types
}

/** What differs by the kind of query. */
function shapeOf({ queryType, dimensions, order, selection, bucket, types }: Shaping): Json {
  const { limit } = selection.limits
  const [first] = order
  switch (queryType) {
    case 'timeseries':
      return {
        ...(first?.descending === true ? { descending: true } : {}),
        ...(limit === undefined || dimensions.length === 0 ? {} : { limit }),
        granularity: dimensions.length === 0 || bucket === undefined ? { type: 'all' } : granularity(bucket),
        context: dimensions.length === 0 ? {} : { skipEmptyBuckets: true, timestampResultField: 'd0' },
      }
    case 'topN':
      return {
        dimension: dimensions[0],
        metric: metric(first, dimensions[0]?.['outputType']),
        threshold: limit,
        context: {},
      }
    case 'groupBy':
      return {
        dimensions,
        limitSpec: limitSpec(order, { dimensions, selection, types }),
        context: rowTimeContext(selection, bucket),
      }
  }
}

const NAMED: Readonly<Record<string, string>> = {
  PT1S: 'SECOND',
  PT1M: 'MINUTE',
  PT1H: 'HOUR',
  P1D: 'DAY',
  P1W: 'WEEK',
  P1M: 'MONTH',
  P3M: 'QUARTER',
  P1Y: 'YEAR',
}

function granularity({ grid: { period, originMs, zone } }: Bucket): unknown {
  const named = zone === 'UTC' && originMs === undefined ? NAMED[period] : undefined
  const origin = originMs === undefined ? null : instantText(originMs)
  return named ?? { type: 'period', period, timeZone: zone, origin }
}

function rowTimeContext(selection: Selection, bucket: Bucket | undefined): Json {
  const index = rowTimeIndex(selection)
  if (index === undefined || bucket === undefined) return {}
  return {
    timestampResultField: `d${index}`,
    timestampResultFieldGranularity: JSON.stringify(granularity(bucket)),
    timestampResultFieldInOriginalDimensions: index,
  }
}

function metric(first: Order[number] | undefined, outputType: unknown): Json {
  const isMetric = first !== undefined && first.of !== 'd0'
  const base = isMetric
    ? { type: 'numeric', metric: first.of }
    : { type: 'dimension', ordering: { type: comparison(outputType) } }
  const isInverted = isMetric ? !first.descending : first?.descending === true
  return isInverted ? { type: 'inverted', metric: base } : base
}

function limitSpec(
  order: Order,
  { dimensions, selection, types }: Pick<Shaping, 'dimensions' | 'selection' | 'types'>,
): Json {
  const { limit, offset } = selection.limits
  const cut = { ...(offset === undefined ? {} : { offset }), ...(limit === undefined ? {} : { limit }) }
  // The order that groups have anyway; beside HAVING and written-out nulls Druid doesn't see it.
  const isSeen = selection.having === '' && !order.some(({ explicit }) => explicit)
  const isLeftOut = order.length === 0 || (isSeen && isNatural(order, selection.groups ?? []))
  if (isLeftOut && Object.keys(cut).length === 0) return { type: 'NoopLimitSpec' }
  const typeOf = ({ of, expression }: Order[number]): unknown =>
    dimensions.find(({ outputName }) => outputName === of)?.['outputType'] ?? types.get(expression)
  const columns = order.map((key) => ({
    dimension: key.of,
    direction: key.descending ? 'descending' : 'ascending',
    dimensionOrder: { type: comparison(typeOf(key)) },
  }))
  return { type: 'default', columns, ...cut }
}

function comparison(type: unknown): 'lexicographic' | 'numeric' {
  return type === 'STRING' ? 'lexicographic' : 'numeric'
}

const NUMBER_COMPARISON = /^(.*) (=|<>|<|<=|>|>=) (?:CAST\((-?[\d.]+) AS DOUBLE\)|(-?\d+))$/

/** A condition on groups: a range of one name where it compares with a number, else an expression. */
function havingOf(having: string, names: NativeNames, types: Types): Json {
  return conditionFilter(having, (text) => {
    const [, left = '', operator, double, integer] = NUMBER_COMPARISON.exec(text) ?? []
    const [, column] = /^"([da]\d+)"$/.exec(names.resolved(left)) ?? []
    if (operator === undefined || column === undefined)
      return { type: 'expression', expression: names.resolved(text) }
    const matchValueType = types.get(left) ?? 'LONG'
    const value = Number(double ?? integer)
    if (operator === '=' || operator === '<>') {
      const equals = { type: 'equals', column, matchValueType, matchValue: value }
      return operator === '=' ? equals : { type: 'not', field: equals }
    }
    const [side, open] = operator.startsWith('>') ? ['lower', 'lowerOpen'] : ['upper', 'upperOpen']
    return {
      type: 'range',
      column,
      matchValueType,
      [side]: value,
      ...(operator.length === 1 ? { [open]: true } : {}),
    }
  })
}

/** Whether each condition of an AND is about aggregates. */
function holdsAggregates(having: Json): boolean {
  const { type, fields } = having
  if (type === 'and') return (fields as readonly Json[]).every(holdsAggregates)
  return /"a\d+/.test(JSON.stringify(having).replaceAll(String.raw`\"`, '"'))
}
