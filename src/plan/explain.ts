// A plan and what led to it, for people and scripts: `ovate explain` and `/ovate/explain`.
import { ETERNITY_END, ETERNITY_START, instantText, intervalText } from '../time/instant-text.ts'
import { withOptions } from './decide.ts'
import { type Analysis, type Facts, type Interval } from './facts.ts'
import { type Bucket, type Stretch } from './grouped.ts'
import { pinnedNowMsOf } from './parts.ts'
import { type Parts, type Plan } from './plan.ts'
import { type Query } from './query.ts'
import { type Reason } from './reasons.ts'
import { isRelative, windowOf } from './window.ts'

export interface Explanation {
  /** `series` and `merge` once the statement is asked again, and Druid's own plan agrees; till then `whole`. */
  readonly plan: Plan['kind'] | Parts['kind']
  /** Why the plan is not a better one. */
  readonly reasons: readonly Reason[]
  /** Datasources that the statement reads; undefined when it isn't understood. */
  readonly tables?: readonly string[]
  readonly lookups?: readonly string[]
  /** ISO intervals of `__time` that the text asks for at this moment; undefined where that isn't known. */
  readonly window?: readonly string[]
  /** Whether the answer depends on the moment, and how far back its nearest relative bound lies, ms. */
  readonly now?: { readonly nearestMs: number | null }
  /** Of a series: the calendar buckets of the answer. */
  readonly bucket?: { readonly period: string; readonly zone: string; readonly origin?: string }
  /** Of a grouped aggregate, in the statement's own words. */
  readonly groups?: { readonly by: readonly string[]; readonly aggregates: readonly string[] }
  /** Equal for statements that can share parts; else for those that differ in their literals only. */
  readonly shape?: string
  /** Of a series or a merge: what is held of it, and what would be asked of Druid. */
  readonly parts?: ExplainedParts
}

interface ExplainedParts {
  /** `agreed`: the next answer is put together from parts; else why it isn't yet. */
  readonly state: string
  readonly why?: string
  readonly buckets?: { readonly held: number; readonly of: number; readonly period: string }
  readonly edges?: number
  /** `ranges`: ISO intervals. */
  readonly upstream?: { readonly ranges: readonly string[]; readonly sql: string }
}

/** What is known of a statement and what would be done for it at a moment, ready for JSON. */
export function explainPlan(analysis: Analysis, plan: Plan, query: Query, nowMs: number): Explanation {
  const reasons = plan.kind === 'pass' ? [plan.reason] : plan.reasons
  const parts = plan.kind === 'pass' ? undefined : plan.parts
  if (analysis.kind === 'unknown') return { plan: plan.kind, reasons }
  const { facts } = analysis
  const window = windowAt(facts, withOptions(query, facts), nowMs)
  return {
    plan: parts?.kind ?? plan.kind,
    reasons,
    tables: facts.tables,
    ...(facts.lookups.length > 0 && { lookups: facts.lookups }),
    ...(window !== undefined && { window: window.map(intervalText) }),
    ...(facts.now.kind === 'used' && { now: { nearestMs: nearest(facts) } }),
    ...(parts?.grouped.bucket !== undefined && { bucket: bucketOf(parts.grouped.bucket) }),
    ...(parts !== undefined && { groups: groupsOf(parts, query.sql) }),
    ...(plan.kind === 'whole' && { shape: parts?.shape ?? plan.form }),
  }
}

function windowAt({ bounds }: Facts, query: Query, nowMs: number): readonly Interval[] | undefined {
  const moment = { nowMs: pinnedNowMsOf(query) ?? nowMs, parameters: query.parameters }
  const isKnown = bounds !== undefined && !(Number.isNaN(moment.nowMs) && isRelative(bounds.time))
  return isKnown ? windowOf(bounds, moment) : undefined
}

