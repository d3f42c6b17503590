// A client that sees everything: raw header order, bytes, trailers, and whether the end was proper.
import { type Agent, type IncomingMessage, request } from 'node:http'

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, string | undefined>>
  /** The answer ended as HTTP says that an answer ends. */
  readonly complete: boolean
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
  /** A connection of its own unless told. */
  readonly agent?: Agent
  /** Told of the head, before any of the body is read. */
  readonly onHead?: (response: IncomingMessage) => void
}

/** Sends a request; rejects only when no head came. */
export function ask(
  url: string,
  { method = 'POST', headers = {}, body, signal, agent, onHead }: Asked = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers, agent: agent ?? false, ...(signal !== undefined && { signal }) },
      (response) => {
        const chunks: Buffer[] = []
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: Buffer.concat(chunks),
            trailers: response.trailers,
            complete: response.complete,
          })
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', () => undefined)
        response.on('close', done)
        onHead?.(response)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A statement in the JSON body that Druid's endpoint takes. */
export function askSql(
  url: string,
  sql: string | Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> {
  const body = JSON.stringify(typeof sql === 'string' ? { query: sql } : sql)
  return ask(url, { headers: { 'content-type': 'application/json', ...headers }, body })
}
