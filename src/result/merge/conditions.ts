// Comparisons and SQL's logic of three values, as Druid has them in expressions and in filters (33.0.0). Truth is 1 or 0.
import { type Compiled, computed, isConstant, isNumeric, type Value } from './compiled.ts'
import { isNear } from './near.ts'

const TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

/** Numbers with numbers; texts only as equal or not, since filters and expressions order them in two ways. */
export function comparison(name: string, operands: readonly Compiled[]): Compiled | undefined {
  const test = TESTS[name]
  const [a, b, ...more] = operands
  if (test === undefined || a === undefined || b === undefined || more.length > 0) return undefined
  if (!areComparable(a, b) || (a.type === 'STRING' && name !== '=' && name !== '<>')) return undefined
  const evaluate: Compiled['evaluate'] = (table, group) => {
    const order = ordered(a, b, a.evaluate(table, group), b.evaluate(table, group))
    return typeof order === 'number' ? Number(test(order)) : order
  }
  return computed('BOOLEAN', operands, evaluate, canBeUnsure(a, b))
}

/** Whether `NULLIF` and comparisons know what Druid makes of two operands; of two literals it makes one at once. */
export function areComparable(a: Compiled, b: Compiled): boolean {
  if (isConstant(a) && isConstant(b)) return false
  return (isNumeric(a) && isNumeric(b)) || (a.type === 'STRING' && b.type === 'STRING')
}

/** Longs are compared for sure, and so are texts. */
export function canBeUnsure(a: Compiled, b: Compiled): boolean {
  return a.type === 'DOUBLE' || b.type === 'DOUBLE'
}

/** Negative, 0 or positive; null with a null; undefined where doubles may lie otherwise in Druid. */
export function ordered(a: Compiled, b: Compiled, x: Value, y: Value): number | null | undefined {
  if (x === undefined || y === undefined) return undefined
  if (x === null || y === null) return null
  if (typeof x === 'string' || typeof y === 'string') return x === y ? 0 : 1
  if (a.type === 'LONG' && b.type === 'LONG') return x < y ? -1 : x > y ? 1 : 0
  // A long past 2^53 is rounded by some ways and not by others.
  if (typeof x === 'bigint' || typeof y === 'bigint') return undefined
  // NaN is equal to itself or not, and so is -0.0 to 0.0, by where it is compared.
  if (Number.isNaN(x) || Number.isNaN(y) || Object.is(x, -0) || Object.is(y, -0)) return undefined
  if ((a.isInexact || b.isInexact) && isNear(x, y)) return undefined
  return x < y ? -1 : x > y ? 1 : 0
}

/** `x IS NULL`, `x IS NOT NULL`; Druid's other tests aren't read as such. */
export function nullTest(name: string, operands: readonly Compiled[]): Compiled | undefined {
  const [of, than, ...more] = operands
  if (of === undefined || than?.type !== 'NULL' || more.length > 0 || isConstant(of)) return undefined
  const whenNull = name === 'IS' ? 1 : 0
  return computed('BOOLEAN', [of], (table, group) => {
    const value = of.evaluate(table, group)
    if (value === undefined) return undefined
    return value === null ? whenNull : 1 - whenNull
  })
}

/** AND, OR of any number of conditions, NOT of one. */
export function logic(name: string, operands: readonly Compiled[]): Compiled | undefined {
  if (operands.length === 0 || operands.some(({ type }) => type !== 'BOOLEAN')) return undefined
  if (name === 'NOT') {
    const [of, ...more] = operands
    if (of === undefined || more.length > 0) return undefined
    return computed('BOOLEAN', operands, (table, group) => {
      const value = of.evaluate(table, group)
      return typeof value === 'number' ? 1 - value : value
    })
  }
  const decides = name === 'AND' ? 0 : 1
  return computed('BOOLEAN', operands, (table, group) => {
    let found: Value = 1 - decides
    for (const operand of operands) {
      const value = operand.evaluate(table, group)
      // Druid may come to this operand or not.
      if (value === undefined) return undefined
      if (value === decides) found = value
      else if (value === null && found !== decides) found = null
    }
    return found
  })
}
