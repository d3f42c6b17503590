// One statement merged from parts, beside Druid's own answer.
import { assemble } from '../../src/app/assemble.ts'
import { explainBody } from '../../src/app/explain.ts'
import { noDruid } from '../../src/app/no-druid.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { type Interval } from '../../src/plan/facts.ts'
import { type Grouped } from '../../src/plan/grouped.ts'
import { windowOf } from '../../src/plan/window.ts'
import { compareKeys, compareOrdered, type SortKey } from '../../src/result/cell-order.ts'
import { KeptReader, type RowSink } from '../../src/result/kept-reader.ts'
import { type MergedGroups } from '../../src/result/merge/merged-groups.ts'
import { mergerOf, mergeShape } from '../../src/result/merge/merger.ts'
import { MergeCollector, type MergeParts } from '../../src/result/merge/part-collector.ts'
import { type ColumnTypes } from '../../src/result/merge/value-types.ts'
import { type Cells } from '../../src/result/row-scan.ts'
import { mergeText } from '../../src/sql/rewrite.ts'
import { sql as ask } from './http.ts'

export const SAME = 'same'

export interface Found {
  readonly query: string
  /** `unsure`: the values made it so; `refused`: Druid gives no types. */
  readonly kind: typeof SAME | 'different' | 'not-computable' | 'unsure' | 'refused'
  readonly why: string
}

interface Answer extends ColumnTypes {
  readonly rows: readonly (readonly string[])[]
}

const LIMITS = { rows: 1_000_000, bytes: 100_000_000 }

const { planner } = assemble(parseConfig({ druid: { brokers: ['http://127.0.0.1:1'] } }), {
  druid: noDruid('druid/broker'),
  clock: systemClock,
  metrics: createMetrics(),
})

/** Compares statements, and counts what it compared. */
export class MergeCheck {
  readonly #broker: string
  #cells = 0
  #rewritten = 0
  #inexact = 0

  constructor(broker: string) {
    this.#broker = broker
  }

  counts(): string {
    return `${this.#cells} cells, ${this.#inexact} doubles differ in last bits, ${this.#rewritten} in their text alone`
  }

  /** `over` is a text that has the types of the client's columns. */
  async of(
    query: string,
    { period, over }: { readonly period: string; readonly over: string },
  ): Promise<Found> {
    const grouped = groupedOf(query)
    const own = await this.#druids(query).catch((error: Error) => error)
    const client = own instanceof Error ? await this.#druids(over).catch(() => undefined) : own
    if (client === undefined) return { query, kind: 'refused', why: '' }
    const parts = await this.#parts(query, grouped, period)
    const [first] = parts ?? []
    const merger = first && mergerOf(grouped, { sql: query, client, parts: first.columns })
    if (parts === undefined || merger === undefined) return { query, kind: 'not-computable', why: '' }
    const partials = parts.flatMap(({ buckets }) => [...buckets.values()])
    const merged = merger.merge(partials)
    // In another order, and in steps.
    const half = partials.length >> 1
    const again = merger.merge([
      merger.combine(partials.slice(half)),
      merger.combine(partials.slice(0, half)),
    ])
    if (merged === undefined || again === undefined) return { query, kind: 'unsure', why: '' }
    if (own instanceof Error) return { query, kind: 'different', why: own.message }
    const why = [merged, again]
      .map((one) => this.#difference(own, grouped, rowsOf(one, grouped)))
      .find((one) => one !== undefined)
    return { query, kind: why === undefined ? SAME : 'different', why: why ?? '' }
  }

  #difference(own: Answer, grouped: Grouped, rows: readonly (readonly string[])[]): string | undefined {
    if (rows.length !== own.rows.length) return `${rows.length} rows instead of ${own.rows.length}`
    for (const [at, row] of rows.entries()) {
      for (const [column, cell] of row.entries()) {
        this.#cells += 1
        const theirs = own.rows[at]?.[column] ?? ''
        if (cell !== theirs && !this.#isInexact(cell, theirs, own.types[column], grouped, column))
          return `row ${at}, column ${column}: ${row.join()} instead of ${own.rows[at]?.join()}`
      }
    }
    return undefined
  }

  /** What was added up may differ in its last bits; what wasn't may not. */
  #isInexact(
    cell: string,
    theirs: string,
    type = '',
    { columns, aggregates }: Grouped,
    column: number,
  ): boolean {
    const formula = columns[column]?.formula
    const kind = formula?.kind === 'aggregate' ? aggregates[formula.index]?.kind : undefined
    if (type !== 'DOUBLE' || formula?.kind === 'dimension' || kind === 'min' || kind === 'max') return false
    const [a, b] = [Number(cell), Number(theirs)]
    if (a === b) this.#rewritten += 1
    else this.#inexact += 1
    return Math.abs(a - b) <= 1e-10 * Math.max(Math.abs(a), Math.abs(b))
  }

