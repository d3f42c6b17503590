import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { Epochs, type Purge } from '../../src/coordination/epochs.ts'
import { OwnZnodes } from '../../src/coordination/own-znodes.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const RETRY_MS = 1_000
const HOUR = { startMs: 0, endMs: 3_600_000 }

let clock: ManualClock
let coordination: FakeCoordination
let all: Epochs[]
let errors: string[]

beforeEach(() => {
  clock = new ManualClock()
  coordination = new FakeCoordination()
  all = []
  errors = []
})

afterEach(async () => {
  await Promise.all(all.map((epochs) => epochs.stop()))
})

interface One {
  readonly epochs: Epochs
  readonly obeyed: string[]
}

function begin(): One {
  const obeyed: string[] = []
  const epochs = new Epochs({
    coordination,
    znodes: new OwnZnodes(coordination, '/ovate'),
    clock,
    onPurge: ({ datasource, interval }: Purge) =>
      obeyed.push(
        `${datasource ?? '*'}${interval === undefined ? '' : ` ${interval.startMs}/${interval.endMs}`}`,
      ),
    onError: ({ message }) => errors.push(message),
    retryMs: RETRY_MS,
  })
  all.push(epochs)
  return { epochs, obeyed }
}

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
  await settle()
}

async function raise({ epochs }: One, datasource?: string, interval?: Purge['interval']): Promise<number> {
  const { epoch } = await epochs.raise({ datasource, interval }, 'test', AbortSignal.timeout(1_000))
  await settle()
  return epoch
}

test('nothing is known before epochs were read; then all agree on a lineage, and purge once', async () => {
  const [one, two] = [begin(), begin()]
  expect(one.epochs.of(['events'])).toBeUndefined()
  await connect()
  expect(one.epochs.of(['events'])).toBe(0)
  expect(one.epochs.lineage).toBe(two.epochs.lineage)
  expect([one.obeyed, two.obeyed]).toEqual([['*'], ['*']])
})

describe('a purge', () => {
  let one: One
  let two: One

  beforeEach(async () => {
    ;[one, two] = [begin(), begin()]
    await connect()
    one.obeyed.length = 0
    two.obeyed.length = 0
  })

  test.each<[string, string | undefined, Purge['interval'], string]>([
    ['of a datasource', 'events', undefined, 'events'],
    ['of all', undefined, undefined, '*'],
    ['of an interval', 'events', HOUR, 'events 0/3600000'],
    ['of an interval of all', undefined, HOUR, '* 0/3600000'],
  ])('%s is obeyed by all, once', async (_, datasource, interval, told) => {
    await raise(one, datasource, interval)
    await raise(two, datasource, interval)
    expect([one.obeyed, two.obeyed]).toEqual([
      [told, told],
      [told, told],
    ])
  })

  test('that came while one was cut off is obeyed when it is back', async () => {
    await raise(one, 'events', HOUR)
    two.obeyed.length = 0
    coordination.become('suspect')
    coordination.change('/ovate/epochs/events', '{"interval":[1,2]}')
    await settle()
    expect(two.obeyed).toEqual([])
    await connect()
    expect(two.obeyed).toEqual(['events 1/2'])
  })

  test('two at once under intervals: whoever saw only the second drops all of the datasource', async () => {
    await raise(one, 'events', HOUR)
    two.obeyed.length = 0
    const data = (at: number): Buffer => Buffer.from(`{"interval":[${at},${at + 1}]}`)
    await Promise.all([1, 5].map((at) => coordination.write('/ovate/epochs/events', data(at), undefined)))
    await settle()
    expect(two.obeyed).toEqual(['events'])
  })

  test('whose content nobody understands is one of all of it', async () => {
    await raise(one, 'events')
    two.obeyed.length = 0
    await coordination.write('/ovate/epochs/events', Buffer.from('garbage'), undefined)
    await settle()
    expect(two.obeyed).toEqual(['events'])
  })

  test('whose answer was lost is told as failed, and obeyed all the same', async () => {
    await raise(one, 'events')
    two.obeyed.length = 0
    coordination.lostAnswers = 1
    await expect(raise(one, 'events')).rejects.toMatchObject({ code: 'OVATE_ZOOKEEPER' })
    await settle()
    expect(two.obeyed).toEqual(['events'])
  })

  test('raises the epoch of its datasource, or of all, above every one that was read before', async () => {
    const before = one.epochs.of(['events', 'other']) ?? Number.NaN
    const epoch = await raise(one, 'events')
    expect(epoch).toBeGreaterThan(before)
    expect([two.epochs.of(['events']), two.epochs.of(['other'])]).toEqual([epoch, 0])
    const ofAll = await raise(two)
    expect(ofAll).toBeGreaterThan(epoch)
    expect([one.epochs.of(['events']), one.epochs.of(['other']), one.epochs.of([])]).toEqual([
      ofAll,
      ofAll,
      ofAll,
    ])
  })

  test('of an emptied ZooKeeper: another lineage, and everything goes', async () => {
    await raise(one, 'events')
    const { lineage } = one.epochs
    for (const name of ['!', 'events']) coordination.remove(`/ovate/epochs/${name}`)
    await settle()
    await settle()
    expect(two.epochs.lineage).not.toBe(lineage)
    expect(two.epochs.lineage).toBe(one.epochs.lineage)
    expect(two.obeyed.at(-1)).toBe('*')
    expect(one.epochs.of(['events'])).toBe(0)
  })
})

test('an entry that carries the epoch of before a purge of one of its tables is never taken after it', async () => {
  const one = begin()
  await connect()
  const tables = fc.subarray(['a', 'b', 'c'], { minLength: 1 })
  const steps = fc.array(fc.record({ reads: tables, purges: fc.constantFrom('a', 'b', 'c', undefined) }), {
    minLength: 1,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      for (const { reads, purges } of given) {
        const carried = one.epochs.of(reads) ?? Number.NaN
        await raise(one, purges)
        const isHit = purges === undefined || reads.includes(purges)
        expect(carried >= (one.epochs.of(reads) ?? Number.NaN)).toBe(!isHit)
      }
    }),
    { numRuns: 20 },
  )
})
