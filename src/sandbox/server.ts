// The sandbox on the wire: what a Broker answers on the paths that Ovate and its clients use.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Clock } from '../clock.ts'
import { RESULT_FORMATS, type ResultFormat, type WireFormat } from '../result/format.ts'
import { render } from '../result/render.ts'
import { type SandboxEngine } from './engine.ts'
import { SandboxError } from './errors.ts'
import { type SandboxTable } from './store.ts'
import { type SandboxUser, type SandboxUsers, userOf } from './users.ts'

/** What reached the sandbox. */
export interface SandboxStats {
  data: number
  explain: number
  rightsChecks: number
  candidates: number
  other: number
}

/** How it behaves; may be changed while it runs. */
export interface SandboxBehaviour {
  version: string
  users: SandboxUsers | undefined
  /** Before each answer to a statement, ms. */
  delayMs: number
  /** Answers to statements stop after so many bytes, and the connection is cut; undefined: never. */
  cutAfterBytes: number | undefined
}

export interface SandboxServerOptions {
  readonly engine: SandboxEngine
  readonly clock: Clock
  readonly behaviour: SandboxBehaviour
  readonly stats: SandboxStats
}

const BODY_MAX_BYTES = 16_777_216
const JSON_TYPE = ['Content-Type', 'application/json']
const UNAUTHENTICATED = '<html><head><title>Error 401 Unauthorized</title></head></html>'

/** A server that doesn't listen yet. */
export function sandboxServer(options: SandboxServerOptions): Server {
  return createServer((request, response) => {
    serve(options, request, response).catch((error: unknown) => fail(response, error))
  })
}

async function serve(
  options: SandboxServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox')
  const { users } = options.behaviour
  const user = users === undefined ? undefined : userOf(users, request.headers)
  const path = url.pathname.replace(/\/$/, '')
  if (OPEN_PATHS.has(path)) return end(response, 200, JSON_TYPE, OPEN_PATHS.get(path) ?? '')
  if (users !== undefined && user === undefined)
    return end(response, 401, ['Content-Type', 'text/html'], UNAUTHENTICATED)
  if (path === '/druid/v2/sql' && request.method === 'POST')
    return await sql(options, { request, response, user })
  if (path.startsWith('/druid/v2/sql/') && request.method === 'DELETE') return end(response, 404, [], '')
  if (request.method === 'GET' && path.startsWith('/druid/v2/datasources'))
    return datasources(options, { url, path, response })
  if (path === '/status') return end(response, 200, JSON_TYPE, statusText(options))
  end(response, 404, [], '')
}

const OPEN_PATHS = new Map([
  ['/status/health', 'true'],
  ['/druid/broker/v1/readiness', ''],
  ['/druid/broker/v1/loadstatus', '{"inventoryInitialized":true}'],
])

function statusText({ behaviour }: SandboxServerOptions): string {
  return JSON.stringify({ version: behaviour.version, modules: [], memory: {} })
}

function datasources(
  { engine, stats }: SandboxServerOptions,
  { url, path, response }: { readonly url: URL; readonly path: string; readonly response: ServerResponse },
): void {
  const [, , , , name, what] = path.split('/')
  if (name === undefined) return end(response, 200, JSON_TYPE, JSON.stringify([...engine.tables.keys()]))
  const table = engine.tables.get(decodeURIComponent(name))
  if (what === 'candidates') {
    stats.candidates += 1
    const list = table === undefined ? [] : candidates(table, url.searchParams.get('intervals') ?? '')
    return end(response, 200, JSON_TYPE, JSON.stringify(list))
  }
  stats.other += 1
  const dimensions =
    table === undefined ? [] : [...table.columns.keys()].filter((column) => column !== '__time')
  end(response, 200, JSON_TYPE, JSON.stringify({ dimensions, metrics: [] }))
}

// Clipped to what was asked, as a Broker does.
function candidates(table: SandboxTable, interval: string): readonly object[] {
  const [from = '', to = ''] = interval.split('/')
  const startMs = Number.isNaN(Date.parse(from)) ? Number.NEGATIVE_INFINITY : Date.parse(from)
  const endMs = Number.isNaN(Date.parse(to)) ? Number.POSITIVE_INFINITY : Date.parse(to)
  return table
    .visible()
    .filter((segment) => segment.startMs < endMs && segment.endMs > startMs)
    .map((segment) => ({
      interval: [Math.max(segment.startMs, startMs), Math.min(segment.endMs, endMs)]
        .map((ms) => new Date(ms).toISOString())
        .join('/'),
      version: segment.version,
      partitionNumber: segment.partition,
      size: 1_000,
      locations: [
        { name: 'sandbox', host: 'sandbox', type: segment.realtime ? 'indexer-executor' : 'historical' },
      ],
    }))
}

