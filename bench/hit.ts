// A held answer of about 4 KB, on one core: Ovate, nginx's proxy_cache with the same bytes, and a real Broker if one runs.
import { setTimeout as delay } from 'node:timers/promises'
import { findCluster } from '../test/cluster/cluster.ts'
import { type RawResponse, request } from '../test/cluster/http.ts'
import { startBare } from './bare.ts'
import { type Connections, type Figures, type Loader, loader } from './load.ts'
import { startNginx } from './nginx.ts'
import { startOvate } from './ovate.ts'
import { canPin, has, pinLoad, type Program, SERVER_CORE } from './program.ts'
import { type Outcome, quantile, type Result } from './result.ts'
import { Rows } from './rows.ts'
import { startStandIn } from './stand-in.ts'

interface Target {
  readonly name: string
  readonly url: string
  readonly body: string
  readonly expected: Buffer
  readonly isHeld: (answer: RawResponse) => boolean
}

const AIM = 0.5
const CHECKS = 50
const HELD_TRIES = 100
const CASES: readonly { readonly title: string; readonly connections: Connections }[] = [
  { title: '4 KB, 32 connections kept open', connections: 'keep' },
  { title: '4 KB, 32 at once, a new connection for each request', connections: 'close' },
]
const STATEMENT = 'SELECT day, country, edits, weight FROM wiki'
const ROWS = new Rows(52, 1)
const ON_BROKER = `SELECT TIME_FLOOR(__time, 'P1D') AS "day", COUNT(*) AS "edits", SUM(added) AS "added" FROM events
  GROUP BY 1 ORDER BY 1 LIMIT 52`

/** Requests a second of each, one after the other in rounds; the medians, and how far Ovate is from nginx. */
export async function hitBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  pinLoad()
  const standIn = await startStandIn({ wiki: ROWS })
  const programs: Program[] = []
  try {
    const { targets, notes } = await startTargets(standIn.url, programs)
    const { name, send } = loader()
    let wrong = 0
    for (const target of targets) wrong += await warm(target)
    const before = standIn.asked
    const results: Result[] = []
    for (const { title, connections } of CASES) {
      const measured = await measure(targets, { send, connections, quick })
      for (const [target, rounds] of measured) {
        results.push({ case: title, target: target.name, metrics: summary(rounds) })
        wrong += rounds.reduce((sum, { badStatus }) => sum + badStatus, 0)
      }
      for (const target of targets) wrong += await wrongAnswers(target)
      notes.push(ratioNote(title, results))
    }
    if (standIn.asked > before)
      notes.push(`not all were hits: the stand-in was asked ${standIn.asked - before} times`)
    if (name === 'autocannon') notes.push('WRK IS NOT INSTALLED: autocannon is a smoke test, no measure')
    if (!canPin()) notes.push('NOTHING IS PINNED to a core here (no taskset, or one core): no measure')
    return { results, wrong, notes }
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
    await standIn.close()
  }
}

async function startTargets(
  upstream: string,
  programs: Program[],
): Promise<{ readonly targets: readonly Target[]; readonly notes: string[] }> {
  const notes: string[] = []
  const ovate = await startOvate({ brokers: [upstream], core: SERVER_CORE })
  programs.push(ovate)
  const expected = ROWS.bytes('object')
  const body = JSON.stringify({ query: STATEMENT })
  const isHit = (answer: RawResponse): boolean => String(answer.headers['cache-status']).includes('hit')
  const targets: Target[] = [{ name: 'ovate', url: sqlUrl(ovate.url), body, expected, isHeld: isHit }]
  if (has('nginx')) {
    const nginx = await startNginx(upstream, SERVER_CORE)
    programs.push(nginx)
    targets.push({ name: 'nginx', url: sqlUrl(nginx.url), body, expected, isHeld: () => true })
  } else notes.push('NGINX IS NOT INSTALLED (Debian: apt-get install nginx): there is no ratio')
  const bare = await startBare('answer', upstream, SERVER_CORE)
  programs.push(bare)
  targets.push({ name: 'bare Node', url: sqlUrl(bare.url), body, expected, isHeld: () => true })
  const brokers = await brokerTargets()
  if (brokers.length === 0) notes.push('no cluster runs (npm run cluster -- start): no Broker is beside them')
  return { targets: [...targets, ...brokers], notes }
}

