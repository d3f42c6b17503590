// The operator's listener: metrics, status, explain, flights, cache, settings. Its own port, loopback or a token.
import { createHash, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { OvateError } from '../errors.ts'
import { errorAnswer } from './error-answer.ts'
import { explain } from './explain.ts'
import { type AdminOptions } from './options.ts'
import { purge } from './purge.ts'
import { readinessOf } from './ready.ts'
import { assertOwnName } from './own-name.ts'
import { settingsRoutes } from './settings.ts'
import { statusOf } from './status.ts'
import { whoAsks } from './who-asks.ts'

export interface RunningAdmin {
  readonly url: string
  close(): Promise<void>
}

const READY_PATH = '/ovate/ready'
const BODY_MAX_BYTES = 1_000_000
/** A datasource's name in a path, each of its bytes written in three. */
const PARAMETER_MAX_LENGTH = 1_024

/** Listens; resolves when it answers. @throws what `listen` failed with. */
export async function startAdmin(options: AdminOptions): Promise<RunningAdmin> {
  const app = fastify({
    bodyLimit: BODY_MAX_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PARAMETER_MAX_LENGTH },
  })
  // JSON is read where the statement is: by a scanner that no depth can hurt.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  guard(app, options)
  routes(app, options)
  const url = await app.listen({ host: options.host, port: options.port })
  return { url, close: () => app.close() }
}

function guard(app: FastifyInstance, { token, host }: AdminOptions): void {
  const wanted = token === undefined ? undefined : digest(`Bearer ${token}`)
  app.addHook('onRequest', async ({ headers, routeOptions }) => {
    // Balancers can seldom hold a token, and it says one word.
    if (routeOptions.url === READY_PATH) return
    if (wanted === undefined) return assertOwnName(headers.host, host)
    if (timingSafeEqual(digest(headers.authorization ?? ''), wanted)) return
    throw new OvateError(
      'OVATE_UNAUTHORIZED',
      'this listener wants the header Authorization: Bearer <admin.token>',
    )
  })
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = errorAnswer(error)
    return reply.code(status).type('application/json').send(body)
  })
  app.setNotFoundHandler(() => {
    throw new OvateError(
      'OVATE_NOT_FOUND',
      'no such path: /metrics, /ovate/status, ready, brokers, explain, flights, cache and settings are',
    )
  })
}

function routes(app: FastifyInstance, options: AdminOptions): void {
  const { druid, cache, flights, metrics } = options
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  app.get('/ovate/status', async () => statusOf(options))
  app.get(READY_PATH, async (_request, reply) => {
    const readiness = readinessOf(options)
    return reply.code(readiness === 'ready' ? 200 : 503).send({ readiness })
  })
  app.get('/ovate/brokers', async () => druid.brokers())
  app.get('/ovate/flights', async () => flights.list())
  app.get('/ovate/cache', async () => cache.usage)
  app.delete<{ Querystring: Readonly<Record<string, unknown>> }>('/ovate/cache', async (request, reply) => {
    const { status, body } = await purge(options, request.query, whoAsks(request))
    return reply.code(status).send(body)
  })
  settingsRoutes(app, options)
  app.get<{ Querystring: { sql?: string } }>('/ovate/explain', async ({ query }) =>
    explain(options, query.sql),
  )
  app.post('/ovate/explain', async ({ body }) => explain(options, body))
}

// Equal lengths, so that comparing tells nothing by its time.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
