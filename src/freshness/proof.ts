// What lets an answer prove itself later: when it was asked for, of which run of the Brokers, under which timeline.
import { type Interval, type NowUse } from '../plan/facts.ts'
import { boundForAll, type FreshnessRules, headBoundMs, tickMs } from './bounds.ts'
import { lookAgeMs } from './pieces.ts'
import { type Timeline, type Timelines } from './timelines.ts'

interface TableProof {
  readonly timeline: Timeline
  readonly intervals: readonly Interval[]
  readonly rules: FreshnessRules
  /** The fingerprint that the answer was computed under; undefined: it is valid for the bound only. */
  readonly fingerprint: string | undefined
}

export interface Proof {
  readonly service: string
  readonly generation: number
  /** When the request was sent, by our clock: the answer's "now", and the age of all that was not sealed. */
  readonly sentAtMs: number
  /** The answer's "now", by our clock, where some of it is older; undefined: when it was sent. */
  readonly nowAtMs?: number
  /** How long askers of a relative statement may share it, ms; Infinity when it doesn't depend on now. */
  readonly tickMs: number
  /** How long it may live whatever the timeline says (lookups, row policies), ms. */
  readonly lifeMs: number
  /** It depends on now or on a lookup: its age runs from the sending, sealed or not. */
  readonly agesFromSending: boolean
  readonly readsLookup: boolean
  readonly tables: readonly TableProof[]
}

/** What is known of an answer when it has been read to its proper end. */
export interface Answered {
  readonly broker: string
  readonly service: string
  readonly generation: number
  readonly sentAtMs: number
  readonly clockErrorMs: number | undefined
  readonly now: NowUse
  readonly readsLookup: boolean
  readonly policyMs: number
  readonly tables: readonly { readonly name: string; readonly intervals: readonly Interval[] }[]
}

/**
 * Looks once more at the Broker that answered and makes the proof; undefined when the answer must not be kept: its
 * timeline moved under it, or nothing allows to keep it for any time.
 */
export async function prove(
  timelines: Timelines,
  rulesOf: (datasource: string) => FreshnessRules,
  answered: Answered,
  nowMs: () => number,
): Promise<Proof | undefined> {
  const { service, generation, sentAtMs } = answered
  const tables: TableProof[] = []
  for (const { name, intervals } of answered.tables) {
    const rules = rulesOf(name)
    const timeline = timelines.of(service, name)
    const found = await fingerprintOf(timeline, answered, { intervals, rules, nowMs })
    if (found.kind === 'moved' || (found.kind === 'none' && !livesForBound(rules))) return undefined
    tables.push({ timeline, intervals, rules, fingerprint: found.kind === 'sealed' ? found.hash : undefined })
  }
  const ticks = tables.map(({ rules }) => tickMs(rules, answered.now, answered.clockErrorMs))
  const lookupMs = answered.readsLookup ? tables.map(({ rules }) => rules.lookupMs) : []
  const lifeMs = Math.min(answered.policyMs, ...lookupMs)
  const tick = Math.min(...ticks)
  if (tick <= 0 || lifeMs <= 0) return undefined
  const { readsLookup } = answered
  const agesFromSending = Number.isFinite(tick) || readsLookup
  return { service, generation, sentAtMs, tickMs: tick, lifeMs, agesFromSending, readsLookup, tables }
}

function livesForBound(rules: FreshnessRules): boolean {
  return rules.mode === 'bounded' && headBoundMs(rules) > 0
}

/** `moved`: the timeline changed under the answer. `none`: nothing holds it but its bound. */
type Fingerprint = { readonly kind: 'moved' | 'none' } | { readonly kind: 'sealed'; readonly hash: string }

const MOVED: Fingerprint = { kind: 'moved' }
const NO_FINGERPRINT: Fingerprint = { kind: 'none' }

async function fingerprintOf(
  timeline: Timeline,
  answered: Answered,
  { intervals, rules, nowMs }: { intervals: readonly Interval[]; rules: FreshnessRules; nowMs: () => number },
): Promise<Fingerprint> {
  let view
  try {
    view = await timeline.look(intervals, answered.broker)
    if (timeline.state(intervals) === undefined) await timeline.look(intervals)
  } catch {
    return NO_FINGERPRINT
  }
  const state = view?.state(intervals)
  if (view === undefined || state === undefined) return NO_FINGERPRINT
  const unchanged = view.unchangedSince(intervals, answered.sentAtMs)
  if (unchanged === 'no') return MOVED
  // Right after a move the Broker may still plan with the columns of before (druid.sql.planner.metadataRefreshPeriod).
  const lagging = view.unchangedSince(intervals, nowMs() - 2 * rules.schemaRefreshMs) === 'no'
  const agrees = timeline.state(intervals)?.hash === state.hash
  const sealed = unchanged === 'yes' && state.sealed && agrees && !lagging
  return sealed ? { kind: 'sealed', hash: state.hash } : NO_FINGERPRINT
}

export type Verdict =
  | { readonly kind: 'valid'; readonly ageMs: number }
  /** Only a look at the timeline stands between it and being valid. */
  | { readonly kind: 'look' }
  | { readonly kind: 'invalid' }

const INVALID: Verdict = { kind: 'invalid' }
const LOOK: Verdict = { kind: 'look' }

/**
 * Hot: a hit passes here. Whether an answer may be given at `nowMs` to a request that arrived at `arrivedAtMs`.
 * Its age runs from the earliest of its "now", the sending of whatever was not sealed, and the last look at the timeline.
 */
export function judge(proof: Proof, generation: number, nowMs: number, arrivedAtMs: number): Verdict {
  const sinceSentMs = nowMs - proof.sentAtMs
  const sinceNowMs = nowMs - (proof.nowAtMs ?? proof.sentAtMs)
  if (proof.generation !== generation || sinceNowMs > proof.tickMs || sinceSentMs > proof.lifeMs)
    return INVALID
  let ageMs = proof.agesFromSending ? sinceSentMs : 0
  for (const table of proof.tables) {
    table.timeline.use()
    const age =
      table.fingerprint === undefined
        ? unsealedAge(table, nowMs, sinceSentMs)
        : sealedAge(table, nowMs, arrivedAtMs)
    if (typeof age !== 'number') return age
    if (age > ageMs) ageMs = age
  }
  return { kind: 'valid', ageMs }
}

function unsealedAge({ rules, intervals }: TableProof, nowMs: number, sinceSentMs: number): number | Verdict {
  if (rules.mode === 'strict') return INVALID
  return sinceSentMs <= boundForAll(rules, intervals, nowMs) ? sinceSentMs : INVALID
}

function sealedAge(table: TableProof, nowMs: number, arrivedAtMs: number): number | Verdict {
  const { rules, intervals } = table
  const view = table.timeline.polled
  const state = view?.state(intervals)
  if (view === undefined || state === undefined) return LOOK
  if (state.hash !== table.fingerprint) return INVALID
  return lookAgeMs(view, intervals, { rules, nowMs, arrivedAtMs }) ?? LOOK
}

/** Looks at the timelines that a proof rests on, at the Brokers that are polled. */
export async function lookAgain(proof: Proof): Promise<void> {
  await Promise.all(
    proof.tables
      .filter(({ fingerprint }) => fingerprint !== undefined)
      .map(({ timeline, intervals }) => timeline.look(intervals)),
  )
}
