// From parts in memory to the bytes of an answer: a series of 7 days × 1 h × 20 groups, and a merge of 24 hidden buckets ×
// 1,000 groups with its ten best.
import { ClientHeads } from '../src/engine/parts/client-heads.ts'
import { MergeMethod } from '../src/engine/parts/merge-method.ts'
import { SeriesMethod } from '../src/engine/parts/series-method.ts'
import { type Method, type Wanted } from '../src/engine/parts/method.ts'
import { type Parts } from '../src/plan/plan.ts'
import { type ShapeKey } from '../src/plan/query.ts'
import { type Bucketed, sizeOf, sliceOf } from '../src/result/bucket-rows.ts'
import { render } from '../src/result/render.ts'
import { KeptReader } from '../src/result/kept-reader.ts'
import { analyse } from '../src/sql/analyse.ts'
import { type Outcome, quantile, type Result } from './result.ts'

const METHODS = { topNThreshold: 1_000, exactDoubles: () => false }

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 9, 1)
const LIMITS = { rows: 1_000_000, bytes: 100_000_000 }
const WIRE = { resultFormat: 'object', header: false, typesHeader: false, sqlTypesHeader: false } as const
const AIMS_MS = { series: 2, merge: 10 }

/** Times from parts to the client's bytes, ms; what a long series costs beside its rows' own bytes. */
export async function assembleBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  const rounds = quick ? 200 : 2_000
  const series = seriesCase()
  const merge = mergeCase()
  const results: Result[] = [
    { case: 'series: 168 hours × 20 groups', target: 'memory to bytes', metrics: timed(rounds, series.run) },
    {
      case: 'merge: 24 buckets × 1,000 groups, ten best',
      target: 'memory to bytes',
      metrics: timed(rounds, merge.run),
    },
    { case: '43,200 minutes of one series', target: 'memory', metrics: minutes() },
  ]
  const wrong = [series, merge].filter(({ run, rows }) => countRows(run()) !== rows).length
  const notes = results.slice(0, 2).map(({ case: title, metrics }, at) => {
    const aim = at === 0 ? AIMS_MS.series : AIMS_MS.merge
    const median = metrics['medianMs'] ?? Number.NaN
    return `${title}: ${median.toFixed(2)} ms (aim: at most ${aim} ms, ${median <= aim ? 'met' : 'MISSED'})`
  })
  const perRow = results[2]?.metrics['bytesPerRowOverData'] ?? Number.NaN
  notes.push(
    `43,200 minutes: ${perRow.toFixed(1)} bytes for each row over its own (aim: at most 40, ${perRow <= 40 ? 'met' : 'MISSED'})`,
  )
  return await Promise.resolve({ results, wrong, notes })
}

interface Case {
  readonly run: () => Buffer
  readonly rows: number
}

function seriesCase(): Case {
  const sql = `SELECT TIME_FLOOR(__time, 'PT1H') AS t, country, COUNT(*) AS n, SUM(added) AS a FROM events GROUP BY 1, 2 ORDER BY 1, 2`
  const head =
    '["t","country","n","a","__ovate_bucket"],["LONG","STRING","LONG","LONG","LONG"],["TIMESTAMP","VARCHAR","BIGINT","BIGINT","BIGINT"]'
  const rows: string[] = []
  for (let hour = 0; hour < 168; hour += 1) {
    const ms = START_MS + hour * HOUR_MS
    for (let group = 0; group < 20; group += 1)
      rows.push(
        `["${new Date(ms).toISOString()}","country ${String(group).padStart(2, '0')}",${group * hour},${group * 1_000_003 + hour},${ms}]`,
      )
  }
  const order = { keys: [key('bucket'), key(1)] }
  const verdict = { kind: 'agrees', queryType: 'groupBy', order, mergeOrder: undefined } as const
  return {
    run: running(new SeriesMethod(METHODS), { sql, text: `[${[head, ...rows].join(',')}]\n`, verdict }),
    rows: 3_360,
  }
}

