// One request to a sandbox, with everything that came back: `fetch` has no trailers.
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly trailers: Readonly<Record<string, string | undefined>>
  readonly text: string
  /** Whether the body ended as it should. */
  readonly ended: boolean
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const DEADLINE_MS = 20_000

export function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const outgoing = request(url, { method, headers, signal }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () => {
        const raw = Buffer.concat(chunks)
        const packed = response.headers['content-encoding'] === 'gzip'
        const text = (packed ? gunzipSync(raw) : raw).toString('utf8')
        const { headers: got, trailers, complete } = response
        resolve({ status: response.statusCode ?? 0, headers: got, trailers, text, ended: complete })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** A statement, in the `array` format unless asked otherwise. */
export function askSql(
  url: string,
  query: string,
  { headers = {}, ...fields }: Readonly<Record<string, unknown>> & { headers?: Record<string, string> } = {},
): Promise<Got> {
  return ask(`${url}/druid/v2/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, resultFormat: 'array', ...fields }),
  })
}
