// What of a URL belongs to the Coordinator or Overlord, as a Router with `druid.router.managementProxy.enabled` reads it.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type LeaderRole } from '../druid/leader-source.ts'
import { DRUIDS_HEAD, VARYING } from './status.ts'

/** `path`: what the leader is asked for. */
export type ManagementTarget =
  | { readonly kind: 'leader'; readonly role: LeaderRole; readonly path: string }
  /** Whether such paths are served here at all. */
  | { readonly kind: 'enabled' }
  | { readonly kind: 'unknown'; readonly path: string }

/** Where the path ends, so that no other name begins like one of these. */
const END = String.raw`(?=[/;?#]|$)`
const COORDINATOR = new RegExp(`^/druid/coordinator${END}`)
const OVERLORD = new RegExp(`^/druid/indexer${END}`)
const PROXY = new RegExp(`^/proxy${END}`)
// Jetty finds the first part as it is written, Druid reads the second in any case (observed on 33.0.0).
const PROXY_COORDINATOR = new RegExp(`^/proxy/coordinator${END}`, 'i')
const PROXY_OVERLORD = new RegExp(`^/proxy/overlord${END}`, 'i')
const PROXY_ENABLED = /^\/proxy\/enabled(?=\?|$)/i

/** Whose a URL in origin form is; undefined for all that is none of it. */
export function managementTarget(path: string): ManagementTarget | undefined {
  if (COORDINATOR.test(path)) return { kind: 'leader', role: 'coordinator', path }
  if (OVERLORD.test(path)) return { kind: 'leader', role: 'overlord', path }
  if (!PROXY.test(path)) return undefined
  if (PROXY_COORDINATOR.test(path))
    return { kind: 'leader', role: 'coordinator', path: behind(path, PROXY_COORDINATOR) }
  if (PROXY_OVERLORD.test(path))
    return { kind: 'leader', role: 'overlord', path: behind(path, PROXY_OVERLORD) }
  if (PROXY_ENABLED.test(path)) return { kind: 'enabled' }
  return { kind: 'unknown', path: path.split(/[?#]/, 1)[0] ?? '' }
}

function behind(path: string, prefix: RegExp): string {
  const rest = path.replace(prefix, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Answers what needs no leader, as a Router does (33.0.0). */
export function answerProxy(
  target: Exclude<ManagementTarget, { kind: 'leader' }>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const isEnabled = target.kind === 'enabled'
  const value = isEnabled ? { enabled: true } : { error: `Unsupported proxy destination[${target.path}]` }
  const body = JSON.stringify(value)
  const head = [
    ...DRUIDS_HEAD,
    ...(isEnabled ? VARYING : []),
    'Content-Length',
    String(Buffer.byteLength(body)),
  ]
  request.resume()
  response.writeHead(isEnabled ? 200 : 400, head).end(body)
}

/** What is said while nobody leads, as by a Router (33.0.0). */
export function noLeaderBody(url: string): Buffer {
  const [path = ''] = url.split('?', 1)
  return Buffer.from(
    JSON.stringify({
      error: `Unable to determine destination[${path}]; is your coordinator/overlord running?`,
    }),
  )
}
