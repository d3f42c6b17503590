// The listener for Druid's own endpoints: statements take the straight road, all else is told apart by method and path.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import { type AddressInfo, type Socket } from 'node:net'
import { type Druid } from '../druid/druid.ts'
import { type Management } from '../druid/management.ts'
import { OvateError } from '../errors.ts'
import { type Identities } from '../identity/identity.ts'
import { Avatica } from './avatica.ts'
import { answerOf, refuseBadHttp } from './bad-http.ts'
import { closed, spareAnswers } from './closing.ts'
import { type OnError, sendError } from './error-answer.ts'
import { answerHalfClosed } from './half-closed.ts'
import { ofTheCaller, takesJson } from './headers.ts'
import { forwardNative, forwardOther } from './native-endpoint.ts'
import { avaticaEncoding, isNativePath, isSqlPath, originForm, queryNamed } from './paths.ts'
import { openSockets } from './open-sockets.ts'
import { type PassRules } from './passage.ts'
import { takesPlace } from './pipelined.ts'
import { type BodyReader } from './read-body.ts'
import { type RunningQueries } from './running.ts'
import { type SqlEndpoint } from './sql-endpoint.ts'
import { answeredStatus, DRUIDS_HEAD } from './status.ts'
import { cutStillReaders } from './still-readers.ts'
import { untilGone } from './until-gone.ts'

export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly tls: ServerTls | undefined
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** How long it is drained before it is closed. */
  readonly drainMs: number
  /** How long a client may read nothing of what is ready for it. */
  readonly writeTimeoutMs: number
  readonly bodies: BodyReader
  readonly druid: Druid
  /** Coordinator and Overlord; undefined: their paths are for a Broker to answer. */
  readonly management: Management | undefined
  readonly identities: Identities
  readonly running: RunningQueries
  readonly sql: SqlEndpoint
  /** For what passes. */
  readonly rules: PassRules
  readonly onError: OnError
}

/** PEM. */
interface ServerTls extends ServerCertificates {
  /** What clients have to show where `ca` is set: a certificate of its, or one if they like. */
  readonly clients: 'required' | 'optional'
}

export interface ServerCertificates {
  readonly cert: Buffer
  readonly key: Buffer
  /** Who signs the certificates of clients; undefined: they are asked for none. */
  readonly ca?: Buffer | undefined
}

