import { type IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ranked } from '../../src/avatica/rendezvous.ts'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { OvateError } from '../../src/errors.ts'
import { AVATICA } from '../avatica/support.ts'
import { FakeDruid, type Reply } from '../support/fake-druid.ts'
import { ask, type Got } from '../support/http-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

const IDS = ['a:8082', 'b:8082', 'c:8082']
const UNKNOWN = JSON.stringify({
  response: 'error',
  exceptions: ['org.apache.calcite.avatica.NoSuchConnectionException\n\tat org.apache.druid…'],
})

/** Brokers that have connections, as Druid's do (33.0.0). */
class Brokers {
  readonly held = new Map(IDS.map((id) => [id, new Set<string>()]))

  answer(broker: string, body: string): Reply {
    const { request, connectionId = '' } = JSON.parse(body) as { request: string; connectionId?: string }
    const held = this.held.get(broker) ?? new Set()
    if (request === 'openConnection') held.add(connectionId)
    else if (request === 'closeConnection') held.delete(connectionId)
    else if (!held.has(connectionId)) return error(UNKNOWN)
    return { body: JSON.stringify({ response: request, broker }) }
  }
}

function textOf(body: DruidRequest['body']): string {
  return Buffer.isBuffer(body) ? body.toString() : ''
}

function error(body: string): Reply {
  return { status: 500, headers: ['Content-Length', String(Buffer.byteLength(body))], body }
}

function druidOf(brokers: Brokers): FakeDruid {
  const druid = new FakeDruid(({ broker = '', body }) => brokers.answer(broker, textOf(body)))
  druid.brokerIds = IDS
  return druid
}

const say = (stack: Stack, name: string, connection: string): Promise<Got> =>
  ask(`${stack.sqlUrl}/avatica/`, { body: JSON.stringify({ request: name, connectionId: connection }) })

type Step =
  | { readonly do: 'open' | 'use' | 'close'; readonly name: string; readonly replica: 0 | 1 }
  | { readonly do: 'ready' | 'ejected'; readonly broker: string; readonly replica: 0 | 1 }
  | { readonly do: 'restart' | 'leave' | 'join'; readonly broker: string }

const REPLICA = fc.constantFrom<0 | 1>(0, 1)
const SOME_BROKER = fc.constantFrom(...IDS)
/** What clients send through either replica, what happens to Brokers, and what each replica holds of them. */
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom<'open' | 'use' | 'close'>('open', 'use', 'use', 'close'),
    name: fc.constantFrom('c-1', 'c-2', 'c-3'),
    replica: REPLICA,
  }),
  fc.record({
    do: fc.constantFrom<'ready' | 'ejected'>('ready', 'ejected'),
    broker: SOME_BROKER,
    replica: REPLICA,
  }),
  fc.record({
    do: fc.constantFrom<'restart' | 'leave' | 'join'>('restart', 'leave', 'join'),
    broker: SOME_BROKER,
  }),
)

/** Knows where each connection lives, and what may be said of it. */
class Client {
  readonly mistakes: string[] = []
  readonly #brokers: Brokers
  readonly #druids: readonly [FakeDruid, FakeDruid]
  readonly #stacks: readonly [Stack, Stack]
  readonly #living = new Map<string, string>()

  constructor(brokers: Brokers, druids: readonly [FakeDruid, FakeDruid], stacks: readonly [Stack, Stack]) {
    this.#brokers = brokers
    this.#druids = druids
    this.#stacks = stacks
  }

  async take(step: Step, round: number): Promise<void> {
    if ('name' in step) return this.#ask(step.do, `${step.name} of ${round}`, step.replica)
    if ('replica' in step) {
      const druid = this.#druids[step.replica]
      druid.troubles = { ...druid.troubles, [step.broker]: { state: step.do } }
      return
    }
    if (step.do !== 'join') this.#end(step.broker)
    if (step.do === 'restart') return
    for (const druid of this.#druids) {
      const others = druid.brokerIds.filter((id) => id !== step.broker)
      druid.brokerIds = step.do === 'leave' ? others : [...others, step.broker]
    }
  }

  #end(broker: string): void {
    this.#brokers.held.get(broker)?.clear()
    for (const [name, id] of this.#living) if (id === broker) this.#living.delete(name)
  }