function groupsOf({ grouped }: Parts, sql: string): NonNullable<Explanation['groups']> {
  const words = ({ text: { from, to } }: { readonly text: Stretch }): string => sql.slice(from, to)
  return { by: grouped.dimensions.map(words), aggregates: grouped.aggregates.map(words) }
}

function bucketOf({ grid: { period, originMs, zone } }: Bucket): NonNullable<Explanation['bucket']> {
  return { period, zone, ...(originMs !== undefined && { origin: instantText(originMs) }) }
}

function nearest({ now }: Facts): number | null {
  if (now.kind === 'none' || now.distancesMs === null) return null
  return now.distancesMs.length === 0 ? 0 : Math.min(...now.distancesMs)
}

/** The same in lines of words. */
export function explanationText(explanation: Explanation): string {
  const { plan, reasons, tables, lookups, window, now, bucket, groups, parts } = explanation
  const lines = [
    `plan      ${plan} (${PLAN_WORDS[plan]})`,
    ...reasons.map((reason) => `reason    ${reason}: see docs/reasons.md`),
    ...(tables === undefined ? [] : [`reads     ${tables.join(', ') || 'no datasource'}`]),
    ...(lookups === undefined ? [] : [`lookups   ${lookups.join(', ')}`]),
    ...(bucket === undefined ? [] : [`bucket    ${bucket.period} in ${bucket.zone}`]),
    ...(groups === undefined || groups.by.length === 0 ? [] : [`groups    by ${groups.by.join(', ')}`]),
    ...(groups === undefined || groups.aggregates.length === 0
      ? []
      : [`measures  ${groups.aggregates.join(', ')}`]),
    ...(window === undefined ? [] : [`window    ${window.map(windowWords).join(', ') || 'empty'}`]),
    ...(now === undefined ? [] : [`now       ${nowWords(now.nearestMs)}`]),
    ...(parts === undefined ? [] : partsLines(parts)),
  ]
  return lines.join('\n')
}

function partsLines({ state, why, buckets, edges = 0, upstream }: ExplainedParts): readonly string[] {
  const reason = why === undefined ? '' : `: ${why}`
  const edgeWords = edges === 1 ? 'an edge' : `${edges} edges`
  return [
    `parts     ${STATE_WORDS[state] ?? state}${reason}`,
    ...(buckets === undefined
      ? []
      : [
          `held      ${buckets.held} of ${buckets.of} buckets of ${buckets.period}, beside ${edgeWords} of the window`,
        ]),
    ...(upstream === undefined
      ? []
      : [
          `upstream  ${upstream.ranges.join(', ')}`,
          ...upstream.sql.split('\n').map((line) => `          ${line}`),
        ]),
  ]
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  agreed: "Druid's plan agrees: the next answer is put together from parts",
  'never-asked': 'not asked before: the first answer is computed whole',
  'falls-back': 'computed whole for a while',
  'no-clock': "the Brokers' clock is not known well enough",
  'not-agreed': "Druid's plan does not agree, or is not known yet",
}

const PLAN_WORDS: Record<Explanation['plan'], string> = {
  pass: 'sent on to Druid as it is, nothing kept',
  whole: 'the whole answer is kept while the timeline of what it read stays as it was',
  series: 'put together from time buckets: what is missing is fetched, each is kept while its segments stay',
  merge: 'put together from aggregates over hidden time buckets, each kept while its segments stay',
}

function windowWords(interval: string): string {
  const [start = '', end = ''] = interval.split('/')
  const from = start === ETERNITY_START ? '' : `from ${start} `
  const to = end === ETERNITY_END ? 'to the end of the data' : `to ${end}`
  return start === ETERNITY_START && end === ETERNITY_END ? 'all of time' : `${from}${to}`
}

function nowWords(nearestMs: number | null): string {
  if (nearestMs === null) return 'used in a way that is not understood: never shared over time'
  return nearestMs === 0
    ? 'the answer depends on the moment'
    : `relative bounds, the nearest ${nearestMs} ms from now`
}
