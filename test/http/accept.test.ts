// What Druid does not give in JSON, or refuses for its `Accept`, is not given from what is held either. The tables are what
// a Broker (33.0.0) made of each value; `test/cluster/wire.cluster.ts` asks one again.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { rawConnection, rawPost } from '../support/raw.ts'
import { answerer, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
const BODY = Buffer.from(JSON.stringify({ query: COUNT }))
const JSON_TYPE = { 'content-type': 'application/json' }

const REFUSED: readonly string[] = [
  'text/csv',
  'text/plain',
  'text/html, text/*',
  'application/x-jackson-smile',
  'application/vnd.api+json',
  'garbage',
  'a/b/c',
  ';',
  ',',
  ',application/json',
  'a/b,,application/json',
  'application/json;q',
  'application/json;q=',
  'application/json;q=2',
  'application/json;q=-1',
  'application/json;q=0.0001',
  'application/json;q=1.001',
  'application/json; Q=5',
  'application/json; q = 0',
  'application/json;charset=',
  'application /json',
  'text/csv;q=5,*/*',
  'a@b/c, */*',
  'applicatio\u00e9/json, */*',
  '\u00a0*/*',
]

const TAKEN: readonly string[] = [
  '',
  '*/*',
  '*',
  'application/*',
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;odata.metadata=minimal;q=.5',
  'application/json, text/plain, */*',
  'application/json, text/javascript, */*; q=0.01',
  'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
  'text/csv;q=0.5,application/json;q=0.1',
  'text/csv, application/json ; q=1.000',
  // Its Jersey (1.19) takes no notice of a weight of nothing.
  '*/*;q=0',
  'application/json;q=0',
]

let druid: FakeDruid
let stack: Stack

beforeEach(async () => {
  druid = new FakeDruid(answerer(script()))
  stack = await startStack(druid)
})

afterEach(async () => {
  await stack.stop()
})

function asked(accept: string): Promise<Got> {
  // A head that goes out beside bytes goes out in Latin-1.
  return ask(stack.sqlUrl, { headers: { ...JSON_TYPE, accept }, body: BODY })
}

/** The answer is held, and its road known by its bytes. */
async function warm(): Promise<void> {
  await askSql(stack.sqlUrl, COUNT)
  await stack.keeper.settled()
  const got = await askSql(stack.sqlUrl, COUNT)
  expect(got.headers['cache-status']).toContain('hit')
}

function refuse(): void {
  druid.answer = () => ({ status: 406, body: '' })
}

describe.each(['cold', 'warm'])('a statement, %s', (state) => {
  test.each(REFUSED)('%j is for Druid to judge', async (accept) => {
    if (state === 'warm') await warm()
    refuse()
    druid.requests.length = 0
    const got = await asked(accept)
    expect([got.status, got.body.toString()]).toEqual([406, ''])
    expect(got.headers['cache-status']).toBe('ovate; fwd=bypass; detail="pass accept"')
    expect(druid.requests).toHaveLength(1)
    expect(druid.requests[0]?.body).toEqual(BODY)
    expect(acceptOf(druid)).toBe(accept)
  })
})

test.each(TAKEN)('%j takes the answer that is held', async (accept) => {
  await warm()
  const got = await asked(accept)
  expect([got.status, got.body.toString()]).toEqual([200, '[{"n":3}]\n'])
  expect(got.headers['cache-status']).toContain('hit')
})

test('each of several headers counts', async () => {
  await warm()
  refuse()
  const statuses = [
    await statusOf(['Accept: text/csv', 'Accept: application/json']),
    await statusOf(['Accept: application/json', 'Accept: ;']),
    await statusOf(['Accept: text/csv', 'Accept: text/plain']),
  ]
  expect(statuses).toEqual(['200', '406', '406'])
})

async function statusOf(headers: readonly string[]): Promise<string | undefined> {
  const connection = await rawConnection(stack.server.url)
  connection.send(rawPost('/druid/v2/sql', BODY, ['Connection: close', ...headers]))
  return (await connection.end()).text.split(' ')[1]
}

test('nobody who asks beside it is given its refusal', async () => {
  druid.answer = (request, signal) =>
    acceptOf({ requests: [request] }) === 'text/csv'
      ? { status: 406, body: '' }
      : answerer(script())(request, signal)
  const [odd, plain] = await Promise.all([asked('text/csv'), asked('*/*')])
  expect([odd.status, plain.status]).toEqual([406, 200])
})

describe('of what Ovate answers itself', () => {
  test.each([
    ['health', 'GET', '/status/health'],
    ['the end of a statement', 'DELETE', '/druid/v2/sql/some-id'],
    ['the end of a native query', 'DELETE', '/druid/v2/some-id'],
  ])('%s', async (_, method, path) => {
    refuse()
    const url = `${stack.server.url}${path}`
    const got = await ask(url, { method, headers: { ...JSON_TYPE, accept: 'text/csv' } })
    expect(got.status).toBe(406)
    expect(druid.requests.map((request) => request.path)).toEqual([path])
    const plain = await ask(url, { method, headers: { ...JSON_TYPE, accept: '*/*' } })
    expect(plain.status).not.toBe(406)
    expect(druid.cancelled).toHaveLength(method === 'DELETE' ? 1 : 0)
  })
})

function acceptOf({ requests }: Pick<FakeDruid, 'requests'>): string | undefined {
  const headers = requests[0]?.headers ?? []
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'accept')
  return at < 0 ? undefined : headers[at + 1]
}
