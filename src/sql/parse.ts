// A query's tokens into our tree: normalise, parse, and check that the parser dropped and moved nothing.
import parserPackage from 'node-sql-parser/build/postgresql.js'
import { convertQuery } from './convert.ts'
import { lex } from './lexer.ts'
import { type Token } from './lexer.ts'
import { normalise, NotUnderstood, type Normalised } from './normalise.ts'
import { type QueryTree, visit } from './tree.ts'

export interface Parsed {
  readonly tree: QueryTree
  readonly normalised: Normalised
}

const parser = new parserPackage.Parser()
const OPTIONS = { database: 'postgresql' }
/** Words that printing adds or takes away. */
const NOISE = new Set(['AS', 'ASC', 'INNER', 'OUTER', ';'])

/** The tree of the query in tokens `start` to `end`. Throws NotUnderstood for whatever it can't vouch for. */
export function parse(tokens: readonly Token[], start: number, end: number): Parsed {
  const normalised = normalise(tokens, start, end)
  const parsed = astOf(normalised.text)
  checkPrinted(normalised.text, parsed)
  const tree = convertQuery(parsed)
  checkSelects(tokens, tree)
  return { tree, normalised }
}

function astOf(text: string): ReturnType<typeof parser.astify> {
  try {
    return parser.astify(text, OPTIONS)
  } catch (error) {
    throw new NotUnderstood('parser', { cause: error })
  }
}

// Printed again, the tree must give the tokens that went in: what the parser dropped or re-ordered shows here.
function checkPrinted(text: string, parsed: ReturnType<typeof parser.astify>): void {
  let printed: string
  try {
    printed = parser.sqlify(parsed, OPTIONS)
  } catch (error) {
    throw new NotUnderstood('print', { cause: error })
  }
  if (significant(text) !== significant(printed)) throw new NotUnderstood('self-check')
}

function significant(text: string): string | undefined {
  return lex(text)
    ?.filter(({ text: token }) => !NOISE.has(token.toUpperCase()))
    .map(({ text: token }) => token)
    .join(' ')
}

// A SELECT that the tree hasn't (in what normalising leaves out) could read a table that the facts haven't.
function checkSelects(tokens: readonly Token[], tree: QueryTree): void {
  let seen = 0
  visit(tree, { select: () => (seen += 1) })
  const written = tokens.filter(
    ({ kind, text }) => kind === 'identifier' && text.toUpperCase() === 'SELECT',
  ).length
  if (seen !== written) throw new NotUnderstood('selects')
}
