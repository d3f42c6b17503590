// Our own tree of a query. Leaves are numbers of tokens, so that whoever finds something can point into the client's text.

export type Expression =
  /** `at` is the first token of a name with its dots; a star behind it reads all columns. */
  | { readonly kind: 'name'; readonly at: number }
  | { readonly kind: 'star' }
  /** A string, number or `?`. */
  | { readonly kind: 'literal'; readonly at: number }
  | { readonly kind: 'interval'; readonly at: number }
  | { readonly kind: 'now'; readonly at: number }
  | { readonly kind: 'constant'; readonly value: string }
  /** What a keyword became: `#type12`, `#unit12`, `#DISTINCT` … */
  | { readonly kind: 'marker'; readonly text: string }
  /** `at` is the token of the function's name; for what only normalising made a call, `name` starts with two underscores. */
  | {
      readonly kind: 'call'
      readonly at: number
      readonly name: string
      readonly parts: readonly Expression[]
    }
  /** `AND`, `=`, `NOT`, `BETWEEN`, `IN` … and CASE, each with its operands in order; CASE OF begins with what is compared. */
  | { readonly kind: 'operator'; readonly operator: string; readonly parts: readonly Expression[] }
  | { readonly kind: 'list'; readonly parts: readonly Expression[] }
  | { readonly kind: 'query'; readonly query: QueryTree }

export type Source =
  | { readonly kind: 'table'; readonly at: number; readonly alias: number | undefined }
  | { readonly kind: 'query'; readonly query: QueryTree; readonly alias: number | undefined }
  | { readonly kind: 'call'; readonly call: Expression; readonly alias: number | undefined }
  | { readonly kind: 'join'; readonly sources: readonly Source[] }

export interface Column {
  readonly value: Expression
  readonly alias: number | undefined
}

export interface OrderTerm {
  readonly value: Expression
  readonly descending: boolean
}

export interface SelectTree {
  readonly columns: readonly Column[]
  readonly sources: readonly Source[]
  readonly where: Expression | undefined
  /** Conditions of joins, those of brackets in FROM too. */
  readonly conditions: readonly Expression[]
  readonly groupBy: readonly Expression[]
  readonly having: Expression | undefined
  readonly orderBy: readonly OrderTerm[]
  readonly distinct: boolean
  /** LIMIT, OFFSET or FETCH. */
  readonly limited: boolean
}

/** All expressions of a SELECT behind its columns and WHERE. */
export function restOf({ conditions, groupBy, having, orderBy }: SelectTree): readonly Expression[] {
  return [
    ...conditions,
    ...groupBy,
    ...(having === undefined ? [] : [having]),
    ...orderBy.map(({ value }) => value),
  ]
}

/** A query: the SELECTs that UNION, INTERSECT or EXCEPT join, and the WITH that they share. */
export interface QueryTree {
  readonly withs: readonly { readonly at: number; readonly query: QueryTree }[]
  readonly selects: readonly SelectTree[]
}

/** Every expression and every SELECT of a query is shown to `see`, those of queries inside it too. */
export function visit(
  query: QueryTree,
  see: { readonly expression?: (it: Expression) => void; readonly select?: (it: SelectTree) => void },
): void {
  for (const { query: inner } of query.withs) visit(inner, see)
  for (const select of query.selects) {
    see.select?.(select)
    for (const { value } of select.columns) visitExpression(value, see)
    for (const source of select.sources) visitSource(source, see)
    if (select.where !== undefined) visitExpression(select.where, see)
    for (const expression of restOf(select)) visitExpression(expression, see)
  }
}

type Visitor = Parameters<typeof visit>[1]

function visitSource(source: Source, see: Visitor): void {
  if (source.kind === 'query') visit(source.query, see)
  if (source.kind === 'call') visitExpression(source.call, see)
  if (source.kind === 'join') for (const inner of source.sources) visitSource(inner, see)
}

function visitExpression(expression: Expression, see: Visitor): void {
  see.expression?.(expression)
  if (expression.kind === 'query') visit(expression.query, see)
  if ('parts' in expression) for (const part of expression.parts) visitExpression(part, see)
}