function mergeCase(): Case {
  const sql =
    'SELECT "user", COUNT(*) AS n, SUM(added) AS a, MAX(added) AS m FROM events GROUP BY 1 ORDER BY 3 DESC LIMIT 10'
  const head =
    '["__ovate_bucket","d","a0","a1","a2"],["LONG","STRING","LONG","LONG","LONG"],["BIGINT","VARCHAR","BIGINT","BIGINT","BIGINT"]'
  const rows: string[] = []
  for (let hour = 0; hour < 24; hour += 1)
    for (let group = 0; group < 1_000; group += 1)
      rows.push(
        `[${START_MS + hour * HOUR_MS},"user ${group}",${group + hour},${group * 1_000_003 + hour},${group % 97}]`,
      )
  const mergeOrder = { keys: [{ descending: true, nulls: 'last' }], ties: [0] } as const
  const verdict = { kind: 'agrees', queryType: 'topN', order: undefined, mergeOrder } as const
  const heads = new ClientHeads()
  const method = new MergeMethod(METHODS, heads)
  const own =
    '[["user","n","a","m"],["STRING","LONG","LONG","LONG"],["VARCHAR","BIGINT","BIGINT","BIGINT"]]\n'
  heads.learn(partsOf(sql, 'merge'), Buffer.from(own))
  return { run: running(method, { sql, text: `[${[head, ...rows].join(',')}]\n`, verdict }), rows: 10 }
}

type Key = NonNullable<Wanted['verdict']['order']>['keys'][number]

function key(of: Key['of']): Key {
  return { of, descending: false, nulls: 'first', compare: undefined }
}

function partsOf(sql: string, kind: Parts['kind']): Parts {
  const analysis = analyse(sql, { timeZone: undefined, maxLength: 10_000, maxDepth: 64 })
  if (analysis.kind !== 'facts' || typeof analysis.facts.grouped === 'string') throw new Error(sql)
  return {
    kind,
    shape: sql as ShapeKey,
    grouped: analysis.facts.grouped,
    parameters: '',
    timeForm: '',
    pinnedNowMs: undefined,
    family: '',
    outerLimit: Number.POSITIVE_INFINITY,
  }
}

function running<Rows extends Bucketed, Head>(
  method: Method<Rows, Head>,
  given: { readonly sql: string; readonly text: string; readonly verdict: Wanted['verdict'] },
): () => Buffer {
  const parts = partsOf(given.sql, method instanceof SeriesMethod ? 'series' : 'merge')
  const { rows, head } = collected(method, parts, given.text)
  const wanted = { sql: given.sql, parameters: '', parts, verdict: given.verdict }
  return () => {
    const slice = sliceOf(rows, 0, Number.MAX_SAFE_INTEGER)
    const made = method.assembled([slice], head, wanted)
    if (!Buffer.isBuffer(made)) throw new Error(made.why)
    return render(made, WIRE)
  }
}

function collected<Rows extends Bucketed, Head>(
  method: Method<Rows, Head>,
  parts: Parts,
  text: string,
): { readonly rows: Rows; readonly head: Head } {
  const sink = method.sink(parts, LIMITS, false)
  const reader = new KeptReader(sink)
  reader.push(Buffer.from(text))
  const found = sink.result()
  if (!reader.complete || found === undefined) throw new Error('the answer of the bench is broken')
  return found
}

function minutes(): Record<string, number> {
  const sql = `SELECT TIME_FLOOR(__time, 'PT1M') AS t, COUNT(*) AS n FROM events GROUP BY 1`
  const head = '["t","n","__ovate_bucket"],["LONG","LONG","LONG"],["TIMESTAMP","BIGINT","BIGINT"]'
  const rows = Array.from({ length: 43_200 }, (_, minute) => {
    const ms = START_MS + minute * 60_000
    return `["${new Date(ms).toISOString()}",${minute * 17},${ms}]`
  })
  const found = collected(
    new SeriesMethod(METHODS),
    partsOf(sql, 'series'),
    `[${[head, ...rows].join(',')}]\n`,
  )
  const dataBytes = found.rows.bytes.length
  const heldBytes = sizeOf(found.rows)
  return {
    rows: rows.length,
    dataBytes,
    heldBytes,
    bytesPerRowOverData: (heldBytes - dataBytes) / rows.length,
  }
}

function timed(rounds: number, run: () => Buffer): Record<string, number> {
  for (let round = 0; round < rounds / 4; round += 1) run()
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    run()
    times.push(performance.now() - began)
  }
  return { medianMs: quantile(times), p90Ms: quantile(times, 0.9), bytes: run().length }
}

function countRows(bytes: Buffer): number {
  return (JSON.parse(bytes.toString()) as unknown[]).length
}
