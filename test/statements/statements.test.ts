// The list of statements is sound in itself; test/cluster/statements.cluster.ts asks a real Druid.
import { expect, test } from 'vitest'
import { lex } from '../../src/sql/lexer.ts'
import { allStatements } from './all.ts'

const ENDS = [Date.parse('2026-11-25T00:00:00Z'), Date.parse('2027-03-01T00:00:00Z')]
const statements = allStatements(ENDS[0]!)

test('there are more than 180', () => {
  expect(statements.length).toBeGreaterThan(180)
})

test('each has an id of its own that begins with its tool', () => {
  expect(new Set(statements.map(({ id }) => id)).size).toBe(statements.length)
  for (const { id, tool } of statements) expect(id).toMatch(new RegExp(`^${tool}-\\d{3}$`))
})

test('ids do not depend on the day', () => {
  const [one, other] = ENDS.map((end) => allStatements(end).map(({ id, tool, what }) => [id, tool, what]))
  expect(one).toEqual(other)
})

test('none is there twice, white space aside', () => {
  const texts = new Map<string, string>()
  for (const { id, tool, sql, parameters, context } of statements) {
    const text = JSON.stringify([sql.replaceAll(/\s+/g, ' ').trim(), parameters, context])
    // What tools send on connecting is the same for many.
    const key = /FROM (?!INFORMATION_SCHEMA)/i.test(sql) ? text : `${tool} ${text}`
    expect([id, texts.get(key)]).toEqual([id, undefined])
    texts.set(key, id)
  }
})

test.each(statements)('$id can be read by the lexer', ({ sql }) => {
  expect(lex(sql)?.length).toBeGreaterThan(1)
})
