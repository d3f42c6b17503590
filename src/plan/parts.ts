// Whether the answer to a statement can be put together from parts, and under which key they are shared. Pure.
import { granularity } from '../time/granularity.ts'
import { zoneOf } from '../time/zone.ts'
import { type Facts } from './facts.ts'
import { type Formula, type Grouped } from './grouped.ts'
import { type Parts } from './plan.ts'
import { contextText, type Query, type ShapeKey } from './query.ts'
import { type Reason } from './reasons.ts'

export interface PartsDecision {
  readonly parts: Parts | undefined
  readonly reasons: readonly Reason[]
}

/** `keyOf` makes a key of the texts that tell one shape from another, the context and the scope in it. */
export function decideParts(
  { grouped }: Facts,
  query: Query,
  keyOf: (texts: readonly string[]) => string,
): PartsDecision {
  if (typeof grouped === 'string') return { parts: undefined, reasons: [grouped] }
  // The console's own limit, which Druid puts round the whole statement.
  if (contextText(query, 'sqlOuterLimit') !== undefined) return { parts: undefined, reasons: ['context-key'] }
  const reason = whyNot(grouped)
  if (reason !== undefined) return { parts: undefined, reasons: [reason] }
  const kind = grouped.bucket === undefined ? 'merge' : 'series'
  const hidden = grouped.order.filter(({ column }) => column === undefined)
  const shape = keyOf([
    kind,
    grouped.shape,
    ...(kind === 'series' ? hidden.map(({ spelling }) => spelling) : []),
    parametersBeside(query.parameters, grouped.timeParameters),
  ]) as ShapeKey
  return { parts: { kind, shape, grouped }, reasons: [] }
}

function whyNot(grouped: Grouped): Reason | undefined {
  if (grouped.groupingSets) return 'grouping-sets'
  if (zoneOf(grouped.zone) === undefined) return 'time-zone'
  if (grouped.bucket !== undefined)
    return granularity(grouped.bucket.grid) === undefined ? 'time-zone' : undefined
  return grouped.hasTime && isMergeable(grouped) ? undefined : 'not-mergeable'
}

/** Every column, HAVING and order is a dimension, or arithmetic over aggregates that can be put together. */
function isMergeable({ columns, having, order }: Grouped): boolean {
  const formulas: (Formula | undefined)[] = [
    ...columns.map(({ formula }) => formula),
    ...(having === undefined ? [] : [having.formula]),
    ...order.filter(({ column }) => column === undefined).map(({ formula }) => formula),
  ]
  return formulas.every((formula) => formula !== undefined)
}

/** Numbers that may come out of JSON.parse as another one, or nest too deep to be written again. */
const NOT_AGAIN = /\d{16}|\d[.eE]|\[\s*\[|\{[^}]*\{/

/** The parameters that are no bounds, as JSON text; all of them where that text could not be told from another's. */
function parametersBeside(parameters: string, bounds: readonly number[]): string {
  if (parameters === '' || bounds.length === 0 || NOT_AGAIN.test(parameters)) return parameters
  const list: unknown = JSON.parse(parameters)
  if (!Array.isArray(list)) return parameters
  return JSON.stringify(list.filter((_, index) => !bounds.includes(index)))
}
