// One HTTP request by node:http, with everything that came back as it came: no package between test and wire.
import { Agent, request as nodeRequest, type IncomingMessage } from 'node:http'
import { within } from './wait.ts'

export interface RawResponse {
  readonly status: number
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[]
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** As sent: a gzip body is not unpacked. */
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, string | undefined>>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object
}

const REQUEST_MS = 60_000
// A connection per request: a killed or frozen server leaves nothing behind for the next one.
const AGENT = new Agent({ keepAlive: false })

/** Sends one request and reads the whole answer, whatever its status. Throws when the connection fails or is cut. */
export function request(
  url: string,
  options: RequestOptions = {},
  signal?: AbortSignal,
): Promise<RawResponse> {
  const body = bytesOf(options.body)
  const headers = {
    ...(typeof options.body === 'object' ? { 'content-type': 'application/json' } : {}),
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    ...options.headers,
  }
  return new Promise((resolve, reject) => {
    const method = options.method ?? (body === undefined ? 'GET' : 'POST')
    const sent = nodeRequest(url, { method, headers, agent: AGENT, signal: within(REQUEST_MS, signal) })
    sent.on('error', reject)
    sent.on('response', (response) => {
      readResponse(response).then(resolve, reject)
    })
    sent.end(body)
  })
}

/** Sends SQL to a Broker, Router or proxy at `url`. A text is sent as `{"query": text}`, an object as it is. */
export function sql(url: string, body: string | object, signal?: AbortSignal): Promise<RawResponse> {
  return request(`${url}/druid/v2/sql`, { body: typeof body === 'string' ? { query: body } : body }, signal)
}

/** The rows of a SQL query as objects. Throws with Druid's text on any status but 200. */
export async function sqlRows(url: string, query: string, signal?: AbortSignal): Promise<Row[]> {
  return parseJson(await sql(url, query, signal)) as Row[]
}

export type Row = Readonly<Record<string, unknown>>

/** The body of a 2xx answer as JSON (undefined when empty); throws with the status and text of any other. */
export function parseJson(response: RawResponse): unknown {
  const text = response.body.toString()
  if (response.status < 200 || response.status > 299)
    throw new Error(`HTTP ${response.status}: ${text.slice(0, 2000)}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function readResponse(response: IncomingMessage): Promise<RawResponse> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  if (!response.complete) throw new Error('the answer was cut')
  return {
    status: response.statusCode ?? 0,
    rawHeaders: response.rawHeaders,
    headers: response.headers,
    body: Buffer.concat(chunks),
    trailers: response.trailers,
  }
}

function bytesOf(body: RequestOptions['body']): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
