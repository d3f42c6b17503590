import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type DruidClient } from '../../src/druid/client.ts'
import { type BrokerState } from '../../src/druid/druid.ts'
import { answerRows, type Behaviour, type FakeBroker, ROWS } from '../support/fake-broker.ts'
import { addressOf, druidOn, fakeBroker, query, scriptedSource, SERVICE, soon } from './support.ts'
import { until } from '../support/until.ts'

const hang: Behaviour = () => undefined

/** Begins answers that never end, and takes each cancel. */
const goesOn: Behaviour = (request, response) => {
  if (request.method === 'DELETE') response.writeHead(202).end()
  else response.writeHead(200).write('[')
}

async function allReady(druid: DruidClient): Promise<void> {
  await vi.waitUntil(
    () => druid.brokers().length > 0 && druid.brokers().every(({ state }) => state === 'ready'),
    { timeout: 5_000 },
  )
}

async function stateOf(druid: DruidClient, broker: FakeBroker, wanted: BrokerState): Promise<void> {
  const state = (): BrokerState | undefined => druid.brokers().find(({ id }) => id === broker.id)?.state
  await vi.waitUntil(() => state() === wanted, { timeout: 5_000 })
}

/** Sends and reads to the end. */
async function rows(druid: DruidClient, change: Parameters<typeof query>[0] = {}): Promise<string> {
  const { body } = await druid.send(query(change), soon())
  return (await buffer(body)).toString()
}

const deletes = ({ received }: FakeBroker): string[] =>
  received.filter(({ method }) => method === 'DELETE').map(({ path }) => path)
const posts = ({ received }: FakeBroker): number => received.filter(({ method }) => method === 'POST').length

test('an answer comes as it was sent', async () => {
  const broker = await fakeBroker((_request, response) => {
    const headers = [
      'X-A',
      '1',
      'x-a',
      '2',
      'Content-Type',
      'application/json',
      'Connection',
      'keep-alive, X-Hop',
    ]
    response.writeHead(200, [...headers, 'X-Hop', 'h', 'Trailer', 'X-Druid-Response-Complete'])
    response.write('[{"n":1}')
    response.addTrailers({ 'X-Druid-Response-Complete': 'true' })
    response.end(']\n')
  })
  const answer = await druidOn([broker]).send(query(), soon())
  expect(answer.status).toBe(200)
  expect(answer.headers.slice(0, 8)).toEqual([
    'X-A',
    '1',
    'x-a',
    '2',
    'Content-Type',
    'application/json',
    'Trailer',
    'X-Druid-Response-Complete',
  ])
  expect(answer.headers).not.toContain('X-Hop')
  expect((await buffer(answer.body)).toString()).toBe(ROWS)
  expect(answer.trailers()).toEqual({ 'x-druid-response-complete': 'true' })
})

const NO_BODY = Buffer.from('\r\nContent-Length: 0\r\n\r\n')

test.each<[string, Buffer, string]>([
  ['of their own', Buffer.from('No Good'), 'No Good'],
  ['none', Buffer.from(''), ''],
  ['in UTF-8', Buffer.from('Geht nicht, für niemanden 😀'), 'Geht nicht, für niemanden 😀'],
  ['in Latin-1, which are read as UTF-8', Buffer.from('Non autoris\xe9', 'latin1'), 'Forbidden'],
  ['that Node would not write', Buffer.from('a\u0001b'), 'Forbidden'],
])('words beside a status, %s, can be written as bytes', async (_, sent, given) => {
  const broker = await fakeBroker((_request, { socket }) => {
    socket?.write(Buffer.concat([Buffer.from('HTTP/1.1 403 '), sent, NO_BODY]))
  })
  const { reason, status } = await druidOn([broker]).send(query(), soon())
  expect([status, Buffer.from(reason, 'latin1').toString()]).toEqual([403, given])
})

test('a request goes out as it was given', async () => {
  const broker = await fakeBroker()
  await rows(druidOn([broker], { authorization: 'Basic own' }), {
    path: '/druid/v2/sql?a=%20b',
    headers: [
      'Content-Type',
      'text/plain',
      'X-B',
      '1',
      'X-B',
      '2',
      'Content-Length',
      '99',
      'Authorization',
      'Basic c',
    ],
    body: Buffer.from('SELECT 1'),
  })
  const [received] = broker.received
  expect(received?.path).toBe('/druid/v2/sql?a=%20b')
  expect(received?.body.toString()).toBe('SELECT 1')
  const { headers = [] } = received ?? {}
  expect(headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() === 'x-b')).toEqual([
    'X-B',
    '1',
    'X-B',
    '2',
  ])
  expect(headers).toContain('Basic c')
  expect(headers).not.toContain('Basic own')
  expect(headers).not.toContain('99')
})

