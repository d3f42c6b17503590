// The order in which a native query gives its rows, read from Druid's own plan (33.0.0).
//
//   timeseries   by bucket, `descending` or not
//   groupBy      by the keys of its limitSpec: nulls first ascending, last descending; ties by dimension
//   topN         by its metric: nulls of a metric last both ways, of a dimension first both ways; ties by dimension
import { isJson, type Json } from './json.ts'

/** One key, by what the names of the query stand for. */
export interface NativeOrderKey {
  readonly of: string
  readonly descending: boolean
  readonly nulls: 'first' | 'last'
  /** Whether values are compared as numbers or as text; undefined where the plan doesn't say. */
  readonly compare: 'numeric' | 'lexicographic' | undefined
}

interface Names {
  /** What a name of the query stands for. */
  (name: unknown): string | undefined
}

/** The keys in order, without ties; undefined for an order that isn't known here. */
export function orderKeys(
  query: Json,
  dimensions: readonly string[],
  nameOf: Names,
): readonly NativeOrderKey[] | undefined {
  switch (query['queryType']) {
    case 'timeseries':
      return dimensions.map((of) => key(of, query['descending'] === true, 'numeric'))
    case 'topN':
      return topNKeys(query['metric'], dimensions, (name) =>
        isPrinted(query, name) ? nameOf(name) : undefined,
      )
    case 'groupBy':
      return limitSpecKeys(query['limitSpec'], (name) => (isPrinted(query, name) ? nameOf(name) : undefined))
    default:
      return undefined
  }
}

/** Aggregators whose values are compared as they are printed. Sketches are compared by estimates, or by registers (33.0.0). */
const PRINTED = new Set([
  'count',
  ...['long', 'double', 'float'].flatMap((type) =>
    ['Sum', 'Min', 'Max', 'First', 'Last', 'Any'].map((name) => `${type}${name}`),
  ),
])
/** Post-aggregators that print a whole number for such an estimate. */
const ESTIMATES = new Set(['finalizingFieldAccess', 'hyperUniqueCardinality'])

/** Whether a column of the query is compared by what is printed of it: two estimates may print as one number. */
function isPrinted(query: Json, name: unknown): boolean {
  const aggregator = named(query['aggregations'], name)
  if (aggregator !== undefined) return PRINTED.has(String(unfiltered(aggregator)['type']))
  const post = named(query['postAggregations'], name)
  return post === undefined || !ESTIMATES.has(String(post['type']))
}

function named(list: unknown, name: unknown): Json | undefined {
  return Array.isArray(list) ? list.filter(isJson).find((one) => one['name'] === name) : undefined
}

function unfiltered(aggregator: Json): Json {
  const inner = aggregator['type'] === 'filtered' ? aggregator['aggregator'] : undefined
  return isJson(inner) ? unfiltered(inner) : aggregator
}

function key(of: string, descending: boolean, compare: NativeOrderKey['compare']): NativeOrderKey {
  return { of, descending, nulls: descending ? 'last' : 'first', compare }
}

function topNKeys(
  metric: unknown,
  [dimension]: readonly string[],
  nameOf: Names,
): readonly NativeOrderKey[] | undefined {
  if (!isJson(metric) || dimension === undefined) return undefined
  const isInverted = metric['type'] === 'inverted'
  const inner = isInverted ? metric['metric'] : metric
  if (!isJson(inner)) return undefined
  if (inner['type'] === 'numeric') {
    const of = nameOf(inner['metric'])
    return of === undefined ? undefined : [{ of, descending: !isInverted, nulls: 'last', compare: 'numeric' }]
  }
  const compare = inner['type'] === 'dimension' ? comparison(inner['ordering']) : undefined
  return compare === undefined
    ? undefined
    : [{ of: dimension, descending: isInverted, nulls: 'first', compare }]
}

function limitSpecKeys(spec: unknown, nameOf: Names): readonly NativeOrderKey[] | undefined {
  if (spec === undefined) return []
  if (!isJson(spec)) return undefined
  if (spec['type'] === 'NoopLimitSpec') return []
  const columns = spec['columns'] ?? []
  if (spec['type'] !== 'default' || !Array.isArray(columns)) return undefined
  const keys = columns.map((column: unknown) => {
    if (!isJson(column)) return undefined
    const of = nameOf(column['dimension'])
    const compare = comparison(column['dimensionOrder'])
    return of === undefined || compare === undefined
      ? undefined
      : key(of, column['direction'] === 'descending', compare)
  })
  return keys.every((one) => one !== undefined) ? keys : undefined
}

function comparison(ordering: unknown): 'numeric' | 'lexicographic' | undefined {
  const type = isJson(ordering) ? ordering['type'] : ordering
  return type === 'numeric' || type === 'lexicographic' ? type : undefined
}
