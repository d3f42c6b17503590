// The rows of a real cluster's `events` in a sandbox, so that both can be asked the same.
import { type Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Statement, STATEMENT_COLUMNS } from './statements.ts'

const DEADLINE_MS = 60_000
const HEADS = { resultFormat: 'array', header: true, typesHeader: true, sqlTypesHeader: true }

/** The body of the answer, in the `array` format with all header rows. */
export async function askWhole(
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

/** Makes the table that `statements` are about. */
export async function copyEvents(from: string, to: Sandbox): Promise<void> {
  const names = [...STATEMENT_COLUMNS.keys()]
  const list = names.map((name) => (name === 'reqId' ? 'CAST(reqId AS VARCHAR)' : `"${name}"`)).join(', ')
  const [, , , ...rows] = JSON.parse(
    await askWhole(from, { sql: `SELECT ${list} FROM events ORDER BY __time` }),
  ) as unknown[][]
  const table = await to.engine.createTable('events', STATEMENT_COLUMNS)
  await table.append(
    rows.map((row) => ({
      ...Object.fromEntries(names.map((name, index) => [name, row[index]])),
      __time: Date.parse(String(row[0])),
    })),
  )
}
