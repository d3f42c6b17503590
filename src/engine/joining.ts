// Joining what another asker began.
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'
import { type FreshnessRules, headBoundMs, tickMs } from '../freshness/bounds.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type Keeper } from './keeper.ts'
import { type SqlRequest } from './request.ts'

const JOIN_NONE_MS = -1

/**
 * How old a flight may be that an asker joins, ms: it must have begun within the asker's bound, and within those of its
 * identity, since what it brings was authorised then; strict and no-cache join none that began before (negative).
 */
export function joinAgeMs(
  request: SqlRequest,
  plan: WholePlan,
  { rules, keeper }: { readonly rules: (datasource: string) => FreshnessRules; readonly keeper: Keeper },
): number {
  const { noCache, maxAgeMs } = request.cacheWish
  const all = plan.tables.map((table) => rules(table))
  if (noCache || all.some(({ mode }) => mode === 'strict')) return JOIN_NONE_MS
  const ticks = all.map((one) => tickMs(one, plan.now, keeper.clockErrorMs(plan.service)))
  const heads = all.map(headBoundMs)
  const bound = Math.min(
    ...heads,
    ...ticks,
    maxAgeMs ?? Number.POSITIVE_INFINITY,
    keeper.joinMs(request, plan),
  )
  return bound > 0 ? bound : JOIN_NONE_MS
}

interface Wait {
  readonly signal: AbortSignal
  readonly end: () => void
}

/** The asker's signal, which also fires when the time of its own query is over. */
export function ownTime({ id, arrivedAtMs, timeoutMs }: SqlRequest, clock: Clock, signal: AbortSignal): Wait {
  const late = new AbortController()
  const error = new OvateError('OVATE_DEADLINE', `Query [${id}] timed out`)
  const leftMs = Math.max(0, arrivedAtMs + timeoutMs - clock.now())
  const timer = setTimeout(() => late.abort(error), leftMs)
  return { signal: AbortSignal.any([signal, late.signal]), end: () => clearTimeout(timer) }
}
