// What a query reads: datasources, lookups, system tables and what is none of these.
import { type Token, upperCase } from './lexer.ts'
import { NotUnderstood } from './view.ts'
import { type Expression, type QueryTree, restOf, type Source, visit } from './tree.ts'

export interface Names {
  readonly tables: Set<string>
  readonly lookups: Set<string>
  systemTables: boolean
  external: boolean
}

const SYSTEM = new Set(['SYS', 'INFORMATION_SCHEMA'])
/** Calls in FROM that read nothing of their own. */
const INLINE = new Set(['UNNEST', '__VALUES'])

/** What the FROMs of a query and of all queries in it name. A name of WITH hides a datasource where it is in scope. */
export function namesOf(tree: QueryTree, tokens: readonly Token[]): Names {
  const names: Names = { tables: new Set(), lookups: new Set(), systemTables: false, external: false }
  collect(tree, new Set(), { tokens, names })
  return names
}

/** The parts of a name with dots that starts at a token. */
export function pathAt(tokens: readonly Token[], at: number): readonly string[] {
  const parts = [tokens[at]?.value ?? '']
  for (let next = at + 2; tokens[next - 1]?.text === '.' && isName(tokens[next]); next += 2) {
    parts.push(tokens[next]?.value ?? '')
  }
  return parts
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'identifier' || token?.kind === 'quoted'
}

interface Search {
  readonly tokens: readonly Token[]
  readonly names: Names
}

function collect(tree: QueryTree, outer: ReadonlySet<string>, search: Search): void {
  const hidden = new Set(outer)
  for (const { at, query } of tree.withs) {
    collect(query, hidden, search)
    hidden.add(search.tokens[at]?.value ?? '')
  }
  for (const select of tree.selects) {
    for (const source of select.sources) collectSource(source, hidden, search)
    const expressions = [...select.columns.map(({ value }) => value), ...restOf(select)]
    if (select.where !== undefined) expressions.push(select.where)
    for (const expression of expressions) collectExpression(expression, hidden, search)
  }
}

function collectExpression(expression: Expression, hidden: ReadonlySet<string>, search: Search): void {
  if (expression.kind === 'query') collect(expression.query, hidden, search)
  if ('parts' in expression) for (const part of expression.parts) collectExpression(part, hidden, search)
}

function collectSource(source: Source, hidden: ReadonlySet<string>, search: Search): void {
  switch (source.kind) {
    case 'table':
      addTable(pathAt(search.tokens, source.at), hidden, search.names)
      break
    case 'query':
      collect(source.query, hidden, search)
      break
    case 'join':
      for (const inner of source.sources) collectSource(inner, hidden, search)
      break
    case 'call':
      addCall(source.call, search)
      collectExpression(source.call, hidden, search)
  }
}

// The default schema is `druid`; `view` and any other has what isn't a datasource (druid-docs, sql.md "FROM").
function addTable(path: readonly string[], hidden: ReadonlySet<string>, names: Names): void {
  const [first = '', second = ''] = path
  if (path.length === 1) {
    if (!hidden.has(first)) names.tables.add(first)
  } else if (SYSTEM.has(upperCase(first))) names.systemTables = true
  else if (path.length === 2 && first === 'druid') names.tables.add(second)
  else if (path.length === 2 && first === 'lookup') names.lookups.add(second)
  else names.external = true
}

function addCall(call: Expression, { tokens, names }: Search): void {
  if (call.kind !== 'call') throw new NotUnderstood('source')
  const name = upperCase(call.at < 0 ? call.name : (tokens[call.at]?.value ?? ''))
  if (INLINE.has(name)) return
  const literals = call.parts.map((part) => (part.kind === 'literal' ? tokens[part.at] : undefined))
  if (name === 'APPEND' && literals.length > 0 && literals.every((token) => token?.kind === 'string')) {
    for (const token of literals) addTable([token?.value ?? ''], new Set(), names)
  } else names.external = true
}

/** The names that LOOKUP is called with; '*' for one that isn't a literal alone, or whose call the tree hasn't. */
export function lookupsOf(tree: QueryTree, tokens: readonly Token[]): ReadonlySet<string> {
  const found = new Set<string>()
  let unseen = tokens.filter((_, at) => isLookup(tokens, at)).length
  visit(tree, {
    expression: (it) => {
      if (it.kind !== 'call' || !isLookup(tokens, it.at)) return
      unseen -= 1
      const [, name] = it.parts
      const token = name?.kind === 'literal' ? tokens[name.at] : undefined
      found.add(token?.kind === 'string' ? token.value : '*')
    },
  })
  return unseen === 0 ? found : found.add('*')
}

function isLookup(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]
  return isName(token) && upperCase(token?.value ?? '') === 'LOOKUP' && tokens[at + 1]?.text === '('
}
