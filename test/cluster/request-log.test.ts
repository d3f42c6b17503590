import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countQueries, parseLine, type LoggedQuery } from './request-log.ts'

const TIME = '2026-11-24T14:28:50.438Z'
const OK = '{"query/time":34,"query/bytes":127,"success":true,"identity":"allowAll"}'
const FAILED =
  '{"sqlQuery/time":22,"success":false,"exception":"org.apache.druid.error.DruidException: no\\tsuch"}'
const DAY = '2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z'
const INTERVALS = { type: 'intervals', intervals: [DAY] }
const EVENTS = { type: 'table', name: 'events' }

const nativeLine = (query: object): string => `${TIME}\t127.0.0.1\t${OK}\t${JSON.stringify(query)}`
const sqlLine = (query: string, stats = OK): string =>
  `${TIME}\t127.0.0.1\t\t${stats}\t${JSON.stringify({ query, context: { sqlQueryId: 'a' } })}`

test.each([
  ['a table', EVENTS, ['events']],
  ['a table by its name', 'events', ['events']],
  ['inline rows', { type: 'inline', columnNames: ['x'], rows: [] }, []],
  ['a lookup', { type: 'lookup', lookup: 'country_name' }, []],
  ['a join', { type: 'join', left: EVENTS, right: { type: 'lookup', lookup: 'l' } }, ['events']],
  ['a union', { type: 'union', dataSources: ['events', 'dst'] }, ['events', 'dst']],
  ['an unnest', { type: 'unnest', base: EVENTS }, ['events']],
  ['a subquery', { type: 'query', query: { dataSource: EVENTS, intervals: INTERVALS } }, ['events']],
])('datasources of %s', (_, dataSource, expected) => {
  expect(parseLine(nativeLine({ queryType: 'scan', dataSource, intervals: INTERVALS }))).toMatchObject({
    kind: 'native',
    datasources: expected,
    success: true,
  })
})

test.each([
  ['an object', { dataSource: EVENTS, intervals: INTERVALS }],
  ['a list', { dataSource: EVENTS, intervals: [DAY] }],
  [
    'the innermost query',
    { dataSource: { type: 'query', query: { dataSource: EVENTS, intervals: INTERVALS } } },
  ],
])('intervals as %s', (_, query) => {
  expect(parseLine(nativeLine({ queryType: 'scan', ...query }))).toMatchObject({ intervals: [DAY] })
})

test.each([
  ['SELECT 1', 'data'],
  ['SELECT * FROM t LIMIT 10', 'data'],
  ['SELECT * FROM t LIMIT 0', 'limit-0'],
  ['SELECT * FROM t\nlimit 0 ;', 'limit-0'],
  ['EXPLAIN PLAN FOR SELECT 1', 'explain'],
  ['  explain plan for SELECT 1 LIMIT 0', 'explain'],
] as const)('%s asks for %s', (query, statement) => {
  expect(parseLine(sqlLine(query))).toMatchObject({ kind: 'sql', sql: query, statement, sqlQueryId: 'a' })
})

test('a failed statement is told from one that succeeded', () => {
  expect(parseLine(sqlLine('SELECT', FAILED))).toMatchObject({ success: false })
  expect(parseLine(sqlLine('SELECT'))).toMatchObject({ success: true })
})

test('a native query is counted when it reads a datasource, and as sent when no SQL made it', () => {
  const fromSql = {
    queryType: 'scan',
    dataSource: EVENTS,
    intervals: INTERVALS,
    context: { sqlQueryId: 'a' },
  }
  const sent = { queryType: 'scan', dataSource: EVENTS, intervals: INTERVALS, context: { queryId: 'b' } }
  const inline = { ...fromSql, dataSource: { type: 'inline' } }
  const lines = [nativeLine(fromSql), nativeLine(sent), nativeLine(inline), sqlLine('SELECT 1')]
  const queries = lines.map(parseLine).filter((query): query is LoggedQuery => query !== undefined)
  expect(countQueries(queries)).toEqual({
    sql: 1,
    explain: 0,
    limit0: 0,
    native: 2,
    nativeSent: 1,
    intervals: [DAY, DAY],
  })
})

test('no line makes the reader throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (fields) => {
      expect(() => parseLine(fields.join('\t'))).not.toThrow()
    }),
  )
})