test('a streamed body arrives whole', async () => {
  const broker = await fakeBroker()
  const body = Readable.from([Buffer.from('{"query":'), Buffer.from('"SELECT 1"}')])
  await rows(druidOn([broker]), { body, repeatable: false })
  expect(broker.received[0]?.body.toString()).toBe('{"query":"SELECT 1"}')
})

test("headers that are no HTTP are the caller's mistake and not the Broker's", async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  for (let round = 0; round < 4; round += 1) {
    const sent = druid.send(query({ headers: ['X-Bad', 'a\nb'] }), soon())
    await expect(sent).rejects.toMatchObject({ code: 'OVATE_BAD_REQUEST' })
  }
  expect(druid.brokers()[0]).toMatchObject({ state: 'ready', outstanding: 0 })
})

test.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
])('%s %d has no body', async (method, status) => {
  const broker = await fakeBroker((_request, response) => {
    response.writeHead(status, method === 'HEAD' ? { 'Content-Length': '10' } : {}).end()
  })
  const answer = await druidOn([broker]).send(query({ method, body: undefined }), soon())
  expect([answer.status, (await buffer(answer.body)).length]).toEqual([status, 0])
})

test('what comes before the answer proper is skipped', async () => {
  const broker = await fakeBroker((request, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' })
    return answerRows(request, response)
  })
  expect(await rows(druidOn([broker]))).toBe(ROWS)
})

test('a reader that stops reading stops the Broker, not the memory', async () => {
  let written = 0
  const broker = await fakeBroker((_request, response) => {
    const chunk = Buffer.alloc(65_536)
    const more = (): void => {
      while (written < 3_000 && response.write(chunk)) written += 1
      if (written < 3_000) response.once('drain', () => ((written += 1), more()))
      else response.end()
    }
    more()
  })
  const { body } = await druidOn([broker]).send(query(), soon())
  let before = -1
  await vi.waitUntil(
    () => {
      const still = written === before
      before = written
      return still
    },
    { interval: 200, timeout: 5_000 },
  )
  expect(written).toBeLessThan(2_000)
  let bytes = 0
  for await (const chunk of body) bytes += (chunk as Buffer).length
  expect(bytes).toBe(3_000 * 65_536)
})

test('no Broker: refused in good time', async () => {
  const druid = druidOn([], { source: scriptedSource() })
  const begun = performance.now()
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  expect(performance.now() - begun).toBeGreaterThan(200)
})

test('a Broker that comes while a request waits gets it', async () => {
  const broker = await fakeBroker()
  const source = scriptedSource()
  const druid = druidOn([], { source, limits: { noBrokerWaitMs: 5_000 } })
  const waiting = rows(druid)
  source.tell([addressOf(broker)])
  expect(await waiting).toBe(ROWS)
})

test('a request goes to the service that it names, and to no other', async () => {
  const [cold, hot] = [await fakeBroker(), await fakeBroker()]
  const source = scriptedSource()
  const druid = druidOn([], { source })
  source.tell([addressOf(cold), addressOf(hot, { service: 'druid/hot' })])
  await rows(druid, { service: 'druid/hot' })
  await rows(druid)
  expect([cold.received.length, hot.received.length]).toEqual([1, 1])
  await expect(druid.send(query({ service: 'druid/none' }), soon())).rejects.toMatchObject({
    code: 'OVATE_NO_BROKER',
  })
})

test('a request for one Broker goes there only', async () => {
  const [one, two] = [await fakeBroker(), await fakeBroker()]
  const druid = druidOn([one, two])
  await allReady(druid)
  for (let round = 0; round < 5; round += 1) await rows(druid, { broker: two.id })
  expect([one.received.length, two.received.length]).toEqual([0, 5])
  await expect(druid.send(query({ broker: 'gone:1' }), soon())).rejects.toMatchObject({
    code: 'OVATE_NO_BROKER',
  })
})

