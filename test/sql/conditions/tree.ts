// One form for the trees of three sources: the generator's, ours, and that of druid-query-toolkit.
import {
  type SqlBase,
  SqlBetweenPart,
  SqlCase,
  SqlColumn,
  SqlComparison,
  SqlExpression,
  SqlFunction,
  SqlLikePart,
  SqlLiteral,
  SqlMulti,
  SqlRecord,
  SqlType,
  SqlUnary,
} from 'druid-query-toolkit'
import { lex, type Token } from '../../../src/sql/lexer.ts'
import { pathAt } from '../../../src/sql/names.ts'
import { parse } from '../../../src/sql/parse.ts'
import { type Expression } from '../../../src/sql/tree.ts'
import { View } from '../../../src/sql/view.ts'

/**
 * A column with one `"` before it, a text with one `'`, numbers and words as they are; an operator or a call with its parts.
 * Runs of AND and of OR are flattened.
 */
export type Tree = string | readonly [string, ...Tree[]]

/** A run of one operator: runs of the same in it are part of it. */
export function flat(operator: string, parts: readonly Tree[]): Tree {
  const same = (part: Tree): readonly Tree[] => {
    if (typeof part === 'string' || part[0] !== operator) return [part]
    const [, ...inner] = part
    return inner
  }
  return [operator, ...parts.flatMap(same)]
}

/** How `src/sql` reads a condition. */
export function ourTree(condition: string): Tree {
  const tokens = lex(`SELECT 1 FROM t WHERE ${condition}`) ?? []
  const { tree } = parse(new View(tokens), { start: 0, end: tokens.length })
  return treeOf(tree.selects[0]?.where, tokens)
}

/** An expression of ours. */
export function treeOf(it: Expression | undefined, tokens: readonly Token[]): Tree {
  if (it === undefined) throw new Error('nothing was read')
  const partsOf = (parts: readonly Expression[]): Tree[] => parts.map((part) => treeOf(part, tokens))
  switch (it.kind) {
    case 'name':
      return `"${pathAt(tokens, it.at).join('.')}`
    case 'literal':
      return literalAt(tokens, it.at)
    case 'now':
      return [tokens[it.at]?.text.toUpperCase() ?? '']
    case 'constant':
      return it.value
    case 'marker':
      return wordOf(it.text, tokens)
    case 'list':
      return ['list', ...listParts(it.parts, tokens)]
    case 'call':
      return [
        it.at < 0 ? it.name.slice('__'.length) : (tokens[it.at]?.text.toUpperCase() ?? ''),
        ...callParts(it.parts, tokens),
      ]
    case 'operator':
      return it.operator === 'AND' || it.operator === 'OR'
        ? flat(it.operator, partsOf(it.parts))
        : [it.operator, ...partsOf(it.parts)]
    case 'star':
    case 'interval':
    case 'query':
      throw new Error(`a ${it.kind} was not written`)
  }
}

function literalAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at]
  return token?.kind === 'string' ? `'${token.value}` : (token?.text ?? '')
}

/** `#type12` and `#unit12` stand for a word of the text, `#BOTH` for itself. */
function wordOf(marker: string, tokens: readonly Token[]): string {
  const at = /^#(?:type|unit)(\d+)$/.exec(marker)?.[1]
  return at === undefined ? marker.slice(1) : (tokens[Number(at)]?.text.toUpperCase() ?? '')
}

/** Units before FROM are names to us. */
function callParts(parts: readonly Expression[], tokens: readonly Token[]): Tree[] {
  return parts.map((part) => {
    const tree = treeOf(part, tokens)
    return part.kind === 'name' && tokens[part.at]?.text.toUpperCase() === 'DAY' ? 'DAY' : tree
  })
}

/** A list of nothing but literals is left in the text: `#list12`, where its bracket is. */
function listParts(parts: readonly Expression[], tokens: readonly Token[]): Tree[] {
  return parts.flatMap((part) => {
    const word = part.kind === 'marker' ? /^#list(\d+)$/.exec(part.text)?.[1] : undefined
    if (word === undefined) return [treeOf(part, tokens)]
    const from = Number(word) + 2
    const close = tokens.findIndex(({ text }, at) => at >= from && text === ')')
    return tokens.slice(from, close).flatMap(({ text }, index): Tree[] => {
      if (text === ',' || text === '-') return []
      const literal = literalAt(tokens, from + index)
      return [tokens[from + index - 1]?.text === '-' ? ['-', literal] : literal]
    })
  })
}

/** How druid-query-toolkit reads a condition. */
export function toolkitTree(condition: string): Tree {
  return readBy(SqlExpression.parse(condition))
}

function readBy(it: SqlBase): Tree {
  if (it instanceof SqlColumn) return `"${[it.getTableName(), it.getName()].filter(Boolean).join('.')}`
  if (it instanceof SqlLiteral) return literalBy(it)
  if (it instanceof SqlType) return it.value.toUpperCase()
  if (it instanceof SqlUnary) return [it.op, readBy(it.argument)]
  if (it instanceof SqlMulti) return multiBy(it)
  if (it instanceof SqlComparison) return comparisonBy(it)
  if (it instanceof SqlCase) return caseBy(it)
  if (it instanceof SqlRecord) return ['list', ...(it.expressions?.values ?? []).map(readBy)]
  if (it instanceof SqlFunction) {
    const decorator = it.getEffectiveDecorator()
    const args = it.getArgArray().map(readBy)
    return [it.getEffectiveFunctionName(), ...(decorator === undefined ? [] : [decorator]), ...args]
  }
  throw new Error(`a ${it.constructor.name} was not written`)
}

function literalBy({ value, stringValue = '', keywords }: SqlLiteral): Tree {
  if (value instanceof Date)
    return [String(keywords['timestamp']).toUpperCase(), `'${stringValue.slice(1, -1)}`]
  if (stringValue.startsWith("'")) return `'${String(value)}`
  if (stringValue.startsWith('-')) return ['-', stringValue.slice(1)]
  return stringValue.toUpperCase()
}

// Its other operators it holds as runs, which are read from the left.
function multiBy({ op, args }: SqlMulti): Tree {
  const parts = args.values.map(readBy)
  if (op === 'AND' || op === 'OR') return flat(op, parts)
  return parts.reduce((left, right) => [op, left, right])
}

function comparisonBy({ op, lhs, rhs }: SqlComparison): Tree {
  if (rhs instanceof SqlBetweenPart) return [op, readBy(lhs), readBy(rhs.start), readBy(rhs.end)]
  if (rhs instanceof SqlLikePart) {
    // Its types say that there always is one.
    const parts: readonly (SqlBase | undefined)[] = [lhs, rhs.like, rhs.escape]
    return [op, ...parts.filter((part) => part !== undefined).map(readBy)]
  }
  return [op, readBy(lhs), readBy(rhs)]
}

function caseBy({ caseExpression, whenThenParts, elseExpression }: SqlCase): Tree {
  const branches = whenThenParts.values.flatMap(({ whenExpressions, thenExpression }) => [
    ...whenExpressions.values,
    thenExpression,
  ])
  const parts = [caseExpression, ...branches, elseExpression].filter((part) => part !== undefined)
  return [caseExpression === undefined ? 'CASE' : 'CASE OF', ...parts.map(readBy)]
}
