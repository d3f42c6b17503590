// How old an answer may be: bounds, ticks. Pure.
import { type Interval, type NowUse } from '../plan/facts.ts'

export interface FreshnessRules {
  /** `strict`: the timeline is asked on every request, and relative time is never rounded. */
  readonly mode: 'bounded' | 'strict'
  /** Bound for what is still arriving, ms, where the cap allows it; 0 = such answers are never kept. */
  readonly headMs: number
  /** No bound is longer than this, ms, that at the head neither; 0 = each answer needs a look that began after its request. */
  readonly capMs: number
  /** How many ms the bound grows for each ms of the data's age. */
  readonly growth: number
  /** Bound for what depends on a lookup, ms. */
  readonly lookupMs: number
  /** The Brokers' `druid.sql.planner.metadataRefreshPeriod`, ms: for two of them after a move their schema may lag. */
  readonly schemaRefreshMs: number
}

/** The bound for data whose newest instant lies at `endMs`, in ms. */
export function boundFor(rules: FreshnessRules, endMs: number, nowMs: number): number {
  const dataAgeMs = Math.max(0, nowMs - endMs)
  return Math.min(rules.capMs, rules.headMs + dataAgeMs * rules.growth)
}

/** The bound for what is still arriving, in ms: no other is shorter. */
export function headBoundMs({ headMs, capMs }: FreshnessRules): number {
  return Math.min(headMs, capMs)
}

/** The bound for an answer that read these intervals: that of its newest data. */
export function boundForAll(rules: FreshnessRules, intervals: readonly Interval[], nowMs: number): number {
  return boundFor(rules, Math.max(...intervals.map(({ endMs }) => endMs)), nowMs)
}

/** Below this a tick isn't worth its bookkeeping, and nothing relative is shared. */
const TICK_MIN_MS = 10
const TICK_SHARE = 0.01
/** A Broker's clock that is known less well than this can't say which moment an answer was made for. */
const CLOCK_ERROR_MAX_MS = 1_000

/**
 * The span, in ms, within which askers of a relative statement share one answer; 0 = they share nothing. Infinity for a
 * statement that doesn't depend on now.
 */
export function tickMs(rules: FreshnessRules, now: NowUse, clockErrorMs: number | undefined): number {
  if (now.kind === 'none') return Number.POSITIVE_INFINITY
  if (rules.mode === 'strict' || now.distancesMs === null) return 0
  if (clockErrorMs === undefined || clockErrorMs > CLOCK_ERROR_MAX_MS) return 0
  const shortest = Math.min(...now.distancesMs.filter((ms) => ms > 0), Number.POSITIVE_INFINITY)
  const tick = Math.min(headBoundMs(rules), shortest * TICK_SHARE)
  return tick < TICK_MIN_MS ? 0 : tick
}

/** How far what is taken for now may lie behind the Broker's where there is no tick, ms: about what a request takes. */
const NOW_SLACK_MS = 100

/**
 * Whether an answer may be put together for a moment that the Broker's clock has reached for certain, which lies up to twice
 * the clock's error behind: within the tick.
 */
export function knowsNow(rules: FreshnessRules, now: NowUse, clockErrorMs: number | undefined): boolean {
  if (now.kind === 'none') return true
  if (clockErrorMs === undefined || clockErrorMs > CLOCK_ERROR_MAX_MS) return false
  return 2 * clockErrorMs <= Math.max(tickMs(rules, now, clockErrorMs), NOW_SLACK_MS)
}
