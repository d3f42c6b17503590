// Who asks during a soak: each kind again and again until told, and what each says is wrong.
import { createHash } from 'node:crypto'
import { type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random } from '../../test/cluster/random.ts'
import { request } from '../../test/cluster/http.ts'
import { Client } from '../client.ts'
import { bodyAt, type Now, type Statement } from '../dashboard/statement.ts'
import { type Answered } from '../dashboard/viewers.ts'
import { type Drawn } from '../replicas/load.ts'
import { type Tally } from './tally.ts'

export interface Asking {
  /** Whom they ask, and who is right. */
  readonly url: string
  readonly broker: string
  readonly random: Random
  readonly draw: () => Drawn
  readonly tally: Tally
  readonly stop: AbortSignal
}

/** A query's own time where it names none, and what Ovate waits beyond it. */
const ASK_MS = 305_000 + 25_000
/** A Broker that is killed cancels nothing: for so long the data server works on what it had asked. */
const LONG_MS = 10_000
const LARGE = 'SELECT * FROM events ORDER BY __time LIMIT 20000'
const NATIVE = {
  queryType: 'timeseries',
  dataSource: 'events',
  granularity: 'hour',
  aggregations: [{ type: 'count', name: 'rows' }],
}
const WRONG = [
  'SELECT nothing FROM events',
  'SELECT * FROM nowhere',
  'SELECT (',
  "SELECT COUNT(*) FROM events WHERE __time > 'x'",
]
/** Of the answers to dashboards this share is compared. */
const KEPT_SHARE = 0.2
const KEPT_MAX = 2_000

/** Dashboards whose windows move: hits, series and statements that nobody asked before. */
export async function dashboard({ url, random, draw, tally, stop }: Asking): Promise<void> {
  const client = new Client(url, 1)
  try {
    await again(stop, 'dashboard', tally, async () => {
      const { statement, now } = draw()
      const one = await asked(client, statement, now)
      tally.answered('dashboard', one.status)
      const isKept = random.next() < KEPT_SHARE && tally.kept.length < KEPT_MAX
      if (one.status === 200 && isKept) tally.kept.push(one)
    })
  } finally {
    client.close()
  }
}

async function asked(client: Client, statement: Statement, now: Now): Promise<Answered> {
  const body = bodyAt(statement, now)
  const askedAtMs = Date.now()
  const { body: answer, ...rest } = await client.ask(body)
  return { statement, now, body, askedAtMs, answeredAtMs: Date.now(), ...rest, answer }
}

/** The same native query, and what is wrong with statements: word for word what the Broker says. */
export async function literal({ url, broker, tally, stop }: Asking, interval: string): Promise<void> {
  const native = { path: '/druid/v2', body: { ...NATIVE, intervals: [interval] } }
  const questions = [native, ...WRONG.map((query) => ({ path: '/druid/v2/sql', body: { query } }))]
  const right = await Promise.all(
    questions.map(async ({ path, body }) => textOf(await request(`${broker}${path}`, { body }))),
  )
  let turn = 0
  await again(stop, 'literal', tally, async () => {
    const at = turn % questions.length
    const { path = '', body = {} } = questions[at] ?? {}
    turn += 1
    const got = await request(`${url}${path}`, { body }, stop)
    tally.answered('literal', got.status >= 500 || got.status === 429 ? got.status : 200)
    if (got.status < 500 && got.status !== 429 && textOf(got) !== right[at])
      tally.wrong(`${JSON.stringify(body)}: ${textOf(got)} in place of ${right[at] ?? ''}`)
    await delay(20, undefined, { signal: stop }).catch(() => undefined)
  })
}

function textOf({ status, body }: { readonly status: number; readonly body: Buffer }): string {
  return `${status} ${body.toString()}`
}

/** JDBC: a connection, a statement, its rows, the end. */
export async function avatica({ url, broker, tally, stop }: Asking): Promise<void> {
  const right = await rowsByAvatica(broker, stop)
  await again(stop, 'avatica', tally, async () => {
    const rows = await rowsByAvatica(url, stop)
    tally.answered('avatica', 200)
    if (rows !== right) tally.wrong(`avatica: ${rows} in place of ${right}`)
    await delay(50, undefined, { signal: stop }).catch(() => undefined)
  })
}

