// Answers of parts, and what a merge makes of them, without a Druid.
import { type Formula } from '../../../src/plan/grouped.ts'
import { KeptReader } from '../../../src/result/kept-reader.ts'
import { mergeShape, mergerOf, type MergeFacts, type Merger } from '../../../src/result/merge/merger.ts'
import { MergeCollector, type MergeParts } from '../../../src/result/merge/part-collector.ts'
import { type MergePartial } from '../../../src/result/merge/partial.ts'
import { type ColumnTypes } from '../../../src/result/merge/value-types.ts'

/** Native and SQL type in one word: `LONG`, `DOUBLE`, `TIMESTAMP` … */
export type TypeName = keyof typeof TYPES

const TYPES = {
  LONG: ['LONG', 'BIGINT'],
  INTEGER: ['LONG', 'INTEGER'],
  DOUBLE: ['DOUBLE', 'DOUBLE'],
  DECIMAL: ['DOUBLE', 'DECIMAL'],
  FLOAT: ['FLOAT', 'FLOAT'],
  BOOLEAN: ['LONG', 'BOOLEAN'],
  TIMESTAMP: ['LONG', 'TIMESTAMP'],
  DATE: ['LONG', 'DATE'],
  STRING: ['STRING', 'VARCHAR'],
  NULL: ['STRING', 'NULL'],
  ARRAY: ['ARRAY<STRING>', 'ARRAY'],
} as const

export function typesOf(names: readonly TypeName[]): ColumnTypes {
  return { types: names.map((name) => TYPES[name][0]), sqlTypes: names.map((name) => TYPES[name][1]) }
}

type Kind = MergeFacts['aggregates'][number]['kind']

const NOWHERE = { from: 0, to: 0 }

/** Facts of a statement by the kinds of its aggregates and the formulas of its columns. */
export function factsOf(given: {
  readonly dimensions?: number
  readonly aggregates: readonly Kind[]
  readonly columns?: readonly Formula[]
  readonly having?: Formula
  readonly order?: readonly Formula[]
  readonly zone?: string
  readonly isFaithful?: boolean
}): MergeFacts {
  const {
    dimensions = 0,
    aggregates,
    columns = [],
    having,
    order = [],
    zone = 'UTC',
    isFaithful = true,
  } = given
  return {
    zone,
    dimensions: Array.from({ length: dimensions }, () => ({ text: NOWHERE, isFaithful })),
    aggregates: aggregates.map((kind) => ({
      kind,
      text: NOWHERE,
      argument: NOWHERE,
      filter: undefined,
      isFaithful,
    })),
    columns: columns.map((formula) => ({ role: 'other', text: NOWHERE, formula })),
    having: having === undefined ? undefined : { formula: having },
    order: order.map((formula) => ({
      descending: false,
      column: undefined,
      text: NOWHERE,
      spelling: '',
      formula,
    })),
  }
}

/** Reads rows `[bucket,dimension,…,part,…]`, in pieces as they come from a socket. */
export function collect(
  facts: MergeFacts,
  columns: ColumnTypes,
  rows: readonly string[],
  limits = { rows: 1000, bytes: 100_000 },
): MergeCollector {
  const collector = new MergeCollector(mergeShape(facts), limits)
  const reader = new KeptReader(collector)
  const names = columns.types.map((_, at) => `c${at}`)
  const heads = [names, columns.types, columns.sqlTypes].map((row) => JSON.stringify(row))
  const bytes = Buffer.from(`[${[...heads, ...rows].join(',')}]\n`)
  for (let at = 0; at < bytes.length; at += 11) reader.push(bytes.subarray(at, at + 11))
  reader.end()
  if (!reader.complete) throw new Error(`not an answer: ${bytes.toString()}`)
  return collector
}

export function partsOf(facts: MergeFacts, columns: ColumnTypes, rows: readonly string[]): MergeParts {
  const found = collect(facts, columns, rows).result()
  if (found === undefined) throw new Error('of no use')
  return found
}

export function partialsOf({ buckets }: MergeParts): readonly MergePartial[] {
  return [...buckets.values()]
}

/** Cells of all rows of a merge, as text; or why there is none. */
export function merged(
  facts: MergeFacts,
  given: {
    readonly parts: readonly TypeName[]
    readonly client: readonly TypeName[]
    readonly rows: readonly string[]
    readonly sql?: string
  },
): readonly string[] | 'not-computable' | 'unsure' {
  const columns = typesOf(['LONG', ...given.parts])
  const merger = mergerFor(facts, given)
  if (merger === undefined) return 'not-computable'
  const groups = merger.merge(partialsOf(partsOf(facts, columns, given.rows)))
  return groups === undefined ? 'unsure' : groups.groups.map((group) => groups.row(group).toString())
}

export function mergerFor(
  facts: MergeFacts,
  given: { readonly parts: readonly TypeName[]; readonly client: readonly TypeName[]; readonly sql?: string },
): Merger | undefined {
  return mergerOf(facts, {
    sql: given.sql ?? '',
    client: typesOf(given.client),
    parts: typesOf(['LONG', ...given.parts]),
  })
}

export const aggregate = (index: number): Formula => ({ kind: 'aggregate', index })
export const dimension = (index: number): Formula => ({ kind: 'dimension', index })
export const literal = (text: string): Formula => ({ kind: 'literal', text })
export const operation = (name: string, ...of: readonly Formula[]): Formula => ({
  kind: 'operation',
  name,
  of,
})