  async #ask(what: 'open' | 'use' | 'close', name: string, replica: 0 | 1): Promise<void> {
    const home = this.#living.get(name)
    // Drivers open a name again only when they were told that it is lost.
    if (this.#druids[replica].brokerIds.length === 0 || (what === 'open' && home !== undefined)) return
    const request = { open: 'openConnection', use: 'fetch', close: 'closeConnection' }[what]
    const got = await say(this.#stacks[replica], request, name)
    const { broker } = JSON.parse(got.body.toString()) as { broker?: string }
    if (what === 'open') this.#living.set(name, broker ?? '')
    // Whoever is ready is told of a close; one that stands still keeps the connection until it has been idle for long.
    if (what === 'close' && this.#brokers.held.get(home ?? '')?.has(name) !== true) this.#living.delete(name)
    if (what === 'use' && broker !== home) this.#missed(name, replica, broker)
  }

  #missed(name: string, replica: 0 | 1, broker: string | undefined): void {
    const home = this.#living.get(name) ?? ''
    const standsStill = this.#druids[replica].troubles[home]?.state === 'ejected'
    // One that stands still here, where the one that this replica knew of says that the connection has gone.
    if (broker !== undefined || !standsStill) this.mistakes.push(`${name} of ${home} at ${String(broker)}`)
    this.#brokers.held.get(home)?.delete(name)
    this.#living.delete(name)
  }
}

describe('two replicas', () => {
  let brokers: Brokers
  let druids: readonly [FakeDruid, FakeDruid]
  let stacks: readonly [Stack, Stack]

  beforeEach(async () => {
    brokers = new Brokers()
    druids = [druidOf(brokers), druidOf(brokers)]
    stacks = [await startStack(druids[0]), await startStack(druids[1])]
  })

  afterEach(async () => {
    for (const stack of stacks) await stack.stop()
  })

  test('a connection is found by both for as long as its Broker lives, and nowhere else', async () => {
    let round = 0
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
        round += 1
        for (const held of brokers.held.values()) held.clear()
        for (const druid of druids) Object.assign(druid, { brokerIds: IDS, troubles: {} })
        const client = new Client(brokers, druids, stacks)
        for (const step of steps) await client.take(step, round)
        expect(client.mistakes).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('both choose the Broker that a Router chooses', async () => {
    for (const name of Array.from({ length: 40 }, (_, at) => `connection ${at}`)) {
      const got = await say(stacks[0], 'openConnection', name)
      expect(JSON.parse(got.body.toString())).toMatchObject({ broker: ranked(IDS, name)[0] })
      expect((await say(stacks[1], 'fetch', name)).status).toBe(200)
    }
    expect([...brokers.held.values()].every(({ size }) => size > 0)).toBe(true)
  })

  test('a close by the replica that never saw the connection reaches its Broker', async () => {
    druids[0].troubles = { [ranked(IDS, 'c')[0] ?? '']: { state: 'ejected' } }
    await say(stacks[0], 'openConnection', 'c')
    expect((await say(stacks[1], 'closeConnection', 'c')).status).toBe(200)
    expect((await say(stacks[0], 'fetch', 'c')).status).toBe(500)
  })

  test('a close reaches a connection that was opened anew elsewhere, by one that knows it where it was', async () => {
    const [home = ''] = ranked(IDS, 'c')
    await say(stacks[0], 'openConnection', 'c')
    brokers.held.get(home)?.clear()
    druids[1].troubles = { [home]: { state: 'ejected' } }
    await say(stacks[1], 'openConnection', 'c')
    druids[0].run += 1
    expect((await say(stacks[0], 'closeConnection', 'c')).status).toBe(200)
    expect([...brokers.held.values()].filter((names) => names.has('c'))).toEqual([])
  })
})

describe('one Ovate', () => {
  let druid: FakeDruid
  let stack: Stack

  beforeEach(async () => {
    druid = new FakeDruid(() => ({ body: '{"response":"ok"}' }))
    druid.brokerIds = IDS
    stack = await startStack(druid)
  })

  afterEach(() => stack.stop())

  const FETCH = '{"request":"fetch","connectionId":"c"}'
  const fetched = (): Promise<Got> => ask(`${stack.sqlUrl}/avatica`, { body: FETCH })
  const asked = (): (string | undefined)[] => druid.requests.map(({ broker }) => broker)
  const failing = (code: 'OVATE_BROKER_FAILED' | 'OVATE_NO_BROKER', cause?: string): never => {
    throw new OvateError(code, 'failed', { cause: Object.assign(new Error('broke'), { code: cause }) })
  }

  test.each<[string, () => Reply, number, number]>([
    ['an answer is the answer', () => ({ body: '{}' }), 200, 1],
    [
      'an error of the statement is one',
      () => error('{"exceptions":["java.lang.RuntimeException"]}'),
      500,
      1,
    ],
    ['an error of unknown length is one', () => ({ status: 500, body: UNKNOWN }), 500, 1],
    ['nobody has it: in Avatica’s words', () => error(UNKNOWN), 500, 3],
    ['nobody listens at any', () => failing('OVATE_BROKER_FAILED', 'ECONNREFUSED'), 502, 3],
    ['what broke off is never sent again', () => failing('OVATE_BROKER_FAILED', 'ECONNRESET'), 502, 1],
    ['one that is not ready in time is no reason to go elsewhere', () => failing('OVATE_NO_BROKER'), 503, 1],
  ])('%s', async (_, answer, status, count) => {
    druid.answer = answer
    const got = await fetched()
    expect(got.status).toBe(status)
    expect(new Set(asked()).size).toBe(count)
    expect(druid.requests).toHaveLength(count)
    expect(druid.requests.every(({ repeatable, body }) => !repeatable && textOf(body) === FETCH)).toBe(true)
  })

  test('the words beside the status of an error are the Broker’s', async () => {
    druid.answer = () => ({
      ...error('{"exceptions":["java.lang.RuntimeException"]}'),
      reason: 'Server Error',
    })
    let words: string | undefined
    const onHead = ({ statusMessage }: IncomingMessage): void => void (words = statusMessage)
    await ask(`${stack.sqlUrl}/avatica`, { body: FETCH, onHead })
    expect(words).toBe('Server Error')
  })

  test('nobody has it: the words are a Broker’s own', async () => {
    druid.answer = () => error(UNKNOWN)
    expect((await fetched()).body.toString()).toBe(UNKNOWN)
  })

  test('a Broker that is not there any more is passed over', async () => {
    const first = ranked(IDS, 'c')[0]
    druid.answer = ({ broker }) =>
      broker === first ? failing('OVATE_BROKER_FAILED', 'ECONNREFUSED') : { body: '{}' }
    expect((await fetched()).status).toBe(200)
    await fetched()
    expect(asked()).toEqual([first, ranked(IDS, 'c')[1], ranked(IDS, 'c')[1]])
  })

  test.each(AVATICA.requests)(
    '$name goes by its connection in both encodings',
    async ({ json, protobuf }) => {
      const bodies = [
        ['avatica', Buffer.from(json)],
        ['avatica-protobuf', Buffer.from(protobuf, 'hex')],
      ] as const
      for (const [path, body] of bodies) {
        for (const end of ['', '/']) {
          await ask(`${stack.sqlUrl}/${path}${end}`, { body })
          expect(druid.requests.some((sent) => body.equals(sent.body as Buffer))).toBe(true)
          expect(asked()).toContain(ranked(IDS, 'c')[0])
          druid.requests.length = 0
        }
      }
    },
  )

  test.each<[string, Record<string, string>, string | Buffer, number]>([
    ['gzip', { 'content-encoding': 'gzip' }, gzipSync(FETCH), 200],
    ['chunks', { 'transfer-encoding': 'chunked' }, FETCH, 200],
    ['JSON in a header', { request: FETCH }, '', 200],
  ])('a body as %s is read and passed on as it came', async (_, headers, body, status) => {
    const got = await ask(`${stack.sqlUrl}/avatica/`, {
      headers: { 'content-type': 'application/octet-stream', ...headers },
      body,
    })
    expect(got.status).toBe(status)
    expect(asked()).toEqual([ranked(IDS, 'c')[0]])
    expect(Buffer.from(body).equals(druid.requests[0]?.body as Buffer)).toBe(true)
    expect(druid.requests[0]?.headers.join()).toContain('application/octet-stream')
  })

  test('what says that it is gzip and is none is for a Broker to refuse', async () => {
    await ask(`${stack.sqlUrl}/avatica/`, { headers: { 'content-encoding': 'gzip' }, body: FETCH })
    expect(asked()).toEqual([undefined])
  })

  test.each([
    ['plain', Buffer.alloc(20_000_000, 0x20), {}],
    ['inflated', gzipSync(Buffer.alloc(20_000_000, 0x20)), { 'content-encoding': 'gzip' }],
  ])('a body past the limit, %s, is refused', async (_, body, headers) => {
    // The connection may be cut before the answer is read, as the client is sending still.
    const status = await ask(`${stack.sqlUrl}/avatica/`, { headers, body }).then(
      (got) => got.status,
      () => 413,
    )
    expect(status).toBe(413)
    expect(druid.requests).toEqual([])
  })
})
