// The way of replicas to the Brokers: it counts which replica asks what, and holds answers back that Druid has computed.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { answerOf, bytesOf } from './forwarding.ts'
import { statementOf } from './request-log.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

/** Sent by a client, and on to the Broker by Ovate: through which replica it asks. */
export const REPLICA_HEADER = 'x-asked-of'

/** A query for data that reached a Broker. */
export interface Sent {
  readonly sql: string
  /** The number of the replica that sent it. */
  readonly replica: number
}

export interface Held extends Sent {
  /** Lets the answer go. */
  release(): void
}

class Hold {
  readonly text: string
  /** The next one of the same text is another replica's, which shall come through. */
  readonly isOnce: boolean
  /** Undefined until Druid has answered. */
  held: Held | undefined
  release: () => void = () => undefined
  readonly #released = new Promise<void>((resolve) => (this.release = resolve))

  constructor(text: string, isOnce: boolean) {
    this.text = text
    this.isOnce = isOnce
  }

  async keep(sent: Sent): Promise<void> {
    this.held = { ...sent, release: this.release }
    await this.#released
  }
}

const REACHED_MS = 20_000

/** One for all Brokers, which each have a port of it. */
export class Gate {
  readonly #servers: ReturnType<typeof createServer>[] = []
  readonly #sent: Sent[] = []
  #hold: Hold | undefined
  readonly #holds = new Set<Hold>()

  /** Opens a way to the Broker at a URL; resolves with its port. */
  async open(broker: string): Promise<number> {
    const server = createServer((incoming, response) => {
      this.#forward(broker, incoming, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }

  /** The queries for data whose text has this in it. */
  sent(text: string): readonly Sent[] {
    return this.#sent.filter(({ sql }) => sql.includes(text))
  }

  /** Holds the answer to the next query for data whose text has this in it; resolves when Druid has given it. */
  async holdNext(text: string): Promise<Held> {
    const hold = this.#begin(new Hold(text, true))
    await waitUntil(`a query with ${text}`, () => hold.held !== undefined, within(REACHED_MS))
    if (hold.held === undefined) throw new GiveUp('nothing is held')
    return hold.held
  }

  /** Holds the answers to all queries for data whose text has this in it, until `release`. */
  holdAll(text: string): void {
    this.#begin(new Hold(text, false))
  }

  /** Lets go of all that is held, and holds nothing more. */
  release(): void {
    this.#hold = undefined
    for (const hold of this.#holds) hold.release()
    this.#holds.clear()
  }

  async close(): Promise<void> {
    this.release()
    await Promise.all(
      this.#servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      ),
    )
  }

  #begin(hold: Hold): Hold {
    this.#hold = hold
    this.#holds.add(hold)
    return hold
  }

  #holdOf({ sql }: Sent): Hold | undefined {
    const hold = this.#hold
    if (hold === undefined || !sql.includes(hold.text)) return undefined
    if (hold.isOnce) this.#hold = undefined
    return hold
  }

  async #forward(broker: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming)
    const { method = 'GET', url = '/', headers } = incoming
    const sent = dataQuery(body, { method, url, headers })
    const hold = sent === undefined ? undefined : this.#holdOf(sent)
    if (sent !== undefined) this.#sent.push(sent)
    const answer = await answerOf(`${broker}${url}`, { method, headers }, body)
    const bytes = await bytesOf(answer)
    if (sent !== undefined) await hold?.keep(sent)
    const { 'transfer-encoding': _, trailer: __, ...rest } = answer.headers
    response.writeHead(answer.statusCode ?? 502, { ...rest, 'content-length': bytes.length })
    response.end(bytes)
  }
}

function dataQuery(
  body: Buffer,
  { method, url, headers }: { method: string; url: string; headers: IncomingMessage['headers'] },
): Sent | undefined {
  if (method !== 'POST' || !url.endsWith('/druid/v2/sql')) return undefined
  const { query: sql } = JSON.parse(body.toString()) as { readonly query: string }
  return statementOf(sql) === 'data' ? { sql, replica: Number(headers[REPLICA_HEADER]) } : undefined
}
