// The row policy over a table, as Druid's own plan shows it (seen on 33.0.0): a data source of type `restrict`.
import { isJson } from './json.ts'

export interface TableUnderPolicy {
  readonly table: string
  /** What tells two policies apart; '' where none restricts. */
  readonly policy: string
}

/** A table with what restricts it; undefined for any other data source, and for a policy of a kind that isn't known. */
export function tableUnderPolicy(source: unknown): TableUnderPolicy | undefined {
  if (!isJson(source)) return undefined
  if (source['type'] === 'table') return tableOf(source, '')
  if (source['type'] !== 'restrict' || !isJson(source['policy'])) return undefined
  const { base, policy } = source
  // A policy of an extension may look at the time, or at who knows what.
  if (policy['type'] === 'noRestriction') return tableOf(base, '')
  return policy['type'] === 'row' ? tableOf(base, JSON.stringify(policy)) : undefined
}

function tableOf(source: unknown, policy: string): TableUnderPolicy | undefined {
  if (!isJson(source) || source['type'] !== 'table' || typeof source['name'] !== 'string') return undefined
  return { table: source['name'], policy }
}
