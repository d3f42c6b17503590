import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explainStatement } from '../src/app/explain.ts'
import { parseConfig } from '../src/config/config.ts'
import { REASONS } from '../src/plan/reasons.ts'

const CONFIG = parseConfig({ druid: { brokers: ['http://broker:8082'] } })
/** An example between ticks that leaves nothing out by `…`. */
const WHOLE_STATEMENT = /`((?:SELECT|INSERT|EXPLAIN|SHOW) [^`…]+)`/g

const text = readFileSync(join(import.meta.dirname, '../docs/reasons.md'), 'utf8')
const rows = [...text.matchAll(/^\| `([a-z-]+)` \|.*\|(.*)\|$/gm)].map(([, reason = '', examples = '']) => ({
  reason,
  examples,
}))
const statements = rows.flatMap(({ reason, examples }) =>
  [...examples.matchAll(WHOLE_STATEMENT)].map(([, sql = '']) => ({ reason, sql })),
)

test('docs/reasons.md lists exactly the reasons that there are', () => {
  expect(rows.map(({ reason }) => reason)).toEqual([...REASONS])
})

test.each(statements)('an example of $reason in docs/reasons.md: $sql', ({ reason, sql }) => {
  expect(explainStatement(sql, CONFIG).reasons).toContain(reason)
})
