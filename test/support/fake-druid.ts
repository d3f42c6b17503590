// A Druid in memory: what reached it, and answers by a function. For the parts above the wire; the wire has its own tests.
import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import { orAborted } from '../../src/abort.ts'
import { type BrokerStatus, type Druid, type DruidAnswer, type DruidRequest } from '../../src/druid/druid.ts'

export interface Reply {
  readonly status?: number
  /** The words beside the status; Node's own unless told. */
  readonly reason?: string
  readonly headers?: readonly string[]
  readonly body: string | Buffer | AsyncIterable<Buffer>
  readonly trailers?: Readonly<Record<string, string>>
}

export type Answerer = (request: DruidRequest, signal: AbortSignal) => Reply | Promise<Reply>

export const BROKER = 'broker-1:8082'

export class FakeDruid implements Druid {
  readonly defaultService = 'druid/broker'
  readonly requests: DruidRequest[] = []
  readonly cancelled: string[] = []
  readonly #now: () => number
  answer: Answerer
  brokerIds = [BROKER]
  /** What differs from a Broker that is ready, by id. */
  troubles: Readonly<Record<string, Partial<Pick<BrokerStatus, 'state' | 'refuses' | 'silentMs'>>>> = {}
  run = 1
  version = '33.0.0'
  cancelStatus = 404

  constructor(answer: Answerer, now: () => number = () => Date.now()) {
    this.answer = answer
    this.#now = now
  }

  async send(request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer> {
    signal.throwIfAborted()
    this.requests.push(request)
    const before = request.givenTo?.(this.#status(request.broker ?? this.brokerIds[0] ?? BROKER))
    if (before !== undefined) await orAborted(before, signal)
    const sentAtMs = this.#now()
    const generation = this.run
    const reply = await this.answer(request, signal)
    const { status = 200, reason = STATUS_CODES[status] ?? '', headers = [], body, trailers = {} } = reply
    const broker =
      this.brokers().find(({ id }) => id === (request.broker ?? this.brokerIds[0])) ?? this.#status('gone')
    const stream = typeof body === 'string' || Buffer.isBuffer(body) ? [Buffer.from(body)] : body
    return {
      broker,
      generation,
      status,
      reason,
      headers,
      body: Readable.from(stream, { objectMode: false }),
      trailers: () => trailers,
      sentAtMs,
    }
  }

  cancel(query: { readonly id: string }): Promise<number> {
    this.cancelled.push(query.id)
    return Promise.resolve(this.cancelStatus)
  }

  isRunning(): boolean {
    return false
  }

  brokers(): readonly BrokerStatus[] {
    return this.brokerIds.map((id) => this.#status(id))
  }

  generation(): number {
    return this.run
  }

  #status(id: string): BrokerStatus {
    return {
      id,
      url: `http://${id}`,
      service: this.defaultService,
      startTime: undefined,
      version: this.version,
      state: 'ready',
      probeFailure: undefined,
      refuses: false,
      silentMs: 0,
      outstanding: 0,
      latencyMs: 1,
      clock: { offsetMs: 0, errorMs: 5 },
      ...this.troubles[id],
    }
  }
}
