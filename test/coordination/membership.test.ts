import { afterEach, beforeEach, expect, test } from 'vitest'
import { Membership } from '../../src/coordination/membership.ts'
import { OwnZnodes } from '../../src/coordination/own-znodes.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const RETRY_MS = 1_000

let clock: ManualClock
let coordination: FakeCoordination
let members: Membership[]
let errors: string[]

beforeEach(() => {
  clock = new ManualClock()
  coordination = new FakeCoordination()
  members = []
  errors = []
})

afterEach(async () => {
  await Promise.all(members.map((member) => member.stop()))
})

function join(id: string): Membership {
  const member = new Membership({
    coordination,
    znodes: new OwnZnodes(coordination, '/some/ovate'),
    clock,
    self: { id, version: '1', address: `${id}:8888`, startedAt: '2026-11-20T12:00:00.000Z' },
    onError: ({ message }) => errors.push(message),
    retryMs: RETRY_MS,
  })
  members.push(member)
  return member
}

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
  await settle()
}

function ids({ replicas }: Membership): string[] {
  return replicas.map(({ id }) => id)
}

test('each sees all, itself among them', async () => {
  const [one, two] = [join('b'), join('a')]
  expect(one.liveReplicas()).toBe(1)
  await connect()
  expect(one.replicas).toEqual([
    { id: 'a', version: '1', address: 'a:8888', startedAt: '2026-11-20T12:00:00.000Z' },
    expect.objectContaining({ id: 'b' }),
  ])
  expect([ids(two), two.liveReplicas()]).toEqual([['a', 'b'], 2])
  expect(errors).toEqual([])
})

test("its znodes are left to it, and what lies above isn't", async () => {
  join('a')
  await connect()
  expect([...coordination.restricted]).toEqual([
    '/some/ovate',
    '/some/ovate/replicas',
    '/some/ovate/settings',
    '/some/ovate/epochs',
    '/some/ovate/replicas/a',
  ])
})

test('one that leaves is gone at once', async () => {
  const [one, two] = [join('a'), join('b')]
  await connect()
  await two.stop()
  await settle()
  expect([ids(one), one.liveReplicas()]).toEqual([['a'], 1])
})

test('without ZooKeeper each is alone, and keeps what it knew', async () => {
  const [one] = [join('a'), join('b')]
  await connect()
  coordination.become('suspect')
  expect([ids(one), one.liveReplicas()]).toEqual([['a', 'b'], 1])
})

test('after a session was lost it is there again, once', async () => {
  const one = join('a')
  await connect()
  for (let round = 0; round < 20; round += 1) {
    coordination.expire()
    await settle()
    await connect()
    expect(ids(one)).toEqual(['a'])
    expect(await coordination.children('/some/ovate/replicas', undefined)).toEqual(['a'])
  }
})

test('a znode that outlived its session and goes later is made again', async () => {
  const one = join('a')
  await connect()
  coordination.become('lost')
  await connect()
  coordination.remove('/some/ovate/replicas/a')
  await settle()
  expect(ids(one)).toEqual(['a'])
})

test.each([1, 2, 3, 4, 5, 6])('an answer that is lost, as the last of %d, leaves one znode', async (lost) => {
  coordination.lostAnswers = lost
  const one = join('a')
  await connect()
  for (let round = 0; round <= lost; round += 1) await clock.advance(RETRY_MS)
  await settle()
  expect(await coordination.children('/some/ovate/replicas', undefined)).toEqual(['a'])
  expect(ids(one)).toEqual(['a'])
})

test('what others write there is no replica', async () => {
  const one = join('a')
  await connect()
  coordination.put('/some/ovate/replicas/x', 'garbage')
  coordination.put('/some/ovate/replicas/y', '{"id":1}')
  coordination.put('/some/ovate/replicas/z', JSON.stringify({ id: 'z', address: 'z'.repeat(10_000) }))
  await settle()
  expect(ids(one)).toEqual(['a'])
})