async function rowsByAvatica(url: string, stop: AbortSignal): Promise<string> {
  const connectionId = crypto.randomUUID()
  const call = async (body: object): Promise<Record<string, unknown>> => {
    const got = await request(`${url}/druid/v2/sql/avatica/`, { body: { connectionId, ...body } }, stop)
    if (got.status !== 200) throw new Error(`avatica: ${got.status}`)
    return JSON.parse(got.body.toString()) as Record<string, unknown>
  }
  await call({ request: 'openConnection', info: {} })
  const made = await call({ request: 'createStatement' })
  const sql = 'SELECT country, COUNT(*) FROM events GROUP BY country ORDER BY country'
  const executed = await call({
    request: 'prepareAndExecute',
    statementId: made['statementId'],
    sql,
    maxRowCount: -1,
  })
  await call({ request: 'closeConnection' })
  const [first] = executed['results'] as readonly { firstFrame: { rows: unknown } }[]
  return JSON.stringify(first?.firstFrame.rows)
}

/** Large answers, read at leisure to their end, or left at some point of it. */
export async function reader(asking: Asking, leaves: boolean): Promise<void> {
  const { url, broker, random, tally, stop } = asking
  const right = await digestOf(broker, undefined)
  const kind = leaves ? 'leaver' : 'reader'
  await again(stop, kind, tally, async () => {
    const leaveAfterBytes = leaves ? random.below(4_000_000) : undefined
    const got = await digestOf(url, { leaveAfterBytes, pauseMs: leaves ? 0 : 5 })
    tally.answered(kind, got.status)
    if (got.status === 200 && got.complete && got.digest !== right.digest) tally.wrong(`${kind}: other rows`)
  })
}

interface Reading {
  readonly leaveAfterBytes: number | undefined
  readonly pauseMs: number
}

async function digestOf(
  url: string,
  reading: Reading | undefined,
): Promise<{ readonly status: number; readonly digest: string; readonly complete: boolean }> {
  const client = new Client(url, 1)
  const hash = createHash('sha256')
  let readBytes = 0
  let left = false
  try {
    const response: IncomingMessage = await client.open({ query: LARGE, resultFormat: 'arrayLines' })
    for await (const chunk of response) {
      hash.update(chunk as Buffer)
      readBytes += (chunk as Buffer).length
      left = readBytes > (reading?.leaveAfterBytes ?? Number.POSITIVE_INFINITY)
      if (left) break
      if (reading !== undefined && reading.pauseMs > 0) await delay(reading.pauseMs)
    }
    return {
      status: response.statusCode ?? 0,
      digest: hash.digest('hex'),
      complete: response.complete && !left,
    }
  } finally {
    client.close()
  }
}

/** Starts statements that take a while, and cancels them by their id. */
export async function canceller({ url, random, tally, stop }: Asking): Promise<void> {
  await again(stop, 'canceller', tally, async () => {
    const sqlQueryId = `soak-${random.below(1_000_000_000)}`
    const query = `SELECT reqId, COUNT(*) FROM events WHERE delta <> ${random.below(1e9)} GROUP BY reqId LIMIT 1`
    const context = { sqlQueryId, timeout: LONG_MS }
    const answer = request(`${url}/druid/v2/sql`, { body: { query, context } }, stop)
    const outcome = answer.then(({ status }) => status).catch(() => 0)
    await delay(random.below(300))
    await request(`${url}/druid/v2/sql/${sqlQueryId}`, { method: 'DELETE' }, stop)
    const status = await outcome
    tally.answered('canceller', status === 500 ? 200 : status)
    await delay(200, undefined, { signal: stop }).catch(() => undefined)
  })
}

const GET = 'GET /status/health HTTP/1.1\r\nHost: soak\r\n\r\n'
const FLOODS = [
  GET.repeat(3_000),
  `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`,
  '\u0000\u0001\u0002 nothing\r\n\r\n'.repeat(1_000),
  'POST /druid/v2/sql HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\n{',
]

/** Connections that do harm, left at once or kept for a second. */
export async function flood({ url, random, tally, stop }: Asking): Promise<void> {
  const { hostname, port } = new URL(url)
  await again(stop, 'flood', tally, async () => {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    socket.resume().write(FLOODS[random.below(FLOODS.length)] ?? GET)
    await delay(random.below(1_000))
    socket.destroy()
    tally.answered('flood', 200)
  })
}

/** What fails is counted: during a fault it may. An end that doesn't come within its deadline is wrong. */
async function again(
  stop: AbortSignal,
  kind: string,
  tally: Tally,
  once: () => Promise<void>,
): Promise<void> {
  while (!stop.aborted) {
    const beganMs = performance.now()
    try {
      await once()
    } catch {
      tally.answered(kind, 0)
      await delay(100, undefined, { signal: stop }).catch(() => undefined)
    }
    const tookMs = performance.now() - beganMs
    tally.took(kind, tookMs)
    if (tookMs > ASK_MS) tally.wrong(`${kind}: no end for ${Math.round(tookMs)} ms`)
  }
}
