// How the clients of Druid send SQL: path, body, headers and connection, as recorded from each of them.
import { Agent, request as nodeRequest, type IncomingMessage } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { within } from './wait.ts'

export interface SqlParameter {
  readonly type: string
  readonly value: unknown
}

export interface Client {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Everything beside the query, by the query's own parameters. */
  readonly body: (parameters: readonly SqlParameter[] | undefined) => object
  /** One connection for all queries; else a new one for each. */
  readonly keepAlive: boolean
  /** How the body goes out: with its length, in chunks without one, or as gzip. */
  readonly sends: 'length' | 'chunks' | 'gzip'
}

export interface ClientAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Unpacked. */
  readonly body: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const PYTHON = { 'user-agent': 'python-requests/2.32.3', accept: '*/*' }

/** As watched on a real Druid 33, each with the program's own habits. */
export const CLIENTS = {
  superset: {
    path: '/druid/v2/sql/',
    headers: { ...JSON_TYPE, ...PYTHON, 'accept-encoding': 'gzip, deflate, br, zstd' },
    body: () => ({ context: {}, header: false }),
    keepAlive: false,
    sends: 'length',
  },
  ibis: {
    path: '/druid/v2/sql',
    headers: { ...JSON_TYPE, ...PYTHON, 'accept-encoding': 'gzip, deflate' },
    body: () => ({ context: {}, header: 'true' }),
    keepAlive: false,
    sends: 'length',
  },
  cube: {
    path: '/druid/v2/sql/',
    headers: { ...JSON_TYPE, accept: 'application/json', 'accept-encoding': 'gzip, compress, deflate, br' },
    body: (parameters = []) => ({ parameters, header: true, sqlTypesHeader: true, resultFormat: 'object' }),
    keepAlive: true,
    sends: 'length',
  },
  toolkit: {
    path: '/druid/v2/sql',
    headers: { ...JSON_TYPE, 'accept-encoding': 'gzip, deflate' },
    body: (parameters) => ({
      resultFormat: 'array',
      header: true,
      typesHeader: true,
      sqlTypesHeader: true,
      context: { sqlOuterLimit: 101, sqlStringifyArrays: false },
      parameters,
    }),
    keepAlive: true,
    sends: 'length',
  },
  plywood: {
    path: '/druid/v2/sql/',
    headers: JSON_TYPE,
    body: () => ({ context: { timeout: 40_000, priority: 0, sqlTimeZone: 'Etc/UTC' } }),
    keepAlive: true,
    sends: 'length',
  },
  grafana: {
    path: '/druid/v2/sql',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Go-http-client/1.1',
      'accept-encoding': 'gzip',
    },
    body: () => ({
      queryType: 'sql',
      resultFormat: 'array',
      header: true,
      context: { '': '', 'my key': [1, null] },
    }),
    keepAlive: true,
    sends: 'length',
  },
  'druid-query': {
    path: '/druid/v2/sql',
    headers: { ...JSON_TYPE, ...PYTHON, 'accept-encoding': 'gzip' },
    body: () => ({ resultFormat: 'arrayLines', header: true, typesHeader: true, sqlTypesHeader: true }),
    keepAlive: true,
    sends: 'gzip',
  },
  druidry: {
    path: '/druid/v2/sql',
    headers: { 'content-type': 'application/json; charset=UTF-8', accept: 'application/json' },
    body: () => ({ resultFormat: 'csv', header: true }),
    keepAlive: true,
    sends: 'chunks',
  },
} as const satisfies Record<string, Client>

export type ClientName = keyof typeof CLIENTS

/** Keeps its connections until it is closed. */
export class Sender {
  readonly #agents = { kept: new Agent({ keepAlive: true, maxSockets: 1 }), new: new Agent() }

  close(): void {
    this.#agents.kept.destroy()
  }

  /** One query as the client sends it. `more` goes into the body over what the client puts there. */
  async send(
    url: string,
    client: Client,
    query: { readonly sql: string; readonly parameters?: readonly SqlParameter[]; readonly more?: object },
  ): Promise<ClientAnswer> {
    const text = JSON.stringify({ query: query.sql, ...client.body(query.parameters), ...query.more })
    const agent = client.keepAlive ? this.#agents.kept : this.#agents.new
    const encoding: Record<string, string> = client.sends === 'gzip' ? { 'content-encoding': 'gzip' } : {}
    const sent = nodeRequest(`${url}${client.path}`, {
      method: 'POST',
      headers: { ...client.headers, ...encoding },
      agent,
      signal: within(SEND_MS),
    })
    const response = answerTo(sent)
    if (client.sends === 'chunks') writeInChunks(sent, Buffer.from(text))
    else sent.end(client.sends === 'gzip' ? gzipSync(text) : text)
    return await response
  }
}

const SEND_MS = 60_000

// Cut without regard to characters: one of several bytes may come in two chunks.
function writeInChunks(sent: ReturnType<typeof nodeRequest>, body: Buffer): void {
  for (let at = 0; at < body.length; at += 7) sent.write(body.subarray(at, at + 7))
  sent.end()
}

function answerTo(sent: ReturnType<typeof nodeRequest>): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      read(response).then(resolve, reject)
    })
  })
}

async function read(response: IncomingMessage): Promise<ClientAnswer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const body = response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
  return { status: response.statusCode ?? 0, headers: response.headers, body: body.toString() }
}
