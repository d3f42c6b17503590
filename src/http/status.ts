// What Ovate says of itself on the clients' port, in the words of a Broker.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { takesJson } from './headers.ts'
import { isHealthPath, isReadyPath } from './paths.ts'

/** Headers that Druid puts on whatever it makes itself (33.0.0). */
export const DRUIDS_HEAD: readonly string[] = [
  'Cache-Control',
  'no-cache, no-store, max-age=0',
  'Content-Security-Policy',
  "frame-ancestors 'none'",
]

/** What stands beside them on an answer that could have been gzipped. */
export const VARYING: readonly string[] = ['Vary', 'Accept-Encoding, User-Agent']

/**
 * Answers what is asked of this process alone; false: nothing of the kind was asked. `/status/health` is `true` while it
 * serves, whatever its Brokers do. While it drains, 503 and `false`, as Druid 37 says it at `/status/ready`: a balancer
 * that looks at either takes it out. Else `/status/ready` is a Broker's to answer, which older ones don't know, and so is
 * what asks for no JSON, which it refuses.
 */
export function answeredStatus(
  request: IncomingMessage,
  response: ServerResponse,
  isDraining: boolean,
): boolean {
  const url = request.url ?? ''
  const isAsked = isHealthPath(url) || (isDraining && isReadyPath(url))
  if (request.method !== 'GET' || !isAsked || !takesJson(request.headers.accept)) return false
  const text = String(!isDraining)
  request.resume()
  response.writeHead(isDraining ? 503 : 200, jsonHead(text.length)).end(text)
  return true
}

function jsonHead(bytes: number): string[] {
  return [...DRUIDS_HEAD, ...VARYING, 'Content-Type', 'application/json', 'Content-Length', String(bytes)]
}
