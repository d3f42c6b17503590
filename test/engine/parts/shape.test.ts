// What is held of a shape, beside a plain map from bucket to what it should hold.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Run, Shape } from '../../../src/engine/parts/shape.ts'
import { type FreshnessRules } from '../../../src/freshness/bounds.ts'
import { type PieceProof } from '../../../src/freshness/pieces.ts'
import { type Segment, type Under } from '../../../src/freshness/segments.ts'
import { type Interval } from '../../../src/plan/facts.ts'
import { type BucketRows, joinedRows, rowsIn, sizeOf } from '../../../src/result/bucket-rows.ts'
import { type PartHead } from '../../../src/result/part-rows.ts'

const BUCKETS = 12
const SIZE_MS = 1_000
const RULES: FreshnessRules = {
  mode: 'bounded',
  headMs: 50,
  capMs: 50,
  growth: 0,
  lookupMs: 0,
  schemaRefreshMs: 0,
}
const KIND = { join: joinedRows, sizeOf, count: rowsIn }
const HEAD: PartHead = {
  rows: [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)],
  types: [],
  sqlTypes: [],
  visible: 1,
}

/** One row for each bucket but the empty ones, which tells when it was fetched. */
function rowsOf(from: number, to: number, value: string, empty: ReadonlySet<number>): BucketRows {
  const buckets = Array.from({ length: to - from }, (_, at) => from + at).filter(
    (bucket) => !empty.has(bucket),
  )
  const texts = buckets.map((bucket) => `["${bucket} ${value}"],`)
  const ends = texts.map((_, at) => texts.slice(0, at + 1).join('').length - 1)
  return {
    bytes: Buffer.from(texts.join('')),
    ends: Uint32Array.from(ends),
    buckets: Float64Array.from(buckets.map((bucket) => bucket * SIZE_MS)),
    firstRows: Uint32Array.from([...buckets.map((_, at) => at), buckets.length]),
    lasts: undefined,
    added: [],
    addedCount: 0,
  }
}

function interval(from: number, to: number): Interval {
  return { startMs: from * SIZE_MS, endMs: to * SIZE_MS }
}

const around = ({ startMs, endMs }: Interval): Interval =>
  interval(Math.floor(startMs / SIZE_MS), Math.ceil(endMs / SIZE_MS))

type Step =
  | {
      readonly kind: 'put'
      readonly from: number
      readonly count: number
      readonly sealed: boolean
      readonly late: number
    }
  | { readonly kind: 'change'; readonly bucket: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'read'; readonly from: number; readonly count: number }
  | { readonly kind: 'restart' }

const bucket = fc.nat(BUCKETS - 1)
const count = fc.integer({ min: 1, max: 5 })
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      from: bucket,
      count,
      sealed: fc.boolean(),
      late: fc.nat(20),
    }),
    fc.record({ kind: fc.constant('change' as const), bucket }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('read' as const), from: bucket, count }),
    fc.record({ kind: fc.constant('restart' as const) }),
  ),
  { maxLength: 60 },
)

interface Expected {
  readonly value: string
  readonly sentAtMs: number
  readonly sealed: boolean
  readonly version: number
}

test('gives of a window what holds, and nothing else', () => {
  fc.assert(
    fc.property(steps, fc.uniqueArray(bucket, { maxLength: 3 }), (all, emptyBuckets) => {
      const empty = new Set(emptyBuckets)
      const shape = new Shape<BucketRows, PartHead>({
        kind: KIND,
        tables: ['t'],
        service: 's',
        head: HEAD,
        headers: [],
      })
      const versions = Array.from({ length: BUCKETS + 5 }, () => 0)
      const model = new Map<number, Expected>()
      let [nowMs, generation, puts] = [100_000, 1, 0]
      let under = timeline(versions)
      const [seen, wanted]: [unknown[], unknown[]] = [[], []]
      for (const step of all as readonly Step[]) {
        nowMs += 1
        if (step.kind === 'wait') nowMs += step.ms
        if (step.kind === 'restart') {
          generation += 1
          model.clear()
        }
        if (step.kind === 'change') {
          versions[step.bucket] = (versions[step.bucket] ?? 0) + 1
          under = timeline(versions)
        }
        if (step.kind === 'put') {
          puts += 1
          const [from, to] = [step.from, step.from + step.count]
          const sentAtMs = nowMs - step.late
          const proof: PieceProof = {
            generation,
            sentAtMs,
            lifeMs: 1_000,
            under: step.sealed ? under : undefined,
          }
          const run: Run<BucketRows> = {
            interval: interval(from, to),
            rows: rowsOf(from, to, `${puts}`, empty),
            proof,
          }
          shape.put([run])
          for (let at = from; at < to; at += 1) {
            if ((model.get(at)?.sentAtMs ?? 0) > sentAtMs) continue
            model.set(at, { value: `${puts}`, sentAtMs, sealed: step.sealed, version: versions[at] ?? 0 })
          }
        }
        if (step.kind === 'read') {
          const asked = interval(step.from, step.from + step.count)
          const present = { view: { under: () => under }, rules: RULES, generation, nowMs }
          const usable = shape.usable([asked], present, around)
          for (let at = step.from; at < step.from + step.count; at += 1) {
            const held = model.get(at)
            const isExpected =
              held !== undefined &&
              nowMs - held.sentAtMs <= 1_000 &&
              (held.sealed ? held.version === versions[at] : nowMs - held.sentAtMs <= 50)
            if (held !== undefined && !isExpected) model.delete(at)
            const found = usable.filter(
              ({ run }) => run.interval.startMs <= at * SIZE_MS && at * SIZE_MS < run.interval.endMs,
            )
            const isGiven = found[0]?.run.rows.bytes.toString().includes(`["${at} ${held?.value}"]`) === true
            seen.push([found.length, isGiven])
            wanted.push([isExpected ? 1 : 0, isExpected && !empty.has(at)])
          }
        }
        const apart = shape.runs.every(
          ({ interval: { startMs } }, at) => startMs >= (shape.runs[at - 1]?.interval.endMs ?? 0),
        )
        seen.push(apart)
        wanted.push(true)
      }
      expect(seen).toEqual(wanted)
    }),
    { numRuns: 500 },
  )
})

/** One segment for each bucket. */
function timeline(versions: readonly number[]): Under {
  const segments = versions.map((version, at): Segment => ({
    ...interval(at, at + 1),
    version: `v${version}`,
    partition: 0,
    sealed: true,
  }))
  return { segments, schema: 'a' }
}

test('many small runs of one timeline become few, and say the same', () => {
  const shape = new Shape<BucketRows, PartHead>({
    kind: KIND,
    tables: ['t'],
    service: 's',
    head: HEAD,
    headers: [],
  })
  const under = timeline([])
  const proof: PieceProof = { generation: 1, sentAtMs: 1, lifeMs: 1_000, under }
  for (let at = 0; at < 200; at += 1)
    shape.put([{ interval: interval(at, at + 1), rows: rowsOf(at, at + 1, 'x', new Set()), proof }])
  expect(shape.runs.length).toBeLessThan(40)
  const text = shape.runs.map(({ rows }) => rows.bytes.toString()).join('')
  expect(text.split(',').filter((row) => row !== '')).toEqual(
    Array.from({ length: 200 }, (_, at) => `["${at} x"]`),
  )
  const before = shape.sizeBytes
  shape.shrink()
  expect(shape.sizeBytes).toBeLessThan(before)
})
