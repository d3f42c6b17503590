import { afterEach, beforeEach, expect, test } from 'vitest'
import { LeaderLatch } from '../../src/coordination/leader-latch.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const PATH = '/druid/coordinator/_COORDINATOR'
const [ONE, TWO] = ['http://10.0.0.1:8081', 'https://10.0.0.2:8281']

let coordination: FakeCoordination
let latch: LeaderLatch
let told: (string | undefined)[]
let errors: string[]

beforeEach(() => {
  coordination = new FakeCoordination()
  told = []
  errors = []
  latch = new LeaderLatch({
    coordination,
    path: PATH,
    clock: new ManualClock(),
    onLeader: (url) => told.push(url),
    onError: ({ message }) => errors.push(message),
  })
})

afterEach(() => latch.stop())

function waits(digits: string, url: string): string {
  const path = `${PATH}/_c_${url.at(-1)}ea41a3db-4a1e-4c8d-bdec-027048dcfa1a-latch-${digits}`
  coordination.put(path, url)
  return path
}

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
}

test('the first leads, the next when that has gone, and nobody when none waits', async () => {
  coordination.put(PATH)
  const first = waits('0000000009', ONE)
  // Names begin with a random id: only the digits tell who came first.
  const second = waits('0000000010', TWO)
  await connect()
  coordination.remove(first)
  await settle()
  coordination.remove(second)
  await settle()
  expect(told).toEqual([ONE, TWO, undefined])
})

test('a latch that is not there has no leader, till one comes', async () => {
  await connect()
  coordination.put(PATH)
  waits('0000000000', ONE)
  await settle()
  expect(told).toEqual([undefined, ONE])
})

test('who waits behind the leader is none of it', async () => {
  coordination.put(PATH)
  waits('0000000001', ONE)
  await connect()
  waits('0000000002', TWO)
  await settle()
  expect(told).toEqual([ONE])
})

test('the last leader stays while ZooKeeper is away', async () => {
  coordination.put(PATH)
  const first = waits('0000000001', ONE)
  await connect()
  coordination.become('suspect')
  coordination.become('lost')
  await settle()
  expect(told).toEqual([ONE])
  coordination.remove(first)
  waits('0000000002', TWO)
  await connect()
  expect(told).toEqual([ONE, TWO])
})

test.each([
  '',
  'garbage',
  'http://',
  'file:///etc/passwd',
  'http://u:p@10.0.0.1:8081',
  'http://10.0.0.1:8081/x',
  'http://10.0.0.1:99999',
  'http://999.0.0.1:8081',
])('a first znode that says %j leads to nobody', async (data) => {
  coordination.put(PATH)
  waits('0000000001', data)
  waits('0000000002', TWO)
  await connect()
  expect([told, errors]).toEqual([[undefined], [`${PATH}: the first znode names no server`]])
})

test('names of another form are no one who waits', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/other-0000000000`, ONE)
  waits('0000000001', TWO)
  await connect()
  expect(told).toEqual([TWO])
})
