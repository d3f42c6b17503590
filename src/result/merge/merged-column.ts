// One column of the client's answer, from merged groups.
import { type Formula, INTEGER_MAX } from '../../plan/grouped.ts'
import { doubleText, floatText, olderDoubleText } from '../java-text.ts'
import { compile } from './compile.ts'
import { type Compiled, type Scope } from './compiled.ts'
import { type GroupTable } from './group-table.ts'
import { type PartColumn } from './partial.ts'
import { type ColumnTypes, valueType, type ValueType } from './value-types.ts'

export interface MergedColumn {
  /** Whether a cell can't be told, an error of Druid's maybe. */
  readonly fails: ((table: GroupTable, group: number) => boolean) | undefined
  /** The cell as Druid would write it, bytes as latin1. */
  readonly cell: (table: GroupTable, group: number) => string
}

/** `types` are those of the client's own answer, `parts` those of the answer of parts. Undefined: it can't be computed. */
export function mergedColumn(
  formula: Formula,
  {
    scope,
    at,
    types,
    parts,
  }: {
    readonly scope: Scope
    readonly at: number
    readonly types: ColumnTypes
    readonly parts: ColumnTypes
  },
): MergedColumn | undefined {
  if (formula.kind === 'dimension') {
    const part = formula.index + 1
    const isSame = parts.types[part] === types.types[at] && parts.sqlTypes[part] === types.sqlTypes[at]
    const { index } = formula
    return isSame ? { fails: undefined, cell: (table, group) => table.dimension(index, group) } : undefined
  }
  const compiled = compile(formula, scope)
  const type = valueType(types, at)
  if (compiled === undefined || (compiled.type !== type && compiled.type !== 'NULL')) return undefined
  const { evaluate } = compiled
  const aggregate = formula.kind === 'aggregate' ? formula.index : undefined
  return {
    fails: failing(compiled, CUTS[types.sqlTypes[at] ?? '']),
    cell: (table, group) => {
      const value = evaluate(table, group)
      if (value === null || value === undefined) return 'null'
      if (type !== 'DOUBLE' && type !== 'FLOAT') return cellText(type, value)
      const texts = aggregate === undefined ? undefined : table.texts(aggregate)
      return doubleCell(type, Number(value), texts, table.isOfOlderJava)
    },
  }
}

const DAY_MS = 86_400_000

/** By SQL type: whether Druid would show less of a value than this. */
const CUTS: Readonly<Record<string, (value: number | bigint) => boolean>> = {
  INTEGER: (value) => typeof value === 'bigint' || Math.abs(value) > INTEGER_MAX,
  DATE: (value) => Number(value) % DAY_MS !== 0,
}

function failing(
  { evaluate, canFail }: Compiled,
  isCut: (typeof CUTS)[string] | undefined,
): MergedColumn['fails'] {
  if (!canFail && isCut === undefined) return undefined
  return (table, group) => {
    const value = evaluate(table, group)
    if (value === undefined) return true
    return isCut !== undefined && value !== null && typeof value !== 'string' && isCut(value)
  }
}

/** `texts`: as Druid itself wrote some of them. */
function doubleCell(
  type: 'DOUBLE' | 'FLOAT',
  value: number,
  texts: PartColumn['texts'],
  isOfOlderJava: boolean,
): string {
  const own = type === 'FLOAT' ? floatText : isOfOlderJava ? olderDoubleText : doubleText
  const text = texts?.get(value) ?? own(value)
  return Number.isFinite(value) ? text : `"${text}"`
}

function cellText(type: ValueType, value: number | bigint | string): string {
  if (type === 'BOOLEAN') return value === 1 ? 'true' : 'false'
  return type === 'TIME' ? `"${new Date(Number(value)).toISOString()}"` : String(value)
}
