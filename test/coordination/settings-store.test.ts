import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import fc from 'fast-check'
import { OwnZnodes } from '../../src/coordination/own-znodes.ts'
import { readContent, writeContent } from '../../src/coordination/settings-content.ts'
import { type Basis, SettingsStore } from '../../src/coordination/settings-store.ts'
import { OvateError } from '../../src/errors.ts'
import { deferred } from '../support/deferred.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { FakeCoordination } from './support.ts'

const PATH = '/ovate/settings'

let clock: ManualClock
let coordination: FakeCoordination
let stores: SettingsStore<unknown>[]
let bad: string[]

beforeEach(() => {
  clock = new ManualClock()
  coordination = new FakeCoordination()
  stores = []
  bad = []
})

afterEach(async () => {
  await Promise.all(stores.map((store) => store.stop()))
})

interface One {
  readonly store: SettingsStore<unknown>
  readonly told: string[]
}

/** Numbers under `n` are settings, and nothing else. */
function read(written: unknown): unknown {
  if (typeof (written as { n?: unknown }).n === 'number') return written
  throw new OvateError('OVATE_BAD_REQUEST', 'no n')
}

function begin(): One {
  const told: string[] = []
  const store = new SettingsStore<unknown>({
    coordination,
    znodes: new OwnZnodes(coordination, '/ovate'),
    clock,
    read,
    fallback: 'nothing is allowed',
    onSettings: (datasource, settings) =>
      told.push(`${datasource ?? '*'} ${settings === undefined ? 'none' : JSON.stringify(settings)}`),
    onBad: (datasource, { message }) => bad.push(`${datasource ?? '*'} ${message}`),
    onError: () => undefined,
  })
  stores.push(store)
  return { store, told }
}

async function connect(): Promise<void> {
  coordination.become('connected')
  await settle()
  await settle()
}

async function set({ store }: One, settings: unknown, basis: Basis, datasource = 'events'): Promise<number> {
  const version = await store.set(datasource, { settings, by: 'test' }, basis, AbortSignal.timeout(1_000))
  await settle()
  return version
}

/** Past what checks it, as somebody with another program would. */
async function scribble(content: string | Buffer): Promise<void> {
  coordination.change(`${PATH}/events`, content)
  await settle()
}

test('is in force where it was set when that is answered, and then everywhere', async () => {
  const [one, two] = [begin(), begin()]
  await connect()
  const version = await one.store.set(
    undefined,
    { settings: { n: 1 }, by: 'x' },
    'none',
    AbortSignal.timeout(1_000),
  )
  expect(one.told).toEqual(['* {"n":1}'])
  await settle()
  expect(two.told).toEqual(['* {"n":1}'])
  expect(await two.store.get(undefined, AbortSignal.timeout(1_000))).toEqual({
    version,
    settings: { n: 1 },
    changes: [{ at: '2026-11-20T12:00:00.000Z', by: 'x', settings: { n: 1 } }],
  })
})

test('what is set is left to its owner before it says anything', async () => {
  const one = begin()
  await connect()
  await set(one, { n: 1 }, 'none')
  const folders = ['replicas', 'settings', 'epochs'].map((name) => `/ovate/${name}`)
  expect([...coordination.restricted]).toEqual(['/ovate', ...folders, `${PATH}/events`])
  coordination.restricted.clear()
  await set(one, { n: 2 }, 1)
  expect([...coordination.restricted]).toEqual([`${PATH}/events`])
})

