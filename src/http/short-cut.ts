// The short cut for hits: a body that was seen before leads to its plan by its digest, so that neither JSON nor SQL is
// read a second time.
import { hash } from 'node:crypto'
import { type IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import { type WholePlan } from '../plan/plan.ts'
import { type IdentityScope } from '../plan/query.ts'
import { type WireFormat } from '../result/format.ts'

/** What a body came to, the first time that it was read. */
export interface Prepared {
  readonly plan: WholePlan
  readonly identity: IdentityScope
  readonly wire: WireFormat
  readonly clientId: string | undefined
  /** The run of the Brokers under which the plan was made: a newer version may know more. */
  readonly generation: number
  /** The revision of the settings under which it was made. */
  readonly revision: number
}

const PREPARED_MAX = 20_000
/** Of the bodies: what is kept of each is up to ten times as large. */
const PREPARED_MAX_BYTES = 8_000_000

export class ShortCut {
  readonly #prepared = new LRUCache<string, Prepared>({ max: PREPARED_MAX, maxSize: PREPARED_MAX_BYTES })

  /** Hot: a hit passes here. The key of a request; undefined when something about it must be read with care. */
  key(headers: IncomingHttpHeaders, identity: IdentityScope, body: Buffer): string | undefined {
    if (headers['cache-control'] !== undefined || headers['content-encoding'] !== undefined) return undefined
    return `${identity}\n${headers['content-type'] ?? ''}\n${hash('sha256', body, 'base64')}`
  }

  get(key: string): Prepared | undefined {
    return this.#prepared.get(key)
  }

  /** `bodyBytes`: of the request. */
  put(key: string, prepared: Prepared, bodyBytes: number): void {
    this.#prepared.set(key, prepared, { size: bodyBytes })
  }
}
