// What would be done for a statement: for `ovate explain` and `/ovate/explain`.
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type Engine } from '../engine/engine.ts'
import { type SqlRequest } from '../engine/request.ts'
import { OvateError } from '../errors.ts'
import { type Planner } from '../http/planner.ts'
import { readSqlBody, type SqlBody } from '../http/sql-body.ts'
import { ANONYMOUS } from '../identity/identity.ts'
import { createMetrics } from '../observe/metrics.ts'
import { type Explanation, explainPlan } from '../plan/explain.ts'
import { intervalText } from '../time/instant-text.ts'
import { type Plan } from '../plan/plan.ts'
import { assemble } from './assemble.ts'
import { noDruid } from './no-druid.ts'

export interface Explained {
  readonly explanation: Explanation
  readonly plan: Plan
  /** Undefined for a body that isn't understood. */
  readonly request: SqlRequest | undefined
}

/** The plan for a body of `/druid/v2/sql`, asked by nobody in particular. @throws OvateError OVATE_BAD_BODY. */
export function explainBody(planner: Planner, bytes: Buffer, nowMs = systemClock.now()): Explained {
  const reading = readSqlBody(bytes)
  if (reading.kind === 'no-json') throw new OvateError('OVATE_BAD_BODY', reading.message)
  if (reading.kind === 'unclear') {
    const plan = { kind: 'pass', reason: 'body-not-understood' } as const
    return { explanation: { plan: 'pass', reasons: [plan.reason] }, plan, request: undefined }
  }
  const { analysis, plan } = planner.explain(reading.body, ANONYMOUS)
  return {
    explanation: explainPlan(analysis, plan, reading.body.query, nowMs),
    plan,
    request: requestOf(planner, reading.body, nowMs),
  }
}

/** As it would be asked by nobody in particular. */
function requestOf(planner: Planner, body: SqlBody, nowMs: number): SqlRequest {
  return {
    query: body.query,
    service: planner.serviceOf(body.query),
    wire: body.wire,
    identity: ANONYMOUS,
    id: '',
    upstreamId: '',
    headers: [],
    acceptEncoding: undefined,
    bodies: body.bodies(''),
    cacheWish: { noCache: false, noStore: false, onlyIfCached: false, maxAgeMs: undefined },
    arrivedAtMs: nowMs,
    timeoutMs: 0,
  }
}

/** An explanation with what is known of the answer's parts. */
export function withParts(engine: Engine, { explanation, plan, request }: Explained): Explanation {
  const parts = plan.kind === 'whole' && request !== undefined ? engine.peekParts(request, plan) : undefined
  if (parts === undefined) return explanation
  const { upstream, ...others } = parts
  return {
    ...explanation,
    parts: {
      ...others,
      ...(upstream !== undefined && {
        upstream: { ranges: upstream.ranges.map(intervalText), sql: upstream.sql },
      }),
    },
  }
}

/** What would be done for a statement, without a Broker. */
export function explainStatement(sql: string, config: Config): Explanation {
  const { planner, engine } = assemble(config, {
    druid: noDruid(config.druid.service),
    clock: systemClock,
    metrics: createMetrics(),
  })
  return withParts(engine, explainBody(planner, Buffer.from(JSON.stringify({ query: sql }))))
}
