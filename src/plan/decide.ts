// Facts, query and settings in, plan out. No I/O, no clock: tested with a table of cases.
import { createHash } from 'node:crypto'
import { FIRST_MS, LAST_MS } from '../time/all-time.ts'
import { type Analysis, type Facts, type NowUse } from './facts.ts'
import { decideParts, type PartsDecision } from './parts.ts'
import { type Plan, type WholePlan } from './plan.ts'
import { contextText, type IdentityScope, type Query, type WholeKey } from './query.ts'
import { type Reason } from './reasons.ts'
import { isRelative, windowOf } from './window.ts'

/** What the operator declared of datasources, as it is in force now. */
export interface DatasourceRules {
  accelerated(datasource: string): boolean
  shared(datasource: string): boolean
  allows(kind: 'series' | 'merge', datasource: string): boolean
  /** The group of Brokers for statements that name none; undefined: the default. */
  service(tables: readonly string[]): string | undefined
  /** Nothing that was kept or is computed under one stamp is given under another; empty without live settings. */
  stamp(tables: readonly string[]): string
}

export interface Circumstances {
  readonly identity: IdentityScope
  readonly rules: DatasourceRules
  /** Whether the Brokers know SET statements (Druid 34 and newer). */
  readonly knowsSet: boolean
  /** Whether there is a group of Brokers of this name: a Router takes no notice of one that it doesn't know. */
  readonly knowsService: (name: string) => boolean
  /** csv can't be written from the kept form when arrays stay arrays. */
  readonly wantsCsv: boolean
}

const TEXT = /^"/
const TIME = /^"?\d{1,15}"?$/
const INTEGER = /^"?-?\d{1,9}"?$/
const BOOLEAN = /^"?(?:true|false)"?$/i

/**
 * Context keys that can't change a successful answer: ids, limits of time, scheduling, Druid's own caches; and the JSON
 * texts of them that Druid doesn't refuse (33.0.0).
 */