  async #druids(query: string): Promise<Answer> {
    const rows = new Rows()
    await this.#read(query, rows)
    return { types: rows.heads[1] ?? [], sqlTypes: rows.heads[2] ?? [], rows: rows.rows }
  }

  /** Parts over the window in three ranges that are fetched by two texts; a hidden bucket may lie in two of them. Undefined: they can't be merged. */
  async #parts(query: string, grouped: Grouped, period: string): Promise<readonly MergeParts[] | undefined> {
    const window = windowOf(grouped, { nowMs: Date.now(), parameters: '' }) ?? []
    const [{ startMs, endMs }] = window as [Interval]
    const cut = (share: number): number => startMs + Math.floor((endMs - startMs) * share)
    const [first, second] = [cut(0.31), cut(0.77)]
    const outer = [
      { startMs, endMs: first },
      { startMs: second, endMs },
    ]
    const inner = [{ startMs: first, endMs: second }]
    const found = await Promise.all(
      [outer, inner].map(async (ranges) => {
        const collector = new MergeCollector(mergeShape(grouped), LIMITS)
        await this.#read(mergeText(query, grouped, { ranges, steps: { kind: 'period', period } }), collector)
        if (collector.bad === 'too-large') throw new Error(`${query}: parts are too large`)
        return collector.result()
      }),
    )
    return found.every((parts) => parts !== undefined) ? found : undefined
  }

  async #read(query: string, sink: RowSink): Promise<void> {
    const body = { query, resultFormat: 'array', header: true, typesHeader: true, sqlTypesHeader: true }
    const answer = await ask(this.#broker, body)
    if (answer.status !== 200) throw new Error(`${query}: ${answer.body.toString().slice(0, 300)}`)
    readKept(answer.body, sink)
  }
}

function readKept(bytes: Buffer, sink: RowSink): void {
  const reader = new KeptReader(sink)
  reader.push(bytes)
  reader.end()
  if (!reader.complete) throw new Error(`not an answer: ${bytes.toString('utf8', 0, 300)}`)
}

function groupedOf(query: string): Grouped {
  const { plan, explanation } = explainBody(planner, Buffer.from(JSON.stringify({ query })))
  if (plan.kind !== 'whole' || plan.parts?.kind !== 'merge')
    throw new Error(`${query}: ${explanation.reasons.join()}`)
  return plan.parts.grouped
}

/** Rows as texts of their cells. */
class Rows implements RowSink {
  readonly heads: string[][] = []
  readonly rows: string[][] = []

  head(index: 0 | 1 | 2, bytes: Buffer, cells: Cells): void {
    this.heads[index] = cellsOf(bytes, cells).map((text) => JSON.parse(text) as string)
  }

  row(bytes: Buffer, _start: number, _end: number, cells: Cells): void {
    this.rows.push(cellsOf(bytes, cells))
  }
}

function cellsOf(bytes: Buffer, cells: Cells): string[] {
  return Array.from({ length: cells.count }, (_, at) =>
    bytes.toString('utf8', cells.starts[at], cells.ends[at]),
  )
}

/** In the order of a groupBy: nulls first ascending and last descending, ties by dimension; cut. */
function rowsOf(merged: MergedGroups, grouped: Grouped): readonly (readonly string[])[] {
  const { order, dimensions, limit, offset, columns } = grouped
  const keysOf = (group: number): readonly SortKey[] => [
    ...order.map((_, key) => merged.orderKey(key, group)),
    ...dimensions.map((_, dimension) => merged.dimensionKey(dimension, group)),
  ]
  const keys = new Map(merged.groups.map((group) => [group, keysOf(group)]))
  const compared = (a: number, b: number): number => {
    for (const [at, key] of (keys.get(a) ?? []).entries()) {
      const other = keys.get(b)?.[at] ?? null
      const descending = order[at]?.descending ?? false
      const found =
        at < order.length
          ? compareOrdered(key, other, { descending, nulls: descending ? 'last' : 'first' })
          : compareKeys(key, other)
      if (found !== 0) return found
    }
    return 0
  }
  const start = offset?.kind === 'literal' ? offset.value : 0
  const end = limit?.kind === 'literal' ? start + limit.value : undefined
  const head = JSON.stringify(columns.map(() => ''))
  const rows = merged.groups
    .toSorted(compared)
    .slice(start, end)
    .map((group) => merged.row(group).toString())
  const answer = new Rows()
  readKept(Buffer.from(`[${[head, head, head, ...rows].join(',')}]\n`), answer)
  return answer.rows
}
