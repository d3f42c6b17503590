import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  divide,
  fromDouble,
  type Long,
  multiply,
  negate,
  readLong,
  subtract,
  wrapped,
} from '../../../src/result/merge/long.ts'

const MAX = 9_223_372_036_854_775_807n
const MIN = -9_223_372_036_854_775_808n

/** Longs of all sizes, the ends of what a number holds among them. */
const longs = fc
  .oneof(
    fc.bigInt({ min: MIN, max: MAX }),
    fc.bigInt({ min: -1000n, max: 1000n }),
    fc.constantFrom(2n ** 53n, 2n ** 53n - 1n, -(2n ** 53n), 1n - 2n ** 53n, MAX, MIN, 3_037_000_499n),
  )
  .map((value) => ({ value, long: wrapped(value) }))

/** Each value has one form. */
function isCanonical(long: Long): boolean {
  return typeof long === 'number'
    ? Number.isSafeInteger(long) && !Object.is(long, -0)
    : !Number.isSafeInteger(Number(long))
}

describe('longs are those of Java', () => {
  const operations: readonly [
    string,
    (a: Long, b: Long) => Long | undefined,
    (a: bigint, b: bigint) => bigint,
  ][] = [
    ['add', add, (a, b) => a + b],
    ['subtract', subtract, (a, b) => a - b],
    ['multiply', multiply, (a, b) => a * b],
    ['divide', divide, (a, b) => a / b],
    ['negate', (a) => negate(a), (a) => -a],
  ]

  test.each(operations)('%s', (name, own, exact) => {
    fc.assert(
      fc.property(longs, longs, (a, b) => {
        fc.pre(name !== 'divide' || b.value !== 0n)
        const found = own(a.long, b.long)
        expect(BigInt(found!)).toBe(BigInt.asIntN(64, exact(a.value, b.value)))
        expect(isCanonical(found!)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('by zero there is no quotient', () => {
    expect(divide(5, 0)).toBeUndefined()
    expect(divide(2n ** 60n, 0)).toBeUndefined()
  })

  test('are read from cells', () => {
    fc.assert(
      fc.property(longs, ({ value, long }) => {
        const bytes = Buffer.from(`[${value},`)
        const found = readLong(bytes, 1, bytes.length - 1)
        expect(found).toBe(long)
        expect(isCanonical(found!)).toBe(true)
      }),
    )
  })

  test.each(['', '-', '1.5', '1e3', '"1"', 'null', '+1', '9223372036854775808', '-9223372036854775809'])(
    '%j is none',
    (text) => {
      expect(readLong(Buffer.from(text), 0, text.length)).toBeUndefined()
    },
  )

  test.each<[number, Long]>([
    [1.9, 1],
    [-1.9, -1],
    [-0.5, 0],
    [Number.NaN, 0],
    [1e18, 1_000_000_000_000_000_000n],
    [3e20, MAX],
    [Number.NEGATIVE_INFINITY, MIN],
  ])('%d is cast to %s', (value, long) => {
    expect(fromDouble(value)).toBe(long)
    expect(isCanonical(fromDouble(value))).toBe(true)
  })
})
