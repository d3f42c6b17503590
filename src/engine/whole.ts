// The plan `whole`: one upstream computation for all who ask the same at the same time, its result kept while it proves
// itself.
import { Readable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import { orAborted, whenAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Druid, type DruidAnswer, type DruidRequest } from '../druid/druid.ts'
import { isDenial } from '../druid/denial.ts'
import { wholeBody } from '../druid/whole-body.ts'
import { OvateError } from '../errors.ts'
import { type Flights, type Landed } from '../flight/flights.ts'
import { type FreshnessRules } from '../freshness/bounds.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type IdentityScope } from '../plan/query.ts'
import { KEPT_FORMAT } from '../result/format.ts'
import { Transcoder } from '../result/transcoder.ts'
import { Entry, WHOLE } from './entry.ts'
import { errorHeaders, isForOneAsker, resultHeaders, saysIncomplete, withLength } from './headers.ts'
import { joinAgeMs, ownTime } from './joining.ts'
import { type Keeper, type Made, type Watching } from './keeper.ts'
import { type Answer, type Ending, type SqlRequest, type StreamAnswer } from './request.ts'
import { type Store } from './store.ts'
import { Tee } from './tee.ts'
import { type Turns } from './turns.ts'

/** How a flight ended, for those who wait for it. */
export type Landing =
  | {
      readonly kind: 'entry'
      readonly entry: Entry
      readonly judged: Promise<void>
      /** Whether those who joined may have it, as far as row policies go. */
      readonly isForAll: Promise<boolean>
    }
  /** Druid refused the statement: the same for all of one identity who ask it. */
  | { readonly kind: 'refused'; readonly answer: Refusal }
  /** It failed for reasons of its own (timeout, cancel, capacity, a broken connection): others begin anew. */
  | { readonly kind: 'failed'; readonly answer: Refusal | undefined; readonly cause: unknown }
  /** Past the limit of what is kept: each asks for itself. */
  | { readonly kind: 'too-large' }
  /** Another replica has computed it: it is in the cache now. */
  | { readonly kind: 'brought' }
  /** Druid can't write its head, which the form that is kept has: who wants none asks for itself. */
  | { readonly kind: 'headless'; readonly answer: Refusal }

/** Till it is known whether an answer is kept, those who ask get it from the flight that brought it. */
export function untilJudged(landing: Landing): Promise<void> | undefined {
  return landing.kind === 'entry' ? landing.judged : undefined
}

interface Refusal {
  readonly status: number
  readonly reason: string
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly upstreamId: string
  readonly identity: IdentityScope
}

export interface WholeOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly cache: Store
  readonly flights: Flights<Landing>
  readonly keeper: Keeper
  readonly rules: (datasource: string) => FreshnessRules
  /** The largest answer over these tables that is kept; the cache may set less. */
  readonly entryMaxBytes: (tables: readonly string[]) => number
  readonly onCompute: (upstreamMs: number) => void
  /** Undefined where replicas share nothing. */
  readonly turns: Pick<Turns, 'inTurn' | 'cost'> | undefined
  /** Told of each complete answer; `judged` resolves, and never rejects, once it is known whether it is kept. */
  readonly onWhole: (made: Made, judged: Promise<void>) => void
}

/** `brought`: what another replica computed is in the cache. */
type Computed = Answer | 'headless' | 'brought'

/** What a flight was for one who waits for it. */
type Fate = Computed | 'again'

/** What goes with a flight from its start. */
interface Beginning {
  /** The flight's own: nobody waits for it any more. */
  readonly stop: AbortSignal
  /** That of the client that began it. */
  readonly signal: AbortSignal
  readonly begun: (answer: Answer) => void
  readonly watching: Watching
}

/** Columns of one name and of several types: Druid 33 gives their rows, unless a head is wanted. */
const HEADLESS = /Column\[.*\] has conflicting types/
const HEADLESS_MAX = 5_000

/** How often a waiter begins anew after the flight that it joined has failed, before it asks for itself. */
const JOINS_MAX = 3
const REFUSAL_MAX_BYTES = 1_000_000
/** What Druid says of the statement or of the asker; anything else is of the moment. */
const REFUSED = new Set([400, 401, 403])

