// Which Broker has a connection of JDBC: its statements and their open results live in that one alone.
//
// What is remembered saves a search and is never needed: a Broker that doesn't have a connection says so, and another is
// asked then. So replicas find each other's connections whichever Brokers each of them held for ready, and a Broker that
// comes takes none over.
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type BrokerStatus, type Druid } from '../druid/druid.ts'
import { ranked } from './rendezvous.ts'
import { type AvaticaRequest } from './request.ts'

/** Druid itself lets a Broker have 25 at a time (`druid.sql.avatica.maxConnections`). The one idle longest goes first. */
const REMEMBERED_MAX = 10_000
/** Druid itself ends a connection that nobody has used for so long (`druid.sql.avatica.connectionIdleTimeout`). */
const IDLE_MS = 5 * 60_000

/**
 * `search`: the Brokers that may have the connection, to be asked in turn as long as they say that they don't, or nobody is
 * there. `all`: each is to be told, for none says whether it has it; the first one's answer counts.
 */
export interface Road {
  readonly how: 'search' | 'all'
  /** By id; undefined: whichever is free. Never empty. */
  readonly brokers: readonly (string | undefined)[]
}

interface Place {
  readonly broker: string
  /** That of its group when it was there. */
  readonly generation: number
}

export class Connections {
  readonly #druid: Pick<Druid, 'brokers' | 'defaultService' | 'generation'>
  /** By the digest of its name, which may be long. */
  readonly #places = new LRUCache<string, Place>({ max: REMEMBERED_MAX })

  constructor(druid: Pick<Druid, 'brokers' | 'defaultService' | 'generation'>) {
    this.#druid = druid
  }

  /** Where a request goes. */
  road({ kind, connection }: AvaticaRequest): Road {
    if (connection === undefined) return ANY
    const there = this.#announced()
    const ready = ranked(idsOf(there.filter(({ state }) => state === 'ready')), connection)
    const known = this.#known(connection, there)
    if (known !== undefined) {
      const { broker, generation } = known
      const all = [broker, ...ready.filter((id) => id !== broker)] as const
      // One that stands still is waited for: it has the connection still.
      if (kind === 'use') return search(all)
      // A Broker runs anew: what it had may have been opened elsewhere, through another replica.
      if (kind === 'close' && generation !== this.#generation()) return { how: 'all', brokers: all }
      return search([broker])
    }
    const waiting = there.filter((broker) => broker.state !== 'ready' && !hasGone(broker))
    const last = ranked(idsOf(waiting), connection)
    if (ready.length === 0) return search(last.slice(0, 1))
    if (kind === 'open' || kind === 'any') return search(ready)
    return kind === 'close' ? { how: 'all', brokers: ready } : search([...ready, ...last])
  }

  /** A Broker has done what was asked: what that says of where the connection is. */
  done({ kind, connection }: AvaticaRequest, broker: string): void {
    if (connection !== undefined && (kind === 'open' || kind === 'use'))
      this.#places.set(digest(connection), { broker, generation: this.#generation() })
  }

  /** No Broker that was asked has the connection. */
  lost({ connection }: AvaticaRequest): void {
    if (connection !== undefined) this.#places.delete(digest(connection))
  }

  /** The Broker that had it, unless that has gone, with all that it had. */
  #known(connection: string, there: readonly BrokerStatus[]): Place | undefined {
    const place = this.#places.get(digest(connection))
    const broker = there.find((one) => one.id === place?.broker)
    return broker === undefined || hasGone(broker) ? undefined : place
  }

  #generation(): number {
    return this.#druid.generation(this.#druid.defaultService)
  }

  // One that drains is announced no more, and gets no new requests.
  #announced(): BrokerStatus[] {
    return this.#druid
      .brokers()
      .filter(({ service, state }) => service === this.#druid.defaultService && state !== 'draining')
  }
}

const ANY: Road = { how: 'search', brokers: [undefined] }

/** Where nobody listens any more nothing is left, nor where nobody could ask for anything for long. */
function hasGone({ state, refuses, silentMs }: BrokerStatus): boolean {
  return state !== 'ready' && (refuses || silentMs > IDLE_MS)
}

function search(brokers: readonly string[]): Road {
  return brokers.length === 0 ? ANY : { how: 'search', brokers }
}

function idsOf(brokers: readonly BrokerStatus[]): string[] {
  return brokers.map(({ id }) => id)
}

function digest(connection: string): string {
  return createHash('sha256').update(connection).digest('base64')
}
