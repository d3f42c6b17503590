// What a query meets: datasources, its moment and zone, and the words that end a part of it.

/** A datasource as a query meets it. */
export interface Relation {
  readonly columns: readonly string[]
  /** What stands in FROM. */
  source(): string
}

export interface Surroundings {
  /** The datasource of that name, or undefined. */
  relation(schema: string | undefined, name: string): Relation | undefined
  readonly nowMs: number
  readonly zone: string
  /** Whether one dimension, one order and a limit make a topN, which has an order of its own for nulls. */
  readonly topN: boolean
  readonly parameters: readonly string[]
}

/** Words that can't be an alias. */
export const CLAUSES = new Set([
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'UNION',
  'AS',
  'ASC',
  'DESC',
  'NULLS',
  'JOIN',
  'INNER',
  'LEFT',
  'CROSS',
  'ON',
  'FETCH',
])
