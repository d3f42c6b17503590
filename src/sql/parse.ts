// A query's tokens into our tree: normalise, parse, and check that the parser dropped and moved nothing.
import { LRUCache } from 'lru-cache'
import parserPackage from 'node-sql-parser/build/postgresql.js'
import { convertQuery } from './convert.ts'
import { parseCost } from './cost.ts'
import { lex, upperCase } from './lexer.ts'
import { normalise, type Normalised } from './normalise.ts'
import { NotUnderstood, type View } from './view.ts'
import { type QueryTree, visit } from './tree.ts'

export interface Parsed {
  readonly tree: QueryTree
  readonly normalised: Normalised
}

const parser = new parserPackage.Parser()
const OPTIONS = { database: 'postgresql' }
/** Words that printing adds or takes away. */
const NOISE = new Set(['AS', 'ASC', 'INNER', 'OUTER', ';'])

/**
 * Limits to what the parser gets, because it takes its time in one go: 24,000 characters are about 100 ms, and its time
 * grows with the square of the number of joins, unions and WITHs (3,000 joins: half a minute, 5.4.0).
 */
const PARSED_LENGTH_MAX = 24_000
const CLAUSES_MAX = 100
const COST_MAX = 20_000
/**
 * Trees by the text that they were parsed from: literals and names are but token numbers there, so that statements which
 * differ in those alone have one tree. A node takes about as much as its text does twenty times over.
 */
const TREES_MAX_CHARACTERS = 1_000_000
const trees = new LRUCache<string, QueryTree>({
  maxSize: TREES_MAX_CHARACTERS,
  sizeCalculation: (_, text) => text.length,
})
const SELECT = new Set(['SELECT'])
const SET_OPERATORS = new Set(['UNION', 'INTERSECT', 'EXCEPT', 'ALL', 'DISTINCT'])
const CLAUSES = new Set(['SELECT', 'JOIN'])

/** Thrown inside this folder for a text within the length limit that would still take too long. */
export class TooLong extends Error {}

/** The tree of the query in tokens `start` to `end`. Throws NotUnderstood for whatever it can't vouch for, TooLong. */
export function parse(view: View, { start, end }: { readonly start: number; readonly end: number }): Parsed {
  if (countWords(view, CLAUSES) > CLAUSES_MAX) throw new TooLong()
  if (parseCost(view, start, end) > COST_MAX) throw new TooLong()
  checkWiths(view)
  const normalised = normalise(view, start, end)
  if (normalised.text.length > PARSED_LENGTH_MAX) throw new TooLong()
  const tree = trees.get(normalised.text) ?? treeOf(normalised.text)
  checkSelects(view, tree)
  return { tree, normalised }
}

function treeOf(text: string): QueryTree {
  const parsed = astOf(text)
  checkPrinted(text, parsed)
  const tree = convertQuery(parsed)
  trees.set(text, tree)
  return tree
}

// `(WITH a … SELECT …) UNION ALL SELECT …`: the parser's tree doesn't tell whether the other part sees `a`.
function checkWiths(view: View): void {
  for (const [at, word] of view.words.entries()) {
    if (word !== 'WITH') continue
    let open = at - 1
    while (
      view.word(open) === '(' &&
      view.word(open - 1) === '(' &&
      view.close(open - 1) === view.close(open) + 1
    ) {
      open -= 1
    }
    const before = view.word(view.word(open) === '(' ? open - 1 : open)
    const behind = view.word(open) === '(' ? view.word(view.close(open) + 1) : ''
    if (SET_OPERATORS.has(before) || SET_OPERATORS.has(behind)) throw new NotUnderstood('with inside a union')
  }
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
    ?.filter(({ text: token }) => !NOISE.has(upperCase(token)))
    .map(({ text: token }) => token)
    .join(' ')
}

// A SELECT that the tree hasn't (in what normalising leaves out) could read a table that the facts haven't.
function checkSelects(view: View, tree: QueryTree): void {
  let seen = 0
  visit(tree, { select: () => (seen += 1) })
  if (seen !== countWords(view, SELECT)) throw new NotUnderstood('selects')
}

function countWords({ tokens, words }: View, wanted: ReadonlySet<string>): number {
  return words.filter((word, at) => tokens[at]?.kind === 'identifier' && wanted.has(word ?? '')).length
}
