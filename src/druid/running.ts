// Which Broker runs which query, so that a DELETE finds it.
import { type Broker } from './broker.ts'

export interface QueryName {
  readonly kind: 'sql' | 'native'
  readonly id: string
}

/** Holds only what has a place at a Broker, and so is bounded. The same id may run several times. */
export class Running {
  readonly #brokers = new Map<string, Broker[]>()

  add(query: QueryName, broker: Broker): void {
    const key = keyOf(query)
    const brokers = this.#brokers.get(key)
    if (brokers === undefined) this.#brokers.set(key, [broker])
    else brokers.push(broker)
  }

  remove(query: QueryName, broker: Broker): void {
    const key = keyOf(query)
    const brokers = this.#brokers.get(key) ?? []
    const at = brokers.indexOf(broker)
    if (at >= 0) brokers.splice(at, 1)
    if (brokers.length === 0) this.#brokers.delete(key)
  }

  brokersOf(query: QueryName): readonly Broker[] {
    return [...new Set(this.#brokers.get(keyOf(query)))]
  }
}

function keyOf({ kind, id }: QueryName): string {
  return `${kind} ${id}`
}
