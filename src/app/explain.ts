// What would be done for a statement: for `ovate explain` and `/ovate/explain`.
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { OvateError } from '../errors.ts'
import { type Planner } from '../http/planner.ts'
import { readSqlBody } from '../http/sql-body.ts'
import { ANONYMOUS } from '../identity/identity.ts'
import { createMetrics } from '../observe/metrics.ts'
import { type Explanation, explainPlan } from '../plan/explain.ts'
import { type Plan } from '../plan/plan.ts'
import { assemble } from './assemble.ts'
import { noDruid } from './no-druid.ts'

/** The plan for a body of `/druid/v2/sql`, asked by nobody in particular. @throws OvateError OVATE_BAD_BODY. */
export function explainBody(
  planner: Planner,
  bytes: Buffer,
  nowMs = systemClock.now(),
): { readonly explanation: Explanation; readonly plan: Plan } {
  const reading = readSqlBody(bytes)
  if (reading.kind === 'no-json') throw new OvateError('OVATE_BAD_BODY', reading.message)
  if (reading.kind === 'unclear') {
    const plan = { kind: 'pass', reason: 'body-not-understood' } as const
    return { explanation: { plan: 'pass', reasons: [plan.reason] }, plan }
  }
  const { analysis, plan } = planner.explain(reading.body, ANONYMOUS)
  const moment = { nowMs, parameters: reading.body.query.parameters }
  return { explanation: explainPlan(analysis, plan, moment), plan }
}

/** What would be done for a statement, without a Broker. */
export function explainStatement(sql: string, config: Config): Explanation {
  const { planner } = assemble(config, {
    druid: noDruid(config.druid.service),
    clock: systemClock,
    metrics: createMetrics(),
  })
  return explainBody(planner, Buffer.from(JSON.stringify({ query: sql }))).explanation
}
