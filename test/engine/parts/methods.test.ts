// What an answer is not made for: a topN that Druid cut, doubles that an operator leaves to it, and an order by times that a
// zone prints alike.
import { expect, test } from 'vitest'
import { ClientHeads } from '../../../src/engine/parts/client-heads.ts'
import { MergeMethod } from '../../../src/engine/parts/merge-method.ts'
import { type MethodOptions, type NotMade, type Wanted } from '../../../src/engine/parts/method.ts'
import { type Parts } from '../../../src/plan/plan.ts'
import { SeriesMethod } from '../../../src/engine/parts/series-method.ts'
import { type ShapeKey } from '../../../src/plan/query.ts'
import { sliceOf } from '../../../src/result/bucket-rows.ts'
import { KeptReader } from '../../../src/result/kept-reader.ts'
import { analyse } from '../../../src/sql/analyse.ts'

const LIMITS = { rows: 1_000, bytes: 1_000_000 }
const SQL = 'SELECT k, SUM(v) AS s FROM t GROUP BY 1 ORDER BY 1 LIMIT 2'

function partsOf(sql: string, outerLimit: number): Parts {
  const analysis = analyse(sql, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 })
  if (analysis.kind !== 'facts' || typeof analysis.facts.grouped === 'string') throw new Error(sql)
  const { grouped } = analysis.facts
  return {
    kind: 'merge',
    shape: sql as ShapeKey,
    grouped,
    parameters: '',
    timeForm: '',
    pinnedNowMs: undefined,
    outerLimit,
    family: '',
  }
}

/** Three groups of one bucket, whose sums have this type. */
function answer(
  options: Partial<MethodOptions>,
  {
    type = 'LONG',
    outerLimit = Number.POSITIVE_INFINITY,
    key = ['STRING', 'VARCHAR'],
    cells = ['"a"', '"b"', '"c"'],
    sql = SQL,
  } = {},
): string {
  const heads = new ClientHeads()
  const method = new MergeMethod({ topNThreshold: 1_000, exactDoubles: () => false, ...options }, heads)
  const parts = partsOf(sql, outerLimit)
  const sqlType = type === 'LONG' ? 'BIGINT' : 'DOUBLE'
  heads.learn(parts, Buffer.from(`[["k","s"],["${key[0]}","${type}"],["${key[1]}","${sqlType}"]]\n`))
  const sink = method.sink(parts, LIMITS, false)
  const reader = new KeptReader(sink)
  const own = `["b","d","a"],["LONG","${key[0]}","${type}"],["BIGINT","${key[1]}","${sqlType}"]`
  const rows = cells.map((cell, at) => `[0,${cell},${at + 1}]`)
  reader.push(Buffer.from(`[${[own, ...rows].join(',')}]\n`))
  const found = sink.result()
  if (found === undefined) throw new Error('no rows')
  const verdict: Wanted['verdict'] = {
    kind: 'agrees',
    queryType: 'topN',
    order: undefined,
    mergeOrder: { keys: [], ties: [0] },
  }
  const slice = sliceOf(found.rows, 0, Number.MAX_SAFE_INTEGER)
  const made: Buffer | NotMade = method.assembled([slice], found.head, {
    sql,
    parameters: '',
    parts,
    verdict,
  })
  return Buffer.isBuffer(made) ? made.toString().trim() : `${made.why}${made.lasting ? ', lasting' : ''}`
}

test('a topN of more groups than the Brokers keep of a segment', () => {
  expect(answer({})).toMatch(/\["a",1\],\["b",2\]\]$/)
  expect(answer({ topNThreshold: 3 })).toMatch(/\["a",1\],\["b",2\]\]$/)
  expect(answer({ topNThreshold: 2 })).toBe('an approximate topN, lasting')
})

test('sums of doubles, where they are to be exact', () => {
  const exactDoubles = (datasource: string): boolean => datasource === 't'
  expect(answer({ exactDoubles }, { type: 'DOUBLE' })).toBe(
    'doubles that are to be added up by Druid, lasting',
  )
  expect(answer({ exactDoubles })).toMatch(/\["b",2\]\]$/)
  expect(answer({ exactDoubles: () => false }, { type: 'DOUBLE' })).toMatch(/\["b",2\.?0?\]\]$/)
})

