// Clients that ask at the same moment, each on a connection of its own to one of the replicas.
import { Client, type Timed } from '../client.ts'
import { type Fleet } from '../fleet.ts'

export interface Asked extends Timed {
  readonly text: string
}

export class Clients {
  readonly #clients: readonly Client[]
  readonly #replicas: number

  constructor({ replicas }: Fleet, count: number) {
    this.#replicas = replicas.length
    this.#clients = Array.from({ length: count }, (_, at) => {
      const replica = replicas[at % replicas.length]
      if (replica === undefined) throw new Error('a fleet without replicas')
      return new Client(replica.url)
    })
  }

  /** The texts are dealt out so that each replica is asked each of them. */
  ask(texts: readonly string[], context: object): Promise<readonly Asked[]> {
    return this.#each(this.#clients, texts, context)
  }

  /** As many clients as there are replicas, one to each. */
  askFew(texts: readonly string[], context: object): Promise<readonly Asked[]> {
    return this.#each(this.#clients.slice(0, this.#replicas), texts, context)
  }

  #each(clients: readonly Client[], texts: readonly string[], context: object): Promise<readonly Asked[]> {
    return Promise.all(
      clients.map(async (client, at) => {
        const text = texts[Math.floor(at / this.#replicas) % texts.length] ?? ''
        return { text, ...(await client.ask({ query: text, context })) }
      }),
    )
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}
