// Native queries, and every path that Ovate doesn't read.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Readable } from 'node:stream'
import { type Druid, type DruidRequest } from '../druid/druid.ts'
import { type LeaderRole } from '../druid/leader-source.ts'
import { type Management } from '../druid/management.ts'
import { scanJsonObject } from '../result/json-scan.ts'
import { OvateError } from '../errors.ts'
import { sendError } from './error-answer.ts'
import { endToEnd } from './headers.ts'
import { LONE_SURROGATE } from './json-bytes.ts'
import { answerProxy, managementTarget } from './management.ts'
import { forward } from './pass-through.ts'
import { type PassRules } from './passage.ts'
import { type BodyReader } from './read-body.ts'

/** What all of them need. */
interface Passing {
  readonly druid: Druid
  readonly bodies: BodyReader
  readonly rules: PassRules
}

const DEPTH_MAX = 100_000
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Sends a native query on: its body is read first, so that a lost Broker can be replaced and a lost client's query ended. */
export async function forwardNative(
  { druid, bodies, rules }: Passing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await new Promise<Buffer | OvateError>((resolve) => {
    bodies.collect({ request, response }, resolve)
  })
  if (!Buffer.isBuffer(body)) return sendError(response, body, rules.onError)
  const cancel = cancelOf(body)
  const headers = endToEnd(request.rawHeaders)
  await forward({ druid, rules, request, response, headers, body, repeatable: true, cancel })
}

/** Sends anything else on, its body as a stream where that is large: to a Broker, or to the Coordinator or Overlord that it is for. */
export async function forwardOther(
  { druid, bodies, rules, management }: Passing & { readonly management: Management | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = management === undefined ? undefined : managementTarget(request.url ?? '/')
  if (target !== undefined && target.kind !== 'leader') return answerProxy(target, request, response)
  const bodiless = BODILESS.has(request.method ?? '') && request.headers['transfer-encoding'] === undefined
  const hasNone = bodiless && Number(request.headers['content-length'] ?? 0) === 0
  const body = hasNone ? undefined : await begun(bodies, request, response)
  if (body instanceof OvateError) return sendError(response, body, rules.onError)
  await forward({
    druid: target === undefined || management === undefined ? druid : leaderAs(management, target.role),
    rules,
    request,
    response,
    path: target?.path,
    headers: endToEnd(request.rawHeaders),
    body,
    repeatable: body === undefined,
    cancel: undefined,
  })
}

function leaderAs(management: Management, role: LeaderRole): Pick<Druid, 'send'> {
  return { send: (request, signal) => management.send(role, request, signal) }
}

function begun(
  bodies: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Buffer | Readable | OvateError> {
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
  // Nothing in a URL stands for a lone surrogate: no DELETE could name it.
  return LONE_SURROGATE.test(id) ? undefined : { kind: 'native', id }
}
