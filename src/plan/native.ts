// Druid's own plan of a grouped aggregate, in a form in which two plans can be compared: names that Druid numbers are
// replaced by what they stand for. Read from the PLAN of EXPLAIN PLAN FOR (33.0.0).
import { FIRST_MS, LAST_MS } from '../time/all-time.ts'
import { readInstant } from '../time/instant-text.ts'
import { type Interval } from './facts.ts'
import { type NativeOrderKey, orderKeys } from './native-order.ts'
import { NativeTexts, resolvedExpression } from './native-text.ts'
import { type TableUnderPolicy, tableUnderPolicy } from './row-policy.ts'
import { isJson, type Json } from './json.ts'

export type NativeQueryType = 'timeseries' | 'topN' | 'groupBy'

export interface NativePlan {
  readonly queryType: NativeQueryType
  readonly table: string
  /** What restricts the rows that are read; '' where nothing does. */
  readonly policy: string
  readonly intervals: readonly Interval[]
  readonly filter: string
  /** What it groups by, the time bucket included. */
  readonly dimensions: readonly string[]
  readonly aggregations: readonly string[]
  readonly having: string
  /** What each column of the result is, in order. */
  readonly columns: readonly string[]
  /** The order of its rows; undefined where it isn't known. Ties go by `groups`, ascending, nulls first. */
  readonly order: readonly NativeOrderKey[] | undefined
  /** `dimensions` in the order in which groups come by themselves. */
  readonly groups: readonly string[]
}

const QUERY_TYPES: readonly string[] = ['timeseries', 'topN', 'groupBy'] satisfies NativeQueryType[]
/** Parts of a query that are known here; any other makes the plan unknown. `context` and what orders are of no matter. */
const KNOWN = new Set([
  'queryType',
  'dataSource',
  'intervals',
  'filter',
  'granularity',
  'virtualColumns',
  'dimensions',
  'dimension',
  'metric',
  'threshold',
  'aggregations',
  'postAggregations',
  'having',
  'limitSpec',
  'descending',
  'limit',
  'context',
])

/** The plan in a PLAN text; undefined for one of several queries, of another kind, or with parts that aren't known. */
export function readNativePlan(plan: string): NativePlan | undefined {
  let queries: unknown
  try {
    queries = JSON.parse(plan)
  } catch {
    return undefined
  }
  const [only, ...more] = Array.isArray(queries) ? (queries as Json[]) : []
  const query = only?.['query']
  if (more.length > 0 || !isJson(query) || !Object.keys(query).every((key) => KNOWN.has(key)))
    return undefined
  const { queryType, dataSource } = query
  const source = tableUnderPolicy(dataSource)
  if (!QUERY_TYPES.includes(String(queryType)) || source === undefined) return undefined
  return new Plan(query, listOf(only?.['columnMappings'])).read(queryType as NativeQueryType, source)
}

class Plan {
  readonly #query: Json
  readonly #mappings: readonly Json[]
  readonly #texts: NativeTexts
  /** What the names of dimensions, aggregations and post-aggregations stand for. */
  readonly #names = new Map<string, string>()

  constructor(query: Json, mappings: readonly Json[]) {
    this.#query = query
    this.#mappings = mappings
    this.#texts = new NativeTexts(listOf(query['virtualColumns']))
  }

  read(queryType: NativeQueryType, { table, policy }: TableUnderPolicy): NativePlan | undefined {
    const query = this.#query
    const intervals = intervalsOf(query['intervals'])
    const dimensions = this.#dimensions(queryType)
    if (intervals === undefined || dimensions === undefined) return undefined
    const aggregations = listOf(query['aggregations']).map((one) => this.#name(one['name'], this.#text(one)))
    for (const one of listOf(query['postAggregations'])) this.#name(one['name'], this.#post(one))
    const plan = {
      queryType,
      table,
      policy,
      intervals,
      filter: query['filter'] === undefined ? '' : this.#text(query['filter']),
      dimensions: dimensions.toSorted(),
      aggregations: [...new Set(aggregations)].toSorted(),
      having: query['having'] === undefined ? '' : this.#resolved(this.#text(query['having'])),
      columns: this.#mappings.map(
        ({ queryColumn }) => this.#names.get(String(queryColumn)) ?? `? ${String(queryColumn)}`,
      ),
      order: orderKeys(query, dimensions, (name) => this.#names.get(String(name))),
      groups: this.#natural(dimensions),
    }
    return this.#texts.isWhole ? plan : undefined
  }

  /**
   * Where Druid computes a time bucket between dimensions as a granularity, which its context alone tells, groups come by
   * time first, whatever ORDER BY says of them; behind the others it is sorted as the last (`GroupingEngine`, 33.0.0).
   */
  #natural(dimensions: readonly string[]): readonly string[] {
    const { context } = this.#query
    const name = isJson(context) ? context['timestampResultField'] : undefined
    const bucket = this.#query['queryType'] === 'groupBy' ? this.#names.get(String(name)) : undefined
    const at = bucket === undefined ? -1 : dimensions.indexOf(bucket)
    if (bucket === undefined || at <= 0 || at === dimensions.length - 1) return dimensions
    return [bucket, ...dimensions.filter((_, index) => index !== at)]
  }