test('load goes to the less busy Broker', async () => {
  const [busy, idle] = [await fakeBroker(hang), await fakeBroker()]
  const druid = druidOn([busy, idle])
  await allReady(druid)
  const stop = new AbortController()
  const stuck = druid.send(query({ broker: busy.id }), stop.signal)
  await until(() => busy.received.length === 1)
  for (let round = 0; round < 20; round += 1) await rows(druid)
  expect([busy.received.length, idle.received.length]).toEqual([1, 20])
  stop.abort(new Error('enough'))
  await expect(stuck).rejects.toThrow('enough')
})

test('requests past the limit wait in order, those past the queue are refused, those given up leave it', async () => {
  const order: string[] = []
  const held: (() => void)[] = []
  const broker = await fakeBroker((request, response) => {
    order.push(request.body.toString())
    held.push(() => answerRows(request, response))
  })
  const druid = druidOn([broker], { limits: { brokerConcurrency: 1, queueLength: 3 } })
  await allReady(druid)
  const leave = new AbortController()
  const send = (text: string, signal = soon()): Promise<string> =>
    druid
      .send(query({ body: Buffer.from(text) }), signal)
      .then(async ({ body }) => (await buffer(body)).toString())
  const first = send('1')
  await until(() => held.length === 1)
  const waiting = [send('2'), send('left', leave.signal), send('3')]
  await expect(send('4')).rejects.toMatchObject({ code: 'OVATE_QUEUE_FULL' })
  leave.abort(new Error('left'))
  await expect(waiting[1]).rejects.toThrow('left')
  for (const count of [1, 2, 3]) {
    await until(() => held.length === count)
    held[count - 1]?.()
  }
  await Promise.all([first, waiting[0], waiting[2]])
  expect(order).toEqual(['1', '2', '3'])
  expect(broker.connections).toBeLessThanOrEqual(3)
})

test('who waits for a Broker that has gone holds up nobody who may have another', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker], { limits: { noBrokerWaitMs: 10_000 } })
  await allReady(druid)
  const leave = new AbortController()
  const pinned = druid.send(query({ broker: '127.0.0.1:1' }), leave.signal)
  expect(await Promise.all([rows(druid), rows(druid)])).toHaveLength(2)
  leave.abort(new Error('left'))
  await expect(pinned).rejects.toThrow('left')
  await rows(druid)
  expect(broker.received).toHaveLength(3)
})

test('who waits for a place at one Broker holds up nobody who may have another', async () => {
  const [busy, idle] = [await fakeBroker(hang), await fakeBroker()]
  const druid = druidOn([busy, idle], { limits: { brokerConcurrency: 1 } })
  await allReady(druid)
  const leave = new AbortController()
  const stuck = [1, 2].map(() => druid.send(query({ broker: busy.id }), leave.signal))
  await until(() => busy.received.length === 1)
  await rows(druid)
  expect([busy.received.length, idle.received.length]).toEqual([1, 1])
  leave.abort(new Error('left'))
  for (const one of stuck) await expect(one).rejects.toThrow('left')
})

test('a Broker that is not ready gets nothing until it is', async () => {
  const broker = await fakeBroker()
  broker.readiness = 503
  const druid = druidOn([broker])
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  expect(broker.received).toHaveLength(0)
  broker.readiness = 200
  await stateOf(druid, broker, 'ready')
  broker.readiness = 503
  await stateOf(druid, broker, 'ejected')
})

test('a Router has no readiness: its health will do', async () => {
  const broker = await fakeBroker()
  broker.readiness = 404
  const druid = druidOn([broker])
  await until(() => broker.probes.includes('/status/health'))
  broker.readiness = 200
  expect(await rows(druid)).toBe(ROWS)
})

test("Ovate's own credentials go with its own questions", async () => {
  const broker = await fakeBroker()
  const own: string[] = []
  broker.onProbe = ({ headers }) => own.push(...headers.filter((text) => text.startsWith('Basic')))
  await allReady(druidOn([broker], { authorization: 'Basic own' }))
  expect(new Set(own)).toEqual(new Set(['Basic own']))
})

test('a killed Broker is ejected, comes back, and counts as another run', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  await allReady(druid)
  expect(druid.generation(SERVICE)).toBe(1)
  await broker.kill()
  await stateOf(druid, broker, 'ejected')
  await broker.revive()
  await stateOf(druid, broker, 'ready')
  expect(druid.generation(SERVICE)).toBe(2)
  expect(await rows(druid)).toBe(ROWS)
})

