// A chain of SELECTs in which each reads the one inside, down to one table.
import { type Clauses, clausesOf, type TokenRange } from './clauses.ts'
import { holdsAggregate } from './formulas.ts'
import { pathAt } from './names.ts'
import { type Reader } from './reader.ts'
import { type Expression, type QueryTree, restOf, type SelectTree, visit } from './tree.ts'
import { type View } from './view.ts'

/** One SELECT of a chain in which each reads the one inside. */
export interface Level {
  readonly select: SelectTree
  readonly clauses: Clauses
}

/** From the outermost SELECT to the one that reads the table; undefined where there is more than such a chain. */
export function levelsOf(view: View, tree: QueryTree, range: TokenRange): readonly Level[] | undefined {
  let count = 0
  visit(tree, { select: () => (count += 1) })
  const levels: Level[] = []
  let [query, where]: [QueryTree, TokenRange] = [tree, range]
  for (;;) {
    const [select] = query.selects
    if (query.withs.length > 0 || query.selects.length !== 1 || select?.sources.length !== 1) return undefined
    const clauses = clausesOf(view, where)
    levels.push({ select, clauses })
    const [source] = select.sources
    if (source?.kind === 'table') return levels.length === count ? levels : undefined
    if (source?.kind !== 'query') return undefined
    query = source.query
    where = { start: clauses.from.start, end: view.close(clauses.from.start) + 1 }
  }
}

/** HAVING alone groups, too: `GROUP BY ()` leaves no trace in the tree. */
export function isGrouping({ select, clauses }: Level, reader: Reader): boolean {
  if (clauses.groupBy.start < clauses.groupBy.end || select.having !== undefined) return true
  return select.columns.some(({ value }) => holdsAggregate(value, reader))
}

export function usesWindow(levels: readonly Level[]): boolean {
  const isOver = (it: Expression): boolean =>
    (it.kind === 'call' && it.name === '__over') || ('parts' in it && it.parts.some(isOver))
  return levels.some(({ select }) =>
    [...select.columns.map(({ value }) => value), ...restOf(select)].some(isOver),
  )
}

/** `SELECT * FROM (…)` with an order and a limit at most. */
export function isWrapper({ select }: Level): boolean {
  const { columns, where, conditions, groupBy, having, distinct } = select
  const isStar = columns.length === 1 && columns[0]?.value.kind === 'star'
  const isPlain = where === undefined && conditions.length === 0 && groupBy.length === 0 && !distinct
  return isStar && isPlain && having === undefined
}

export function isCut({ select }: Level): boolean {
  return select.orderBy.length > 0 || select.limited
}

/** `SELECT *` or columns under their own names, of every row that WHERE lets through. */
export function isPlainSelection({ select }: Level, { tokens }: View): boolean {
  const own = select.columns.every(({ value, alias }) => {
    if (value.kind === 'star') return true
    if (value.kind !== 'name') return false
    return alias === undefined || tokens[alias]?.value === pathAt(tokens, value.at).at(-1)
  })
  return own && restOf(select).length === 0 && !select.distinct && !select.limited
}

/** Whether a plain selection has `__time` among its columns. */
export function passesTime({ select }: Level, { tokens }: View): boolean {
  return select.columns.some(
    ({ value }) =>
      value.kind === 'star' || (value.kind === 'name' && pathAt(tokens, value.at).at(-1) === '__time'),
  )
}
