// Answers on their way to the client: heads, ids, encodings, trailers, and an end that shows whether it is one.
import { type ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { type Rendered } from '../engine/engine.ts'
import { askersHeaders } from '../engine/headers.ts'
import { type Outcome } from '../engine/outcome.ts'
import { type HeldAnswer, type StreamAnswer } from '../engine/request.ts'
import { type WireFormat } from '../result/format.ts'
import { takesGzip, takesTrailers } from './headers.ts'
import { streamOut } from './stream-out.ts'

/** What of a request decides how its answer is written. */
export interface Reply {
  readonly response: ServerResponse
  readonly wire: WireFormat
  readonly id: string
}

const GZIP_LEVEL = 1
const COMPLETE = 'X-Druid-Response-Complete'
const ANNOUNCED = ['Trailer', COMPLETE]

/** Hot: a hit passes here. Writes an answer that is all there. */
export function sendHeld({ response, wire, id }: Reply, answer: HeldAnswer, { bytes, gzip }: Rendered): void {
  const head = [...idHeaders(id, wire), ...answer.entry.headers]
  const trailers = takesTrailers(response.req)
  if (gzip) head.push('Content-Encoding', 'gzip')
  head.push(...(trailers ? ANNOUNCED : ['Content-Length', String(bytes.length)]))
  head.push('Cache-Status', cacheStatus(answer.outcome))
  if (answer.ageMs !== undefined) head.push('Age', String(Math.floor(answer.ageMs / 1000)))
  response.writeHead(200, head)
  if (trailers) response.addTrailers([[COMPLETE, 'true']])
  response.end(bytes)
}

/** Streams an answer; resolves when it is out or the client has gone. A body that broke off is never ended properly. */
export async function sendStream(reply: Reply, answer: StreamAnswer): Promise<void> {
  const { response } = reply
  const trailers = takesTrailers(response.req)
  const gzip = answer.form === 'plain' && takesGzip(response.req.headers['accept-encoding'])
  response.writeHead(answer.status, answer.reason, streamHead(reply, answer, { trailers, gzip }))
  await streamOut(response, gzip ? gzipped(answer.body) : answer.body, () => answer.ending())
}

function gzipped(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const source = Readable.from(body, { objectMode: false })
  // What breaks the source comes out of the returned stream as well.
  return pipeline(source, createGzip({ level: GZIP_LEVEL }), () => undefined)
}

function streamHead(
  { wire, id }: Reply,
  { form, headers, status, outcome, upstreamId }: StreamAnswer,
  { trailers, gzip }: { trailers: boolean; gzip: boolean },
): string[] {
  const announced = trailers && form === 'plain' ? ANNOUNCED : []
  const own = gzip ? ['Content-Encoding', 'gzip'] : []
  const given =
    form === 'plain' && status === 200
      ? [...idHeaders(id, wire), ...askersHeaders(headers)]
      : asItCame(headers, { trailers, id, upstreamId })
  return [...given, ...announced, ...own, 'Cache-Status', cacheStatus(outcome)]
}

const ID_HEADERS = new Set(['x-druid-query-id', 'x-druid-sql-query-id'])

function asItCame(
  headers: readonly string[],
  { trailers, id, upstreamId }: { trailers: boolean; id: string; upstreamId: string | undefined },
): string[] {
  const head: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!trailers && name.toLowerCase() === 'trailer') continue
    head.push(name, ID_HEADERS.has(name.toLowerCase()) && value === upstreamId ? id : value)
  }
  return head
}

function idHeaders(id: string, wire: WireFormat): string[] {
  const ids = ['X-Druid-Query-Id', id, 'X-Druid-SQL-Query-Id', id]
  if (wire.header) ids.push('X-Druid-SQL-Header-Included', 'yes')
  return ids
}

/** `Cache-Status` (RFC 9211): what Ovate did for this answer. */
export function cacheStatus(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'hit':
      return `ovate; hit; detail="${outcome.detail}"`
    case 'partial':
    case 'miss':
      return `ovate; fwd=${outcome.kind}; ${outcome.collapsed ? 'collapsed; ' : ''}detail="${outcome.detail}"`
    case 'bypass':
      return `ovate; fwd=bypass; detail="pass ${outcome.reason}"`
  }
}
