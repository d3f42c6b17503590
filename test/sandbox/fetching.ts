// The text by which Ovate would fetch the parts of a statement's answer.
import { type Interval } from '../../src/plan/facts.ts'
import { type Grouped } from '../../src/plan/grouped.ts'
import { intersected } from '../../src/plan/intervals.ts'
import { windowOf } from '../../src/plan/window.ts'
import { analyse } from '../../src/sql/analyse.ts'
import { mergeText, seriesText } from '../../src/sql/rewrite.ts'
import { type Statement } from './statements.ts'

export interface Fetching {
  readonly text: string
  /** Without those that stand in bounds. */
  readonly parameters: NonNullable<Statement['parameters']>
  readonly grouped: Grouped
  readonly window: readonly Interval[]
  /** What is fetched. */
  readonly ranges: readonly Interval[]
}

export const MERGE_PERIOD = 'PT1H'
/** What has a segment at all: these texts are never made for all of time. */
const DATA: readonly Interval[] = [{ startMs: Date.UTC(2020, 0, 1), endMs: Date.UTC(2030, 0, 1) }]

/** Undefined where an answer can't be put together from parts. */
export function fetchingText(
  { sql, context = {}, parameters = [] }: Statement,
  nowMs: number,
): Fetching | undefined {
  const { sqlTimeZone, sqlCurrentTimestamp, sqlOuterLimit, skipEmptyBuckets } = context
  // Keys by which Druid cuts or fills answers keep them whole.
  if (sqlOuterLimit !== undefined || skipEmptyBuckets !== undefined) return undefined
  const timeZone = typeof sqlTimeZone === 'string' ? sqlTimeZone : undefined
  const analysis = analyse(sql, { timeZone, maxLength: 65_536, maxDepth: 100 })
  const grouped = analysis.kind === 'facts' ? analysis.facts.grouped : undefined
  if (typeof grouped !== 'object' || grouped.groupingSets) return undefined
  const formulas = [...grouped.columns, ...(grouped.having === undefined ? [] : [grouped.having])]
  const isMergeable = formulas.every(({ formula }) => formula !== undefined)
  if (grouped.bucket === undefined && !isMergeable) return undefined
  const moment = {
    nowMs: typeof sqlCurrentTimestamp === 'string' ? Date.parse(sqlCurrentTimestamp) : nowMs,
    parameters: parameters.length === 0 ? '' : JSON.stringify(parameters),
  }
  const window = windowOf(grouped, moment)
  const ranges = window === undefined ? [] : intersected(window, DATA)
  if (window === undefined || ranges.length === 0) return undefined
  const text =
    grouped.bucket === undefined
      ? mergeText(sql, grouped, { ranges, steps: { kind: 'period', period: MERGE_PERIOD } })
      : seriesText(sql, grouped, ranges)
  const others = parameters.filter((_, index) => !grouped.timeParameters.includes(index))
  return { text, parameters: others, grouped, window, ranges }
}
