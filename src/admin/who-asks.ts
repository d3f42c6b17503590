// Who changes something, as it is told to others later: a name that the caller gives, else where the request came from.
import { type FastifyRequest } from 'fastify'
import { OvateError } from '../errors.ts'

const NAME = /^[\x20-\x7e\u00a0-\u00ff]{1,200}$/

/** @throws OvateError OVATE_BAD_REQUEST for a name that is none. */
export function whoAsks({ headers, ip }: Pick<FastifyRequest, 'headers' | 'ip'>): string {
  const name = headers['x-ovate-by']
  if (name === undefined) return ip
  if (typeof name === 'string' && NAME.test(name)) return name
  throw new OvateError('OVATE_BAD_REQUEST', 'X-Ovate-By takes 1 to 200 characters')
}
