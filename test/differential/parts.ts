// How a request could be put together from parts, as `ovate explain` says: asked for each question, to see what the
// generator makes.
import { assemble } from '../../src/app/assemble.ts'
import { explainBody } from '../../src/app/explain.ts'
import { noDruid } from '../../src/app/no-druid.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const config = parseConfig({ druid: { brokers: ['http://127.0.0.1:1'] } })
const { planner } = assemble(config, {
  druid: noDruid(config.druid.service),
  clock: systemClock,
  metrics: createMetrics(),
})

/** `series`, `merge`, or why there are none. */
export function partsOf(body: string): { readonly parts: string; readonly reason: string } {
  const { explanation } = explainBody(planner, Buffer.from(body))
  const { plan } = explanation
  return {
    parts: plan === 'series' || plan === 'merge' ? plan : 'none',
    reason: explanation.reasons[0] ?? 'none',
  }
}
