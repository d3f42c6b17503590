// An answer proves itself by the timeline: here the timeline is moved by hand, and so is the clock.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { type FreshnessRules } from '../../src/freshness/bounds.ts'
import { type Answered, judge, lookAgain, type Proof, prove } from '../../src/freshness/proof.ts'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { Timelines } from '../../src/freshness/timelines.ts'
import { type Interval } from '../../src/plan/facts.ts'
import { candidatesText, type Given } from '../support/candidates.ts'
import { BROKER, FakeDruid, type Reply } from '../support/fake-druid.ts'
import { RULES } from '../support/freshness-rules.ts'
import { ManualClock } from '../support/manual-clock.ts'

const SECOND = 1_000
const OLD = '2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z'
const TODAY = '2026-11-20T00:00:00.000Z/2026-11-21T00:00:00.000Z'
const OLD_DAY: Interval = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 10, 2) }

let rules: FreshnessRules
let clock: ManualClock
let druid: FakeDruid
let timelines: Timelines
let segments: Given[]
let columns: string
let down: boolean

beforeEach(() => {
  rules = RULES
  clock = new ManualClock()
  segments = [{ interval: OLD }]
  columns = '["__time","TIMESTAMP","NO"]\n\n'
  down = false
  druid = new FakeDruid(answer, () => clock.now())
  timelines = new Timelines({
    druid,
    clock,
    authorization: undefined,
    rules: () => rules,
    segmentsMax: 100,
    lookTimeoutMs: 1_000,
    onLook: () => undefined,
  })
})

afterEach(async () => {
  await timelines.close()
})

function answer({ path }: DruidRequest): Reply {
  if (down) return { status: 503, body: '' }
  if (!path.includes('/candidates')) return { body: columns }
  const [start = '', end = ''] = decodeURIComponent(path.split('intervals=')[1] ?? '').split('/')
  const within = segments.filter(({ interval }) => {
    const [from = '', to = ''] = interval.split('/')
    return (start.startsWith('-') || to > start) && (end.startsWith('146') || from < end)
  })
  return { body: candidatesText(within) }
}

async function computed(
  more: Partial<Answered> = {},
  between: () => void = () => undefined,
): Promise<Proof | undefined> {
  const over = new AbortController()
  const broker = more.broker ?? BROKER
  if (more.sentAtMs === undefined)
    await timelines.of(druid.defaultService, 'events').watch(ALL_TIME, broker, over.signal)
  over.abort()
  const sentAtMs = clock.now()
  await clock.advance(100)
  between()
  const answered: Answered = {
    broker: BROKER,
    service: druid.defaultService,
    generation: druid.run,
    sentAtMs,
    clockErrorMs: 5,
    now: { kind: 'none' },
    readsLookup: false,
    policyMs: Number.POSITIVE_INFINITY,
    tables: [{ name: 'events', intervals: ALL_TIME }],
    ...more,
  }
  return await prove(
    timelines,
    () => rules,
    answered,
    () => clock.now(),
  )
}

/** The datasource has been followed for a while, so that looks from before the question are there. */
async function followed(): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    timelines.of(druid.defaultService, 'events')
    await clock.advance(SECOND)
  }
}

function verdict(proof: Proof | undefined, arrivedAtMs = clock.now()): ReturnType<typeof judge> {
  if (proof === undefined) throw new Error('nothing was kept')
  return judge(proof, druid.run, clock.now(), arrivedAtMs)
}

async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 1) await clock.advance(SECOND)
}

