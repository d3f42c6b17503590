// Avatica's messages in protobuf, as far as Ovate reads them (common.proto and requests.proto, equal in 1.23 to 1.29):
//
//   message WireMessage    { string name = 1; bytes wrapped_message = 2; }   // name: …proto.Requests$FetchRequest
//   message FetchRequest   { string connection_id = 1; … }                    // as most requests
//   message SchemasRequest { …; string connection_id = 3; … }                 // ColumnsRequest 5, TablesRequest 7
//   message ExecuteRequest { StatementHandle statementHandle = 1; … }
//   message StatementHandle { string connection_id = 1; … }
//   message ErrorResponse  { repeated string exceptions = 1; … }
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { type NamedRequest } from './json.ts'

/** The fields, from outside in, that lead to a request's connection. */
const CONNECTION: ReadonlyMap<string, readonly number[]> = new Map([
  ['CatalogsRequest', [1]],
  ['CloseConnectionRequest', [1]],
  ['CloseStatementRequest', [1]],
  ['ColumnsRequest', [5]],
  ['CommitRequest', [1]],
  ['ConnectionSyncRequest', [1]],
  ['CreateStatementRequest', [1]],
  ['DatabasePropertyRequest', [1]],
  ['ExecuteBatchRequest', [1]],
  ['ExecuteRequest', [1, 1]],
  ['FetchRequest', [1]],
  ['OpenConnectionRequest', [1]],
  ['PrepareAndExecuteBatchRequest', [1]],
  ['PrepareAndExecuteRequest', [1]],
  ['PrepareRequest', [1]],
  ['RollbackRequest', [1]],
  ['SchemasRequest', [3]],
  ['SyncResultsRequest', [1]],
  ['TablesRequest', [7]],
  ['TableTypesRequest', [1]],
  ['TypeInfoRequest', [1]],
])

const NAME = [1]
const WRAPPED = 2
const EXCEPTIONS = 1

/** A request's name without its package, and its connection; neither where the bytes are no message. */
export function readProtobuf(body: Uint8Array): NamedRequest {
  try {
    const name = textAt(body, NAME)?.split('$').at(-1)
    const path = CONNECTION.get(name ?? '')
    return { name, connection: path === undefined ? undefined : textAt(body, [WRAPPED, ...path]) }
  } catch {
    return { name: undefined, connection: undefined }
  }
}

/** The class of the first exception that an answer tells, with its message and stack behind it. */
export function exceptionInProtobuf(body: Uint8Array): string | undefined {
  try {
    if (textAt(body, NAME)?.endsWith('$ErrorResponse') !== true) return undefined
    let first: string | undefined
    visit(body, WRAPPED, (error) => visit(error, EXCEPTIONS, (text) => (first ??= decoded(text))))
    return first
  } catch {
    return undefined
  }
}

// Of a field that comes more than once the last counts, and messages are merged (protobuf's rules for the encoding).
function textAt(message: Uint8Array, [field = 0, ...inner]: readonly number[]): string | undefined {
  let text: string | undefined
  visit(message, field, (value) => {
    text = inner.length === 0 ? decoded(value) : (textAt(value, inner) ?? text)
  })
  return text
}

function decoded(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8')
}

/** Tells each value of a field of text, bytes or a message. @throws Error, RangeError for bytes that are no message. */
function visit(message: Uint8Array, field: number, tell: (value: Uint8Array) => void): void {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number === field && type === WireType.LengthDelimited) tell(reader.bytes())
    else reader.skip(type, number)
  }
}
