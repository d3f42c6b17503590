// POST /druid/v2/sql: the road of a statement from the client's bytes to its answer.
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { type Engine } from '../engine/engine.ts'
import { type Outcome } from '../engine/outcome.ts'
import { OvateError } from '../errors.ts'
import { type Identities } from '../identity/identity.ts'
import { contextText, type IdentityScope } from '../plan/query.ts'
import { type Reason } from '../plan/reasons.ts'
import { cacheStatus, sendHeld, sendStream } from './answer.ts'
import { readCacheControl } from './cache-control.ts'
import { type OnError, sendError } from './error-answer.ts'
import { endToEnd, forJson, isGzip, ofTheCaller, takesGzip, takesJson } from './headers.ts'
import { inTime } from './in-time.ts'
import { forward } from './pass-through.ts'
import { type PassRules } from './passage.ts'
import { type Planner } from './planner.ts'
import { type BodyReader } from './read-body.ts'
import { type RunningQueries } from './running.ts'
import { type Prepared, ShortCut } from './short-cut.ts'
import { type BodyReading, readSqlBody, type SqlBody } from './sql-body.ts'
import { untilGone } from './until-gone.ts'

export interface SqlEndpointOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly engine: Engine
  readonly identities: Identities
  readonly planner: Planner
  readonly running: RunningQueries
  readonly bodies: BodyReader
  /** How long Druid lets a query run that names no timeout, ms. */
  readonly defaultTimeoutMs: number
  readonly onAnswer: (outcome: Outcome, tookMs: number) => void
  /** For requests that aren't understood. */
  readonly rules: PassRules
  readonly onError: OnError
}

/** Druid says itself that a query's time is over: Ovate speaks only when that word doesn't come. */
const TIMEOUT_GRACE_MS = 5_000
const TIMEOUT_MAX_MS = 24 * 3_600_000

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly arrivedAtMs: number
  readonly identity: IdentityScope
}

interface Asked {
  readonly body: SqlBody
  readonly plan: ReturnType<Planner['plan']>
  readonly id: string
  readonly upstreamId: string
}

export class SqlEndpoint {
  readonly #options: SqlEndpointOptions
  readonly #shortCut = new ShortCut()

  constructor(options: SqlEndpointOptions) {
    this.#options = options
  }