export class Whole {
  readonly #options: WholeOptions
  readonly #headless = new LRUCache<string, true>({ max: HEADLESS_MAX })

  constructor(options: WholeOptions) {
    this.#options = options
  }

  /**
   * The answer computed by Druid: streamed to the one that begins, shared with those who join; `headless` where only the
   * asker's own form can be had; `brought` where another replica was before. `signal` is the asker's.
   * @throws OvateError when no Broker could be asked; the signal's reason.
   */
  async compute(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<Computed> {
    if (this.#headless.has(plan.key) && !request.wire.header) return 'headless'
    const ageMaxMs = joinAgeMs(request, plan, this.#options)
    for (let round = 0; round < JOINS_MAX; round += 1) {
      const answer = await this.#fly(request, plan, ageMaxMs, signal)
      if (answer === 'headless') this.#headless.set(plan.key, true)
      if (answer !== 'again') return answer
    }
    return await this.alone(request, plan, signal)
  }

  /** Whether an answer is being computed already that an asker would be given. */
  isUnderWay(request: SqlRequest, plan: WholePlan): boolean {
    return this.#options.flights.canJoin(plan.key, joinAgeMs(request, plan, this.#options))
  }

  /** Asks for one client only, keeping nothing. */
  async alone(request: SqlRequest, plan: WholePlan, signal: AbortSignal): Promise<StreamAnswer> {
    const answer = await this.#send(request, plan, signal)
    return { ...streamOf(request, answer), outcome: { kind: 'bypass', reason: 'too-large' } }
  }

  async #fly(request: SqlRequest, plan: WholePlan, ageMaxMs: number, signal: AbortSignal): Promise<Fate> {
    const { flights } = this.#options
    // Druid tells whoever begins that its time is over; the flight of another has another's time.
    const wait = flights.canJoin(plan.key, ageMaxMs)
      ? ownTime(request, this.#options.clock, signal)
      : { signal, end: () => undefined }
    return await new Promise<Fate>((resolve, reject) => {
      const begin = async (stop: AbortSignal): Promise<Landing> => {
        const watching = this.#options.keeper.watch(plan)
        try {
          return await this.#inTurn(request, plan, { stop, signal, begun: resolve, watching })
        } finally {
          watching.end()
        }
      }
      flights
        .join(plan.key, ageMaxMs, begin, wait.signal)
        .then(async (landed) => resolve(await fateOf(landed, { request, plan }, wait.signal)))
        .catch(reject)
    }).finally(wait.end)
  }

  /** One replica after the other, where it is worth that. */
  async #inTurn(request: SqlRequest, plan: WholePlan, beginning: Beginning): Promise<Landing> {
    const { turns } = this.#options
    const begin = (): Promise<Landing> => this.#begin(request, plan, beginning)
    if (turns === undefined) return await begin()
    const landing = await turns.inTurn({ request, plan }, begin, untilJudged, beginning.stop)
    return landing === 'brought' ? { kind: 'brought' } : landing
  }

  async #begin(
    request: SqlRequest,
    plan: WholePlan,
    { stop, signal, begun, watching }: Beginning,
  ): Promise<Landing> {
    // It may have fired while the turn was waited for, and who listens from now on would not hear of it.
    stop.throwIfAborted()
    const upstream = new AbortController()
    const follow = (): void => upstream.abort(stop.reason)
    stop.addEventListener('abort', follow, { once: true })
    const answer = await this.#send(request, plan, upstream.signal, watching.at)
    if (answer.status !== 200) return await refusalOf(answer, request)
    const tee = new Tee(answer.body, {
      maxBytes: Math.min(this.#options.cache.entryMaxBytes, this.#options.entryMaxBytes(plan.tables)),
      hold: (bytes) => this.#options.cache.hold(bytes),
    })
    const collected = tee.collect()
    begun(streamOf(request, answer, tee.read()))
    // Who has gone before this never comes to read, and holds up nobody.
    whenAborted(signal, () => tee.leave())
    const outcome = await collected
    stop.removeEventListener('abort', follow)
    if (outcome.kind === 'too-large' || outcome.kind === 'no-room') {
      // From here on the answer is its reader's alone, and ends with that client, not with the flight.
      whenAborted(signal, () => upstream.abort(signal.reason))
      if (outcome.kind === 'too-large') this.#options.keeper.tooLarge(plan)
      return { kind: 'too-large' }
    }
    if (outcome.kind === 'broken') return { kind: 'failed', answer: undefined, cause: outcome.cause }
    return this.#land(Buffer.concat(outcome.chunks), { request, plan, answer })
  }

  #land(kept: Buffer, { request, plan, answer }: Pick<Made, 'request' | 'plan' | 'answer'>): Landing {
    const complete = isComplete(kept, answer)
    if (!complete || saysIncomplete(answer.headers))
      return { kind: 'failed', answer: undefined, cause: undefined }
    const costMs = this.#options.clock.now() - answer.sentAtMs
    this.#options.onCompute(costMs)
    this.#options.turns?.cost(plan, costMs)
    const entry = new Entry({
      kept,
      headers: resultHeaders(answer.headers, plan.shared),
      tables: plan.tables,
      service: answer.broker.service,
    })
    const isForAll = this.#options.keeper.isForAll(request, plan, answer.broker.service)
    const made = { request, plan, answer, entry, costMs, isForAll }
    const judged = this.#options.keeper.land(made)
    this.#options.onWhole(made, judged)
    return { kind: 'entry', entry, judged, isForAll }
  }

  async #send(
    request: SqlRequest,
    plan: WholePlan,
    signal: AbortSignal,
    givenTo?: DruidRequest['givenTo'],
  ): Promise<DruidAnswer> {
    const { druid, keeper } = this.#options
    const answer = await druid.send(
      {
        method: 'POST',
        path: '/druid/v2/sql',
        headers: [...request.headers, 'content-type', 'application/json'],
        body: request.bodies.kept(),
        service: plan.service,
        repeatable: true,
        cancel: { kind: 'sql', id: request.upstreamId },
        givenTo,
      },
      signal,
    )
    if (isDenial(answer.status)) keeper.refused(request, plan, answer.broker.service)
    return answer
  }
}

