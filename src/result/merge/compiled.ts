// Formulas made ready to run over the groups of a merge.
import { type GroupTable } from './group-table.ts'
import { type ValueType } from './value-types.ts'

/**
 * A value of one group: LONG in its one form, DOUBLE and FLOAT numbers, instants in ms, BOOLEAN 1 or 0, texts as the
 * JSON that Druid writes (bytes as latin1). Undefined: what Druid would say, an error maybe, can't be told.
 */
export type Value = number | bigint | string | null | undefined

/** Druid plans an expression in another way where it filters or orders. */
export type Use = 'column' | 'having' | 'order'

export interface Compiled {
  readonly type: ValueType | 'NULL'
  readonly evaluate: (table: GroupTable, group: number) => Value
  /** The value may be undefined. */
  readonly canFail: boolean
  /** Comes from doubles that were added up: Druid's own may differ in its last bits. */
  readonly isInexact: boolean
  /** Of a literal. */
  readonly constant: number | bigint | string | null | undefined
}

/** What formulas are computed from, and what for. */
export interface Scope {
  readonly aggregates: readonly { readonly kind: string; readonly type: ValueType }[]
  readonly dimensions: readonly ValueType[]
  readonly use: Use
}

/** What is the same for most operations over some operands. */
export function computed(
  type: ValueType,
  operands: readonly Compiled[],
  evaluate: Compiled['evaluate'],
  canFail = false,
): Compiled {
  return {
    type,
    evaluate,
    canFail: canFail || operands.some((operand) => operand.canFail),
    isInexact: type === 'DOUBLE' && operands.some((operand) => operand.isInexact),
    constant: undefined,
  }
}

export function constantOf(type: Compiled['type'], constant: number | bigint | string | null): Compiled {
  return { type, evaluate: () => constant, canFail: false, isInexact: false, constant }
}

/** LONG or DOUBLE: FLOAT is computed with in other ways by expressions and by filters. */
export function isNumeric({ type }: Compiled): boolean {
  return type === 'LONG' || type === 'DOUBLE'
}

export function isConstant({ constant }: Compiled): boolean {
  return constant !== undefined
}
