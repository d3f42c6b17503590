// Orders as Druid has them: where nulls stand, what breaks ties, what can't be ordered at all.
import { cannotPlan } from './errors.ts'

/** One key of an order. */
export interface Sorting {
  readonly expression: string
  readonly descending: boolean
  /** `NULLS FIRST` or `LAST` was written out, which says nothing new, but Druid 33 sorts for it. */
  readonly explicit: boolean
}

/**
 * With ties broken by the dimensions, as Druid breaks them; without an order these alone. Nulls come first, last when
 * descending; in a topN null is the first of its dimension and the last of a metric whichever way it goes.
 */
export function fullOrder(order: readonly Sorting[], keys: readonly string[], topN: boolean): string[] {
  const named = new Set(order.map(({ expression }) => expression))
  const ties = keys.filter((key) => !named.has(key)).map((expression) => ({ expression, descending: false }))
  return [...order, ...ties].map(({ expression, descending }, index) => {
    const special = topN && index === 0
    const last = special ? expression !== keys[0] : descending
    const sorted = keys.includes(expression) ? `druid_sorted(${expression})` : expression
    return `${sorted} ${descending ? 'DESC' : 'ASC'} NULLS ${last ? 'LAST' : 'FIRST'}`
  })
}

/** @throws SandboxError: Druid 33 orders a scan by its time alone. */
export function checkScan([first]: readonly Sorting[]): void {
  if (first === undefined || first.expression === '"__time"' || !first.expression.startsWith('"')) return
  const name = first.expression.slice(1, -1)
  throw cannotPlan(
    `SQL query requires ordering a table by non-time column [[${name}]], which is not supported.`,
  )
}