test('an outer limit cuts, too', () => {
  expect(answer({}, { outerLimit: 1 })).toMatch(/\["a",1\]\]$/)
})

test.each([
  ['all of them', 'SELECT k, SUM(v) AS s FROM t GROUP BY 1'],
  ['the first of them', 'SELECT k, SUM(v) AS s FROM t GROUP BY 1 LIMIT 2'],
])('groups by values whose order is not known: %s', (_, sql) => {
  const arrays = { key: ['ARRAY<STRING>', 'ARRAY'], cells: ['["z"]', '["b"]', '["a"]'] }
  expect(answer({}, { sql, ...arrays })).toBe('an order that is not known here, lasting')
  expect(answer({}, { sql })).toMatch(/,\["a",1\],\["b",2\]/)
})

const BY_TIME = { of: 1, descending: true, nulls: 'last', compare: 'numeric' } as const
const BY_ADDED = { ...BY_TIME, of: 3 } as const
const BY_BUCKET = { of: 'bucket', descending: false, nulls: 'first', compare: undefined } as const
type Keys = NonNullable<Wanted['verdict']['order']>['keys']

/** Rows `[n, time, bucket, hidden time]` of a series, as JSON; the numbers of those of its answer, or why it isn't made. */
function seriesAnswer(
  zone: string,
  keys: Keys,
  rows: readonly string[],
  { sqlType = 'TIMESTAMP', of = 'v', round = '' } = {},
): string {
  const method = new SeriesMethod({ topNThreshold: 1_000 })
  const own = partsOf(
    `SELECT c AS n, MAX(${of})${round} AS m FROM t GROUP BY 1 ORDER BY MIN(${of})${round}`,
    Number.POSITIVE_INFINITY,
  )
  const parts: Parts = { ...own, kind: 'series', grouped: { ...own.grouped, zone } }
  const sink = method.sink(parts, LIMITS, false)
  const reader = new KeptReader(sink)
  const sqlTypes = JSON.stringify(['BIGINT', sqlType, 'BIGINT', sqlType])
  reader.push(
    Buffer.from(`[${['["n","m","b","o"],["LONG","LONG","LONG","LONG"]', sqlTypes, ...rows].join(',')}]\n`),
  )
  const found = sink.result()
  if (found === undefined) throw new Error('no rows')
  const verdict: Wanted['verdict'] = {
    kind: 'agrees',
    queryType: 'groupBy',
    order: { keys },
    mergeOrder: undefined,
  }
  const slice = sliceOf(found.rows, 0, Number.MAX_SAFE_INTEGER)
  const wanted = { sql: '', parameters: '[]', parts, verdict }
  const made = method.assembled([slice], found.head, wanted)
  if (!Buffer.isBuffer(made)) return `${made.why}${made.lasting ? ', lasting' : ''}`
  const all = JSON.parse(made.toString()) as readonly (readonly unknown[])[]
  return all
    .slice(3)
    .map(([n]) => String(n))
    .join('')
}

const NEW_YORK = 'America/New_York'
const PRINTED_ALIKE = 'an order by times that the zone may print alike, lasting'
/** 2026-11-01, when New York's clock goes back: of 05:59:58Z and of 06:59:50Z Druid prints the local time and `-04:00`. */
const BACK = ['2026-11-01T01:59:58.000-04:00', '2026-11-01T01:59:50.000-04:00']
const CALM = ['2026-10-20T01:59:50.000-04:00', '2026-10-20T02:59:50.000-04:00']

/** Of two buckets, one after the other; the times in the second column, or hidden. */
function rowsOf(times: readonly string[], at: 'shown' | 'added'): readonly string[] {
  return times.map((time, n) => {
    const cells = at === 'shown' ? [`"${time}"`, 'null'] : ['null', `"${time}"`]
    return `[${n},${cells[0]},${n * 3_600_000},${cells[1]}]`
  })
}

/** In New York's overlap of 1883, after which it had standard time, Druid prints `-04:56:02` of both (33.0.0). */
const BEFORE_STANDARD_TIME = ['1883-11-18T12:01:13.000-04:56:02', '1883-11-18T12:01:00.000-04:56:02']
const FAR = ['-3706-08-05T00:00:00.000Z', '11476-08-15T05:20:00.000Z', '14645-06-30T15:06:40.000Z']
const AROUND_A_YEAR = ['2026-10-20T01:00:00.000-04:00', '2026-12-20T01:00:00.000-05:00']