// Rows that a row policy hid from who asked, or let him see, are nobody else's: who waited for them begins anew.
async function fateOf(
  { answer: landing, role }: Landed<Landing>,
  asked: { readonly request: SqlRequest; readonly plan: WholePlan },
  signal: AbortSignal,
): Promise<Fate> {
  const isOthers = role === 'joined' && landing.kind === 'entry'
  if (isOthers && !(await orAborted(landing.isForAll, signal))) {
    // Until then it would be joined once more.
    await orAborted(landing.judged, signal)
    return 'again'
  }
  return given(landing, role, asked)
}

// Whoever began the flight has its stream already, and gets here only what could not be streamed.
function given(
  landing: Landing,
  role: 'began' | 'joined',
  { request, plan }: { readonly request: SqlRequest; readonly plan: WholePlan },
): Fate {
  switch (landing.kind) {
    case 'entry':
      return {
        kind: 'held',
        key: plan.key,
        entry: landing.entry,
        outcome: { kind: 'miss', collapsed: true, detail: WHOLE },
        ageMs: undefined,
      }
    case 'headless':
      if (!request.wire.header) return 'headless'
      return role === 'began' || mayRead(landing.answer, request)
        ? refusalAnswer(landing.answer, request)
        : 'again'
    case 'refused':
      // Error texts may quote rows ("Could not convert string 'x' to DOUBLE"): rights to them aren't proved by asking.
      return role === 'began' || mayRead(landing.answer, request)
        ? refusalAnswer(landing.answer, request)
        : 'again'
    case 'failed':
      if (role === 'joined') return 'again'
      if (landing.answer !== undefined) return refusalAnswer(landing.answer, request)
      throw new OvateError('OVATE_BROKER_FAILED', 'the Broker broke off its answer', { cause: landing.cause })
    case 'brought':
      return 'brought'
    case 'too-large':
      return 'again'
  }
}

