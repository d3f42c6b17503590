// A SELECT that was read, in parts: to be printed for DuckDB, merged with the one around it, or explained.
import { type AggregateCall, conjunction } from './found.ts'
import { fullOrder, type Sorting } from './order.ts'
import { quoted } from './store.ts'

export interface Item {
  readonly expression: string
  readonly name: string
  readonly aggregate: boolean
  /** Texts of one length, known from the statement: CHAR rather than VARCHAR. */
  readonly char: boolean
}

/** What stands in FROM. */
export interface Source {
  readonly sql: string
  /** The columns, each with what stands for it. */
  readonly columns: readonly (readonly [name: string, expression: string])[]
  /** The datasource that is read, when it is read as it is; undefined for any other source. */
  readonly table: string | undefined
  /** A datasource itself, rather than a SELECT inside. */
  readonly direct: boolean
  /** Conditions of SELECTs inside that were merged with this one; '' for none. */
  readonly where: string
  /** Set when the SELECT that was merged groups. */
  readonly grouped: Grouping | undefined
}

export interface Grouping {
  readonly groups: readonly string[]
  readonly having: string
}

export interface Limits {
  readonly limit: number | undefined
  readonly offset: number | undefined
}

export interface Selection {
  readonly items: readonly Item[]
  readonly distinct: boolean
  readonly from: Source | undefined
  /** '' for none, here and in `having`. */
  readonly where: string
  /** Undefined: no GROUP BY; aggregates may make one group of everything. */
  readonly groups: readonly string[] | undefined
  readonly having: string
  readonly order: readonly Sorting[]
  readonly limits: Limits
  /** Every aggregate that was met so far, by its text. */
  readonly aggregates: ReadonlyMap<string, AggregateCall>
}

/** Above this Druid 33 makes no topN (`maxTopNLimit`). */
const TOP_N_MAX = 100_000

/** The query for DuckDB; `approximate`: whether Druid may take a topN for the order of a metric. */
export function selectionSql(selection: Selection, approximate: boolean): string {
  const { items, distinct, from, where, groups, having, order } = selection
  const keys = distinct ? items.map(({ expression }) => expression) : (groups ?? [])
  const isTopN = queryTypeOf(selection, approximate) === 'topN'
  const movedAt = isTopN ? undefined : rowTimeIndex(selection)
  const isMoved = movedAt !== undefined && movedAt > 0 && movedAt < keys.length - 1
  const ordered = isMoved
    ? fullOrder(
        isNatural(order, keys) ? [] : order,
        [keys[movedAt] ?? '', ...keys.toSpliced(movedAt, 1)],
        false,
      )
    : fullOrder(order, keys, isTopN)
  const columns = items.map(({ expression }, index) => `${expression} AS c${index}`).join(', ')
  return [
    `SELECT ${distinct ? 'DISTINCT ' : ''}${columns}`,
    from === undefined ? '' : ` FROM ${from.sql}`,
    where === '' ? '' : ` WHERE ${where}`,
    groups === undefined || groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`,
    having === '' ? '' : ` HAVING ${having}`,
    ordered.length === 0 ? '' : ` ORDER BY ${ordered.join(', ')}`,
    limitText(selection.limits),
  ].join('')
}

function limitText({ limit, offset }: Limits): string {
  return (limit === undefined ? '' : ` LIMIT ${limit}`) + (offset === undefined ? '' : ` OFFSET ${offset}`)
}

export function isAggregated({ groups, having, items }: Selection): boolean {
  return groups !== undefined || having !== '' || items.some(({ aggregate }) => aggregate)
}

/**
 * What Druid 33 makes of a SELECT that groups: a topN for one dimension with a limit, in order of the dimension or of
 * one metric, with an order of its own for nulls; a timeseries only where `bucket` is all that it groups by.
 */
export function queryTypeOf(
  { items, distinct, groups, having, order, limits }: Selection,
  approximate: boolean,
  bucket?: string,
): 'timeseries' | 'topN' | 'groupBy' {
  const { limit, offset } = limits
  const [first, second] = order
  const keys = distinct ? items.map(({ expression }) => expression) : (groups ?? [])
  if (having !== '' || offset !== undefined) return 'groupBy'
  if (keys.length === 0) return 'timeseries'
  const [key, more] = keys
  if (more !== undefined || second !== undefined) return 'groupBy'
  const byKey = first === undefined || first.expression === key
  if (byKey && key === bucket) return 'timeseries'
  return limit !== undefined && limit <= TOP_N_MAX && (byKey || approximate) ? 'topN' : 'groupBy'
}

/** A floor of `__time` alone, of which Druid can make a granularity. */
export const TIME_FLOOR = /^druid_(?:date|cut|steps)\w*\((?:druid_time\()?"__time"/

/**
 * Which group a groupBy of Druid 33 computes as its rows' time (`timestampResultField`): the only floor of time, unless
 * segments are cut by the limit already. In the middle it goes before all others when rows are put in order, and an order
 * that is that of the groups anyway is not sorted for (seen on 33.0.0).
 */
export function rowTimeIndex({
  distinct,
  groups = [],
  having,
  order,
  limits,
}: Selection): number | undefined {
  const floors = groups.flatMap((group, index) => (TIME_FLOOR.test(group) ? [index] : []))
  const isByGroups = order.every(({ expression }) => groups.includes(expression))
  const isPushedDown = limits.limit !== undefined && having === '' && isByGroups
  return distinct || isPushedDown || floors.length !== 1 ? undefined : floors[0]
}

/** Whether groups are in this order anyway. */
export function isNatural(order: readonly Sorting[], groups: readonly string[]): boolean {
  return order.every(({ expression, descending }, index) => expression === groups[index] && !descending)
}

/** A SELECT as the source of another one that knows nothing but its columns. */
export function closedSource(sql: string, names: readonly string[]): Source {
  const renamed = names.map((name, index) => `c${index} AS ${quoted(name)}`).join(', ')
  return {
    sql: `(SELECT ${renamed} FROM (${sql}))`,
    columns: names.map((name) => [name, quoted(name)]),
    table: undefined,
    direct: false,
    where: '',
    grouped: undefined,
  }
}

/**
 * A SELECT as the source of another one with which it is merged, as Druid merges them: one without order and limit that
 * reads a datasource. Undefined for any other, and for a group of everything, which is one row whatever stands outside.
 */
export function openSource(selection: Selection): Source | undefined {
  const { items, distinct, from, where, groups, having, order, limits } = selection
  const isCut = order.length > 0 || limits.limit !== undefined || limits.offset !== undefined
  const isUnique = new Set(items.map(({ name }) => name)).size === items.length
  const isAll = isAggregated(selection) && (groups ?? []).length === 0
  if (from?.table === undefined || distinct || isCut || !isUnique || isAll) return undefined
  return {
    ...from,
    columns: items.map(({ name, expression }) => [name, expression]),
    direct: false,
    where,
    grouped: isAggregated(selection) ? { groups: groups ?? [], having } : undefined,
  }
}

/** Both conditions, each '' for none. */
export function both(left: string, right: string): string {
  return left === '' || right === '' ? left + right : conjunction(left, right)
}
