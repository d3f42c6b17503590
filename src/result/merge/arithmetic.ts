// `+`, `-`, `*`, `/`, CAST, as Druid computes them once aggregates are known (33.0.0: `BinaryMathOperatorExpr`):
// null with null, LONG with LONG as Java's long, anything else as doubles.
import { INTEGER_MAX } from '../../plan/grouped.ts'
import {
  type Compiled,
  computed,
  constantOf,
  isConstant,
  isNumeric,
  type Use,
  type Value,
} from './compiled.ts'
import { add, divide, fromDouble, type Long, multiply, negate, subtract } from './long.ts'
import { isCancelled, isNear } from './near.ts'

interface Operator {
  readonly long: (a: Long, b: Long) => Long | undefined
  readonly double: (a: number, b: number) => number
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  '+': { long: add, double: (a, b) => a + b },
  '-': { long: subtract, double: (a, b) => a - b },
  '*': { long: multiply, double: (a, b) => a * b },
  '/': { long: divide, double: (a, b) => a / b },
}
/** Well past 2^63. */
const PAST_LONG = 1e19

/** Undefined for operands that Druid refuses, or of which it isn't sure what it makes of them. */
export function arithmetic(name: string, operands: readonly Compiled[]): Compiled | undefined {
  const operator = OPERATORS[name]
  const [a, b, ...more] = operands
  if (operator === undefined || a === undefined || more.length > 0 || !operands.every(isNumeric))
    return undefined
  // Druid knows no plus with one operand (33.0.0: an error).
  if (b === undefined) return name === '-' ? negated(a) : undefined
  if (isConstant(a) && isConstant(b)) return folded(operator, a.constant, b.constant, operands)
  return a.type === 'LONG' && b.type === 'LONG'
    ? ofLongs(name, operator, a, b)
    : ofDoubles(name, operator, a, b)
}

function ofLongs(name: string, { long }: Operator, a: Compiled, b: Compiled): Compiled {
  const canFail = name === '/' && (!isConstant(b) || b.constant === 0)
  return computed('LONG', [a, b], both(a, b, long), canFail)
}

function ofDoubles(name: string, { double }: Operator, a: Compiled, b: Compiled): Compiled {
  const canCancel = (name === '+' || name === '-') && (a.isInexact || b.isInexact)
  const of = (x: number, y: number): Value => {
    const result = double(x, y)
    return canCancel && isCancelled(result, x, y) ? undefined : result
  }
  return computed(
    'DOUBLE',
    [a, b],
    both(a, b, (x, y) => of(Number(x), Number(y))),
    canCancel,
  )
}

/** Runs `of` where neither operand is null. */
function both(a: Compiled, b: Compiled, of: (x: Long, y: Long) => Value): Compiled['evaluate'] {
  return (table, group) => {
    const x = a.evaluate(table, group)
    const y = b.evaluate(table, group)
    if (x === undefined || y === undefined) return undefined
    if (x === null || y === null || typeof x === 'string' || typeof y === 'string') return null
    return of(x, y)
  }
}

/** Calcite's decimals round as they like, so only integers are folded, and within INTEGER. */
function folded(
  { long }: Operator,
  a: Compiled['constant'],
  b: Compiled['constant'],
  operands: readonly Compiled[],
): Compiled | undefined {
  if (typeof a !== 'number' || typeof b !== 'number' || operands.some(({ type }) => type !== 'LONG'))
    return undefined
  const value = long(a, b)
  const isInteger = [a, b, value].every((one) => typeof one === 'number' && Math.abs(one) <= INTEGER_MAX)
  return isInteger && value !== undefined ? constantOf('LONG', value) : undefined
}

function negated(a: Compiled): Compiled {
  const of = (value: Value): Value => {
    if (value === null || value === undefined || typeof value === 'string') return value
    return a.type === 'LONG' ? negate(value) : -Number(value)
  }
  const { constant } = a
  if (typeof constant === 'number')
    return constantOf(a.type, a.type === 'LONG' ? negate(constant) : -constant)
  return computed(a.type === 'LONG' ? 'LONG' : 'DOUBLE', [a], (table, group) => of(a.evaluate(table, group)))
}

/** Undefined where Druid leaves the cast out: it filters and orders by a double that is cast to BIGINT as it is (33.0.0). */
export function cast(to: 'DOUBLE' | 'LONG', operands: readonly Compiled[], use: Use): Compiled | undefined {
  const [of, ...more] = operands
  if (of === undefined || more.length > 0 || !isNumeric(of) || isConstant(of)) return undefined
  if (of.type === to) return of
  if (to === 'LONG') {
    if (use !== 'column') return undefined
    return computed('LONG', operands, (table, group) => toLong(of, of.evaluate(table, group)), of.isInexact)
  }
  const isExactOnly = use !== 'column'
  const evaluate: Compiled['evaluate'] = (table, group) => {
    const value = of.evaluate(table, group)
    if (typeof value !== 'bigint') return value
    // Where the cast is left out, longs that are one double are told apart.
    return isExactOnly ? undefined : Number(value)
  }
  return computed('DOUBLE', operands, evaluate, isExactOnly)
}

function toLong({ isInexact }: Compiled, value: Value): Value {
  if (typeof value !== 'number') return value
  // The last bits of a sum decide on which side of an integer it lies, unless it is past all of them.
  const isUnsure = isInexact && Math.abs(value) < PAST_LONG && isNear(value, Math.round(value))
  return isUnsure ? undefined : fromDouble(value)
}
