// Requests that are sent on to a Broker by what stands before it in a test.
import { request as nodeRequest, type IncomingMessage } from 'node:http'

/** What a Broker answers to a request that came for it, readable as plain text. */
export function answerOf(
  url: string,
  options: { method: string | undefined; headers: IncomingMessage['headers'] },
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method = 'GET' } = options
    const sent = nodeRequest(url, { method, headers: { ...options.headers, 'accept-encoding': 'identity' } })
    sent.on('error', reject)
    sent.on('response', resolve)
    sent.end(body)
  })
}

export async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
