// What an answer is not made for: a topN that Druid cut, and doubles that an operator leaves to it.
import { expect, test } from 'vitest'
import { ClientHeads } from '../../../src/engine/parts/client-heads.ts'
import { MergeMethod } from '../../../src/engine/parts/merge-method.ts'
import { type MethodOptions, type NotMade, type Wanted } from '../../../src/engine/parts/method.ts'
import { type Parts } from '../../../src/plan/plan.ts'
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
  { type = 'LONG', outerLimit = Number.POSITIVE_INFINITY } = {},
): string {
  const heads = new ClientHeads()
  const method = new MergeMethod({ topNThreshold: 1_000, exactDoubles: () => false, ...options }, heads)
  const parts = partsOf(SQL, outerLimit)
  const sqlType = type === 'LONG' ? 'BIGINT' : 'DOUBLE'
  heads.learn(parts, Buffer.from(`[["k","s"],["STRING","${type}"],["VARCHAR","${sqlType}"]]\n`))
  const sink = method.sink(parts, LIMITS, false)
  const reader = new KeptReader(sink)
  const own = `["b","d","a"],["LONG","STRING","${type}"],["BIGINT","VARCHAR","${sqlType}"]`
  reader.push(Buffer.from(`[${own},[0,"a",1],[0,"b",2],[0,"c",3]]\n`))
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
    sql: SQL,
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