  /** Hot: a hit passes here. Answers one request; errors go to the client. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { clock, bodies } = this.#options
    const arrivedAtMs = clock.now()
    bodies.collect({ request, response }, (body) => {
      if (!Buffer.isBuffer(body)) return this.#fail({ response }, body)
      const identity = this.#options.identities.scopeOf(request)
      const exchange = { request, response, arrivedAtMs, identity }
      if (!takesJson(request.headers.accept)) {
        this.#forwardRaw(exchange, body, 'accept').catch((error: unknown) => this.#fail(exchange, error))
        return
      }
      const key = this.#shortCut.key(request.headers, identity, body)
      try {
        if (key !== undefined && this.#answerAtOnce(exchange, key)) return
      } catch (error) {
        return this.#fail(exchange, error)
      }
      this.#answer(exchange, body, key).catch((error: unknown) => this.#fail(exchange, error))
    })
  }

  #answerAtOnce({ request, response, arrivedAtMs }: Exchange, key: string): boolean {
    const { engine, druid, onAnswer, clock, planner } = this.#options
    const prepared = this.#shortCut.get(key)
    if (prepared === undefined || prepared.revision !== planner.revision) return false
    const { plan, wire } = prepared
    if (prepared.generation !== druid.generation(plan.service ?? druid.defaultService)) return false
    const held = engine.hit(prepared, arrivedAtMs, () => ofTheCaller(request.rawHeaders))
    if (held === undefined) return false
    const rendered = engine.rendered(held, wire, takesGzip(request.headers['accept-encoding']))
    sendHeld({ response, wire, id: prepared.clientId ?? randomUUID() }, held, rendered)
    onAnswer(held.outcome, clock.now() - arrivedAtMs)
    return true
  }

  async #answer(exchange: Exchange, raw: Buffer, key: string | undefined): Promise<void> {
    const { request } = exchange
    const form = this.#formOf(request)
    const gzip = form !== 'other' && isGzip(request.headers['content-encoding'])
    const body = gzip ? await this.#options.bodies.inflated(exchange, raw) : raw
    const json = asJson(form, body)
    if (json === undefined) return await this.#forwardRaw(exchange, raw, 'content-type')
    const reading: BodyReading = readSqlBody(json)
    if (reading.kind === 'no-json') throw new OvateError('OVATE_BAD_BODY', reading.message)
    if (reading.kind === 'read') {
      const shortCut = key === undefined ? undefined : { key, bodyBytes: json.length }
      return await this.#run(exchange, reading.body, shortCut)
    }
    const headers = forJson(request.rawHeaders, request.headers['accept-encoding'])
    await this.#forward(exchange, { body: reading.bytes, headers }, 'body-not-understood')
  }

  async #run(
    exchange: Exchange,
    body: SqlBody,
    shortCut: { readonly key: string; readonly bodyBytes: number } | undefined,
  ): Promise<void> {
    const { planner, druid, running } = this.#options
    const { response, identity } = exchange
    const id = body.clientId ?? randomUUID()
    // A DELETE for the one would end the other as well.
    const isTaken = running.has(id) || druid.isRunning({ kind: 'sql', id })
    const upstreamId = isTaken ? randomUUID() : id
    const plan = planner.plan(body, identity)
    if (plan.kind === 'whole' && shortCut !== undefined) {
      const generation = druid.generation(plan.service ?? druid.defaultService)
      const { revision } = planner
      const { wire, clientId } = body
      const prepared: Prepared = { plan, identity, wire, clientId, generation, revision }
      this.#shortCut.put(shortCut.key, prepared, shortCut.bodyBytes)
    }
    const stop = untilGone(response)
    const end = running.begin(id, identity, stop)
    try {
      await this.#give(exchange, { body, plan, id, upstreamId }, stop)
    } catch (error) {
      // An answer whose head could not be written has a body that nobody will read.
      stop.abort(error)
      this.#fail(exchange, error, id)
    } finally {
      end()
    }
  }

  async #give(
    { request, response, arrivedAtMs, identity }: Exchange,
    { body, plan, id, upstreamId }: Asked,
    stop: AbortController,
  ): Promise<void> {
    const { engine, clock, onAnswer, planner } = this.#options
    const sql = {
      query: body.query,
      service: planner.serviceOf(body.query),
      wire: body.wire,
      identity,
      id,
      upstreamId,
      headers: ofTheCaller(request.rawHeaders),
      acceptEncoding: request.headers['accept-encoding'],
      bodies: body.bodies(upstreamId),
      cacheWish: readCacheControl(request.headers['cache-control']),
      arrivedAtMs,
      timeoutMs: this.#timeoutMs(body),
    }
    const patienceMs = Math.min(sql.timeoutMs + TIMEOUT_GRACE_MS, TIMEOUT_MAX_MS)
    const deadlineMs = clock.monotonic() + patienceMs
    const deadline = setTimeout(() => stop.abort(deadlineError()), patienceMs)
    const answer = await engine.run(sql, plan, stop.signal).finally(() => clearTimeout(deadline))
    const reply = { response, wire: body.wire, id }
    if (answer.kind === 'stream') {
      const patience = { clock, deadlineMs, graceMs: TIMEOUT_GRACE_MS, late: deadlineError }
      await sendStream(reply, { ...answer, body: inTime(answer.body, stop, patience) })
    } else
      sendHeld(
        reply,
        answer,
        engine.rendered(answer, body.wire, takesGzip(request.headers['accept-encoding'])),
      )
    onAnswer(answer.outcome, clock.now() - arrivedAtMs)
  }

  // As it came.
  async #forwardRaw(exchange: Exchange, body: Buffer, reason: Reason): Promise<void> {
    await this.#forward(exchange, { body, headers: endToEnd(exchange.request.rawHeaders) }, reason)
  }

  // What Ovate can't read goes to Druid, and its own answer comes back.
  async #forward(
    { request, response, arrivedAtMs }: Exchange,
    { body, headers }: { readonly body: Buffer; readonly headers: readonly string[] },
    reason: Reason,
  ): Promise<void> {
    const { druid, rules, onAnswer, clock } = this.#options
    const outcome = { kind: 'bypass', reason } as const
    await forward({
      druid,
      rules,
      request,
      response,
      headers,
      body,
      repeatable: false,
      cancel: undefined,
      extraHeaders: ['Cache-Status', cacheStatus(outcome)],
    })
    onAnswer(outcome, clock.now() - arrivedAtMs)
  }

  #formOf(request: IncomingMessage): BodyForm {
    const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';')
    const form = FORMS.get(type.trim()) ?? 'other'
    // Druid takes no notice of the charset of JSON.
    if (form === 'json') return form
    const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
    if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) return 'other'
    return this.#options.planner.knowsText(undefined) ? form : 'other'
  }

  /** The context's own timeout where there is one (0: none). */
  #timeoutMs({ query }: SqlBody): number {
    const own = Number(contextText(query, 'timeout') ?? Number.NaN)
    const ms = own > 0 ? own : own === 0 ? TIMEOUT_MAX_MS : this.#options.defaultTimeoutMs
    return Math.min(ms, TIMEOUT_MAX_MS)
  }

  #fail({ response }: Pick<Exchange, 'response'>, error: unknown, id?: string): void {
    sendError(response, error, this.#options.onError, id)
  }
}

function deadlineError(): OvateError {
  return new OvateError('OVATE_DEADLINE', 'Druid did not answer within the time of this query')
}

type BodyForm = 'json' | 'text' | 'urlencoded' | 'other'

const FORMS: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'json'],
  ['text/plain', 'text'],
  ['application/x-www-form-urlencoded', 'urlencoded'],
])

/**
 * The JSON that says what a body says: plain SQL, and SQL in URL encoding as a whole without a name before it, are taken
 * by Druid 34 and newer (`SqlQuery.from`). Undefined for what isn't read.
 */
function asJson(form: BodyForm, body: Buffer): Buffer | undefined {
  if (form === 'json') return body
  if (form === 'other' || !isUtf8(body)) return undefined
  try {
    const text = body.toString('utf8')
    const sql = form === 'text' ? text : decodeURIComponent(text.replaceAll('+', ' '))
    return Buffer.from(JSON.stringify({ query: sql.trim() }))
  } catch {
    return undefined
  }
}
