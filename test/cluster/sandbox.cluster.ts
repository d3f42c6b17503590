// The sandbox beside a real Druid with the same rows: each statement that it knows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { DAY_MS } from '../../src/sandbox/store.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { difference } from '../sandbox/compare.ts'
import { type Statement, STATEMENT_COLUMNS, statements } from '../sandbox/statements.ts'
import { clusterAvailable, theCluster } from './available.ts'

const DEADLINE_MS = 60_000
const HEADS = { resultFormat: 'array', header: true, typesHeader: true, sqlTypesHeader: true }

async function ask(
  url: string,
  { sql, context = {}, parameters = [] }: Omit<Statement, 'name'>,
): Promise<string> {
  const response = await fetch(`${url}/druid/v2/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...HEADS, query: sql, context, parameters }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
  return await response.text()
}

async function copyEvents(from: string, to: Sandbox): Promise<void> {
  const names = [...STATEMENT_COLUMNS.keys()]
  const list = names.map((name) => (name === 'reqId' ? 'CAST(reqId AS VARCHAR)' : `"${name}"`)).join(', ')
  const [, , , ...rows] = JSON.parse(
    await ask(from, { sql: `SELECT ${list} FROM events ORDER BY __time` }),
  ) as unknown[][]
  const table = await to.engine.createTable('events', STATEMENT_COLUMNS)
  await table.append(
    rows.map((row) => ({
      ...Object.fromEntries(names.map((name, index) => [name, row[index]])),
      __time: Date.parse(String(row[0])),
    })),
  )
}

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
    const [ours, theirs] = [await ask(sandbox?.url ?? '', statement), await ask(druid, statement)]
    expect(theirs).not.toMatch(/^\{/)
    expect(difference(ours, theirs)).toBeUndefined()
  })
})
