import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokerDiscovery } from '../../src/coordination/broker-discovery.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const FOLDER = '/druid/internal-discovery/BROKER'

let clock: ManualClock
let coordination: FakeCoordination
let discovery: BrokerDiscovery
let told: string[][]
let errors: string[]

beforeEach(() => {
  clock = new ManualClock()
  coordination = new FakeCoordination()
  told = []
  errors = []
  discovery = new BrokerDiscovery({
    coordination,
    basePath: '/druid/',
    clock,
    onBrokers: (brokers) => told.push(brokers.map(({ id }) => id)),
    onError: ({ message }) => errors.push(message),
    retryMs: 1_000,
    emptyGraceMs: 60_000,
  })
})

afterEach(() => discovery.stop())

function announce(port: number, change: Record<string, unknown> = {}): void {
  const druidNode = { service: 'druid/broker', host: '10.0.0.1', plaintextPort: port, tlsPort: -1 }
  coordination.put(`${FOLDER}/10.0.0.1:${port}`, gzipSync(JSON.stringify({ druidNode, ...change })))
}

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
}

test('tells the Brokers once connected, and each change of them', async () => {
  coordination.put(FOLDER)
  announce(1)
  await settle()
  expect(told).toEqual([])
  await connect()
  announce(2)
  await settle()
  coordination.remove(`${FOLDER}/10.0.0.1:1`)
  await settle()
  expect(told).toEqual([['10.0.0.1:1'], ['10.0.0.1:1', '10.0.0.1:2'], ['10.0.0.1:2']])
})

test('waits for a folder that is not there yet', async () => {
  await connect()
  coordination.put(FOLDER)
  await settle()
  announce(1)
  await settle()
  expect(told.at(-1)).toEqual(['10.0.0.1:1'])
})

test('tells nothing when nothing changed, and tells a restart at the same address', async () => {
  coordination.put(FOLDER)
  announce(1, { startTime: 'a' })
  await connect()
  announce(1, { startTime: 'a' })
  await settle()
  expect(told).toHaveLength(1)
  announce(1, { startTime: 'b' })
  await settle()
  expect(told).toHaveLength(2)
})

test('garbage hides no other Broker and is told once', async () => {
  coordination.put(FOLDER)
  coordination.put(`${FOLDER}/bad`, 'garbage')
  announce(1)
  await connect()
  announce(2)
  await settle()
  expect(told.at(-1)).toEqual(['10.0.0.1:1', '10.0.0.1:2'])
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatch(/^znode bad: not a Broker's announcement/)
})

test.each(['suspect', 'lost'] as const)(
  'keeps the last Brokers while the session is %s, and reads anew after',
  async (state) => {
    coordination.put(FOLDER)
    announce(1)
    await connect()
    coordination.become(state)
    coordination.remove(`${FOLDER}/10.0.0.1:1`)
    announce(2)
    await settle()
    expect(told).toEqual([['10.0.0.1:1']])
    await connect()
    expect(told).toEqual([['10.0.0.1:1'], ['10.0.0.1:2']])
  },
)

test('a failed read is tried again', async () => {
  coordination.put(FOLDER)
  announce(1)
  coordination.failures = 1
  await connect()
  expect([told.length, errors.length]).toEqual([0, 1])
  await clock.advance(1_000)
  expect(told).toEqual([['10.0.0.1:1']])
})

test('an emptied list is believed after a while only', async () => {
  coordination.put(FOLDER)
  announce(1)
  await connect()
  coordination.remove(`${FOLDER}/10.0.0.1:1`)
  await settle()
  for (let second = 0; second < 59; second += 1) await clock.advance(1_000)
  expect(told).toEqual([['10.0.0.1:1']])
  for (let second = 0; second < 3; second += 1) await clock.advance(1_000)
  expect(told).toEqual([['10.0.0.1:1'], []])
  announce(1)
  await settle()
  expect(told).toHaveLength(3)
})

test('ten thousand changes leave no more watches than one', async () => {
  coordination.put(FOLDER)
  announce(1)
  await connect()
  const before = coordination.watched
  for (let round = 0; round < 10_000; round += 1) {
    announce(1, { startTime: `${round}` })
    if (round % 100 === 0) await settle()
  }
  await settle()
  expect(coordination.watched).toBe(before)
  expect(told.length).toBeGreaterThan(90)
})
