// JDBC by Avatica: its connections and statements live in one Broker, so that all their requests must go there.
import { createHash } from 'node:crypto'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type BrokerStatus, type Druid } from '../druid/druid.ts'
import { type OvateError } from '../errors.ts'
import { scanJsonObject } from '../result/json-scan.ts'
import { sendError } from './error-answer.ts'
import { endToEnd } from './headers.ts'
import { forward } from './pass-through.ts'
import { type BodyReader } from './read-body.ts'

const DEPTH_MAX = 1_000
/** Drivers name a connection by a random UUID; in protobuf it stands as text among the fields. */
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i

/** Sends a request on to the Broker that has its connection. */
export async function forwardAvatica(
  druid: Druid,
  bodies: BodyReader,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const body = await new Promise<Buffer | OvateError>((resolve) => {
    bodies.collect({ request, response }, resolve)
  })
  if (!Buffer.isBuffer(body)) return sendError(response, body)
  const headers = endToEnd(request.rawHeaders)
  const broker = brokerOf(connectionOf(body), druid)
  const passing = { headers, body, repeatable: false, cancel: undefined, extraHeaders: [] }
  await forward({ druid, request, response, broker, ...passing })
}

/** The name of the connection that a request is about: its own, or that of its statement (Avatica's JSON and protobuf). */
export function connectionOf(body: Buffer): string {
  const top = members(body, 0)
  const own = top.get('connectionId')
  const handle = top.get('statementHandle')
  const statements =
    handle?.kind === 'object' ? members(body, handle.valueStart).get('connectionId') : undefined
  const name = own ?? statements
  if (name?.kind === 'string')
    return JSON.parse(body.toString('utf8', name.valueStart, name.valueEnd)) as string
  return UUID.exec(body.toString('latin1'))?.[0] ?? ''
}

function members(body: Buffer, start: number): ReadonlyMap<string, Member> {
  const scan = scanJsonObject(body, start, DEPTH_MAX)
  return new Map(scan.ok ? scan.members.map((member) => [member.key, member]) : [])
}

type Member = (ReturnType<typeof scanJsonObject> & { ok: true })['members'][number]

// Rendezvous hashing (Thaler and Ravishankar 1996): every Ovate finds the same Broker, and only the connections of one that
// went move to others.
function brokerOf(connection: string, druid: Druid): string | undefined {
  const ready = druid
    .brokers()
    .filter(({ service, state }) => service === druid.defaultService && state === 'ready')
  const weight = ({ id }: BrokerStatus): string =>
    createHash('sha256').update(`${connection.length} ${connection}${id}`).digest('hex')
  return ready.toSorted((a, b) => (weight(a) < weight(b) ? 1 : -1))[0]?.id
}