  #dimensions(queryType: NativeQueryType): readonly string[] | undefined {
    const { granularity, context, dimension, dimensions } = this.#query
    const bucket = granularityText(granularity)
    if (bucket === undefined) return undefined
    if (queryType === 'timeseries') {
      const name = isJson(context) ? context['timestampResultField'] : undefined
      return bucket === '' ? [] : [this.#name(name, bucket)]
    }
    if (bucket !== '') return undefined
    const given =
      queryType === 'topN' ? [dimension] : Array.isArray(dimensions) ? (dimensions as unknown[]) : []
    return given.map((one) => this.#name(isJson(one) ? one['outputName'] : one, this.#dimension(one)))
  }

  #dimension(given: unknown): string {
    if (!isJson(given) || given['type'] !== 'default') return this.#text(given)
    const column = String(given['dimension'])
    return this.#texts.column(column) ?? `${column} ${String(given['outputType'])}`
  }

  #name(name: unknown, text: string): string {
    this.#names.set(String(name), text)
    return text
  }

  #post(one: Json): string {
    if (one['type'] !== 'expression') return this.#resolved(this.#text(one))
    const expression = resolvedExpression(String(one['expression']), (name) => this.#names.get(name))
    return `${expression} ${String(one['outputType'])}`
  }

  /** Names of columns in a text of JSON, as in `"fieldName":"a0"`, replaced by what they stand for. */
  #resolved(text: string): string {
    return text.replaceAll(
      /"(fieldName|column|dimension|metric)":"((?:[^"\\]|\\.)*)"/g,
      (whole, key: string, name: string) => {
        const known = this.#names.get(name)
        return known === undefined ? whole : `"${key}":{${known}}`
      },
    )
  }

  #text(value: unknown): string {
    return this.#texts.text(value)
  }
}

/** Granularities that have names (`GranularityType`, 33.0.0), as the periods that they are. */
const NAMED: Readonly<Record<string, string>> = {
  SECOND: 'PT1S',
  MINUTE: 'PT1M',
  FIVE_MINUTE: 'PT5M',
  TEN_MINUTE: 'PT10M',
  FIFTEEN_MINUTE: 'PT15M',
  THIRTY_MINUTE: 'PT30M',
  HOUR: 'PT1H',
  SIX_HOUR: 'PT6H',
  EIGHT_HOUR: 'PT8H',
  DAY: 'P1D',
  WEEK: 'P1W',
  MONTH: 'P1M',
  QUARTER: 'P3M',
  YEAR: 'P1Y',
}

/** The bucket as the expression that a groupBy has for it; '' for all of time; undefined for what isn't known. */
function granularityText(granularity: unknown): string | undefined {
  if (typeof granularity === 'string') {
    const period = NAMED[granularity.toUpperCase()]
    return period === undefined ? undefined : floorText(period, undefined, 'UTC')
  }
  if (!isJson(granularity)) return undefined
  if (granularity['type'] === 'all') return ''
  const { period, origin, timeZone } = granularity
  if (granularity['type'] !== 'period' || typeof period !== 'string') return undefined
  const originMs = typeof origin === 'string' ? Date.parse(origin) : undefined
  return floorText(period, originMs, typeof timeZone === 'string' ? timeZone : 'UTC')
}

/** `TIME_FLOOR(__time, …)` as Druid writes it in a native expression, with the type of its value. */
export function floorText(
  period: string,
  originMs: number | undefined,
  zone: string,
  of = '"__time"',
): string {
  return `timestamp_floor(${of},'${period}',${originMs ?? 'null'},'${zone}') LONG`
}

/** The intervals of a native query; undefined for what isn't a list of texts. */
export function intervalsOf(value: unknown): readonly Interval[] | undefined {
  const list: unknown = isJson(value) ? value['intervals'] : value
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string')) return undefined
  return list.map((text) => {
    const [start = '', end = ''] = text.split('/')
    return { startMs: instant(start, FIRST_MS), endMs: instant(end, LAST_MS) }
  })
}

function instant(text: string, open: number): number {
  const ms = Number(readInstant(text) ?? open)
  return Math.max(FIRST_MS, Math.min(LAST_MS, ms))
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isJson) : []
}
