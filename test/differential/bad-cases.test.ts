// Statements as nobody should write them, beside the sandbox: the same answer, and from parts where it can be.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { type ColumnKind } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'
import { askBoth, planOf, seen } from '../support/side-by-side.ts'
import { BAD_CASES, LAST_ASKING, NUMBER_COLUMNS, oddRows, TEXT_COLUMNS, waysOf } from './bad-cases.ts'

describe.runIf(sandboxAvailable)('answered as by Druid:', () => {
  let pair: SandboxStack

  beforeAll(async () => {
    pair = await startSandboxStack({ freshness: { head: '5s', cap: '15s', schemaRefresh: '2s' } })
    const columns = new Map<string, ColumnKind>([
      ['__time', 'TIMESTAMP'],
      ...TEXT_COLUMNS.map((name) => [name, 'VARCHAR'] as const),
      ...NUMBER_COLUMNS.map((name) => [name, 'BIGINT'] as const),
    ])
    const table = await pair.sandbox.engine.createTable('odd', columns)
    await table.append(oddRows().map(({ ts, ...row }) => ({ __time: ts, ...row })))
  })

  afterAll(() => pair.stop())

  test.each(BAD_CASES)('$name', async ({ sql, plan, context }) => {
    const plans: string[] = []
    for (let at = 0; at <= LAST_ASKING; at += 1) {
      const resultFormat = RESULT_FORMATS[at % RESULT_FORMATS.length]
      const body = { query: sql(at), resultFormat, header: at % 2 === 0, context }
      const { ours, theirs } = await askBoth(pair, body)
      expect(seen(ours)).toEqual(seen(theirs))
      plans.push(planOf(ours).plan)
    }
    expect(waysOf(plan)).toContain(plans.at(-1))
  })
})
