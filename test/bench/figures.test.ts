import { expect, test } from 'vitest'
import { sharesOf, sourceOf } from '../../bench/dashboard/figures.ts'
import { answered } from './support.ts'

const HIT = 'ovate; hit; detail="series 168/168"'
const PARTIAL = 'ovate; fwd=partial; detail="series 3/4"'
const JOINED = 'ovate; fwd=partial; collapsed; detail="merge 1/4"'
const MISS = 'ovate; fwd=miss; detail="whole"'

test.each([
  ['', { how: 'direct', held: 0, joined: 0, detail: '' }],
  [HIT, { how: 'hit', held: 1, joined: 0, detail: 'series 168/168' }],
  [PARTIAL, { how: 'partial', held: 0.75, joined: 0, detail: 'series 3/4' }],
  [JOINED, { how: 'collapsed', held: 0.25, joined: 0.75, detail: 'merge 1/4' }],
  ['ovate; fwd=miss; collapsed; detail="whole"', { how: 'collapsed', held: 0, joined: 1, detail: 'whole' }],
  [MISS, { how: 'miss', held: 0, joined: 0, detail: 'whole' }],
  ['ovate; fwd=miss; detail="series 0/4"', { how: 'miss', held: 0, joined: 0, detail: 'series 0/4' }],
  ['ovate; fwd=partial; detail="series 0/0"', { how: 'miss', held: 0, joined: 0, detail: 'series 0/0' }],
  [
    'ovate; fwd=bypass; detail="pass sys-table"',
    { how: 'bypass', held: 0, joined: 0, detail: 'pass sys-table' },
  ],
])('how an answer with %j was come by', (cacheStatus, source) => {
  expect(sourceOf(cacheStatus)).toEqual(source)
})

test('rows count for the share of parts that were held, and for what another query brought', () => {
  const rows = (count: number): object[] => Array.from({ length: count }, (_, n) => ({ n }))
  const shares = sharesOf([
    answered({ cacheStatus: HIT, rows: rows(10) }),
    answered({ cacheStatus: PARTIAL, rows: rows(4) }),
    answered({ cacheStatus: JOINED, rows: rows(4) }),
    answered({ cacheStatus: MISS, rows: rows(2) }),
  ])
  expect(shares).toEqual({
    cachedRequestsShare: 0.75,
    hitShare: 0.25,
    partialShare: 0.25,
    collapsedShare: 0.25,
    rows: 20,
    cachedRowsShare: 17 / 20,
    heldRowsShare: 14 / 20,
  })
})

test('no answers have no share', () => {
  expect(sharesOf([])).toMatchObject({ cachedRequestsShare: 0, cachedRowsShare: 0 })
})