// Broker 2 of the test cluster keeps results, Broker 1 doesn't. Neither has a core of its own.
async function brokerTargets(): Promise<readonly Target[]> {
  const cluster = findCluster(Number(process.env['OVATE_CLUSTER_OFFSET'] ?? 0))
  const body = JSON.stringify({ query: ON_BROKER })
  const targets: Target[] = []
  for (const [index, broker] of (cluster?.brokers ?? []).entries()) {
    const url = sqlUrl(broker)
    const { status, body: expected } = await post(url, body)
    const name = index === 0 ? 'broker' : 'broker, caching'
    if (status === 200) targets.push({ name, url, body, expected, isHeld: () => true })
  }
  return targets
}

async function measure(
  targets: readonly Target[],
  given: { readonly send: Loader; readonly connections: Connections; readonly quick: boolean },
): Promise<ReadonlyMap<Target, readonly Figures[]>> {
  const { send, connections, quick } = given
  const measured = new Map<Target, Figures[]>(targets.map((target) => [target, []]))
  // A JIT compiler takes its time: what is asked for is how fast they are for the rest of the day.
  for (const { url, body } of targets) await send({ url, body, connections, seconds: quick ? 3 : 6 })
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
    for (const [target, rounds] of measured) {
      const { url, body } = target
      rounds.push(await send({ url, body, connections, seconds: quick ? 2 : 6 }))
    }
  }
  return measured
}

function summary(rounds: readonly Figures[]): Record<string, number> {
  const of = (read: (figures: Figures) => number, share?: number): number => quantile(rounds.map(read), share)
  return {
    requestsPerSecond: of((one) => one.requestsPerSecond),
    lowest: of((one) => one.requestsPerSecond, 0),
    highest: of((one) => one.requestsPerSecond, 1),
    p50Us: of((one) => one.p50Us),
    p99Us: of((one) => one.p99Us),
    broken: rounds.reduce((sum, { broken }) => sum + broken, 0),
  }
}

function ratioNote(title: string, results: readonly Result[]): string {
  const rate = (name: string): number | undefined =>
    results.find((one) => one.case === title && one.target === name)?.metrics['requestsPerSecond']
  const [ovate, nginx, bare] = [rate('ovate'), rate('nginx'), rate('bare Node')]
  if (ovate === undefined || nginx === undefined) return `${title}: no ratio to nginx`
  const ratio = ovate / nginx
  const met = ratio >= AIM ? 'met' : 'MISSED'
  const floor =
    bare === undefined ? '' : `; a server of Node that does nothing else: ${(bare / nginx).toFixed(2)} ×`
  return `${title}: ${ratio.toFixed(2)} × nginx (aim: at least ${AIM.toFixed(2)}, ${met}${floor})`
}

/** Asks until the answer is held; how many wrong ones came meanwhile. @throws Error when it never is. */
async function warm(target: Target): Promise<number> {
  let wrong = 0
  for (let tries = 0; tries < HELD_TRIES; tries += 1) {
    const answer = await post(target.url, target.body).catch(() => undefined)
    if (answer?.status === 200) {
      if (!answer.body.equals(target.expected)) wrong += 1
      if (target.isHeld(answer)) return wrong + (await wrongAnswers(target))
    }
    await delay(50)
  }
  throw new Error(`${target.name} never held the answer`)
}

async function wrongAnswers(target: Target): Promise<number> {
  let wrong = 0
  for (let index = 0; index < CHECKS; index += 1) {
    const { status, body } = await post(target.url, target.body)
    if (status !== 200 || !body.equals(target.expected)) wrong += 1
  }
  return wrong
}

function post(url: string, body: string): Promise<RawResponse> {
  return request(url, { body, headers: { 'content-type': 'application/json' } })
}

function sqlUrl(base: string): string {
  return `${base}/druid/v2/sql`
}
