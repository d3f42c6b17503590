// One question of a client, and all that can be told of its end: what came, how far, and whether it looked whole.
import { Agent, request as nodeRequest, type IncomingMessage } from 'node:http'
import { within } from './wait.ts'

export interface Asked {
  /** 0 when no head came. */
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly trailers: IncomingMessage['trailers']
  /** The answer ended as HTTP says that an answer ends. */
  readonly whole: boolean
  /** On the clock of `performance.now`. */
  readonly askedAtMs: number
  readonly tookMs: number
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** A connection per question unless told. */
  readonly agent?: Agent
  /** Told when the first bytes of the answer are there; what it returns is waited for before the rest is read. */
  readonly onFirstBytes?: () => Promise<void>
  readonly signal?: AbortSignal
}

const ASK_MS = 60_000
const ALONE = new Agent({ keepAlive: false })

/** Asks SQL at `url`. Never throws: what went wrong is told as it looked to the client. */
export function ask(url: string, body: string | object, options: AskOptions = {}): Promise<Asked> {
  const { headers = {}, agent = ALONE, onFirstBytes = () => Promise.resolve(), signal } = options
  const text = JSON.stringify(typeof body === 'string' ? { query: body } : body)
  const askedAtMs = performance.now()
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const end = (response?: IncomingMessage): void => {
      resolve({
        status: response?.statusCode ?? 0,
        headers: response?.headers ?? {},
        body: Buffer.concat(chunks),
        trailers: response?.trailers ?? {},
        whole: response?.complete ?? false,
        askedAtMs,
        tookMs: performance.now() - askedAtMs,
      })
    }
    const sent = nodeRequest(`${url}/druid/v2/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
      agent,
      signal: within(ASK_MS, signal),
    })
    sent.on('error', () => end())
    sent.on('response', (response) => {
      response.on('error', () => undefined).on('close', () => end(response))
      response.on('data', (chunk: Buffer) => {
        if (chunks.push(chunk) > 1) return
        response.pause()
        onFirstBytes().then(
          () => response.resume(),
          () => response.destroy(),
        )
      })
    })
    sent.end(text)
  })
}
