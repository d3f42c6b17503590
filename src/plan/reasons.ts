// Why a plan is not a better one: few stable codes, used as metric labels, in Cache-Status and in docs/reasons.md.

export const REASONS = [
  'body-not-understood',
  'content-type',
  'sql-too-long',
  'sql-too-deep',
  'sql-not-understood',
  'explain',
  'dml',
  'not-a-select',
  'set-statement',
  'system-table',
  'external-data',
  'no-table',
  'volatile-function',
  'context-key',
  'result-format',
  'switched-off',
  'client-bypass',
  'plan-disagrees',
  'right-not-proved',
  'too-large',
] as const

export type Reason = (typeof REASONS)[number]
