import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ranked } from '../../src/avatica/rendezvous.ts'
import { AVATICA } from './support.ts'

const BROKERS = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 6 })

describe('the first of all', () => {
  test.each(Object.entries(AVATICA.choices))('for %s is a Router’s', (connection, broker) => {
    expect(ranked(AVATICA.brokers, connection)[0]).toBe(broker)
  })
})

test('the order of those that stay does not change when one goes, and not with the order in which they are told', () => {
  fc.assert(
    fc.property(BROKERS, fc.string({ maxLength: 3_000 }), fc.nat(), (brokers, connection, at) => {
      const gone = brokers[at % brokers.length] ?? ''
      const before = ranked(brokers, connection).filter((id) => id !== gone)
      const left = brokers.filter((id) => id !== gone).toReversed()
      expect(ranked(left, connection)).toEqual(before)
    }),
  )
})

test('a name of megabytes takes no longer than a short one', () => {
  const long = 'c'.repeat(8_000_000)
  expect(ranked(['a', 'b', 'c'], long)).toEqual(ranked(['c', 'b', 'a'], long))
})
