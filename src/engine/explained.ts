// What Druid's own plan says that a statement reads: from the row of EXPLAIN PLAN FOR (33.0.0).
import { type Interval } from '../plan/facts.ts'
import { intervalsOf } from '../plan/native.ts'
import { tableUnderPolicy } from '../plan/row-policy.ts'
import { isJson, type Json } from '../plan/json.ts'

export interface Explained {
  /** Datasources of RESOURCES, sorted; undefined when RESOURCES names anything that is no datasource. */
  readonly tables: readonly string[] | undefined
  /** Datasources that the native queries read. */
  readonly planTables: readonly string[]
  readonly readsLookup: boolean
  /** A row policy stands over a table that is read. */
  readonly restricted: boolean
  /** The native plan holds something whose reads are not known here. */
  readonly opaque: boolean
  /** Intervals of the one native query that reads a datasource; undefined when there are several or none. */
  readonly intervals: readonly Interval[] | undefined
}

/** Data sources whose reads are plain to see. Anything else (external, frame, from extensions) is opaque. */
const CONTAINERS = new Set(['query', 'join', 'union', 'unnest', 'filter', 'inline'])
const LOOKUP_CALL = /\blookup\s*\(/i

/** The facts in a row `[PLAN, RESOURCES, ATTRIBUTES]`; undefined when PLAN is no list of native queries. */
export function readExplained(row: readonly unknown[]): Explained | undefined {
  const [plan, resources] = row
  const queries = jsonList(plan)
  const named = jsonList(resources)
  if (queries === undefined || named === undefined) return undefined
  const found: Found = {
    tables: new Set(),
    intervals: [],
    readsLookup: false,
    restricted: false,
    opaque: false,
  }
  for (const entry of queries) walkQuery((entry as Json)['query'], found)
  return {
    tables: tablesOf(named),
    planTables: [...found.tables].toSorted(),
    readsLookup:
      found.readsLookup || LOOKUP_CALL.test(String(plan)) || String(plan).includes('"registeredLookup"'),
    restricted: found.restricted,
    opaque: found.opaque,
    intervals: found.intervals.length === 1 ? found.intervals[0] : undefined,
  }
}

interface Found {
  readonly tables: Set<string>
  readonly intervals: (readonly Interval[])[]
  readsLookup: boolean
  restricted: boolean
  opaque: boolean
}

function walkQuery(query: unknown, found: Found): void {
  if (!isJson(query)) {
    found.opaque = true
    return
  }
  const source = query['dataSource']
  if (tableUnderPolicy(source) !== undefined) found.intervals.push(intervalsOf(query['intervals']) ?? [])
  walkSource(source, found)
}

function walkSource(source: unknown, found: Found): void {
  if (typeof source === 'string') found.tables.add(source)
  else if (!isJson(source)) found.opaque = true
  else if (source['type'] === 'table') found.tables.add(String(source['name']))
  else if (source['type'] === 'restrict') walkRestricted(source, found)
  else if (source['type'] === 'lookup') found.readsLookup = true
  else if (source['type'] === 'query') walkQuery(source['query'], found)
  else if (!CONTAINERS.has(String(source['type']))) found.opaque = true
  else walkParts(source, found)
}

function walkRestricted(source: Json, found: Found): void {
  const restricted = tableUnderPolicy(source)
  if (restricted === undefined) {
    found.opaque = true
    return
  }
  found.tables.add(restricted.table)
  if (restricted.policy !== '') found.restricted = true
}

function walkParts(source: Json, found: Found): void {
  for (const name of ['left', 'right', 'base']) if (name in source) walkSource(source[name], found)
  const sources = source['dataSources']
  if (Array.isArray(sources)) for (const one of sources) walkSource(one, found)
}

function tablesOf(named: readonly unknown[]): readonly string[] | undefined {
  const pairs = named.map((one) => (isJson(one) ? [one['type'], one['name']] : []))
  if (!pairs.every(([type, name]) => type === 'DATASOURCE' && typeof name === 'string')) return undefined
  return [...new Set(pairs.map(([, name]) => String(name)))].toSorted()
}

function jsonList(text: unknown): readonly unknown[] | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
