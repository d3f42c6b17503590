import { describe, expect, test } from 'vitest'
import { readLive } from '../../src/config/live.ts'
import { OvateError } from '../../src/errors.ts'

test('all of them, in ms and bytes', () => {
  expect(
    readLive({
      accelerate: true,
      shared: false,
      rowPolicies: 'none',
      exactDoubles: true,
      plans: ['series', 'whole'],
      service: 'druid/broker-hot',
      maxEntry: '1MiB',
      maxRows: 10,
      freshness: { mode: 'strict', head: '2s', cap: 'PT1M' },
    }),
  ).toEqual({
    accelerate: true,
    shared: false,
    rowPolicies: 'none',
    exactDoubles: true,
    plans: ['series', 'whole'],
    service: 'druid/broker-hot',
    maxEntry: 1_048_576,
    maxRows: 10,
    freshness: { mode: 'strict', head: 2_000, cap: 60_000 },
  })
})

test('what is left out stays out', () => {
  expect(readLive({})).toEqual({})
  expect(readLive({ freshness: {} })).toEqual({ freshness: {} })
})

describe('a mistake is told as those of the file are', () => {
  test.each<[unknown, string]>([
    [{ acelerate: false }, 'acelerate: no such setting: did you mean accelerate?'],
    [{ freshness: { haed: '1s' } }, 'freshness.haed: no such setting: did you mean head?'],
    [{ accelerate: 'no' }, 'accelerate: "no" is not true or false'],
    [{ freshness: { head: 'soon' } }, 'freshness.head: "soon" is not a duration like'],
    [{ plans: ['series'] }, 'plans: a list is not a list with whole'],
    [{ plans: ['whole', 'hole'] }, 'plans.1: "hole" is not whole, series, merge, derive'],
    [{ service: ' ' }, 'service: " " is not a text that is not empty'],
    [{ service: 'x'.repeat(257) }, 'is not a text of 256 characters at most'],
    [{ maxEntry: 10 }, 'maxEntry: 10 is not a size like'],
    [{ maxRows: 0 }, 'maxRows: 0 is not a whole number from 1'],
    [{ rowPolicies: 'some' }, 'rowPolicies: "some" is not unknown or none'],
    [[], '(all of it): '],
    ['text', '(all of it): '],
    [{ accelerate: 1, shared: 1 }, 'shared: 1 is not true or false'],
    [JSON.parse('{"__proto__":{"accelerate":false}}'), '__proto__: no such setting'],
  ])('%j', (written, message) => {
    expect(() => readLive(written)).toThrow(OvateError)
    expect(() => readLive(written)).toThrow(message)
  })
})
