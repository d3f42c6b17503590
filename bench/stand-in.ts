// A Broker that knows its answers by heart: what Ovate asks of one, and rows that cost nothing to make.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Rows } from './rows.ts'

export interface StandIn {
  readonly url: string
  /** Statements that reached it: what Ovate asks on its own account is not among them. */
  readonly asked: number
  close(): Promise<void>
}

/** Answers every statement over a table (its name after FROM) with that table's rows. */
export async function startStandIn(tables: Readonly<Record<string, Rows>>): Promise<StandIn> {
  let asked = 0
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '' } = request
    if (url === '/status') return send(response, '{"version":"33.0.0"}')
    if (!url.startsWith('/druid/v2')) return send(response, 'true')
    if (url.includes('/candidates')) return send(response, CANDIDATES)
    const text = await bodyOf(request)
    if (text.includes('INFORMATION_SCHEMA.COLUMNS')) return send(response, '["n","BIGINT","YES"]\n\n')
    const name = /\bFROM (\w+)/.exec(text)?.[1] ?? ''
    if (text.includes('EXPLAIN PLAN FOR')) return send(response, explained(name))
    if (name === '') return send(response, '[{"EXPR$0":1}]\n')
    const rows = tables[name]
    if (rows === undefined) return send(response.writeHead(404), '')
    asked += 1
    await stream(response, rows.chunks(text.includes('"sqlTypesHeader":true') ? 'kept' : 'object'))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked
    },
    close,
  }
}

// One Historical serves one old segment: sealed, so that answers live as long as looks find it unchanged.
const CANDIDATES = JSON.stringify([
  {
    interval: '2026-10-01T00:00:00.000Z/2026-10-02T00:00:00.000Z',
    version: '2026-10-02T00:00:00.000Z',
    partitionNumber: 0,
    size: 1,
    locations: [{ name: 'h:8083', host: 'h:8083', type: 'historical', tier: '_default_tier', priority: 0 }],
  },
])

function explained(name: string): string {
  const interval = '-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z'
  const intervals = { type: 'intervals', intervals: [interval] }
  const plan = [{ query: { queryType: 'groupBy', dataSource: { type: 'table', name }, intervals } }]
  const row = [JSON.stringify(plan), JSON.stringify([{ name, type: 'DATASOURCE' }]), '{}']
  return `${JSON.stringify([row])}\n`
}

/** The head of a Broker's SQL answer (33.0.0). */
const HEAD = {
  'X-Druid-Query-Id': '6f3b9a52-7e0c-4c1d-9b52-0a4f3f1d2c11',
  'X-Druid-SQL-Query-Id': '6f3b9a52-7e0c-4c1d-9b52-0a4f3f1d2c11',
  'X-Druid-Response-Context': '{}',
  'Content-Type': 'application/json',
  Vary: 'Accept-Encoding',
}

function send(response: ServerResponse, text: string): void {
  if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(text)
}

async function stream(response: ServerResponse, chunks: Iterable<Buffer>): Promise<void> {
  response.writeHead(200, HEAD)
  for (const chunk of chunks) {
    if (response.destroyed) return
    if (!response.write(chunk)) await drained(response)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
