// Traffic × fault × check: what one fault of the first Broker costs, and what the caller sees of it.
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { type DruidClient } from '../../src/druid/client.ts'
import { OvateError } from '../../src/errors.ts'
import { answerRows, type Behaviour, type FakeBroker, ROWS } from '../support/fake-broker.ts'
import { druidOn, fakeBroker, query, soon } from './support.ts'
import { until } from '../support/until.ts'

interface Fault {
  /** What the first Broker does with the request; undefined: nobody listens there. */
  readonly behave: Behaviour | 'gone' | 'frozen'
  /** Whether a part of the answer was handed over before. */
  readonly headGiven: boolean
}

const reset: Behaviour = (_request, response) => {
  response.socket?.resetAndDestroy()
}

const FAULTS: Record<string, Fault> = {
  'connection refused': { behave: 'gone', headGiven: false },
  'reset before the head': { behave: reset, headGiven: false },
  'closed before the head': {
    behave: (_request, response) => {
      response.socket?.end()
    },
    headGiven: false,
  },
  'garbage for a head': {
    behave: (_request, response) => {
      response.socket?.end('HTTP/9.9 no\r\n\r\n')
    },
    headGiven: false,
  },
  'reset between head and body': {
    behave: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders()
      setImmediate(() => response.socket?.resetAndDestroy())
    },
    headGiven: false,
  },
  'frozen before the head': { behave: 'frozen', headGiven: false },
  'cut in the body': {
    behave: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.write('[{"n":1}', () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
    },
    headGiven: true,
  },
  'fewer bytes than announced': {
    behave: (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('[{"n":1}', () => setTimeout(() => response.socket?.end(), 20))
    },
    headGiven: true,
  },
}

/** What the caller sees: the rows, or the code of the error, at `send` or in the body. */
async function outcomeOf(druid: DruidClient, repeatable: boolean): Promise<string> {
  try {
    const answer = await druid.send(query({ repeatable }), soon())
    try {
      return (await buffer(answer.body)).toString()
    } catch (error) {
      return `body: ${codeOf(error)}`
    }
  } catch (error) {
    return `send: ${codeOf(error)}`
  }
}

function codeOf(error: unknown): string {
  return error instanceof OvateError ? error.code : String(error)
}

/** Two ready Brokers, of which the first gets the next request: only the second has shown a latency. */
async function twoBrokers(): Promise<{ druid: DruidClient; first: FakeBroker; second: FakeBroker }> {
  const [first, second] = [await fakeBroker(), await fakeBroker()]
  const druid = druidOn([first, second], { limits: { connectFailures: 3 } })
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  const answer = await druid.send(query({ broker: second.id }), soon())
  await buffer(answer.body)
  second.received.length = 0
  return { druid, first, second }
}

async function strike({ behave }: Fault, broker: FakeBroker): Promise<void> {
  if (behave === 'gone') await broker.kill()
  else if (behave !== 'frozen') broker.behave = behave
  else {
    broker.behave = () => {
      broker.freeze()
    }
  }
}

/** Freezes at the first request; what is left of that is up to the function returned. */
function freezeAtRequest(broker: FakeBroker): () => void {
  let finish = (): void => undefined
  broker.behave = (request, response) => {
    broker.freeze()
    finish = () => {
      answerRows(request, response)
    }
  }
  return () => finish()
}

const TABLE = Object.entries(FAULTS).map(([name, fault]) => ({ name, fault }))

test.each(TABLE)('$name: a repeatable request', async ({ fault }) => {
  const { druid, first, second } = await twoBrokers()
  await strike(fault, first)
  expect(await outcomeOf(druid, true)).toBe(fault.headGiven ? 'body: OVATE_BROKER_FAILED' : ROWS)
  expect(first.received).toHaveLength(fault.behave === 'gone' ? 0 : 1)
  expect(second.received).toHaveLength(fault.headGiven ? 0 : 1)
})

// One that was never written may go elsewhere; a frozen Broker may still wake up and answer, so its caller waits.
test.each(TABLE.filter(({ fault }) => fault.behave !== 'frozen'))(
  '$name: a request that must not be repeated',
  async ({ fault }) => {
    const { druid, first, second } = await twoBrokers()
    await strike(fault, first)
    const where = fault.headGiven ? 'body' : 'send'
    expect(await outcomeOf(druid, false)).toBe(
      fault.behave === 'gone' ? ROWS : `${where}: OVATE_BROKER_FAILED`,
    )
    expect(first.received).toHaveLength(fault.behave === 'gone' ? 0 : 1)
    expect(second.received).toHaveLength(fault.behave === 'gone' ? 1 : 0)
  },
)

test('frozen before the head: a request that must not be repeated waits until the Broker wakes up', async () => {
  const { druid, first, second } = await twoBrokers()
  const finish = freezeAtRequest(first)
  const outcome = outcomeOf(druid, false)
  await vi.waitUntil(() => druid.brokers().some(({ state }) => state === 'ejected'), { timeout: 5_000 })
  finish()
  expect(await outcome).toBe(ROWS)
  expect(second.received).toHaveLength(0)
})

