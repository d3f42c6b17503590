// Which orders of merged groups are taken from Druid's own plan: those by what the text was read to order by.
import { expect, test } from 'vitest'
import { type Grouped } from '../../src/plan/grouped.ts'
import { floorText, type NativePlan } from '../../src/plan/native.ts'
import { type MergeOrder, mergeVerdict } from '../../src/plan/witness.ts'
import { analyse } from '../../src/sql/analyse.ts'

const DAY = [{ startMs: Date.UTC(2026, 9, 1), endMs: Date.UTC(2026, 9, 2) }]
const ADDED = 'added LONG'
const DELETED = '{"fieldName":"deleted","type":"longSum"}'
const COUNT = '{"type":"count"}'

function grouped(order: string): Grouped {
  const sql = `SELECT added AS a, SUM(deleted) AS d, COUNT(*) AS n FROM events WHERE TIME_IN_INTERVAL(__time, '2026-10-01/P1D') GROUP BY 1 ORDER BY ${order} DESC`
  const analysis = analyse(sql, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 })
  if (analysis.kind !== 'facts' || typeof analysis.facts.grouped === 'string') throw new Error(sql)
  return analysis.facts.grouped
}

/** What comes of ORDER BY `asked` DESC where Druid's plan orders by `found`. */
function orderOf(asked: string, found: string): MergeOrder | undefined | string {
  const client: NativePlan = {
    queryType: 'groupBy',
    table: 'events',
    policy: '',
    intervals: DAY,
    filter: '',
    dimensions: [ADDED],
    aggregations: [DELETED, COUNT],
    having: '',
    columns: [ADDED, DELETED, COUNT],
    order: [{ of: found, descending: true, nulls: 'last', compare: 'numeric' }],
    groups: [ADDED],
  }
  const hidden = floorText('PT1H', undefined, 'UTC')
  const ours: NativePlan = {
    ...client,
    dimensions: [ADDED, hidden].toSorted(),
    columns: [hidden, ADDED, DELETED, COUNT],
    order: [],
    groups: [hidden, ADDED],
  }
  const windows = { before: DAY, after: DAY }
  const verdict = mergeVerdict({ client, ours, grouped: grouped(asked), windows, ranges: DAY }, 'PT1H')
  return verdict.kind === 'agrees' ? verdict.mergeOrder : verdict.why
}

test.each<[string, string, boolean]>([
  ['a', ADDED, true],
  ['1', ADDED, true],
  ['d', DELETED, true],
  ['2', DELETED, true],
  ['SUM(deleted)', DELETED, true],
  ['COUNT(*)', COUNT, true],
  ['SUM(deleted) + COUNT(*)', `({${DELETED}} + {${COUNT}}) LONG`, true],
  ['a', DELETED, false],
  ['d', ADDED, false],
  ['d', COUNT, false],
  ['2', COUNT, false],
  ['COUNT(*)', DELETED, false],
  ['SUM(deleted)', `({${DELETED}} * 2) LONG`, false],
  ['2.0', DELETED, false],
  ['2e0', DELETED, false],
  ["'2'", DELETED, false],
  ['NULL', DELETED, false],
])('ORDER BY %s, where Druid orders by %s', (asked, found, isSame) => {
  const key = { of: found, descending: true, nulls: 'last', compare: 'numeric' }
  expect(orderOf(asked, found)).toEqual(isSame ? { keys: [key], ties: [0] } : undefined)
})
