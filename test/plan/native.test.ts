import { expect, test } from 'vitest'
import { intervalsOf, readNativePlan } from '../../src/plan/native.ts'
import { FIRST_MS, LAST_MS } from '../../src/time/all-time.ts'

test.each([
  ['2026-10-01T00:00:00.000Z/2026-10-02T00:00:00.000Z', Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 2)],
  // Of `__time <= TIMESTAMP '9999-12-31 23:59:59.999'`, as it is said for "no end" (33.0.0).
  ['2026-10-01T00:00:00.000Z/10000-01-01T00:00:00.000Z', Date.UTC(2026, 9, 1), 253_402_300_800_000],
  ['-0044-03-15T00:00:00.000Z/10000-01-01T00:00:00.000Z', -63_549_360_000_000, 253_402_300_800_000],
  ['-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z', FIRST_MS, LAST_MS],
  ['2026-10-01T00:00:00.000Z/300000-01-01T00:00:00.000Z', Date.UTC(2026, 9, 1), LAST_MS],
])('the interval %s of a plan', (text, startMs, endMs) => {
  expect(intervalsOf({ type: 'intervals', intervals: [text] })).toEqual([{ startMs, endMs }])
})

function planOrderedBy(aggregation: object, postAggregations: readonly object[] = []): string {
  const query = {
    queryType: 'groupBy',
    dataSource: { type: 'table', name: 'events' },
    intervals: { type: 'intervals', intervals: ['2026-10-01T00:00:00.000Z/2026-10-02T00:00:00.000Z'] },
    granularity: { type: 'all' },
    dimensions: [{ type: 'default', dimension: 'country', outputName: 'd0', outputType: 'STRING' }],
    aggregations: [{ name: 'a0', ...aggregation }],
    postAggregations,
    limitSpec: {
      type: 'default',
      columns: [
        {
          dimension: postAggregations.length === 0 ? 'a0' : 'p0',
          direction: 'descending',
          dimensionOrder: { type: 'numeric' },
        },
      ],
    },
  }
  const columnMappings = [{ queryColumn: 'd0', outputColumn: 'country' }]
  return JSON.stringify([{ query, signature: [], columnMappings }])
}

const USERS = { fieldName: 'user' }

// Two estimates that print alike may differ, and registers are compared before the estimate is (33.0.0).
test.each<[string, object, boolean]>([
  ['count', {}, true],
  ['doubleSum', USERS, true],
  ['longLast', USERS, true],
  ['filtered', { aggregator: { type: 'longMax', ...USERS }, filter: {} }, true],
  ['cardinality', { fields: [] }, false],
  ['hyperUnique', USERS, false],
  ['HLLSketchBuild', USERS, false],
  ['thetaSketch', USERS, false],
  ['filtered', { aggregator: { type: 'HLLSketchBuild', ...USERS }, filter: {} }, false],
  ['variance', USERS, false],
])('rows ordered by %s %j are in an order that is known: %s', (type, more, isKnown) => {
  const plan = readNativePlan(planOrderedBy({ type, ...more }))
  expect([plan?.queryType, plan?.order !== undefined]).toEqual(['groupBy', isKnown])
})

test.each([
  ['arithmetic', true],
  ['quantilesDoublesSketchToQuantile', true],
  ['finalizingFieldAccess', false],
  ['hyperUniqueCardinality', false],
])('rows ordered by what %s makes of a sketch are in an order that is known: %s', (type, isKnown) => {
  const plan = readNativePlan(planOrderedBy({ type: 'hyperUnique', ...USERS }, [{ type, name: 'p0' }]))
  expect([plan?.queryType, plan?.order !== undefined]).toEqual(['groupBy', isKnown])
})
