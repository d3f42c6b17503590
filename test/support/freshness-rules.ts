// Bounds of freshness as an operator may set them.
import { type FreshnessRules } from '../../src/freshness/bounds.ts'

export const RULES: FreshnessRules = {
  mode: 'bounded',
  headMs: 5_000,
  capMs: 60_000,
  growth: 0.001,
  lookupMs: 60_000,
  schemaRefreshMs: 60_000,
}
