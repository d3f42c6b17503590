// Rows of a series from partials: of a bucket without groups, too, they have the columns of their shape.
import { expect, test } from 'vitest'
import { rowsOfPartials } from '../../../src/result/derive/regrouped.ts'
import { mergeRowsOf } from '../../../src/result/merge-rows.ts'
import { aggregate, dimension, factsOf, partsOf, typesOf } from '../merge/fixtures.ts'

test.each([
  ['no groups', [], '', []],
  ['one group', ['[0,7]'], '["1970-01-01T00:00:00.000Z"],', ['7']],
])('%s, ordered by what is not shown', (_, cells, bytes, added) => {
  const parts = partsOf(factsOf({ aggregates: ['count'] }), typesOf(['LONG', 'LONG']), cells)
  const rows = rowsOfPartials(mergeRowsOf(parts.buckets), {
    facts: factsOf({ dimensions: 1, aggregates: ['count'], columns: [dimension(0), aggregate(0)] }),
    sql: '',
    client: typesOf(['TIMESTAMP', 'LONG']),
    parts: typesOf(['LONG', 'LONG']),
    labelMs: 0,
    addedCount: 1,
  })
  expect(rows?.addedCount).toBe(1)
  expect([rows?.bytes.toString(), rows?.added.map(String)]).toEqual([bytes, added])
})
