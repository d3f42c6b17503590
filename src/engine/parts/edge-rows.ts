// Rows of an edge from groups by steps.
import { type Interval } from '../../plan/facts.ts'
import { type Formula, type Grouped } from '../../plan/grouped.ts'
import { type Bucketed, type Slice } from '../../result/bucket-rows.ts'
import { coarsened, rowsOfPartials } from '../../result/derive/regrouped.ts'
import { joinedMergeRows, type MergeRows } from '../../result/merge-rows.ts'
import { type PartHead } from '../../result/part-rows.ts'
import { type MergeFacts, mergeShape } from '../../result/merge/merger.ts'
import { type ColumnTypes, partTypes, type PartTypes } from '../../result/merge/value-types.ts'
import { isUtc } from '../../time/utc.ts'
import { type ClientHead, seriesHead } from './client-heads.ts'
import { type Making } from './making.ts'
import { type Grid } from './window.ts'

const INEXACT = new Set(['DOUBLE', 'FLOAT'])

/** Whether an answer's edges can be put together from groups by steps. */
export function hasSteps({
  parts: { kind, grouped },
  verdict,
}: {
  readonly parts: Pick<Making['parts'], 'kind' | 'grouped'>
  readonly verdict: Pick<Making['verdict'], 'order'>
}): boolean {
  if (kind === 'merge') return true
  const { bucket, columns, having, order, texts, zone } = grouped
  const areKnown = columns.every(({ role, formula }) => role === 'bucket' || formula !== undefined)
  // What it orders by and doesn't show is computed, too, where it is an aggregate as it stands.
  const areOrdered = order.every(
    ({ column, formula }) => column !== undefined || formula?.kind === 'aggregate',
  )
  const isPlain = having === undefined && texts.outer.length === 0 && areOrdered
  // Labels are written here: only where it is known how.
  return areKnown && isPlain && isUtc(zone) && bucket?.label.kind === 'moved' && verdict.order !== undefined
}

/** An edge's rows by steps, in order of time. */
interface Stepped {
  readonly edge: Interval
  readonly grid: Grid
  readonly slices: readonly Slice<MergeRows>[]
  /** Of the answers that they came in. */
  readonly head: ColumnTypes
  readonly client: ClientHead
  /** Rows of a bucket, rather than of some of its steps. */
  readonly isFull?: boolean
}

/** The part of an edge, of the kind that the plan has; undefined where it can't be told. */
export function edgeRows(making: Making, stepped: Stepped): readonly Slice<Bucketed>[] | undefined {
  if (making.parts.kind === 'series') return seriesEdge(making, stepped)
  return stepped.isFull === true ? mergeBucket(making, stepped) : stepped.slices
}

/** The head of rows that were made of steps. */
export function headFor(
  { parts: { kind, grouped } }: Pick<Making, 'parts'>,
  head: ColumnTypes,
  client: ClientHead,
): ColumnTypes | PartHead {
  if (kind === 'merge') return head
  return seriesHead(client, addedFor(grouped, head, partTypes(head, mergeShape(grouped))))
}

function mergeBucket(
  { parts: { grouped } }: Making,
  { edge, slices, head }: Stepped,
): readonly Slice<MergeRows>[] | undefined {
  const types = partTypes(head, mergeShape(grouped))
  if (types === undefined) return undefined
  const rows = coarsened(joinedMergeRows(slices), [edge.startMs], types.parts)
  return [{ rows, from: 0, to: rows.buckets.length }]
}

function seriesEdge(
  { parts: { grouped }, verdict, request }: Making,
  { edge, grid, slices, head, client }: Stepped,
): readonly Slice<Bucketed>[] | undefined {
  const { bucket } = grouped
  const types = partTypes(head, mergeShape(grouped))
  const added = addedFor(grouped, head, types)
  const labelAt = grouped.columns.findIndex(({ role }) => role === 'bucket')
  const isLabelled = labelAt < 0 || client.sqlTypes[labelAt] === 'TIMESTAMP'
  // The last bits of a sum decide on no order.
  const isOrdered = verdict.order?.keys.every(
    ({ of }) => of === 'bucket' || !INEXACT.has(client.types[of] ?? ''),
  )
  const isSure = isLabelled && isOrdered === true && added !== undefined
  if (bucket?.label.kind !== 'moved' || types === undefined || !isSure) return undefined
  const { startMs } = grid.around(edge)
  const found = rowsOfPartials(coarsened(joinedMergeRows(slices), [startMs], types.parts), {
    facts: factsOf(grouped, added.formulas),
    sql: request.query.sql,
    client: {
      types: [...client.types, ...added.types],
      sqlTypes: [...client.sqlTypes, ...added.sqlTypes],
    },
    parts: head,
    labelMs: bucket.label.ms,
    addedCount: added.formulas.length,
  })
  return found === undefined ? undefined : [{ rows: found, from: 0, to: found.buckets.length }]
}

/** What it orders by and doesn't show; undefined where its values aren't exact. */
function addedFor(
  { order, dimensions }: Grouped,
  head: ColumnTypes,
  types: PartTypes | undefined,
): (ColumnTypes & { readonly formulas: readonly Formula[] }) | undefined {
  const formulas = order.flatMap(({ column, formula }) => (column === undefined ? (formula ?? []) : []))
  const places = formulas.map((formula) => {
    const aggregate = formula.kind === 'aggregate' ? types?.aggregates[formula.index] : undefined
    return aggregate === undefined || aggregate.kind === 'avg' ? -1 : 1 + dimensions.length + aggregate.at
  })
  const isExact = places.every((at) => at > 0 && !INEXACT.has(head.types[at] ?? 'DOUBLE'))
  return isExact
    ? {
        formulas,
        types: places.map((at) => head.types[at] ?? ''),
        sqlTypes: places.map((at) => head.sqlTypes[at] ?? ''),
      }
    : undefined
}

/** The statement's own, its bucket's label being the first of its dimensions, and what it orders by behind its columns. */
function factsOf({ columns, dimensions, aggregates }: Grouped, added: readonly Formula[]): MergeFacts {
  const label: Formula = { kind: 'dimension', index: 0 }
  return {
    zone: 'UTC',
    dimensions: [{ text: { from: 0, to: 0 }, isFaithful: true }, ...dimensions],
    aggregates,
    columns: [
      ...columns.map((column) => ({
        ...column,
        formula: column.role === 'bucket' ? label : column.formula && behindLabel(column.formula),
      })),
      ...added.map((formula) => ({ role: 'other' as const, formula })),
    ],
    having: undefined,
    order: [],
  }
}

function behindLabel(formula: Formula): Formula {
  if (formula.kind === 'dimension') return { ...formula, index: formula.index + 1 }
  return formula.kind === 'operation' ? { ...formula, of: formula.of.map(behindLabel) } : formula
}
