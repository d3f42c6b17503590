// Facts, query and settings in, plan out. No I/O, no clock: tested with a table of cases.
import { createHash } from 'node:crypto'
import { type Analysis, type Facts, type NowUse } from './facts.ts'
import { decideParts } from './parts.ts'
import { type Plan } from './plan.ts'
import { contextIsFalse, contextText, type IdentityScope, type Query, type WholeKey } from './query.ts'
import { type Reason } from './reasons.ts'

/** What the operator declared of datasources. */
export interface DatasourceRules {
  accelerated(datasource: string): boolean
  shared(datasource: string): boolean
}

export interface Circumstances {
  readonly identity: IdentityScope
  readonly rules: DatasourceRules
  /** Whether the Brokers know SET statements (Druid 34 and newer). */
  readonly knowsSet: boolean
  /** csv can't be written from the kept form when arrays stay arrays. */
  readonly wantsCsv: boolean
}

/** Context keys that can't change a successful answer: ids, limits of time, scheduling, Druid's own caches. */
const NOT_IN_KEY = new Set([
  'queryId',
  'sqlQueryId',
  'timeout',
  'defaultTimeout',
  'perSegmentTimeout',
  'priority',
  'lane',
  'useCache',
  'populateCache',
  'useResultLevelCache',
  'populateResultLevelCache',
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
  const service = contextText(effective, 'brokerService')
  const shared = facts.tables.every((table) => circumstances.rules.shared(table))
  const pinned = contextText(effective, 'sqlCurrentTimestamp') !== undefined
  const scope = scopeText(shared ? undefined : circumstances.identity)
  const plan: Plan = {
    kind: 'whole',
    key: wholeKey(effective, facts, scope),
    service,
    tables: facts.tables,
    lookups: facts.lookups,
    now: pinned ? NOW_UNUSED : facts.now,
    form: digest([facts.form, ...contextParts(effective)]),
    bounds: facts.bounds,
    shared,
    ...decideParts(facts, effective, (texts) =>
      digest(['1', scope, ...texts, ...extraParts(effective), ...contextParts(effective)]),
    ),
  }
  return Object.freeze(plan)
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
  if (contextIsFalse(effective, 'useCache')) return 'client-bypass'
  if (PASS_KEYS.some((name) => effective.context.has(name))) return 'context-key'
  if (circumstances.wantsCsv && effective.context.has('sqlStringifyArrays')) return 'result-format'
  return facts.tables.every((table) => circumstances.rules.accelerated(table)) ? undefined : 'switched-off'
}

/** SET beats the context (druid-docs, sql.md "SET statements", 34 and newer). */
function withOptions(query: Query, facts: Facts): Query {
  if (facts.options.length === 0) return query
  const context = new Map(query.context)
  for (const { name, literal } of facts.options) context.set(name, literal)
  return { ...query, context }
}

function contextParts(query: Query): string[] {
  return [...query.context]
    .filter(([name]) => !NOT_IN_KEY.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flat()
}

function scopeText(identity: IdentityScope | undefined): string {
  return identity === undefined ? 'shared' : `identity ${identity}`
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
