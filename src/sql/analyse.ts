// What a statement asks and reads, for `plan`: bounded work, and `unknown` wherever it isn't certain.
import { type Analysis, type Facts, type SetOption, type Unknown } from '../plan/facts.ts'
import { spell, type Spelling } from './canonical.ts'
import { type ChainFacts, chainFacts } from './chain.ts'
import { lex, type Token, upperCase } from './lexer.ts'
import { lookupsOf, namesOf } from './names.ts'
import { nowUse } from './now.ts'
import { setOptions } from './options.ts'
import { parse, TooLong } from './parse.ts'
import { bodyOf } from './statements.ts'
import { NotUnderstood, View } from './view.ts'
import { VOLATILE_FUNCTIONS } from './words.ts'

export interface AnalyseOptions {
  /** `sqlTimeZone` of the context as text, undefined where there is none. */
  readonly timeZone: string | undefined
  /** Texts longer than this many characters are not analysed. */
  readonly maxLength: number
  /** Nor are texts with brackets nested deeper than this. */
  readonly maxDepth: number
}

const DML = new Set(['INSERT', 'REPLACE'])
const QUERY = new Set(['SELECT', 'WITH', 'VALUES'])
/** The facts of a statement, or why it has none. Never throws for any text. */
export function analyse(sql: string, options: AnalyseOptions): Analysis {
  if (sql.length > options.maxLength) return unknown('sql-too-long')
  const tokens = lex(sql)
  if (tokens === undefined) return unknown('sql-not-understood')
  if (depthOf(tokens) > options.maxDepth) return unknown('sql-too-deep')
  try {
    return { kind: 'facts', facts: factsOf(tokens, options) }
  } catch (error) {
    if (error instanceof NotUnderstood) return unknown('sql-not-understood')
    if (error instanceof TooLong) return unknown('sql-too-long')
    // A long chain of operators nests without brackets: the stack is at its end.
    if (error instanceof RangeError) return unknown('sql-too-deep')
    throw error
  }
}

function unknown(reason: Unknown): Analysis {
  return { kind: 'unknown', reason }
}

function depthOf(tokens: readonly Token[]): number {
  let depth = 0
  let deepest = 0
  for (const { kind, text } of tokens) {
    if (kind !== 'operator') continue
    if (text === '(' || text === '[' || text === '{') depth += 1
    if (text === ')' || text === ']' || text === '}') depth -= 1
    if (depth > deepest) deepest = depth
  }
  return deepest
}

function factsOf(tokens: readonly Token[], { timeZone }: AnalyseOptions): Facts {
  const view = new View(tokens)
  const { words } = view
  const range = bodyOf(tokens)
  const options = setOptions(tokens.slice(0, range.start))
  const kind = kindOf(words, range)
  if (kind !== 'select' || words[range.start] === 'VALUES') return unread(kind, view, range, options)
  // A hint may change what is computed, and what stands behind a `;` would be a second statement.
  if (tokens.some(({ kind: token }) => token === 'hint')) throw new NotUnderstood('hint')
  if (words.slice(range.start, range.end).includes(';')) throw new NotUnderstood(';')
  const { tree, normalised } = parse(view, range)
  const names = namesOf(tree, tokens)
  const isOneTable = names.tables.size === 1 && !names.systemTables && !names.external
  const reader = { view, zone: zoneOf(options, timeZone) }
  return {
    kind,
    options,
    tables: [...names.tables].toSorted(),
    lookups: [...new Set([...names.lookups, ...lookupsOf(tree, tokens)])].toSorted(),
    systemTables: names.systemTables,
    external: names.external,
    volatile: volatileIn(tokens, range),
    now: nowUse(tree, tokens, range),
    parameters: countParameters(tokens),
    ...ended(spell(view, range, normalised), tokens.length - range.end),
    ...(isOneTable ? chainFacts(reader, { tree, normalised, range }) : SEVERAL_TABLES),
  }
}

const SEVERAL_TABLES: ChainFacts = { bounds: undefined, grouped: 'several-tables' }

type Range = ReturnType<typeof bodyOf>

// Druid 33 refuses a statement with a semicolon behind it: that is not the same statement.
function ended({ canonical, form }: Spelling, semicolons: number): Spelling {
  return { canonical: canonical + ' ;'.repeat(semicolons), form }
}

function kindOf(words: View['words'], { start, end }: Range): Facts['kind'] {
  const first = words.slice(start, end).find((word) => word !== '(') ?? ''
  if (first === 'EXPLAIN') return 'explain'
  if (DML.has(first)) return 'dml'
  return QUERY.has(first) ? 'select' : 'other'
}

/** Facts of what isn't parsed because it is never kept: EXPLAIN, INSERT, a bare VALUES … */
function unread(kind: Facts['kind'], view: View, range: Range, options: readonly SetOption[]): Facts {
  const none = new Set<number>()
  return {
    kind,
    options,
    tables: [],
    lookups: [],
    systemTables: false,
    external: false,
    volatile: [],
    now: { kind: 'used', distancesMs: null },
    parameters: countParameters(view.tokens),
    ...spell(view, range, { functions: none, keywords: none }),
    bounds: undefined,
    grouped: 'not-grouped',
  }
}

function zoneOf(options: readonly SetOption[], timeZone: string | undefined): string {
  const set = options.findLast(({ name }) => name === 'sqlTimeZone')
  return set === undefined ? (timeZone ?? 'UTC') : String(JSON.parse(set.literal))
}

function volatileIn(tokens: readonly Token[], { start, end }: Range): readonly string[] {
  const found = new Set<string>()
  for (let at = start; at < end; at += 1) {
    const token = tokens[at]
    const word = token?.kind === 'identifier' || token?.kind === 'quoted' ? upperCase(token.value) : ''
    if (tokens[at + 1]?.text === '(' && VOLATILE_FUNCTIONS.has(word)) found.add(word)
  }
  return [...found].toSorted()
}

function countParameters(tokens: readonly Token[]): number {
  return tokens.filter(({ kind }) => kind === 'parameter').length
}
