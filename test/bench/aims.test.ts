import { expect, test } from 'vitest'
import { aimNotes } from '../../bench/dashboard/aims.ts'

const BROKER = { requests: 100, druidQueries: 100, scannedRows: 10_000, p90Ms: 200 }
const OWN = {
  requests: 200,
  druidQueries: 20,
  scannedRows: 2_000,
  p90Ms: 20,
  cachedRowsShare: 0.95,
  heldRowsShare: 0.9,
}

const verdicts = (own: object): string[] =>
  aimNotes({ own: { ...OWN, ...own }, without: BROKER, withAll: { ...BROKER, p90Ms: 40 } }).map(
    (note) => /(met|MISSED)\)$/.exec(note)?.[1] ?? '',
  )

test.each<[string, object, readonly number[]]>([
  ['just what is wanted', {}, []],
  ['fewer rows from cache', { cachedRowsShare: 0.949 }, [0]],
  ['more queries', { druidQueries: 21 }, [1]],
  ['more rows', { scannedRows: 2_001 }, [2]],
  ['a longer time', { p90Ms: 20.1 }, [3, 4]],
  ['figures that are none', { cachedRowsShare: Number.NaN, p90Ms: Number.NaN }, [0, 3, 4]],
])('%s: aims missed', (_, own, missed) => {
  expect(verdicts(own)).toEqual([0, 1, 2, 3, 4].map((at) => (missed.includes(at) ? 'MISSED' : 'met')))
})

test('what is left is told for each request, since the runs are of different lengths', () => {
  const notes = aimNotes({ own: OWN, without: BROKER, withAll: BROKER })
  expect(notes[1]).toBe("the Broker's queries: 10.0 % are left (aim: at most 10.0 %, met)")
})
