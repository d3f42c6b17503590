// What one request of JDBC is about: Avatica's requests in JSON or protobuf, read as far as their way needs it.
import { readJson } from './json.ts'
import { readProtobuf } from './protobuf.ts'

export type AvaticaEncoding = 'json' | 'protobuf'

/**
 * `open` makes a connection. `use` needs it: a Broker that doesn't have it says so and does nothing. `close` is answered
 * with success also by a Broker that doesn't have it. `any` is answered alike by every Broker (33.0.0): `commit` and
 * `rollback` do nothing, and batches are refused.
 */
type RequestKind = 'open' | 'use' | 'close' | 'any'

export interface AvaticaRequest {
  readonly kind: RequestKind
  /** The connection's own name, a UUID with most drivers; undefined where a request has none that can be read. */
  readonly connection: string | undefined
}

/** Reads a request without its Content-Encoding. Never throws: what can't be read is for a Broker to refuse. */
export function readRequest(body: Buffer, encoding: AvaticaEncoding): AvaticaRequest {
  const { name, connection } = encoding === 'json' ? readJson(body) : readProtobuf(body)
  return { kind: KINDS.get(name ?? '') ?? 'any', connection }
}

/** By the names of both encodings; all that is not here is `any`. */
const KINDS: ReadonlyMap<string, RequestKind> = new Map([
  ['openConnection', 'open'],
  ['OpenConnectionRequest', 'open'],
  ['closeConnection', 'close'],
  ['CloseConnectionRequest', 'close'],
  ['closeStatement', 'close'],
  ['CloseStatementRequest', 'close'],
  ['connectionSync', 'use'],
  ['ConnectionSyncRequest', 'use'],
  ['createStatement', 'use'],
  ['CreateStatementRequest', 'use'],
  ['prepare', 'use'],
  ['PrepareRequest', 'use'],
  ['prepareAndExecute', 'use'],
  ['PrepareAndExecuteRequest', 'use'],
  ['execute', 'use'],
  ['ExecuteRequest', 'use'],
  ['fetch', 'use'],
  ['FetchRequest', 'use'],
  ['syncResults', 'use'],
  ['SyncResultsRequest', 'use'],
  ['getCatalogs', 'use'],
  ['CatalogsRequest', 'use'],
  ['getSchemas', 'use'],
  ['SchemasRequest', 'use'],
  ['getTables', 'use'],
  ['TablesRequest', 'use'],
  ['getTableTypes', 'use'],
  ['TableTypesRequest', 'use'],
  ['getColumns', 'use'],
  ['ColumnsRequest', 'use'],
])
