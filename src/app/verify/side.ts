// One of the two that are asked, over HTTP.

/** What came of a question. */
export type Got =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: Buffer
      /** `Cache-Status`; empty where there is none. */
      readonly cache: string
      readonly tookMs: number
    }
  /** No answer, or none that came to its end. */
  | { readonly kind: 'failed'; readonly message: string; readonly tookMs: number }

/** Asks with a body of /druid/v2/sql. Rejects only when the signal fires. */
export type Side = (body: string, signal: AbortSignal) => Promise<Got>

const ANSWER_MAX_BYTES = 256 * 1_048_576

export interface SideOptions {
  /** Without path. */
  readonly url: string
  readonly authorization: string | undefined
  /** For each answer, to its last byte. */
  readonly timeoutMs: number
}

export function httpSide({ url, authorization, timeoutMs }: SideOptions): Side {
  const headers = {
    'content-type': 'application/json',
    // The time is that of the answer, not of packing it.
    'accept-encoding': 'identity',
    ...(authorization !== undefined && { authorization }),
  }
  return async (body, signal) => {
    const startMs = performance.now()
    const tookMs = (): number => performance.now() - startMs
    try {
      const response = await fetch(`${url}/druid/v2/sql`, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      const bytes = await bytesOf(response)
      const cache = response.headers.get('cache-status') ?? ''
      return { kind: 'answer', status: response.status, body: bytes, cache, tookMs: tookMs() }
    } catch (error) {
      signal.throwIfAborted()
      return { kind: 'failed', message: messageOf(error), tookMs: tookMs() }
    }
  }
}

async function bytesOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  if (response.body === null) return Buffer.alloc(0)
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length
    if (sizeBytes > ANSWER_MAX_BYTES) throw new Error(`an answer of more than ${ANSWER_MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

// What fetch says itself is 'fetch failed'.
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
