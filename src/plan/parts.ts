// Whether the answer to a statement can be put together from parts, and under which key they are shared. Pure.
import { granularity } from '../time/granularity.ts'
import { zoneOf } from '../time/zone.ts'
import { type Facts } from './facts.ts'
import { type Formula, type Grouped } from './grouped.ts'
import { havingWith } from './having.ts'
import { jsonElements } from './json-elements.ts'
import { type Parts } from './plan.ts'
import { contextText, type Query, type ShapeKey } from './query.ts'
import { type Reason } from './reasons.ts'

export interface PartsDecision {
  readonly parts: Parts | undefined
  readonly reasons: readonly Reason[]
}

/** `keyOf` makes a key of the texts that tell one shape from another, the context and the scope in it. */
export function decideParts(
  { grouped: read, lookups, options }: Facts,
  query: Query,
  keyOf: (texts: readonly string[]) => string,
): PartsDecision {
  if (typeof read === 'string') return { parts: undefined, reasons: [read] }
  const pinnedNowMs = pinnedNowMsOf(query)
  const outerLimit = outerLimitOf(query)
  // What fetches parts is asked without it, but a SET stands in the text.
  const isSet = options.some(({ name }) => name === OUTER_LIMIT)
  if (Number.isNaN(pinnedNowMs) || outerLimit === undefined || isSet || !isPlain(query))
    return { parts: undefined, reasons: ['context-key'] }
  const having = havingWith(read, query.parameters)
  const grouped = having === read.having ? read : { ...read, having }
  const { beside: parameters, bounds } = dividedParameters(query.parameters, grouped.timeParameters)
  const reason = lookups.length > 0 ? 'lookup' : whyNot(grouped)
  if (reason !== undefined) return { parts: undefined, reasons: [reason] }
  const kind = grouped.bucket === undefined ? 'merge' : 'series'
  const hidden = grouped.order.filter(({ column }) => column === undefined)
  const shape = keyOf([
    kind,
    grouped.shape,
    // What is ordered by and not selected is fetched, too.
    ...hidden.map(({ spelling }) => spelling),
    parameters,
  ]) as ShapeKey
  const timeForm = `${grouped.timeForm} ${bounds.replaceAll(/\d/g, '0')}`
  // What Druid makes an interval of is in no filter of its plan: by that alone, statements that read other rows were kin.
  const { unreadTime } = grouped
  const family = keyOf(unreadTime === '' ? ['family'] : ['family', unreadTime, parameters])
  return {
    parts: { kind, shape, family, grouped, parameters, timeForm, pinnedNowMs, outerLimit },
    reasons: [],
  }
}

const PINNED = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/

/**
 * The moment that a query's own context gives as now, ms; NaN for what Druid refuses, or reads in a way that isn't known
 * here. What has no offset is UTC (Joda's `DateTime`, 33.0.0).
 */
export function pinnedNowMsOf(query: Query): number | undefined {
  const text = contextText(query, 'sqlCurrentTimestamp')
  if (text === undefined) return undefined
  const [, date = '', time = '00:00:00', fraction = '', offset = 'Z'] = PINNED.exec(text) ?? []
  const local = `${date}T${time}.${fraction.padEnd(3, '0')}`
  const ms = Date.parse(`${local}Z`)
  const exists = !Number.isNaN(ms) && new Date(ms).toISOString() === `${local}Z`
  return exists ? Date.parse(`${local}${offset}`) : Number.NaN
}

const OUTER_LIMIT = 'sqlOuterLimit'

/** A limit round the whole statement, as the web console sets it; undefined for one that Druid may read in another way. */
function outerLimitOf(query: Query): number | undefined {
  const text = contextText(query, OUTER_LIMIT)
  if (text === undefined) return Number.POSITIVE_INFINITY
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

function isPlain(query: Query): boolean {
  return [...query.context.keys()].every(
    // SQL says so itself.
    (name) => !CUTTING.has(name) || (name === 'skipEmptyBuckets' && contextText(query, name) === 'true'),
  )
}

/**
 * Context keys by which Druid cuts groups, limits, buckets or segments otherwise, or finalizes or writes them otherwise
 * (33.0.0): the parts of such an answer need not be parts of that answer, and it stays whole.
 */
const CUTTING = new Set([
  'minTopNThreshold',
  'useLexicographicTopN',
  'forceLimitPushDown',
  'applyLimitPushDown',
  'applyLimitPushDownToSegment',
  'skipEmptyBuckets',
  'grandTotal',
  'sortByDimsFirst',
  'groupByEnableMultiValueUnnesting',
  'groupByStrategy',
  'resultAsArray',
  'timestampResultField',
  'timestampResultFieldGranularity',
  'timestampResultFieldInOriginalDimensions',
  'sqlFinalizeOuterSketches',
  'finalize',
  'finalizeAggregations',
  'includeSegmentSource',
  'realtimeSegmentsOnly',
  'realtimeSegmentsMode',
  'skipIncrementalSegment',
  'cloneQueryMode',
  'serializeDateTimeAsLong',
  'serializeDateTimeAsLongInner',
  'plannerStrategy',
  'extendedFilteredSumRewrite',
  'maxResults',
  'nullHandling',
])

function whyNot(grouped: Grouped): Reason | undefined {
  if (grouped.groupingSets) return 'grouping-sets'
  if (zoneOf(grouped.zone) === undefined) return 'time-zone'
  if (grouped.movesParameters) return 'moved-parameters'
  if (grouped.bucket !== undefined)
    return granularity(grouped.bucket.grid) === undefined ? 'time-zone' : undefined
  return isMergeable(grouped) ? undefined : 'not-mergeable'
}

/** Every column, HAVING and order is a dimension, or arithmetic over aggregates that can be put together. */
function isMergeable({ columns, having, order }: Grouped): boolean {
  const formulas: (Formula | undefined)[] = [
    ...columns.map(({ formula }) => formula),
    ...(having === undefined ? [] : [having.formula]),
    ...order.filter(({ column }) => column === undefined).map(({ formula }) => formula),
  ]
  return formulas.every((formula) => formula !== undefined && !holdsParameter(formula))
}

function holdsParameter(formula: Formula): boolean {
  return formula.kind === 'parameter' || (formula.kind === 'operation' && formula.of.some(holdsParameter))
}

/** The parameters that are no bounds, and those that are, as JSON text. */
function dividedParameters(
  parameters: string,
  indexes: readonly number[],
): { readonly beside: string; readonly bounds: string } {
  if (parameters === '' || indexes.length === 0) return { beside: parameters, bounds: '' }
  const elements = jsonElements(parameters)
  const joined = (areBounds: boolean): string =>
    `[${elements.filter((_, index) => indexes.includes(index) === areBounds).join(',')}]`
  return { beside: joined(false), bounds: joined(true) }
}
