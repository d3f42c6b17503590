import { expect, test } from 'vitest'
import { tableUnderPolicy } from '../../src/plan/row-policy.ts'

const TABLE = { type: 'table', name: 'edits' }
const ROW = { type: 'row', rowFilter: { type: 'isNull', column: 'owner' } }

test.each<[string, unknown, ReturnType<typeof tableUnderPolicy>]>([
  ['a table', TABLE, { table: 'edits', policy: '' }],
  [
    'a table under a row policy',
    { type: 'restrict', base: TABLE, policy: ROW },
    { table: 'edits', policy: JSON.stringify(ROW) },
  ],
  [
    'a table without restriction, said so',
    { type: 'restrict', base: TABLE, policy: { type: 'noRestriction' } },
    { table: 'edits', policy: '' },
  ],
  ['a policy of an extension', { type: 'restrict', base: TABLE, policy: { type: 'hours' } }, undefined],
  ['a policy over no table', { type: 'restrict', base: { type: 'lookup' }, policy: ROW }, undefined],
  ['no policy', { type: 'restrict', base: TABLE }, undefined],
  ['another source', { type: 'union', dataSources: [TABLE] }, undefined],
  ['a name alone', 'edits', undefined],
])('%s', (_, source, expected) => {
  expect(tableUnderPolicy(source)).toEqual(expected)
})
