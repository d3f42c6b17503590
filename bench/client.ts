// One client on connections that stay open, one unless told: an answer with the time that it took, or its bytes as they
// come.
import { Agent, type IncomingMessage, request } from 'node:http'

export interface Timed {
  readonly tookMs: number
  readonly status: number
  readonly cacheStatus: string
  readonly body: Buffer
}

const TIMEOUT_MS = 600_000

export class Client {
  readonly #agent: Agent
  readonly #url: string

  /** `base`: `http://HOST:PORT` of whatever answers SQL. */
  constructor(base: string, connections = 1) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
    this.#url = `${base}/druid/v2/sql`
  }

  /**
   * The whole answer to a text, or to a body; `tookMs` runs from the sending to its last byte.
   * @throws Error when it is cut.
   */
  async ask(asked: string | Readonly<Record<string, unknown>>): Promise<Timed> {
    const began = performance.now()
    const response = await this.open(typeof asked === 'string' ? { query: asked } : asked)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const tookMs = performance.now() - began
    if (!response.complete) throw new Error('the answer was cut')
    const cacheStatus = String(response.headers['cache-status'] ?? '')
    return { tookMs, status: response.statusCode ?? 0, cacheStatus, body: Buffer.concat(chunks) }
  }

  /** The answer when its head is there. */
  open(body: Readonly<Record<string, unknown>>): Promise<IncomingMessage> {
    const bytes = Buffer.from(JSON.stringify(body))
    const headers = { 'content-type': 'application/json', 'content-length': String(bytes.length) }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return new Promise((resolve, reject) => {
      const sent = request(this.#url, { method: 'POST', headers, agent: this.#agent, signal })
      sent.on('error', reject).on('response', resolve).end(bytes)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
