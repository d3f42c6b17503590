// Conditions mean what they mean in SQL: random ones against the tree that they were written from, and against
// druid-query-toolkit.
import parserPackage from 'node-sql-parser/build/postgresql.js'
import { expect, test } from 'vitest'
import { convertQuery } from '../../src/sql/convert.ts'
import { lex } from '../../src/sql/lexer.ts'
import { parse } from '../../src/sql/parse.ts'
import { View } from '../../src/sql/view.ts'
import { randomOf } from '../cluster/random.ts'
import { type Condition, randomCondition } from './conditions/generate.ts'
import { ourTree, toolkitTree, treeOf } from './conditions/tree.ts'
import { SEED } from '../support/seed.ts'

/** All of them take minutes: `.ci/run` asks for 100,000. */
const COUNT = Number(process.env['OVATE_CONDITIONS'] ?? 5_000)
const TIMEOUT_MS = 900_000
const DEPTHS = [0, 1, 1, 2, 2, 3] as const

function conditionOf(number: number): Condition {
  return randomCondition(randomOf(SEED + number), DEPTHS[number % DEPTHS.length] ?? 1)
}

test(
  `${COUNT} random conditions have the tree that they were written from, to us and to druid-query-toolkit`,
  () => {
    let characters = 0
    for (let number = 0; number < COUNT; number += 1) {
      const { text, tree } = conditionOf(number)
      characters += text.length
      const read = [SEED + number, text, ourTree(text), toolkitTree(text)]
      expect(read).toEqual([SEED + number, text, tree, tree])
    }
    process.stderr.write(
      `conditions: OVATE_SEED=${SEED}, ${COUNT} of ${Math.round(characters / COUNT)} characters each\n`,
    )
  },
  TIMEOUT_MS,
)

test('a condition means the same as argument of a call, in FILTER, in ON, in HAVING and in CASE', () => {
  for (let number = 0; number < 300; number += 1) {
    const { text, tree } = conditionOf(number)
    const tokens =
      lex(
        `SELECT f('x', ${text}), COUNT(*) FILTER (WHERE ${text}), CASE WHEN ${text} THEN 1 END ` +
          `FROM t JOIN u ON ${text} HAVING ${text}`,
      ) ?? []
    const [select] = parse(new View(tokens), { start: 0, end: tokens.length }).tree.selects
    const [call, filter, chosen] =
      select?.columns.map(({ value }) => ('parts' in value ? value.parts : [])) ?? []
    const places = [call?.[1], filter?.[1], chosen?.[0], select?.conditions[0], select?.having]
    for (const it of places) expect(treeOf(it, tokens)).toEqual(tree)
  }
})

test.each([
  ['NOT (a) = 1', ['NOT', ['=', '"a', '1']]],
  ['NOT NOT (a) + 1 < 2 AND b', ['AND', ['NOT', ['NOT', ['<', ['+', '"a', '1'], '2']]], '"b']],
  ['NOT (a) IS NULL OR NOT (b)', ['OR', ['NOT', ['IS', '"a', 'NULL']], ['NOT', '"b']]],
  ['NOT (a) NOT BETWEEN (1) AND (2) AND b', ['AND', ['NOT', ['NOT BETWEEN', '"a', '1', '2']], '"b']],
  ["a NOT LIKE 'x!%' ESCAPE '!'", ['NOT LIKE', '"a', "'x!%", "'!"]],
])('%s', (text, tree) => {
  expect(ourTree(text)).toEqual(tree)
})

// The reason for all of the above. Should it ever fail, the parser was mended and normalising could do less.
test('node-sql-parser alone reads AND and OR wrongly', () => {
  const sql = `SELECT 's9' FROM "i0" WHERE "i1" = 's1' OR "i2" = 's2' AND "i3" = 's3'`
  const parsed: unknown = new parserPackage.Parser().astify(sql, { database: 'postgresql' })
  const where = convertQuery(parsed).selects[0]?.where
  expect(where?.kind === 'operator' ? where.operator : undefined).toBe('AND')
  expect(ourTree('a = 1 OR b = 2 AND c = 3')).toEqual([
    'OR',
    ['=', '"a', '1'],
    ['AND', ['=', '"b', '2'], ['=', '"c', '3']],
  ])
})