test('a Broker where nobody listens is told from one that stands still', async () => {
  const [killed, frozen] = [await fakeBroker(), await fakeBroker()]
  const druid = druidOn([killed, frozen])
  const refusing = (): string[] =>
    druid
      .brokers()
      .filter(({ refuses }) => refuses)
      .map(({ id }) => id)
  await allReady(druid)
  expect(refusing()).toEqual([])
  await killed.kill()
  frozen.freeze()
  await stateOf(druid, killed, 'ejected')
  await stateOf(druid, frozen, 'ejected')
  await vi.waitUntil(() => refusing().length > 0, { timeout: 5_000 })
  expect(refusing()).toEqual([killed.id])
  await killed.revive()
  await stateOf(druid, killed, 'ready')
  expect(refusing()).toEqual([])
})

test('for how long a Broker has said nothing is known', async () => {
  const [living, frozen] = [await fakeBroker(), await fakeBroker()]
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const druid = druidOn([living, frozen], { clock })
  const silentMs = ({ id }: FakeBroker): number =>
    druid.brokers().find((broker) => broker.id === id)?.silentMs ?? 0
  await allReady(druid)
  frozen.freeze()
  await stateOf(druid, frozen, 'ejected')
  aheadMs = 300_000
  expect(silentMs(frozen)).toBeGreaterThan(300_000)
  await vi.waitUntil(() => silentMs(living) < 300_000, { timeout: 5_000 })
  expect(silentMs(frozen)).toBeGreaterThan(300_000)
  frozen.thaw()
  await stateOf(druid, frozen, 'ready')
  expect(silentMs(frozen)).toBeLessThan(300_000)
})

test('a Broker whose start is known keeps its generation through a break', async () => {
  const broker = await fakeBroker()
  const source = scriptedSource()
  const druid = druidOn([], { source })
  source.tell([addressOf(broker)])
  await allReady(druid)
  await broker.kill()
  await stateOf(druid, broker, 'ejected')
  await broker.revive()
  await stateOf(druid, broker, 'ready')
  expect(druid.generation(SERVICE)).toBe(1)
  source.tell([addressOf(broker, { startTime: '2026-11-21T00:00:00.000Z' })])
  await vi.waitUntil(() => druid.generation(SERVICE) === 2, { timeout: 5_000 })
})

test('a Broker that is gone from the source ends what it runs and gets no more', async () => {
  const [going, staying] = [await fakeBroker(), await fakeBroker()]
  let finish = (): void => undefined
  going.behave = (request, response) => {
    finish = () => answerRows(request, response)
  }
  const source = scriptedSource()
  const druid = druidOn([], { source })
  source.tell([addressOf(going), addressOf(staying)])
  await allReady(druid)
  const running = rows(druid, { broker: going.id })
  await until(() => going.received.length === 1)
  source.tell([addressOf(staying)])
  expect(druid.brokers().find(({ id }) => id === going.id)?.state).toBe('draining')
  for (let round = 0; round < 5; round += 1) await rows(druid)
  expect([going.received.length, staying.received.length]).toEqual([1, 5])
  finish()
  expect(await running).toBe(ROWS)
  await vi.waitUntil(() => druid.brokers().length === 1, { timeout: 5_000 })
})

test('a Broker that returns gets its share slowly', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker], { limits: { rampMs: 600_000, brokerConcurrency: 10 } })
  await allReady(druid)
  await broker.kill()
  await stateOf(druid, broker, 'ejected')
  broker.behave = hang
  await broker.revive()
  await stateOf(druid, broker, 'ready')
  const stop = new AbortController()
  const sent = [1, 2, 3].map(() => druid.send(query(), stop.signal).catch((error: unknown) => String(error)))
  await until(() => broker.received.length === 1)
  expect(druid.brokers()[0]?.outstanding).toBe(1)
  stop.abort(new Error('enough'))
  expect(await Promise.all(sent)).toEqual(Array.from({ length: 3 }, () => 'Error: enough'))
})

