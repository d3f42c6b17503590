// DELETE of a running query at one Broker, and one status out of the answers of several.
import { type Clock } from '../clock.ts'
import { type Broker } from './broker.ts'
import { ask } from './probe.ts'
import { type QueryName } from './running.ts'
import { credentialHeaders } from './wire-headers.ts'

const MAX_BYTES = 65_536

/** What the Broker said to the DELETE, asked with the credentials among `headers`; an Error when it said nothing. */
export async function cancelAt(
  broker: Broker,
  { query, headers }: { readonly query: QueryName; readonly headers: readonly string[] },
  bounds: { readonly clock: Clock; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<number | Error> {
  try {
    // Throws for an id that is no text (a lone surrogate).
    const path = `/druid/v2/${query.kind === 'sql' ? 'sql/' : ''}${encodeURIComponent(query.id)}`
    const request = { method: 'DELETE', path, headers: credentialHeaders(headers), body: undefined }
    const { status } = await ask(broker.control, request, { ...bounds, maxBytes: MAX_BYTES }, signal)
    return status
  } catch (error) {
    return error as Error
  }
}

/** 202 if any accepted, else 401 or 403 if any said so, else 404. */
export function statusOfAll(outcomes: readonly (number | Error)[]): number {
  return [202, 401, 403].find((status) => outcomes.includes(status)) ?? 404
}
