import { expect, test } from 'vitest'
import { partTypes } from '../../../src/result/merge/value-types.ts'
import { typesOf } from './fixtures.ts'

const FAITHFUL = { isFaithful: true }
const CUT = { isFaithful: false }

test.each(['INTEGER', 'DATE'] as const)(
  'an extreme or a dimension of %s is mergeable where Druid prints all of it',
  (type) => {
    const extreme = (isFaithful: boolean): unknown =>
      partTypes(typesOf(['LONG', type]), {
        dimensions: [],
        aggregates: [{ kind: 'max', isFaithful }],
        isUtc: true,
      })
    expect(extreme(true)).toBeDefined()
    expect(extreme(false)).toBeUndefined()
    const dimension = (dimensions: readonly { readonly isFaithful: boolean }[]): unknown =>
      partTypes(typesOf(['LONG', 'STRING', type, 'LONG']), {
        dimensions,
        aggregates: [{ kind: 'count', isFaithful: false }],
        isUtc: true,
      })
    expect(dimension([CUT, FAITHFUL])).toBeDefined()
    expect(dimension([FAITHFUL, CUT])).toBeUndefined()
  },
)

test('sums and averages beside it are told from their own', () => {
  const types = typesOf(['LONG', 'DOUBLE', 'LONG', 'INTEGER'])
  const of = (avg: boolean, max: boolean): unknown =>
    partTypes(types, {
      dimensions: [],
      aggregates: [
        { kind: 'avg', isFaithful: avg },
        { kind: 'max', isFaithful: max },
      ],
      isUtc: true,
    })
  expect(of(false, true)).toBeDefined()
  expect(of(true, false)).toBeUndefined()
})