test.each([
  ['sql', '/druid/v2/sql/a%2Fb'],
  ['native', '/druid/v2/a%2Fb'],
] as const)('a %s query that is given up before its head is cancelled where it runs', async (kind, path) => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(202).end()
  })
  const cancelled: (number | Error)[] = []
  const druid = druidOn([broker], { events: { cancelled: (_broker, outcome) => cancelled.push(outcome) } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind, id: 'a/b' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await until(() => cancelled.length > 0)
  expect([cancelled, deletes(broker)]).toEqual([[202], [path]])
  const { headers = [] } = broker.received[1] ?? {}
  expect(headers).toContain('Basic client')
  expect(headers.map((name) => name.toLowerCase())).not.toContain('content-type')
  await until(() => druid.brokers()[0]?.outstanding === 0)
})

test('a query that is given up under an id that stands in no URL gives its place back', async () => {
  const broker = await fakeBroker(hang)
  const cancelled: (number | Error)[] = []
  const druid = druidOn([broker], { events: { cancelled: (_broker, outcome) => cancelled.push(outcome) } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'native', id: '\ud800' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await until(() => druid.brokers()[0]?.outstanding === 0)
  expect([cancelled, deletes(broker)]).toEqual([[expect.any(URIError)], []])
})

test.each(['by its signal', 'by its reader'])(
  'a query that is given up in its body %s is cancelled',
  async (how) => {
    const broker = await fakeBroker(goesOn)
    const druid = druidOn([broker])
    const gone = new AbortController()
    const answer = await druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
    const closed = new Promise((resolve) => answer.body.once('close', resolve))
    answer.body.on('error', () => undefined)
    if (how === 'by its reader') answer.body.destroy()
    else gone.abort(new Error('client gone'))
    await closed
    await until(() => deletes(broker).length === 1 && druid.brokers()[0]?.outstanding === 0)
    expect(answer.body.errored?.message).toBe(how === 'by its reader' ? undefined : 'client gone')
  },
)

test('a query that ended is not cancelled', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  const gone = new AbortController()
  const { body } = await druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await buffer(body)
  gone.abort(new Error('client gone'))
  await rows(druid)
  expect(deletes(broker)).toEqual([])
})

// Druid knows a query by its id only once it is planned; a DELETE that comes before stops nothing.
test('a query given up before its Broker knows it is cancelled as soon as it does', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(deletes(broker).length < 3 ? 404 : 202).end()
  })
  const cancelled: (number | Error)[] = []
  const druid = druidOn([broker], { events: { cancelled: (_broker, outcome) => cancelled.push(outcome) } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await until(() => cancelled.length > 0)
  expect([cancelled, deletes(broker).length]).toEqual([[202], 3])
  await until(() => druid.brokers()[0]?.outstanding === 0)
})

test('a query that its Broker never comes to know is let go of in time', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(404).end()
  })
  const cancelled: (number | Error)[] = []
  const druid = druidOn([broker], {
    limits: { cancelTimeoutMs: 300 },
    events: { cancelled: (_broker, outcome) => cancelled.push(outcome) },
  })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await vi.waitUntil(() => druid.brokers()[0]?.outstanding === 0, { timeout: 5_000 })
  expect(cancelled).toEqual([404])
})

test('a query given up at once is cancelled when Druid has had time to begin it', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(202).end()
  })
  const druid = druidOn([broker], { limits: { cancelAgeMs: 300 } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  const sentAtMs = performance.now()
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await vi.waitUntil(() => deletes(broker).length === 1, { timeout: 5_000 })
  expect(performance.now() - sentAtMs).toBeGreaterThan(200)
})

test('a query given up at once and answered at once is let go of at once', async () => {
  const broker = await fakeBroker((request, response) => {
    setTimeout(() => answerRows(request, response), 50)
  })
  const druid = druidOn([broker], { limits: { cancelAgeMs: 60_000 } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await vi.waitUntil(() => druid.brokers()[0]?.outstanding === 0, { timeout: 5_000 })
})

test('a query given up that is answered before its Broker knows it is asked about no more', async () => {
  let finish = (): void => undefined
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') {
      response.writeHead(404).end()
      finish()
    } else finish = () => answerRows(request, response)
  })
  const druid = druidOn([broker])
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await until(() => druid.brokers()[0]?.outstanding === 0)
  expect(deletes(broker).length).toBeLessThan(3)
})

