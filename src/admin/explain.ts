// /ovate/explain: a statement in; facts, plan, reasons and what is held out. Never a row.
import { type Engine, type HeldState } from '../engine/engine.ts'
import { OvateError } from '../errors.ts'
import { type Explanation } from '../plan/explain.ts'
import { type Plan } from '../plan/plan.ts'

/** Says what would be done for a body of `/druid/v2/sql`, asked by nobody in particular. */
export type Explain = (body: Buffer) => { readonly explanation: Explanation; readonly plan: Plan }

/**
 * The explanation of a statement, given as text or as the JSON body that Druid's endpoint takes.
 * @throws OvateError OVATE_BAD_REQUEST when there is no statement, OVATE_BAD_BODY when it can't be read.
 */
export function explain(
  { explain: explainBody, engine }: { readonly explain: Explain; readonly engine: Engine },
  asked: unknown,
): Explanation & { readonly held?: HeldState } {
  const body = bodyOf(asked)
  if (body === undefined) {
    throw new OvateError(
      'OVATE_BAD_REQUEST',
      'no statement: send ?sql=SELECT…, a body of text, or {"query":"SELECT…"}',
    )
  }
  const { explanation, plan } = explainBody(body)
  return plan.kind === 'whole' ? { ...explanation, held: engine.peek(plan) } : explanation
}

/** What `/druid/v2/sql` would get; undefined when nothing was asked, or no one thing. */
function bodyOf(asked: unknown): Buffer | undefined {
  if (typeof asked === 'string' && asked !== '') return Buffer.from(JSON.stringify({ query: asked }))
  return Buffer.isBuffer(asked) && asked.length > 0 ? asked : undefined
}
