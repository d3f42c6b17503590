// Who asks: everything by which Druid may tell users apart, as an HMAC. Credentials themselves are never kept.
import { createHmac, randomBytes } from 'node:crypto'
import { type IncomingMessage } from 'node:http'
import { type TLSSocket } from 'node:tls'
import { type IdentityScope } from '../plan/query.ts'

export interface IdentityOptions {
  /** Lower-case names of headers beside `authorization` and `cookie` by which Druid may tell users apart. */
  readonly headers: readonly string[]
  /** Shared by all replicas; without one a random key lives as long as the process. */
  readonly secret: string | undefined
}

/** The scope of requests without any credentials. */
export const ANONYMOUS = 'anonymous' as IdentityScope

/** By these a Broker may know a user or an address, whatever `identity.headers` says. */
const TOLD_BY_A_FRONT = /^(?:forwarded|x-forwarded-.*|x-real-ip)$/

export class Identities {
  readonly #names: readonly string[]
  readonly #secret: string | Buffer

  constructor(options: IdentityOptions) {
    this.#names = [...new Set(['authorization', 'cookie', ...options.headers])]
    this.#secret = options.secret ?? randomBytes(32)
  }

  /** All headers by which users are told apart, lower case. */
  get names(): readonly string[] {
    return this.#names
  }

  /**
   * Hot: a hit passes here. Whether a client names what tells users apart in `Connection`: it would be left out on the way
   * to Druid, which would take the request for another's then. No honest client does (RFC 9110 §7.6.1).
   */
  hides({ headers }: IncomingMessage): boolean {
    const { connection } = headers
    if (connection === undefined || connection === 'keep-alive' || connection === 'close') return false
    const named = connection.toLowerCase().split(',')
    return named.some((one) => {
      const name = one.trim()
      return this.#names.includes(name) || TOLD_BY_A_FRONT.test(name)
    })
  }

  /** Hot: a hit passes here. The scope that a request's headers and client certificate put it in. */
  scopeOf(request: IncomingMessage): IdentityScope {
    let text = ''
    for (const name of this.#names) {
      if (request.headers[name] !== undefined) text += valuesOf(request.rawHeaders, name)
    }
    const certificateFingerprint = certificateOf(request)
    if (certificateFingerprint !== undefined) text += `certificate=${certificateFingerprint};`
    if (text === '') return ANONYMOUS
    return createHmac('sha256', this.#secret).update(text).digest('base64url') as IdentityScope
  }
}

/**
 * Every value of a header, in order: of some headers Node shows the first alone, and joins others, but all of them go to
 * Druid, and which of them counts there isn't known here. Each length is written, so that no two lists look alike.
 */
function valuesOf(raw: readonly string[], name: string): string {
  let text = ''
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === name) text += `${name}=${raw[at + 1]?.length}:${raw[at + 1]};`
  }
  return text
}

function certificateOf({ socket }: IncomingMessage): string | undefined {
  const secured = socket as Partial<TLSSocket>
  return secured.encrypted === true ? secured.getPeerX509Certificate?.()?.fingerprint256 : undefined
}