export interface RunningServer {
  readonly url: string
  readonly connections: () => Promise<number>
  /** From now on its health is bad and each connection ends with its next answer, so that nobody waits on one when the listener closes. */
  drain(): void
  /** New connections are made with these; those that are open stay. Only where it serves HTTPS. */
  renew(certificates: ServerCertificates): void
  /** Drains, takes no new connection as soon as none waits to be taken, lets running requests end for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>
}

/** Between two looks for requests that take too long to arrive, at the most. */
const CHECK_MS = 5_000

/** Listens; resolves when requests are answered. @throws what `listen` failed with (port in use, no right …). */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const draining = new AbortController()
  const server = listener(options, draining.signal)
  const sockets = openSockets(server)
  const connections = spareAnswers(server, sockets, options.drainMs)
  cutStillReaders(server, sockets, options.writeTimeoutMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const drain = (): void => {
    draining.abort()
    connections.lastAnswers()
  }
  return {
    url: urlOf(server, options),
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    drain,
    renew: ({ cert, key, ca }) => {
      if (server instanceof HttpsServer) server.setSecureContext({ cert, key, ca })
    },
    close: (graceMs) => {
      drain()
      return closed(server, connections, graceMs)
    },
  }
}

/** As a Broker answers (33.0.0). */
const CANCEL_HEAD = [...DRUIDS_HEAD, 'Content-Type', 'application/json', 'Content-Length', '0']

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

// Whatever a header says of the rest is for a Broker to judge.
async function handleOther(
  options: ServerOptions & { readonly avatica: Avatica },
  exchange: Exchange,
): Promise<void> {
  const { request, response } = exchange
  const { method, url = '' } = request
  const query = method === 'DELETE' && takesJson(request.headers.accept) ? queryNamed(url) : undefined
  if (query !== undefined) return await cancel(options, query, exchange)
  const encoding = method === 'POST' ? avaticaEncoding(url) : undefined
  if (encoding !== undefined) return await options.avatica.forward(exchange, encoding)
  const isNative = method === 'POST' && isNativePath(url)
  await (isNative ? forwardNative : forwardOther)(options, request, response)
}

// A query that runs here ends here: the flight behind it goes on while others wait, and is cancelled when none does.
async function cancel(
  options: ServerOptions,
  query: Parameters<Druid['cancel']>[0],
  { request, response }: Exchange,
): Promise<void> {
  const { druid, identities, running, onError } = options
  const stop = untilGone(response)
  try {
    const own = query.kind === 'sql' && running.cancel(query.id, identities.scopeOf(request))
    const status = own ? 202 : await druid.cancel(query, ofTheCaller(request.rawHeaders), stop.signal)
    // A challenge is more than its status: each Broker makes the same one.
    if (status === 401) return await forwardOther(options, request, response)
    response.writeHead(status, CANCEL_HEAD).end()
  } catch (error) {
    sendError(response, error, onError)
  }
}

function listener(options: ServerOptions, draining: AbortSignal): Server {
  const passing = { ...options, avatica: new Avatica(options) }
  const { headersTimeoutMs: handshakeTimeout, requestTimeoutMs: requestTimeout, onError } = options
  // A head is part of its request, and Node takes no longer time for it than for the whole.
  const headersTimeout = Math.min(options.headersTimeoutMs, requestTimeout)
  const settings = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    // Node (20) looks every 30 s: a head that may take one second would have thirty.
    connectionsCheckingInterval: Math.min(headersTimeout, CHECK_MS),
    noDelay: true,
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (draining.aborted || !server.listening) response.shouldKeepAlive = false
    if (!takesPlace(response)) return
    if (options.identities.hides(request)) return refuseHidden(response, onError)
    // Once for all that read it, and for Druid: none of them may take a URL for another than the rest do.
    request.url = originForm(request.url ?? '')
    if (request.method === 'POST' && isSqlPath(request.url)) options.sql.handle(request, response)
    else if (!answeredStatus(request, response, draining.aborted))
      handleOther(passing, { request, response }).catch((error: unknown) =>
        sendError(response, error, onError),
      )
  }
  const server =
    options.tls === undefined
      ? createHttpServer(settings, onRequest)
      : secured(createHttpsServer({ ...settings, ...tlsSettings(options.tls), handshakeTimeout }, onRequest))
  server.on('clientError', (error, socket) => refuseBadHttp(error, socket as Socket, onError))
  server.maxConnections = options.connectionsMax
  // Node (20) drops those behind the first thousand without a word; their size has a limit of its own.
  server.maxHeadersCount = 0
  server.setTimeout(options.writeTimeoutMs, endIdle)
  if (options.tls === undefined) answerHalfClosed(server)
  return server
}

function refuseHidden(response: ServerResponse, onError: OnError): void {
  const text = 'Connection names a header by which users are told apart'
  sendError(response, new OvateError('OVATE_BAD_REQUEST', text), onError)
}

function tlsSettings({ cert, key, ca, clients }: ServerTls): object {
  return { cert, key, ca, requestCert: ca !== undefined, rejectUnauthorized: clients === 'required' }
}

/** Who need not show a certificate may show none, but not one of somebody else's authority. */
function secured(server: HttpsServer): HttpsServer {
  return server.on('secureConnection', (socket) => {
    if (socket.getPeerX509Certificate() !== undefined && !socket.authorized) socket.destroy()
  })
}

/** Nothing was read or written on a connection for as long as may be: it goes, unless an answer is due on it. */
function endIdle(socket: Socket): void {
  if (answerOf(socket) === undefined) socket.destroy()
}

function urlOf(server: Server, { host, tls }: ServerOptions): string {
  const { port } = server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `${tls === undefined ? 'http' : 'https'}://${name}:${port}`
}
