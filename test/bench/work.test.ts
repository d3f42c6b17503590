import { expect, test } from 'vitest'
import { RowTimes } from '../../bench/dashboard/row-times.ts'
import { RUN, workOf } from '../../bench/dashboard/work.ts'
import { type LoggedQuery, parseLine } from '../cluster/request-log.ts'

const NOW = '2026-11-26T00:00:10.000Z'
const OK = '{"success":true}'
const at = (seconds: number): number => Date.parse('2026-11-26T00:00:00.000Z') + seconds * 1_000
const TABLES = { events: new RowTimes([0, 1, 2, 3, 4, 5, 20].map(at)), stream: new RowTimes([at(1)]) }
const ALL = '-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z'
const span = (start: number, end: number): string =>
  `${new Date(at(start)).toISOString()}/${new Date(at(end)).toISOString()}`

function native(dataSource: unknown, intervals: readonly string[], context: object = RUN): string {
  return `${NOW}\t127.0.0.1\t${OK}\t${JSON.stringify({ queryType: 'scan', dataSource, intervals, context })}`
}

function sql(query: string, context: object = RUN): string {
  return `${NOW}\t127.0.0.1\t\t${OK}\t${JSON.stringify({ query, context })}`
}

const work = (...lines: string[]): ReturnType<typeof workOf> =>
  workOf(
    lines.map(parseLine).filter((query): query is LoggedQuery => query !== undefined),
    TABLES,
  )

test.each([
  ['one interval, its end left out', native('events', [span(1, 3)]), 2],
  ['all of time, up to when it ran', native('events', [ALL]), 6],
  ['two intervals', native('events', [span(0, 1), span(4, 6)]), 3],
  ['an interval that is empty', native('events', [span(3, 3)]), 0],
  ['two tables', native({ type: 'union', dataSources: ['events', 'stream'] }, [span(0, 3)]), 4],
  ['a subquery', native({ type: 'query', query: { dataSource: 'events', intervals: [span(0, 2)] } }, []), 2],
])('rows scanned by %s', (_, line, scannedRows) => {
  expect(work(line)).toMatchObject({ queries: 1, scannedRows })
})

test('EXPLAIN counts apart, and what others ask or what reads no known table not at all', () => {
  const counted = work(
    sql('SELECT COUNT(*) FROM events'),
    sql('EXPLAIN PLAN FOR SELECT 1'),
    native('events', [span(0, 1)]),
    native({ type: 'inline', columnNames: ['x'], rows: [] }, [ALL]),
    native('unknown', [ALL]),
    native('events', [ALL], {}),
    sql('SELECT COUNT(*) FROM events', { benchRun: 'another' }),
  )
  expect(counted).toEqual({ statements: 1, queries: 1, scannedRows: 1, explains: 1 })
})

test('times within an interval', () => {
  expect(TABLES.events.within({ startMs: at(2), endMs: at(4) })).toEqual([at(2), at(3)])
  expect(TABLES.events.within({ startMs: at(4), endMs: at(2) })).toEqual([])
})
