import { expect, test } from 'vitest'
import { dateTruncUnit, floorToUnit } from '../../src/time/units.ts'

// TimeUnits and DateTruncOperatorConversion of Druid 33.0.0; what is undefined is an error there.
test.each([
  ['SECOND', 'PT1S', 'PT1S'],
  ['MINUTE', 'PT1M', 'PT1M'],
  ['hour', 'PT1H', 'PT1H'],
  ['Day', 'P1D', 'P1D'],
  ['WEEK', 'P1W', 'P1W'],
  ['MONTH', 'P1M', 'P1M'],
  ['QUARTER', 'P3M', 'P3M'],
  ['YEAR', 'P1Y', 'P1Y'],
  ['DECADE', undefined, 'P10Y'],
  ['CENTURY', undefined, 'P100Y'],
  ['millennium', undefined, 'P1000Y'],
  ['MILLISECOND', undefined, undefined],
  ['milliseconds', undefined, 'PT0.001S'],
  ['microseconds', undefined, 'PT0.001S'],
  ['DAYS', undefined, undefined],
  ['DOW', undefined, undefined],
  ['EPOCH', undefined, undefined],
  ['toString', undefined, undefined],
])('%s: FLOOR to %s, DATE_TRUNC to %s', (unit, floor, trunc) => {
  expect([floorToUnit(unit)?.text, dateTruncUnit(unit)?.text]).toEqual([floor, trunc])
})
