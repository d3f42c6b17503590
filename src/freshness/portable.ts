// Proofs that leave the process: what another replica needs to judge an answer by its own timeline, rules and clock.
//
// Its times are those of the Brokers' clock, which all replicas know up to an error: each rounds towards older, so that an
// answer is never taken for younger than it is, whatever the replicas' own clocks show.
import { z } from 'zod'
import { type ClockOffset, offsetWithin } from '../druid/clock-offset.ts'
import { type Druid } from '../druid/druid.ts'
import { type Interval, type NowUse } from '../plan/facts.ts'
import { type FreshnessRules, tickMs } from './bounds.ts'
import { type Proof } from './proof.ts'
import { type Timelines } from './timelines.ts'

const instant = z.number().int()
const interval = z.tuple([instant, instant]).refine(([from, to]) => from < to)
const TABLES_MAX = 100
const INTERVALS_MAX = 10_000

/** `runs`: those of the Brokers that were ready then. Intervals in ms, `at` in ms by the Brokers' clock. */
export const portableProof = z.strictObject({
  service: z.string(),
  runs: z.array(z.string()).min(1),
  sentAt: instant,
  nowAt: instant,
  agesFromSending: z.boolean(),
  readsLookup: z.boolean(),
  tables: z
    .array(
      z.strictObject({
        name: z.string(),
        intervals: z.array(interval).max(INTERVALS_MAX),
        fingerprint: z.string().nullable(),
      }),
    )
    .max(TABLES_MAX),
})

export type PortableProof = z.infer<typeof portableProof>

/** What a process knows of the Brokers behind: undefined where one of their runs, or their clock, isn't known. */
export interface BrokersNow {
  readonly generation: number
  readonly runs: readonly string[] | undefined
  readonly clock: ClockOffset | undefined
}

/** As a group's ready Brokers are at this moment. */
export function brokersNow(druid: Pick<Druid, 'brokers' | 'generation'>, service: string): BrokersNow {
  const ready = druid.brokers().filter((broker) => broker.service === service && broker.state === 'ready')
  const runs = ready.flatMap(({ id, startTime, version }) =>
    startTime === undefined ? [] : [[id, startTime, version ?? ''].join(' ')],
  )
  const clocks = ready.flatMap(({ clock }) => clock ?? [])
  const isKnown = ready.length > 0 && runs.length === ready.length
  return {
    generation: druid.generation(service),
    runs: isKnown ? runs : undefined,
    clock: clocks.length === ready.length ? hullOf(clocks) : undefined,
  }
}

/** An offset whose error holds all of them: which Broker's clock another replica went by isn't known. */
function hullOf(clocks: readonly ClockOffset[]): ClockOffset | undefined {
  if (clocks.length === 0) return undefined
  const low = Math.min(...clocks.map(({ offsetMs, errorMs }) => offsetMs - errorMs))
  const high = Math.max(...clocks.map(({ offsetMs, errorMs }) => offsetMs + errorMs))
  return offsetWithin(low, high)
}

/** A moment by our clock as the Brokers' clock shows it for certain: towards older, whole ms. */
export function brokersMs(ms: number, { offsetMs, errorMs }: ClockOffset): number {
  return Math.floor(ms + offsetMs - errorMs)
}

/** The other way round, towards older again. */
export function ownMs(ms: number, { offsetMs, errorMs }: ClockOffset): number {
  return ms - offsetMs - errorMs
}

/** Whether who told of `known` knew all runs of Brokers that there are now: others may plan in another way. */
export function knewAll(known: readonly string[], now: BrokersNow['runs']): boolean {
  return now !== undefined && now.length > 0 && now.every((run) => known.includes(run))
}

/** Undefined where no other could check it. */
export function exportedProof(
  proof: Proof,
  { generation, runs, clock }: BrokersNow,
): PortableProof | undefined {
  if (runs === undefined || clock === undefined || proof.generation !== generation) return undefined
  const { service, agesFromSending, readsLookup, tables } = proof
  return {
    service,
    runs: [...runs],
    sentAt: brokersMs(proof.sentAtMs, clock),
    nowAt: brokersMs(proof.nowAtMs ?? proof.sentAtMs, clock),
    agesFromSending,
    readsLookup,
    tables: tables.map(({ timeline, intervals, fingerprint }) => ({
      name: timeline.datasource,
      intervals: intervals.map(({ startMs, endMs }): [number, number] => [startMs, endMs]),
      fingerprint: fingerprint ?? null,
    })),
  }
}

/** What the reader of a proof knows of its own. */
export interface Reader {
  readonly brokers: BrokersNow
  readonly timelines: Pick<Timelines, 'of'>
  readonly rulesOf: (datasource: string) => FreshnessRules
  readonly now: NowUse
  /** How long the answer may live because of row policies, ms. */
  readonly policyMs: number
}

/**
 * A proof to be judged as one's own; undefined where Brokers run that its maker didn't know: they may plan in another way.
 */
export function importedProof(portable: PortableProof, reader: Reader): Proof | undefined {
  const { brokers, timelines, rulesOf, now, policyMs } = reader
  const { generation, runs, clock } = brokers
  if (!knewAll(portable.runs, runs) || clock === undefined) return undefined
  const { service, agesFromSending, readsLookup } = portable
  const rules = portable.tables.map(({ name }) => rulesOf(name))
  const lookupMs = readsLookup ? rules.map((one) => one.lookupMs) : []
  return {
    service,
    generation,
    sentAtMs: ownMs(portable.sentAt, clock),
    nowAtMs: ownMs(portable.nowAt, clock),
    tickMs: Math.min(Number.POSITIVE_INFINITY, ...rules.map((one) => tickMs(one, now, clock.errorMs))),
    lifeMs: Math.min(policyMs, ...lookupMs),
    agesFromSending,
    readsLookup,
    tables: portable.tables.map(({ name, intervals, fingerprint }) => ({
      timeline: timelines.of(service, name),
      intervals: intervals.map(([startMs, endMs]): Interval => ({ startMs, endMs })),
      rules: rulesOf(name),
      fingerprint: fingerprint ?? undefined,
    })),
  }
}
