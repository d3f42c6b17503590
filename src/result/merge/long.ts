// Java's `long` arithmetic. A value is a number while that is exact and a bigint past it, so that 64 bits cost nothing
// where nobody needs them.

/** A number within 2^53, else a bigint: one form for each value. */
export type Long = number | bigint

const LONG_MAX = 9_223_372_036_854_775_807n
const LONG_MIN = -9_223_372_036_854_775_808n
const TWO_63 = 9_223_372_036_854_775_808
const MINUS = 0x2d
const ZERO = 0x30
/** Digits of a number that is exact in any case. */
const SAFE_DIGITS = 15

/** The one form of a value that has wrapped to 64 bits. */
export function wrapped(value: bigint): Long {
  const long = BigInt.asIntN(64, value)
  const number = Number(long)
  return Number.isSafeInteger(number) ? number : long
}

// In each: a result that isn't exact as a number lies past 2^53 as one, too.
export function add(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return wrapped(BigInt(a) + BigInt(b))
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return wrapped(BigInt(a) - BigInt(b))
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    // No -0: a long has one zero.
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product
  }
  return wrapped(BigInt(a) * BigInt(b))
}

/** Towards zero; undefined by zero, which is an error in Java. */
export function divide(a: Long, b: Long): Long | undefined {
  if (b === 0) return undefined
  if (typeof a === 'number' && typeof b === 'number') {
    const quotient = Math.trunc(a / b)
    return quotient === 0 ? 0 : quotient
  }
  return wrapped(BigInt(a) / BigInt(b))
}

export function negate(a: Long): Long {
  return subtract(0, a)
}

/** `(long) value`: towards zero, what is too large becomes the largest, NaN zero. */
export function fromDouble(value: number): Long {
  if (Number.isNaN(value)) return 0
  if (value >= TWO_63) return LONG_MAX
  if (value <= -TWO_63) return LONG_MIN
  return wrapped(BigInt(Math.trunc(value)))
}

/** Reads a cell; undefined for what is no 64-bit integer. */
export function readLong(bytes: Buffer, start: number, end: number): Long | undefined {
  const isNegative = bytes[start] === MINUS
  const first = isNegative ? start + 1 : start
  if (first >= end) return undefined
  let value = 0
  for (let i = first; i < end; i += 1) {
    const digit = (bytes[i] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (end - first <= SAFE_DIGITS) return isNegative && value !== 0 ? -value : value
  const exact = BigInt(bytes.toString('latin1', start, end))
  return exact < LONG_MIN || exact > LONG_MAX ? undefined : wrapped(exact)
}
