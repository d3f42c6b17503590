import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonElements } from '../../src/plan/json-elements.ts'

test('the elements of any array, as they came', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.nat(3), (values, indent) => {
      const text = JSON.stringify(values, undefined, indent)
      const elements = jsonElements(text)
      expect(elements.map((element) => JSON.parse(element) as unknown)).toEqual(JSON.parse(text))
      for (const element of elements) expect(text).toContain(element)
    }),
  )
})

test.each([
  ['[]', []],
  [' [ ] ', []],
  ['[9007199254740993, 1.10 ]', ['9007199254740993', '1.10']],
  ['["a,]\\"",{"b":[1,2]}]', ['"a,]\\""', '{"b":[1,2]}']],
])('%s', (text, elements) => {
  expect(jsonElements(text)).toEqual(elements)
})
