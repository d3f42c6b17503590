import { afterEach, beforeEach, expect, test } from 'vitest'
import { WatchedFolder } from '../../src/coordination/watched-folder.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const PATH = '/ovate/folder'
const RETRY_MS = 1_000

let clock: ManualClock
let coordination: FakeCoordination
let folder: WatchedFolder
let told: string[][]
let errors: string[]
/** So often what was read can't be taken. */
let refusals: number

beforeEach(() => {
  clock = new ManualClock()
  coordination = new FakeCoordination()
  told = []
  errors = []
  refusals = 0
  folder = new WatchedFolder({
    coordination,
    path: PATH,
    clock,
    namesMax: 3,
    onNodes: (nodes) => {
      refusals -= 1
      if (refusals >= 0) throw new Error('refused')
      told.push([...nodes].map(([name, { data }]) => `${name}=${data.toString()}`).toSorted())
    },
    onError: ({ message }) => errors.push(message),
    retryMs: RETRY_MS,
  })
})

afterEach(() => folder.stop())

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
}

test('tells what is there, and what it has become after each change', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/a`, '1')
  await connect()
  await coordination.write(`${PATH}/a`, Buffer.from('2'), undefined)
  await settle()
  coordination.put(`${PATH}/b`, '3')
  await settle()
  coordination.remove(`${PATH}/a`)
  await settle()
  expect(told).toEqual([['a=1'], ['a=2'], ['a=2', 'b=3'], ['b=3']])
})

test('a folder that comes later is seen', async () => {
  await connect()
  expect(told).toEqual([[]])
  coordination.put(PATH)
  await settle()
  coordination.put(`${PATH}/a`, '1')
  await settle()
  expect(told.at(-1)).toEqual(['a=1'])
})

test('a change reads what changed, and no more', async () => {
  coordination.put(PATH)
  for (const name of ['a', 'b', 'c']) coordination.put(`${PATH}/${name}`, '1')
  await connect()
  const before = coordination.reads
  await coordination.write(`${PATH}/b`, Buffer.from('2'), undefined)
  await settle()
  // Beside the write: the list and the one.
  expect(coordination.reads - before).toBe(3)
})

test('what changed while the connection was away is read when it is back, also where no watch told', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/a`, '1')
  await connect()
  coordination.become('suspect')
  coordination.isDeaf = true
  coordination.put(`${PATH}/a`, '2')
  coordination.put(`${PATH}/b`, '3')
  await settle()
  expect([told.length, coordination.syncs]).toEqual([1, 1])
  await connect()
  expect([told.at(-1), coordination.syncs]).toEqual([['a=2', 'b=3'], 2])
})

test('a read that fails is told and tried again', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/a`, '1')
  coordination.failures = 2
  await connect()
  await clock.advance(RETRY_MS)
  expect([errors.length, told]).toEqual([2, []])
  await clock.advance(2 * RETRY_MS)
  expect([errors.length, told]).toEqual([2, [['a=1']]])
})

test('what was read but could not be taken is told, and read and given again, ever less often', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/a`, '1')
  refusals = 2
  await connect()
  await clock.advance(RETRY_MS)
  await clock.advance(RETRY_MS)
  expect([errors, told]).toEqual([['refused', 'refused'], []])
  await clock.advance(RETRY_MS)
  coordination.put(`${PATH}/b`, '2')
  await settle()
  expect([errors.length, told]).toEqual([2, [['a=1'], ['a=1', 'b=2']]])
})

test('what keeps failing is tried again less often, at once when the connection is there anew', async () => {
  coordination.put(PATH)
  coordination.failures = 1_000
  await connect()
  for (let second = 0; second < 600; second += 1) await clock.advance(RETRY_MS)
  expect(errors.length).toBeGreaterThan(10)
  expect(errors.length).toBeLessThan(30)
  coordination.failures = 0
  coordination.become('suspect')
  await connect()
  expect(told).toEqual([[]])
})

test('more names than may be are left out', async () => {
  coordination.put(PATH)
  for (const name of ['d', 'c', 'b', 'a']) coordination.put(`${PATH}/${name}`)
  await connect()
  expect(told).toEqual([['a=', 'b=', 'c=']])
})

test('ten thousand changes, and as many names that came and went, leave no more watches than the folder has', async () => {
  coordination.put(PATH)
  coordination.put(`${PATH}/a`)
  await connect()
  for (let round = 0; round < 5_000; round += 1) {
    coordination.put(`${PATH}/${round}`)
    coordination.put(`${PATH}/a`, `${round}`)
    if (round % 100 === 0) await settle()
    coordination.remove(`${PATH}/${round}`)
  }
  await settle()
  expect(told.at(-1)).toEqual(['a=4999'])
  expect(coordination.watched).toBe(2)
})
