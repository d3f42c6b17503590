// What a real Druid says to the list of statements: each is answered, or refused for the reason that it states.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allStatements } from '../statements/all.ts'
import { type Statement } from '../statements/statement.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { sql, sqlRows, type RawResponse } from './http.ts'
import { midnight } from './rows.ts'

const seeded = clusterAvailable ? theCluster().seeded?.eventsInterval : undefined
const statements = allStatements(Date.parse(seeded?.split('/')[1] ?? '') || midnight(Date.now()))
// A Broker with little heap has no room for some (`needs: 'heap'`).
const NO_ROOM = 'FrameRowsAndColumns'

type Outcome = 'answered' | 'refused' | 'skipped'

function ask(url: string, { sql: query, parameters, context, body }: Statement): Promise<RawResponse> {
  return sql(url, { query, ...body, ...(parameters && { parameters }), ...(context && { context }) })
}

describe.runIf(clusterAvailable)('the list of statements', () => {
  const outcomes = new Map<string, Outcome>()
  let broker: string
  let live: boolean

  beforeAll(async () => {
    broker = theCluster().brokers[0] ?? ''
    const tables = await sqlRows(
      broker,
      "SELECT TABLE_NAME AS name FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'",
    )
    live = tables.some(({ name }) => name === 'stream')
  })

  afterAll(() => {
    process.stdout.write(table(outcomes))
  })

  const asked = async (statement: Statement, skip: () => void): Promise<[number, string]> => {
    if (statement.needs === 'stream' && !live) {
      outcomes.set(statement.id, 'skipped')
      skip()
    }
    const { status, body } = await ask(broker, statement)
    const text = body.toString().slice(0, 500)
    if (statement.needs === 'heap' && status === 500 && text.includes(NO_ROOM)) {
      outcomes.set(statement.id, 'skipped')
      skip()
    }
    outcomes.set(statement.id, status === 200 ? 'answered' : 'refused')
    return [status, text]
  }

  test.for(statements.filter((one) => one.expect === undefined))(
    '$id: $what',
    async (statement, { skip }) => {
      const [status, text] = await asked(statement, skip)
      expect([status, text]).toEqual([200, text])
    },
  )

  test.for(statements.filter((one) => one.expect === 'error'))(
    '$id: $what: refused, $why',
    async (statement, { skip }) => {
      const [status, text] = await asked(statement, skip)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).toContain('druidException')
    },
  )
})

function table(outcomes: ReadonlyMap<string, Outcome>): string {
  const count = (tool: string, outcome: Outcome): number =>
    statements.filter((one) => one.tool === tool && outcomes.get(one.id) === outcome).length
  const tools = [...new Set(statements.map(({ tool }) => tool))]
  const rows = tools.map((tool) => [
    tool,
    ...(['answered', 'refused', 'skipped'] as const).map((o) => count(tool, o)),
  ])
  const lines = [['tool', 'answered', 'refused', 'skipped'], ...rows].map((row) =>
    row.map((cell, column) => String(cell)[column === 0 ? 'padEnd' : 'padStart'](10)).join(''),
  )
  return `\n${lines.join('\n')}\n`
}
