// The listener for Druid's own endpoints: statements take the straight road, all else goes through fastify's router.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { type Druid } from '../druid/druid.ts'
import { OvateError } from '../errors.ts'
import { type Identities } from '../identity/identity.ts'
import { sendError } from './error-answer.ts'
import { ofTheCaller } from './headers.ts'
import { forwardNative, forwardOther } from './native-endpoint.ts'
import { type RunningQueries } from './running.ts'
import { type SqlEndpoint } from './sql-endpoint.ts'
import { untilGone } from './until-gone.ts'

export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly bodyMaxBytes: number
  readonly druid: Druid
  readonly identities: Identities
  readonly running: RunningQueries
  readonly sql: SqlEndpoint
  readonly onError: (error: unknown) => void
}

export interface RunningServer {
  readonly url: string
  readonly connections: () => Promise<number>
  /** Takes no new connection, lets running requests end for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>
}

const SQL_PATHS = new Set(['/druid/v2/sql', '/druid/v2/sql/'])
/** Between two looks for connections that have become idle, while the listener closes. */
const SWEEP_MS = 50

/** Listens; resolves when requests are answered. @throws what `listen` failed with (port in use, no right …). */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const app = router(options)
  await app.ready()
  const server = app.server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    url: urlOf(server, options),
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    close: (graceMs) => closed(server, graceMs),
  }
}

function router(options: ServerOptions): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => listener(options, handler),
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false },
  })
  // Bodies stay unread: whoever handles a request reads them.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  routes(app, options)
  return app
}

function routes(app: FastifyInstance, options: ServerOptions): void {
  const { druid, bodyMaxBytes } = options
  app.get('/status/health', async () => true)
  app.delete<{ Params: { id: string } }>('/druid/v2/sql/:id', async (request, reply) => {
    reply.hijack()
    await cancel(
      options,
      { kind: 'sql', id: request.params.id },
      { request: request.raw, response: reply.raw },
    )
  })
  app.delete<{ Params: { id: string } }>('/druid/v2/:id', async (request, reply) => {
    reply.hijack()
    await cancel(
      options,
      { kind: 'native', id: request.params.id },
      { request: request.raw, response: reply.raw },
    )
  })
  for (const path of ['/druid/v2', '/druid/v2/']) {
    app.post(path, async (request, reply) => {
      reply.hijack()
      await forwardNative(druid, bodyMaxBytes, { request: request.raw, response: reply.raw })
    })
  }
  app.setNotFoundHandler(async (request, reply) => {
    reply.hijack()
    await forwardOther(druid, request.raw, reply.raw)
  })
  app.setErrorHandler((error, _request, reply) => {
    options.onError(error)
    reply.hijack()
    sendError(
      reply.raw,
      new OvateError('OVATE_BAD_REQUEST', 'the request is not understood', { cause: error }),
    )
  })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

// A query that runs here ends here: the flight behind it goes on while others wait, and is cancelled when none does.
async function cancel(
  { druid, identities, running }: ServerOptions,
  query: { readonly kind: 'sql' | 'native'; readonly id: string },
  { request, response }: Exchange,
): Promise<void> {
  const stop = untilGone(response)
  try {
    const own = query.kind === 'sql' && running.cancel(query.id, identities.scopeOf(request))
    const status = own ? 202 : await druid.cancel(query, ofTheCaller(request.rawHeaders), stop.signal)
    response.writeHead(status, ['Content-Length', '0']).end()
  } catch (error) {
    if (!response.destroyed) sendError(response, error)
  }
}

function listener(
  options: ServerOptions,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const settings = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    noDelay: true,
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (!server.listening) response.shouldKeepAlive = false
    if (request.method === 'POST' && SQL_PATHS.has(request.url ?? '')) options.sql.handle(request, response)
    else handler(request, response)
  }
  const server =
    options.tls === undefined
      ? createHttpServer(settings, onRequest)
      : createHttpsServer({ ...settings, ...options.tls }, onRequest)
  server.maxConnections = options.connectionsMax
  return server
}

function urlOf(server: Server, { host, tls }: ServerOptions): string {
  const { port } = server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `${tls === undefined ? 'http' : 'https'}://${name}:${port}`
}

async function closed(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A connection that works now is idle after its answer, and would stay for as long as it is kept alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const last = setTimeout(() => server.closeAllConnections(), graceMs)
  await ended
  clearInterval(sweep)
  clearTimeout(last)
}
