import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCandidates } from '../../src/freshness/candidates.ts'
import { differences, joined, type Segment, segmentOf, stateUnder } from '../../src/freshness/segments.ts'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { intervalText } from '../../src/time/instant-text.ts'
import { candidatesText } from '../support/candidates.ts'

const DAY_MS = 86_400_000

const segment = fc
  .record({
    day: fc.integer({ min: 0, max: 6 }),
    days: fc.integer({ min: 1, max: 3 }),
    version: fc.constantFrom('v1', 'v2'),
    partition: fc.integer({ min: 0, max: 2 }),
    sealed: fc.boolean(),
  })
  .map(({ day, days, ...rest }) => ({ startMs: day * DAY_MS, endMs: (day + days) * DAY_MS, ...rest }))

function clip(segments: readonly Segment[], startMs: number, endMs: number): Segment[] {
  return segments
    .filter((one) => one.startMs < endMs && one.endMs > startMs)
    .map((one) => ({ ...one, startMs: Math.max(one.startMs, startMs), endMs: Math.min(one.endMs, endMs) }))
}

test('where a look was clipped leaves no trace in the state', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), fc.integer({ min: 1, max: 8 }), (segments, cut) => {
      const end = 10 * DAY_MS
      const whole = joined(clip(segments, 0, end))
      const pieces = joined([...clip(segments, 0, cut * DAY_MS), ...clip(segments, cut * DAY_MS, end)])
      const under = [{ startMs: 0, endMs: end }]
      expect(stateUnder(pieces, under)).toEqual(stateUnder(whole, under))
    }),
  )
})

describe('the state under an interval', () => {
  const base: Segment = { startMs: 0, endMs: DAY_MS, version: 'v1', partition: 0, sealed: true }
  const under = [{ startMs: 0, endMs: DAY_MS }]

  test.each([
    ['another version', { ...base, version: 'v2' }],
    ['another partition', { ...base, partition: 1 }],
    ['a segment still served by a realtime task', { ...base, sealed: false }],
    ['another interval', { ...base, endMs: DAY_MS / 2 }],
  ])('changes with %s', (_, other) => {
    expect(stateUnder([other], under).hash).not.toBe(stateUnder([base], under).hash)
  })

  test('does not change with what lies outside', () => {
    const outside = { ...base, startMs: DAY_MS, endMs: 2 * DAY_MS }
    expect(stateUnder([base, outside], under)).toEqual(stateUnder([base], under))
  })

  test('is sealed only when historicals serve all of it', () => {
    expect(stateUnder([base], under).sealed).toBe(true)
    expect(stateUnder([base, { ...base, partition: 1, sealed: false }], under).sealed).toBe(false)
  })
})

describe('the answer of candidates', () => {
  const days = (from: number): string => `2026-11-0${from}T00:00:00.000Z/2026-11-0${from + 1}T00:00:00.000Z`
  const text = candidatesText([
    { interval: days(1), version: 'brackets ] } " \\ {' },
    { interval: days(2), servers: ['indexer-executor', 'historical'] },
    { interval: days(3), servers: ['indexer-executor'] },
    { interval: days(4), servers: [] },
  ])

  test('is read the same however it is cut', async () => {
    const bytes = Buffer.from(text)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 }),
        async (cuts) => {
          const points = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
          const chunks = points.slice(1).map((point, index) => bytes.subarray(points[index], point))
          const segments = await readCandidates(stream(chunks), 10)
          expect(segments.map(({ sealed }) => sealed)).toEqual([true, true, false, false])
          expect(segments[0]?.version).toBe('brackets ] } " \\ {')
        },
      ),
    )
  })

  test('is refused at every place where it could be cut', async () => {
    for (let end = 0; end < text.length; end += 1) {
      await expect(readCandidates(stream([Buffer.from(text.slice(0, end))]), 10)).rejects.toThrow('cut')
    }
  })

  test.each([
    ['more segments than allowed', text, 3, 'more than 3'],
    ['an object', '{"a":1}', 10, 'not understood'],
    ['segments without a version', '[{"interval":"a/b","partitionNumber":0}]', 10, 'not understood'],
  ])('is refused when it is %s', async (_, body, max, message) => {
    await expect(readCandidates(stream([Buffer.from(body)]), max)).rejects.toThrow(message)
  })

  test('of an empty timeline has no segments', async () => {
    expect(await readCandidates(stream([Buffer.from('[ ]\n')]), 10)).toEqual([])
  })
})