test.each([400, 401, 429, 500, 502, 503])(
  '%d is an answer: handed over, not repeated, not held against it',
  async (status) => {
    const { druid, first, second } = await twoBrokers()
    first.behave = (_request, response) => {
      response.writeHead(status).end('{"error":"x"}')
    }
    const answer = await druid.send(query(), soon())
    expect([answer.status, (await buffer(answer.body)).toString()]).toEqual([status, '{"error":"x"}'])
    expect([first.received.length, second.received.length]).toEqual([1, 0])
    expect(druid.brokers().every(({ state }) => state === 'ready')).toBe(true)
  },
)

test('a slow answer is waited for', async () => {
  const { druid, first, second } = await twoBrokers()
  first.behave = (request, response) => {
    setTimeout(() => answerRows(request, response), 700)
  }
  expect(await outcomeOf(druid, true)).toBe(ROWS)
  expect([first.received.length, second.received.length]).toEqual([1, 0])
})

test("frozen in the body: the bytes that came are kept, the caller's deadline ends the rest", async () => {
  const { druid, first } = await twoBrokers()
  first.behave = (_request, response) => {
    response.writeHead(200)
    response.write('[{"n":1}')
    first.freeze()
  }
  const deadline = new AbortController()
  const answer = await druid.send(query(), deadline.signal)
  const body = buffer(answer.body)
  await vi.waitUntil(() => druid.brokers().some(({ state }) => state === 'ejected'), { timeout: 5_000 })
  deadline.abort(new Error('too late'))
  await expect(body).rejects.toThrow('too late')
})

test('a second answer to one request harms neither it nor the next', async () => {
  const broker = await fakeBroker((_request, response) => {
    const one = `HTTP/1.1 200 OK\r\nContent-Length: ${ROWS.length}\r\n\r\n${ROWS}`
    response.socket?.write(one + one)
  })
  const druid = druidOn([broker])
  for (let round = 0; round < 3; round += 1) expect(await outcomeOf(druid, true)).toBe(ROWS)
})

test.each([true, false])(
  'with all Brokers gone there is no Broker, repeatable or not: %s',
  async (repeatable) => {
    const { druid, first, second } = await twoBrokers()
    await Promise.all([first.kill(), second.kill()])
    expect(await outcomeOf(druid, repeatable)).toBe('send: OVATE_NO_BROKER')
  },
)

test('a request that no connection took goes on until one does', async () => {
  const brokers = [await fakeBroker(), await fakeBroker(), await fakeBroker(), await fakeBroker()]
  const druid = druidOn(brokers, { limits: { connectFailures: 100 } })
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  const last = brokers.pop()!
  await Promise.all(brokers.map((broker) => broker.kill()))
  for (let round = 0; round < 10; round += 1) expect(await outcomeOf(druid, false)).toBe(ROWS)
  expect(last.received).toHaveLength(10)
})

test('a Broker that is back while a request still waits for one gets it', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker], { limits: { connectFailures: 100, noBrokerWaitMs: 5_000 } })
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  await broker.kill()
  const outcome = outcomeOf(druid, true)
  await broker.revive()
  expect(await outcome).toBe(ROWS)
})

test('a frozen Broker without another: its requests wait until it wakes up', async () => {
  const broker = await fakeBroker()
  const druid = druidOn([broker])
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  const finish = freezeAtRequest(broker)
  const outcome = outcomeOf(druid, true)
  await vi.waitUntil(() => druid.brokers().every(({ state }) => state === 'ejected'), { timeout: 5_000 })
  finish()
  expect(await outcome).toBe(ROWS)
})

test('two frozen Brokers: the one that wakes up gets the requests of both', async () => {
  const { druid, first, second } = await twoBrokers()
  freezeAtRequest(first)
  second.freeze()
  const outcome = outcomeOf(druid, true)
  await vi.waitUntil(() => druid.brokers().every(({ state }) => state === 'ejected'), { timeout: 5_000 })
  second.thaw()
  expect(await outcome).toBe(ROWS)
  expect([first.received.length, second.received.length]).toEqual([1, 1])
})

test('a stream that was begun is not sent again', async () => {
  const { druid, first, second } = await twoBrokers()
  first.behave = reset
  const request = query({ body: Readable.from([Buffer.from('{}')]) })
  await expect(druid.send(request, soon())).rejects.toMatchObject({ code: 'OVATE_BROKER_FAILED' })
  expect([first.received.length, second.received.length]).toEqual([1, 0])
})

// Jetty answers 431 or 413 and closes while the body still comes; the write fails before the answer is read.
test('a stream that is refused while it still comes tells nothing of its Broker', async () => {
  const broker = await fakeBroker()
  const ejected: string[] = []
  const druid = druidOn([broker], {
    limits: { connectFailures: 2, probeIntervalMs: 60_000 },
    events: { ejected: (_, reason) => ejected.push(reason) },
  })
  await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  broker.behave = reset
  for (let times = 0; times < 3; times += 1) {
    const request = query({ body: Readable.from([Buffer.from('{}')]) })
    await expect(druid.send(request, soon())).rejects.toMatchObject({ code: 'OVATE_BROKER_FAILED' })
  }
  expect([ejected, druid.brokers().map(({ state }) => state)]).toEqual([[], ['ready']])
})
