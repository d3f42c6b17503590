// Whether the parts of one shape follow from those of another, as Druid plans both texts.
import { expect, test } from 'vitest'
import { isDoubleSum, kinship, type PartsPlan, regrouped, sameRows } from '../../src/plan/derivation.ts'
import { readNativePlan } from '../../src/plan/native.ts'

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
  // One text of all of them, so that what is shown twice stands in it twice.
  const twice = plan({ kind: 'merge', columns: [N, A], dimensions: ['a STRING', 'b STRING', 'b STRING'] })
  expect(regrouped(same, twice)).toBeUndefined()
  expect(regrouped(twice, source)).toBeUndefined()
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

const NESTED = { type: 'nested-field', columnName: 'obj', processFromRaw: false }
/** As Druid 33.0.0 plans `JSON_VALUE(obj, '$.…')`. */
function path(outputName: string, field: string, expectedType = 'STRING'): object {
  return { ...NESTED, outputName, expectedType, pathParts: [{ type: 'field', field }] }
}

function expression(name: string, text: string, outputType = 'STRING'): object {
  return { type: 'expression', name, expression: text, outputType }
}

const SUM_OF_V0 = { type: 'longSum', name: 'a0', fieldName: 'v0' }
const BY_V0 = { type: 'default', dimension: 'v0', outputName: 'd1', outputType: 'STRING' }

/** An hourly series, as Druid's plan of it is read; undefined where it isn't known. */
function readSeries(query: {
  readonly virtualColumns: readonly object[]
  readonly filter?: object
  readonly dimensions?: readonly object[]
  readonly aggregations?: readonly object[]
}): PartsPlan | undefined {
  const hour = expression('v9', `timestamp_floor("__time",'PT1H',null,'UTC')`, 'LONG')
  const { dimensions = [], aggregations = [{ type: 'count', name: 'a0' }] } = query
  const bucket = { type: 'default', dimension: 'v9', outputName: 'd0', outputType: 'LONG' }
  const native = {
    queryType: 'groupBy',
    dataSource: { type: 'table', name: 't' },
    intervals: { type: 'intervals', intervals: ['2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.000Z'] },
    granularity: { type: 'all' },
    ...query,
    virtualColumns: [...query.virtualColumns, hour],
    dimensions: [bucket, ...dimensions],
    aggregations,
  }
  const columnMappings = ['d0', ...aggregations.map((_, at) => `a${at}`), 'd0'].map((queryColumn) => ({
    queryColumn,
  }))
  const ours = readNativePlan(JSON.stringify([{ query: native, columnMappings }]))
  return ours && { kind: 'series', ours, count: columnMappings.length - 1, live: false }
}

type Query = Parameters<typeof readSeries>[0]
const IS_X = { type: 'equals', column: 'v0', matchValueType: 'STRING', matchValue: 'x' }
const IS_TEXT = { type: 'expression', expression: `("v0" > "v1")` }
const MV = { type: 'mv-filtered', isAllowList: true, values: ['a'] }

test.each<[string, (field: string) => Query]>([
  ['a filter', (field) => ({ virtualColumns: [path('v0', field)], filter: IS_X })],
  [
    'a filter over an expression',
    (field) => ({ virtualColumns: [expression('v0', 'upper("v1")'), path('v1', field)], filter: IS_X }),
  ],
  [
    'a filter that is an expression',
    (field) => ({ virtualColumns: [path('v0', field), path('v1', 'c')], filter: IS_TEXT }),
  ],
  ['a dimension', (field) => ({ virtualColumns: [path('v0', field)], dimensions: [BY_V0] })],
  [
    'a dimension over two expressions',
    (field) => ({
      virtualColumns: [expression('v0', 'upper("v1")'), expression('v1', 'trim("v2")'), path('v2', field)],
      dimensions: [BY_V0],
    }),
  ],
  [
    'a dimension over values of several',
    (field) => ({
      virtualColumns: [
        expression('v0', 'upper("v1")'),
        { ...MV, name: 'v1', delegate: { type: 'default', dimension: field } },
      ],
      dimensions: [BY_V0],
    }),
  ],
  [
    'a path of a path',
    (field) => ({
      virtualColumns: [{ ...path('v0', 'c'), columnName: 'v1' }, path('v1', field, 'COMPLEX<json>')],
      filter: IS_X,
    }),
  ],
])('what another path is asked of is no kin: %s', (_, of) => {
  const [a, b, again] = [readSeries(of('a')), readSeries(of('b')), readSeries(of('a'))]
  if (a === undefined || b === undefined || again === undefined) throw new Error('the plan is not known')
  expect(kinship(a)).not.toBe(kinship(b))
  expect(kinship(a)).toBe(kinship(again))
})

test.each<[string, (field: string) => readonly object[]]>([
  ['plain', (field) => [path('v0', field, 'LONG')]],
  ['in an expression', (field) => [expression('v0', '("v1" + 1)', 'LONG'), path('v1', field, 'LONG')]],
])('a sum over another path is another column: %s', (_, of) => {
  const [a, b, again] = ['a', 'b', 'a'].map((field) =>
    readSeries({ virtualColumns: of(field), aggregations: [SUM_OF_V0] }),
  )
  if (a === undefined || b === undefined || again === undefined) throw new Error('the plan is not known')
  expect([sameRows(a, b), regrouped(a, b)]).toEqual([undefined, undefined])
  expect(sameRows(a, again)?.columns).toEqual([0, 1])
})

test('a column by another number is the same one, and a value is never taken for a column', () => {
  const ofA = readSeries({
    virtualColumns: [path('v0', 'a', 'LONG')],
    filter: { ...IS_X, column: 'country', matchValue: 'v0' },
    aggregations: [SUM_OF_V0],
  })
  const other = (matchValue: string): PartsPlan | undefined =>
    readSeries({
      virtualColumns: [path('v0', 'b', 'LONG'), path('v1', 'a', 'LONG')],
      filter: { ...IS_X, column: 'country', matchValue },
      aggregations: [SUM_OF_V0, { ...SUM_OF_V0, name: 'a1', fieldName: 'v1' }],
    })
  const [same, differing] = [other('v0'), other('v1')]
  if (ofA === undefined || same === undefined || differing === undefined)
    throw new Error('the plan is not known')
  expect(sameRows(ofA, same)?.columns).toEqual([0, 2])
  expect(kinship(ofA)).toBe(kinship(same))
  expect(kinship(ofA)).not.toBe(kinship(differing))
})

test.each<[string, Query]>([
  ['a virtual column without a name', { virtualColumns: [{ ...NESTED, pathParts: [] }] }],
  [
    'columns that stand for each other',
    { virtualColumns: [expression('v0', '"v1"'), expression('v1', '"v0"')], filter: IS_X },
  ],
  [
    'a column where none is known to be named',
    {
      virtualColumns: [path('v0', 'a')],
      aggregations: [{ type: 'sketch', name: 'a0', of: 'v0' }],
    },
  ],
  [
    'an expression where none is known to be',
    {
      virtualColumns: [path('v0', 'a')],
      aggregations: [{ type: 'sketch', name: 'a0', of: 'upper("v0")' }],
    },
  ],
])('a plan is not known with %s', (_, query) => {
  expect(readSeries(query)).toBeUndefined()
})
