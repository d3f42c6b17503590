import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Interval } from '../../src/plan/facts.ts'
import { united } from '../../src/plan/intervals.ts'
import { type Cut, piecesOf, startOf } from '../../src/plan/pieces.ts'
import { granularity } from '../../src/time/granularity.ts'

const DAY = 86_400_000
const ms = (text: string): number => Date.parse(text.includes('T') ? `${text}:00Z` : `${text}T00:00Z`)
const window = (text: string): Interval => {
  const [start = '', end = ''] = text.split('/')
  return { startMs: ms(start), endMs: ms(end) }
}
const brief = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T00:00', '')
const texts = (some: readonly Interval[]): string =>
  some.map(({ startMs, endMs }) => `${brief(startMs)}/${brief(endMs)}`).join(' ')

function cut(period: string, zone = 'UTC', movedMs = 0): Cut {
  return { grid: { period, originMs: undefined, zone }, movedMs }
}

describe('a window cut into buckets', () => {
  test.each([
    [
      'hours',
      cut('PT1H'),
      '2026-10-01T10:17/2026-10-01T13:40',
      '2026-10-01T11:00/2026-10-01T13:00',
      '2026-10-01T10:17/2026-10-01T11:00 2026-10-01T13:00/2026-10-01T13:40',
    ],
    ['days, aligned', cut('P1D'), '2026-10-01/2026-10-05', '2026-10-01/2026-10-05', ''],
    [
      'inside one bucket',
      cut('P1D'),
      '2026-10-01T01:00/2026-10-01T02:00',
      '',
      '2026-10-01T01:00/2026-10-01T02:00',
    ],
    [
      'parts of two buckets',
      cut('P1D'),
      '2026-10-01T12:00/2026-10-02T12:00',
      '',
      '2026-10-01T12:00/2026-10-02T12:00',
    ],
    [
      'weeks from Monday',
      cut('P1W'),
      '2026-10-01/2026-10-20',
      '2026-10-05/2026-10-19',
      '2026-10-01/2026-10-05 2026-10-19/2026-10-20',
    ],
    [
      'weeks from Sunday',
      cut('P1W', 'UTC', -DAY),
      '2026-10-01/2026-10-20',
      '2026-10-04/2026-10-18',
      '2026-10-01/2026-10-04 2026-10-18/2026-10-20',
    ],
    [
      'days of 25 hours',
      cut('P1D', 'America/New_York'),
      '2026-10-31T04:00/2026-11-02T05:00',
      '2026-10-31T04:00/2026-11-02T05:00',
      '',
    ],
    [
      'a zone that is not known',
      cut('P1D', 'Nowhere/Land'),
      '2026-10-01/2026-10-02',
      '',
      '2026-10-01/2026-10-02',
    ],
  ])('%s', (_, buckets, given, full, edges) => {
    const pieces = piecesOf([window(given)], buckets)
    expect([texts(pieces.full), texts(pieces.edges)]).toEqual([full, edges])
  })

  test('loses and adds nothing, and whole buckets begin and end where buckets do', () => {
    const at = fc.integer({ min: ms('2025-01-01'), max: ms('2026-12-31') })
    const grids = fc.constantFrom(
      cut('PT1M'),
      cut('PT1H', 'Europe/Berlin'),
      cut('P1D', 'America/New_York'),
      cut('P1W', 'UTC', -DAY),
      cut('P1M', 'Asia/Kolkata'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(at, at), { maxLength: 4 }), grids, (pairs, buckets) => {
        const given = united(pairs.map(([startMs, endMs]) => ({ startMs, endMs })))
        const { full, edges } = piecesOf(given, buckets)
        expect(united([...full, ...edges])).toEqual(given)
        const floor = granularity(buckets.grid)
        const ends = full
          .flatMap(({ startMs, endMs }) => [startMs, endMs])
          .map((one) => one - buckets.movedMs)
        expect(ends.map((one) => floor?.floor(one))).toEqual(ends)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a label tells its bucket', () => {
  test.each([
    ['its start', { ...cut('P1D'), label: { kind: 'moved', ms: 0 } }, '2026-10-01', '2026-10-01'],
    [
      'Sunday weeks by their Saturday',
      { ...cut('P1W', 'UTC', -DAY), label: { kind: 'moved', ms: 6 * DAY } },
      '2026-10-10',
      '2026-10-04',
    ],
    [
      'local days as if UTC',
      { ...cut('P1D', 'America/New_York'), label: { kind: 'local', zone: 'America/New_York' } },
      '2026-11-02',
      '2026-11-02T05:00',
    ],
  ] as const)('%s', (_, bucket, label, start) => {
    expect(brief(startOf(ms(label), bucket) ?? 0)).toBe(brief(ms(start)))
  })

  test('or is none of its labels', () => {
    expect(startOf(ms('2026-10-01') + 1, { ...cut('P1D'), label: { kind: 'moved', ms: 0 } })).toBeUndefined()
  })
})