async function* stream(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

test('the ends of time are those that Druid has', () => {
  const text = ALL_TIME.map(intervalText).join()
  expect(text).toBe('-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z')
  expect(segmentOf({ interval: text, version: 'v', partitionNumber: 0, locations: [] })).toMatchObject(
    ALL_TIME[0] ?? {},
  )
})

describe('a segment of stray timestamps', () => {
  const of = (interval: string, version = 'v1', type = 'historical'): Segment =>
    segmentOf({ interval, version, partitionNumber: 0, locations: [{ type }] })
  const under = (segments: readonly Segment[]): { segments: readonly Segment[]; schema: string } => ({
    segments: joined(segments),
    schema: '',
  })

  describe.each([
    ['of microseconds', '58772-05-01T00:00:00.000Z/58772-05-02T00:00:00.000Z'],
    ['of nanoseconds', '56883255-08-14T00:00:00.000Z/56883255-08-15T00:00:00.000Z'],
    ['of before our era', '-0044-03-15T00:00:00.000Z/-0044-03-16T00:00:00.000Z'],
    ['of long before it', '-1000000-01-01T00:00:00.000Z/-1000000-01-02T00:00:00.000Z'],
    ['up to the end of time', '275760-09-13T00:00:00.000Z/146140482-04-24T15:36:27.903Z'],
    ['from the beginning of time', '-146136543-09-08T08:23:32.096Z/-271821-04-20T00:00:00.000Z'],
  ])('%s', (_, interval) => {
    test('counts in the state of all of time', () => {
      const hashes = [[], [of(interval)], [of(interval, 'v2')]].map((all) => stateUnder(all, ALL_TIME).hash)
      expect(new Set(hashes).size).toBe(3)
      expect(stateUnder([of(interval, 'v1', 'indexer-executor')], ALL_TIME).sealed).toBe(false)
    })

    test('is a difference', () => {
      const [all = { startMs: 0, endMs: 0 }] = ALL_TIME
      expect(differences(under([of(interval)]), under([]), all)).toHaveLength(1)
    })

    test('does not count in the state of a day', () => {
      const day = [{ startMs: 0, endMs: DAY_MS }]
      expect(stateUnder([of(interval)], day)).toEqual(stateUnder([], day))
    })
  })

  test('counts beside others of its kind, however far off they are', () => {
    const days = [1, 2, 3].map((day) =>
      of(`56883255-08-0${day}T00:00:00.000Z/56883255-08-0${day + 1}T00:00:00.000Z`),
    )
    const dropped = days.filter((_, at) => at !== 1)
    expect(stateUnder(joined(days), ALL_TIME).hash).not.toBe(stateUnder(joined(dropped), ALL_TIME).hash)
  })

  test.each(['58772-05-01/58772-05-02', '+058772-05-01T00:00:00.000Z/+058772-05-02T00:00:00.000Z', 'a/b'])(
    'is refused as %s, which Druid does not write',
    (interval) => {
      expect(() => of(interval)).toThrow('not understood')
    },
  )
})

test('a segment of all time has one state, wherever looks met', () => {
  const [start = '', end = ''] = ALL_TIME.map(intervalText).join().split('/')
  const pieces = (middle: string): readonly Segment[] =>
    joined(
      [`${start}/${middle}`, `${middle}/${end}`].map((interval) =>
        segmentOf({ interval, version: 'v', partitionNumber: 0, locations: [] }),
      ),
    )
  expect(pieces('2026-11-25T00:00:00.000Z')).toEqual(pieces('2026-11-26T00:00:00.000Z'))
})
