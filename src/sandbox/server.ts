// The sandbox on the wire: what a Broker answers on the paths that Ovate and its clients use.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { candidates } from './candidates.ts'
import { cancelled, page, SandboxError, unauthorized } from './errors.ts'
import { answerSql, type SandboxParts } from './sql-endpoint.ts'
import { mayRead, type SandboxUser, userOf } from './users.ts'

const UNAUTHENTICATED = '<html><head><title>Error 401 Unauthorized</title></head></html>'
const SQL = '/druid/v2/sql'
const DATASOURCES = '/druid/v2/datasources'
const BASE = 'http://sandbox'
const NO_STORE = ['Cache-Control', 'no-cache, no-store, max-age=0']

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  /** Without a slash at its end. */
  readonly path: string
}

/** A server that doesn't listen yet. */
export function sandboxServer(parts: SandboxParts): Server {
  return createServer((request, response) => {
    // Ovate learns from it what a Broker means by now: it must be the clock by which statements are answered.
    response.setHeader('Date', new Date(parts.clock.now()).toUTCString())
    serve(parts, request, response).catch((error: unknown) => fail(response, error))
  })
}

const OPEN_PATHS = new Map([
  ['/status/health', 'true'],
  ['/druid/broker/v1/readiness', ''],
  ['/druid/broker/v1/loadstatus', '{"inventoryInitialized":true}'],
])

async function serve(parts: SandboxParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await parts.faults.passed()
  const target = request.url ?? '/'
  if (!URL.canParse(target, BASE)) return nothing(response, 404)
  const url = new URL(target, BASE)
  const path = url.pathname.replace(/\/$/, '')
  const exchange: Exchange = { request, response, url, path }
  if (OPEN_PATHS.has(path)) return end(response, 200, OPEN_PATHS.get(path) ?? '')
  const { users } = parts.behaviour
  const user = users === undefined ? undefined : userOf(users, request.headers)
  if (users !== undefined && user === undefined)
    throw new SandboxError(401, 'Unauthorized', UNAUTHENTICATED, 'text/html;charset=iso-8859-1')
  if (path === SQL) return await sql(parts, exchange, user)
  if (path.startsWith(`${SQL}/`) && request.method === 'DELETE') return cancel(parts, exchange)
  if (request.method === 'GET' && (path === DATASOURCES || path.startsWith(`${DATASOURCES}/`)))
    return datasources(parts, exchange, user)
  if (request.method === 'GET' && path === '/status') return end(response, 200, statusText(parts))
  if (request.method === 'GET' && path === '/status/properties') return end(response, 200, '{}')
  nothing(response, 404)
}

async function sql(parts: SandboxParts, exchange: Exchange, user: SandboxUser | undefined): Promise<void> {
  const { request, response } = exchange
  if (request.method !== 'POST') return nothing(response, 405, ['Allow', 'POST,OPTIONS', ...NO_STORE])
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return nothing(response, 415)
  await answerSql(parts, exchange, user)
}

function cancel({ running, stats }: SandboxParts, { response, path }: Exchange): void {
  stats.cancels += 1
  const id = decodeURIComponent(path.slice(SQL.length + 1))
  nothing(response, running.cancel(id, cancelled()) ? 202 : 404, ['Content-Type', 'application/json'])
}

function statusText({ behaviour }: SandboxParts): string {
  return JSON.stringify({ version: behaviour.version, modules: [], memory: {} })
}

function datasources(parts: SandboxParts, exchange: Exchange, user: SandboxUser | undefined): void {
  const { engine, stats } = parts
  const { response, url, path } = exchange
  const [name, what] = path.slice(DATASOURCES.length + 1).split('/')
  if (name === undefined || name === '') {
    const readable = [...engine.tables.keys()].filter((one) => mayRead(user, one))
    return end(response, 200, JSON.stringify(readable))
  }
  const table = engine.tables.get(decodeURIComponent(name))
  if (!mayRead(user, decodeURIComponent(name))) throw unauthorized()
  if (what === 'candidates') {
    stats.candidates += 1
    const list = candidates(table?.visible() ?? [], url.searchParams.get('intervals') ?? '')
    if (list === undefined) throw page('java.lang.NullPointerException')
    return end(response, 200, JSON.stringify(list))
  }
  stats.other += 1
  const dimensions = [...(table?.columns.keys() ?? [])].filter((column) => column !== '__time')
  end(response, 200, JSON.stringify({ dimensions, metrics: [] }))
}

function end(response: ServerResponse, status: number, body: string): void {
  const type = body === '' ? [] : ['Content-Type', 'application/json']
  response.writeHead(status, [...NO_STORE, ...type, 'Content-Length', String(Buffer.byteLength(body))])
  response.end(body)
}

function nothing(response: ServerResponse, status: number, headers: readonly string[] = []): void {
  response.writeHead(status, [...headers, 'Content-Length', '0'])
  response.end()
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const told = error instanceof SandboxError ? error : page(String(error))
  response.writeHead(told.status, [
    'Content-Type',
    told.type,
    'Content-Length',
    String(Buffer.byteLength(told.body)),
  ])
  response.end(told.body)
}
