// JDBC by Avatica: its connections and statements live in one Broker, so that all their requests must go there.
import { createHash } from 'node:crypto'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { LRUCache } from 'lru-cache'
import { type BrokerStatus, type Druid } from '../druid/druid.ts'
import { type OvateError } from '../errors.ts'
import { scanJsonObject } from '../result/json-scan.ts'
import { sendError } from './error-answer.ts'
import { endToEnd } from './headers.ts'
import { forward } from './pass-through.ts'
import { type BodyReader } from './read-body.ts'

const DEPTH_MAX = 1_000
/** Drivers name a connection by a random UUID; in protobuf it stands as text among the fields. */
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i

/** Druid itself lets a Broker have 25 at a time (`druid.sql.avatica.maxConnections`). */
const REMEMBERED_MAX = 10_000

export class Avatica {
  readonly #druid: Druid
  readonly #bodies: BodyReader
  /** The Broker that has a connection, by the digest of its name: a Broker that becomes ready takes none over. */
  readonly #brokers = new LRUCache<string, string>({ max: REMEMBERED_MAX })

  constructor(druid: Druid, bodies: BodyReader) {
    this.#druid = druid
    this.#bodies = bodies
  }

  /** Sends a request on to the Broker that has its connection. */
  async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await new Promise<Buffer | OvateError>((resolve) => {
      this.#bodies.collect({ request, response }, resolve)
    })
    if (!Buffer.isBuffer(body)) return sendError(response, body)
    const headers = endToEnd(request.rawHeaders)
    const broker = this.#brokerOf(connectionOf(body))
    const passing = { headers, body, repeatable: false, cancel: undefined, extraHeaders: [] }
    await forward({ druid: this.#druid, request, response, broker, ...passing })
  }

  // Rendezvous hashing (Thaler and Ravishankar 1996) for those not known: every Ovate finds the same Broker, and only the
  // connections of one that went move to others.
  #brokerOf(connection: string): string | undefined {
    const ready = this.#druid
      .brokers()
      .filter(({ service, state }) => service === this.#druid.defaultService && state === 'ready')
    const name = digest(connection)
    const known = this.#brokers.get(name)
    if (known !== undefined && ready.some(({ id }) => id === known)) return known
    const weight = ({ id }: BrokerStatus): string => digest(`${name}${id}`)
    const chosen = ready.toSorted((a, b) => (weight(a) < weight(b) ? 1 : -1))[0]?.id
    if (chosen !== undefined) this.#brokers.set(name, chosen)
    return chosen
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** The name of the connection that a request is about: its own, or that of its statement (Avatica's JSON and protobuf). */
export function connectionOf(body: Buffer): string {
  const top = members(body, 0)
  const own = top.get('connectionId')
  const handle = top.get('statementHandle')
  const statements =
    handle?.kind === 'object' ? members(body, handle.valueStart).get('connectionId') : undefined
  const name = own ?? statements
  if (name?.kind === 'string')
    return JSON.parse(body.toString('utf8', name.valueStart, name.valueEnd)) as string
  return UUID.exec(body.toString('latin1'))?.[0] ?? ''
}

function members(body: Buffer, start: number): ReadonlyMap<string, Member> {
  const scan = scanJsonObject(body, start, DEPTH_MAX)
  return new Map(scan.ok ? scan.members.map((member) => [member.key, member]) : [])
}

type Member = (ReturnType<typeof scanJsonObject> & { ok: true })['members'][number]