test.each<[string, string, Keys, readonly string[], string]>([
  ['where the clock goes back', NEW_YORK, [BY_TIME, BY_BUCKET], rowsOf(BACK, 'shown'), PRINTED_ALIKE],
  ['which are not shown', NEW_YORK, [BY_ADDED, BY_BUCKET], rowsOf(BACK, 'added'), PRINTED_ALIKE],
  ['inside of a bucket', NEW_YORK, [BY_BUCKET, BY_TIME], rowsOf(BACK, 'shown'), PRINTED_ALIKE],
  ['of a change among them', NEW_YORK, [BY_TIME], rowsOf(AROUND_A_YEAR, 'shown'), PRINTED_ALIKE],
  ['of before the zone is known', NEW_YORK, [BY_TIME], rowsOf(BEFORE_STANDARD_TIME, 'shown'), PRINTED_ALIKE],
  ['of a zone that is not known', 'Nowhere/Land', [BY_TIME], rowsOf(CALM, 'shown'), PRINTED_ALIKE],
  ['of quiet days', NEW_YORK, [BY_TIME, BY_BUCKET], rowsOf(CALM, 'shown'), '10'],
  ['of quiet days, which are not shown', NEW_YORK, [BY_ADDED], rowsOf(CALM, 'added'), '10'],
  ['of a zone whose clock never changes', '+05:30', [BY_TIME], rowsOf(BACK, 'shown'), '01'],
  [
    'in UTC',
    'UTC',
    [BY_TIME],
    rowsOf(['2026-11-01T05:00:00.000Z', '2026-11-01T06:00:00.000Z'], 'shown'),
    '10',
  ],
  ['of years past 9999 and before 0', 'UTC', [BY_TIME], rowsOf(FAR, 'shown'), '210'],
  ['that are null', NEW_YORK, [BY_TIME, BY_BUCKET], ['[0,null,0,null]', '[1,null,3600000,null]'], '01'],
  ['that order nothing', NEW_YORK, [{ ...BY_BUCKET, descending: true }], rowsOf(BACK, 'shown'), '10'],
])('an order by times %s', (_, zone, keys, rows, expected) => {
  expect(seriesAnswer(zone, keys, rows)).toBe(expected)
})

test('days are times, too, and numbers are none', () => {
  const days = { sqlType: 'DATE', of: 'CAST(v AS DATE)' }
  expect(seriesAnswer(NEW_YORK, [BY_TIME], rowsOf(BACK, 'shown'), days)).toBe(PRINTED_ALIKE)
  const numbers = { sqlType: 'BIGINT' }
  expect(seriesAnswer(NEW_YORK, [BY_TIME], ['[0,1,0,0]', '[1,2,3600000,0]'], numbers)).toBe('10')
})

test.each([
  ['shown', BY_TIME],
  ['added', BY_ADDED],
] as const)('an order by what Druid may print less of than it orders by: %s', (_, key) => {
  const rows = ['[0,1,0,1]', '[1,2,3600000,2]']
  const answered = (sqlType: string, of: string): string =>
    seriesAnswer('UTC', [key, BY_BUCKET], rows, { sqlType, of })
  expect(answered('INTEGER', 'CAST(v AS INTEGER)')).toBe('an order that is not known here, lasting')
  expect(answered('INTEGER', 'CHAR_LENGTH(v)')).toBe('10')
  expect(answered('BIGINT', 'v')).toBe('10')
})

test.each([
  ['shown', BY_TIME],
  ['added', BY_ADDED],
] as const)('an order by floats that are computed from aggregates, as doubles: %s', (_, key) => {
  const rows = ['[0,1.0,0,1.0]', '[1,2.0,3600000,2.0]']
  const answered = (round: string): string =>
    seriesAnswer('UTC', [key, BY_BUCKET], rows, { sqlType: 'FLOAT', round })
  expect(answered(' * 2')).toBe('an order that is not known here, lasting')
  expect(answered('')).toBe('10')
})
