// Native queries, and every path that Ovate doesn't read.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Druid, type DruidRequest } from '../druid/druid.ts'
import { scanJsonObject } from '../result/json-scan.ts'
import { OvateError } from '../errors.ts'
import { sendError } from './error-answer.ts'
import { endToEnd } from './headers.ts'
import { forward } from './pass-through.ts'
import { type BodyReader } from './read-body.ts'

const DEPTH_MAX = 100_000
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Sends a native query on: its body is read first, so that a lost Broker can be replaced and a lost client's query ended. */
export async function forwardNative(
  druid: Druid,
  bodies: BodyReader,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const body = await new Promise<Buffer | OvateError>((resolve) => {
    bodies.collect({ request, response }, resolve)
  })
  if (!Buffer.isBuffer(body)) return sendError(response, body)
  const cancel = cancelOf(body)
  const headers = endToEnd(request.rawHeaders)
  await forward({ druid, request, response, headers, body, repeatable: true, cancel, extraHeaders: [] })
}

/** Sends anything else on, its body as a stream where that is large. */
export async function forwardOther(
  { druid, bodies }: { readonly druid: Druid; readonly bodies: BodyReader },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bodiless = BODILESS.has(request.method ?? '') && request.headers['transfer-encoding'] === undefined
  const hasNone = bodiless && Number(request.headers['content-length'] ?? 0) === 0
  const body = hasNone ? undefined : await begun(bodies, request, response)
  if (body instanceof OvateError) return sendError(response, body)
  await forward({
    druid,
    request,
    response,
    headers: endToEnd(request.rawHeaders),
    body,
    repeatable: body === undefined,
    cancel: undefined,
    extraHeaders: [],
  })
}

function begun(
  bodies: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Buffer | IncomingMessage | OvateError> {
  return new Promise((resolve) => {
    bodies.begin({ request, response }, resolve)
  })
}

/** The id by which a native query can be cancelled: its context's `queryId`, where it is plain to see. */
function cancelOf(body: Buffer): DruidRequest['cancel'] {
  const top = scanJsonObject(body, 0, DEPTH_MAX)
  const context = top.ok ? top.members.find(({ key }) => key === 'context') : undefined
  if (context?.kind !== 'object') return undefined
  const inner = scanJsonObject(body, context.valueStart, DEPTH_MAX)
  const member = inner.ok ? inner.members.find(({ key }) => key === 'queryId') : undefined
  if (member?.kind !== 'string') return undefined
  const id = JSON.parse(body.toString('utf8', member.valueStart, member.valueEnd)) as string
  return { kind: 'native', id }
}