describe('a change on another version', () => {
  let one: One
  let version: number

  beforeEach(async () => {
    one = begin()
    await connect()
    version = await set(one, { n: 1 }, 'none')
  })

  test.each<[string, (now: number) => Basis]>([
    ['an older', (now) => now - 1],
    ['a later', (now) => now + 1],
    ['none', () => 'none'],
  ])('%s is a conflict, and changes nothing', async (_, basis) => {
    await expect(set(one, { n: 2 }, basis(version))).rejects.toMatchObject({ code: 'OVATE_CONFLICT' })
    expect(one.told).toEqual(['events {"n":1}'])
  })

  test('of what was never set is a conflict', async () => {
    await expect(set(one, { n: 2 }, 0, 'other')).rejects.toMatchObject({ code: 'OVATE_CONFLICT' })
  })

  test('what was unset can be set as new, under a version that was never there', async () => {
    const unset = await set(one, null, version)
    expect(one.told.at(-1)).toBe('events none')
    const again = await set(one, { n: 1 }, 'none')
    expect(again).toBeGreaterThan(unset)
    expect(one.told).toEqual(['events {"n":1}', 'events none', 'events {"n":1}'])
  })

  test('what is not allowed is refused, and changes nothing', async () => {
    await expect(set(one, { m: 1 }, version)).rejects.toMatchObject({ code: 'OVATE_BAD_REQUEST' })
    await expect(set(one, { n: 1, x: 'x'.repeat(5_000) }, version)).rejects.toThrow('more than 4096 bytes')
    expect(one.told).toEqual(['events {"n":1}'])
  })

  test.each([1, 2])(
    'a lost answer of creating (1) or writing (2): the next change finds what is there: %d',
    async (lost) => {
      coordination.lostAnswers = lost
      await expect(set(one, { n: 2 }, 'none', 'other')).rejects.toMatchObject({ code: 'OVATE_ZOOKEEPER' })
      coordination.lostAnswers = 0
      await settle()
      const { version: found, settings } = await one.store.get('other', AbortSignal.timeout(1_000))
      expect(settings).toEqual(null)
      expect(await set(one, { n: 3 }, found ?? 'none', 'other')).toBe(1)
    },
  )

  test('rewritten as it was tells nothing', async () => {
    await set(one, { n: 1 }, version)
    expect(one.told).toEqual(['events {"n":1}'])
  })
})

test('a hundred writers at once: each change is there, and none twice', async () => {
  const [one, two] = [begin(), begin()]
  await connect()
  const add = async (at: number): Promise<void> => {
    const { store } = at % 2 === 0 ? one : two
    for (let tries = 0; tries < 1_000; tries += 1) {
      const { version, settings } = await store.get('events', AbortSignal.timeout(10_000))
      const n = settings === null ? 0 : (settings as { n: number }).n
      const basis = settings === null ? 'none' : (version ?? 'none')
      try {
        const change = { settings: { n: n + 1 }, by: `${at}` }
        await store.set('events', change, basis, AbortSignal.timeout(10_000))
        return
      } catch (error) {
        if (!(error instanceof OvateError) || error.code !== 'OVATE_CONFLICT') throw error
      }
    }
    throw new Error('never')
  }
  await Promise.all(Array.from({ length: 100 }, (_, at) => add(at)))
  await settle()
  expect([one.told.at(-1), two.told.at(-1)]).toEqual(['events {"n":100}', 'events {"n":100}'])
})

describe('content that can not be read', () => {
  const CASES: [string, string | Buffer][] = [
    ['no JSON', 'garbage'],
    ['no settings', '{"format":1}'],
    ['another format', '{"format":2,"settings":{"n":2}}'],
    ['what is not allowed', '{"format":1,"settings":{"m":2}}'],
    ['too much', Buffer.alloc(70_000, ' ')],
    ['a list', '[]'],
  ]

  test.each(CASES)('%s: the last good one stays, and it is told once', async (_, content) => {
    const one = begin()
    await connect()
    const version = await set(one, { n: 1 }, 'none')
    await scribble(content)
    await connect()
    expect(one.told).toEqual(['events {"n":1}'])
    expect(bad).toHaveLength(1)
    expect(one.store.problems()).toMatchObject([{ name: 'events' }])
    expect(await set(one, { n: 3 }, version + 1)).toBe(version + 2)
    expect([one.told.at(-1), one.store.problems()]).toEqual(['events {"n":3}', []])
  })

  test.each(CASES)('%s, and nothing good before: the fallback holds until there is', async (_, content) => {
    coordination.put('/ovate')
    coordination.put(PATH)
    coordination.put(`${PATH}/events`, content)
    const one = begin()
    await connect()
    expect(one.told).toEqual(['events "nothing is allowed"'])
    await scribble('{"format":1,"settings":{"n":2}}')
    expect(one.told.at(-1)).toBe('events {"n":2}')
  })
})

