import fc from 'fast-check'
import { expect, test } from 'vitest'
import { datasourceOf, znodeName } from '../../src/coordination/znode-names.ts'

test.each([
  ['events', 'events'],
  ['a/b', 'a%2Fb'],
  ['..', '%2E%2E'],
  ['*', '%2A'],
  ['!', '%21'],
  ['Ereignisse für alle', 'Ereignisse%20f%C3%BCr%20alle'],
])('%s has the znode %s', (datasource, name) => {
  expect(znodeName(datasource)).toBe(name)
})

test('no datasource has the znode of all', () => {
  expect(znodeName(undefined)).toBe('*')
  expect(datasourceOf('*')).toBeUndefined()
})

test('every name comes back, and none leaves its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (datasource) => {
      fc.pre(Buffer.byteLength(datasource) <= 256)
      const name = znodeName(datasource)
      expect(name).toMatch(/^[\w%-]+$/)
      expect(datasourceOf(name)).toBe(datasource)
    }),
  )
})

test.each(['', 'x'.repeat(257), 'ä'.repeat(129), '\ud800'])('%j can be no name', (datasource) => {
  expect(() => znodeName(datasource)).toThrow(/a datasource's name/)
})

test.each(['%', 'a b', '..', '%2e', '!'])('%s is the znode of none', (name) => {
  expect(datasourceOf(name)).toBeUndefined()
})