function refusalAnswer(refusal: Refusal, request: SqlRequest): StreamAnswer {
  const body = withOwnId(refusal.body, refusal.upstreamId, request.id)
  return {
    kind: 'stream',
    status: refusal.status,
    reason: refusal.reason,
    headers: withLength(errorHeaders(refusal.headers, request.wire.header), body.length),
    form: 'client',
    body: Readable.from([body], { objectMode: false }),
    ending: () => ({ complete: true, trailers: {} }),
    outcome: { kind: 'miss', collapsed: refusal.upstreamId !== request.upstreamId, detail: WHOLE },
    upstreamId: refusal.upstreamId,
  }
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

// Of its own identity, and not naming a query by an id that could as well be a word of the text.
function mayRead({ identity, headers, body, upstreamId }: Refusal, request: SqlRequest): boolean {
  if (identity !== request.identity || isForOneAsker(headers)) return false
  return upstreamId === request.id || UUID.test(upstreamId) || !body.includes(upstreamId)
}

/** Error texts, which are in JSON, name the query: each client reads of its own. */
function withOwnId(body: Buffer, upstreamId: string, id: string): Buffer {
  if (upstreamId === id || !UUID.test(upstreamId) || !body.includes(upstreamId)) return body
  const written = JSON.stringify(id).slice(1, -1)
  // As a text it would be read as a pattern: `$&` is what it stands in place of.
  return Buffer.from(body.toString('utf8').replaceAll(upstreamId, () => written))
}

async function refusalOf(answer: DruidAnswer, { upstreamId, identity }: SqlRequest): Promise<Landing> {
  const refusal = {
    status: answer.status,
    reason: answer.reason,
    headers: answer.headers,
    body: await wholeBody(answer.body as AsyncIterable<Buffer>, REFUSAL_MAX_BYTES),
    upstreamId,
    identity,
  }
  if (HEADLESS.test(refusal.body.toString())) return { kind: 'headless', answer: refusal }
  return REFUSED.has(answer.status)
    ? { kind: 'refused', answer: refusal }
    : { kind: 'failed', answer: refusal, cause: undefined }
}

function streamOf(request: SqlRequest, answer: DruidAnswer, kept?: AsyncIterable<Buffer>): StreamAnswer {
  const base = {
    kind: 'stream',
    status: answer.status,
    reason: answer.reason,
    headers: answer.headers,
    upstreamId: request.upstreamId,
  } as const
  const outcome = { kind: 'miss', collapsed: false, detail: WHOLE } as const
  const source = kept ?? (answer.body as AsyncIterable<Buffer>)
  if (answer.status !== 200) {
    const ending = (): Ending => ({ complete: true, trailers: answer.trailers() })
    const headers = errorHeaders(answer.headers, request.wire.header)
    return { ...base, headers, form: 'client', body: source, ending, outcome }
  }
  const transcoder = new Transcoder(request.wire)
  let complete = false
  const body = transcoded(source, transcoder, (whole) => (complete = whole))
  const ending = (): Ending => ({ complete: complete && !failed(answer), trailers: answer.trailers() })
  return { ...base, form: 'plain', body, ending, outcome }
}

async function* transcoded(
  source: AsyncIterable<Buffer>,
  transcoder: Transcoder,
  done: (complete: boolean) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    const bytes = transcoder.write(chunk)
    if (bytes.length > 0) yield bytes
  }
  const { complete, tail } = transcoder.end()
  if (tail.length > 0) yield tail
  done(complete)
}

const COMPLETE_TRAILER = 'x-druid-response-complete'

/** Druid says in a trailer that it failed after the first row (31 and newer, Brokers only). */
function failed(answer: DruidAnswer): boolean {
  return answer.trailers()[COMPLETE_TRAILER] === 'false'
}

/** A Router hides failures in mid-answer: only the last bytes tell (`]` and a line feed close the kept form). */
function isComplete(kept: Buffer, answer: DruidAnswer): boolean {
  const transcoder = new Transcoder(KEPT_FORMAT)
  transcoder.write(kept)
  return transcoder.end().complete && !failed(answer)
}
