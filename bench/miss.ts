// What Ovate costs where it can't help: statements never seen before, and an answer far larger than its heap.
import { setTimeout as delay } from 'node:timers/promises'
import { findCluster } from '../test/cluster/cluster.ts'
import { startBare } from './bare.ts'
import { Client, type Timed } from './client.ts'
import { largeBench } from './large.ts'
import { type OvateProgram, startOvate } from './ovate.ts'
import { type Outcome, quantile, type Result } from './result.ts'
import { Rows } from './rows.ts'
import { startStandIn } from './stand-in.ts'

const AIM_MS = 1
const AIM_SHARE = 0.03
const WARM_UP = 20
/** What goes on beside the road after a miss (looks, EXPLAIN) must not fall on the next one's time. */
const PAUSE_MS = 40
const BOUNDED = { OVATE_FRESHNESS_MODE: 'bounded' }

// No double is added up: Druid's own sums of them differ from run to run.
const FORMS: readonly ((literal: number) => string)[] = [
  (
    literal,
  ) => `SELECT TIME_FLOOR(__time, 'P1D') AS "day", COUNT(*) AS "edits", SUM(added) AS "added" FROM events
    WHERE delta <> ${literal} GROUP BY 1 ORDER BY 1`,
  (literal) => `SELECT country, COUNT(*) AS "edits" FROM events WHERE delta <> ${literal}
    AND __time >= '2026-10-01 00:00:00' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`,
  (literal) => `SELECT country, city, device, SUM(added) AS "added", MAX(deleted) AS "most" FROM events
    WHERE delta <> ${literal} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 1000`,
]

/** `bare`: through a proxy of a few lines. */
type Side = 'direct' | 'bare' | 'ovate'
const ORDERS: readonly (readonly Side[])[] = [
  ['direct', 'bare', 'ovate'],
  ['ovate', 'direct', 'bare'],
  ['bare', 'ovate', 'direct'],
]

interface Pair {
  readonly sql: string
  readonly direct: Timed
  readonly bare: Timed
  readonly ovate: Timed
}

type Clients = Readonly<Record<Side, Client>>

/** The same statement direct, through a bare proxy and through Ovate, in changing order; then the large answers. */
export async function missBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  const small = await smallBench(quick ? 120 : 600)
  const large = await largeBench(quick ? 200_000_000 : 2_000_000_000)
  return {
    results: [...small.results, ...large.results],
    wrong: small.wrong + large.wrong,
    notes: [...small.notes, ...large.notes],
  }
}

async function smallBench(pairs: number): Promise<Outcome> {
  const broker = findCluster(Number(process.env['OVATE_CLUSTER_OFFSET'] ?? 0))?.brokers[0]
  if (broker !== undefined) return await against('a Broker of Druid 33', broker, pairs)
  const standIn = await startStandIn({ events: new Rows(52, 1) })
  try {
    const outcome = await against('a stand-in', standIn.url, pairs)
    const told = 'NO CLUSTER RUNS (npm run cluster -- start): misses went to a stand-in that takes no time'
    return { ...outcome, notes: [told, ...outcome.notes] }
  } finally {
    await standIn.close()
  }
}

async function against(what: string, broker: string, count: number): Promise<Outcome> {
  const ovate = await startOvate({ brokers: [broker], env: BOUNDED })
  const bare = await startBare('proxy', broker)
  const clients = { direct: new Client(broker), bare: new Client(bare.url), ovate: new Client(ovate.url) }
  try {
    await ready(ovate)
    const all = await measured(clients, count)
    const wrong = await wrongPairs(all, clients.direct)
    const title = `a statement never seen, ${what}`
    const results = FORMS.flatMap((_, form) => summary(`${title}, form ${form + 1}`, ofForm(all, form)))
    return { results: [...results, ...summary(title, all.flat())], wrong, notes: [aimNote(all.flat())] }
  } finally {
    for (const client of Object.values(clients)) client.close()
    await Promise.all([ovate.stop(), bare.stop()])
  }
}

async function ready({ url }: OvateProgram): Promise<void> {
  const client = new Client(url)
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await client.ask('SELECT 1')).status === 200) return client.close()
    await delay(50)
  }
  throw new Error('no answer through Ovate')
}

