// The sandbox beside a real Druid with the same rows: each statement that it knows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { DAY_MS } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { difference } from '../sandbox/compare.ts'
import { askWhole, copyEvents } from '../sandbox/from-druid.ts'
import { statements } from '../sandbox/statements.ts'
import { clusterAvailable, theCluster } from './available.ts'

const DEADLINE_MS = 60_000
describe.runIf(clusterAvailable && sandboxAvailable)('the sandbox answers as Druid does', () => {
  let druid: string
  let sandbox: Sandbox | undefined
  beforeAll(async () => {
    druid = theCluster().brokers[0] ?? ''
    sandbox = await startSandbox({ days: 0 })
    await copyEvents(druid, sandbox)
  }, DEADLINE_MS)
  afterAll(async () => {
    await sandbox?.close()
  })

  // The seed of the cluster ends at the midnight on which it was made: what the text says matters, not where it ends.
  const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
  test.each(statements(endMs))('$name', async (statement) => {
    const [ours, theirs] = [await askWhole(sandbox?.url ?? '', statement), await askWhole(druid, statement)]
    expect(theirs).not.toMatch(/^\{/)
    expect(difference(ours, theirs)).toBeUndefined()
  })
})
