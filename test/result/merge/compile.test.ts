import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Formula } from '../../../src/plan/grouped.ts'
import { isComputable } from '../../../src/result/merge/compile.ts'
import { aggregate, factsOf, literal, merged, operation } from './fixtures.ts'

/** A formula over LONG aggregates and what it comes to, computed with bigints; `fails` where Druid has an error. */
interface Case {
  readonly formula: Formula
  readonly of: (values: readonly (bigint | null)[]) => bigint | null | 'fails'
}

const AGGREGATES = 3
const value = fc.option(
  fc.oneof(
    fc.bigInt({ min: -4n, max: 4n }),
    fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  { freq: 5 },
)

const leaf = fc.nat({ max: AGGREGATES - 1 }).map((index): Case => ({
  formula: aggregate(index),
  of: (values) => values[index] ?? null,
}))
const number = fc.bigInt({ min: 0n, max: 999_999_999_999_999n }).map((exact): Case => ({
  formula: literal(String(exact)),
  of: () => exact,
}))

const EXACT: Readonly<Record<string, (a: bigint, b: bigint) => bigint | null | 'fails'>> = {
  '+': (a, b) => BigInt.asIntN(64, a + b),
  '-': (a, b) => BigInt.asIntN(64, a - b),
  '*': (a, b) => BigInt.asIntN(64, a * b),
  '/': (a, b) => (b === 0n ? 'fails' : BigInt.asIntN(64, a / b)),
  NULLIF: (a, b) => (a === b ? null : a),
}

/** `NULLIF(a, null)` is `a`; anything else with null is null. */
function combined(name: string, a: Case, b: Case): Case {
  return {
    formula: operation(name, a.formula, b.formula),
    of: (values) => {
      const [x, y] = [a.of(values), b.of(values)]
      if (x === 'fails' || y === 'fails') return 'fails'
      if (x === null) return null
      if (y === null) return name === 'NULLIF' ? x : null
      return EXACT[name]!(x, y)
    },
  }
}

function first(a: Case, b: Case): Case {
  return {
    formula: operation('COALESCE', a.formula, b.formula),
    of: (values) => {
      const x = a.of(values)
      return x === null ? b.of(values) : x
    },
  }
}

const { tree } = fc.letrec<{ tree: Case }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom(...Object.keys(EXACT)), tie('tree'), fc.oneof(tie('tree'), number))
      .map(([name, a, b]) => combined(name, a, b)),
    fc.tuple(tie('tree'), fc.oneof(tie('tree'), number)).map(([a, b]) => first(a, b)),
  ),
}))

function textOf(exact: bigint | null): string {
  return exact === null ? 'null' : String(exact)
}

describe('formulas over LONG', () => {
  test('are those of Java, whatever the size', () => {
    fc.assert(
      fc.property(tree, fc.tuple(value, value, value), (one, values) => {
        const facts = factsOf({ aggregates: ['sum', 'sum', 'sum'], columns: [one.formula] })
        const rows = [`[0,${values.map(textOf).join()}]`]
        const exact = one.of(values)
        const expected = exact === 'fails' ? 'unsure' : [`[${textOf(exact)}]`]
        expect(merged(facts, { parts: ['LONG', 'LONG', 'LONG'], client: ['LONG'], rows })).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
  })

  test.each<[string, (a: bigint, b: bigint) => boolean]>([
    ['=', (a, b) => a === b],
    ['<>', (a, b) => a !== b],
    ['<', (a, b) => a < b],
    ['<=', (a, b) => a <= b],
    ['>', (a, b) => a > b],
    ['>=', (a, b) => a >= b],
  ])('are compared by %s, whatever the size', (name, exact) => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const facts = factsOf({
          aggregates: ['sum', 'sum'],
          columns: [operation(name, aggregate(0), aggregate(1))],
        })
        const rows = [`[0,${textOf(a)},${textOf(b)}]`]
        const truth = a === null || b === null ? 'null' : String(exact(a, b))
        expect(merged(facts, { parts: ['LONG', 'LONG'], client: ['BOOLEAN'], rows })).toEqual([`[${truth}]`])
      }),
    )
  })
})

test('whether a formula is computable depends on its use', () => {
  const scope = { aggregates: [{ kind: 'sum', type: 'DOUBLE' }], dimensions: [] } as const
  const cut = operation('CAST BIGINT', aggregate(0))
  expect(isComputable(cut, { ...scope, use: 'column' })).toBe(true)
  expect(isComputable(cut, { ...scope, use: 'having' })).toBe(false)
  expect(isComputable(cut, { ...scope, use: 'order' })).toBe(false)
})
