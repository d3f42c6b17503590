// A chain of SELECTs in which each reads the one inside, by brackets in FROM or by a name of WITH, down to one table.
import { type Clauses, clausesOf, type TokenRange } from './clauses.ts'
import { holdsAggregate } from './formulas.ts'
import { pathAt } from './names.ts'
import { type Reader } from './reader.ts'
import { type Expression, type QueryTree, restOf, type SelectTree, type Source, visit } from './tree.ts'
import { type View } from './view.ts'

/** One SELECT of a chain in which each reads the one inside. */
export interface Level {
  readonly select: SelectTree
  readonly clauses: Clauses
  /** The name that columns of what it reads may be qualified with; undefined where there is none, or a table's. */
  readonly alias: string | undefined
}

/** A query of WITH, where it stands, and the names that it sees itself. */
interface With {
  readonly query: QueryTree
  readonly range: TokenRange
  readonly names: Names
}

type Names = ReadonlyMap<string, With>

/** From the outermost SELECT to the one that reads the table; undefined where there is more than such a chain. */
export function levelsOf(view: View, tree: QueryTree, range: TokenRange): readonly Level[] | undefined {
  let count = 0
  visit(tree, { select: () => (count += 1) })
  const levels: Level[] = []
  let [query, where]: [QueryTree, TokenRange] = [tree, range]
  let names: Names | undefined = new Map()
  for (;;) {
    names = namesIn(view, query, names)
    const [select] = query.selects
    const [source, ...more] = select?.sources ?? []
    if (names === undefined || query.selects.length !== 1 || select === undefined || more.length > 0)
      return undefined
    const clauses = clausesOf(view, where)
    const inner = source === undefined ? undefined : readBy(source, { view, clauses, names })
    if (inner === undefined) return undefined
    levels.push({ select, clauses, alias: inner === 'table' ? undefined : aliasOf(view, source) })
    if (inner === 'table') return levels.length === count ? levels : undefined
    query = inner.query
    where = inner.range
    names = inner.names
  }
}

/** The names of WITH that a query sees: its own behind those from outside, each seeing those before it. */
function namesIn(view: View, { withs }: QueryTree, outside: Names): Names | undefined {
  let names = outside
  for (const { at, query } of withs) {
    if (view.word(at + 1) !== 'AS' || !view.opens(at + 2)) return undefined
    const range = { start: at + 2, end: view.close(at + 2) + 1 }
    names = new Map([...names, [view.tokens[at]?.value ?? '', { query, range, names }]])
  }
  return names
}

function readBy(
  source: Source,
  { view, clauses, names }: { readonly view: View; readonly clauses: Clauses; readonly names: Names },
): With | 'table' | undefined {
  if (source.kind === 'query') {
    const { start } = clauses.from
    return { query: source.query, range: { start, end: view.close(start) + 1 }, names }
  }
  if (source.kind !== 'table') return undefined
  const [name = '', ...more] = pathAt(view.tokens, source.at)
  return (more.length === 0 ? names.get(name) : undefined) ?? 'table'
}

function aliasOf({ tokens }: View, source: Source | undefined): string | undefined {
  if (source?.kind !== 'query' && source?.kind !== 'table') return undefined
  if (source.alias !== undefined) return tokens[source.alias]?.value
  return source.kind === 'table' ? tokens[source.at]?.value : undefined
}

/** HAVING alone groups, too: `GROUP BY ()` leaves no trace in the tree. */
export function isAggregating({ select, clauses }: Level, reader: Reader): boolean {
  if (clauses.groupBy.start < clauses.groupBy.end || select.having !== undefined) return true
  return select.columns.some(({ value }) => holdsAggregate(value, reader))
}

/** DISTINCT is a grouping by all columns. */
export function isGrouping(level: Level, reader: Reader): boolean {
  return level.select.distinct || isAggregating(level, reader)
}

export function usesWindow(levels: readonly Level[]): boolean {
  const isOver = (it: Expression): boolean =>
    (it.kind === 'call' && it.name === '__over') || ('parts' in it && it.parts.some(isOver))
  return levels.some(({ select }) =>
    [...select.columns.map(({ value }) => value), ...restOf(select)].some(isOver),
  )
}

/** Shows columns of each row that WHERE lets through, or makes others from them; `*` stands for all that it shows. */
export function isProjection({ select }: Level, view: View): boolean {
  const stars = select.columns.filter(({ value }) => isStar(value, view)).length
  return select.conditions.length === 0 && (stars === 0 || select.columns.length === 1)
}

/** Whether it orders or cuts. */
export function isCut({ select }: Level): boolean {
  return select.orderBy.length > 0 || select.limited
}

/** Every row that WHERE lets through, whatever it makes of its columns. */
export function isSelection(level: Level, reader: Reader): boolean {
  return level.select.conditions.length === 0 && !isGrouping(level, reader) && !isCut(level)
}

/** `*` or `t.*`. */
export function isStar(it: Expression, view: View): boolean {
  if (it.kind === 'star') return true
  if (it.kind !== 'name') return false
  const behind = it.at + 2 * pathAt(view.tokens, it.at).length - 1
  return view.word(behind) === '.' && view.word(behind + 1) === '*'
}
