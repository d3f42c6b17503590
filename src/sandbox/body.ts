// Bodies of requests to the SQL endpoint, and the refusals that Druid has for those that it can't read.
import { type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { RESULT_FORMATS, type WireFormat } from '../result/format.ts'
import { page, SandboxError } from './errors.ts'
import { words } from './words.ts'

export interface SqlRequest {
  readonly query: string
  readonly parameters: readonly { readonly type: string; readonly value: unknown }[]
  readonly context: Readonly<Record<string, unknown>>
  readonly wire: WireFormat
}

const BODY_MAX_BYTES = 16_777_216

/** The whole body, unpacked. @throws SandboxError when it is too long or no gzip. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > BODY_MAX_BYTES) throw new SandboxError(413, 'the body is too large')
    chunks.push(chunk)
  }
  const raw = Buffer.concat(chunks)
  if (request.headers['content-encoding'] !== 'gzip') return raw.toString('utf8')
  try {
    return gunzipSync(raw, { maxOutputLength: BODY_MAX_BYTES }).toString('utf8')
  } catch {
    throw page('java.util.zip.ZipException: Not in GZIP format')
  }
}

/** @throws SandboxError as Druid 33 refuses what is no SqlQuery: no JSON gets a page of Jetty's. */
export function readSqlRequest(text: string): SqlRequest {
  const body = objectOf(text)
  const { query } = body
  if (typeof query !== 'string') throw unmade('SqlQuery', 'query')
  return {
    query,
    parameters: (body['parameters'] ?? []) as SqlRequest['parameters'],
    context: (body['context'] ?? {}) as SqlRequest['context'],
    wire: wireOf(body),
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw page('com.fasterxml.jackson.core.JsonParseException')
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>
  const from = 'from Array value (token `JsonToken.START_ARRAY`)'
  throw onlyError(`Cannot deserialize value of type \`org.apache.druid.sql.http.SqlQuery\` ${from}`)
}

function wireOf(body: Readonly<Record<string, unknown>>): WireFormat {
  const asked = words(body['resultFormat'] ?? 'object')
  const resultFormat = RESULT_FORMATS.find((format) => format.toLowerCase() === asked.toLowerCase())
  if (resultFormat === undefined) {
    const constant = `org.apache.druid.sql.http.ResultFormat.${asked.toUpperCase()}`
    throw unmade('ResultFormat', `No enum constant ${constant}`)
  }
  const flag = (name: string): boolean => words(body[name] ?? false) === 'true'
  const [header, typesHeader, sqlTypesHeader] = [flag('header'), flag('typesHeader'), flag('sqlTypesHeader')]
  if (!header && typesHeader) throw unmade('SqlQuery', "Cannot include 'typesHeader' without 'header'")
  if (!header && sqlTypesHeader) throw unmade('SqlQuery', "Cannot include 'sqlTypesHeader' without 'header'")
  return { resultFormat, header, typesHeader, sqlTypesHeader }
}

function unmade(name: string, problem: string): SandboxError {
  return onlyError(`Cannot construct instance of \`org.apache.druid.sql.http.${name}\`, problem: ${problem}`)
}

function onlyError(error: string): SandboxError {
  return new SandboxError(400, error, JSON.stringify({ error }))
}
