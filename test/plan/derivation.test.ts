// Whether the parts of one shape follow from those of another, as Druid plans both texts.
import { expect, test } from 'vitest'
import { isDoubleSum, kinship, type PartsPlan, regrouped, sameRows } from '../../src/plan/derivation.ts'

const HOUR = `timestamp_floor("__time",'PT1H',null,'UTC') LONG`
const DAY = `timestamp_floor("__time",'P1D',null,'UTC') LONG`
const N = '{"type":"count"}'
const A = '{"fieldName":"added","type":"longSum"}'
const P = '{"fieldName":"price","type":"doubleSum"}'
const US = `{"aggregator":${N},"filter":{"column":"country","type":"equals"},"type":"filtered"}`
const SKETCH = '{"fields":["user"],"type":"cardinality"}'
const RATIO = `({${A}} / {${N}}) LONG`
const LAST = '{"fieldName":"__time","type":"longMax"}'

interface Made {
  readonly kind?: PartsPlan['kind']
  readonly columns: readonly string[]
  readonly bucket?: string
  readonly dimensions?: readonly string[]
  readonly having?: string
  readonly live?: boolean
}

/** A series shows its bucket first; a merge has its dimensions and then its parts. */
function plan({
  kind = 'series',
  columns,
  bucket = HOUR,
  dimensions = [],
  having = '',
  live = false,
}: Made): PartsPlan {
  const own = kind === 'series' ? [...columns, bucket] : [bucket, ...dimensions, ...columns]
  return {
    kind,
    live,
    count: kind === 'series' ? columns.length : dimensions.length,
    ours: {
      queryType: 'groupBy',
      table: 'events',
      policy: '',
      intervals: [],
      filter: '',
      dimensions: [...dimensions, bucket].toSorted(),
      aggregations: [],
      having,
      columns: live ? [...own, LAST] : own,
      order: [],
      groups: [],
    },
  }
}

const SOURCE = plan({
  columns: [HOUR, 'city STRING', N, A, P, US, SKETCH, RATIO],
  dimensions: ['city STRING'],
})

test.each<[string, Made, readonly number[] | undefined]>([
  ['some columns in another order', { columns: [RATIO, 'city STRING', HOUR] }, [7, 1, 0]],
  ['all it takes, live', { columns: [HOUR, N], live: true }, [0, 2]],
  [
    'a column that the source lacks',
    { columns: [HOUR, '{"fieldName":"added","type":"longMax"}'] },
    undefined,
  ],
  ['a column that is not known', { columns: [HOUR, '? a7'] }, undefined],
  ['HAVING', { columns: [HOUR, N], having: '{"type":"greaterThan"}' }, undefined],
])('rows of the same buckets: %s', (_, made, columns) => {
  const target = plan({ dimensions: ['city STRING'], ...made })
  expect(sameRows(target, SOURCE)?.columns).toEqual(columns)
})

test('what is ordered by and not selected has no place in the source', () => {
  const { ours, ...target } = plan({ columns: [HOUR, N], dimensions: ['city STRING'] })
  expect(sameRows({ ...target, ours: { ...ours, columns: [...ours.columns, A] } }, SOURCE)).toBeUndefined()
})

test.each<[string, Made, unknown]>([
  [
    'a coarser series',
    { columns: ['city STRING', DAY, N, US], bucket: DAY, dimensions: ['city STRING'] },
    {
      dimensions: [1],
      aggregates: [
        { kind: 'count', column: 2 },
        { kind: 'count', column: 5 },
      ],
      columns: [
        { kind: 'dimension', index: 0 },
        { kind: 'label' },
        { kind: 'aggregate', index: 0 },
        { kind: 'aggregate', index: 1 },
      ],
    },
  ],
  [
    'totals',
    { kind: 'merge', columns: [A, P], bucket: DAY, dimensions: ['city STRING'], live: true },
    {
      dimensions: [1],
      aggregates: [
        { kind: 'sum', column: 3 },
        { kind: 'sum', column: 4 },
      ],
      columns: [],
    },
  ],
  ['a sketch', { columns: [DAY, SKETCH], bucket: DAY, dimensions: ['city STRING'] }, undefined],
  ['a quotient', { columns: [DAY, RATIO], bucket: DAY, dimensions: ['city STRING'] }, undefined],
  [
    'a dimension that the source lacks',
    { kind: 'merge', columns: [N], dimensions: ['tags STRING'] },
    undefined,
  ],
])('other groups: %s', (_, made, found) => {
  expect(regrouped(plan(made), SOURCE)).toEqual(found)
})

test('a merge is no source of a series, nor of a merge with its dimensions in another order', () => {
  const source = plan({ kind: 'merge', columns: [N, A], dimensions: ['a STRING', 'b STRING'], live: true })
  expect(regrouped(plan({ columns: [DAY, N], bucket: DAY }), source)).toBeUndefined()
  const same = plan({ kind: 'merge', columns: [A], dimensions: ['a STRING', 'b STRING'] })
  const turned = plan({ kind: 'merge', columns: [A], dimensions: ['b STRING', 'a STRING'] })
  expect(regrouped(same, source)?.aggregates).toEqual([{ kind: 'sum', column: 4 }])
  expect(regrouped(turned, source)).toBeUndefined()
  // Its last instants are no column of the statement's.
  const last = plan({ kind: 'merge', columns: [LAST], dimensions: ['a STRING', 'b STRING'] })
  expect(regrouped(last, source)).toBeUndefined()
})

test('kin are those of one table, filter and dimensions, whatever their buckets', () => {
  const day = plan({ columns: [DAY, N], bucket: DAY, dimensions: ['city STRING'] })
  const totals = plan({ kind: 'merge', columns: [N], bucket: DAY, dimensions: ['city STRING'] })
  expect(new Set([SOURCE, day, totals].map(kinship)).size).toBe(1)
  const { ours } = SOURCE
  expect(kinship({ ...SOURCE, ours: { ...ours, filter: '{"type":"null"}' } })).not.toBe(kinship(SOURCE))
  expect(kinship({ ...SOURCE, ours: { ...ours, table: 'others' } })).not.toBe(kinship(SOURCE))
  expect(kinship(plan({ columns: [HOUR, N] }))).not.toBe(kinship(SOURCE))
})

test('sums of doubles are told, filtered ones too', () => {
  const filtered = `{"aggregator":${P},"filter":{},"type":"filtered"}`
  expect([P, filtered, A, RATIO, undefined].map((text) => isDoubleSum(text))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})
