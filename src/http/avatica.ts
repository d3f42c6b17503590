// The endpoints of JDBC: each request goes to the Broker that has its connection, and its answer comes back as it is.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { isNoSuchConnection } from '../avatica/answer.ts'
import { Connections } from '../avatica/connections.ts'
import { type AvaticaEncoding, type AvaticaRequest, readRequest } from '../avatica/request.ts'
import { type Druid, type DruidAnswer, type DruidRequest } from '../druid/druid.ts'
import { isRefusal } from '../druid/refusal.ts'
import { firstHeader } from '../druid/wire-headers.ts'
import { OvateError } from '../errors.ts'
import { endToEnd, isGzip } from './headers.ts'
import { Passage, type PassRules } from './passage.ts'
import { type BodyReader } from './read-body.ts'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Passing extends Exchange {
  readonly asked: AvaticaRequest
  readonly encoding: AvaticaEncoding
  readonly body: Buffer
  readonly passage: Passage
}

/** An error with its stack takes some thousand bytes. */
const ERROR_MAX_BYTES = 1_048_576
/** How long Brokers that may have a connection are told of its close. */
const TELL_MS = 1_000
const OK = 200

interface AvaticaOptions {
  readonly druid: Druid
  readonly bodies: BodyReader
  readonly rules: PassRules
}

export class Avatica {
  readonly #druid: Druid
  readonly #bodies: BodyReader
  readonly #rules: PassRules
  readonly #connections: Connections

  constructor({ druid, bodies, rules }: AvaticaOptions) {
    this.#druid = druid
    this.#bodies = bodies
    this.#rules = rules
    this.#connections = new Connections(druid)
  }

  /** Sends a request on; resolves when its answer is out or the client has gone. Errors go to the client. */
  async forward(exchange: Exchange, encoding: AvaticaEncoding): Promise<void> {
    const passage = new Passage(exchange, this.#rules)
    try {
      const body = await this.#collected(exchange)
      const asked = readRequest(await this.#plain(exchange, body, encoding), encoding)
      await this.#pass({ ...exchange, asked, encoding, body, passage })
    } catch (error) {
      passage.fail(error)
    }
  }

  #collected(exchange: Exchange): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#bodies.collect(exchange, (outcome) => {
        if (Buffer.isBuffer(outcome)) resolve(outcome)
        else reject(outcome)
      })
    })
  }

  async #plain({ request, response }: Exchange, body: Buffer, encoding: AvaticaEncoding): Promise<Buffer> {
    // Old clients send JSON in a header, which a server reads before any body (`AvaticaJsonHandler`, 1.25).
    const header = request.headers['request']
    if (encoding === 'json' && typeof header === 'string') return Buffer.from(header, 'latin1')
    if (!isGzip(request.headers['content-encoding'])) return body
    try {
      return await this.#bodies.inflated({ response }, body)
    } catch (error) {
      if (error instanceof OvateError && error.code === 'OVATE_BAD_BODY') return EMPTY
      throw error
    }
  }

  async #pass(passing: Passing): Promise<void> {
    const { how, brokers } = this.#connections.road(passing.asked)
    if (how === 'search') return this.#search(passing, brokers)
    const [first, ...others] = brokers
    // Before the answer: the client may open its next statement as soon as it has that, and only few may be open.
    const soon = AbortSignal.any([passing.passage.signal, AbortSignal.timeout(TELL_MS)])
    await Promise.all(others.map((broker) => this.#tell(passing, broker, soon)))
    await this.#search(passing, [first])
  }

  // A request that may have been taken is never sent again: only one that a Broker says it has no connection for, or that
  // nobody was there to take.
  async #search(passing: Passing, [broker, ...others]: readonly (string | undefined)[]): Promise<void> {
    const { asked, response, passage } = passing
    let answer: DruidAnswer
    try {
      answer = await passage.send(this.#druid, requestOf(passing, broker))
    } catch (error) {
      if (others.length > 0 && isRefusal(error)) return this.#search(passing, others)
      throw error
    }
    if (answer.status === OK) {
      this.#connections.done(asked, answer.broker.id)
      return passage.give(answer)
    }
    const body = await errorOf(answer, passage)
    if (body === undefined) return passage.give(answer)
    if (isNoSuchConnection(answer.status, body, passing.encoding)) {
      if (others.length > 0) return this.#search(passing, others)
      this.#connections.lost(asked)
    }
    response.writeHead(answer.status, answer.reason, [...answer.headers]).end(body)
  }

  // What a Broker that is in trouble keeps open ends with it, or when it has been idle for long (5 minutes in Druid).
  async #tell(passing: Passing, broker: string | undefined, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#druid.send(requestOf(passing, broker), signal)
      if ((await errorOf(answer, passing.passage)) === undefined) answer.body.destroy()
    } catch {
      return
    }
  }
}

function requestOf({ request, body }: Passing, broker: string | undefined): DruidRequest {
  return {
    method: request.method ?? 'POST',
    path: request.url ?? '/',
    headers: endToEnd(request.rawHeaders),
    body,
    service: undefined,
    broker,
    repeatable: false,
    cancel: undefined,
  }
}

const EMPTY = Buffer.alloc(0)

/** An answer's body where it is short, as errors are; undefined, and nothing is read, where it may be long. */
async function errorOf(answer: DruidAnswer, passage: Passage): Promise<Buffer | undefined> {
  // Without a length it may be long.
  const bytes = Number(firstHeader(answer.headers, 'content-length'))
  return bytes <= ERROR_MAX_BYTES ? buffer(passage.body(answer)) : undefined
}
