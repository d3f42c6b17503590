// /ovate/settings: what is set for all datasources or for one, changed on the version that was read.
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Basis, type StoredSettings } from '../coordination/settings-store.ts'
import { OvateError } from '../errors.ts'
import { type AdminOptions, type SharedState } from './options.ts'
import { whoAsks } from './who-asks.ts'

const BODY_MAX_BYTES = 65_536
/** For all that one request asks of ZooKeeper; each operation has a shorter deadline of its own. */
const TIME_MAX_MS = 20_000

interface Route {
  readonly Params: { readonly datasource?: string }
}

type Request = FastifyRequest<Route>

export function settingsRoutes(app: FastifyInstance, options: AdminOptions): void {
  for (const path of ['/ovate/settings', '/ovate/settings/:datasource']) {
    app.get<Route>(path, (request, reply) => given(options, request, reply))
    app.put<Route>(path, { bodyLimit: BODY_MAX_BYTES }, (request, reply) =>
      changed(options, request, reply, settingsIn(request.body)),
    )
    app.delete<Route>(path, (request, reply) => changed(options, request, reply, null))
  }
}

async function given(
  { shared, settings }: AdminOptions,
  { params: { datasource } }: Request,
  reply: FastifyReply,
): Promise<unknown> {
  const signal = AbortSignal.timeout(TIME_MAX_MS)
  const stored: StoredSettings =
    shared === undefined
      ? { version: undefined, settings: null, changes: [] }
      : await shared.settings.get(datasource, signal)
  const name = datasource ?? '*'
  const problem = shared?.settings.problems().find((one) => one.name === name)?.problem
  if (stored.version !== undefined) reply.header('etag', `"${stored.version}"`)
  return {
    datasource: datasource ?? null,
    settings: stored.settings,
    inForce: settings.shown(datasource),
    ...(problem !== undefined && { problem }),
    changes: stored.changes,
    ...(datasource === undefined && { datasources: settings.list().datasources }),
  }
}

async function changed(
  { shared }: AdminOptions,
  request: Request,
  reply: FastifyReply,
  settings: unknown,
): Promise<unknown> {
  const { datasource } = request.params
  const basis = basisOf(request)
  const change = { settings, by: whoAsks(request) }
  const version = await store(shared).set(datasource, change, basis, AbortSignal.timeout(TIME_MAX_MS))
  reply.header('etag', `"${version}"`)
  return { datasource: datasource ?? null, settings, version }
}

function store(shared: SharedState | undefined): SharedState['settings'] {
  if (shared !== undefined) return shared.settings
  throw new OvateError('OVATE_NOT_FOUND', 'no live settings: the configuration has no section coordination')
}

/** RFC 9110 §13.1.1: one strong tag, that of the version which the change is based on. */
const TAG = /^"(0|[1-9]\d{0,9})"$/

function basisOf({ headers }: Request): Basis {
  const match = headers['if-match']
  const noneMatch = headers['if-none-match']
  if (match === undefined && noneMatch === undefined) {
    const text =
      'a change wants If-Match with the ETag that was read, or If-None-Match: * where nothing is set'
    throw new OvateError('OVATE_NO_BASIS', text)
  }
  const version = TAG.exec(match ?? '')?.[1]
  if (match === undefined && noneMatch === '*') return 'none'
  if (noneMatch === undefined && version !== undefined) return Number(version)
  throw new OvateError('OVATE_BAD_REQUEST', 'If-Match takes one ETag of these settings, If-None-Match only *')
}

function settingsIn(body: unknown): unknown {
  try {
    const settings: unknown = JSON.parse(Buffer.isBuffer(body) ? body.toString() : String(body))
    if (typeof settings === 'object' && settings !== null) return settings
  } catch (cause) {
    throw new OvateError('OVATE_BAD_REQUEST', 'the body is no JSON', { cause })
  }
  throw new OvateError('OVATE_BAD_REQUEST', 'the body is no JSON object')
}
