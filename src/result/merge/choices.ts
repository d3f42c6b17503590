// NULLIF and COALESCE.
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
