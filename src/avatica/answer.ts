// What a Broker's answer says of its connection.
import { exceptionInJson } from './json.ts'
import { exceptionInProtobuf } from './protobuf.ts'
import { type AvaticaEncoding } from './request.ts'

/** A server answers 500 to all that failed (`AvaticaJsonHandler`, 1.25, which Druid 33.0.0 has). */
const FAILED = 500
const UNKNOWN = /^org\.apache\.calcite\.avatica\.NoSuchConnectionException\b/

/** Whether a Broker says that it has no such connection; it has done nothing then. */
export function isNoSuchConnection(status: number, body: Buffer, encoding: AvaticaEncoding): boolean {
  if (status !== FAILED) return false
  return UNKNOWN.test((encoding === 'json' ? exceptionInJson(body) : exceptionInProtobuf(body)) ?? '')
}
