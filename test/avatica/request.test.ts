import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AvaticaEncoding, readRequest } from '../../src/avatica/request.ts'
import { AVATICA } from './support.ts'

const KINDS: Readonly<Record<string, string>> = {
  OpenConnectionRequest: 'open',
  CloseConnectionRequest: 'close',
  CloseStatementRequest: 'close',
  TypeInfoRequest: 'any',
  DatabasePropertyRequest: 'any',
  CommitRequest: 'any',
  RollbackRequest: 'any',
  PrepareAndExecuteBatchRequest: 'any',
  ExecuteBatchRequest: 'any',
}

test.each(AVATICA.requests)('$name, as Avatica writes it', ({ name, json, protobuf }) => {
  const expected = { kind: KINDS[name] ?? 'use', connection: 'c' }
  expect(readRequest(Buffer.from(json), 'json')).toEqual(expected)
  expect(readRequest(Buffer.from(protobuf, 'hex'), 'protobuf')).toEqual(expected)
})

test('all requests that there are', () => {
  expect(AVATICA.requests.length).toBe(21)
})

describe('JSON', () => {
  test.each<[string, string, string | undefined]>([
    ['both places', '{"statementHandle":{"connectionId":"s"},"connectionId":"c"}', 'c'],
    [
      'a handle behind much else',
      '{"x":[[{"connectionId":"no"}]],"statementHandle":{"id":1,"connectionId":"s"}}',
      's',
    ],
    ['a name twice', '{"connectionId":"a","connectionId":"b"}', 'b'],
    ['escapes', String.raw`{"connection\u0049d":"\u00fc\n"}`, 'ü\n'],
    ['an empty name', '{"connectionId":""}', ''],
    ['a number', '{"connectionId":5}', '5'],
    ['null', '{"connectionId":null}', undefined],
    ['an object', '{"connectionId":{}}', undefined],
    ['a handle that is none', '{"statementHandle":"connectionId"}', undefined],
    ['something behind it', '{"connectionId":"c"} x', 'c'],
    ['the end too early', '{"connectionId":"c"', undefined],
    ['a list', '[{"connectionId":"c"}]', undefined],
    ['nothing', '', undefined],
    ['no JSON', 'connectionId', undefined],
  ])('%s', (_, body, connection) => {
    expect(readRequest(Buffer.from(body), 'json').connection).toBe(connection)
  })
})

const PACKAGE = 'org.apache.calcite.avatica.proto.Requests$'

function wire(name: string, wrapped: Uint8Array): BinaryWriter {
  return new BinaryWriter()
    .tag(1, 2)
    .string(PACKAGE + name)
    .tag(2, 2)
    .bytes(wrapped)
}

const message = (field: number, text: string): BinaryWriter => new BinaryWriter().tag(field, 2).string(text)

describe('protobuf', () => {
  test.each<[string, Uint8Array, string | undefined]>([
    [
      'fields in another order',
      new BinaryWriter()
        .tag(2, 2)
        .bytes(message(1, 'c').finish())
        .tag(1, 2)
        .string(`${PACKAGE}FetchRequest`)
        .finish(),
      'c',
    ],
    [
      'a name that is no UUID',
      wire('FetchRequest', message(1, 'Verbindung ü').finish()).finish(),
      'Verbindung ü',
    ],
    ['a field twice', wire('FetchRequest', message(1, 'a').tag(1, 2).string('b').finish()).finish(), 'b'],
    [
      'a UUID where the connection is not',
      wire('PrepareRequest', message(2, '0d5ae3b1-9c3c-4b60-8d2e-3f9d5b1c7a10').finish()).finish(),
      undefined,
    ],
    [
      'a number where the connection is',
      wire('FetchRequest', new BinaryWriter().tag(1, 0).uint32(5).finish()).finish(),
      undefined,
    ],
    [
      'a handle in two pieces',
      wire(
        'ExecuteRequest',
        new BinaryWriter()
          .tag(1, 2)
          .bytes(message(1, 'c').finish())
          .tag(1, 2)
          .bytes(new BinaryWriter().tag(2, 0).uint32(7).finish())
          .finish(),
      ).finish(),
      'c',
    ],
    [
      'a group around it',
      wire(
        'FetchRequest',
        new BinaryWriter().tag(9, 3).tag(1, 2).string('no').tag(9, 4).tag(1, 2).string('c').finish(),
      ).finish(),
      'c',
    ],
    ['a class that is not known', wire('NobodyRequest', message(1, 'c').finish()).finish(), undefined],
    ['a class that is an object’s own', wire('constructor', message(1, 'c').finish()).finish(), undefined],
    ['a length past the end', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x41]), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('%s', (_, body, connection) => {
    expect(readRequest(Buffer.from(body), 'protobuf').connection).toBe(connection)
  })
})

const ENCODINGS: readonly AvaticaEncoding[] = ['json', 'protobuf']
const SEEDS = AVATICA.requests.flatMap(({ json, protobuf }) => [
  Buffer.from(json),
  Buffer.from(protobuf, 'hex'),
])

test.each(ENCODINGS)('whatever the bytes, %s is read to an end', (encoding) => {
  const changed = fc
    .tuple(fc.constantFrom(...SEEDS), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
    .map(([seed, changes, end]) => {
      const bytes = Buffer.from(seed)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return end % 3 === 0 ? bytes.subarray(0, end % bytes.length) : bytes
    })
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    changed,
  )
  fc.assert(
    fc.property(bytes, (body) => {
      const { kind, connection } = readRequest(body, encoding)
      expect(['open', 'use', 'close', 'any']).toContain(kind)
      expect(['string', 'undefined']).toContain(typeof connection)
    }),
    { numRuns: 10_000 },
  )
})

test.each<[string, AvaticaEncoding, Buffer]>([
  ['levels', 'json', Buffer.from(`{"connectionId":${'['.repeat(2_000_000)}`)],
  ['members', 'json', Buffer.from(`{${'"connectionId":"c",'.repeat(200_000)}"x":1}`)],
  ['groups', 'protobuf', Buffer.alloc(2_000_000, 0x0b)],
  ['fields', 'protobuf', Buffer.alloc(2_000_000, Buffer.from([0x12, 0]))],
])('millions of %s are read to an end', (_, encoding, body) => {
  expect(readRequest(body, encoding).kind).toBe('any')
})
