// NULLIF, COALESCE and CASE.
import { type Compiled, computed, isConstant, isNumeric } from './compiled.ts'
import { areComparable, canBeUnsure, ordered } from './conditions.ts'

/** Has the type of its first operand, whatever it is compared with. */
export function nullIf(operands: readonly Compiled[]): Compiled | undefined {
  const [a, b, ...more] = operands
  if (a === undefined || b === undefined || more.length > 0 || isConstant(a) || !areComparable(a, b))
    return undefined
  const type = a.type === 'NULL' ? 'OTHER' : a.type
  const evaluate: Compiled['evaluate'] = (table, group) => {
    const value = a.evaluate(table, group)
    const order = ordered(a, b, value, b.evaluate(table, group))
    if (order === undefined) return undefined
    return order === 0 ? null : value
  }
  return computed(type, operands, evaluate, canBeUnsure(a, b))
}

/** The first that isn't null; LONG beside DOUBLE becomes DOUBLE, also for what is computed from it (33.0.0). */
export function coalesce(operands: readonly Compiled[]): Compiled | undefined {
  const [first, ...more] = operands
  if (first === undefined || more.length === 0 || isConstant(first)) return undefined
  const areNumbers = operands.every(isNumeric)
  if (!areNumbers && operands.some(({ type }) => type !== 'STRING')) return undefined
  const type = areNumbers ? (operands.some((one) => one.type === 'DOUBLE') ? 'DOUBLE' : 'LONG') : 'STRING'
  const evaluate: Compiled['evaluate'] = (table, group) => {
    for (const operand of operands) {
      const value = operand.evaluate(table, group)
      if (value !== null) return typeof value === 'bigint' && type === 'DOUBLE' ? Number(value) : value
    }
    return null
  }
  return computed(type, operands, evaluate)
}

/**
 * `CASE WHEN condition THEN value … [ELSE value] END` of computed longs or doubles, and NULL: conditions are looked at in
 * order, and no value but the one that is given (33.0.0).
 */
export function caseWhen(operands: readonly Compiled[]): Compiled | undefined {
  const pairs = Math.floor(operands.length / 2)
  const conditions = operands.filter((_, at) => at % 2 === 0 && at < pairs * 2)
  const values = operands.filter((_, at) => at % 2 === 1 || at === pairs * 2)
  const shown = values.filter(({ type }) => type !== 'NULL')
  const [first] = shown
  const isKnown =
    first !== undefined &&
    conditions.every(({ type }) => type === 'BOOLEAN') &&
    shown.every((value) => isNumeric(value) && value.type === first.type && !isConstant(value))
  if (!isKnown) return undefined
  return computed(first.type === 'NULL' ? 'OTHER' : first.type, operands, (table, group) => {
    for (const [at, condition] of conditions.entries()) {
      const truth = condition.evaluate(table, group)
      if (truth === undefined) return undefined
      if (truth === 1) return values[at]?.evaluate(table, group)
    }
    const otherwise = values[conditions.length]
    return otherwise === undefined ? null : otherwise.evaluate(table, group)
  })
}