/** One list of pairs for each round over the forms. */
async function measured(clients: Clients, count: number): Promise<readonly (readonly Pair[])[]> {
  const rounds: Pair[][] = []
  const first = Date.now() % 1_000_000_000
  for (let round = -WARM_UP; round < count / FORMS.length; round += 1) {
    const pairs: Pair[] = []
    for (const [form, sqlOf] of FORMS.entries()) {
      const sql = sqlOf(1_000_000_000 + first + (round + WARM_UP) * FORMS.length + form)
      pairs.push(await pairOf(clients, sql, ORDERS[(round + WARM_UP) % ORDERS.length] ?? []))
    }
    if (round >= 0) rounds.push(pairs)
  }
  return rounds
}

async function pairOf(clients: Clients, sql: string, order: readonly Side[]): Promise<Pair> {
  const asked: Partial<Record<Side, Timed>> = {}
  for (const side of order) {
    asked[side] = await clients[side].ask(sql)
    await delay(PAUSE_MS)
  }
  const { direct, bare, ovate } = asked
  if (direct === undefined || bare === undefined || ovate === undefined) throw new Error('nothing was asked')
  if (direct.status !== 200) throw new Error(`the Broker said ${direct.status}: ${direct.body.toString()}`)
  if (!ovate.cacheStatus.includes('fwd=miss')) throw new Error(`no miss: ${ovate.cacheStatus}`)
  return { sql, direct, bare, ovate }
}

/** Pairs whose bytes differ, and still do when Druid is asked once more: its data may have moved between the two. */
async function wrongPairs(rounds: readonly (readonly Pair[])[], direct: Client): Promise<number> {
  let wrong = 0
  for (const { sql, direct: expected, ovate } of rounds.flat()) {
    if (ovate.status === 200 && ovate.body.equals(expected.body)) continue
    if (ovate.status === 200 && ovate.body.equals((await direct.ask(sql)).body)) continue
    wrong += 1
    console.error(`WRONG: ${ovate.status} ${ovate.body.toString('utf8', 0, 300)}`)
  }
  return wrong
}

function ofForm(rounds: readonly (readonly Pair[])[], form: number): readonly Pair[] {
  return rounds.flatMap((pairs) => pairs.slice(form, form + 1))
}

function summary(title: string, pairs: readonly Pair[]): Result[] {
  const direct = pairs.map((pair) => pair.direct.tookMs)
  const bare = pairs.map((pair) => pair.bare.tookMs)
  const ovate = pairs.map((pair) => pair.ovate.tookMs)
  const overheadMs = quantile(ovate) - quantile(direct)
  const metrics = (times: readonly number[]): Record<string, number> => ({
    medianMs: rounded(quantile(times)),
    p90Ms: rounded(quantile(times, 0.9)),
  })
  const overhead = {
    overheadMs: rounded(overheadMs),
    overheadPercent: rounded((100 * overheadMs) / quantile(direct)),
    pairedOverheadMs: rounded(quantile(pairs.map((pair) => pair.ovate.tookMs - pair.direct.tookMs))),
    pairs: pairs.length,
  }
  return [
    { case: title, target: 'direct', metrics: metrics(direct) },
    { case: title, target: 'bare proxy', metrics: metrics(bare) },
    { case: title, target: 'ovate', metrics: { ...metrics(ovate), ...overhead } },
  ]
}

function aimNote(pairs: readonly Pair[]): string {
  const direct = quantile(pairs.map((pair) => pair.direct.tookMs))
  const more = (side: Side): number => quantile(pairs.map((pair) => pair[side].tookMs)) - direct
  const overhead = more('ovate')
  const aim = Math.max(AIM_MS, direct * AIM_SHARE)
  const met = overhead <= aim ? 'met' : 'MISSED'
  const floor = `a proxy of a few lines: ${more('bare').toFixed(2)} ms`
  return `a miss costs ${overhead.toFixed(2)} ms more at the median (aim: at most ${aim.toFixed(2)} ms, ${met}; ${floor})`
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