const NOT_IN_KEY: ReadonlyMap<string, RegExp> = new Map([
  ['queryId', TEXT],
  ['sqlQueryId', /^(?:"|null$)/],
  ['timeout', TIME],
  ['defaultTimeout', TIME],
  ['perSegmentTimeout', TIME],
  ['priority', INTEGER],
  ['lane', TEXT],
  ['useCache', BOOLEAN],
  ['populateCache', BOOLEAN],
  ['useResultLevelCache', BOOLEAN],
  ['populateResultLevelCache', BOOLEAN],
])

/** Context keys under which an answer may be partial, or isn't made by the native engine, or carries errors as rows. */
const PASS_KEYS = [
  'engine',
  'bySegment',
  'returnPartialResults',
  'uncoveredIntervalsLimit',
  'writeExceptionBodyAsResponseRow',
  'executionMode',
  'queryResourceId',
  'dartQueryId',
]

const NOW_UNUSED: NowUse = { kind: 'none' }

/** The best safe plan for a query, and why it is not a better one. */
export function decide(analysis: Analysis, query: Query, circumstances: Circumstances): Plan {
  if (analysis.kind === 'unknown') return { kind: 'pass', reason: analysis.reason }
  const reason = passReason(analysis.facts, query, circumstances)
  if (reason !== undefined) return { kind: 'pass', reason }
  const { facts } = analysis
  const effective = withOptions(query, facts)
  const { rules } = circumstances
  const shared = facts.tables.every((table) => rules.shared(table))
  const pinned = contextText(effective, 'sqlCurrentTimestamp') !== undefined
  const scope = scopeText(shared ? undefined : circumstances.identity, rules.stamp(facts.tables))
  const plan: Plan = {
    kind: 'whole',
    key: wholeKey(effective, facts, scope),
    service: serviceOf(contextText(effective, 'brokerService'), facts.tables, circumstances),
    tables: facts.tables,
    lookups: facts.lookups,
    now: pinned ? NOW_UNUSED : facts.now,
    form: digest([facts.form, ...contextParts(effective)]),
    bounds: boundsAt(facts, effective),
    shared,
    ...allowed(
      rules,
      facts.tables,
      decideParts(facts, effective, (texts) =>
        digest(['1', scope, ...texts, ...extraParts(effective), ...contextParts(effective, NOT_IN_SHAPE)]),
      ),
    ),
  }
  return Object.freeze(plan)
}

/** The group of Brokers that a query names, else that of its tables; undefined where it isn't known, as for a Router. */
export function serviceOf(
  named: string | undefined,
  tables: readonly string[],
  { rules, knowsService }: Pick<Circumstances, 'rules' | 'knowsService'>,
): string | undefined {
  const own = named !== undefined && knowsService(named) ? named : rules.service(tables)
  return own !== undefined && knowsService(own) ? own : undefined
}

function allowed(rules: DatasourceRules, tables: readonly string[], decision: PartsDecision): PartsDecision {
  const { parts } = decision
  if (parts === undefined || tables.every((table) => rules.allows(parts.kind, table))) return decision
  return { parts: undefined, reasons: ['switched-off'] }
}

/** More intervals than this are not looked at one by one. */
const INTERVALS_MAX = 16

/** Bounds that are the same at every moment, and how they are written. */
function boundsAt({ bounds }: Facts, { parameters }: Query): WholePlan['bounds'] {
  if (bounds === undefined || isRelative(bounds.time)) return undefined
  const intervals = windowOf(bounds, { nowMs: Number.NaN, parameters })
  if (intervals === undefined || intervals.length > INTERVALS_MAX) return undefined
  const [first] = intervals
  if (first?.startMs === FIRST_MS && first.endMs === LAST_MS) return undefined
  // Values of parameters stand for literals: those of another type or form may be read in another way.
  return { intervals, form: digest([bounds.form, parameters.replaceAll(/\d/g, '0')]) }
}

function passReason(facts: Facts, query: Query, circumstances: Circumstances): Reason | undefined {
  if (facts.kind === 'explain') return 'explain'
  if (facts.kind === 'dml') return 'dml'
  if (facts.kind === 'other') return 'not-a-select'
  if (facts.options.length > 0 && !circumstances.knowsSet) return 'set-statement'
  if (facts.systemTables) return 'system-table'
  if (facts.external) return 'external-data'
  if (facts.tables.length === 0) return 'no-table'
  if (facts.volatile.length > 0) return 'volatile-function'
  const effective = withOptions(query, facts)
  if (mayNotUseCache(effective)) return 'client-bypass'
  if (PASS_KEYS.some((name) => effective.context.has(name)) || hasOddValue(effective)) return 'context-key'
  if (circumstances.wantsCsv && effective.context.has('sqlStringifyArrays')) return 'result-format'
  return facts.tables.every((table) => circumstances.rules.accelerated(table)) ? undefined : 'switched-off'
}

/** Druid reads every text but "true" as false (`QueryContexts.getAsBoolean`, 33.0.0). */
function mayNotUseCache(query: Query): boolean {
  return query.context.has('useCache') && contextText(query, 'useCache')?.toLowerCase() !== 'true'
}

// What Druid refuses must not find an answer under the key of what it takes.
function hasOddValue({ context }: Query): boolean {
  return [...context].some(([name, token]) => NOT_IN_KEY.get(name)?.test(token) === false)
}

/** SET beats the context (druid-docs, sql.md "SET statements", 34 and newer). */
export function withOptions(query: Query, facts: Facts): Query {
  if (facts.options.length === 0) return query
  const context = new Map(query.context)
  for (const { name, literal } of facts.options) context.set(name, literal)
  return { ...query, context }
}

/** Bounds are read against this moment, and nothing else of a statement that has a shape depends on it. */
const NOT_IN_SHAPE = new Set(['sqlCurrentTimestamp'])
const NOTHING: ReadonlySet<string> = new Set()

function contextParts(query: Query, without = NOTHING): string[] {
  return [...query.context]
    .filter(([name]) => !NOT_IN_KEY.has(name) && !without.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flat()
}

function scopeText(identity: IdentityScope | undefined, stamp: string): string {
  const scope = identity === undefined ? 'shared' : `identity ${identity}`
  return stamp === '' ? scope : `${scope} ${stamp}`
}

function extraParts({ extras }: Query): string[] {
  return [`${extras.size}`, ...[...extras].flat()]
}

function wholeKey(query: Query, facts: Facts, scope: string): WholeKey {
  return digest([
    '1',
    scope,
    facts.canonical,
    query.parameters,
    ...extraParts(query),
    ...contextParts(query),
  ]) as WholeKey
}

/** Each part goes in with its length, so that no two lists of parts make the same text. */
function digest(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('base64url')
}