test('a query that is given up in its answer and not known any more is asked about once', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(404).end()
    else response.writeHead(200).write('[')
  })
  const druid = druidOn([broker])
  const gone = new AbortController()
  const answer = await druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  answer.body.on('error', () => undefined)
  gone.abort(new Error('client gone'))
  await until(() => druid.brokers()[0]?.outstanding === 0)
  expect(deletes(broker)).toHaveLength(1)
})

// The DELETE of the one would end the other.
test.each(['sql', 'native'] as const)(
  'a %s query goes out once another of its id, which was given up, is cancelled',
  async (kind) => {
    let answerDelete = (): void => undefined
    const broker = await fakeBroker((request, response) => {
      if (request.method === 'DELETE') answerDelete = () => response.writeHead(202).end()
      else if (posts(broker) > 1) answerRows(request, response)
      else response.writeHead(200).write('[')
    })
    const druid = druidOn([broker])
    const cancel = { kind, id: 'x' } as const
    const first = await druid.send(query({ cancel }), new AbortController().signal)
    first.body.destroy()
    const second = druid.send(query({ cancel }), new AbortController().signal)
    await until(() => deletes(broker).length === 1)
    // Another id waits for nothing.
    const { body } = await druid.send(query({ cancel: { kind, id: 'y' } }), new AbortController().signal)
    await buffer(body)
    expect(posts(broker)).toBe(2)
    answerDelete()
    expect((await second).status).toBe(200)
    await buffer((await second).body)
    expect(posts(broker)).toBe(3)
  },
)

// A Broker's DELETE ends all that run under an id, and Druid alone ends none when a client leaves.
test.each(['sql', 'native'] as const)(
  'of two %s queries of one id at one Broker, the one that is given up first ends without a DELETE',
  async (kind) => {
    const broker = await fakeBroker(goesOn)
    const druid = druidOn([broker])
    const cancel = { kind, id: 'x' } as const
    const asked = [0, 1].map(() => druid.send(query({ cancel }), new AbortController().signal))
    const [first, second] = await Promise.all(asked)
    first?.body.destroy()
    await until(() => druid.brokers()[0]?.outstanding === 1)
    expect(deletes(broker)).toEqual([])
    second?.body.destroy()
    await until(() => druid.brokers()[0]?.outstanding === 0)
    expect(deletes(broker)).toHaveLength(1)
  },
)

test('one that is given up is cancelled once the other of its id is answered', async () => {
  const ends: (() => void)[] = []
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(202).end()
    else response.writeHead(200).write('[')
    ends.push(() => response.end(']'))
  })
  const druid = druidOn([broker])
  const cancel = { kind: 'native', id: 'x' } as const
  const first = await druid.send(query({ cancel }), new AbortController().signal)
  const second = await druid.send(query({ cancel }), new AbortController().signal)
  first.body.destroy()
  await until(() => druid.brokers()[0]?.outstanding === 1)
  ends.at(-1)?.()
  expect((await buffer(second.body)).toString()).toBe('[]')
  await until(() => deletes(broker).length === 1)
})

test('one that is given up is cancelled though the other of its id was never written', async () => {
  const broker = await fakeBroker(goesOn)
  const druid = druidOn([broker])
  const cancel = { kind: 'native', id: 'x' } as const
  const first = await druid.send(query({ cancel }), new AbortController().signal)
  const gone = new AbortController()
  const given = new Promise<void>(() => undefined)
  const second = druid.send(query({ cancel, givenTo: () => given }), gone.signal)
  first.body.destroy()
  await until(() => druid.brokers()[0]?.outstanding === 1)
  gone.abort(new Error('client gone'))
  await expect(second).rejects.toThrow('client gone')
  await until(() => deletes(broker).length === 1)
  expect(posts(broker)).toBe(1)
})

test('a DELETE that came too early is not sent again once another of its id runs', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method === 'DELETE') response.writeHead(404).end()
    else if (request.path.endsWith('fills')) response.writeHead(200).write('[')
  })
  const druid = druidOn([broker], { limits: { brokerConcurrency: 2 } })
  const signal = (): AbortSignal => new AbortController().signal
  const filler = await druid.send(query({ path: '/fills' }), signal())
  const cancel = { kind: 'native', id: 'x' } as const
  const gone = new AbortController()
  const first = druid.send(query({ cancel }), gone.signal)
  await until(() => posts(broker) === 2)
  const second = druid.send(query({ cancel }), signal())
  second.catch(() => undefined)
  gone.abort(new Error('client gone'))
  await expect(first).rejects.toThrow('client gone')
  await until(() => deletes(broker).length === 3)
  filler.body.destroy()
  await until(() => posts(broker) === 3)
  const sent = deletes(broker).length
  await until(() => druid.brokers()[0]?.outstanding === 1)
  expect(deletes(broker)).toHaveLength(sent)
})

