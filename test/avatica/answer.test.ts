import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { expect, test } from 'vitest'
import { isNoSuchConnection } from '../../src/avatica/answer.ts'

const UNKNOWN = 'org.apache.calcite.avatica.NoSuchConnectionException'
const STACK = `${UNKNOWN}\n\tat org.apache.druid.sql.avatica.DruidMeta.getDruidConnection(DruidMeta.java:844)`

const json = (exception: unknown): Buffer =>
  Buffer.from(JSON.stringify({ response: 'error', exceptions: [exception], errorMessage: UNKNOWN }))

function protobuf(name: string, ...exceptions: string[]): Buffer {
  const error = new BinaryWriter()
  for (const exception of exceptions) error.tag(1, 2).string(exception)
  const wire = new BinaryWriter().tag(1, 2).string(`org.apache.calcite.avatica.proto.Responses$${name}`)
  return Buffer.from(wire.tag(2, 2).bytes(error.finish()).finish())
}

test.each([
  ['the exception', 500, json(STACK), true],
  ['its class alone', 500, json(UNKNOWN), true],
  ['another status', 200, json(STACK), false],
  ['another exception that names it', 500, json(`java.lang.RuntimeException: ${UNKNOWN}`), false],
  ['a class that begins like it', 500, json(`${UNKNOWN}2`), false],
  ['no text', 500, json(5), false],
  ['no list', 500, Buffer.from(`{"exceptions":"${UNKNOWN}"}`), false],
  ['no JSON', 500, Buffer.from(UNKNOWN), false],
])('JSON: %s', (_, status, body, expected) => {
  expect(isNoSuchConnection(status, body, 'json')).toBe(expected)
})

test.each([
  ['the exception', protobuf('ErrorResponse', STACK), true],
  ['another before it', protobuf('ErrorResponse', 'java.lang.RuntimeException', STACK), false],
  ['another message', protobuf('FetchResponse', STACK), false],
  ['none', protobuf('ErrorResponse'), false],
  ['no message', Buffer.from(UNKNOWN), false],
])('protobuf: %s', (_, body, expected) => {
  expect(isNoSuchConnection(500, body, 'protobuf')).toBe(expected)
})
