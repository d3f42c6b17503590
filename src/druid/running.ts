// Which Broker runs which query, so that a DELETE finds it; and which DELETEs are on their way.
import { type Broker } from './broker.ts'

export interface QueryName {
  readonly kind: 'sql' | 'native'
  readonly id: string
}

/** Holds only what has a place at a Broker, and so is bounded. The same id may run several times. */
export class Running {
  readonly #brokers = new Map<string, Broker[]>()
  readonly #leaving = new Map<string, Promise<unknown>>()
  /** By what credentials those that were given up while others ran are to be cancelled, by id and Broker. */
  readonly #owed = new Map<string, Map<Broker, readonly string[]>>()

  add(query: QueryName, broker: Broker): void {
    const key = keyOf(query)
    const brokers = this.#brokers.get(key)
    if (brokers === undefined) this.#brokers.set(key, [broker])
    else brokers.push(broker)
  }

  /** Takes one off. Returns with what headers a DELETE is still to be sent, where it was the last of its id at that Broker. */
  remove(query: QueryName, broker: Broker): readonly string[] | undefined {
    const key = keyOf(query)
    const brokers = this.#brokers.get(key) ?? []
    const at = brokers.indexOf(broker)
    if (at >= 0) brokers.splice(at, 1)
    if (brokers.length === 0) this.#brokers.delete(key)
    return brokers.includes(broker) ? undefined : this.settles(query, broker)
  }

  brokersOf(query: QueryName): readonly Broker[] {
    return [...new Set(this.#brokers.get(keyOf(query)))]
  }

  /** Whether a Broker runs several of that id: its DELETE would end them all. */
  runsSeveral(query: QueryName, broker: Broker): boolean {
    const ofBroker = this.#brokers.get(keyOf(query))?.filter((one) => one === broker) ?? []
    return ofBroker.length > 1
  }

  /** One of several was given up: the DELETE waits for the last of them. */
  owes(query: QueryName, broker: Broker, headers: readonly string[]): void {
    const key = keyOf(query)
    const owed = this.#owed.get(key) ?? new Map<Broker, readonly string[]>()
    this.#owed.set(key, owed.set(broker, headers))
  }

  /** A DELETE of that id goes to a Broker. Returns the headers of the one that was to be sent. */
  settles(query: QueryName, broker: Broker): readonly string[] | undefined {
    const key = keyOf(query)
    const owed = this.#owed.get(key)
    const headers = owed?.get(broker)
    owed?.delete(broker)
    if (owed?.size === 0) this.#owed.delete(key)
    return headers
  }

  /** `over` resolves when a query that was given up is cancelled, or won't be. */
  leaves(query: QueryName, over: Promise<void>): void {
    const key = keyOf(query)
    const all = Promise.all([this.#leaving.get(key), over]).finally(() => {
      if (this.#leaving.get(key) === all) this.#leaving.delete(key)
    })
    this.#leaving.set(key, all)
  }

  /** Resolves when no DELETE of that id is on its way; undefined where none is. */
  left(query: QueryName): Promise<unknown> | undefined {
    return this.#leaving.get(keyOf(query))
  }
}

function keyOf({ kind, id }: QueryName): string {
  return `${kind} ${id}`
}