test('what changed while it was cut off is in force when it is back; what did not change is not told again', async () => {
  const one = begin()
  await connect()
  await set(one, { n: 1 }, 'none')
  await set(one, { n: 1 }, 'none', 'other')
  one.told.length = 0
  coordination.become('suspect')
  coordination.change(`${PATH}/events`, '{"format":1,"settings":{"n":2}}')
  await settle()
  expect(one.told).toEqual([])
  await connect()
  expect(one.told).toEqual(['events {"n":2}'])
})

test('what was read before it was set here, and comes after, is not in force any more', async () => {
  const one = begin()
  await connect()
  const version = await set(one, { n: 1 }, 'none')
  const late = deferred<undefined>()
  const reading = coordination.read.bind(coordination)
  vi.spyOn(coordination, 'read').mockImplementationOnce(async (path, onChange) => {
    const found = await reading(path, onChange)
    await late.promise
    return found
  })
  await scribble('{"format":1,"settings":{"n":2}}')
  await set(one, { n: 3 }, version + 1)
  late.resolve(undefined)
  await settle()
  expect(one.told).toEqual(['events {"n":1}', 'events {"n":3}'])
})

describe('an ensemble that was set up anew, and was never seen empty', () => {
  const anew = (n: number): string => `{"format":1,"settings":{"n":${n}}}`
  let one: One

  beforeEach(async () => {
    one = begin()
    await connect()
    let version = await set(one, { n: 1 }, 'none')
    for (let n = 2; n < 50; n += 1) version = await set(one, { n }, version)
    one.told.length = 0
    coordination.empty()
    for (const path of ['/ovate', PATH, `${PATH}/events`]) coordination.put(path)
    coordination.change(`${PATH}/events`, anew(100))
  })

  test('what others have set there is in force, and each change after it', async () => {
    await connect()
    await scribble(anew(101))
    expect(one.told).toEqual(['events {"n":100}', 'events {"n":101}'])
  })

  test('what is set there before anything was read of it is in force when that is answered', async () => {
    coordination.become('connected')
    await one.store.set('events', { settings: { n: 102 }, by: 'test' }, 1, AbortSignal.timeout(1_000))
    expect(one.told.at(-1)).toBe('events {"n":102}')
    await settle()
    expect(one.told.at(-1)).toBe('events {"n":102}')
  })
})

test('resolves once what is set was read, or says that it was not', async () => {
  const one = begin()
  const first = one.store.read(AbortSignal.abort(new Error('late')))
  await expect(first).rejects.toThrow('late')
  const second = one.store.read(AbortSignal.timeout(10_000))
  await connect()
  await second
  await one.store.read(AbortSignal.abort(new Error('late')))
})

test('the last changes are kept: at least ten, however large, and never more than a znode holds', () => {
  const change = fc.record({
    at: fc.constant('2026-11-20T12:00:00.000Z'),
    by: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
    settings: fc.record({ x: fc.string({ maxLength: 1_300 }) }),
  })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      let data: Buffer = Buffer.alloc(0)
      for (const one of changes) {
        fc.pre(Buffer.byteLength(JSON.stringify(one.settings)) <= 4_096)
        data = writeContent(one, readContent(data).changes)
      }
      const { settings, changes: kept } = readContent(data)
      expect(data.length).toBeLessThanOrEqual(65_536)
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(10, changes.length))
      expect(settings).toEqual(changes.at(-1)?.settings)
      expect(kept.map((one) => one.settings)).toEqual(
        changes
          .toReversed()
          .slice(0, kept.length)
          .map((one) => one.settings),
      )
    }),
    { numRuns: 50 },
  )
})
