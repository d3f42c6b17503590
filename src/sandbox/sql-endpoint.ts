// POST /druid/v2/sql of the sandbox: from a body to bytes, heads and trailers as a Broker sends them.
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { render } from '../result/render.ts'
import { type Faults, type Running, type SandboxBehaviour, type SandboxStats } from './behaviour.ts'
import { bodyOf, readSqlRequest, type SqlRequest } from './body.ts'
import { type SandboxEngine } from './engine.ts'
import { cancelled, SandboxError, timedOut } from './errors.ts'
import { type SandboxUser } from './users.ts'

export interface SandboxParts {
  readonly engine: SandboxEngine
  readonly clock: Clock
  readonly behaviour: SandboxBehaviour
  readonly stats: SandboxStats
  readonly faults: Faults
  readonly running: Running
}

const TIMEOUT_MS = 300_000
const COMPLETE = 'X-Druid-Response-Complete'

/** Answers one statement. @throws SandboxError for a body that is no statement at all. */
export async function answerSql(
  parts: SandboxParts,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  user: SandboxUser | undefined,
): Promise<void> {
  const { request, response } = exchange
  const asked = readSqlRequest(await bodyOf(request))
  count(parts.stats, asked.query)
  const given = asked.context['sqlQueryId']
  const id = typeof given === 'string' ? given : randomUUID()
  const ids = ['X-Druid-Query-Id', id, 'X-Druid-SQL-Query-Id', id]
  try {
    const kept = await stoppable(parts, { asked, id, user })
    send(parts.behaviour, exchange, { asked, ids, body: render(kept, asked.wire) })
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    response.writeHead(error.status, [...ids, 'Content-Type', error.type, 'Transfer-Encoding', 'chunked'])
    response.end(error.body)
  }
}

interface Statement {
  readonly asked: SqlRequest
  readonly id: string
  readonly user: SandboxUser | undefined
}

/** The answer, unless the statement's time is over or somebody cancels it first. A client that leaves stops nothing. */
async function stoppable(parts: SandboxParts, { asked, id, user }: Statement): Promise<Buffer> {
  const stop = new AbortController()
  const timeoutMs = Number(asked.context['timeout'] ?? TIMEOUT_MS) || TIMEOUT_MS
  const deadline = parts.clock.sleep(timeoutMs, stop.signal).then(
    () => stop.abort(timedOut(id)),
    () => undefined,
  )
  parts.running.add(id, stop)
  try {
    return await orAborted(computed(parts, { asked, id, user }, stop.signal), stop.signal)
  } finally {
    parts.running.delete(id, stop)
    stop.abort(cancelled())
    await deadline
  }
}

async function computed(
  parts: SandboxParts,
  { asked, user }: Statement,
  signal: AbortSignal,
): Promise<Buffer> {
  const { engine, clock, behaviour, faults } = parts
  if (behaviour.delayMs > 0) await clock.sleep(behaviour.delayMs, signal)
  const failure = faults.takeFailure()
  if (failure !== undefined) throw new SandboxError(failure.status, 'told to fail', failure.body)
  const { query, parameters, context, wire } = asked
  const { header } = wire
  return await engine.answer({ sql: query, parameters, context, nowMs: clock.now(), user, header })
}

interface Answer {
  readonly asked: SqlRequest
  readonly ids: readonly string[]
  readonly body: Buffer
}

function send(
  { cutAfterBytes, cut }: SandboxBehaviour,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { asked, ids, body }: Answer,
): void {
  const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  response.writeHead(200, head(ids, asked.wire.header, gzip))
  const whole = cutAfterBytes === undefined || body.length <= cutAfterBytes
  if (!whole && cut === 'connection') {
    response.write(encoded(body, gzip).subarray(0, cutAfterBytes), () => response.destroy())
    return
  }
  const message = 'url[http://sandbox:8083/druid/v2/] timed out'
  response.addTrailers([
    [COMPLETE, String(whole)],
    ...(whole ? [] : [['X-Error-Message', message] as [string, string]]),
  ])
  response.end(encoded(whole ? body : body.subarray(0, cutAfterBytes), gzip))
}

function head(ids: readonly string[], header: boolean, gzip: boolean): string[] {
  const included = header ? ['X-Druid-SQL-Header-Included', 'yes'] : []
  const packed = gzip ? ['Content-Encoding', 'gzip'] : []
  const always = ['Trailer', COMPLETE, 'X-Druid-Response-Context', '{}', 'Content-Type', 'application/json']
  return [...ids, ...included, ...always, 'Vary', 'Accept-Encoding, User-Agent', ...packed]
}

function encoded(body: Buffer, gzip: boolean): Buffer {
  return gzip ? gzipSync(body) : body
}

function count(stats: SandboxStats, query: string): void {
  if (/^\s*EXPLAIN\b/i.test(query)) stats.explain += 1
  else if (/\bLIMIT\s+0\s*$/i.test(query)) stats.rightsChecks += 1
  else if (/\b(INFORMATION_SCHEMA|sys)\b/.test(query)) stats.other += 1
  else stats.data += 1
}
