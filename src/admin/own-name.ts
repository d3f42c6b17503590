// Loopback keeps other machines out, but not the pages of a browser on this one.
import { isIP } from 'node:net'
import { OvateError } from '../errors.ts'

/**
 * A page may have its own name lead to 127.0.0.1 once it is loaded, and asks here as if it were there: only the name tells.
 * @throws OvateError OVATE_FORBIDDEN for a name that is neither `localhost`, nor an address, nor the configured one.
 */
export function assertOwnName(header: string | undefined, configured: string): void {
  // No browser leaves it out.
  if (header === undefined) return
  const name = nameIn(header)
  if (isIP(name) !== 0 || name === 'localhost' || name === configured.toLowerCase()) return
  throw new OvateError(
    'OVATE_FORBIDDEN',
    'this listener has no token, so it answers by its address or as localhost only: ask so, or set admin.token',
  )
}

/** Without port and brackets; empty where it is no `host:port`. */
function nameIn(header: string): string {
  const [, inBrackets, plain = ''] = /^(?:\[([^[\]]*)\]|([^[\]:]*))(?::\d*)?$/.exec(header) ?? []
  return (inBrackets ?? plain).toLowerCase()
}
