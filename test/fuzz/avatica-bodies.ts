// Requests of Avatica's remote driver in both encodings, and what accidents make of them.
import { type Random } from '../cluster/random.ts'
import { mutated } from './mutate.ts'

const IDS: [string, ...string[]] = [
  '6f3b9a52-7e0c-4c1d-9b52-0a4f3f1d2c11',
  '00000000-0000-0000-0000-000000000000',
  'mine',
  '',
  'ü',
]
const KINDS: [string, ...string[]] = [
  'openConnection',
  'closeConnection',
  'connectionSync',
  'createStatement',
  'prepareAndExecute',
  'prepare',
  'execute',
  'fetch',
  'closeStatement',
  'getTables',
  'nonsense',
]
const PIECES: [string, ...string[]] = [
  '{',
  '}',
  '"connectionId":"other"',
  '"statementHandle":{"connectionId":"x"}',
  '\\u0063',
  'null',
  '\u0000',
  '\u00ff\u00ff\u00ff\u00ff\u000f',
  '\n\u0080\u0080\u0080\u0080\u0008',
  '\u0012\u0000',
  '6f3b9a52-7e0c-4c1d-9b52-0a4f3f1d2c11',
]

/** A request in JSON; half of them after accidents. */
export function randomAvaticaJson(random: Random): Buffer {
  const connectionId = random.pick(IDS)
  const request = random.pick(KINDS)
  const nested = { statementHandle: { connectionId, id: random.below(5), signature: null } }
  const body = random.below(2) === 0 ? { request, connectionId, statementId: 1 } : { request, ...nested }
  const text = Buffer.from(JSON.stringify(random.below(3) === 0 ? { ...body, sql: 'SELECT 1' } : body))
  return random.below(2) === 0 ? text : mutated(text, random, PIECES)
}

const CLASSES: [string, ...string[]] = [
  'OpenConnectionRequest',
  'CloseConnectionRequest',
  'ConnectionSyncRequest',
  'CreateStatementRequest',
  'PrepareAndExecuteRequest',
  'ExecuteRequest',
  'FetchRequest',
  'Nonsense',
]

/**
 * A WireMessage: its class's name in field 1, the request in field 2, whose connection id is field 1 (or, in
 * ExecuteRequest, field 1 of its StatementHandle); half of them after accidents.
 */
export function randomAvaticaProtobuf(random: Random): Buffer {
  const name = `org.apache.calcite.avatica.proto.Requests$${random.pick(CLASSES)}`
  const id = field(1, Buffer.from(random.pick(IDS)))
  const inner = name.endsWith('ExecuteRequest') && random.below(2) === 0 ? field(1, id) : id
  const more = random.below(2) === 0 ? field(2, Buffer.from('SELECT 1')) : Buffer.alloc(0)
  const wire = Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.concat([inner, more]))])
  return random.below(2) === 0 ? wire : mutated(wire, random, PIECES)
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return Buffer.from([...bytes, left])
}
