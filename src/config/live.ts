// Settings that may change while Ovate runs: for all datasources, or for one. They stand over those of the file.
import { z } from 'zod'
import { OvateError } from '../errors.ts'
import { duration, size } from './kinds.ts'
import { problemsOf } from './problems.ts'
import { MODES } from './schema.ts'

const PLANS = ['whole', 'series', 'merge', 'derive'] as const
const ROW_POLICIES = ['unknown', 'none'] as const
const SERVICE_MAX = 256
const ROWS_MAX = 100_000_000

const flag = z.boolean({ error: 'true or false' }).optional()
const rows = `a whole number from 1 to ${ROWS_MAX}`

/** Each may be left out: then what stands below it counts. */
const live = z.strictObject({
  accelerate: flag,
  shared: flag,
  rowPolicies: z.literal(ROW_POLICIES, { error: ROW_POLICIES.join(' or ') }).optional(),
  exactDoubles: flag,
  plans: z
    .array(z.literal(PLANS, { error: PLANS.join(', ') }), { error: `a list of ${PLANS.join(', ')}` })
    .max(PLANS.length, 'each plan once')
    .refine((plans) => plans.includes('whole'), 'a list with whole, since the others begin with it')
    .optional(),
  service: z
    .string({ error: 'a text' })
    .regex(/\S/, 'a text that is not empty')
    .max(SERVICE_MAX, `a text of ${SERVICE_MAX} characters at most`)
    .optional(),
  maxEntry: size('', '0B', 1_024).unwrap().optional(),
  maxRows: z.number({ error: rows }).int(rows).min(1, rows).max(ROWS_MAX, rows).optional(),
  freshness: z
    .strictObject({
      mode: z.literal(MODES, { error: MODES.join(' or ') }).optional(),
      head: duration('', '0ms').unwrap().optional(),
      cap: duration('', '0ms').unwrap().optional(),
    })
    .optional(),
})

/** Live settings, in ms and bytes. */
export type Live = Readonly<z.output<typeof live>>

/**
 * Checks live settings as they are written.
 * @throws OvateError OVATE_BAD_REQUEST whose message lists every mistake, one a line.
 */
export function readLive(written: unknown): Live {
  const parsed = live.safeParse(written)
  if (parsed.success) return Object.freeze(parsed.data)
  const lines = problemsOf(parsed.error.issues, written, live).map(
    ({ path, message }) => `  ${path}: ${message}`,
  )
  throw new OvateError('OVATE_BAD_REQUEST', `the settings have mistakes:\n${lines.join('\n')}`)
}
