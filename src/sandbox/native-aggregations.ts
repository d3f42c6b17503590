// Aggregates → aggregators of native queries, as EXPLAIN PLAN FOR of Druid 33 shows them.
import { type AggregateCall } from './found.ts'
import { conditionFilter, type Json, unwrapped } from './native-filter.ts'
import { type NativeNames, type Types } from './native-names.ts'

/** What aggregates become; `posts` are what averages need. */
export interface Aggregations {
  readonly aggregations: readonly Json[]
  readonly posts: readonly Json[]
}

interface Making {
  readonly names: NativeNames
  readonly types: Types
}

/** Undefined for aggregates that Druid computes otherwise, such as exact counts of distinct values. */
export function aggregationsOf(
  names: NativeNames,
  types: Types,
  approximateDistinct: boolean,
): Aggregations | undefined {
  const all = names.aggregates.map(({ name, call }) =>
    aggregation(name, call, { names, types, approximateDistinct }),
  )
  if (!all.every((one) => one !== undefined)) return undefined
  return {
    aggregations: all.flatMap((one) => one.aggregations),
    posts: all.flatMap((one) => one.posts),
  }
}

function aggregation(
  name: string,
  given: AggregateCall,
  making: Making & { readonly approximateDistinct: boolean },
): Aggregations | undefined {
  const isInteger = making.types.get(given.argument ?? '') === 'LONG'
  const call = isInteger ? given : (given.unlessInteger ?? given)
  if (call.name === 'AVG' && !call.distinct) return average(name, call, making)
  const isDistinct = call.distinct || call.name === 'APPROX_COUNT_DISTINCT'
  if (isDistinct && (!making.approximateDistinct || !call.name.includes('COUNT'))) return undefined
  const one = isDistinct ? cardinality(name, call, making) : plain(name, call, making)
  return one === undefined ? undefined : { aggregations: [one], posts: [] }
}

function average(name: string, call: AggregateCall, making: Making): Aggregations {
  const [sum, count] = [`${name}:sum`, `${name}:count`]
  const column = columnOf(call, making)
  const fields = [sum, count].map((fieldName) => ({ type: 'fieldAccess', fieldName }))
  return {
    aggregations: [
      filtered({ type: 'doubleSum', name: sum, fieldName: column }, call.filter),
      notNullCount(count, column, call.filter),
    ],
    posts: [{ type: 'arithmetic', name, fn: 'quotient', fields }],
  }
}

function plain(name: string, call: AggregateCall, making: Making): Json | undefined {
  // Time is never null.
  if (call.name === 'COUNT' && (call.argument === undefined || call.argument === '"__time"'))
    return filtered({ type: 'count', name }, call.filter)
  const fieldName = columnOf(call, making)
  if (call.name === 'COUNT') return notNullCount(name, fieldName, call.filter)
  const type = making.types.get(call.argument ?? '') ?? 'STRING'
  const verb = VERBS[call.name]
  if (verb === undefined) return undefined
  const prefix = call.name === 'SUM' && type === 'FLOAT' ? 'double' : type.toLowerCase()
  return filtered({ type: `${prefix}${verb}`, name, fieldName }, call.filter)
}

const VERBS: Readonly<Record<string, string>> = {
  SUM: 'Sum',
  MIN: 'Min',
  MAX: 'Max',
  ANY_VALUE: 'Any',
  EARLIEST: 'First',
  LATEST: 'Last',
}

function cardinality(name: string, call: AggregateCall, making: Making): Json {
  const dimension = columnOf(call, making)
  const outputType = making.types.get(call.argument ?? '') ?? 'STRING'
  const fields = [{ type: 'default', dimension, outputName: dimension, outputType }]
  return filtered({ type: 'cardinality', name, fields, byRow: false, round: true }, call.filter)
}

/** A column as a double is the column: aggregators of doubles read any number. */
function columnOf({ argument = '' }: AggregateCall, { names }: Making): string {
  const [, column] = /^CAST\(("[^"]*") AS DOUBLE\)$/.exec(argument) ?? []
  return names.columnFor(argument, unwrapped(column ?? argument))
}

function notNullCount(name: string, column: string, filter: string | undefined): Json {
  const notNull = { type: 'not', field: { type: 'null', column } }
  if (filter === undefined) return filteredBy({ type: 'count', name }, notNull)
  const given = conditionFilter(filter)
  const fields = given['type'] === 'and' ? (given['fields'] as readonly Json[]) : [given]
  return filteredBy({ type: 'count', name }, { type: 'and', fields: [notNull, ...fields] })
}

function filtered(aggregator: Json, filter: string | undefined): Json {
  return filter === undefined ? aggregator : filteredBy(aggregator, conditionFilter(filter))
}

function filteredBy(aggregator: Json, filter: Json): Json {
  return { type: 'filtered', aggregator, filter, name: aggregator['name'] }
}
