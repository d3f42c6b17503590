// Avatica's requests in JSON: `{"request":"fetch","connectionId":"…",…}`. Those about a statement that was prepared have
// the connection in its handle: `{"request":"execute","statementHandle":{"connectionId":"…","id":1,…},…}`.
import { type JsonMember, visitJsonObject } from '../result/json-scan.ts'

/** What both encodings tell of a request. */
export interface NamedRequest {
  readonly name: string | undefined
  readonly connection: string | undefined
}

const DEPTH_MAX = 1_000

/** A request's name and connection. Members are looked at one by one: a body full of them takes no more than its bytes. */
export function readJson(body: Buffer): NamedRequest {
  let name: string | undefined
  let own: string | undefined
  let handles: string | undefined
  const scan = visitJsonObject(body, 0, DEPTH_MAX, (member) => {
    if (member.key === 'request') name = textOf(body, member)
    else if (member.key === 'connectionId') own = textOf(body, member)
    else if (member.key === 'statementHandle') handles = connectionIn(body, member)
  })
  // As a Router takes it (`AsyncQueryForwardingServlet.getAvaticaConnectionId`, 33.0.0).
  return scan.ok ? { name, connection: own ?? handles } : { name: undefined, connection: undefined }
}

/** The class of the exception that an answer tells, with its message and stack behind it. */
export function exceptionInJson(body: Buffer): string | undefined {
  let exception: string | undefined
  const scan = visitJsonObject(body, 0, DEPTH_MAX, (member) => {
    if (member.key !== 'exceptions' || member.kind !== 'array') return
    const list = JSON.parse(body.toString('utf8', member.valueStart, member.valueEnd)) as unknown[]
    exception = typeof list[0] === 'string' ? list[0] : undefined
  })
  return scan.ok ? exception : undefined
}

function connectionIn(body: Buffer, handle: JsonMember): string | undefined {
  let connection: string | undefined
  if (handle.kind !== 'object') return undefined
  visitJsonObject(body, handle.valueStart, DEPTH_MAX, (member) => {
    if (member.key === 'connectionId') connection = textOf(body, member)
  })
  return connection
}

/** A Broker takes a number or a boolean for the text that it is. */
function textOf(body: Buffer, { kind, valueStart, valueEnd }: JsonMember): string | undefined {
  const text = body.toString('utf8', valueStart, valueEnd)
  if (kind === 'string') return JSON.parse(text) as string
  return kind === 'number' || kind === 'true' || kind === 'false' ? text : undefined
}