interface SqlExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly user: SandboxUser | undefined
}

async function sql(options: SandboxServerOptions, { request, response, user }: SqlExchange): Promise<void> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return end(response, 415, [], '')
  const asked = readBody(await bytesOf(request), request.headers['content-encoding'])
  count(options.stats, asked.query)
  const { engine, clock, behaviour } = options
  if (behaviour.delayMs > 0)
    await clock.sleep(behaviour.delayMs, AbortSignal.timeout(behaviour.delayMs + 60_000))
  const { query, parameters, context } = asked
  const id = typeof context['sqlQueryId'] === 'string' ? context['sqlQueryId'] : randomUUID()
  const ids = ['X-Druid-Query-Id', id, 'X-Druid-SQL-Query-Id', id]
  try {
    const kept = await engine.answer({ sql: query, parameters, context, nowMs: clock.now(), user })
    answer(options, { request, response, user }, { ids, wire: asked.wire, body: render(kept, asked.wire) })
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    end(response, error.status, [...ids, ...JSON_TYPE], error.body)
  }
}

function answer(
  { behaviour }: SandboxServerOptions,
  { request, response }: SqlExchange,
  { ids, wire, body }: { readonly ids: readonly string[]; readonly wire: WireFormat; readonly body: Buffer },
): void {
  const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  response.writeHead(200, [
    ...ids,
    ...(wire.header ? ['X-Druid-SQL-Header-Included', 'yes'] : []),
    'Trailer',
    'X-Druid-Response-Complete',
    'X-Druid-Response-Context',
    '{}',
    ...JSON_TYPE,
    'Vary',
    'Accept-Encoding, User-Agent',
    ...(gzip ? ['Content-Encoding', 'gzip'] : []),
  ])
  const bytes = gzip ? gzipSync(body) : body
  const { cutAfterBytes } = behaviour
  if (cutAfterBytes !== undefined && bytes.length > cutAfterBytes) {
    response.write(bytes.subarray(0, cutAfterBytes), () => response.destroy())
    return
  }
  response.addTrailers([['X-Druid-Response-Complete', 'true']])
  response.end(bytes)
}

function count(stats: SandboxStats, query: string): void {
  if (/^\s*EXPLAIN\b/i.test(query)) stats.explain += 1
  else if (/\bLIMIT 0\s*$/.test(query)) stats.rightsChecks += 1
  else if (/\bINFORMATION_SCHEMA\b/.test(query)) stats.other += 1
  else stats.data += 1
}

interface Asked {
  readonly query: string
  readonly parameters: readonly { readonly type: string; readonly value: unknown }[]
  readonly context: Readonly<Record<string, unknown>>
  readonly wire: WireFormat
}

function readBody(raw: Buffer, encoding: string | undefined): Asked {
  const text = (encoding === 'gzip' ? gunzipSync(raw) : raw).toString('utf8')
  let body
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch {
    throw new SandboxError(400, 'the body is not JSON')
  }
  if (typeof body['query'] !== 'string') throw new SandboxError(400, 'no query')
  return {
    query: body['query'],
    parameters: (body['parameters'] ?? []) as Asked['parameters'],
    context: (body['context'] ?? {}) as Asked['context'],
    wire: wireOf(body),
  }
}

function wireOf(body: Readonly<Record<string, unknown>>): WireFormat {
  const asked = String(body['resultFormat'] ?? 'object').toLowerCase()
  const resultFormat: ResultFormat | undefined = RESULT_FORMATS.find(
    (format) => format.toLowerCase() === asked,
  )
  if (resultFormat === undefined) {
    const message = 'Cannot construct instance of `org.apache.druid.sql.http.ResultFormat`'
    throw new SandboxError(400, message, JSON.stringify({ error: message }))
  }
  const flag = (name: string): boolean => String(body[name] ?? false) === 'true'
  return {
    resultFormat,
    header: flag('header'),
    typesHeader: flag('typesHeader'),
    sqlTypesHeader: flag('sqlTypesHeader'),
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > BODY_MAX_BYTES) throw new SandboxError(413, 'the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function end(response: ServerResponse, status: number, headers: readonly string[], body: string): void {
  response.writeHead(status, [...headers, 'Content-Length', String(Buffer.byteLength(body))])
  response.end(body)
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else if (error instanceof SandboxError) end(response, error.status, JSON_TYPE, error.body)
  else end(response, 500, ['Content-Type', 'text/plain'], String(error))
}
