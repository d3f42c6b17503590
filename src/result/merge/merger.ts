// From partials of hidden buckets to the rows of a statement that doesn't group by time: merged by group, HAVING applied,
// columns computed. What is ordered and cut is the caller's.
//
//   mergerOf(statement, types)        once for a shape: may it be merged at all?
//     .merge(partials of a window)    groups, or undefined: Druid must be asked itself
//       .groups  .orderKey(0, group)  for ordering and cutting
//       .row(group)                   [cell,cell,…]
import { type Grouped } from '../../plan/grouped.ts'
import { isUtc } from '../../time/utc.ts'
import { compile } from './compile.ts'
import { type Compiled, type Scope, type Use, type Value } from './compiled.ts'
import { GroupTable, overNothing } from './group-table.ts'
import { mergePartials } from './merge-partials.ts'
import { mergedColumn, type MergedColumn } from './merged-column.ts'
import { MergedGroups, type MergedOrderKey } from './merged-groups.ts'
import { type MergeShape } from './part-collector.ts'
import { type MergePartial } from './partial.ts'
import { type ColumnTypes, partTypes, type PartTypes } from './value-types.ts'

/** The facts of a statement that a merge needs. */
export type MergeFacts = Pick<Grouped, 'aggregates' | 'dimensions' | 'columns' | 'having' | 'order' | 'zone'>

/** What the parts of a statement are collected as. */
export function mergeShape({ dimensions, aggregates, zone }: MergeFacts): MergeShape {
  return { dimensions, aggregates, isUtc: isUtc(zone) }
}

/**
 * Undefined where it isn't known for sure what Druid makes of a column, of HAVING or of what it orders by. `sql` is the
 * client's text, `client` the types of the answer to it, `parts` those of the answer to the text that fetches parts.
 */
export function mergerOf(
  facts: MergeFacts,
  { sql, client, parts }: { readonly sql: string; readonly client: ColumnTypes; readonly parts: ColumnTypes },
): Merger | undefined {
  const types = partTypes(parts, mergeShape(facts))
  if (types === undefined || client.types.length !== facts.columns.length) return undefined
  const scope = (use: Use): Scope => ({ ...types, use })
  const columns: MergedColumn[] = []
  for (const [at, { formula }] of facts.columns.entries()) {
    const column =
      formula === undefined
        ? undefined
        : mergedColumn(formula, { scope: scope('column'), at, types: client, parts })
    if (column === undefined) return undefined
    columns.push(column)
  }
  const having =
    facts.having?.formula === undefined ? undefined : compile(facts.having.formula, scope('having'))
  if (facts.having !== undefined && having?.type !== 'BOOLEAN') return undefined
  const order: MergedOrderKey[] = []
  for (const { column, formula } of facts.order) {
    const of = column === undefined ? formula : facts.columns[column]?.formula
    const key = of === undefined ? undefined : orderKey(of, scope('order'))
    if (key === undefined) return undefined
    order.push(key)
  }
  return new Merger({
    types,
    parts,
    columns,
    having,
    order,
    overNothing: valueOverNothing(facts, sql, types),
  })
}

function orderKey(
  of: NonNullable<Grouped['columns'][number]['formula']>,
  scope: Scope,
): MergedOrderKey | undefined {
  if (of.kind === 'dimension')
    return scope.dimensions[of.index] === 'OTHER' ? undefined : { kind: 'dimension', index: of.index }
  const compiled = compile(of, scope)
  if (compiled === undefined || compiled.type === 'STRING' || compiled.type === 'NULL') return undefined
  return { kind: 'computed', of: compiled }
}

/**
 * The one group of a statement without GROUP BY over no rows. Druid makes a count, which is 0, of `SUM(CASE WHEN … THEN 1
 * ELSE 0 END)`, a null of other sums (33.0.0): where there is a CASE, nothing is known.
 */
function valueOverNothing(
  { dimensions, aggregates }: MergeFacts,
  sql: string,
  types: PartTypes,
): MergePartial | 'none' | 'unknown' {
  if (dimensions.length > 0) return 'none'
  const isUnsure = aggregates.some(
    ({ kind, text }) => kind === 'sum' && /\bcase\b/i.test(sql.slice(text.from, text.to)),
  )
  return isUnsure ? 'unknown' : overNothing(types)
}

/** Merges the partials of one shape. */
export class Merger {
  readonly #types: PartTypes
  readonly #parts: ColumnTypes
  readonly #columns: readonly MergedColumn[]
  readonly #having: Compiled | undefined
  readonly #order: readonly MergedOrderKey[]
  readonly #overNothing: MergePartial | 'none' | 'unknown'

  constructor(made: {
    readonly types: PartTypes
    readonly parts: ColumnTypes
    readonly columns: readonly MergedColumn[]
    readonly having: Compiled | undefined
    readonly order: readonly MergedOrderKey[]
    readonly overNothing: MergePartial | 'none' | 'unknown'
  }) {
    this.#types = made.types
    this.#parts = made.parts
    this.#columns = made.columns
    this.#having = made.having
    this.#order = made.order
    this.#overNothing = made.overNothing
  }

  /** Several partials as one, to be merged further: for what is kept together. */
  combine(partials: readonly MergePartial[]): MergePartial {
    return mergePartials(partials, this.#types.parts)
  }

  /** Undefined where Druid must be asked: it answers with an error maybe, or in another way than can be told. */
  merge(partials: readonly MergePartial[]): MergedGroups | undefined {
    const merged = this.combine(partials)
    const found = merged.keys.length > 0 || this.#overNothing === 'none' ? merged : this.#overNothing
    if (typeof found === 'string') return undefined
    const table = new GroupTable(found, this.#types, this.#parts)
    const groups = this.#kept(table)
    return groups === undefined
      ? undefined
      : new MergedGroups({ table, groups, before: table.count, columns: this.#columns, order: this.#order })
  }

  /** The groups that HAVING leaves. Druid computes all columns of all groups first, and fails with any of them. */
  #kept(table: GroupTable): readonly number[] | undefined {
    const failing = this.#columns.flatMap(({ fails }) => (fails === undefined ? [] : [fails]))
    const orders = this.#order.flatMap((key) => (key.kind === 'computed' && key.of.canFail ? [key.of] : []))
    const groups: number[] = []
    for (let group = 0; group < table.count; group += 1) {
      if (failing.some((fails) => fails(table, group))) return undefined
      if (orders.some(({ evaluate }) => evaluate(table, group) === undefined)) return undefined
      const truth: Value = this.#having === undefined ? 1 : this.#having.evaluate(table, group)
      if (truth === undefined) return undefined
      if (truth === 1) groups.push(group)
    }
    return groups
  }
}
