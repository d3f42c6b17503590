// Bodies of Druid's JSON endpoints: right ones, and what accidents make of them.
import { type Random } from '../cluster/random.ts'
import { mutated } from './mutate.ts'
import { randomStatement } from './statements.ts'

const PIECES: [string, ...string[]] = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0041',
  '\\ud800',
  'null',
  'true',
  '1e999',
  '-0',
  '9007199254740993',
  '"query":"SELECT 2"',
  '"context":{"sqlQueryId":"x"}',
  ',"If-None-Match":"x"',
  '"resultFormat":"csv"',
  '"header":"true"',
  ' ',
  '\n',
  '\t',
  '\u0000',
  '\u00ef\u00bb\u00bf',
  '/* */',
  'NaN',
]

const FORMATS = ['object', 'objectLines', 'array', 'arrayLines', 'csv', 'ARRAY', 'none', '', null] as const
const FLAGS = [true, false, null, 'true', 'false', 0, 1, 'TRUE', []] as const
const CONTEXTS = [
  undefined,
  null,
  {},
  { '': '' },
  { sqlTimeZone: 'America/New_York' },
  { sqlTimeZone: '+03:00' },
  { sqlQueryId: 'one' },
  { queryId: 'one', timeout: 40_000 },
  { useCache: false },
  { 'If-None-Match': 'x', a: [1, { b: null }] },
  { timeout: -1 },
  { timeout: 'soon' },
  { priority: 1, lane: 'x' },
  { sqlOuterLimit: 10 },
  [],
  'text',
] as const
const PARAMETERS = [
  undefined,
  null,
  [],
  [{ type: 'VARCHAR', value: 'US' }],
  [{ type: 'BIGINT', value: 9_007_199_254_740_991 }],
  [{ type: 'DOUBLE', value: null }],
  [1],
  'x',
  {},
] as const

/** A body of a statement as JSON text; half of them after accidents. */
export function randomSqlBody(random: Random): Buffer {
  const body: Record<string, unknown> = { query: randomStatement(random) }
  const may = (name: string, values: readonly unknown[]): void => {
    if (random.below(3) === 0) body[name] = values[random.below(values.length)]
  }
  may('resultFormat', FORMATS)
  may('header', FLAGS)
  may('typesHeader', FLAGS)
  may('sqlTypesHeader', FLAGS)
  may('context', CONTEXTS)
  may('parameters', PARAMETERS)
  may('queryType', ['sql'])
  may('', [1.5, { deep: [[[]]] }])
  const text = Buffer.from(JSON.stringify(body))
  return random.below(2) === 0 ? text : mutated(text, random, PIECES)
}

const QUERIES = [
  { queryType: 'timeBoundary', dataSource: 'events' },
  {
    queryType: 'scan',
    dataSource: { type: 'table', name: 'events' },
    intervals: ['2026-11-01/P1D'],
    limit: 3,
  },
  { queryType: 'timeseries', dataSource: 'events', granularity: 'day', intervals: '2026-11-01/P1D' },
  { queryType: 'topN', dataSource: 'events', dimension: 'city', metric: 'n', threshold: 3, aggregations: [] },
  { queryType: 'segmentMetadata', dataSource: 'events', merge: true },
  { queryType: 'select', dataSource: 'events' },
]

/** A native query; half of them after accidents. */
export function randomNativeBody(random: Random): Buffer {
  const query = { ...QUERIES[random.below(QUERIES.length)], context: CONTEXTS[random.below(CONTEXTS.length)] }
  const text = Buffer.from(JSON.stringify(query))
  return random.below(2) === 0 ? text : mutated(text, random, PIECES)
}