describe('an answer over sealed segments', () => {
  test('holds as long as the timeline that is polled stays as it was', async () => {
    await followed()
    const proof = await computed()
    for (let minute = 0; minute < 10; minute += 1) {
      await pass(60)
      expect(verdict(proof)).toMatchObject({ kind: 'valid' })
      const { ageMs } = verdict(proof) as { ageMs: number }
      expect(ageMs).toBeLessThanOrEqual(60_000)
    }
  })

  test.each([
    ['late rows in a new partition', () => segments.push({ interval: OLD, partition: 1 })],
    ['reindexing under a new version', () => (segments = [{ interval: OLD, version: 'v2' }])],
    ['a dropped interval', () => (segments = [])],
    ['new data beside it', () => segments.push({ interval: TODAY })],
    ['a column that came or went', () => (columns = '["__time","TIMESTAMP","NO"]\n["x","BIGINT","YES"]\n\n')],
    [
      'a segment that no historical serves any more',
      () => (segments = [{ interval: OLD, servers: ['indexer-executor'] }]),
    ],
  ])('is invalid once a look has seen %s', async (_, change) => {
    await followed()
    const proof = await computed()
    change()
    await pass(61)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })

  test('is not kept when its timeline moved while it was computed', async () => {
    await followed()
    expect(await computed({}, () => (segments = [{ interval: OLD, version: 'v2' }]))).toBeUndefined()
  })

  test('of an old interval does not care about new data', async () => {
    await followed()
    const proof = await computed({ tables: [{ name: 'events', intervals: [OLD_DAY] }] })
    segments.push({ interval: TODAY })
    await pass(120)
    expect(verdict(proof)).toMatchObject({ kind: 'valid' })
  })

  test('wants a look when nobody could look within the bound, and holds again after one', async () => {
    await followed()
    const proof = await computed()
    down = true
    await pass(100)
    expect(verdict(proof)).toEqual({ kind: 'look' })
    await expect(lookAgain(proof as Proof)).rejects.toThrow('503')
    down = false
    await lookAgain(proof as Proof)
    expect(verdict(proof)).toMatchObject({ kind: 'valid', ageMs: 0 })
  })

  test('holds after a look that began when the request was there, however short the bound', async () => {
    rules = { ...rules, headMs: 0 }
    await followed()
    const proof = await computed()
    await pass(1)
    const arrivedAtMs = clock.now()
    expect(verdict(proof, arrivedAtMs)).toEqual({ kind: 'look' })
    await clock.advance(500)
    await lookAgain(proof as Proof)
    await clock.advance(500)
    expect(verdict(proof, arrivedAtMs)).toMatchObject({ kind: 'valid', ageMs: 500 })
    expect(verdict(proof)).toEqual({ kind: 'look' })
  })

  test.each([{ headMs: 0 }, { capMs: 0 }])('is not looked at all the time for %j', async (nothing) => {
    rules = { ...rules, ...nothing }
    await followed()
    const before = druid.requests.length
    await pass(60)
    expect(druid.requests.length - before).toBeLessThan(20)
  })

  test('dies with a new generation of Brokers', async () => {
    await followed()
    const proof = await computed()
    druid.run += 1
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })
})

test('the first answer over a datasource that nobody asked about holds as well', async () => {
  const proof = await computed()
  await pass(100)
  expect(verdict(proof)).toMatchObject({ kind: 'valid' })
})

describe('an answer that takes long', () => {
  /** Segments that were gone when it was asked for come back after three seconds; it is there after ten. */
  async function slow(watched: boolean, gone: boolean): Promise<Proof | undefined> {
    const over = new AbortController()
    if (gone) segments = []
    if (watched) await timelines.of(druid.defaultService, 'events').watch(ALL_TIME, BROKER, over.signal)
    const sentAtMs = clock.now()
    await pass(3)
    segments = [{ interval: OLD }]
    await pass(7)
    over.abort()
    return await computed({ sentAtMs })
  }

  test('is not kept when segments had gone and came back before it was there', async () => {
    await followed()
    expect(await slow(true, true)).toBeUndefined()
  })

  test('holds for good when it was looked after and nothing moved', async () => {
    await followed()
    const proof = await slow(true, false)
    await pass(100)
    expect(verdict(proof)).toMatchObject({ kind: 'valid' })
  })

  test('lives for its bound only when nobody looked meanwhile', async () => {
    await followed()
    const proof = await slow(false, true)
    await pass(1)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })

  test('from another Broker lives for its bound only, however long ago that one was looked at', async () => {
    druid.brokerIds = ['a:8082', 'b:8082']
    await followed()
    await timelines.of(druid.defaultService, 'events').look(ALL_TIME, 'b:8082')
    await pass(1)
    const sentAtMs = clock.now()
    await pass(200)
    const proof = await computed({ broker: 'b:8082', sentAtMs })
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })
})

