// How columns of Druid's answers are computed with, told from their native and SQL types.
import { type Aggregate, type Dimension } from '../../plan/grouped.ts'

/** `TIME` is TIMESTAMP or DATE; `OTHER` may be handed on but not looked into. */
export type ValueType = 'LONG' | 'DOUBLE' | 'FLOAT' | 'BOOLEAN' | 'TIME' | 'STRING' | 'OTHER'

/** Native and SQL types of columns, as the head of an answer has them. */
export interface ColumnTypes {
  readonly types: readonly string[]
  readonly sqlTypes: readonly string[]
}

const SQL_TYPES: Readonly<Record<string, ReadonlySet<string>>> = {
  LONG: new Set(['BIGINT', 'INTEGER']),
  // A DECIMAL is a double in Druid, and printed as one (33.0.0).
  DOUBLE: new Set(['DOUBLE', 'DECIMAL']),
  FLOAT: new Set(['FLOAT']),
  STRING: new Set(['VARCHAR', 'CHAR']),
}
const TIMES = new Set(['TIMESTAMP', 'DATE'])
const CUT = new Set(['INTEGER', 'DATE'])

/** Whether Druid may print less of a column's values than it computes with. */
export function mayBeCut(sqlType: string, { isFaithful }: { readonly isFaithful: boolean }): boolean {
  return CUT.has(sqlType) && !isFaithful
}

/** What one column is. */
export function valueType({ types, sqlTypes }: ColumnTypes, column: number): ValueType {
  const [type = '', sqlType = ''] = [types[column], sqlTypes[column]]
  if (type === 'LONG' && TIMES.has(sqlType)) return 'TIME'
  if (type === 'LONG' && sqlType === 'BOOLEAN') return 'BOOLEAN'
  return SQL_TYPES[type]?.has(sqlType) === true ? (type as ValueType) : 'OTHER'
}

/** How the values of one column of parts are put together. */
export interface PartKind {
  readonly combine: 'sum' | 'min' | 'max'
  /** Never STRING or OTHER. */
  readonly type: ValueType
}

/** One aggregate in terms of parts: `at` is its (first) part; an average has its count behind its sum. */
interface AggregateKind {
  readonly kind: Aggregate['kind']
  readonly type: ValueType
  readonly at: number
}

/** What the columns of an answer of parts are: the hidden bucket, the dimensions, the parts of aggregates. */
export interface PartTypes {
  readonly dimensions: readonly ValueType[]
  readonly parts: readonly PartKind[]
  readonly aggregates: readonly AggregateKind[]
}

const SUMS: ReadonlySet<ValueType> = new Set(['LONG', 'DOUBLE'])
const EXTREMES: ReadonlySet<ValueType> = new Set(['LONG', 'DOUBLE', 'FLOAT', 'BOOLEAN', 'TIME'])

/**
 * Reads the types of an answer of parts; undefined where they can't be merged. Times only under UTC: in the hour that a
 * zone has twice, Druid prints two instants alike (33.0.0). Nothing of which less may be printed than is computed with: groups,
 * extremes and conditions were others.
 */
export function partTypes(
  columns: ColumnTypes,
  {
    dimensions,
    aggregates,
    isUtc,
  }: {
    readonly dimensions: readonly Pick<Dimension, 'isFaithful'>[]
    readonly aggregates: readonly Pick<Aggregate, 'kind' | 'isFaithful'>[]
    readonly isUtc: boolean
  },
): PartTypes | undefined {
  const found = columns.types.map((_, at) => valueType(columns, at))
  if (!isUtc && found.includes('TIME')) return undefined
  const parts: PartKind[] = []
  const kinds: AggregateKind[] = []
  const faithful = [{ isFaithful: true }, ...dimensions]
  for (const { kind, isFaithful } of aggregates) {
    const at = parts.length
    const type = found[1 + dimensions.length + at] ?? 'OTHER'
    faithful.push({ isFaithful })
    kinds.push({ kind, type, at })
    if (kind === 'min' || kind === 'max') parts.push({ combine: kind, type })
    else parts.push({ combine: 'sum', type })
    if (kind !== 'avg') continue
    parts.push({ combine: 'sum', type: found[2 + dimensions.length + at] ?? 'OTHER' })
    faithful.push({ isFaithful })
  }
  if (columns.sqlTypes.some((sqlType, at) => mayBeCut(sqlType, faithful[at] ?? UNKNOWN))) return undefined
  const fits = found.length === 1 + dimensions.length + parts.length && found[0] === 'LONG'
  const understood = kinds.every(({ kind, type, at }) => isMergeable(kind, type, parts[at + 1]?.type))
  return fits && understood
    ? { dimensions: found.slice(1, 1 + dimensions.length), parts, aggregates: kinds }
    : undefined
}

const UNKNOWN = { isFaithful: false }

/** Whether sums or averages of an answer of parts are doubles; an average of integers is one, too. */
export function addsDoubles(columns: ColumnTypes, shape: Parameters<typeof partTypes>[1]): boolean {
  const kinds = partTypes(columns, shape)?.aggregates ?? []
  return kinds.some(({ kind, type }) => (kind === 'sum' || kind === 'avg') && type === 'DOUBLE')
}

function isMergeable(kind: Aggregate['kind'], type: ValueType, next: ValueType | undefined): boolean {
  switch (kind) {
    case 'count':
      return type === 'LONG'
    // Druid's SUM of FLOAT is a double sum, so there is no FLOAT to add (33.0.0).
    case 'sum':
      return SUMS.has(type)
    case 'avg':
      return type === 'DOUBLE' && next === 'LONG'
    case 'min':
    case 'max':
      return EXTREMES.has(type)
  }
}
