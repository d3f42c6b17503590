// Texts that Ovate sends on its own account, made from the client's text by cutting and adding, never by re-printing.
import { lex, type Token, upperCase } from './lexer.ts'

/**
 * `EXPLAIN PLAN FOR` of a statement, which plans it and runs nothing. Leading SETs stay in front, because they take part
 * in planning; trailing semicolons are cut, because Druid 33 refuses them.
 */
export function explainSql(statement: string): string {
  const tokens = lex(statement) ?? []
  const { start, end } = bodyOf(tokens)
  const from = tokens[start]?.start ?? 0
  const to = tokens[end - 1]?.end ?? statement.length
  return `${statement.slice(0, from)}EXPLAIN PLAN FOR ${statement.slice(from, to)}`
}

/**
 * A statement whose success shows that the asker may read a datasource: Druid checks rights while it validates, and with
 * LIMIT 0 there is nothing to read.
 */
export function rightsCheckSql(table: string): string {
  return `SELECT 1 FROM "druid"."${table.replaceAll('"', '""')}" LIMIT 0`
}

/** A statement whose plan shows whether a row policy stands over a datasource: with LIMIT 0 there would be none of it. */
export function allRowsCheckSql(table: string): string {
  return `EXPLAIN PLAN FOR SELECT COUNT(*) FROM "druid"."${table.replaceAll('"', '""')}"`
}

/**
 * Whether a text is plainly a read, so that it may be sent twice: told by its first word, since the text may be too long
 * or too odd to be analysed. What isn't plain counts as a write.
 */
export function isRead(statement: string): boolean {
  return READ.test(statement.slice(0, HEAD_LENGTH))
}

/** As much of a text as is looked at for its first word. */
const HEAD_LENGTH = 10_000

/** Blanks, comments, brackets and SETs (whose values may hold semicolons), then a word that begins a query. */
const READ =
  /^(?:\s|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/|\(|SET\s(?:[^;']|'[^']*')*;)*(?:SELECT|WITH|VALUES|EXPLAIN)\b/i

/** Where the statement proper lies among its tokens: after the leading SETs, before trailing semicolons. */
export function bodyOf(tokens: readonly Token[]): { readonly start: number; readonly end: number } {
  let end = tokens.length
  while (end > 0 && isSemicolon(tokens[end - 1])) end -= 1
  let start = 0
  for (let at = 0; at < end && isWord(tokens[start], 'SET'); at += 1) {
    if (isSemicolon(tokens[at])) start = at + 1
  }
  return { start, end }
}

function isSemicolon(token: Token | undefined): boolean {
  return token?.kind === 'operator' && token.text === ';'
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'identifier' && upperCase(token.text) === word
}