describe('an answer that was computed while segments were gone, which are back when it is looked after', () => {
  beforeEach(async () => {
    druid.brokerIds = ['a:8082', 'b:8082']
    await followed()
    await timelines.of(druid.defaultService, 'events').look(ALL_TIME, 'b:8082')
    await pass(10)
    const before = druid.answer
    const isGone = ({ broker, path }: DruidRequest): boolean =>
      broker === 'b:8082' && path.includes('/candidates') && gone
    gone = true
    druid.answer = (request, signal) =>
      isGone(request) ? { body: candidatesText([]) } : before(request, signal)
    await pass(40)
  })
  let gone = false
  const back = (): void => {
    gone = false
  }

  test('is not kept where the timeline was looked at before it was asked for', async () => {
    expect(await computed({ broker: 'b:8082' }, back)).toBeUndefined()
  })

  test('lives for its bound only where that look was not there in time', async () => {
    const proof = await computed({ broker: 'b:8082', sentAtMs: clock.now() }, back)
    await pass(4)
    expect(verdict(proof)).toMatchObject({ kind: 'valid' })
    await pass(2)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })
})

describe('what is only as good as its age', () => {
  test.each<[string, () => void, Partial<Answered>, number]>([
    [
      'data still served by a realtime task',
      () => segments.push({ interval: TODAY, servers: ['indexer-executor'] }),
      {},
      5,
    ],
    ['a statement that reads a lookup', () => undefined, { readsLookup: true }, 60],
    ['an identity under row policies', () => undefined, { policyMs: 20_000 }, 20],
    ['a statement about now', () => undefined, { now: { kind: 'used', distancesMs: [] } }, 5],
  ])('%s', async (_, prepare, answered, seconds) => {
    prepare()
    await followed()
    const proof = await computed(answered)
    await pass(seconds - 1)
    expect(verdict(proof)).toMatchObject({ kind: 'valid' })
    await pass(2)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })

  test('an answer from before the datasource was looked at', async () => {
    const proof = await computed({ sentAtMs: clock.now() })
    await pass(4)
    expect(verdict(proof)).toMatchObject({ kind: 'valid' })
    await pass(2)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })

  test('an answer made soon after a move, when the Broker may plan with the columns of before', async () => {
    await followed()
    segments.push({ interval: TODAY })
    await pass(10)
    const proof = await computed()
    await pass(7)
    expect(verdict(proof)).toEqual({ kind: 'invalid' })
  })

  test.each([{ headMs: 0 }, { capMs: 0 }])('is not kept at all for %j', async (nothing) => {
    rules = { ...rules, ...nothing }
    segments.push({ interval: TODAY, servers: ['indexer-executor'] })
    await followed()
    expect(await computed()).toBeUndefined()
  })
})

describe('strict', () => {
  beforeEach(() => {
    rules = { ...rules, mode: 'strict' }
  })

  test('wants a look that began after the request came', async () => {
    await followed()
    const proof = await computed()
    await pass(1)
    const arrivedAtMs = clock.now()
    expect(verdict(proof, arrivedAtMs)).toEqual({ kind: 'look' })
    await lookAgain(proof as Proof)
    expect(verdict(proof, arrivedAtMs)).toMatchObject({ kind: 'valid' })
  })

  test('keeps nothing that is not sealed, and nothing relative', async () => {
    await followed()
    expect(await computed({ now: { kind: 'used', distancesMs: [] } })).toBeUndefined()
    segments.push({ interval: TODAY, servers: ['indexer-executor'] })
    await pass(200)
    expect(await computed()).toBeUndefined()
  })
})

test('a Broker that answered with another timeline than the polled one proves no fingerprint', async () => {
  druid.brokerIds = ['a:8082', 'b:8082']
  await followed()
  const other = timelines.of(druid.defaultService, 'events')
  const before = druid.answer
  druid.answer = (request, signal) =>
    request.broker === 'b:8082' && request.path.includes('/candidates')
      ? { body: candidatesText([{ interval: OLD, version: 'v0' }]) }
      : before(request, signal)
  await other.look(ALL_TIME, 'b:8082')
  await pass(1)
  const proof = await computed({ broker: 'b:8082' })
  await pass(6)
  expect(verdict(proof)).toEqual({ kind: 'invalid' })
})

test('a datasource that nobody asks about is no longer polled', async () => {
  await followed()
  const before = druid.requests.length
  await pass(600)
  const polled = druid.requests.length - before
  await pass(600)
  expect(druid.requests.length - before).toBe(polled)
})
