import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantText, readInstant } from '../../src/time/instant-text.ts'

/** As `MILLIS_TO_TIMESTAMP` of Druid 33.0.0 was printed, by `sqlTimeZone`. */
const PRINTED: readonly [number | bigint, string][] = [
  [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
  [253_402_300_800_000, '10000-01-01T00:00:00.000Z'],
  [400_000_000_000_000, '14645-06-30T15:06:40.000Z'],
  [400_000_000_000_000, '14645-06-30T11:06:40.000-04:00'],
  [8_640_000_000_000_001, '275760-09-13T00:00:00.001Z'],
  [9_000_000_000_000_000, '287168-08-24T18:00:00.000+02:00'],
  [9_007_199_254_740_993n, '287396-10-12T08:59:00.993Z'],
  [4_611_686_018_427_387_903n, '146140482-04-24T15:36:27.903Z'],
  [9_223_372_036_854_775_807n, '292278994-08-17T07:12:55.807Z'],
  [-62_135_596_800_001, '0000-12-31T23:59:59.999Z'],
  [-62_167_219_200_000, '0000-01-01T00:00:00.000Z'],
  [-62_167_219_200_001, '-0001-12-31T23:59:59.999Z'],
  [-62_167_219_200_001, '0000-01-01T00:19:31.999+00:19:32'],
  [-62_198_755_200_000, '-0002-12-31T19:03:58.000-04:56:02'],
  [-200_000_000_000_000, '-4368-04-02T04:26:40.000Z'],
  [-8_640_000_000_000_001, '-271821-04-19T23:59:59.999Z'],
  [-4_611_686_018_427_387_904n, '-146136543-09-08T08:23:32.096Z'],
]

describe('an instant as Druid prints it', () => {
  test.each(PRINTED)('%s is read from %s', (ms, text) => {
    expect(readInstant(text)).toBe(ms)
  })

  test('is written in UTC as it is read, as far as a Date goes', () => {
    const instants = fc.integer({ min: -8_639_999_999_999_999, max: 8_639_999_999_999_999 })
    fc.assert(
      fc.property(instants, (ms) => {
        expect(readInstant(instantText(ms))).toBe(ms)
      }),
    )
  })

  test.each(PRINTED.filter(([ms, text]) => text.endsWith('Z') && ms < 8.64e15 && ms > -8.64e15))(
    '%s is written as %s',
    (ms, text) => {
      expect(instantText(Number(ms))).toBe(text)
    },
  )

  test('is the end of Druid’s time where a Date ends', () => {
    expect(instantText(-8.64e15)).toBe('-146136543-09-08T08:23:32.096Z')
    expect(instantText(8.64e15)).toBe('146140482-04-24T15:36:27.903Z')
  })

  test.each([
    '2026-11-27',
    '2026-11-27T08:00:00Z',
    '2026-11-27T08:00:00.000',
    '2026-13-27T08:00:00.000Z',
    '+058772-05-01T00:00:00.000Z',
    '58772-05-01 00:00:00.000Z',
    'null',
    '',
  ])('is not read from %s', (text) => {
    expect(readInstant(text)).toBeUndefined()
  })
})
