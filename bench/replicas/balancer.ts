// A load balancer as small as can be: requests go to the replicas in turn, on connections that stay open.
import { Client } from '../client.ts'

export class Balancer {
  readonly #clients: readonly Client[]
  #at = 0

  /** `connections`: to each of them. */
  constructor(urls: readonly string[], connections: number) {
    this.#clients = urls.map((url) => new Client(url, connections))
  }

  next(): Client {
    const client = this.#clients[(this.#at += 1) % this.#clients.length]
    if (client === undefined) throw new Error('nobody to ask')
    return client
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}
