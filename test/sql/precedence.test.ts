// AND, OR and NOT mean what they mean in SQL: random conditions against the generator and against druid-query-toolkit.
import { SqlColumn, SqlExpression, SqlMulti, SqlUnary, type SqlBase } from 'druid-query-toolkit'
import fc from 'fast-check'
import parserPackage from 'node-sql-parser/build/postgresql.js'
import { expect, test } from 'vitest'
import { convertQuery } from '../../src/sql/convert.ts'
import { lex, type Token } from '../../src/sql/lexer.ts'
import { parse } from '../../src/sql/parse.ts'
import { type Expression } from '../../src/sql/tree.ts'
import { View } from '../../src/sql/view.ts'

const RUNS = Number(process.env['OVATE_PRECEDENCE_RUNS'] ?? 20_000)
const TIMEOUT_MS = 300_000

/** What a condition means: a column's name for a comparison, NOT, or AND and OR with their runs flattened. */
type Meaning = string | readonly [string, ...Meaning[]]

interface Condition {
  readonly text: string
  readonly meaning: Meaning
  /** 4 for a comparison, 3 for NOT, 2 for AND, 1 for OR. */
  readonly strength: number
}

const LEAVES: readonly ((column: string) => string)[] = [
  (column) => `${column} = 9`,
  (column) => `${column} <> 'a AND b OR c'`,
  (column) => `${column} BETWEEN 1 AND 2`,
  (column) => `${column} NOT BETWEEN 'x' AND 'y'`,
  (column) => `${column} IN (1, 2)`,
  (column) => `${column} LIKE 'x%'`,
  (column) => `${column} IS NOT NULL`,
  (column) => `${column} >= TIMESTAMP '2024-01-01 00:00:00'`,
  (column) => `CASE WHEN ${column} = 1 OR 2 = 3 AND 4 = 5 THEN 1 ELSE 0 END = 1`,
  (column) => `${column} + 1 < 2`,
  (column) => `LOWER(${column}) = 'x'`,
]

const leaf = fc
  .tuple(fc.constantFrom(...LEAVES), fc.integer({ min: 0, max: 99 }))
  .map(([write, number]): Condition => {
    const column = `c${number}`
    return { text: write(column), meaning: column, strength: 4 }
  })

const { condition } = fc.letrec<{ condition: Condition; not: Condition; join: Condition }>((tie) => ({
  condition: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, tie('not'), tie('join'), tie('join')),
  not: tie('condition').map((inner) => ({
    text: `NOT ${inner.strength < 3 ? `(${inner.text})` : inner.text}`,
    meaning: ['NOT', inner.meaning],
    strength: 3,
  })),
  join: fc
    .record({
      operator: fc.constantFrom('AND', 'OR'),
      parts: fc.array(fc.tuple(tie('condition'), fc.boolean()), { minLength: 2, maxLength: 4 }),
    })
    .map(({ operator, parts }) => joined(operator, parts)),
}))

function joined(operator: string, parts: readonly (readonly [Condition, boolean])[]): Condition {
  const strength = operator === 'AND' ? 2 : 1
  const texts = parts.map(([part, brackets]) =>
    part.strength < strength || brackets ? `(${part.text})` : part.text,
  )
  return {
    text: texts.join(` ${operator} `),
    meaning: flat(
      operator,
      parts.map(([part]) => part.meaning),
    ),
    strength,
  }
}

function flat(operator: string, parts: readonly Meaning[]): Meaning {
  const same = (part: Meaning): readonly Meaning[] =>
    typeof part !== 'string' && part[0] === operator ? (part.slice(1) as Meaning[]) : [part]
  return [operator, ...parts.flatMap(same)]
}

function ours(sql: string): Meaning {
  const tokens = lex(sql) ?? []
  return meaningOf(parse(new View(tokens), { start: 0, end: tokens.length }).tree.selects[0]?.where, tokens)
}

function meaningOf(it: Expression | undefined, tokens: readonly Token[]): Meaning {
  if (it === undefined) throw new Error('no condition')
  if (it.kind === 'operator') {
    if (it.operator === 'NOT') return ['NOT', meaningOf(it.parts[0], tokens)]
    if (it.operator === 'AND' || it.operator === 'OR')
      return flat(
        it.operator,
        it.parts.map((part) => meaningOf(part, tokens)),
      )
  }
  return firstColumn(it, tokens) ?? 'none'
}

function firstColumn(it: Expression, tokens: readonly Token[]): string | undefined {
  if (it.kind === 'name') return tokens[it.at]?.text
  return 'parts' in it
    ? it.parts.map((part) => firstColumn(part, tokens)).find((name) => name !== undefined)
    : undefined
}

function toolkits(it: SqlBase): Meaning {
  if (it instanceof SqlUnary && it.op.toUpperCase() === 'NOT') return ['NOT', toolkits(it.argument)]
  if (it instanceof SqlMulti && (it.op === 'AND' || it.op === 'OR'))
    return flat(it.op, it.args.values.map(toolkits))
  const [column] = it.collect((part) => part instanceof SqlColumn)
  return column instanceof SqlColumn ? column.getName() : 'none'
}

test(
  `${RUNS} random conditions mean what was generated, and what druid-query-toolkit reads`,
  () => {
    fc.assert(
      fc.property(condition, ({ text, meaning }) => {
        const read = JSON.stringify(ours(`SELECT 1 FROM t WHERE ${text}`))
        expect(read).toBe(JSON.stringify(meaning))
        expect(read).toBe(JSON.stringify(toolkits(SqlExpression.parse(text))))
      }),
      { numRuns: RUNS },
    )
  },
  TIMEOUT_MS,
)

test('a condition means the same as argument of a call, in ON, in HAVING and in CASE', () => {
  fc.assert(
    fc.property(condition, ({ text, meaning }) => {
      const tokens =
        lex(`SELECT f('x', ${text}), COUNT(*) FILTER (WHERE ${text}) FROM t HAVING ${text}`) ?? []
      const [select] = parse(new View(tokens), { start: 0, end: tokens.length }).tree.selects
      const [call, filter] =
        select?.columns.map(({ value }) => ('parts' in value ? value.parts[1] : undefined)) ?? []
      for (const it of [call, filter, select?.having]) expect(meaningOf(it, tokens)).toEqual(meaning)
    }),
    { numRuns: 300 },
  )
})

// The reason for all of the above. Should it ever fail, the parser was mended and normalising could do less.
test('node-sql-parser alone reads AND and OR wrongly', () => {
  const sql = `SELECT 's9' FROM "i0" WHERE "i1" = 's1' OR "i2" = 's2' AND "i3" = 's3'`
  const parsed: unknown = new parserPackage.Parser().astify(sql, { database: 'postgresql' })
  const where = convertQuery(parsed).selects[0]?.where
  expect(where?.kind === 'operator' ? where.operator : undefined).toBe('AND')
  expect(ours('SELECT 1 FROM t WHERE a = 1 OR b = 2 AND c = 3')).toEqual(['OR', 'a', ['AND', 'b', 'c']])
})