test('who waits for the cancel of another query of its id may go', async () => {
  const broker = await fakeBroker((request, response) => {
    if (request.method !== 'DELETE') response.writeHead(200).write('[')
  })
  const druid = druidOn([broker])
  const cancel = { kind: 'sql', id: 'x' } as const
  const first = await druid.send(query({ cancel }), new AbortController().signal)
  first.body.destroy()
  const gone = new AbortController()
  const second = druid.send(query({ cancel }), gone.signal)
  gone.abort(new Error('client gone'))
  await expect(second).rejects.toThrow('client gone')
  expect(posts(broker)).toBe(1)
})

test('a Broker that does not answer the DELETE holds nothing for long', async () => {
  const broker = await fakeBroker(hang)
  const druid = druidOn([broker], { limits: { cancelTimeoutMs: 100 } })
  const gone = new AbortController()
  const sent = druid.send(query({ cancel: { kind: 'sql', id: 'x' } }), gone.signal)
  await until(() => broker.received.length === 1)
  gone.abort(new Error('client gone'))
  await expect(sent).rejects.toThrow('client gone')
  await vi.waitUntil(() => druid.brokers()[0]?.outstanding === 0, { timeout: 5_000 })
})

test('a cancel goes to the Broker that runs the query', async () => {
  const [one, two] = [await fakeBroker(hang), await fakeBroker(hang)]
  const druid = druidOn([one, two])
  await allReady(druid)
  const stop = new AbortController()
  const cancel = { kind: 'sql', id: 'x' } as const
  const sent = druid
    .send(query({ broker: two.id, cancel }), stop.signal)
    .catch((error: unknown) => String(error))
  await until(() => two.received.length === 1)
  two.behave = (_request, response) => {
    response.writeHead(202).end()
  }
  expect(await druid.cancel(cancel, ['Authorization', 'Basic c'], soon())).toBe(202)
  expect([deletes(one), deletes(two)]).toEqual([[], ['/druid/v2/sql/x']])
  stop.abort(new Error('enough'))
  await sent
})

test.each([
  [[404, 202], 202],
  [[404, 403], 403],
  [[401, 403], 401],
  [[404, 404], 404],
  [[500, 404], 404],
])('a cancel of an unknown query goes to all: %j says %d', async (statuses, expected) => {
  const fakes = await Promise.all(
    statuses.map((status) =>
      fakeBroker((_request, response) => {
        response.writeHead(status).end()
      }),
    ),
  )
  const druid = druidOn(fakes)
  await allReady(druid)
  expect(await druid.cancel({ kind: 'sql', id: 'y' }, [], soon())).toBe(expected)
  expect(fakes.map(({ received }) => received.length)).toEqual([1, 1])
})

test("the Broker's clock is known to within a second, and from the first Date of two", async () => {
  const broker = await fakeBroker((_request, response) => {
    response.sendDate = false
    const shown = (ms: number): string => new Date(Date.now() + ms).toUTCString()
    response.writeHead(200, ['Date', shown(3_600_000), 'Date', shown(0)]).end(ROWS)
  })
  broker.onProbe = (_request, response) => (response.sendDate = false)
  const druid = druidOn([broker])
  await allReady(druid)
  expect(druid.brokers()[0]?.clock).toBeUndefined()
  await rows(druid)
  const { offsetMs = 0, errorMs = Infinity } = druid.brokers()[0]?.clock ?? {}
  expect(errorMs).toBeLessThan(1_000)
  expect(Math.abs(offsetMs - 3_600_000)).toBeLessThanOrEqual(errorMs + 1)
})

test('closing ends what runs and leaves no connection', async () => {
  const broker = await fakeBroker(hang)
  const druid = druidOn([broker])
  const sent = druid.send(query({ repeatable: false }), soon()).catch((error: unknown) => error)
  await until(() => broker.received.length === 1)
  await druid.close()
  expect(await sent).toMatchObject({ code: 'OVATE_BROKER_FAILED' })
  await until(() => broker.connections === 0)
})
